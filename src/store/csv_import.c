/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/csv.h"
#include "store/hex.h"

#include "base/cleanup.h"
#include "base/csv_field.h"
#include "base/failure.h"
#include "store/store_private.h"

#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CHUNK_BYTES = 1 << 16,
	ROW_BYTES_MAX = 1 << 20,
	COLUMNS_MAX = 64,
};

enum column_kind { COLUMN_INTEGER, COLUMN_REAL, COLUMN_BLOB, COLUMN_TEXT };

struct table_column {
	char name[64];
	enum column_kind kind;
	bool needed; /* it is part of the key, or has no default and no NULL */
};

/* One input on its way into its table. */
struct import {
	struct store *store;
	const struct csv_input *input;
	struct failure *failure;
	int error;
	struct table_column column[COLUMNS_MAX]; /* the table's */
	unsigned columns;
	unsigned place[COLUMNS_MAX]; /* the table's column, by the input's */
	unsigned given; /* columns of the input: a file of earlier days may lack some */
	unsigned fields; /* of the row that is being read */
	uint64_t row; /* that is being read; the header is row 1 */
	uint64_t row_bytes;
	sqlite3_stmt *insert;
};

static void csv_freep(struct csv_parser *parser)
{
	csv_free(parser);
}

/* Notes the first thing that is wrong, with its place. */
static int import_refuse(struct import *import, const char *what)
{
	if (!import->error)
		import->error = failure_set(import->failure, EINVAL,
					    "%s: row %" PRIu64 ", column %u%s%s%s: %s",
					    import->input->path, import->row, import->fields + 1,
					    import->row > 1 && import->fields < import->given ?
						    " (" :
						    "",
					    import->row > 1 && import->fields < import->given ?
						    import->column[import->place[import->fields]].name :
						    "",
					    import->row > 1 && import->fields < import->given ?
						    ")" :
						    "",
					    what);
	return import->error;
}

static void header_take(struct import *import, const char *text)
{
	for (unsigned index = 0; text && index < import->columns; index++) {
		if (strcmp(text, import->column[index].name) != 0)
			continue;
		for (unsigned field = 0; field < import->fields && field < COLUMNS_MAX; field++) {
			if (import->place[field] == index) {
				import_refuse(import, "this column is named twice");
				return;
			}
		}
		import->place[import->fields] = index;
		return;
	}
	import_refuse(import, "the table has no column of this name");
}

static int integer_bind(struct import *import, int at, const char *text)
{
	int64_t value;
	int error = csv_read_integer(text, &value);

	if (error == -ERANGE)
		return import_refuse(import, "the integer does not fit 64 bits");
	if (error)
		return import_refuse(import, "it is no integer");
	return sqlite3_bind_int64(import->insert, at, value);
}

static int real_bind(struct import *import, int at, const char *text)
{
	double value;
	int error = csv_read_real(text, &value);

	if (error == -ERANGE)
		return import_refuse(import, "the number does not fit 64 bits");
	if (error)
		return import_refuse(import, "it is no decimal number");
	return sqlite3_bind_double(import->insert, at, value);
}

static int value_bind(struct import *import, const char *text, size_t bytes)
{
	int at = (int)import->fields + 1;

	switch (import->column[import->place[import->fields]].kind) {
	case COLUMN_INTEGER:
		return integer_bind(import, at, text);
	case COLUMN_REAL:
		return real_bind(import, at, text);
	case COLUMN_BLOB:
		if (hex_bind(import->insert, at, text, bytes) < 0)
			return import_refuse(import, "it is no pairs of hexadecimal digits");
		return 0;
	default:
		return sqlite3_bind_text(import->insert, at, text, (int)bytes, SQLITE_TRANSIENT);
	}
}

/* libcsv's callback for a field. data: NULL for one that is empty and not quoted. */
static void field_take(void *data, size_t bytes, void *context)
{
	struct import *import = context;

	if (import->error)
		return;
	if (import->fields >= (import->row == 1 ? import->columns : import->given)) {
		import_refuse(import, "there are more fields than columns");
		return;
	}
	if (import->row == 1)
		header_take(import, data);
	else if (data)
		value_bind(import, data, bytes);
	else
		sqlite3_bind_null(import->insert, (int)import->fields + 1);
	import->fields++;
}

