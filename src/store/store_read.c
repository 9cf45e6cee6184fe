/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/failure.h"
#include "store/embedded.h"
#include "store/store_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The prepared statement is the row: SQLite keeps it until the next step. */
static sqlite3_stmt *row_statement(const struct store_row *row)
{
	return (sqlite3_stmt *)row;
}

int store_prepare(struct store *store, const char *sql, sqlite3_stmt **ret_statement,
		  struct failure *failure)
{
	return sqlite3_prepare_v2(store->db, sql, -1, ret_statement, NULL) == SQLITE_OK ?
		       0 :
		       store_error(store, "reading", failure);
}

static int query_prepare(struct store *store, const char *query_name, int64_t capture_id,
			 sqlite3_stmt **ret_statement, struct failure *failure)
{
	char name[64];
	const char *text;
	int place, error;

	snprintf(name, sizeof(name), "query/%s", query_name);
	text = embedded_find(name);
	if (!text)
		return failure_set(failure, ENOENT, "there is no query '%s' in this program",
				   query_name);
	error = store_prepare(store, text, ret_statement, failure);
	if (error)
		return error;
	place = sqlite3_bind_parameter_index(*ret_statement, ":capture_id");
	if (place)
		sqlite3_bind_int64(*ret_statement, place, capture_id);
	return 0;
}

int store_query(struct store *store, const char *query_name, int64_t capture_id,
		int (*each)(void *context, const struct store_row *row), void *context,
		struct failure *failure)
{
	sqlite3_stmt *statement = NULL;
	int error = query_prepare(store, query_name, capture_id, &statement, failure);
	int code = SQLITE_ROW;

	while (!error && (code = sqlite3_step(statement)) == SQLITE_ROW)
		error = each(context, (const struct store_row *)statement);
	if (!error && code != SQLITE_DONE)
		error = store_error(store, "reading", failure);
	sqlite3_finalize(statement);
	return error;
}

int store_row_columns(const struct store_row *row)
{
	return sqlite3_column_count(row_statement(row));
}

const char *store_row_name(const struct store_row *row, int column)
{
	return sqlite3_column_name(row_statement(row), column);
}

bool store_row_is_null(const struct store_row *row, int column)
{
	return sqlite3_column_type(row_statement(row), column) == SQLITE_NULL;
}

bool store_row_is_number(const struct store_row *row, int column)
{
	int type = sqlite3_column_type(row_statement(row), column);

	return type == SQLITE_INTEGER || type == SQLITE_FLOAT;
}

const char *store_row_text(const struct store_row *row, int column)
{
	return (const char *)sqlite3_column_text(row_statement(row), column);
}

int64_t store_row_integer(const struct store_row *row, int column)
{
	return sqlite3_column_int64(row_statement(row), column);
}

double store_row_real(const struct store_row *row, int column)
{
	return sqlite3_column_double(row_statement(row), column);
}

int store_row_column(const struct store_row *row, const char *name)
{
	for (int column = 0; column < store_row_columns(row); column++) {
		if (strcmp(store_row_name(row, column), name) == 0)
			return column;
	}
	return -ENOENT;
}
