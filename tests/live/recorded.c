/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recorded.h"

#include "base/clock.h"
#include "base/failure.h"
#include "capture/session.h"
#include "traffic.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct recorded recorded_new(void)
{
	struct recorded recorded = { 0 };

	snprintf(recorded.path, sizeof(recorded.path), "/tmp/pollgap-live-%d.db", (int)getpid());
	snprintf(recorded.notes_path, sizeof(recorded.notes_path), "/tmp/pollgap-live-%d.notes",
		 (int)getpid());
	unlink(recorded.path);
	return recorded;
}

struct capture_options recorded_options(const struct recorded *recorded)
{
	return (struct capture_options){
		.path = recorded->path,
		.poller = { { .source = "proc", .period_ns = 100 * (uint64_t)NS_PER_MS } },
		.pollers = 1,
		.softnet_period_ns = NS_PER_S,
		.threshold = { 4096, 16384, 65536, 262144 },
		.thresholds = 4,
		.summary_period_ns = NS_PER_S,
		.min_spike_ns = NS_PER_MS,
		.backend = getenv("POLLGAP_TEST_BACKEND") ?: "auto",
		.ring_bytes = 1 << 24,
		.queue_bytes = 1 << 26,
	};
}

void recorded_capture(struct recorded *recorded, const struct capture_options *options)
{
	struct failure failure = { 0 };
	int64_t capture_id = 0;
	int status = session_run(options, &capture_id, &failure);

	if (status != 0)
		fail_msg("capture: status %d: %s", status, failure.text);
	assert_int_equal(capture_id, 1);
	assert_int_equal(sqlite3_open_v2(recorded->path, &recorded->db, SQLITE_OPEN_READONLY, NULL),
			 SQLITE_OK);
}

int64_t recorded_integer(const struct recorded *recorded, const char *sql)
{
	sqlite3_stmt *statement;
	int64_t value;

	if (sqlite3_prepare_v2(recorded->db, sql, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(recorded->db));
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return value;
}

void recorded_expect_no_losses(const struct recorded *recorded)
{
	/* A socket that only a poller has seen has no cookie. */
	static const char sql[] =
		"select cause, count from loss where cause not like 'missed_turns:%' and cause not like 'recursion_misses%' and cause <> 'unseen_packets' and not (cause = 'sample_of_unseen_socket' and"
		" (select count(*) from socket where cookie is null and remote_port > 0) <= (select coalesce(sum(count), 0) from loss where cause = 'unseen_packets'))";
	sqlite3_stmt *statement;

	assert_int_equal(sqlite3_prepare_v2(recorded->db, sql, -1, &statement, NULL), SQLITE_OK);
	if (sqlite3_step(statement) == SQLITE_ROW)
		fail_msg("the capture lost: %s %s", sqlite3_column_text(statement, 0),
			 sqlite3_column_text(statement, 1));
	sqlite3_finalize(statement);
}

void recorded_remove(struct recorded *recorded)
{
	sqlite3_close(recorded->db);
	unlink(recorded->path);
	unlink(recorded->notes_path);
}

void recorded_skip_unless_allowed(void)
{
	const char *refusal = traffic_refusal();

	if (refusal) {
		print_message("# %s\n", refusal);
		skip();
	}
}
