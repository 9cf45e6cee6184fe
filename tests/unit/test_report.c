/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/cleanup.h"
#include "base/failure.h"
#include "report/report.h"
#include "store/store.h"
#include "report_fixture.h"

/*
 * The expected reports are the files tests/golden/report.*. To make them anew after a change of
 * what is shown, run this test with POLLGAP_GOLDEN_WRITE=1 in the environment from the project's
 * root, then read `git diff tests/golden` line by line: what it shows is what users will see.
 */
#ifndef GOLDEN_DIR
#define GOLDEN_DIR "tests/golden"
#endif

struct fixture {
	char directory[32];
	char path[64]; /* of the capture file */
	char empty_path[64]; /* ours, but without a capture */
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct store *store = NULL;

	assert_non_null(fixture);
	strcpy(fixture->directory, "/tmp/test_report.XXXXXX");
	assert_non_null(mkdtemp(fixture->directory));
	snprintf(fixture->path, sizeof(fixture->path), "%s/capture.db", fixture->directory);
	snprintf(fixture->empty_path, sizeof(fixture->empty_path), "%s/empty.db",
		 fixture->directory);
	DO(store_create(fixture->path, &store, &failure));
	put_whole_capture(store);
	store_closep(&store);
	DO(store_create(fixture->path, &store, &failure));
	put_quiet_capture(store);
	store_closep(&store);
	DO(store_create(fixture->empty_path, &store, &failure));
	DO(store_commit(store, &failure));
	store_closep(&store);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	char command[64];

	snprintf(command, sizeof(command), "rm -r '%s'", fixture->directory);
	assert_int_equal(system(command), 0);
	free(fixture);
	return 0;
}

/* The report as text; the caller frees it. */
static char *report_of(const char *path, enum report_format format, int64_t capture_id)
{
	const struct report_options options = { .format = format, .capture_id = capture_id };
	_cleanup_(store_closep) struct store *store = NULL;
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	DO(store_open(path, &store, &failure));
	DO(report_print(store, &options, out, &failure));
	assert_int_equal(fclose(out), 0);
	return text;
}

static void golden_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Shows the first line that differs: whole reports are longer than a message may be. */
static void expect_same_lines(const char *text, const char *expected, const char *path)
{
	for (unsigned line = 1;; line++) {
		size_t text_bytes = strcspn(text, "\n");
		size_t expected_bytes = strcspn(expected, "\n");

		if (text_bytes != expected_bytes || memcmp(text, expected, text_bytes) != 0)
			fail_msg("%s, line %u: expected '%.*s', but is '%.*s'", path, line,
				 (int)expected_bytes, expected, (int)text_bytes, text);
		text += text_bytes;
		expected += expected_bytes;
		assert_int_equal(*text, *expected);
		if (!*text)
			return;
		text++;
		expected++;
	}
}

static void expect_golden(const char *text, const char *name)
{
	_cleanup_(freep) char *expected = NULL;
	_cleanup_(fclosep) FILE *file = NULL;
	char path[256];
	size_t space = 0;

	snprintf(path, sizeof(path), "%s/%s", GOLDEN_DIR, name);
	if (getenv("POLLGAP_GOLDEN_WRITE"))
		golden_write(path, text);
	file = fopen(path, "r");
	if (!file)
		fail_msg("cannot open %s", path);
	assert_true(getdelim(&expected, &space, '\0', file) > 0);
	expect_same_lines(text, expected, path);
}

static void text_of_all_captures_is_as_it_was(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_(freep) char *text = report_of(fixture->path, REPORT_TEXT, 0);

	expect_golden(text, "report.txt");
}

static void csv_of_all_captures_is_as_it_was(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_(freep) char *text = report_of(fixture->path, REPORT_CSV, 0);

	expect_golden(text, "report.csv");
}

static void json_of_all_captures_is_as_it_was(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_(freep) char *text = report_of(fixture->path, REPORT_JSON, 0);

	expect_golden(text, "report.json");
}

static void json_is_what_a_strict_parser_takes(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_(freep) char *text = report_of(fixture->path, REPORT_JSON, 0);
	sqlite3_stmt *statement = NULL;
	sqlite3 *database = NULL;

	assert_int_equal(sqlite3_open(":memory:", &database), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(database,
				   "SELECT json_valid(?1), json_extract(?1, '$.captures[0].label'),"
				   " json_array_length(?1, '$.captures'),"
				   " json_type(?1, '$.captures[1].label'),"
				   " json_extract(?1, '$.captures[1].losses[0].count')",
				   -1, &statement, NULL),
		SQLITE_OK);
	sqlite3_bind_text(statement, 1, text, -1, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(statement, 0), 1);
	assert_string_equal(sqlite3_column_text(statement, 1), "redis, \"pipelined\"");
	assert_int_equal(sqlite3_column_int(statement, 2), 2);
	assert_string_equal(sqlite3_column_text(statement, 3), "null");
	assert_int_equal(sqlite3_column_int(statement, 4), 1203);
	sqlite3_finalize(statement);
	sqlite3_close(database);
}

