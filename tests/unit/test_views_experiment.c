/* SPDX-License-Identifier: BSD-2-Clause */
/* What experiments come to: trial_step, trial_queue and finding_value on trials made up to be told
 * by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "views.h"

/*
 * Experiment 1 is a quick one, 2 a full one of two blocks, whose second uncapped trial failed; both
 * are of server "s". Each load has three steps of 1 s, of which the first is warm-up. A trial's
 * capture has its id; socket 10 * id is the server's, 10 * id + 1 the client's.
 */
static const char trials_sql[] =
	"INSERT INTO experiment (experiment_id, name, server, quick, seed, command_line, tool_version, start_utc_ns) VALUES"
	" (1, 'blog', 's', 1, 1, 'c', 'v', 0), (2, 'blog', 's', 0, 1, 'c', 'v', 0), (3, 'overhead', 's', 0, 1, 'c', 'v', 0);"
	"INSERT INTO trial (trial_id, experiment_id, block, treatment, hash_buckets, connections, capture_id, command_line, start_ns,"
	" end_ns, failure, result)"
	" SELECT column1, column2, column3, column4, 1024, 2, column1, 'c', 0, 4000, column5,"
	" '{\"steps\":[{\"rate_per_s\":10,\"achieved_per_s\":10,\"start_ns\":0,\"duration_ns\":1000,\"p99_ns\":5},"
	"{\"rate_per_s\":10,\"achieved_per_s\":10,\"start_ns\":1000,\"duration_ns\":1000},"
	"{\"rate_per_s\":90,\"achieved_per_s\":80,\"start_ns\":2000,\"duration_ns\":1000,\"p99_ns\":30,\"in_flight_peak\":128}]}'"
	" FROM (VALUES (1, 1, 1, '128 in flight', NULL), (2, 2, 1, '128 in flight', NULL), (3, 2, 1, 'no cap', NULL),"
	" (4, 2, 2, '128 in flight', NULL), (5, 2, 2, 'no cap', 'the load ended with status 1'));"
	"INSERT INTO trial (trial_id, experiment_id, block, treatment, hash_buckets, connections, command_line, start_ns, end_ns, result)"
	" VALUES (6, 3, 1, 'nothing: closed loop', 1024, 2, 'c', 0, 1, '{\"steps\":[{\"achieved_per_s\":200.0}]}'),"
	" (7, 3, 1, 'aggregate: closed loop', 1024, 2, 'c', 0, 1, '{\"steps\":[{\"achieved_per_s\":150.0}]}');"
	"INSERT INTO capture (capture_id, capture_uuid, host, boot_id, kernel_release, machine, cpus, backend, command_line, tool_version,"
	" ports, netns_inode, summary_period_ns, min_spike_ns, start_ns, end_ns, start_utc_ns)"
	" SELECT column1, 'u' || column1, 'h', 'b', 'k', 'm', 2, 'tp_btf', 'c', 'v', '700', 1, 1000, 0, 0, 4000, 0"
	" FROM (VALUES (1), (2), (3), (4), (5));"
	"INSERT INTO socket (socket_id, capture_id, family, local_address, local_port, remote_address, remote_port, first_ns, older)"
	" SELECT capture_id * 10, capture_id, 4, 'a', 700, 'a', 5000, 0, 0 FROM capture UNION ALL"
	" SELECT capture_id * 10 + 1, capture_id, 4, 'a', 5000, 'a', 700, 0, 0 FROM capture;"
	"INSERT INTO queue_summary SELECT column1, column2, column3 - 500, column3 + 500, column4, column3, 0, 1 FROM (VALUES"
	" (10, 'rx_queue', 1500, 300), (10, 'rx_queue', 2500, 300000),"
	" (20, 'rx_queue', 500, 900000), (20, 'rx_queue', 1500, 600), (20, 'rx_queue', 2500, 30000), (21, 'rx_queue', 2500, 300),"
	" (21, 'tx_queue', 2500, 1000), (30, 'rx_queue', 2500, 60000), (31, 'tx_queue', 2500, 8000),"
	" (40, 'rx_queue', 1500, 1200), (40, 'rx_queue', 2500, 36000), (41, 'tx_queue', 2500, 2000), (51, 'tx_queue', 2500, 99000));"
	"INSERT INTO blog_summary VALUES (20, 0, 999, 90000, 90000, 9000, 30, 0, 9), (20, 2000, 3000, 50000, 50000, 900, 300, 0, 9), (21, 2000, 3000, 70000, 70000, 0, 7, 0, 9);"
	"INSERT INTO time_squeeze VALUES (2, 0, 5, 'budget'), (2, 1, 6, 'time'), (4, 0, 7, 'time');"
	"INSERT INTO softnet_sample (capture_id, cpu, time_ns, processed, dropped, time_squeeze, received_rps, flow_limit_count)"
	" VALUES (2, 0, 1, 0, 0, 40, 0, 0), (2, 0, 9, 0, 0, 41, 0, 0), (2, 1, 1, 0, 0, 7, 0, 0), (2, 1, 9, 0, 0, 9, 0, 0);"
	"INSERT INTO spike (socket_id, capture_id, gauge, threshold_bytes, threshold_percent, threshold_start_bytes, start_ns, end_ns, peak_bytes,"
	" peak_ns, limit_bytes, events, area_byte_us, left_censored, right_censored)"
	" SELECT column1, 3, column2, column3, 0, column3, column4, column4 + 10, 300000, column4, 0, 1, 1, 0, 0 FROM (VALUES"
	" (31, 'tx_queue', 262144, 2600), (31, 'tx_queue', 262144, 2700), (31, 'tx_queue', 65536, 100), (30, 'tx_queue', 262144, 100));";

