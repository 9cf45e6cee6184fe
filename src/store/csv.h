/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_STORE_CSV_H
#define POLLGAP_STORE_CSV_H

#include <stdint.h>
#include <stdio.h>

struct failure;
struct store;

/* Calls each() with the name of every table and view of the file, in order. Returns 0 or -errno. */
int store_names(struct store *store, int (*each)(void *context, const char *name, const char *type),
		void *context, struct failure *failure);

/*
 * Writes a table or view as CSV: a line of column names, RFC 4180 quoting, NULL as an empty field,
 * BLOBs in hexadecimal digits, reals with 17 significant digits, so that all of it can be read back
 * as it was. Returns 0; -ENOENT for a name that the file does not have; -EPIPE where the reader has
 * had enough; -errno.
 */
int store_export(struct store *store, const char *name, FILE *out, struct failure *failure);

/* How many rows a table has. Returns 0 or -errno. */
int store_count(struct store *store, const char *table, int64_t *ret_rows, struct failure *failure);

/* Writes an embedded query's rows likewise: "query/NAME", with its :kind. Returns 0, -EPIPE or
 * -errno. */
int store_export_query(struct store *store, const char *name, const char *kind, FILE *out,
		       struct failure *failure);

/* One CSV file and the table that it goes into. */
struct csv_input {
	const char *path; /* "-": standard input */
	const char *table;
};

/*
 * Puts every row of every input into the file at path, which is made where there is none. All or
 * nothing: until all of it is right the file stays as it was, byte for byte, or is not there. The
 * reason names the input, the row (the header is row 1) and the column. Returns 0 or -errno.
 */
int store_import(const char *path, const struct csv_input *input, unsigned inputs,
		 struct failure *failure);

#endif
