/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/failure.h"
#include "store/statement.h"
#include "store/store_private.h"

#include <errno.h>
#include <stdlib.h>

/* Reading a trace's blocks, and saying which samples agree with it. */

struct trace_cursor {
	struct store *store;
	sqlite3_stmt *statement;
};

static const char one_sql[] =
	"SELECT socket_id, first_ns, last_ns, events, block, (SELECT socket.first_ns FROM socket"
	" WHERE socket.socket_id = trace_block.socket_id) FROM trace_block WHERE socket_id = ?1 AND first_ns < ?3"
	" AND last_ns >= ?2 ORDER BY socket_id, first_ns";
static const char all_sql[] =
	"SELECT socket_id, first_ns, last_ns, events, block, (SELECT socket.first_ns FROM socket"
	" WHERE socket.socket_id = trace_block.socket_id) FROM trace_block WHERE first_ns < ?3 AND last_ns >= ?2"
	" AND (?4 = 0 OR (SELECT capture_id FROM socket WHERE socket.socket_id = trace_block.socket_id) = ?4)"
	" ORDER BY socket_id, first_ns";

static const char cpus_sql[] =
	"SELECT cpu, first_ns, last_ns, events, block, 0 FROM softnet_trace_block WHERE first_ns < ?3 AND last_ns >= ?2"
	" AND (?4 = 0 OR capture_id = ?4) ORDER BY capture_id, cpu, first_ns";

int trace_cursor_open(struct store *store, const struct trace_range *range,
		      struct trace_cursor **ret_cursor, struct failure *failure)
{
	struct trace_cursor *cursor = calloc(1, sizeof(*cursor));
	const char *sql = range->of_cpus ? cpus_sql : range->socket_id ? one_sql : all_sql;

	if (!cursor)
		return failure_set(failure, ENOMEM, "out of memory");
	cursor->store = store;
	if (sqlite3_prepare_v2(store->db, sql, -1, &cursor->statement, NULL) != SQLITE_OK) {
		free(cursor);
		return store_error(store, "reading", failure);
	}
	if (sql == one_sql)
		sqlite3_bind_int64(cursor->statement, 1, range->socket_id);
	else
		sqlite3_bind_int64(cursor->statement, 4, range->capture_id);
	sqlite3_bind_int64(cursor->statement, 2, range->from_ns);
	sqlite3_bind_int64(cursor->statement, 3, range->to_ns);
	*ret_cursor = cursor;
	return 0;
}

void trace_cursor_closep(struct trace_cursor **cursor)
{
	if (!*cursor)
		return;
	sqlite3_finalize((*cursor)->statement);
	free(*cursor);
	*cursor = NULL;
}

int trace_cursor_next(struct trace_cursor *cursor, struct trace_block_row *ret_row,
		      struct failure *failure)
{
	sqlite3_stmt *statement = cursor->statement;
	int code = sqlite3_step(statement);

	if (code == SQLITE_DONE)
		return 0;
	if (code != SQLITE_ROW)
		return store_error(cursor->store, "reading", failure);
	*ret_row = (struct trace_block_row){
		.socket_id = sqlite3_column_int64(statement, 0),
		.first_ns = sqlite3_column_int64(statement, 1),
		.last_ns = sqlite3_column_int64(statement, 2),
		.events = sqlite3_column_int64(statement, 3),
		.block = sqlite3_column_blob(statement, 4),
		.block_bytes = (size_t)sqlite3_column_bytes(statement, 4),
		.socket_first_ns = sqlite3_column_int64(statement, 5),
	};
	return 1;
}