static void one_capture_can_be_chosen(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_(freep) char *first = report_of(fixture->path, REPORT_TEXT, 1);
	_cleanup_(freep) char *second = report_of(fixture->path, REPORT_TEXT, 2);

	assert_non_null(strstr(first, "Capture 1 - redis, \"pipelined\"\n"));
	assert_null(strstr(first, "Capture 2"));
	assert_non_null(strstr(first, "\ncomplete: nothing was lost\n"));
	assert_ptr_equal(strstr(second, "Capture 2\n"), second);
	assert_non_null(strstr(second, "  No spike reached 4 KiB.\n"));
	assert_non_null(strstr(
		second, "\nwarning: incomplete, 1,234 observations were lost (ringbuf_full 1,203, "
			"writer_behind 31): the figures hold for what was kept\n"));
}

static void first_table_ends_in_the_completeness(void **state)
{
	static const char last_line[] = "\ncomplete: nothing was lost\n";
	struct fixture *fixture = *state;
	_cleanup_(store_closep) struct store *store = NULL;
	_cleanup_(freep) char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	DO(store_open(fixture->path, &store, &failure));
	DO(report_print_first(store, 1, out, &failure));
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(
		text,
		"  Of 1,038 spikes at or above 4 KiB the 1 s poller saw 1 and missed 99.90 %"));
	assert_string_equal(text + strlen(text) - strlen(last_line), last_line);
	assert_null(strstr(text, "By duration"));
}

static void expect_refused(const char *path, int64_t capture_id, const char *reason)
{
	const struct report_options options = { .capture_id = capture_id };
	_cleanup_(store_closep) struct store *store = NULL;
	_cleanup_(freep) char *text = NULL;
	struct failure refusal = { 0 };
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	DO(store_open(path, &store, &failure));
	assert_int_equal(report_print(store, &options, out, &refusal), -ENOENT);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, "");
	assert_string_equal(refusal.text, reason);
}

static void a_capture_that_is_not_there_is_refused(void **state)
{
	struct fixture *fixture = *state;

	expect_refused(fixture->path, 7,
		       "the file holds no capture 7, only 2 captures from 1 to 2");
	expect_refused(fixture->empty_path, 0,
		       "the file holds no capture yet: 'pollgap capture -o FILE' adds one");
	expect_refused(fixture->empty_path, 1,
		       "the file holds no capture yet: 'pollgap capture -o FILE' adds one");
}

static void a_full_disk_is_an_error_with_its_reason(void **state)
{
	struct fixture *fixture = *state;
	const struct report_options options = { .format = REPORT_JSON };
	_cleanup_(store_closep) struct store *store = NULL;
	struct failure refusal = { 0 };
	FILE *full = fopen("/dev/full", "w");

	assert_non_null(full);
	DO(store_open(fixture->path, &store, &failure));
	assert_int_equal(report_print(store, &options, full, &refusal), -ENOSPC);
	assert_string_equal(refusal.text, "cannot write the report: No space left on device");
	fclose(full);
}

/* The query looks among the few longest first: here the poller saw all of those. */
static void the_longest_missed_spike_is_found_behind_many_seen_ones(void **state)
{
	struct fixture *fixture = *state;
	struct store *store = NULL;
	_cleanup_(freep) char *csv = NULL;
	char path[64];

	snprintf(path, sizeof(path), "%s/seen.db", fixture->directory);
	DO(store_create(path, &store, &failure));
	put_capture(store, 1, NULL);
	put_socket(store, 1, 1, 501);
	put_poller(store, 1, 1, S, S / 2);
	for (int64_t i = 1; i <= 123; i++) {
		put_spike(store, i, "rx_queue", 4096, S + i * 10 * MS, 1000000 + i * 1000, 4096 + i,
			  false);
		if (i > 17)
			put_seen(store, i, 1, 4097);
	}
	DO(store_finish(store, 1, 11 * S, INT64_C(1767225610) * S, &failure));
	store_closep(&store);
	csv = report_of(path, REPORT_CSV, 0);
	assert_non_null(strstr(csv, "\n1,1,proc,1000000000,rx_queue,4096,0,123,106,17,0,0,"));
	assert_non_null(strstr(csv, ",1017000,4113,0\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_of_all_captures_is_as_it_was),
		cmocka_unit_test(csv_of_all_captures_is_as_it_was),
		cmocka_unit_test(json_of_all_captures_is_as_it_was),
		cmocka_unit_test(json_is_what_a_strict_parser_takes),
		cmocka_unit_test(one_capture_can_be_chosen),
		cmocka_unit_test(first_table_ends_in_the_completeness),
		cmocka_unit_test(the_longest_missed_spike_is_found_behind_many_seen_ones),
		cmocka_unit_test(a_capture_that_is_not_there_is_refused),
		cmocka_unit_test(a_full_disk_is_an_error_with_its_reason),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
