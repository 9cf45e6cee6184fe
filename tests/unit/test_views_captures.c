/* SPDX-License-Identifier: BSD-2-Clause */
/* Views on a file of two captures: what is of one stays apart from the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "views.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/*
 * Times are written in ms, durations of spikes in us. Both captures are of the same sockets:
 * cookies, addresses, inodes and processes are the same.
 *
 * Capture 1 runs from 1,000 to 5,000 ms with thresholds of 1,000 and 5,000 bytes; poller 1 reads rx
 * and tx each second, poller 2 rx and rmem each 500 ms from 2,000 ms on.
 */
static const char capture_1_sql[] =
	"INSERT INTO capture (capture_id, capture_uuid, host, boot_id, kernel_release, machine, cpus, backend, command_line,"
	" tool_version, netns_inode, summary_period_ns, min_spike_ns, traced, start_ns, end_ns, start_utc_ns, end_utc_ns)"
	" VALUES (1, 'u1', 'h', 'b', 'k', 'm', 2, 'tp_btf', 'c', 'v', 1, 1000000000, 1000000, 1, 1000000000, 5000000000, 0, 4);"
	"INSERT INTO capture_threshold VALUES (1, 1000, 0), (1, 5000, 0);"
	"INSERT INTO capture_level VALUES (1, 'accept_queue', 1), (1, 'softnet_backlog', 10);"
	"INSERT INTO socket (socket_id, capture_id, cookie, inode, netns, family, local_address, local_port, remote_address,"
	" remote_port, pid, comm, first_ns, last_ns, older) VALUES"
	" (1, 1, 7, 70, 9, 4, '127.0.0.1', 80, '127.0.0.1', 5001, 77, 'redis', 1000000000, NULL, 1),"
	" (2, 1, 8, 71, 9, 4, '127.0.0.1', 80, '127.0.0.1', 5002, 77, 'redis', 1500000000, NULL, 0),"
	" (3, 1, NULL, 72, 9, 4, '0.0.0.0', 80, '0.0.0.0', 0, 77, 'redis', 1000000000, NULL, 1);"
	"INSERT INTO poller (poller_id, capture_id, source, period_ns, phase_ns, read_mode, priority, start_ns, end_ns) VALUES"
	" (1, 1, 'proc', 1000000000, 500000000, 'row', 0, 1000000000, 5000000000),"
	" (2, 1, 'sock_diag', 500000000, 1250000000, 'message', 0, 2000000000, 5000000000);"
	"INSERT INTO poller_gauge VALUES (1, 'rx_queue'), (1, 'tx_queue'), (2, 'rx_queue'), (2, 'rmem');"
	"INSERT INTO poll (poll_id, poller_id, scheduled_ns, start_ns, end_ns, rows_read, cpu_ns, missed_turns, rows_skipped,"
	" rows_repeated) SELECT column1, column2, column3 * 1000000, column3 * 1000000, column3 * 1000000 + 10, 3, 1000, 0, 1, 2"
	" FROM (VALUES (1, 1, 1500), (2, 1, 2500), (3, 1, 3500), (4, 1, 4500), (5, 2, 2250), (6, 2, 2750), (7, 2, 3250),"
	" (8, 2, 3750), (9, 2, 4250), (10, 2, 4750));"
	"INSERT INTO sample (poll_id, socket_id, read_start_ns, read_end_ns, rx_queue_bytes, tx_queue_bytes,"
	" accept_queue_connections, rmem_bytes, state, rx_agrees, tx_agrees, rmem_agrees)"
	" SELECT poll_id, column2, poll.start_ns, poll.start_ns + 5, column3, 0, column4, column5, 1, 1, 1, 0"
	" FROM (VALUES (1, 1, 1800, NULL, NULL), (1, 3, NULL, 2, NULL), (6, 1, 0, NULL, 6000), (9, 2, 7000, NULL, 9000))"
	" JOIN poll ON poll_id = column1;"
	"INSERT INTO spike SELECT column1, column2, 1, column3, column4, 0, column4, column5 * 1000000,"
	" column5 * 1000000 + column6 * 1000, 8000, column5 * 1000000, 90000, 3, 1, column7, column8 FROM (VALUES"
	" (1, 1, 'rx_queue', 1000, 1400, 200000, 0, 0), (2, 1, 'rx_queue', 1000, 2100, 3000, 0, 0),"
	" (3, 2, 'rx_queue', 1000, 4240, 20000, 0, 0), (4, 2, 'rx_queue', 5000, 4245, 10000, 0, 0),"
	" (5, 1, 'tx_queue', 1000, 3000, 40, 0, 0), (6, 1, 'rmem', 5000, 2740, 30000, 0, 0),"
	" (7, 1, 'rx_queue', 1000, 1000, 5000, 1, 0), (8, 2, 'rx_queue', 5000, 4900, 100000, 0, 1));"
	"INSERT INTO spike_seen VALUES (1, 1, 1800, 1), (3, 2, 7000, 1), (4, 2, 7000, 1), (6, 2, 6000, 1);"
	"INSERT INTO spike_bin VALUES (1, 1, 'rx_queue', 1000, 0, 1122, 1258, 7, 8400, 1500),"
	" (2, 1, 'rx_queue', 1000, 0, 112201, 125892, 3, 360000, 1700);"
	"INSERT INTO ambiguous VALUES (1, 'rx_queue', 1000, 0, 5);"
	"INSERT INTO queue_summary VALUES (1, 'rx_queue', 1000000000, 2000000000, 8000, 1400000000, 300.5, 9),"
	" (2, 'rx_queue', 1500000000, 2000000000, 700, 1500000000, 600.0, 5);"
	"INSERT INTO accept_spike VALUES (1, 3, 1, 1490000000, 1510000000, 3, 128, 1495000000, 0, 0);"
	"INSERT INTO softnet_sample VALUES (1, 0, 1000000000, 1, 5, 7, 0, 0, 20, NULL, NULL),"
	" (1, 0, 5001000000, 1, 16, 9, 0, 0, 0, NULL, NULL);"
	"INSERT INTO softnet_spike VALUES (1, 0, 10, 999000000, 1001000000, 50, 1000000000, 0, 0);"
	"INSERT INTO time_squeeze VALUES (1, 0, 2000000000, 'time'), (1, 0, 5000500000, 'budget');"
	"INSERT INTO backlog_drop VALUES (1, 0, 2000000000, 2100000000, 11);"
	"INSERT INTO waiting_bin VALUES (1, 1000, 1122, 500), (1, 100000, 112201, 100);"
	"INSERT INTO probe_timing VALUES (1, 1000000000, 1100000000, 70, 9000);"
	"INSERT INTO thread_cpu VALUES (1, 'writer', 500, 9);"
	"INSERT INTO loss VALUES (1, 'ring_full', 3);";

