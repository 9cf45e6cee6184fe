/* SPDX-License-Identifier: BSD-2-Clause */
/* Each view on a tiny file, its rows written out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "views.h"

#include <stdio.h>

/*
 * Capture 1 runs from 0 to 10 s with a threshold of 1,000 bytes. Poller 1 reads both queues each
 * second from 0.5 s on; poller 2 reads rx_queue at 6 and 8 s and runs from 5 s on. Three listed
 * spikes, one censored on either side, eight folded.
 */
static const char rows_sql[] =
	"INSERT INTO capture VALUES (1, 'u', NULL, 'h', 'b', 'k', 'm', 2, 'tp_btf', 'c', 'v', NULL, NULL, 1, 1000000000, "
	"1000000, 0, 0, 10000000000, 0, 10000000000);"
	"INSERT INTO capture_threshold VALUES (1, 1000, 0);"
	"INSERT INTO socket VALUES (1, 1, 7, 8, 9, 4, '127.0.0.1', 1, '127.0.0.1', 2, NULL, NULL, 0, NULL, 1);"
	"INSERT INTO poller (poller_id, capture_id, source, period_ns, phase_ns, read_mode, priority, start_ns, end_ns) VALUES"
	" (1, 1, 'proc', 1000000000, 500000000, 'row', 0, 0, 10000000000),"
	" (2, 1, 'proc', 2000000000, 1000000000, 'row', 0, 5000000000, 10000000000);"
	"INSERT INTO poller_gauge VALUES (1, 'rx_queue'), (1, 'tx_queue'), (2, 'rx_queue');"
	"INSERT INTO poll WITH RECURSIVE n(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < 9)"
	" SELECT i + 1, 1, i * 1000000000 + 500000000, i * 1000000000 + 500000000, i * 1000000000 + 500000010, 3, 1000, 0,"
	" NULL, NULL FROM n;"
	"INSERT INTO poll VALUES (11, 2, 6000000000, 6000000000, 6000000010, 3, 2000, 0, NULL, NULL),"
	" (12, 2, 8000000000, 8000000000, 8000000010, 3, 2000, 1, NULL, NULL);"
	"INSERT INTO spike VALUES"
	" (1, 1, 1, 'rx_queue', 1000, 0, 1000, 1400000000, 1600000000, 2000, 1400000000, 9000, 3, 1, 0, 0),"
	" (2, 1, 1, 'rx_queue', 1000, 0, 1000, 2100000000, 2200000000, 2500, 2100000000, 9000, 3, 1, 0, 0),"
	" (3, 1, 1, 'rx_queue', 1000, 0, 1000, 6000000000, 6500000000, 3000, 6000000000, 9000, 3, 1, 0, 0),"
	" (4, 1, 1, 'rx_queue', 1000, 0, 1000, 0, 300000000, 4000, 0, 9000, 3, 1, 1, 0),"
	" (5, 1, 1, 'rx_queue', 1000, 0, 1000, 9900000000, 10000000000, 4000, 9900000000, 9000, 3, 1, 0, 1);"
	"INSERT INTO spike_bin VALUES (1, 1, 'rx_queue', 1000, 0, 1000, 1122, 8, 8800, 1500);"
	"INSERT INTO spike_seen VALUES (1, 1, 1800, 1), (3, 2, 2900, 1);"
	"INSERT INTO ambiguous VALUES (1, 'rx_queue', 1000, 0, 5);"
	"INSERT INTO sample (poll_id, socket_id, read_start_ns, read_end_ns, rx_queue_bytes, tx_queue_bytes, state) VALUES"
	" (2, 1, 1500000000, 1500000002, 1800, 0, 1), (11, 1, 6000000000, 6000000002, 2900, 0, 1),"
	" (7, 1, 6500000000, 6500000002, 0, 0, 1);"
	"INSERT INTO queue_summary VALUES (1, 'rx_queue', 1000000000, 2000000000, 2000, 1400000000, 300.5, 3),"
	" (1, 'rx_queue', 2000000000, 3000000000, 2500, 2100000000, 200.5, 3);"
	"INSERT INTO probe_timing VALUES (1, 0, 100000000, 70, 9000), (1, 1000000000, 1100000000, 30, 1000);"
	"INSERT INTO thread_cpu VALUES (1, 'writer', 500, 9);";

static int setup_rows(void **state)
{
	views_setup(state);
	run(*state, rows_sql);
	return 0;
}

static void missed_spike_lists_each_spike_a_poller_ran_through(void **state)
{
	expect(*state,
	       "SELECT spike_id, poller_id, seen, polled_peak_bytes, duration_ns FROM missed_spike ORDER BY 2, 1",
	       "1|1|1|1800|200000000 2|1|0|NULL|100000000 3|1|0|NULL|500000000 4|1|0|NULL|300000000 "
	       "5|1|0|NULL|100000000 3|2|1|2900|500000000 5|2|0|NULL|100000000");
}

