/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_STATEMENT_H
#define POLLGAP_STATEMENT_H

#include "store/store_private.h"

/*
 * One run of one statement, its parameters bound by name. Naming them in the order of the
 * statement's text is fastest: the next one's name is compared first. A name that the statement
 * does not have fails the run.
 */
struct binding {
	struct store *store;
	sqlite3_stmt *statement;
	int next; /* the parameter that is expected next */
	int code; /* the first error of SQLite's */
};

int statement_begin(struct store *store, enum statement statement, struct binding *ret_binding,
		    struct failure *failure);
void bind_integer(struct binding *binding, const char *name, int64_t value);
void bind_integer_or_null(struct binding *binding, const char *name, int64_t value,
			  int64_t null_value);
void bind_real(struct binding *binding, const char *name, double value);
/* NULL binds an SQL NULL. The text must live until statement_end(). */
void bind_text(struct binding *binding, const char *name, const char *text);

/* Likewise. */
void bind_blob(struct binding *binding, const char *name, const void *blob, size_t blob_bytes);

/* Runs it. */
int statement_end(struct binding *binding, struct failure *failure);

#endif