/*
 * Capture 2 runs from 100,250 to 103,550 ms, so that its last period has 300 ms, with thresholds of
 * 50 and 90 per cent. Pollers 3 and 4 both are proc:1s, out of step: 3 reads at 750 ms past the
 * second, 4 on the second.
 */
static const char capture_2_sql[] =
	"INSERT INTO capture (capture_id, capture_uuid, host, boot_id, kernel_release, machine, cpus, backend, command_line,"
	" tool_version, netns_inode, summary_period_ns, min_spike_ns, traced, start_ns, end_ns, start_utc_ns, end_utc_ns)"
	" VALUES (2, 'u2', 'h', 'b', 'k', 'm', 2, 'tp_btf', 'c', 'v', 1, 1000000000, 1000000, 1, 100250000000, 103550000000, 0, 4);"
	"INSERT INTO capture_threshold VALUES (2, 0, 50), (2, 0, 90);"
	"INSERT INTO capture_level VALUES (2, 'accept_queue', 1), (2, 'softnet_backlog', 30);"
	"INSERT INTO socket (socket_id, capture_id, cookie, inode, netns, family, local_address, local_port, remote_address,"
	" remote_port, pid, comm, first_ns, last_ns, older) VALUES"
	" (4, 2, 7, 70, 9, 4, '127.0.0.1', 80, '127.0.0.1', 5001, 77, 'redis', 100250000000, NULL, 1),"
	" (5, 2, 8, 71, 9, 4, '127.0.0.1', 80, '127.0.0.1', 5002, 77, 'redis', 100750000000, NULL, 0),"
	" (6, 2, NULL, 72, 9, 4, '0.0.0.0', 80, '0.0.0.0', 0, 77, 'redis', 100250000000, NULL, 1);"
	"INSERT INTO poller (poller_id, capture_id, source, period_ns, phase_ns, read_mode, priority, start_ns, end_ns) VALUES"
	" (3, 2, 'proc', 1000000000, 500000000, 'row', 0, 100250000000, 103550000000),"
	" (4, 2, 'proc', 1000000000, 750000000, 'row', 0, 100250000000, 103550000000);"
	"INSERT INTO poller_gauge VALUES (3, 'rx_queue'), (3, 'tx_queue'), (4, 'rx_queue'), (4, 'tx_queue');"
	"INSERT INTO poll (poll_id, poller_id, scheduled_ns, start_ns, end_ns, rows_read, cpu_ns, missed_turns, rows_skipped,"
	" rows_repeated) SELECT column1, column2, column3 * 1000000, column3 * 1000000, column3 * 1000000 + 10, 3, 2000, 0, 0, 1"
	" FROM (VALUES (11, 3, 100750), (12, 3, 101750), (13, 3, 102750), (14, 4, 101000), (15, 4, 102000), (16, 4, 103000));"
	"INSERT INTO sample (poll_id, socket_id, read_start_ns, read_end_ns, rx_queue_bytes, tx_queue_bytes,"
	" accept_queue_connections, state, rx_agrees, tx_agrees)"
	" SELECT poll_id, column2, poll.start_ns, poll.start_ns + 5, column3, column4, column5, 1, 1, 0"
	" FROM (VALUES (11, 4, 65000, 0, NULL), (13, 4, 99000, 0, NULL), (15, 5, 66000, 0, NULL), (14, 4, 0, 70000, NULL),"
	" (16, 6, NULL, NULL, 4)) JOIN poll ON poll_id = column1;"
	"INSERT INTO spike SELECT column1, column2, 2, column3, 0, column4, column4 * 1000, column5 * 1000000,"
	" column5 * 1000000 + column6 * 1000, 99000, column5 * 1000000, 100000, 3, 1, column7, column8 FROM (VALUES"
	" (11, 4, 'rx_queue', 50, 100700, 100000, 0, 0), (12, 5, 'rx_queue', 50, 101900, 150000, 0, 0),"
	" (13, 5, 'rx_queue', 50, 102300, 1000, 0, 0), (14, 4, 'rx_queue', 50, 102745, 10000, 0, 0),"
	" (15, 4, 'rx_queue', 90, 102748, 4000, 0, 0), (16, 4, 'tx_queue', 50, 101000, 50, 0, 0),"
	" (17, 4, 'rx_queue', 50, 100250, 50000, 1, 0), (18, 4, 'rx_queue', 50, 103500, 50000, 0, 1));"
	"INSERT INTO spike_seen VALUES (11, 3, 65000, 1), (14, 3, 99000, 1), (15, 3, 99000, 1), (12, 4, 66000, 1),"
	" (16, 4, 70000, 1);"
	"INSERT INTO spike_bin VALUES (4, 2, 'rx_queue', 0, 50, 1122, 1258, 7, 8400, 60000);"
	"INSERT INTO ambiguous VALUES (4, 'rx_queue', 0, 50, 1);"
	"INSERT INTO queue_summary SELECT column1, column2, column3 * 1000000, column4 * 1000000, column5, column3 * 1000000,"
	" column6, 7 FROM (VALUES (4, 'rx_queue', 100250, 101250, 65000, 100.0), (5, 'rx_queue', 100750, 101250, 900, 600.0),"
	" (4, 'rx_queue', 103250, 103550, 80000, 1000.0), (5, 'rx_queue', 103400, 103550, 70000, 500.0));"
	"INSERT INTO accept_spike VALUES (2, 6, 1, 102990000000, 103010000000, 5, 128, 103000000000, 0, 0),"
	" (2, 6, 1, 103100000000, 103110000000, 2, 128, 103100000000, 0, 0);"
	"INSERT INTO softnet_sample VALUES (2, 0, 100260000000, 1, 16, 9, 0, 0, 1, NULL, NULL),"
	" (2, 0, 103551000000, 1, 18, 12, 0, 0, 2, NULL, NULL);"
	"INSERT INTO softnet_spike VALUES (2, 0, 30, 101000000000, 101100000000, 60, 101000000000, 0, 0);"
	"INSERT INTO time_squeeze VALUES (2, 0, 100255000000, 'time'), (2, 0, 101000000000, 'time'), (2, 0, 101100000000, 'time'),"
	" (2, 0, 103550500000, 'budget');"
	"INSERT INTO backlog_drop VALUES (2, 0, 103550100000, 103550200000, 2);"
	"INSERT INTO waiting_bin VALUES (4, 1000, 1122, 900);"
	"INSERT INTO probe_timing VALUES (2, 101000000000, 101100000000, 10, 2000);"
	"INSERT INTO thread_cpu VALUES (2, 'writer', 700, 5);";

