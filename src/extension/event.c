/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A loadable extension of SQLite: the read-only virtual table event(socket_id, time_ns, gauge,
 * value_bytes) over the trace_block of the database it is loaded into. A socket and a range of
 * times are pushed down to the blocks; SQLite checks every row again.
 *
 *   sqlite3 FILE -cmd '.load build/pollgap_event' 'SELECT * FROM event WHERE socket_id = 3'
 */
#include "trace/trace_block.h"
#include "trace/trace_event.h"

#include <math.h>
#include <sqlite3ext.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

SQLITE_EXTENSION_INIT1

enum { COLUMN_SOCKET, COLUMN_TIME, COLUMN_GAUGE, COLUMN_VALUE };

/* What xBestIndex() tells xFilter(): which of these come as arguments, in this order. */
enum { BY_SOCKET = 1, BY_FROM = 2, BY_TO = 4 };

struct event_table {
	sqlite3_vtab base;
	sqlite3 *db;
};

struct event_cursor {
	sqlite3_vtab_cursor base;
	sqlite3_stmt *blocks;
	struct codec *codec;
	struct trace_event *event;
	size_t events;
	size_t place;
	int64_t socket_id;
	int64_t from_ns;
	int64_t to_ns; /* included */
	int64_t row;
	int over;
};

static int event_connect(sqlite3 *db, void *context, int argc, const char *const *argv,
			 sqlite3_vtab **ret_table, char **ret_message)
{
	struct event_table *table;
	int code = sqlite3_declare_vtab(
		db,
		"CREATE TABLE event (socket_id INTEGER, time_ns INTEGER, gauge TEXT, value_bytes INTEGER)");

	(void)context, (void)argc, (void)argv, (void)ret_message;
	if (code != SQLITE_OK)
		return code;
	table = sqlite3_malloc(sizeof(*table));
	if (!table)
		return SQLITE_NOMEM;
	memset(table, 0, sizeof(*table));
	table->db = db;
	*ret_table = &table->base;
	return SQLITE_OK;
}

static int event_disconnect(sqlite3_vtab *table)
{
	sqlite3_free(table);
	return SQLITE_OK;
}

/* The argument's number that a constraint asks for, or 0. */
static int constraint_kind(const struct sqlite3_index_constraint *constraint)
{
	if (!constraint->usable)
		return 0;
	if (constraint->iColumn == COLUMN_SOCKET && constraint->op == SQLITE_INDEX_CONSTRAINT_EQ)
		return BY_SOCKET;
	if (constraint->iColumn != COLUMN_TIME)
		return 0;
	if (constraint->op == SQLITE_INDEX_CONSTRAINT_GE ||
	    constraint->op == SQLITE_INDEX_CONSTRAINT_GT)
		return BY_FROM;
	if (constraint->op == SQLITE_INDEX_CONSTRAINT_LE ||
	    constraint->op == SQLITE_INDEX_CONSTRAINT_LT)
		return BY_TO;
	return 0;
}

static int event_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
	int chosen = 0, argument = 0;

	(void)table;
	for (int kind = BY_SOCKET; kind <= BY_TO; kind <<= 1) {
		for (int index = 0; index < info->nConstraint; index++) {
			if (constraint_kind(&info->aConstraint[index]) != kind)
				continue;
			info->aConstraintUsage[index].argvIndex = ++argument;
			chosen |= kind;
			break;
		}
	}
	info->idxNum = chosen;
	info->estimatedCost = (chosen & BY_SOCKET) ? 1e4 : 1e7;
	if (chosen & (BY_FROM | BY_TO))
		info->estimatedCost /= 10;
	/* One socket's events come in the order of time. */
	if (chosen & BY_SOCKET && info->nOrderBy == 1 && info->aOrderBy[0].iColumn == COLUMN_TIME &&
	    !info->aOrderBy[0].desc)
		info->orderByConsumed = 1;
	return SQLITE_OK;
}

static int event_open(sqlite3_vtab *table, sqlite3_vtab_cursor **ret_cursor)
{
	struct event_cursor *cursor = sqlite3_malloc(sizeof(*cursor));

	(void)table;
	if (!cursor)
		return SQLITE_NOMEM;
	memset(cursor, 0, sizeof(*cursor));
	cursor->event = calloc(TRACE_BLOCK_EVENTS_MAX, sizeof(*cursor->event));
	*ret_cursor = &cursor->base;
	if (cursor->event && codec_new(&cursor->codec) == 0)
		return SQLITE_OK;
	free(cursor->event);
	sqlite3_free(cursor);
	return SQLITE_NOMEM;
}

static int event_close(sqlite3_vtab_cursor *base)
{
	struct event_cursor *cursor = (struct event_cursor *)base;

	sqlite3_finalize(cursor->blocks);
	codec_freep(&cursor->codec);
	free(cursor->event);
	sqlite3_free(cursor);
	return SQLITE_OK;
}

/* Decodes the next block. Returns SQLITE_OK, also at the end. */
static int block_next(struct event_cursor *cursor)
{
	int64_t events;
	int code = sqlite3_step(cursor->blocks);

	cursor->place = 0;
	cursor->events = 0;
	if (code == SQLITE_DONE) {
		cursor->over = 1;
		return SQLITE_OK;
	}
	if (code != SQLITE_ROW)
		return code;
	cursor->socket_id = sqlite3_column_int64(cursor->blocks, 0);
	events = sqlite3_column_int64(cursor->blocks, 1);
	if (events < 0 || events > TRACE_BLOCK_EVENTS_MAX ||
	    trace_block_decode(cursor->codec, sqlite3_column_blob(cursor->blocks, 2),
			       (size_t)sqlite3_column_bytes(cursor->blocks, 2), cursor->event,
			       (size_t)events) < 0)
		return SQLITE_CORRUPT_VTAB;
	cursor->events = (size_t)events;
	return SQLITE_OK;
}