static void row_insert(struct import *import)
{
	int code = sqlite3_step(import->insert);

	sqlite3_reset(import->insert);
	if (code == SQLITE_DONE || import->error)
		return;
	if ((code & 0xff) == SQLITE_CONSTRAINT)
		/* "NOT NULL constraint failed: socket.family" */
		import->error = failure_set(import->failure, EINVAL, "%s: row %" PRIu64 ": %s",
					    import->input->path, import->row,
					    sqlite3_errmsg(import->store->db));
	else
		import->error = store_error(import->store, "importing", import->failure);
}

/* INSERT INTO table (COLUMN, ...) VALUES (?, ...): in the input's order. */
static int insert_prepare(struct import *import)
{
	sqlite3_str *sql = sqlite3_str_new(import->store->db);
	char *text;
	int code;

	sqlite3_str_appendf(sql, "INSERT INTO \"%w\" (", import->input->table);
	for (unsigned field = 0; field < import->given; field++)
		sqlite3_str_appendf(sql, field ? ", \"%w\"" : "\"%w\"",
				    import->column[import->place[field]].name);
	sqlite3_str_appendf(sql, ") VALUES (");
	for (unsigned field = 0; field < import->given; field++)
		sqlite3_str_appendf(sql, field ? ", ?" : "?");
	sqlite3_str_appendf(sql, ")");
	text = sqlite3_str_finish(sql);
	if (!text)
		return failure_set(import->failure, ENOMEM, "out of memory");
	code = sqlite3_prepare_v2(import->store->db, text, -1, &import->insert, NULL);
	sqlite3_free(text);
	return code == SQLITE_OK ? 0 : store_error(import->store, "importing", import->failure);
}

static bool column_is_given(const struct import *import, unsigned index)
{
	for (unsigned field = 0; field < import->given; field++) {
		if (import->place[field] == index)
			return true;
	}
	return false;
}

/* A column that the input lacks has its default, or is NULL. */
static void header_end(struct import *import)
{
	import->given = import->fields;
	for (unsigned index = 0; index < import->columns; index++) {
		char what[128];

		if (!import->column[index].needed || column_is_given(import, index))
			continue;
		snprintf(what, sizeof(what), "the row ends here, with column '%s' missing",
			 import->column[index].name);
		import_refuse(import, what);
		return;
	}
	import->error = insert_prepare(import);
}

/* libcsv's callback for the end of a row. */
static void row_take(int terminator, void *context)
{
	struct import *import = context;

	if (import->error)
		return;
	if (terminator < 0)
		import_refuse(import, "the file ends here, before the row does: is it cut?");
	else if (import->row == 1)
		header_end(import);
	else if (import->fields < import->given)
		import_refuse(import, "the row ends here, with columns missing");
	else
		row_insert(import);
	import->fields = 0;
	import->row++;
	import->row_bytes = 0;
}

static int columns_read(struct import *import)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(
		    import->store->db,
		    "SELECT name, type, pk OR (\"notnull\" AND dflt_value IS NULL) FROM pragma_table_info(:name)"
		    " WHERE EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = :name)",
		    -1, &statement, NULL) != SQLITE_OK)
		return store_error(import->store, "reading", import->failure);
	sqlite3_bind_text(statement, 1, import->input->table, -1, SQLITE_STATIC);
	while (sqlite3_step(statement) == SQLITE_ROW && import->columns < COLUMNS_MAX) {
		struct table_column *column = &import->column[import->columns++];
		const char *type = (const char *)sqlite3_column_text(statement, 1);

		snprintf(column->name, sizeof(column->name), "%s",
			 (const char *)sqlite3_column_text(statement, 0));
		column->kind = strcmp(type, "INTEGER") == 0 ? COLUMN_INTEGER :
			       strcmp(type, "REAL") == 0    ? COLUMN_REAL :
			       strcmp(type, "BLOB") == 0    ? COLUMN_BLOB :
							      COLUMN_TEXT;
		column->needed = sqlite3_column_int(statement, 2) != 0;
	}
	sqlite3_finalize(statement);
	if (!import->columns)
		return failure_set(
			import->failure, ENOENT,
			"%s: there is no table '%s' to import into; a view can't be imported",
			import->input->path, import->input->table);
	return 0;
}