static int setup_captures(void **state)
{
	views_setup(state);
	run(*state, capture_1_sql);
	run(*state, capture_2_sql);
	return 0;
}

static void per_cent_thresholds_and_pollers_of_one_period_are_told_apart(void **state)
{
	/* Poller 3: (0.9 + 0.85 + 0.999 + 0.99 + 7 - 8400 / 1e9) / 11. */
	expect(*state,
	       "SELECT poller_id, gauge, threshold_bytes, threshold_percent, spikes, seen, missed, censored, ambiguous,"
	       " printf('%.6f', expected_miss_ratio) FROM missed_spike_summary WHERE capture_id = 2 AND spikes > 0 ORDER BY 1, 2, 4",
	       "3|rx_queue|0|50|11|2|9|2|0|0.976272 3|rx_queue|0|90|1|1|0|0|0|0.996000 3|tx_queue|0|50|1|0|1|0|0|0.999950 "
	       "4|rx_queue|0|50|11|1|10|2|1|0.976272 4|rx_queue|0|90|1|0|1|0|0|0.996000 4|tx_queue|0|50|1|1|0|0|0|0.999950");
	expect(*state,
	       "SELECT poller_id, duration_from_ns, spikes, seen FROM missed_spike_by_duration WHERE capture_id = 2"
	       " AND gauge = 'rx_queue' AND threshold_percent = 50 ORDER BY 1, 2",
	       "3|1000|7|0 3|1000000|1|0 3|10000000|1|1 3|100000000|2|1 "
	       "4|1000|7|0 4|1000000|1|0 4|10000000|1|0 4|100000000|2|1");
	expect(*state,
	       "SELECT source, cpu_ns, events_or_polls FROM measurement_cost WHERE capture_id = 2 AND poller_id IS NOT NULL"
	       " ORDER BY 1",
	       "proc:1s#3|6000|3 proc:1s#4|6000|3");
}

