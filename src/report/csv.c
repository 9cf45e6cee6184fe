/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/csv.h"

#include "base/csv_field.h"
#include "store/store.h"

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
