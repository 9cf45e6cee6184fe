/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/statement.h"

#include "base/failure.h"

#include <errno.h>
#include <string.h>

/* clang-format off */
static const char *const statement_text[STATEMENTS] = {
	[PUT_CAPTURE] =
		"INSERT INTO capture (capture_id, capture_uuid, label, host, boot_id, kernel_release, machine, backend, command_line,"
		" tool_version, ports, pid, netns_inode, cpus, summary_period_ns, min_spike_ns, traced, start_ns, start_utc_ns) VALUES (:capture_id,"
		" :capture_uuid, :label, :host, :boot_id, :kernel_release, :machine, :backend, :command_line, :tool_version, :ports,"
		" :pid, :netns_inode, :cpus, :summary_period_ns, :min_spike_ns, :traced, :start_ns, :start_utc_ns)",
	[PUT_EXPERIMENT] =
		"INSERT INTO experiment (experiment_id, name, server, server_version, quick, seed, command_line, tool_version, start_utc_ns)"
		" VALUES (:experiment_id, :name, :server, :server_version, :quick, :seed, :command_line, :tool_version, :start_utc_ns)",
	[PUT_EXPERIMENT_FACT] =
		"INSERT INTO experiment_fact (experiment_id, name, value) VALUES (:experiment_id, :name, :value)",
	[PUT_EXPERIMENT_END] =
		"UPDATE experiment SET end_utc_ns = :end_utc_ns WHERE experiment_id = :experiment_id",
	[PUT_TRIAL] =
		"INSERT INTO trial (experiment_id, block, treatment, hash_buckets, connections, capture_id, replay_capture_id, command_line,"
		" start_ns, end_ns, failure, result) VALUES (:experiment_id, :block, :treatment, :hash_buckets, :connections, :capture_id,"
		" :replay_capture_id, :command_line, :start_ns, :end_ns, :failure, :result)",
	[PUT_CAPTURE_END] =
		"UPDATE capture SET end_ns = :end_ns, end_utc_ns = :end_utc_ns WHERE capture_id = :capture_id",
	[PUT_THRESHOLD] =
		"INSERT INTO capture_threshold (capture_id, threshold_bytes, threshold_percent) VALUES (:capture_id,"
		" :threshold_bytes, :threshold_percent)",
	[PUT_SOCKET] =
		"INSERT INTO socket (socket_id, capture_id, cookie, inode, netns, family, local_address, local_port, remote_address,"
		" remote_port, first_ns, older) VALUES (:socket_id, :capture_id, :cookie, :inode, :netns, :family, :local_address,"
		" :local_port, :remote_address, :remote_port, :first_ns, :older)",
	[PUT_OWNER] =
		"UPDATE socket SET inode = coalesce(:inode, inode), pid = coalesce(:pid, pid), comm = coalesce(:comm, comm)"
		" WHERE socket_id = :socket_id",
	[PUT_DEATH] =
		"UPDATE socket SET last_ns = :last_ns WHERE socket_id = :socket_id",
	[PUT_SUMMARY] =
		"INSERT INTO queue_summary (socket_id, gauge, start_ns, end_ns, peak_bytes, peak_ns, mean_bytes, events) VALUES"
		" (:socket_id, :gauge, :start_ns, :end_ns, :peak_bytes, :peak_ns, :mean_bytes, :events)",
	[PUT_SPIKE] =
		"INSERT INTO spike (spike_id, socket_id, capture_id, gauge, threshold_bytes, threshold_percent,"
		" threshold_start_bytes, start_ns, end_ns, peak_bytes, peak_ns,"
		" limit_bytes, events, area_byte_us, left_censored, right_censored) VALUES (:spike_id, :socket_id, :capture_id, :gauge,"
		" :threshold_bytes, :threshold_percent, :threshold_start_bytes, :start_ns, :end_ns, :peak_bytes, :peak_ns, :limit_bytes, :events, :area_byte_us, :left_censored,"
		" :right_censored)",
	[PUT_SPIKE_BIN] =
		"INSERT OR REPLACE INTO spike_bin (socket_id, capture_id, gauge, threshold_bytes, threshold_percent, duration_from_ns, duration_to_ns,"
		" spikes, duration_sum_ns, peak_bytes) VALUES (:socket_id, :capture_id, :gauge, :threshold_bytes, :threshold_percent,"
		" :duration_from_ns,"
		" :duration_to_ns, :spikes, :duration_sum_ns, :peak_bytes)",
	[PUT_SPIKE_SEEN] =
		"INSERT INTO spike_seen (spike_id, poller_id, polled_peak_bytes, samples) VALUES (:spike_id, :poller_id,"
		" :polled_peak_bytes, :samples)",
	[PUT_SPIKE_BIN_SEEN] =
		"INSERT INTO spike_bin_seen (poller_id, gauge, threshold_bytes, threshold_percent, duration_from_ns, duration_to_ns,"
		" spikes) VALUES (:poller_id, :gauge, :threshold_bytes, :threshold_percent, :duration_from_ns, :duration_to_ns,"
		" :spikes)",
	[PUT_POLLER] =
		"INSERT INTO poller (poller_id, capture_id, source, period_ns, phase_ns, jitter, seed, read_mode, priority, start_ns, simulated)"
		" VALUES (:poller_id, :capture_id, :source, :period_ns, :phase_ns, :jitter, :seed, :read_mode, :priority, :start_ns, :simulated)",
	[PUT_POLLER_GAUGE] =
		"INSERT INTO poller_gauge (poller_id, gauge) VALUES (:poller_id, :gauge)",
	[PUT_POLLER_END] =
		"UPDATE poller SET end_ns = :end_ns WHERE poller_id = :poller_id",
	[PUT_POLLER_POLLS] = "UPDATE poller SET polls = :polls WHERE poller_id = :poller_id",
	[PUT_POLL] =
		"INSERT INTO poll (poll_id, poller_id, scheduled_ns, start_ns, end_ns, rows_read, cpu_ns, missed_turns) VALUES"
		" (:poll_id, :poller_id, :scheduled_ns, :start_ns, :end_ns, :rows_read, :cpu_ns, :missed_turns)",
	[PUT_SAMPLE] =
		"INSERT INTO sample (poll_id, socket_id, read_start_ns, read_end_ns, rx_queue_bytes, tx_queue_bytes,"
		" accept_queue_connections, rmem_bytes, backlog_bytes, state) VALUES (:poll_id, :socket_id, :read_start_ns,"
		" :read_end_ns, :rx_queue_bytes, :tx_queue_bytes, :accept_queue_connections, :rmem_bytes, :backlog_bytes, :state)",
	[PUT_POLL_ROWS] =
		"UPDATE poll SET rows_skipped = :rows_skipped, rows_repeated = :rows_repeated WHERE poll_id = :poll_id",
	[PUT_LEVEL] =
		"INSERT INTO capture_level (capture_id, gauge, threshold) VALUES (:capture_id, :gauge, :threshold)",
	[PUT_ACCEPT_SPIKE] =
		"INSERT INTO accept_spike (capture_id, socket_id, threshold_connections, start_ns, end_ns, peak_connections,"
		" limit_connections, peak_ns, left_censored, right_censored) VALUES (:capture_id, :socket_id, :threshold_connections,"
		" :start_ns, :end_ns, :peak_connections, :limit_connections, :peak_ns, :left_censored, :right_censored)",
	[PUT_SOFTNET_SPIKE] =
		"INSERT INTO softnet_spike (capture_id, cpu, threshold_packets, start_ns, end_ns, peak_packets, peak_ns, left_censored,"
		" right_censored) VALUES (:capture_id, :cpu, :threshold_packets, :start_ns, :end_ns, :peak_packets, :peak_ns,"
		" :left_censored, :right_censored)",
	[PUT_BLOG] =
		"INSERT INTO blog_summary (socket_id, start_ns, end_ns, peak_bytes, kept_peak_bytes, total_bytes, rx_total_bytes,"
		" rmem_total_bytes, packets) VALUES (:socket_id, :start_ns, :end_ns, :peak_bytes, :kept_peak_bytes, :total_bytes,"
		" :rx_total_bytes, :rmem_total_bytes, :packets)",
	[PUT_TRACE_BLOCK] =
		"INSERT INTO trace_block (socket_id, first_ns, last_ns, events, block) VALUES (:socket_id, :first_ns, :last_ns, :events,"
		" :block)",
	[PUT_SOFTNET_TRACE_BLOCK] =
		"INSERT INTO softnet_trace_block (capture_id, cpu, first_ns, last_ns, events, block) VALUES (:capture_id, :cpu,"
		" :first_ns, :last_ns, :events, :block)",
	[PUT_WAITING] =
		"INSERT INTO waiting_bin (socket_id, wait_from_ns, wait_to_ns, bytes) VALUES (:socket_id, :wait_from_ns, :wait_to_ns,"
		" :bytes)",
	[PUT_AGREEMENT] =
		"UPDATE sample SET rx_agrees = :rx_agrees, tx_agrees = :tx_agrees, rmem_agrees = :rmem_agrees WHERE rowid = :sample_id",
	[PUT_SQUEEZE] =
		"INSERT INTO time_squeeze (capture_id, cpu, time_ns, cause) VALUES (:capture_id, :cpu, :time_ns, :cause)",
	[PUT_DROP] =
		"INSERT INTO backlog_drop (capture_id, cpu, start_ns, end_ns, packets) VALUES (:capture_id, :cpu, :start_ns, :end_ns,"
		" :packets)",
	[PUT_FOREIGN] =
		"INSERT OR IGNORE INTO temp.foreign_socket (socket_id) VALUES (:socket_id)",
	[PUT_SOFTNET] =
		"INSERT INTO softnet_sample (capture_id, cpu, time_ns, processed, dropped, time_squeeze, received_rps, flow_limit_count,"
		" backlog_packets, input_packets, process_packets) VALUES (:capture_id, :cpu, :time_ns, :processed, :dropped,"
		" :time_squeeze, :received_rps, :flow_limit_count, :backlog_packets, :input_packets, :process_packets)",
	[PUT_PROBE_TIMING] =
		"INSERT INTO probe_timing (capture_id, start_ns, end_ns, runs, run_ns) VALUES (:capture_id, :start_ns, :end_ns, :runs,"
		" :run_ns)",
	[PUT_AMBIGUOUS] =
		"INSERT OR REPLACE INTO ambiguous (poller_id, gauge, threshold_bytes, threshold_percent, samples) VALUES (:poller_id, :gauge,"
		" :threshold_bytes, :threshold_percent, :samples)",
	[PUT_THREAD_CPU] =
		"INSERT OR REPLACE INTO thread_cpu (capture_id, thread, cpu_ns, turns) VALUES (:capture_id, :thread, :cpu_ns, :turns)",
	/* Spikes of one threshold don't overlap: the last that began by then is the only one that can have its peak there. */
	[GET_REPLAY_LIMIT] =
		"SELECT spike.limit_bytes FROM socket CROSS JOIN capture_threshold USING (capture_id) CROSS JOIN spike"
		" ON spike.socket_id = socket.socket_id AND spike.gauge = :gauge"
		" AND spike.threshold_bytes = capture_threshold.threshold_bytes"
		" AND spike.threshold_percent = capture_threshold.threshold_percent"
		" AND spike.start_ns = (SELECT max(start_ns) FROM spike AS last WHERE last.socket_id = socket.socket_id"
		" AND last.gauge = :gauge AND last.threshold_bytes = capture_threshold.threshold_bytes"
		" AND last.threshold_percent = capture_threshold.threshold_percent AND last.start_ns <= :peak_ns)"
		" WHERE socket.socket_id = :socket_id AND spike.peak_ns = :peak_ns LIMIT 1",
	[PUT_LOSS] =
		"INSERT OR REPLACE INTO loss (capture_id, cause, count) VALUES (:capture_id, :cause, :count)",
};
/* clang-format on */