/* Every poller, gauge and threshold of both captures: the decades add up to the whole. */
static void durations_add_up_to_the_summary(void **state)
{
	const char *totals =
		"CREATE TEMP TABLE total AS SELECT capture_id, poller_id, gauge, threshold_bytes, threshold_percent,"
		" sum(spikes) AS spikes, sum(seen) AS seen, sum(missed) AS missed,"
		" sum(expected_miss_ratio * spikes) / sum(spikes) AS expected FROM missed_spike_by_duration GROUP BY 1, 2, 3, 4, 5";

	run(*state, totals);
	expect(*state, "SELECT count(*), count(DISTINCT poller_id) FROM total", "12|4");
	expect(*state,
	       "SELECT summary.* FROM missed_spike_summary AS summary LEFT JOIN total"
	       " USING (capture_id, poller_id, gauge, threshold_bytes, threshold_percent)"
	       " WHERE (ifnull(total.spikes, 0), ifnull(total.seen, 0), ifnull(total.missed, 0))"
	       " <> (summary.spikes, summary.seen, summary.missed)"
	       " OR abs(ifnull(total.expected, 0) - ifnull(summary.expected_miss_ratio, 0)) > 1e-12",
	       "");
	/* And the listed spikes, folded ones aside, are those of the summary. */
	expect(*state,
	       "SELECT count(*) FROM missed_spike WHERE NOT left_censored AND NOT right_censored"
	       " UNION ALL SELECT (SELECT sum(spikes) FROM missed_spike_summary) - (SELECT sum(bin.spikes) FROM spike_bin AS bin"
	       " JOIN poller USING (capture_id) JOIN poller_gauge USING (poller_id) WHERE poller_gauge.gauge = bin.gauge)",
	       "21 21");
}

