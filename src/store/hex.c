/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/hex.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

void hex_print(const unsigned char *blob, size_t blob_bytes, FILE *out)
{
	static const char digit[] = "0123456789abcdef";

	if (blob_bytes == 0)
		fputs("\"\"", out);
	for (size_t index = 0; index < blob_bytes; index++) {
		putc_unlocked(digit[blob[index] >> 4], out);
		putc_unlocked(digit[blob[index] & 15], out);
	}
}

/* 0 to 15, or -1. */
static int digit_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

int hex_bind(sqlite3_stmt *statement, int at, const char *text, size_t text_bytes)
{
	uint8_t *blob;

	if (text_bytes % 2)
		return -EINVAL;
	blob = malloc(text_bytes / 2 + 1);
	if (!blob)
		return -ENOMEM;
	for (size_t index = 0; index < text_bytes / 2; index++) {
		int high = digit_value(text[2 * index]), low = digit_value(text[2 * index + 1]);

		if (high < 0 || low < 0) {
			free(blob);
			return -EINVAL;
		}
		blob[index] = (uint8_t)(high << 4 | low);
	}
	if (sqlite3_bind_blob64(statement, at, blob, text_bytes / 2, free) != SQLITE_OK)
		return -ENOMEM;
	return 0;
}
