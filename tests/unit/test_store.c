/* SPDX-License-Identifier: BSD-2-Clause */
/* The file: what is refused and left untouched, who owns it, what is left at the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/failure.h"
#include "store/store.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	char folder[64];
	char path[96];
};

static int setup(void **state)
{
	struct fixture *fixture = test_calloc(1, sizeof(*fixture));

	snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/pollgap-store-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	snprintf(fixture->path, sizeof(fixture->path), "%s/c.db", fixture->folder);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	unlink(fixture->path);
	assert_int_equal(rmdir(fixture->folder), 0); /* nothing else was left */
	test_free(fixture);
	return 0;
}

static void file_fill(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void assert_refused(const char *path, int error)
{
	struct failure failure = { 0 };
	struct store *store = NULL;

	assert_int_equal(store_create(path, &store, &failure), -error);
	assert_null(store);
	assert_non_null(strstr(failure.text, path));
}

static struct store *create(const char *path)
{
	struct failure failure = { 0 };
	struct store *store = NULL;

	if (store_create(path, &store, &failure) != 0)
		fail_msg("%s", failure.text);
	return store;
}

static void put_capture(struct store *store, int64_t capture_id, const char *uuid)
{
	const struct capture_row row = {
		.capture_id = capture_id,
		.capture_uuid = uuid,
		.host = "h",
		.boot_id = "b",
		.kernel_release = "k",
		.machine = "m",
		.backend = "tp_btf",
		.command_line = "c",
		.tool_version = "v",
		.start_ns = 5,
	};

	assert_int_equal(store_put_capture(store, &row, NULL), 0);
}

static void a_text_file_is_refused_and_untouched(void **state)
{
	struct fixture *fixture = *state;
	struct stat status;

	file_fill(fixture->path, "not ours");
	assert_refused(fixture->path, EEXIST);
	assert_int_equal(stat(fixture->path, &status), 0);
	assert_int_equal(status.st_size, 8);
}

static void an_empty_file_is_refused_and_stays_empty(void **state)
{
	struct fixture *fixture = *state;
	struct stat status;

	file_fill(fixture->path, "");
	assert_refused(fixture->path, EEXIST);
	assert_int_equal(stat(fixture->path, &status), 0);
	assert_int_equal(status.st_size, 0);
}

static void another_programs_database_is_refused(void **state)
{
	struct fixture *fixture = *state;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE t (x)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_refused(fixture->path, EEXIST);
}

static void a_fifo_is_refused_without_waiting(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(mkfifo(fixture->path, 0600), 0);
	assert_refused(fixture->path, EEXIST);
}

static void a_directory_is_refused(void **state)
{
	assert_refused(((struct fixture *)*state)->folder, EEXIST);
}

static void a_new_file_is_its_owners_alone(void **state)
{
	struct fixture *fixture = *state;
	struct store *store = create(fixture->path);
	struct stat status;

	assert_int_equal(stat(fixture->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	store_abandon(store);
	assert_int_equal(stat(fixture->path, &status), -1);
}

static void behind_sudo_the_file_is_the_users(void **state)
{
	struct fixture *fixture = *state;
	struct store *store;
	struct stat status;

	if (geteuid() != 0) {
		print_message("# only root can give a file away\n");
		skip();
	}
	setenv("SUDO_UID", "1234", 1);
	setenv("SUDO_GID", "2345", 1);
	store = create(fixture->path);
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
	assert_int_equal(stat(fixture->path, &status), 0);
	assert_int_equal(status.st_uid, 1234);
	assert_int_equal(status.st_gid, 2345);
	store_abandon(store);
}

static void a_second_writer_is_refused_while_the_first_writes(void **state)
{
	struct fixture *fixture = *state;
	struct store *store = create(fixture->path);

	assert_refused(fixture->path, EBUSY);
	store_abandon(store);
}

static void a_second_capture_is_added_with_ids_of_its_own(void **state)
{
	struct fixture *fixture = *state;
	struct store *store = create(fixture->path);
	struct store_ids ids;

	put_capture(store, 1, "one");
	assert_int_equal(store_finish(store, 1, 9, 9, NULL), 0);
	store_closep(&store);
	store = create(fixture->path);
	assert_int_equal(store_next_ids(store, &ids, NULL), 0);
	assert_int_equal(ids.capture_id, 2);
	assert_int_equal(ids.socket_id, 1);
	put_capture(store, 2, "two");
	assert_int_equal(store_finish(store, 2, 9, 9, NULL), 0);
	store_closep(&store);
}

static void abandoning_leaves_what_was_there_before(void **state)
{
	struct fixture *fixture = *state;
	struct store *store = create(fixture->path);
	struct store_ids ids;

	put_capture(store, 1, "one");
	assert_int_equal(store_finish(store, 1, 9, 9, NULL), 0);
	store_closep(&store);
	store = create(fixture->path);
	put_capture(store, 2, "two");
	store_abandon(store);
	store = create(fixture->path);
	assert_int_equal(store_next_ids(store, &ids, NULL), 0);
	assert_int_equal(ids.capture_id, 2);
	store_abandon(store);
}

static void a_reader_sees_what_is_committed_while_a_capture_writes(void **state)
{
	struct fixture *fixture = *state;
	struct store *store = create(fixture->path);
	struct store *reader = NULL;

	put_capture(store, 1, "one");
	assert_int_equal(store_commit(store, NULL), 0);
	assert_int_equal(store_open(fixture->path, &reader, NULL), 0);
	store_closep(&reader);
	store_abandon(store);
}

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_text_file_is_refused_and_untouched),
		STORE_TEST(an_empty_file_is_refused_and_stays_empty),
		STORE_TEST(another_programs_database_is_refused),
		STORE_TEST(a_fifo_is_refused_without_waiting),
		STORE_TEST(a_directory_is_refused),
		STORE_TEST(a_new_file_is_its_owners_alone),
		STORE_TEST(behind_sudo_the_file_is_the_users),
		STORE_TEST(a_second_writer_is_refused_while_the_first_writes),
		STORE_TEST(a_second_capture_is_added_with_ids_of_its_own),
		STORE_TEST(abandoning_leaves_what_was_there_before),
		STORE_TEST(a_reader_sees_what_is_committed_while_a_capture_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
