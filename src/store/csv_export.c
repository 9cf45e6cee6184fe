/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/csv.h"

#include "base/csv_field.h"
#include "base/failure.h"
#include "store/embedded.h"
#include "store/hex.h"
#include "store/store_private.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static const char names_sql[] =
	"SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
	" ORDER BY type, name";

int store_names(struct store *store, int (*each)(void *context, const char *name, const char *type),
		void *context, struct failure *failure)
{
	sqlite3_stmt *statement;
	int error = 0;

	if (sqlite3_prepare_v2(store->db, names_sql, -1, &statement, NULL) != SQLITE_OK)
		return store_error(store, "reading", failure);
	while (!error && sqlite3_step(statement) == SQLITE_ROW)
		error = each(context, (const char *)sqlite3_column_text(statement, 0),
			     (const char *)sqlite3_column_text(statement, 1));
	sqlite3_finalize(statement);
	return error;
}

static void value_print(sqlite3_stmt *statement, int column, FILE *out)
{
	switch (sqlite3_column_type(statement, column)) {
	case SQLITE_NULL:
		break;
	case SQLITE_INTEGER:
		fprintf(out, "%" PRId64, (int64_t)sqlite3_column_int64(statement, column));
		break;
	case SQLITE_FLOAT:
		fprintf(out, "%.17g", sqlite3_column_double(statement, column));
		break;
	case SQLITE_BLOB:
		hex_print(sqlite3_column_blob(statement, column),
			  (size_t)sqlite3_column_bytes(statement, column), out);
		break;
	default:
		csv_print_field((const char *)sqlite3_column_text(statement, column), out);
	}
}

static void line_print(sqlite3_stmt *statement, bool names, FILE *out)
{
	for (int column = 0; column < sqlite3_column_count(statement); column++) {
		if (column)
			fputc(',', out);
		if (names)
			csv_print_field(sqlite3_column_name(statement, column), out);
		else
			value_print(statement, column, out);
	}
	fputs("\n", out);
}

static int rows_print(struct store *store, sqlite3_stmt *statement, FILE *out,
		      struct failure *failure)
{
	int code;

	line_print(statement, true, out);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW && !ferror(out))
		line_print(statement, false, out);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return store_error(store, "reading", failure);
	if (fflush(out) == 0 && !ferror(out))
		return 0;
	return failure_set(failure, errno ? errno : EIO, "the CSV can't be written: %s",
			   strerror(errno ? errno : EIO));
}

/* Sets *(bool *)context if the name is there: names are compared as they are, not as SQL. */
struct wanted {
	const char *name;
	bool found;
};

static int name_compare(void *context, const char *name, const char *type)
{
	struct wanted *wanted = context;

	(void)type;
	wanted->found |= strcmp(name, wanted->name) == 0;
	return 0;
}

/* kind: bound to :kind where the SQL names it. */
static int statement_print(struct store *store, const char *sql, const char *kind, FILE *out,
			   struct failure *failure)
{
	sqlite3_stmt *statement;
	int error;

	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return store_error(store, "reading", failure);
	sqlite3_bind_text(statement, sqlite3_bind_parameter_index(statement, ":kind"), kind, -1,
			  SQLITE_STATIC);
	errno = 0;
	error = rows_print(store, statement, out, failure);
	sqlite3_finalize(statement);
	return error;
}

int store_count(struct store *store, const char *table, int64_t *ret_rows, struct failure *failure)
{
	char *sql = sqlite3_mprintf("SELECT count(*) FROM \"%w\"", table);
	sqlite3_stmt *statement = NULL;
	int code;

	if (!sql)
		return failure_set(failure, ENOMEM, "out of memory");
	code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
	sqlite3_free(sql);
	if (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
		*ret_rows = sqlite3_column_int64(statement, 0);
		sqlite3_finalize(statement);
		return 0;
	}
	sqlite3_finalize(statement);
	return store_error(store, "reading", failure);
}

int store_export_query(struct store *store, const char *name, const char *kind, FILE *out,
		       struct failure *failure)
{
	return statement_print(store, embedded_find(name), kind, out, failure);
}

int store_export(struct store *store, const char *name, FILE *out, struct failure *failure)
{
	struct wanted wanted = { .name = name };
	int error = store_names(store, name_compare, &wanted, failure);
	char *sql;

	if (error)
		return error;
	if (!wanted.found)
		return failure_set(
			failure, ENOENT,
			"%s has no table or view '%s': 'pollgap export FILE --list' names them",
			store->path, name);
	sql = sqlite3_mprintf("SELECT * FROM \"%w\"", name);
	if (!sql)
		return failure_set(failure, ENOMEM, "out of memory");
	error = statement_print(store, sql, NULL, out, failure);
	sqlite3_free(sql);
	return error;
}