/* Moves on to the next event within the range, from place on. */
static int event_settle(struct event_cursor *cursor)
{
	int code = SQLITE_OK;

	while (code == SQLITE_OK && !cursor->over) {
		for (; cursor->place < cursor->events; cursor->place++) {
			int64_t time_ns = (int64_t)cursor->event[cursor->place].time_ns;

			if (time_ns >= cursor->from_ns && time_ns <= cursor->to_ns)
				return SQLITE_OK;
		}
		code = block_next(cursor);
	}
	return code;
}

/* A bound that is no integer is taken a little wide: SQLite looks at every row again. */
static int64_t bound_of(sqlite3_value *value, int64_t otherwise)
{
	double real;

	if (sqlite3_value_type(value) == SQLITE_INTEGER)
		return sqlite3_value_int64(value);
	if (sqlite3_value_type(value) != SQLITE_FLOAT)
		return otherwise;
	real = otherwise ? ceil(sqlite3_value_double(value)) : floor(sqlite3_value_double(value));
	return real > -9.2e18 && real < 9.2e18 ? (int64_t)real : otherwise;
}

static int event_filter(sqlite3_vtab_cursor *base, int chosen, const char *text, int argc,
			sqlite3_value **argv)
{
	static const char one_sql[] =
		"SELECT socket_id, events, block FROM main.trace_block WHERE socket_id = ?1 AND last_ns >= ?2 AND first_ns <= ?3"
		" ORDER BY socket_id, first_ns";
	static const char all_sql[] =
		"SELECT socket_id, events, block FROM main.trace_block WHERE last_ns >= ?2 AND first_ns <= ?3"
		" ORDER BY socket_id, first_ns";
	struct event_cursor *cursor = (struct event_cursor *)base;
	sqlite3 *db = ((struct event_table *)base->pVtab)->db;
	int argument = 0, code;

	(void)text, (void)argc;
	sqlite3_finalize(cursor->blocks);
	cursor->blocks = NULL;
	cursor->over = 0;
	cursor->events = 0;
	cursor->place = 0;
	cursor->row = 0;
	cursor->from_ns = 0;
	cursor->to_ns = INT64_MAX;
	code = sqlite3_prepare_v2(db, chosen & BY_SOCKET ? one_sql : all_sql, -1, &cursor->blocks,
				  NULL);
	if (code != SQLITE_OK) {
		base->pVtab->zErrMsg =
			sqlite3_mprintf("%s: is this a pollgap file?", sqlite3_errmsg(db));
		return code;
	}
	if (chosen & BY_SOCKET)
		sqlite3_bind_value(cursor->blocks, 1, argv[argument++]);
	if (chosen & BY_FROM)
		cursor->from_ns = bound_of(argv[argument++], 0);
	if (chosen & BY_TO)
		cursor->to_ns = bound_of(argv[argument++], INT64_MAX);
	sqlite3_bind_int64(cursor->blocks, 2, cursor->from_ns);
	sqlite3_bind_int64(cursor->blocks, 3, cursor->to_ns);
	return event_settle(cursor);
}

static int event_next(sqlite3_vtab_cursor *base)
{
	struct event_cursor *cursor = (struct event_cursor *)base;

	cursor->place++;
	cursor->row++;
	return event_settle(cursor);
}

static int event_eof(sqlite3_vtab_cursor *base)
{
	return ((struct event_cursor *)base)->over;
}

static int event_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
	static const char *const gauge[] = { "rx_queue", "tx_queue", "rmem" };
	const struct event_cursor *cursor = (struct event_cursor *)base;
	const struct trace_event *event = &cursor->event[cursor->place];

	if (column == COLUMN_SOCKET)
		sqlite3_result_int64(context, cursor->socket_id);
	else if (column == COLUMN_TIME)
		sqlite3_result_int64(context, (int64_t)event->time_ns);
	else if (column == COLUMN_GAUGE)
		sqlite3_result_text(context, gauge[event->gauge], -1, SQLITE_STATIC);
	else
		sqlite3_result_int64(context, event->value_bytes);
	return SQLITE_OK;
}

static int event_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret_row)
{
	*ret_row = ((struct event_cursor *)base)->row;
	return SQLITE_OK;
}

/* No xCreate: the table is there once the extension is loaded. */
static const sqlite3_module event_module = {
	.xConnect = event_connect,
	.xBestIndex = event_best_index,
	.xDisconnect = event_disconnect,
	.xOpen = event_open,
	.xClose = event_close,
	.xFilter = event_filter,
	.xNext = event_next,
	.xEof = event_eof,
	.xColumn = event_column,
	.xRowid = event_rowid,
};

/* SQLite finds it by the file's name. */
int sqlite3_pollgapevent_init(sqlite3 *db, char **ret_message, const sqlite3_api_routines *api);

__attribute__((visibility("default"))) int
sqlite3_pollgapevent_init(sqlite3 *db, char **ret_message, const sqlite3_api_routines *api)
{
	(void)ret_message;
	SQLITE_EXTENSION_INIT2(api);
	return sqlite3_create_module(db, "event", &event_module, NULL);
}