static void steps_are_of_trials_that_came_to_their_end(void **state)
{
	run(*state, trials_sql);
	expect(*state, "SELECT trial_id, count(*), min(step), max(step) FROM trial_step GROUP BY 1",
	       "1|3|1|3 2|3|1|3 3|3|1|3 4|3|1|3 6|1|1|1 7|1|1|1");
	expect(*state,
	       "SELECT rate_per_s, achieved_per_s, start_ns, end_ns FROM trial_step WHERE trial_id = 2 AND step = 3",
	       "90|80|2000|3000");
}

static void queues_are_told_by_step_and_side(void **state)
{
	run(*state, trials_sql);
	expect(*state,
	       "SELECT step, side, gauge, peak_bytes FROM trial_queue WHERE trial_id = 2 ORDER BY 1, 2, 3",
	       "1|server|rx_queue|900000 2|server|rx_queue|600 3|client|rx_queue|300 3|client|tx_queue|1000"
	       " 3|server|rx_queue|30000");
}

/* The quick experiment counts for nothing beside the full one, nor does warm-up, nor the failed
 * trial. */
static void claims_have_a_value_for_each_repetition(void **state)
{
	run(*state, trials_sql);
	expect(*state, "SELECT block, value FROM finding_value WHERE finding = 'F1' ORDER BY 1",
	       "1|50.0 2|30.0");
	expect(*state,
	       "SELECT place, block, value FROM finding_value WHERE finding = 'F2' ORDER BY 1, 2",
	       "1|1|100.0 1|2|120.0 2|1|30000 2|2|36000 3|1|50000 4|1|3.0");
	expect(*state, "SELECT block, value FROM finding_value WHERE finding = 'F3'", "1|0.01");
	expect(*state,
	       "SELECT place, block, value FROM finding_value WHERE finding = 'F4' ORDER BY 1, 2",
	       "1|1|2 1|2|1 2|1|3");
	expect(*state,
	       "SELECT place, block, value FROM finding_value WHERE finding = 'F5' ORDER BY 1, 2",
	       "1|1|100.0 1|2|120.0 2|1|200.0 3|1|128 3|2|128 4|1|128");
	expect(*state,
	       "SELECT place, block, value FROM finding_value WHERE finding = 'F6' ORDER BY 1",
	       "1|1|8.0 2|1|8000 3|1|60000 4|1|60000 5|1|1.0 6|1|1.5625");
	expect(*state, "SELECT place, block, value FROM finding_value WHERE finding = 'F7'",
	       "1|1|0.75");
}

/* Trial 6 is "nothing", 7 the aggregate; at 20,000 a second 8 and 9, and 10 in a block that has no
 * trial with nothing. Trial 2's poller saw 1 of 4 spikes. */
