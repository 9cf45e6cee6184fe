/* SPDX-License-Identifier: BSD-2-Clause */
/* Which samples a trace explains: what was in force, what came in the window, and by how much a
 * change may have been earlier or later than it was seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/failure.h"
#include "bpf/record.h"
#include "capture/agreement.h"
#include "store/store.h"
#include "trace/trace_block.h"
#include "trace/trace_event.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MS = 1000000, END_NS = 2000 * MS };

struct fixture {
	char folder[64];
	char path[96];
	struct store *store;
	struct codec *codec;
};

static int setup(void **state)
{
	const struct capture_row capture = {
		.capture_id = 1,
		.capture_uuid = "u",
		.host = "h",
		.boot_id = "b",
		.kernel_release = "k",
		.machine = "m",
		.backend = "tp_btf",
		.command_line = "c",
		.tool_version = "v",
		.traced = true,
	};
	const struct socket_row socket = {
		.socket_id = 1,
		.capture_id = 1,
		.cookie = 7,
		.family = AF_INET,
		.local_address = "127.0.0.1",
		.remote_address = "127.0.0.1",
	};
	const struct poller_row poller = {
		.poller_id = 1,
		.capture_id = 1,
		.source = "sock_diag",
		.period_ns = MS,
		.read_mode = "message",
		.gauges = 7,
	};
	const struct poll_row poll = { .poll_id = 1, .poller_id = 1, .rows_read = 1 };
	struct fixture *fixture = test_calloc(1, sizeof(*fixture));
	struct failure failure = { 0 };

	snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/pollgap-agreement-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	snprintf(fixture->path, sizeof(fixture->path), "%s/c.db", fixture->folder);
	if (store_create(fixture->path, &fixture->store, &failure) ||
	    store_put_capture(fixture->store, &capture, &failure) ||
	    store_put_socket(fixture->store, &socket, &failure) ||
	    store_put_poller(fixture->store, &poller, &failure) ||
	    store_put_poll(fixture->store, &poll, &failure))
		fail_msg("%s", failure.text);
	assert_int_equal(codec_new(&fixture->codec), 0);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	store_closep(&fixture->store);
	codec_freep(&fixture->codec);
	unlink(fixture->path);
	assert_int_equal(rmdir(fixture->folder), 0);
	test_free(fixture);
	return 0;
}

static void put_events(struct fixture *fixture, const struct trace_event *event, size_t events)
{
	struct trace_block_row row = {
		.socket_id = 1,
		.first_ns = (int64_t)event[0].time_ns,
		.last_ns = (int64_t)event[events - 1].time_ns,
		.events = (int64_t)events,
	};
	const uint8_t *block;
	ssize_t bytes = trace_block_encode(fixture->codec, event, events, &block);

	assert_true(bytes > 0);
	row.block = block;
	row.block_bytes = (size_t)bytes;
	assert_int_equal(store_put_trace_block(fixture->store, &row, NULL), 0);
}

/* A sample of tx_queue alone: the others are as they were at the beginning, 0. */
static void put_sample(struct fixture *fixture, int64_t start_ns, int64_t end_ns,
		       int64_t tx_queue_bytes)
{
	const struct sample_row row = {
		.poll_id = 1,
		.socket_id = 1,
		.read_start_ns = start_ns,
		.read_end_ns = end_ns,
		.tx_queue_bytes = tx_queue_bytes,
		.accept_queue_connections = -1,
		.backlog_bytes = -1,
		.state = 1,
	};

	assert_int_equal(store_put_sample(fixture->store, &row, NULL), 0);
}

/* Judges, and compares the verdicts on tx_queue, in the order of time: '1', '0', '-' for none. The
 * other gauges, of which there is no event, have to agree. */
static void assert_verdicts(struct fixture *fixture, const char *expected)
{
	struct failure failure = { 0 };
	sqlite3_stmt *statement;
	char verdicts[64] = "";
	size_t samples = 0;
	sqlite3 *db;

	if (agreement_write(fixture->store, 1, END_NS, &failure) ||
	    store_commit(fixture->store, &failure))
		fail_msg("%s", failure.text);
	store_closep(&fixture->store);
	assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT tx_agrees, rx_agrees, rmem_agrees FROM sample"
					    " ORDER BY read_start_ns, rowid",
					    -1, &statement, NULL),
			 SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		bool judged = sqlite3_column_type(statement, 0) != SQLITE_NULL;

		assert_true(samples < sizeof(verdicts) - 1);
		verdicts[samples++] = judged ? (char)('0' + sqlite3_column_int(statement, 0)) : '-';
		if (judged) {
			assert_int_equal(sqlite3_column_int(statement, 1), 1);
			assert_int_equal(sqlite3_column_int(statement, 2), 1);
		}
	}
	sqlite3_finalize(statement);
	sqlite3_close(db);
	assert_string_equal(verdicts, expected);
}

static struct trace_event tx(uint64_t time_ns, uint32_t value_bytes, uint32_t slack_ns)
{
	return (struct trace_event){ .time_ns = time_ns,
				     .value_bytes = value_bytes,
				     .slack_ns = slack_ns,
				     .gauge = GAUGE_TX_QUEUE };
}