static void the_last_period_of_a_rollup_is_as_long_as_the_capture_covered_it(void **state)
{
	static const char *const views[] = { "port", "pid", "netns" };

	for (size_t index = 0; index < sizeof(views) / sizeof(views[0]); index++) {
		char sql[256];

		snprintf(
			sql, sizeof(sql),
			"SELECT capture_id, %s, start_ns / 1000000, sockets, sum_mean_bytes, events FROM rollup_by_%s"
			" ORDER BY capture_id, start_ns",
			index == 2 ? "netns - 9" :
			index == 1 ? "comm" :
				     "port",
			views[index]);
		/* 100 + half of 600; all of 300 ms at 1,000 and the half of them at 500. */
		expect(*state, sql,
		       index == 2 ?
			       "1|0|1000|2|600.5|14 2|0|100250|2|400.0|14 2|0|103250|2|1250.0|14" :
		       index == 1 ?
			       "1|redis|1000|2|600.5|14 2|redis|100250|2|400.0|14 2|redis|103250|2|1250.0|14" :
			       "1|80|1000|2|600.5|14 2|80|100250|2|400.0|14 2|80|103250|2|1250.0|14");
	}
}

/* A poll of 103,450 ms is the last thing known; socket 5 died at 103,400, and what the others held
 * then was never told. */
static void the_last_period_of_a_killed_capture_ends_with_what_is_known(void **state)
{
	run(*state,
	    "UPDATE capture SET end_ns = NULL WHERE capture_id = 2; UPDATE poller SET end_ns = NULL WHERE capture_id = 2;"
	    "DELETE FROM softnet_sample WHERE capture_id = 2 AND time_ns > 103000000000;"
	    "DELETE FROM queue_summary WHERE socket_id IN (4, 5) AND start_ns > 103000000000;"
	    "INSERT INTO queue_summary VALUES (5, 'rx_queue', 103250000000, 103400000000, 70000, 103300000000, 1000.0, 7);"
	    "INSERT INTO poll (poll_id, poller_id, scheduled_ns, start_ns, end_ns, rows_read, cpu_ns, missed_turns)"
	    " VALUES (17, 3, 103440000000, 103440000000, 103450000000, 3, 2000, 0)");
	expect(*state,
	       "SELECT start_ns / 1000000, sum_mean_bytes FROM rollup_by_port WHERE capture_id = 2 ORDER BY 1",
	       "100250|400.0 103250|750.0");
}

static void sockets_of_one_period_share_its_start(void **state)
{
	expect(*state,
	       "SELECT period_start_ns / 1000000, count(*), max(measured_peak_bytes), max(polled_peak_bytes)"
	       " FROM peak_underestimation WHERE poller_id = 3 GROUP BY 1 ORDER BY 1",
	       "100250|2|65000|65000 103250|2|80000|NULL");
}