int store_polled_sockets(struct store *store, int64_t capture_id, int64_t **ret_socket_id,
			 size_t *ret_sockets, struct failure *failure)
{
	static const char sql[] =
		"SELECT socket_id FROM socket WHERE capture_id = ?1 AND cookie IS NOT NULL AND"
		" EXISTS (SELECT 1 FROM sample WHERE sample.socket_id = socket.socket_id AND rx_queue_bytes IS NOT NULL)";
	size_t sockets = 0, room = 0;
	int64_t *socket_id = NULL;
	sqlite3_stmt *statement;
	int code;

	if (store_execute(
		    store,
		    "CREATE INDEX IF NOT EXISTS sample_by_socket ON sample (socket_id, read_start_ns)",
		    failure) < 0 ||
	    sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return store_error(store, "reading", failure);
	sqlite3_bind_int64(statement, 1, capture_id);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		if (sockets == room) {
			int64_t *grown;

			room = room ? 2 * room : 256;
			grown = realloc(socket_id, room * sizeof(*socket_id));
			if (!grown)
				break;
			socket_id = grown;
		}
		socket_id[sockets++] = sqlite3_column_int64(statement, 0);
	}
	sqlite3_finalize(statement);
	if (code != SQLITE_DONE) {
		free(socket_id);
		return code == SQLITE_ROW ? failure_set(failure, ENOMEM, "out of memory") :
					    store_error(store, "reading", failure);
	}
	*ret_socket_id = socket_id;
	*ret_sockets = sockets;
	return 0;
}

static int64_t integer_or(sqlite3_stmt *statement, int column, int64_t null_value)
{
	return sqlite3_column_type(statement, column) == SQLITE_NULL ?
		       null_value :
		       sqlite3_column_int64(statement, column);
}

int store_samples_after(struct store *store, int64_t socket_id, struct polled_sample *sample,
			size_t room, size_t *ret_samples, struct failure *failure)
{
	static const char sql[] =
		"SELECT rowid, read_start_ns, read_end_ns, rx_queue_bytes, tx_queue_bytes, rmem_bytes FROM sample"
		" WHERE socket_id = ?1 AND (read_start_ns, rowid) > (?2, ?3) AND rx_queue_bytes IS NOT NULL"
		" ORDER BY read_start_ns, rowid LIMIT ?4";
	sqlite3_stmt *statement;
	size_t samples = 0;
	int code;

	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return store_error(store, "reading", failure);
	sqlite3_bind_int64(statement, 1, socket_id);
	sqlite3_bind_int64(statement, 2,
			   *ret_samples ? sample[*ret_samples - 1].read_start_ns : -1);
	sqlite3_bind_int64(statement, 3, *ret_samples ? sample[*ret_samples - 1].sample_id : -1);
	sqlite3_bind_int64(statement, 4, (int64_t)room);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW && samples < room) {
		sample[samples++] = (struct polled_sample){
			.sample_id = sqlite3_column_int64(statement, 0),
			.read_start_ns = sqlite3_column_int64(statement, 1),
			.read_end_ns = sqlite3_column_int64(statement, 2),
			.value_bytes = { integer_or(statement, 3, -1), integer_or(statement, 4, -1),
					 integer_or(statement, 5, -1) },
		};
	}
	sqlite3_finalize(statement);
	*ret_samples = samples;
	return code == SQLITE_DONE ? 0 : store_error(store, "reading", failure);
}

int store_put_waiting(struct store *store, const struct waiting_row *row, struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_WAITING, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":socket_id", row->socket_id);
	bind_integer(&binding, ":wait_from_ns", row->wait_from_ns);
	bind_integer(&binding, ":wait_to_ns", row->wait_to_ns);
	bind_integer(&binding, ":bytes", row->bytes);
	return statement_end(&binding, failure);
}

int store_put_agreement(struct store *store, const struct polled_sample *sample,
			struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_AGREEMENT, &binding, failure);

	if (error)
		return error;
	bind_integer_or_null(&binding, ":rx_agrees", sample->agrees[0], -1);
	bind_integer_or_null(&binding, ":tx_agrees", sample->agrees[1], -1);
	bind_integer_or_null(&binding, ":rmem_agrees", sample->agrees[2], -1);
	bind_integer(&binding, ":sample_id", sample->sample_id);
	return statement_end(&binding, failure);
}