static void missed_spike_summary_counts_folded_spikes_and_leaves_censored_ones_out(void **state)
{
	expect(*state,
	       "SELECT poller_id, gauge, spikes, seen, missed, censored, ambiguous, round(miss_ratio, 6), "
	       "round(expected_miss_ratio, 6) FROM missed_spike_summary ORDER BY 1, 2",
	       "1|rx_queue|11|1|10|2|5|0.909091|0.927272 1|tx_queue|0|0|0|0|0|NULL|NULL "
	       "2|rx_queue|9|1|8|2|0|0.888889|0.972222");
}

static void missed_spike_by_duration_puts_each_spike_in_its_decade(void **state)
{
	expect(*state,
	       "SELECT poller_id, duration_from_ns, duration_to_ns, spikes, seen, missed, round(expected_miss_ratio, 6) "
	       "FROM missed_spike_by_duration ORDER BY 1, 2",
	       "1|1000|10000|8|0|8|0.999999 1|100000000|1000000000|3|1|2|0.733333 "
	       "2|1000|10000|8|0|8|0.999999 2|100000000|1000000000|1|1|0|0.75");
}

static void peak_underestimation_shows_what_a_poller_believed(void **state)
{
	expect(*state,
	       "SELECT poller_id, start_ns, measured_peak_bytes, polled_peak_bytes FROM peak_underestimation "
	       "WHERE poller_id = 1 ORDER BY 2",
	       "1|1000000000|2000|1800 1|2000000000|2500|NULL");
}

static void agreement_needs_a_trace(void **state)
{
	expect(*state, "SELECT sum(samples), count(agreement_ratio) FROM agreement", "0|0");
	run(*state, "UPDATE sample SET rx_agrees = poll_id <> 7, tx_agrees = 1");
	expect(*state,
	       "SELECT poller_id, gauge, samples, agreeing, agreement_ratio FROM agreement ORDER BY 1, 2",
	       "1|rx_queue|2|1|0.5 1|tx_queue|2|2|1.0 2|rx_queue|1|1|1.0");
}

static void measurement_cost_carries_the_timed_stretches_over_the_capture(void **state)
{
	expect(*state,
	       "SELECT source, poller_id, cpu_ns, events_or_polls, cpu_share FROM measurement_cost ORDER BY 1",
	       "probe|NULL|500000|5000|5.0e-05 proc:1s|1|10000|10|1.0e-06 proc:2s|2|4000|2|4.0e-07 "
	       "writer|NULL|500|9|5.0e-08");
}

static void completeness_is_lost_with_any_loss_or_without_an_end(void **state)
{
	expect(*state, "SELECT complete, losses, ended FROM completeness", "1|0|1");
	run(*state, "INSERT INTO loss VALUES (1, 'a', 3), (1, 'b', 4)");
	expect(*state, "SELECT complete, losses, ended FROM completeness", "0|7|1");
	run(*state, "DELETE FROM loss; UPDATE capture SET end_ns = NULL");
	expect(*state, "SELECT complete, losses, ended FROM completeness", "0|0|0");
}

static void a_killed_capture_ends_with_the_last_time_known(void **state)
{
	run(*state, "UPDATE capture SET end_ns = NULL; UPDATE poller SET end_ns = NULL");
	expect(*state, "SELECT start_ns, end_ns, ended FROM capture_span", "0|9500000010|0");
	/* The right-censored spike lies behind both pollers' last polls, the third one before. */
	expect(*state,
	       "SELECT poller_id, spikes FROM missed_spike_summary WHERE gauge = 'rx_queue' ORDER BY 1",
	       "1|11 2|9");
}

/* Durations 100, 200, 300 and 400 ns. At T the mean of min(1, d/T) is (100 / T + 3) / 4 for T up to
 * 200, and 1000 / 4T from 400 on. */
static void period_needed_solves_for_the_longest_period(void **state)
{
	run(*state,
	    "DELETE FROM spike_seen; DELETE FROM spike; DELETE FROM spike_bin;"
	    "INSERT INTO spike WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 4)"
	    " SELECT i, 1, 1, 'rx_queue', 1000, 0, 1000, i * 1000, i * 1100, 1, 1, 1, 1, 1, 0, 0 FROM n");
	expect(*state,
	       "SELECT target_ratio, period_ns FROM period_needed WHERE gauge = 'rx_queue' ORDER BY 1",
	       "0.5|500 0.9|166 0.95|125 0.99|104");
	/* The same four, folded one to a bin, need the same. */
	run(*state,
	    "DELETE FROM spike;"
	    "INSERT INTO spike_bin WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 4)"
	    " SELECT 1, 1, 'rx_queue', 1000, 0, i * 100, i * 100 + 1, 1, i * 100, 1 FROM n");
	expect(*state,
	       "SELECT target_ratio, period_ns FROM period_needed WHERE gauge = 'rx_queue' ORDER BY 1",
	       "0.5|500 0.9|166 0.95|125 0.99|104");
}

