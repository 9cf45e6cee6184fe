/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/csv.h"

#include <csv.h>
#include <string.h>

#include "store/store.h"

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

void csv_print_head(const struct store_row *row, FILE *out)
{
	for (int column = 0; column < store_row_columns(row); column++) {
		if (column > 0)
			fputc(',', out);
		csv_print_field(store_row_name(row, column), out);
	}
	fputc('\n', out);
}

void csv_print_row(const struct store_row *row, FILE *out)
{
	for (int column = 0; column < store_row_columns(row); column++) {
		if (column > 0)
			fputc(',', out);
		csv_print_field(store_row_text(row, column), out);
	}
	fputc('\n', out);
}
