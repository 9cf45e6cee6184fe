/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/failure.h"
#include "store/statement.h"
#include "store/store_private.h"

#include <errno.h>
#include <string.h>

/*
 * Indexes are built when the capture is over: kept up while it runs they would cost each of 100,000
 * rows a second a place in a tree. Views answer without them, only slower.
 */
static const char index_sql[] =
	"CREATE INDEX IF NOT EXISTS spike_by_threshold ON spike (capture_id, gauge, threshold_bytes, threshold_percent, left_censored,"
	" right_censored, end_ns - start_ns, start_ns, end_ns);"
	"CREATE INDEX IF NOT EXISTS spike_by_socket ON spike (socket_id, gauge, threshold_bytes, threshold_percent, start_ns);"
	"CREATE INDEX IF NOT EXISTS sample_by_socket ON sample (socket_id, read_start_ns);"
	"CREATE INDEX IF NOT EXISTS trace_block_by_socket ON trace_block (socket_id, first_ns);"
	"CREATE INDEX IF NOT EXISTS queue_summary_by_socket ON queue_summary (socket_id, gauge, start_ns);"
	"CREATE INDEX IF NOT EXISTS softnet_sample_by_cpu ON softnet_sample (capture_id, cpu, time_ns);"
	"CREATE INDEX IF NOT EXISTS poll_by_poller ON poll (poller_id, start_ns);";

/* Of an earlier capture in the same file: with its indexes kept up the writer took 1,784 ms of CPU
 * time for what takes 621 ms without (168,700 spikes). */
static const char index_drop_sql[] = "DROP INDEX IF EXISTS spike_by_threshold;"
				     "DROP INDEX IF EXISTS spike_by_socket;"
				     "DROP INDEX IF EXISTS sample_by_socket;"
				     "DROP INDEX IF EXISTS trace_block_by_socket;"
				     "DROP INDEX IF EXISTS queue_summary_by_socket;"
				     "DROP INDEX IF EXISTS softnet_sample_by_cpu;"
				     "DROP INDEX IF EXISTS poll_by_poller;";

/* With the indexes, or each socket would cost a scan of every table that refers to it. */
static const char foreign_sql[] =
	"DELETE FROM spike_seen WHERE spike_id IN (SELECT spike_id FROM spike WHERE socket_id IN temp.foreign_socket);"
	"DELETE FROM spike WHERE socket_id IN temp.foreign_socket;"
	"DELETE FROM spike_bin WHERE socket_id IN temp.foreign_socket;"
	"DELETE FROM queue_summary WHERE socket_id IN temp.foreign_socket;"
	"DELETE FROM blog_summary WHERE socket_id IN temp.foreign_socket;"
	"DELETE FROM waiting_bin WHERE socket_id IN temp.foreign_socket;"
	"DELETE FROM trace_block WHERE socket_id IN temp.foreign_socket;"
	"DELETE FROM sample WHERE socket_id IN temp.foreign_socket;"
	"DELETE FROM accept_spike WHERE socket_id IN temp.foreign_socket;"
	"DELETE FROM socket WHERE socket_id IN temp.foreign_socket;"
	"DELETE FROM temp.foreign_socket;";

static int next_id(struct store *store, const char *sql, int64_t *ret_id)
{
	int64_t last = store_pragma(store->db, sql);

	if (last < 0)
		return -EIO;
	*ret_id = last + 1;
	return 0;
}

int store_next_ids(struct store *store, struct store_ids *ret_ids, struct failure *failure)
{
	struct store_ids ids;
	int error =
		next_id(store, "SELECT ifnull(max(capture_id), 0) FROM capture", &ids.capture_id);

	if (!error)
		error = next_id(store, "SELECT ifnull(max(socket_id), 0) FROM socket",
				&ids.socket_id);
	if (!error)
		error = next_id(store, "SELECT ifnull(max(spike_id), 0) FROM spike", &ids.spike_id);
	if (!error)
		error = next_id(store, "SELECT ifnull(max(poller_id), 0) FROM poller",
				&ids.poller_id);
	if (!error)
		error = next_id(store, "SELECT ifnull(max(poll_id), 0) FROM poll", &ids.poll_id);
	if (error)
		return store_error(store, "reading", failure);
	*ret_ids = ids;
	return 0;
}

int store_drop_indexes(struct store *store, struct failure *failure)
{
	return store_execute(store, index_drop_sql, failure);
}

int store_commit(struct store *store, struct failure *failure)
{
	int error = store_execute(store, "COMMIT", failure);

	return error ? error : store_execute(store, "BEGIN IMMEDIATE", failure);
}

static int put_capture_end(struct store *store, int64_t capture_id, int64_t end_ns,
			   int64_t end_utc_ns, struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_CAPTURE_END, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":end_ns", end_ns);
	bind_integer(&binding, ":end_utc_ns", end_utc_ns);
	bind_integer(&binding, ":capture_id", capture_id);
	return statement_end(&binding, failure);
}

int store_complete(struct store *store, struct failure *failure)
{
	int error = store_execute(store, index_sql, failure);

	if (!error && store->foreign)
		error = store_execute(store, foreign_sql, failure);
	if (!error)
		error = store_execute(store, "COMMIT", failure);
	if (error)
		return error;
	for (unsigned index = 0; index < STATEMENTS; index++) {
		sqlite3_finalize(store->statement[index]);
		store->statement[index] = NULL;
	}
	/* A reader that holds the file keeps it in WAL mode; then its -wal file stays until the
	 * last one closes it. */
	sqlite3_busy_timeout(store->db, 1000);
	sqlite3_exec(
		store->db,
		"PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;",
		NULL, NULL, NULL);
	return 0;
}

int store_finish(struct store *store, int64_t capture_id, int64_t end_ns, int64_t end_utc_ns,
		 struct failure *failure)
{
	int error = put_capture_end(store, capture_id, end_ns, end_utc_ns, failure);

	return error ? error : store_complete(store, failure);
}