static void what_was_in_force_or_came_in_the_window_agrees(void **state)
{
	const struct trace_event event[] = { tx(10 * MS, 500, 0), tx(20 * MS, 900, 0) };

	put_events(*state, event, 2);
	put_sample(*state, 5 * MS, 6 * MS, 0);
	put_sample(*state, 5 * MS + 1, 6 * MS, 500); /* 4 ms too early */
	put_sample(*state, 9 * MS, 11 * MS, 500);
	put_sample(*state, 9 * MS + 1, 11 * MS, 0);
	put_sample(*state, 12 * MS, 13 * MS, 500);
	put_sample(*state, 12 * MS + 1, 13 * MS, 0); /* 2 ms too late */
	put_sample(*state, 14 * MS, 15 * MS, 900);
	put_sample(*state, 15 * MS, 25 * MS, 900);
	put_sample(*state, 30 * MS, 31 * MS, 900);
	put_sample(*state, 30 * MS + 1, 31 * MS, 700); /* never */
	assert_verdicts(*state, "1011100110");
}

static void a_change_may_be_as_much_earlier_as_its_slack(void **state)
{
	/* A sender that had lost its processor for 90 ms, longer than any window. */
	const struct trace_event event[] = { tx(10 * MS, 500, 0), tx(100 * MS, 900, 90 * MS - 1) };

	put_events(*state, event, 2);
	put_sample(*state, 9 * MS, 10 * MS, 900); /* by 1 ns */
	put_sample(*state, 10 * MS, 10 * MS + 1, 900);
	put_sample(*state, 11 * MS, 12 * MS, 900);
	put_sample(*state, 50 * MS, 51 * MS, 500);
	put_sample(*state, 99 * MS, 99 * MS + 1, 900);
	assert_verdicts(*state, "01111");
}

static void a_change_may_be_as_much_later_as_its_slack(void **state)
{
	const struct trace_event event[] = { tx(10 * MS, 500, 0),
					     tx(100 * MS, 900, SLACK_AFTER | (50 * MS)) };

	put_events(*state, event, 2);
	put_sample(*state, 99 * MS, 99 * MS + 1, 900);
	put_sample(*state, 110 * MS, 111 * MS, 500);
	put_sample(*state, 110 * MS + 1, 111 * MS, 900);
	put_sample(*state, 150 * MS, 151 * MS, 500);
	put_sample(*state, 150 * MS + 1, 151 * MS, 500);
	assert_verdicts(*state, "01110");
}

static void behind_a_change_that_came_later_none_is_looked_for(void **state)
{
	/* That of 300 ms can't have come before those of 20 and 30 ms, whatever its slack. */
	const struct trace_event event[] = { tx(10 * MS, 500, 0), tx(20 * MS, 600, 0),
					     tx(30 * MS, 700, 0), tx(300 * MS, 900, 295 * MS) };

	put_events(*state, event, 4);
	put_sample(*state, 12 * MS, 13 * MS, 900);
	put_sample(*state, 31 * MS, 32 * MS, 900);
	assert_verdicts(*state, "01");
}

static void changes_are_found_from_block_to_block(void **state)
{
	enum { EVENTS = 1000, BLOCKS = 7 };
	struct trace_event event[EVENTS];
	char expected[2 * BLOCKS + 1];

	for (size_t block = 0; block < BLOCKS; block++) {
		for (size_t i = 0; i < EVENTS; i++)
			event[i] = tx((block * EVENTS + i + 1) * 10000,
				      (uint32_t)(block * EVENTS + i + 1), 0);
		put_events(*state, event, EVENTS);
		/* The last value of this block, in a window that begins with it and ends in the
		 * next block; and one that came 5 us too early, or never. */
		put_sample(*state, (int64_t)event[EVENTS - 1].time_ns,
			   (int64_t)event[EVENTS - 1].time_ns + 20000,
			   block + 1 < BLOCKS ? event[EVENTS - 1].value_bytes + 2 :
						event[EVENTS - 1].value_bytes);
		put_sample(*state, (int64_t)event[EVENTS - 1].time_ns + 1,
			   (int64_t)event[EVENTS - 1].time_ns + 5000,
			   event[EVENTS - 1].value_bytes + 1);
		expected[2 * block] = '1';
		expected[2 * block + 1] = '0';
	}
	expected[sizeof(expected) - 1] = '\0';
	assert_verdicts(*state, expected);
}

static void what_was_read_after_the_end_has_no_verdict(void **state)
{
	const struct trace_event event[] = { tx(10 * MS, 500, 0) };

	put_events(*state, event, 1);
	put_sample(*state, END_NS - 1, END_NS, 500);
	put_sample(*state, END_NS, END_NS + 1, 500);
	assert_verdicts(*state, "1-");
}

int main(void)
{
#define AGREEMENT_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
		AGREEMENT_TEST(what_was_in_force_or_came_in_the_window_agrees),
		AGREEMENT_TEST(a_change_may_be_as_much_earlier_as_its_slack),
		AGREEMENT_TEST(a_change_may_be_as_much_later_as_its_slack),
		AGREEMENT_TEST(behind_a_change_that_came_later_none_is_looked_for),
		AGREEMENT_TEST(changes_are_found_from_block_to_block),
		AGREEMENT_TEST(what_was_read_after_the_end_has_no_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
