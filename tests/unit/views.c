/* SPDX-License-Identifier: BSD-2-Clause */
#include "views.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/embedded.h"

#include <stdio.h>
#include <string.h>

int views_setup(void **state)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	run(db, embedded_find("schema"));
	for (size_t index = 0; index < embedded_sql_count; index++) {
		if (strncmp(embedded_sql[index].name, "view/", 5) == 0)
			run(db, embedded_sql[index].text);
	}
	*state = db;
	return 0;
}

int views_teardown(void **state)
{
	return sqlite3_close(*state);
}

void run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

void expect(sqlite3 *db, const char *sql, const char *expected)
{
	sqlite3_stmt *statement;
	char text[4096] = "";
	size_t used = 0;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	while (sqlite3_step(statement) == SQLITE_ROW) {
		for (int column = 0; column < sqlite3_column_count(statement); column++) {
			const char *value = (const char *)sqlite3_column_text(statement, column);

			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
						 column ? "|" :
						 used	? " " :
							  "",
						 value ? value : "NULL");
			assert_true(used < sizeof(text));
		}
	}
	sqlite3_finalize(statement);
	if (strcmp(text, expected) != 0)
		fail_msg("%s\nexpected: %s\nbut is:   %s", sql, expected, text);
}

void views_each(sqlite3 *db, void (*each)(sqlite3 *db, const char *view))
{
	for (size_t index = 0; index < embedded_sql_count; index++) {
		if (strncmp(embedded_sql[index].name, "view/", 5) == 0)
			each(db, embedded_sql[index].name + 5);
	}
}