static void counters_and_events_of_softnet_are_each_captures_own(void **state)
{
	expect(*state,
	       "SELECT capture_id, squeezes_counted, squeezes_measured, squeezes_before, drops_counted, drops_measured"
	       " FROM softnet_counted ORDER BY 1",
	       "1|2|2|0|11|11 2|3|3|1|2|2");
	expect(*state,
	       "SELECT capture_id, spikes, seen, measured_peak_packets, sampled_peak_packets FROM softnet_missed ORDER BY 1",
	       "1|1|1|50|20 2|1|0|60|2");
	expect(*state,
	       "SELECT capture_id, poller_id, spikes, seen FROM accept_missed ORDER BY 1, 2",
	       "1|1|1|1 1|2|0|0 2|3|2|0 2|4|2|1");
}

/* What is of experiments has no capture of its own: test_views_experiment.c. */
static bool view_is_of_captures(const char *view)
{
	return strncmp(view, "trial_", 6) != 0 && strncmp(view, "finding_", 8) != 0 &&
	       strncmp(view, "cost_", 5) != 0;
}

static void view_keep(sqlite3 *db, const char *view)
{
	char sql[128];

	if (!view_is_of_captures(view))
		return;
	snprintf(sql, sizeof(sql), "CREATE TEMP TABLE kept_%s AS SELECT * FROM %s", view, view);
	run(db, sql);
}

/* The rows kept while a capture was alone are its rows still; capture_id is of both, in every view.
 */
static void view_compare(sqlite3 *db, const char *view)
{
	char sql[640];

	if (!view_is_of_captures(view))
		return;
	snprintf(sql, sizeof(sql), "SELECT '%s has rows: ', count(*) > 0 FROM kept_%s", view, view);
	expect(db, sql, sqlite3_snprintf(128, (char[128]){ 0 }, "%s has rows: |1", view));
	snprintf(
		sql, sizeof(sql),
		"SELECT '%s: lost, new and all: ', (SELECT count(*) FROM (SELECT * FROM kept_%s EXCEPT SELECT * FROM %s)),"
		" (SELECT count(*) FROM (SELECT * FROM %s WHERE capture_id = (SELECT max(capture_id) FROM kept_%s)"
		" EXCEPT SELECT * FROM kept_%s)),"
		" (SELECT count(*) FROM %s WHERE capture_id = (SELECT max(capture_id) FROM kept_%s))"
		" - (SELECT count(*) FROM kept_%s)",
		view, view, view, view, view, view, view, view, view);
	expect(db, sql,
	       sqlite3_snprintf(128, (char[128]){ 0 }, "%s: lost, new and all: |0|0|0", view));
}

static void a_capture_changes_no_row_of_the_one_before_it(void **state)
{
	run(*state, capture_1_sql);
	views_each(*state, view_keep);
	run(*state, capture_2_sql);
	views_each(*state, view_compare);
}

static void a_capture_has_the_rows_that_it_had_alone(void **state)
{
	run(*state, capture_2_sql);
	views_each(*state, view_keep);
	run(*state, capture_1_sql);
	views_each(*state, view_compare);
}

#define CAPTURES_TEST(name) cmocka_unit_test_setup_teardown(name, setup_captures, views_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CAPTURES_TEST(per_cent_thresholds_and_pollers_of_one_period_are_told_apart),
		CAPTURES_TEST(durations_add_up_to_the_summary),
		CAPTURES_TEST(the_last_period_of_a_rollup_is_as_long_as_the_capture_covered_it),
		CAPTURES_TEST(the_last_period_of_a_killed_capture_ends_with_what_is_known),
		CAPTURES_TEST(sockets_of_one_period_share_its_start),
		CAPTURES_TEST(counters_and_events_of_softnet_are_each_captures_own),
		cmocka_unit_test_setup_teardown(a_capture_changes_no_row_of_the_one_before_it,
						views_setup, views_teardown),
		cmocka_unit_test_setup_teardown(a_capture_has_the_rows_that_it_had_alone,
						views_setup, views_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