static void expect_wilson(sqlite3 *db, int missed, int spikes, const char *expected)
{
	char sql[640];

	snprintf(
		sql, sizeof(sql),
		"DELETE FROM spike_seen; DELETE FROM spike; DELETE FROM spike_bin;"
		"INSERT INTO spike WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
		" SELECT i, 1, 1, 'rx_queue', 1000, 0, 1000, i * 1000, i * 1000 + 100, 1, 1, 1, 1, 1, 0, 0 FROM n;"
		"INSERT INTO spike_seen SELECT spike_id, 1, 1, 1 FROM spike WHERE spike_id > %d",
		spikes, missed);
	run(db, sql);
	expect(db,
	       "SELECT printf('%.4f', miss_ratio_low), printf('%.4f', miss_ratio_high) FROM missed_spike_summary "
	       "WHERE poller_id = 1 AND gauge = 'rx_queue'",
	       expected);
}

/* Newcombe, Statistics in Medicine 17 (1998), Table I, method 3. */
static void wilson_intervals_are_the_published_ones(void **state)
{
	expect_wilson(*state, 81, 263, "0.2553|0.3662");
	expect_wilson(*state, 15, 148, "0.0624|0.1605");
	expect_wilson(*state, 0, 20, "0.0000|0.1611");
	expect_wilson(*state, 1, 29, "0.0061|0.1718");
}

static void accept_and_backlog_spikes_are_missed_like_others(void **state)
{
	expect(*state, "SELECT count(*) FROM accept_missed", "0");
	run(*state,
	    "INSERT INTO accept_spike VALUES (1, 1, 3, 1400000000, 1600000000, 5, 128, 1500000000, 0, 0),"
	    " (1, 1, 3, 2100000000, 2200000000, 4, 128, 2100000000, 0, 0),"
	    " (1, 1, 3, 2300000000, 2400000000, 9, 128, 2300000000, 1, 0),"
	    " (1, 1, 3, 2500000000, 2600000000, 9, 128, 2500000000, 0, 1);"
	    "UPDATE sample SET accept_queue_connections = 4 WHERE poll_id = 2");
	expect(*state,
	       "SELECT threshold_connections, spikes, seen, missed, miss_ratio FROM accept_missed WHERE poller_id = 1",
	       "3|2|1|1|0.5");
	run(*state,
	    "INSERT INTO capture_level VALUES (1, 'softnet_backlog', 10), (1, 'softnet_backlog', 40);"
	    "INSERT INTO softnet_spike VALUES (1, 0, 10, 1000, 2000, 50, 1500, 0, 0), (1, 0, 10, 3000, 4000, 60, 3000, 0, 0),"
	    " (1, 0, 40, 1400, 1600, 50, 1500, 0, 0), (1, 0, 10, 5000, 6000, 99, 5000, 0, 1);"
	    "INSERT INTO softnet_sample VALUES (1, 0, 1500, 1, 0, 0, 0, 0, 20, NULL, NULL),"
	    " (1, 0, 4000, 1, 0, 0, 0, 0, 70, NULL, NULL)");
	expect(*state,
	       "SELECT cpu, spikes, seen, missed, measured_peak_packets, sampled_peak_packets FROM softnet_missed",
	       "0|2|1|1|60|70");
}

static void softnet_counted_sets_events_beside_the_counters(void **state)
{
	run(*state,
	    "INSERT INTO softnet_sample VALUES (1, 3, 1000, 1, 5, 7, 0, 0, 0, NULL, NULL),"
	    " (1, 3, 9000, 1, 16, 9, 0, 0, 0, NULL, NULL);"
	    "INSERT INTO time_squeeze VALUES (1, 3, 999, 'time'), (1, 3, 1000, 'budget'), (1, 3, 9000, 'time'),"
	    " (1, 4, 5000, 'time');"
	    "INSERT INTO backlog_drop VALUES (1, 3, 2000, 3000, 4), (1, 3, 4000, 4000, 7)");
	expect(*state,
	       "SELECT first_ns, last_ns, squeezes_counted, squeezes_measured, squeezes_before, drops_counted, drops_measured"
	       " FROM softnet_counted WHERE cpu = 3",
	       "1000|9000|2|2|1|11|11");
	/* The last reading comes when the capture is over, and counts. */
	run(*state,
	    "INSERT INTO softnet_sample VALUES (1, 3, 10000000500, 1, 19, 11, 0, 0, 0, NULL, NULL);"
	    "INSERT INTO time_squeeze VALUES (1, 3, 9500, 'time'), (1, 3, 10000000400, 'time'),"
	    " (1, 3, 10000000600, 'time');"
	    "INSERT INTO backlog_drop VALUES (1, 3, 10000000100, 10000000200, 3)");
	expect(*state,
	       "SELECT last_ns, squeezes_counted, squeezes_measured, drops_counted, drops_measured FROM softnet_counted"
	       " WHERE cpu = 3",
	       "10000000500|4|4|14|14");
}

