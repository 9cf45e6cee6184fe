/* SPDX-License-Identifier: BSD-2-Clause */
/* What the views say of polls that theory does not explain, and of samples that contradict the
 * spikes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "views.h"

/*
 * A capture of 2 s. Its poller reads each 10 ms, first at 10 ms. There is a spike of 2 ms after each
 * of the first 150 polls, 5 ms after it, so that none is seen; theory expects 80 % of them missed.
 */
static const char rows_sql[] =
	"INSERT INTO capture (capture_id, capture_uuid, host, boot_id, kernel_release, machine, cpus, backend, command_line,"
	" tool_version, netns_inode, summary_period_ns, min_spike_ns, traced, start_ns, end_ns, start_utc_ns, end_utc_ns)"
	" VALUES (1, 'u', 'h', 'b', 'k', 'm', 2, 'tp_btf', 'c', 'v', 1, 1000000000, 0, 0, 0, 2000000000, 0, 4);"
	"INSERT INTO capture_threshold VALUES (1, 1000, 0);"
	"INSERT INTO socket (socket_id, capture_id, cookie, family, local_address, local_port, remote_address, remote_port,"
	" first_ns, older) VALUES (1, 1, 7, 4, '127.0.0.1', 80, '127.0.0.1', 5001, 0, 1);"
	"INSERT INTO poller (poller_id, capture_id, source, period_ns, phase_ns, read_mode, priority, start_ns, end_ns)"
	" VALUES (1, 1, 'proc', 10000000, 10000000, 'row', 0, 0, 2000000000);"
	"INSERT INTO poller_gauge VALUES (1, 'rx_queue');"
	"CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 199) SELECT i FROM n;"
	"INSERT INTO poll (poll_id, poller_id, scheduled_ns, start_ns, end_ns, rows_read, cpu_ns, missed_turns)"
	" SELECT i, 1, i * 10000000, i * 10000000, i * 10000000 + 100, 1, 1000, 0 FROM n;"
	"INSERT INTO sample (poll_id, socket_id, read_start_ns, read_end_ns, rx_queue_bytes, tx_queue_bytes, state)"
	" SELECT i, 1, i * 10000000, i * 10000000 + 100, 0, 0, 1 FROM n;"
	"INSERT INTO spike SELECT i, 1, 1, 'rx_queue', 1000, 0, 1000, i * 10000000 + 5000000, i * 10000000 + 7000000, 2000,"
	" i * 10000000 + 5000000, 9000, 3, 1, 0, 0 FROM n WHERE i <= 150;";

static const char deviation_sql[] =
	"SELECT spikes, seen, round(expected_miss_ratio, 3), deviation FROM missed_spike_by_duration";

static int setup_rows(void **state)
{
	views_setup(state);
	run(*state, rows_sql);
	return 0;
}

static void a_load_in_step_with_the_poller_is_told(void **state)
{
	expect(*state, deviation_sql, "150|0|0.8|in step with the load");
	expect(*state,
	       "SELECT round(miss_ratio_low, 4), miss_ratio_high FROM missed_spike_by_duration",
	       "0.975|1.0");
}

static void spikes_at_many_phases_are_not_in_step(void **state)
{
	run(*state,
	    "UPDATE spike SET start_ns = start_ns + spike_id * 2718281 % 7900000 - 4900000, end_ns = end_ns"
	    " + spike_id * 2718281 % 7900000 - 4900000");
	expect(*state, deviation_sql, "150|0|0.8|chance or bursts");
}

static void what_theory_expects_deviates_from_nothing(void **state)
{
	run(*state,
	    "INSERT INTO spike_seen SELECT spike_id, 1, 2000, 1 FROM spike WHERE spike_id % 5 = 0");
	expect(*state, deviation_sql, "150|30|0.8|NULL");
}

static void late_polls_wide_windows_and_drawn_turns_come_first(void **state)
{
	run(*state, "UPDATE poll SET missed_turns = 1 WHERE poll_id <= 9");
	expect(*state, "SELECT deviation FROM missed_spike_by_duration", "in step with the load");
	run(*state, "UPDATE poll SET missed_turns = 1 WHERE poll_id <= 11");
	expect(*state, "SELECT deviation FROM missed_spike_by_duration", "late polls");
	run(*state, "UPDATE sample SET read_end_ns = read_start_ns + 1000001");
	expect(*state, "SELECT deviation FROM missed_spike_by_duration", "wide windows");
	run(*state, "UPDATE poller SET jitter = 'uniform', seed = 1");
	expect(*state, "SELECT deviation FROM missed_spike_by_duration", "drawn turns");
}

static const char proof_sql[] =
	"SELECT samples_above, above_outside, samples_inside, below_inside FROM threshold_agreement";

static void samples_that_fit_the_spikes_prove_them(void **state)
{
	expect(*state, proof_sql, "0|0|0|0");
	run(*state,
	    "UPDATE sample SET rx_queue_bytes = 1500, read_start_ns = read_start_ns + 6000000, read_end_ns ="
	    " read_end_ns + 6000000 WHERE poll_id <= 10");
	expect(*state, proof_sql, "10|0|10|0");
}

static void samples_that_contradict_the_spikes_are_counted(void **state)
{
	/* One at the threshold where no spike is, one right below it inside one. */
	run(*state, "UPDATE sample SET rx_queue_bytes = 1000 WHERE poll_id = 3");
	run(*state,
	    "UPDATE sample SET rx_queue_bytes = 999, read_start_ns = read_start_ns + 6000000, read_end_ns ="
	    " read_end_ns + 6000000 WHERE poll_id = 4");
	expect(*state, proof_sql, "1|1|1|1");
}

static void an_instant_is_known_to_2_us(void **state)
{
	/* Windows end 2 us and 2,001 ns before the spike begins. */
	run(*state,
	    "UPDATE sample SET rx_queue_bytes = 1000, read_end_ns = poll_id * 10000000 + 4998000 WHERE poll_id = 3");
	expect(*state, proof_sql, "1|0|0|0");
	run(*state,
	    "UPDATE sample SET rx_queue_bytes = 1000, read_end_ns = poll_id * 10000000 + 4997999 WHERE poll_id = 4");
	expect(*state, proof_sql, "2|1|0|0");
	/* And windows that begin as long after its beginning, or earlier. */
	run(*state,
	    "UPDATE sample SET read_start_ns = 55002000, read_end_ns = 55002001 WHERE poll_id = 5");
	run(*state,
	    "UPDATE sample SET read_start_ns = 65001999, read_end_ns = 65002001 WHERE poll_id = 6");
	expect(*state, proof_sql, "2|1|1|1");
}

static void a_socket_that_was_not_measured_proves_nothing(void **state)
{
	run(*state, "UPDATE socket SET cookie = NULL");
	run(*state, "UPDATE sample SET rx_queue_bytes = 1000 WHERE poll_id = 3");
	expect(*state, proof_sql, "0|0|0|0");
}

#define VIEW_TEST(name) cmocka_unit_test_setup_teardown(name, setup_rows, views_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		VIEW_TEST(a_load_in_step_with_the_poller_is_told),
		VIEW_TEST(spikes_at_many_phases_are_not_in_step),
		VIEW_TEST(what_theory_expects_deviates_from_nothing),
		VIEW_TEST(late_polls_wide_windows_and_drawn_turns_come_first),
		VIEW_TEST(samples_that_fit_the_spikes_prove_them),
		VIEW_TEST(samples_that_contradict_the_spikes_are_counted),
		VIEW_TEST(an_instant_is_known_to_2_us),
		VIEW_TEST(a_socket_that_was_not_measured_proves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
