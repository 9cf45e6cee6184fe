/* SPDX-License-Identifier: BSD-2-Clause */
/* Pollers that share what is counted of them: the same span, the same gauges, the same period. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/failure.h"
#include "capture/bins.h"
#include "store/store_private.h"
#include "store/tally.h"
#include "views.h"

#include <stdio.h>

/*
 * Capture 1 runs for 10 s, in which every 20 ms a spike begins on one of three gauges, at one of
 * two thresholds, of 100 ns to 1.4 s. Pollers 1 and 2 run all through it, and read different
 * gauges; poller 3 runs from 3 s to 7 s, its kept period is the edge of a decade; poller 4, of a
 * killed capture, until its last poll, and poller 5, which never polled, has no end at all.
 */
static const char capture_1_sql[] =
	"INSERT INTO capture (capture_id, capture_uuid, host, boot_id, kernel_release, machine, cpus, backend, command_line,"
	" tool_version, netns_inode, summary_period_ns, min_spike_ns, start_ns, start_utc_ns)"
	" VALUES (1, 'u1', 'h', 'b', 'k', 'm', 2, 'tp_btf', 'c', 'v', 1, 1000000000, 1000000, 0, 0);"
	"INSERT INTO capture_threshold VALUES (1, 1000, 0), (1, 5000, 0);"
	"INSERT INTO socket (socket_id, capture_id, cookie, family, local_address, local_port, remote_address, remote_port,"
	" first_ns, older) VALUES (1, 1, 7, 4, '127.0.0.1', 80, '127.0.0.1', 5001, 0, 1),"
	" (2, 1, 8, 4, '127.0.0.1', 80, '127.0.0.1', 5002, 0, 1);"
	"INSERT INTO poller (poller_id, capture_id, source, period_ns, phase_ns, read_mode, priority, start_ns, end_ns) VALUES"
	" (1, 1, 'proc', 1000000000, 0, 'row', 0, 0, 10000000000),"
	" (2, 1, 'sock_diag', 37000000, 0, 'message', 0, 0, 10000000000),"
	" (3, 1, 'proc', 10000000, 0, 'row', 0, 3000000000, 7000000000),"
	" (4, 1, 'iter', 50000000, 0, 'socket', 0, 0, NULL),"
	" (5, 1, 'proc', 50000000, 0, 'row', 0, 0, NULL);"
	"INSERT INTO poller_gauge VALUES (1, 'rx_queue'), (1, 'tx_queue'), (2, 'rmem'), (2, 'rx_queue'), (2, 'tx_queue'),"
	" (3, 'rx_queue'), (4, 'rmem'), (4, 'rx_queue'), (5, 'rx_queue');"
	"WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 270)"
	"INSERT INTO poll (poller_id, scheduled_ns, start_ns, end_ns, rows_read, cpu_ns, missed_turns)"
	" SELECT poller_id, i * period_ns, i * period_ns + i * 77 % 50, i * period_ns + 999, 3, 1000, 0 FROM n"
	" JOIN poller ON poller.start_ns + i * period_ns < 9000000000 AND poller_id IN (1, 2, 4);"
	"INSERT INTO poll (poller_id, scheduled_ns, start_ns, end_ns, rows_read, cpu_ns, missed_turns)"
	" VALUES (3, 0, 3000000000, 3000000100, 3, 1000, 0), (3, 0, 3010000000, 3010000100, 3, 1000, 0);"
	"WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 498)"
	"INSERT INTO spike SELECT i + 1, i % 2 + 1, 1, CASE i % 3 WHEN 0 THEN 'rx_queue' WHEN 1 THEN 'tx_queue' ELSE 'rmem' END,"
	" iif(i % 5 = 0, 5000, 1000), 0, 1000, i * 20000000, i * 20000000 + 100 + (i * 7919 % 1200) * (i * i * 131 % 1200) *"
	" (i % 11 + 1) * (i % 101), 9000 + i, 0, 90000, 3, 1, i % 97 = 3, i % 89 = 5 FROM n;"
	/* At the edges of decades; the longest of all twice, in the order of neither id nor time. */
	"INSERT INTO spike SELECT column1, 1, 1, 'rx_queue', 1000, 0, 1000, column2, column2 + column3, 5000, 0, 90000, 3, 1, 0, 0"
	" FROM (VALUES (901, 4000000000, 0), (902, 4000000000, 999), (903, 4000000000, 1000), (904, 4000000000, 9999999),"
	" (905, 4000000000, 10000000), (906, 4000000000, 10000001), (907, 5000000000, 1900000000), (908, 4000000000, 1900000000),"
	" (909, 3000000000, 4000000000), (910, 2999999999, 4000000001));"
	"INSERT INTO spike_seen SELECT spike_id, poller_id, peak_bytes, 1 FROM spike JOIN poller USING (capture_id)"
	" WHERE capture_id = 1 AND (spike_id * 2654435761 + poller_id * 40503) % 65536 * period_ns < (spike.end_ns - spike.start_ns) * 65536"
	" AND spike_id NOT IN (907, 908);"
	"WITH RECURSIVE n (i, from_ns) AS (SELECT 0, 1000 UNION ALL SELECT i + 1, from_ns * 28 / 25 FROM n WHERE i < 99)"
	"INSERT INTO spike_bin SELECT socket_id, 1, column1, 1000, 0, from_ns, from_ns * 28 / 25, 1 + i * 7 % 5, (1 + i * 7 % 5) *"
	" (from_ns + 7), 3000 FROM n, socket, (VALUES ('rx_queue'), ('tx_queue')) WHERE capture_id = 1;";

