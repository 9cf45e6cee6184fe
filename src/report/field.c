/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/field.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/store.h"

/* The queries are part of the program: a name that one doesn't have is a bug, and a figure from
 * thin air would be worse. */
static int column_of(const struct store_row *row, const char *name)
{
	int column = store_row_column(row, name);

	if (column < 0) {
		fprintf(stderr, "report: a query has no column '%s'\n", name);
		abort();
	}
	return column;
}

bool field_is_null(const struct store_row *row, const char *name)
{
	return store_row_is_null(row, column_of(row, name));
}

const char *field_text(const struct store_row *row, const char *name)
{
	return store_row_text(row, column_of(row, name));
}

int64_t field_integer(const struct store_row *row, const char *name)
{
	return store_row_integer(row, column_of(row, name));
}

double field_real(const struct store_row *row, const char *name)
{
	int column = column_of(row, name);

	return store_row_is_null(row, column) ? (double)NAN : store_row_real(row, column);
}
