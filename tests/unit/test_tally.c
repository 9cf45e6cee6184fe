/* SPDX-License-Identifier: BSD-2-Clause */
/* What a report counts in one pass over the spikes is what the views say of them in SQL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/failure.h"
#include "store/store_private.h"
#include "views.h"

/*
 * Capture 1 with thresholds in bytes, capture 2 in per cent, 3,001 spikes each, of 500 ns to 100
 * ms; the first and last ones are censored. Pollers 1 to 3 and 5 to 7: one from beginning to end,
 * one that begins later, one that ends sooner; 4 and 8 made no poll at all. What a poller saw is
 * drawn from spike_id and poller_id, of spikes that it did not run through, too.
 */
static const char captures_sql[] =
	"INSERT INTO capture (capture_id, capture_uuid, host, boot_id, kernel_release, machine, cpus, backend, command_line,"
	" tool_version, netns_inode, summary_period_ns, min_spike_ns, start_ns, end_ns, start_utc_ns, end_utc_ns)"
	" SELECT column1, 'u' || column1, 'h', 'b', 'k', 'm', 2, 'tp_btf', 'c', 'v', 1, 1000000000, 1000, 0, 4000000000, 0, 4"
	" FROM (VALUES (1), (2));"
	"INSERT INTO capture_threshold VALUES (1, 1000, 0), (1, 5000, 0), (1, 90000, 0), (2, 0, 50), (2, 0, 90);"
	"INSERT INTO socket (socket_id, capture_id, cookie, family, local_address, local_port, remote_address, remote_port,"
	" first_ns, older) SELECT column1, 1 + (column1 > 5), column1, 4, 'a', 1, 'b', 2, 0, 1"
	" FROM (VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10));"
	"INSERT INTO poller (poller_id, capture_id, source, period_ns, phase_ns, read_mode, priority, start_ns, end_ns)"
	" SELECT column1 + 4 * capture_id - 4, capture_id, 'proc', column2, 0, 'row', 0, column3, column4 FROM capture CROSS JOIN"
	" (VALUES (1, 100000000, 0, 4000000000), (2, 2000000, 1700000001, 4000000000), (3, 150000, 0, 2900000000),"
	" (4, 1000000000, 0, NULL));"
	"INSERT INTO poller_gauge SELECT poller_id, column1 FROM poller CROSS JOIN (VALUES ('rx_queue'), ('tx_queue'), ('rmem'))"
	" WHERE poller_id % 4 <> 2 OR column1 <> 'tx_queue';"
	"WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 59)"
	"INSERT INTO poll (poller_id, scheduled_ns, start_ns, end_ns, rows_read, cpu_ns, missed_turns)"
	" SELECT poller_id, start_ns + i * period_ns, start_ns + i * period_ns + i % 7, start_ns + i * period_ns + 900, 10, 800, 0"
	" FROM n CROSS JOIN poller WHERE end_ns IS NOT NULL AND start_ns + i * period_ns < end_ns;"
	"WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
	"INSERT INTO spike SELECT capture_id * 10000 + i, i % 5 + 5 * capture_id - 4, capture_id,"
	" CASE i % 3 WHEN 0 THEN 'rx_queue' WHEN 1 THEN 'tx_queue' ELSE 'rmem' END, threshold_bytes, threshold_percent, 1000,"
	" i * 1300000, i * 1300000 + 500 + (i * 7919 % 317) * (i * 7919 % 317) * (i * 104729 % 101) / 100 * (1 + i % 11), 95000,"
	" i * 1300000, 200000, 3, 5, i < 13, i > 2990"
	" FROM n CROSS JOIN capture JOIN capture_threshold USING (capture_id)"
	" WHERE threshold_bytes = CASE capture_id WHEN 1 THEN 1000 ELSE 0 END"
	" AND threshold_percent = CASE capture_id WHEN 2 THEN 50 ELSE 0 END;"
	"UPDATE spike SET threshold_bytes = 5000 WHERE capture_id = 1 AND spike_id % 4 = 1;"
	"UPDATE spike SET threshold_percent = 90 WHERE capture_id = 2 AND spike_id % 4 = 1;"
	"INSERT INTO spike_seen SELECT spike_id, poller_id, peak_bytes, 1 FROM spike JOIN poller USING (capture_id)"
	" WHERE (spike_id * 2654435761 + poller_id * 40503) % 1009 < 500;"
	"WITH RECURSIVE n (i, from_ns) AS (SELECT 0, 600 UNION ALL SELECT i + 1, from_ns * 28 / 25 FROM n WHERE i < 70)"
	"INSERT INTO spike_bin SELECT socket_id, socket.capture_id, gauge, threshold_bytes, threshold_percent, from_ns,"
	" from_ns * 28 / 25, 1 + i * 7 % 23, (1 + i * 7 % 23) * (from_ns + 11), 90000"
	" FROM n CROSS JOIN socket JOIN capture_threshold USING (capture_id) CROSS JOIN (SELECT DISTINCT gauge FROM poller_gauge)"
	" WHERE (i + socket_id) % 3 > 0;"
	"INSERT INTO spike_bin_seen SELECT poller_id, gauge, threshold_bytes, threshold_percent, 1000, 10000, 5"
	" FROM poller JOIN capture_threshold USING (capture_id) JOIN poller_gauge USING (poller_id) WHERE poller_id IN (3, 6);";

#define TALLY                                                                                  \
	"capture_id, poller_id, gauge, threshold_bytes, threshold_percent, duration_from_ns, " \
	"duration_to_ns, spikes, seen, unseen_phase_ns"