/* A line end that is not in the chunk leaves the row to grow: that has a bound. */
static int chunk_take(struct import *import, struct csv_parser *parser, const char *chunk,
		      size_t bytes)
{
	const char *null = memchr(chunk, '\0', bytes);
	size_t good_bytes = null ? (size_t)(null - chunk) : bytes;

	import->row_bytes += good_bytes;
	if (csv_parse(parser, chunk, good_bytes, field_take, row_take, import) != good_bytes &&
	    !import->error) {
		if (csv_error(parser) == CSV_ENOMEM)
			return failure_set(import->failure, ENOMEM, "out of memory");
		return import_refuse(import, "a quote stands where none may");
	}
	if (!import->error && null)
		return import_refuse(import, "there is a NUL in it");
	if (!import->error && import->row_bytes > ROW_BYTES_MAX + CHUNK_BYTES)
		return import_refuse(import, "the row is longer than 1 MiB");
	return import->error;
}

static int stream_take(struct import *import, struct csv_parser *parser, FILE *stream)
{
	char chunk[CHUNK_BYTES];
	size_t bytes;
	char last = '\n';
	int error = 0;

	while (!error && (bytes = fread(chunk, 1, sizeof(chunk), stream)) > 0) {
		error = chunk_take(import, parser, chunk, bytes);
		last = chunk[bytes - 1];
	}
	if (error)
		return error;
	if (ferror(stream))
		return failure_set(import->failure, EIO, "%s can't be read: %s",
				   import->input->path, strerror(errno));
	/* Without a line end its last number may be cut. */
	if (last != '\n' && last != '\r')
		return import_refuse(import, "the file ends here, before the row does: is it cut?");
	if (csv_fini(parser, field_take, row_take, import) != 0 && !import->error)
		return import_refuse(import, "the file ends within quotes: is it cut?");
	if (!import->error && import->row == 1)
		return import_refuse(import,
				     "the file is empty: it must begin with the column names");
	return import->error;
}

static int input_take(struct store *store, const struct csv_input *input, struct failure *failure)
{
	_cleanup_(csv_freep) struct csv_parser parser = { 0 };
	_cleanup_(fclosep) FILE *file = NULL;
	struct import import = { .store = store, .input = input, .failure = failure, .row = 1 };
	FILE *stream = stdin;
	int error = columns_read(&import);

	if (error)
		return error;
	if (strcmp(input->path, "-") != 0) {
		file = fopen(input->path, "re");
		stream = file;
	}
	if (!stream)
		return failure_set(failure, errno, "%s can't be read: %s", input->path,
				   strerror(errno));
	if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL | CSV_EMPTY_IS_NULL))
		return failure_set(failure, ENOMEM, "out of memory");
	error = stream_take(&import, &parser, stream);
	sqlite3_finalize(import.insert);
	return error;
}

/* What refers to nothing, if anything does. */
static int references_check(struct store *store, struct failure *failure)
{
	sqlite3_stmt *statement;
	int code, error = 0;

	if (sqlite3_prepare_v2(store->db, "PRAGMA foreign_key_check", -1, &statement, NULL) !=
	    SQLITE_OK)
		return store_error(store, "reading", failure);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		error = failure_set(
			failure, EINVAL,
			"a row of table %s refers to a row that table %s does not have: import that one too",
			(const char *)sqlite3_column_text(statement, 0),
			(const char *)sqlite3_column_text(statement, 2));
	sqlite3_finalize(statement);
	return error;
}