/* Capture 2 has the same spikes at thresholds in per cent; two of its pollers are of one period. */
static const char capture_2_sql[] =
	"INSERT INTO capture (capture_id, capture_uuid, host, boot_id, kernel_release, machine, cpus, backend, command_line,"
	" tool_version, netns_inode, summary_period_ns, min_spike_ns, start_ns, end_ns, start_utc_ns)"
	" VALUES (2, 'u2', 'h', 'b', 'k', 'm', 2, 'tp_btf', 'c', 'v', 1, 1000000000, 0, 0, 10000000000, 0);"
	"INSERT INTO capture_threshold VALUES (2, 0, 50), (2, 0, 90);"
	"INSERT INTO poller (poller_id, capture_id, source, period_ns, phase_ns, read_mode, priority, start_ns, end_ns) VALUES"
	" (6, 2, 'proc', 1000000, 0, 'row', 0, 0, 10000000000), (7, 2, 'proc', 330000000, 0, 'row', 0, 0, 10000000000),"
	" (8, 2, 'sock_diag', 330000000, 0, 'message', 0, 0, 10000000000);"
	"INSERT INTO poller_gauge SELECT poller_id, column1 FROM poller, (VALUES ('rx_queue'), ('tx_queue')) WHERE capture_id = 2;"
	"INSERT INTO spike SELECT spike_id + 1000, socket_id, 2, gauge, 0, iif(spike_id % 4, 50, 90), 1000, start_ns, end_ns,"
	" peak_bytes, peak_ns, limit_bytes, events, area_byte_us, left_censored, right_censored FROM spike WHERE capture_id = 1;"
	"INSERT INTO spike_seen SELECT spike_id + 1000, poller_id + 5, polled_peak_bytes, 1 FROM spike_seen WHERE poller_id < 3;";

/* Capture 3 is a replay of 41 pollers that kept counts. */
static const char capture_3_sql[] =
	"INSERT INTO capture (capture_id, capture_uuid, host, boot_id, kernel_release, machine, cpus, backend, command_line,"
	" tool_version, netns_inode, summary_period_ns, min_spike_ns, start_ns, end_ns, start_utc_ns)"
	" VALUES (3, 'u3', 'h', 'b', 'k', 'm', 2, 'tp_btf', 'c', 'v', 1, 1000000000, 0, 0, 10000000000, 0);"
	"INSERT INTO capture_threshold VALUES (3, 1000, 0);"
	"INSERT INTO socket (socket_id, capture_id, cookie, family, local_address, local_port, remote_address, remote_port,"
	" first_ns, older) VALUES (3, 3, 7, 4, '127.0.0.1', 80, '127.0.0.1', 5001, 0, 1);"
	"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 41)"
	"INSERT INTO poller (poller_id, capture_id, source, period_ns, phase_ns, read_mode, priority, start_ns, end_ns, simulated,"
	" polls) SELECT i + 10, 3, 'replay', 100000000, i * 1000, 'instant', 0, 0, 10000000000, 1, 100 FROM n;"
	"INSERT INTO poller_gauge SELECT poller_id, 'rx_queue' FROM poller WHERE capture_id = 3;"
	"INSERT INTO poll (poller_id, scheduled_ns, start_ns, end_ns, rows_read, cpu_ns, missed_turns) SELECT poller_id, phase_ns +"
	" column1 * 99 * period_ns, phase_ns + column1 * 99 * period_ns, phase_ns + column1 * 99 * period_ns, 3, 0, 0 FROM poller,"
	" (VALUES (0), (1)) WHERE capture_id = 3;"
	"INSERT INTO spike_bin VALUES (3, 3, 'rx_queue', 1000, 0, 10000, 11220, 4001, 4001 * 10500, 3000),"
	" (3, 3, 'rx_queue', 1000, 0, 89125094, 100000000, 17, 17 * 99000001, 3000),"
	" (3, 3, 'rx_queue', 1000, 0, 100000000, 112201845, 19, 19 * 100000001, 3000);"
	"INSERT INTO spike_bin_seen SELECT poller_id, 'rx_queue', 1000, 0, column1, column2, poller_id % 7 + 1 FROM poller,"
	" (VALUES (10000, 100000), (10000000, 100000000), (100000000, 1000000000)) WHERE capture_id = 3;";