int statement_begin(struct store *store, enum statement statement, struct binding *ret_binding,
		    struct failure *failure)
{
	sqlite3_stmt **prepared = &store->statement[statement];

	if (!store->writes)
		return failure_set(failure, EROFS, "%s was opened for reading only", store->path);
	if (!*prepared &&
	    sqlite3_prepare_v3(store->db, statement_text[statement], -1, SQLITE_PREPARE_PERSISTENT,
			       prepared, NULL) != SQLITE_OK)
		return store_error(store, "writing", failure);
	*ret_binding = (struct binding){ .store = store, .statement = *prepared, .next = 1 };
	return 0;
}

/* The parameter's place; 0 where the statement has none of that name, which SQLite then refuses as
 * out of range. */
static int binding_place(struct binding *binding, const char *name)
{
	const char *expected = sqlite3_bind_parameter_name(binding->statement, binding->next);

	if (expected && strcmp(expected, name) == 0)
		return binding->next++;
	return sqlite3_bind_parameter_index(binding->statement, name);
}

static void binding_note(struct binding *binding, int code)
{
	if (binding->code == SQLITE_OK)
		binding->code = code;
}

void bind_integer(struct binding *binding, const char *name, int64_t value)
{
	binding_note(binding,
		     sqlite3_bind_int64(binding->statement, binding_place(binding, name), value));
}

void bind_integer_or_null(struct binding *binding, const char *name, int64_t value,
			  int64_t null_value)
{
	int place = binding_place(binding, name);

	binding_note(binding, value == null_value ?
				      sqlite3_bind_null(binding->statement, place) :
				      sqlite3_bind_int64(binding->statement, place, value));
}

void bind_real(struct binding *binding, const char *name, double value)
{
	binding_note(binding,
		     sqlite3_bind_double(binding->statement, binding_place(binding, name), value));
}

void bind_text(struct binding *binding, const char *name, const char *text)
{
	binding_note(binding, sqlite3_bind_text(binding->statement, binding_place(binding, name),
						text, -1, SQLITE_STATIC));
}

void bind_blob(struct binding *binding, const char *name, const void *blob, size_t blob_bytes)
{
	binding_note(binding, sqlite3_bind_blob64(binding->statement, binding_place(binding, name),
						  blob, blob_bytes, SQLITE_STATIC));
}

int statement_end(struct binding *binding, struct failure *failure)
{
	int error = 0;

	if (binding->code != SQLITE_OK || sqlite3_step(binding->statement) != SQLITE_DONE)
		error = store_error(binding->store, "writing", failure);
	sqlite3_reset(binding->statement);
	return error;
}
