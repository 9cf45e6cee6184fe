/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/failure.h"
#include "store/statement.h"
#include "store/store_private.h"

#include <errno.h>
#include <stdlib.h>

/* What a replay takes over from the capture that it replays. */

static int thresholds_read(struct store *store, struct replay_source *source,
			   struct failure *failure)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(
		    store->db,
		    "SELECT threshold_bytes FROM capture_threshold WHERE capture_id = ?1 AND"
		    " threshold_bytes > 0 ORDER BY threshold_bytes",
		    -1, &statement, NULL) != SQLITE_OK)
		return store_error(store, "reading", failure);
	sqlite3_bind_int64(statement, 1, source->capture_id);
	while (sqlite3_step(statement) == SQLITE_ROW &&
	       source->thresholds < sizeof(source->threshold_bytes) / sizeof(uint32_t))
		source->threshold_bytes[source->thresholds++] =
			(uint32_t)sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return 0;
}

int store_replay_source(struct store *store, int64_t capture_id, struct replay_source *ret_source,
			struct failure *failure)
{
	struct replay_source source = { 0 };
	sqlite3_stmt *statement;
	int code;

	if (sqlite3_prepare_v2(
		    store->db,
		    "SELECT capture_id, start_ns, end_ns, end_utc_ns, min_spike_ns FROM capture"
		    " WHERE traced AND end_ns IS NOT NULL AND (?1 = 0 OR capture_id = ?1)"
		    " ORDER BY capture_id DESC LIMIT 1",
		    -1, &statement, NULL) != SQLITE_OK)
		return store_error(store, "reading", failure);
	sqlite3_bind_int64(statement, 1, capture_id);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		source.capture_id = sqlite3_column_int64(statement, 0);
		source.start_ns = sqlite3_column_int64(statement, 1);
		source.end_ns = sqlite3_column_int64(statement, 2);
		source.end_utc_ns = sqlite3_column_int64(statement, 3);
		source.min_spike_ns = sqlite3_column_int64(statement, 4);
	}
	sqlite3_finalize(statement);
	if (code == SQLITE_DONE)
		return failure_set(
			failure, ENODATA,
			"%s holds no such capture with a trace that came to its end: capture with --trace",
			store->path);
	if (code != SQLITE_ROW)
		return store_error(store, "reading", failure);
	*ret_source = source;
	return thresholds_read(store, ret_source, failure);
}

int store_replay_begin(struct store *store, const struct replay_row *row, struct failure *failure)
{
	char *sql = sqlite3_mprintf(
		"INSERT INTO capture (capture_id, capture_uuid, label, host, boot_id, kernel_release, machine, cpus, backend,"
		" command_line, tool_version, ports, pid, netns_inode, summary_period_ns, min_spike_ns, start_ns, start_utc_ns)"
		" SELECT %lld, %Q, 'replay of capture ' || capture_id, host, boot_id, kernel_release, machine, cpus, backend, %Q, %Q,"
		" ports, pid, netns_inode, summary_period_ns, min_spike_ns, start_ns, start_utc_ns FROM capture WHERE capture_id = %lld;"
		"INSERT INTO socket (socket_id, capture_id, cookie, inode, netns, family, local_address, local_port, remote_address,"
		" remote_port, pid, comm, first_ns, last_ns, older) SELECT socket_id + %lld, %lld, cookie, inode, netns, family,"
		" local_address, local_port, remote_address, remote_port, pid, comm, first_ns, last_ns, older FROM socket"
		" WHERE capture_id = %lld AND cookie IS NOT NULL;"
		"INSERT INTO queue_summary SELECT socket_id + %lld, gauge, start_ns, end_ns, peak_bytes, peak_ns, mean_bytes, events"
		" FROM queue_summary WHERE %d AND socket_id IN (SELECT socket_id FROM socket WHERE capture_id = %lld);",
		row->capture_id, row->capture_uuid, row->command_line, row->tool_version,
		row->source_id, row->socket_offset, row->capture_id, row->source_id,
		row->socket_offset, row->summaries, row->source_id);
	int error;

	if (!sql)
		return failure_set(failure, ENOMEM, "out of memory");
	error = store_execute(store, sql, failure);
	sqlite3_free(sql);
	return error;
}

int store_replay_limit(struct store *store, int64_t socket_id, const char *gauge, int64_t peak_ns,
		       int64_t *ret_limit_bytes, struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, GET_REPLAY_LIMIT, &binding, failure);
	int code;

	if (error)
		return error;
	bind_integer(&binding, ":socket_id", socket_id);
	bind_text(&binding, ":gauge", gauge);
	bind_integer(&binding, ":peak_ns", peak_ns);
	code = sqlite3_step(binding.statement);
	if (code == SQLITE_ROW)
		*ret_limit_bytes = sqlite3_column_int64(binding.statement, 0);
	else if (code == SQLITE_DONE)
		*ret_limit_bytes = 0;
	else
		error = store_error(store, "reading", failure);
	sqlite3_reset(binding.statement);
	return error;
}

int store_replay_sockets(struct store *store, int64_t capture_id, struct replay_socket **ret_socket,
			 size_t *ret_sockets, struct failure *failure)
{
	struct replay_socket *socket = NULL;
	size_t sockets = 0, room = 0;
	sqlite3_stmt *statement;
	int code;

	if (sqlite3_prepare_v2(store->db,
			       "SELECT socket_id, first_ns, last_ns, older FROM socket"
			       " WHERE capture_id = ?1 AND cookie IS NOT NULL AND remote_port > 0",
			       -1, &statement, NULL) != SQLITE_OK)
		return store_error(store, "reading", failure);
	sqlite3_bind_int64(statement, 1, capture_id);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		if (sockets == room) {
			struct replay_socket *grown;

			room = room ? 2 * room : 256;
			grown = realloc(socket, room * sizeof(*socket));
			if (!grown)
				break;
			socket = grown;
		}
		socket[sockets++] = (struct replay_socket){
			.socket_id = sqlite3_column_int64(statement, 0),
			.first_ns = sqlite3_column_int64(statement, 1),
			.last_ns = sqlite3_column_type(statement, 2) == SQLITE_NULL ?
					   INT64_MAX :
					   sqlite3_column_int64(statement, 2),
			.older = sqlite3_column_int(statement, 3),
		};
	}
	sqlite3_finalize(statement);
	*ret_socket = socket;
	*ret_sockets = sockets;
	if (code == SQLITE_ROW)
		return failure_set(failure, ENOMEM, "out of memory");
	return code == SQLITE_DONE ? 0 : store_error(store, "reading", failure);
}