static int setup_rows(void **state)
{
	views_setup(state);
	run(*state, capture_1_sql);
	run(*state, capture_2_sql);
	run(*state, capture_3_sql);
	return 0;
}

static struct store tally(sqlite3 *db)
{
	struct store store = { .db = db };
	struct failure failure = { 0 };

	if (store_tally(&store, &failure) != 0)
		fail_msg("%s", failure.text);
	return store;
}

static void expect_no_more(sqlite3 *db, const char *schema, const char *other, const char *view)
{
	char sql[256];

	snprintf(sql, sizeof(sql), "SELECT * FROM %s.%s EXCEPT SELECT * FROM %s.%s", schema, view,
		 other, view);
	expect(db, sql, "");
	snprintf(sql, sizeof(sql),
		 "SELECT (SELECT count(*) FROM %s.%s) - (SELECT count(*) FROM %s.%s)", schema, view,
		 other, view);
	expect(db, sql, "0");
}

/* The file's own view, and what stands for it in a report. */
static void expect_same(sqlite3 *db, const char *view)
{
	expect_no_more(db, "main", "temp", view);
	expect_no_more(db, "temp", "main", view);
}

static void pollers_count_each_for_itself(void **state)
{
	tally(*state);
	expect(*state,
	       "SELECT capture_id, count(*), count(DISTINCT poller_id), sum(spikes), sum(seen) FROM main.spike_tally GROUP BY 1",
	       "1|90|5|5393|619 2|66|3|990|257 3|123|41|165517|492");
	expect_same(*state, "spike_tally");
}

static void of_two_longest_spikes_the_earlier_is_the_longest(void **state)
{
	tally(*state);
	expect(*state,
	       "SELECT poller_id, spike_id FROM temp.longest_missed_spike WHERE poller_id < 6 AND gauge = 'rx_queue'"
	       " AND threshold_bytes = 1000 ORDER BY 1",
	       "1|908 2|908 3|908 4|908");
}

static void every_view_says_the_same_in_a_report(void **state)
{
	tally(*state);
	views_each(*state, expect_same);
}

static void views_that_are_kept_say_the_same(void **state)
{
	struct store store = tally(*state);
	struct failure failure = { 0 };

	assert_int_equal(store_keep_view(&store, "missed_spike_summary", &failure), 0);
	assert_int_equal(store_keep_view(&store, "missed_spike_by_duration", &failure), 0);
	views_each(*state, expect_same);
	run(*state, "DELETE FROM temp.spike_tally");
	expect(*state, "SELECT sum(spikes) FROM missed_spike_summary", "171900");
}

static void decades_are_those_of_a_replays_counts(void **state)
{
	(void)state;
	assert_int_equal(TALLY_DECADES, BIN_DECADES);
	for (unsigned decade = 0; decade < TALLY_DECADES; decade++) {
		int64_t from_ns, to_ns;

		bin_decade_edges(decade, &from_ns, &to_ns);
		assert_int_equal(from_ns, tally_decade_start_ns(decade));
	}
}

#define TALLY_TEST(name) cmocka_unit_test_setup_teardown(name, setup_rows, views_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TALLY_TEST(pollers_count_each_for_itself),
		TALLY_TEST(of_two_longest_spikes_the_earlier_is_the_longest),
		TALLY_TEST(every_view_says_the_same_in_a_report),
		TALLY_TEST(views_that_are_kept_say_the_same),
		cmocka_unit_test(decades_are_those_of_a_replays_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
