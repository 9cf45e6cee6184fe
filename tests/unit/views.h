/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_TEST_VIEWS_H
#define POLLGAP_TEST_VIEWS_H

#include <sqlite3.h>

/* A file of ours without rows, in memory, as a cmocka fixture: *state is its sqlite3 *. */
int views_setup(void **state);
int views_teardown(void **state);

/* Fails the test with SQLite's words where the SQL is refused. */
void run(sqlite3 *db, const char *sql);

/* All rows of the query, columns by | and rows by a blank. */
void expect(sqlite3 *db, const char *sql, const char *expected);

/* Calls each() with the name of every view. */
void views_each(sqlite3 *db, void (*each)(sqlite3 *db, const char *view));

#endif