static void each_way_of_measuring_has_its_cost(void **state)
{
	run(*state, trials_sql);
	run(*state,
	    "INSERT INTO trial (trial_id, experiment_id, block, treatment, hash_buckets, connections, command_line, start_ns, end_ns, result)"
	    " SELECT column1, 3, column2, column3, 1024, 2, 'c', 0, 1, column4 FROM (VALUES"
	    " (8, 1, 'nothing: 20,000 a second', '{\"steps\":[{\"p50_ns\":100,\"p99_ns\":1000,\"p99_9_ns\":4000}]}'),"
	    " (9, 1, 'trace: 20,000 a second', '{\"steps\":[{\"p50_ns\":125,\"p99_ns\":1500,\"p99_9_ns\":8000}]}'),"
	    " (10, 2, 'trace: 20,000 a second', '{\"steps\":[{\"p50_ns\":1,\"p99_ns\":1,\"p99_9_ns\":1}]}'))");
	expect(*state,
	       "SELECT way, measure, block, value FROM cost_value WHERE measure_place <= 4 ORDER BY place, measure_place",
	       "aggregate|throughput|1|0.75 trace|p50|1|1.25 trace|p99|1|1.5 trace|p99.9|1|2.0");
	run(*state,
	    "INSERT INTO poller (poller_id, capture_id, source, period_ns, phase_ns, read_mode, priority, start_ns, end_ns) VALUES"
	    " (1, 2, 'proc', 10000000, 0, 'row', 0, 0, 4000); INSERT INTO poller_gauge VALUES (1, 'rx_queue');"
	    "INSERT INTO poll VALUES (1, 1, 0, 0, 10, 3, 1000, 0, NULL, NULL), (2, 1, 2000, 2000, 2010, 3, 1000, 0, NULL, NULL);"
	    "INSERT INTO capture_threshold VALUES (2, 16384, 0);"
	    "INSERT INTO spike (spike_id, socket_id, capture_id, gauge, threshold_bytes, threshold_percent, threshold_start_bytes, start_ns, end_ns,"
	    " peak_bytes, peak_ns, limit_bytes, events, area_byte_us, left_censored, right_censored)"
	    " SELECT value, 20, 2, 'rx_queue', 16384, 0, 16384, value * 100, value * 100 + 50, 20000, value * 100, 0, 1, 1, 0, 0"
	    " FROM json_each('[11, 12, 13, 14]');"
	    "INSERT INTO spike_seen VALUES (11, 1, 20000, 1)");
	expect(*state, "SELECT way, value FROM cost_value WHERE measure_place = 6",
	       "aggregate, proc:10ms|0.25");
}

/* In block 4 the server did not do 20,000 a second without a capture either. */
static void latencies_count_where_the_rate_was_kept(void **state)
{
	run(*state, trials_sql);
	run(*state,
	    "INSERT INTO trial (trial_id, experiment_id, block, treatment, hash_buckets, connections, command_line, start_ns, end_ns, result)"
	    " SELECT column1, 3, column2, column3, 1024, 2, 'c', 0, 1, column4 FROM (VALUES"
	    " (8, 3, 'nothing: 20,000 a second', '{\"steps\":[{\"rate_per_s\":20000,\"achieved_per_s\":19900,\"p99_ns\":1000}]}'),"
	    " (9, 3, 'aggregate: 20,000 a second', '{\"steps\":[{\"rate_per_s\":20000,\"achieved_per_s\":12000,\"p99_ns\":1500}]}'),"
	    " (10, 4, 'nothing: 20,000 a second', '{\"steps\":[{\"rate_per_s\":20000,\"achieved_per_s\":15000,\"p99_ns\":1000}]}'),"
	    " (11, 4, 'aggregate: 20,000 a second', '{\"steps\":[{\"rate_per_s\":20000,\"achieved_per_s\":15000,\"p99_ns\":1000}]}'),"
	    " (12, 1, 'the post''s probe: closed loop', '{\"steps\":[{\"achieved_per_s\":190.0}]}'))");
	expect(*state,
	       "SELECT place, block, value FROM finding_value WHERE finding = 'F7' ORDER BY 1, 2",
	       "1|1|0.75 2|3|1.5 3|1|0.95");
	expect(*state, "SELECT way, block, value FROM cost_value WHERE measure = 'p99'",
	       "aggregate|3|1.5");
}

static void a_quick_experiment_counts_where_there_is_no_other(void **state)
{
	run(*state, trials_sql);
	run(*state,
	    "DELETE FROM trial WHERE experiment_id = 2; DELETE FROM experiment WHERE experiment_id = 2");
	expect(*state, "SELECT block, value FROM finding_value WHERE finding = 'F5' AND place = 1",
	       "1|1000.0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(steps_are_of_trials_that_came_to_their_end,
						views_setup, views_teardown),
		cmocka_unit_test_setup_teardown(queues_are_told_by_step_and_side, views_setup,
						views_teardown),
		cmocka_unit_test_setup_teardown(claims_have_a_value_for_each_repetition,
						views_setup, views_teardown),
		cmocka_unit_test_setup_teardown(each_way_of_measuring_has_its_cost, views_setup,
						views_teardown),
		cmocka_unit_test_setup_teardown(latencies_count_where_the_rate_was_kept,
						views_setup, views_teardown),
		cmocka_unit_test_setup_teardown(a_quick_experiment_counts_where_there_is_no_other,
						views_setup, views_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