static int inputs_take(struct store *store, const struct csv_input *input, unsigned inputs,
		       struct failure *failure)
{
	int error = 0;

	for (unsigned index = 0; index < inputs && !error; index++)
		error = input_take(store, &input[index], failure);
	if (!error)
		error = references_check(store, failure);
	return error ? error : store_complete(store, failure);
}

/* The whole content of the file at path, its WAL too, into the new one. */
static int file_copy(const char *path, const char *copy_path, struct failure *failure)
{
	_cleanup_(store_closep) struct store *store = NULL;
	sqlite3_backup *backup;
	sqlite3 *copy = NULL;
	int code, error = store_open(path, &store, failure);

	if (error)
		return error;
	code = sqlite3_open_v2(copy_path, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	backup = code == SQLITE_OK ? sqlite3_backup_init(copy, "main", store->db, "main") : NULL;
	if (backup)
		sqlite3_backup_step(backup, -1);
	code = backup ? sqlite3_backup_finish(backup) : SQLITE_ERROR;
	if (code != SQLITE_OK)
		error = failure_set(failure, EIO, "%s can't be copied to %s: %s", path, copy_path,
				    copy ? sqlite3_errmsg(copy) : "out of memory");
	sqlite3_close(copy);
	return error;
}

/* A killed capture leaves a log beside its file, which SQLite would replay into the file that takes
 * its name. What is in it is in the copy already. */
static int log_remove(const char *path, struct failure *failure)
{
	char log_path[PATH_MAX];
	sqlite3 *db = NULL;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK)
		sqlite3_exec(db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
	sqlite3_close(db);
	snprintf(log_path, sizeof(log_path), "%s-wal", path);
	if (access(log_path, F_OK) == 0)
		return failure_set(failure, EBUSY,
				   "%s is in use by another program, which keeps %s: end it first",
				   path, log_path);
	return 0;
}

/* The copy has the rights and the owner of what it takes the place of. */
static int file_replace(const char *path, const char *copy_path, bool existed,
			struct failure *failure)
{
	struct stat status;

	if (existed && stat(path, &status) == 0 &&
	    (chmod(copy_path, status.st_mode & 07777) < 0 ||
	     (geteuid() == 0 && chown(copy_path, status.st_uid, status.st_gid) < 0)))
		return failure_set(failure, errno, "%s can't be given its rights: %s", path,
				   strerror(errno));
	if (existed) {
		int error = log_remove(path, failure);

		if (error)
			return error;
	}
	if (rename(copy_path, path) < 0)
		return failure_set(failure, errno, "%s can't be replaced: %s", path,
				   strerror(errno));
	return 0;
}

static int copy_import(const char *path, const char *copy_path, bool existed,
		       const struct csv_input *input, unsigned inputs, struct failure *failure)
{
	struct store *store = NULL;
	int error = existed ? file_copy(path, copy_path, failure) : 0;

	if (!error)
		error = store_create(copy_path, &store, failure);
	if (!error)
		error = inputs_take(store, input, inputs, failure);
	store_closep(&store);
	return error ? error : file_replace(path, copy_path, existed, failure);
}

int store_import(const char *path, const struct csv_input *input, unsigned inputs,
		 struct failure *failure)
{
	_cleanup_(closep) int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	bool existed = fd >= 0 || errno != ENOENT;
	char copy_path[4096];
	int error;

	if (existed && fd < 0)
		return failure_set(failure, errno, "%s can't be written: %s", path,
				   strerror(errno));
	if (existed && flock(fd, LOCK_EX | LOCK_NB) < 0)
		return failure_set(failure, EBUSY,
				   "a capture writes into %s: wait for it, or choose another FILE",
				   path);
	if (snprintf(copy_path, sizeof(copy_path), "%s.importing", path) >= (int)sizeof(copy_path))
		return failure_set(failure, ENAMETOOLONG, "%s: the name is too long", path);
	store_remove(copy_path); /* of an import that was killed */
	error = copy_import(path, copy_path, existed, input, inputs, failure);
	if (error)
		store_remove(copy_path);
	return error;
}