static void tally(sqlite3 *db)
{
	char path[] = "memory";
	struct store store = { .db = db, .path = path };
	struct failure failure = { 0 };

	if (store_tally(&store, &failure) != 0)
		fail_msg("%s", failure.text);
}

static void the_pass_counts_what_the_view_counts(void **state)
{
	sqlite3 *db = *state;

	run(db, captures_sql);
	tally(db);
	expect(db, "SELECT count(*) > 100, sum(seen) > 1000 FROM main.spike_tally", "1|1");
	expect(db,
	       "SELECT count(*) FROM (SELECT " TALLY " FROM main.spike_tally EXCEPT SELECT " TALLY
	       " FROM temp.spike_tally)",
	       "0");
	expect(db,
	       "SELECT count(*) FROM (SELECT " TALLY " FROM temp.spike_tally EXCEPT SELECT " TALLY
	       " FROM main.spike_tally)",
	       "0");
	expect(db,
	       "SELECT (SELECT count(*) FROM temp.spike_tally) = (SELECT count(*) FROM main.spike_tally)",
	       "1");
}

/* The longest one that a poller ran through and did not see; of equals the earliest. */
static void the_pass_finds_the_longest_spike_that_was_missed(void **state)
{
	static const char missed[] =
		"SELECT poller_id, gauge, threshold_bytes, threshold_percent, spike_id FROM ("
		"SELECT missed_spike.*, row_number() OVER (PARTITION BY missed_spike.poller_id, gauge, threshold_bytes,"
		" threshold_percent ORDER BY duration_ns DESC, missed_spike.start_ns) AS place FROM main.missed_spike"
		" WHERE seen = 0 AND left_censored = 0 AND right_censored = 0) WHERE place = 1";
	sqlite3 *db = *state;
	char sql[1024];

	run(db, captures_sql);
	tally(db);
	/* Pollers 1, 3 and 5, 7 read three gauges, 2 and 6 two; two thresholds each have spikes. */
	expect(db, "SELECT count(*) FROM temp.longest_missed_spike", "32");
	sqlite3_snprintf(sizeof(sql), sql,
			 "SELECT count(*) FROM (%s EXCEPT SELECT * FROM temp.longest_missed_spike)",
			 missed);
	expect(db, sql, "0");
	sqlite3_snprintf(sizeof(sql), sql, "SELECT count(*) FROM (%s)", missed);
	expect(db, sql, "32");
}

static void views_on_the_tally_say_what_the_file_s_own_say(void **state)
{
	static const char *const view[] = { "missed_spike_summary", "missed_spike_by_duration",
					    "period_needed",	    "poller_run",
					    "cost_value",	    "completeness" };
	sqlite3 *db = *state;
	char sql[256];

	run(db, captures_sql);
	tally(db);
	for (size_t index = 0; index < sizeof(view) / sizeof(view[0]); index++) {
		sqlite3_snprintf(
			sizeof(sql), sql,
			"SELECT count(*) FROM (SELECT * FROM main.%s EXCEPT SELECT * FROM temp.%s)",
			view[index], view[index]);
		expect(db, sql, "0");
		sqlite3_snprintf(
			sizeof(sql), sql,
			"SELECT (SELECT count(*) FROM main.%s) = (SELECT count(*) FROM temp.%s)",
			view[index], view[index]);
		expect(db, sql, "1");
	}
}

/* A file whose views are of another day: it is the program's own that answer. */
static void the_program_s_own_views_answer(void **state)
{
	sqlite3 *db = *state;

	run(db, captures_sql);
	run(db,
	    "DROP VIEW missed_spike_summary; CREATE VIEW missed_spike_summary AS SELECT 'old' AS capture_id");
	tally(db);
	expect(db, "SELECT count(*) > 0, sum(capture_id = 'old') FROM missed_spike_summary", "1|0");
	expect(db, "SELECT capture_id FROM main.missed_spike_summary", "old");
}

/* An imported file may hold any name. */
static void gauges_that_no_poller_knows_are_left_out(void **state)
{
	sqlite3 *db = *state;

	run(db, captures_sql);
	run(db, "INSERT INTO poller_gauge VALUES (1, 'x'), (1, 'accept_queue');"
		"UPDATE spike SET gauge = 'x' WHERE spike_id = 10103;"
		"UPDATE spike SET gauge = 'accept_queue' WHERE spike_id = 10105");
	tally(db);
	expect(db, "SELECT DISTINCT gauge FROM temp.spike_tally ORDER BY gauge",
	       "rmem rx_queue tx_queue");
	expect(db,
	       "SELECT count(*) FROM (SELECT " TALLY
	       " FROM main.spike_tally WHERE gauge IN ('rmem', 'rx_queue', 'tx_queue') EXCEPT SELECT " TALLY
	       " FROM temp.spike_tally)",
	       "0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_pass_counts_what_the_view_counts, views_setup,
						views_teardown),
		cmocka_unit_test_setup_teardown(the_pass_finds_the_longest_spike_that_was_missed,
						views_setup, views_teardown),
		cmocka_unit_test_setup_teardown(views_on_the_tally_say_what_the_file_s_own_say,
						views_setup, views_teardown),
		cmocka_unit_test_setup_teardown(the_program_s_own_views_answer, views_setup,
						views_teardown),
		cmocka_unit_test_setup_teardown(gauges_that_no_poller_knows_are_left_out,
						views_setup, views_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
