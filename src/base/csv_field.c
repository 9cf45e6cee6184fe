/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/csv_field.h"

#include <csv.h>
#include <string.h>

void csv_print_field(const char *text, FILE *out)
{
	size_t bytes;

	if (!text)
		return;
	bytes = strlen(text);
	/* Spaces at an end are the field's by RFC 4180, but many readers trim them unless quoted. */
	if (bytes == 0 || strpbrk(text, ",\"\r\n") || text[0] == ' ' || text[bytes - 1] == ' ')
		csv_fwrite(out, text, bytes);
	else
		fwrite(text, 1, bytes, out);
}