static void scan_fault_counts_the_scans_that_are_known(void **state)
{
	expect(*state, "SELECT count(*) FROM scan_fault", "0");
	run(*state, "UPDATE poll SET rows_skipped = 3, rows_repeated = 0 WHERE poll_id = 1;"
		    "UPDATE poll SET rows_skipped = 0, rows_repeated = 2 WHERE poll_id = 2");
	expect(*state,
	       "SELECT poller_id, polls, rows_skipped, rows_repeated, polls_that_skipped, polls_that_repeated FROM scan_fault",
	       "1|2|3|2|1|1");
}

static void rollups_add_up_the_sockets_of_a_period(void **state)
{
	run(*state,
	    "INSERT INTO socket VALUES (2, 1, 9, 8, 9, 4, '127.0.0.1', 1, '127.0.0.1', 3, 77, 'redis', 0, NULL, 1),"
	    " (3, 1, 9, 8, 11, 4, '127.0.0.1', 5, '127.0.0.1', 3, 77, 'redis', 0, NULL, 1);"
	    /* The second one's first period is a half: it began in the middle. */
	    "INSERT INTO queue_summary VALUES (2, 'rx_queue', 1500000000, 2000000000, 700, 1500000000, 600.0, 5),"
	    " (3, 'rx_queue', 1000000000, 2000000000, 90, 1000000000, 50.0, 7)");
	expect(*state,
	       "SELECT port, start_ns, sockets, highest_peak_bytes, sum_peak_bytes, sum_mean_bytes, events FROM rollup_by_port"
	       " WHERE port = 1 AND start_ns = 1000000000",
	       "1|1000000000|2|2000|2700|600.5|8");
	expect(*state,
	       "SELECT pid, comm, sockets, highest_peak_bytes, sum_mean_bytes FROM rollup_by_pid WHERE pid = 77",
	       "77|redis|2|700|350.0");
	expect(*state, "SELECT netns, sockets, events FROM rollup_by_netns WHERE netns = 11",
	       "11|1|7");
	/* What the second one held, beside the others in the period that it was born in. */
	expect(*state,
	       "SELECT socket_id, start_ns, period_start_ns FROM peak_underestimation WHERE poller_id = 1 AND socket_id = 2",
	       "2|1500000000|1000000000");
}

static void expect_no_row(sqlite3 *db, const char *view)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", view);
	expect(db, sql, "0");
}

static void an_empty_file_has_no_rows_in_any_view(void **state)
{
	views_each(*state, expect_no_row);
}

#define VIEW_TEST(name) cmocka_unit_test_setup_teardown(name, setup_rows, views_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		VIEW_TEST(missed_spike_lists_each_spike_a_poller_ran_through),
		VIEW_TEST(missed_spike_summary_counts_folded_spikes_and_leaves_censored_ones_out),
		VIEW_TEST(missed_spike_by_duration_puts_each_spike_in_its_decade),
		VIEW_TEST(peak_underestimation_shows_what_a_poller_believed),
		VIEW_TEST(agreement_needs_a_trace),
		VIEW_TEST(measurement_cost_carries_the_timed_stretches_over_the_capture),
		VIEW_TEST(completeness_is_lost_with_any_loss_or_without_an_end),
		VIEW_TEST(a_killed_capture_ends_with_the_last_time_known),
		VIEW_TEST(period_needed_solves_for_the_longest_period),
		VIEW_TEST(wilson_intervals_are_the_published_ones),
		VIEW_TEST(accept_and_backlog_spikes_are_missed_like_others),
		VIEW_TEST(softnet_counted_sets_events_beside_the_counters),
		VIEW_TEST(scan_fault_counts_the_scans_that_are_known),
		VIEW_TEST(rollups_add_up_the_sockets_of_a_period),
		cmocka_unit_test_setup_teardown(an_empty_file_has_no_rows_in_any_view, views_setup,
						views_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
