/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/waiting.h"

#include "base/cleanup.h"
#include "base/failure.h"
#include "bpf/record.h"
#include "capture/bins.h"
#include "store/store.h"
#include "trace/trace_block.h"
#include "trace/trace_event.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Beyond the bin of the longest time that 64 bits hold. */
enum { BINS = 320 };

struct arrival {
	uint64_t time_ns; /* 0: before the socket was first seen */
	uint32_t bytes;
};

/* One socket's receive queue: what stands in it, and how long what was read had stood. */
struct waiting {
	struct store *store;
	struct failure *failure;
	struct codec *codec;
	struct trace_event *event;
	int64_t socket_id; /* 0: none yet */
	uint64_t first_ns; /* since when it is known */
	uint32_t value_bytes;
	struct arrival *arrival;
	size_t first;
	size_t arrivals;
	size_t room;
	uint64_t bytes[BINS]; /* that were read, by bin of their wait */
};

static int arrival_add(struct waiting *waiting, uint64_t time_ns, uint32_t bytes)
{
	if (waiting->arrivals == waiting->room && waiting->first) {
		waiting->arrivals -= waiting->first;
		memmove(waiting->arrival, waiting->arrival + waiting->first,
			waiting->arrivals * sizeof(*waiting->arrival));
		waiting->first = 0;
	}
	if (waiting->arrivals == waiting->room) {
		size_t room = waiting->room ? 2 * waiting->room : 64;
		void *grown = realloc(waiting->arrival, room * sizeof(*waiting->arrival));

		if (!grown)
			return failure_set(waiting->failure, ENOMEM, "out of memory");
		waiting->arrival = grown;
		waiting->room = room;
	}
	waiting->arrival[waiting->arrivals++] = (struct arrival){ time_ns, bytes };
	return 0;
}

static void bytes_read(struct waiting *waiting, uint64_t time_ns, uint32_t bytes)
{
	while (bytes && waiting->first < waiting->arrivals) {
		struct arrival *arrival = &waiting->arrival[waiting->first];
		uint32_t taken = arrival->bytes < bytes ? arrival->bytes : bytes;
		unsigned bin = bin_index(time_ns - arrival->time_ns);

		if (arrival->time_ns)
			waiting->bytes[bin < BINS ? bin : BINS - 1] += taken;
		arrival->bytes -= taken;
		bytes -= taken;
		if (!arrival->bytes)
			waiting->first++;
	}
}

static int event_take(struct waiting *waiting, const struct trace_event *event)
{
	uint32_t value_bytes = waiting->value_bytes;

	waiting->value_bytes = event->value_bytes;
	if (event->value_bytes < value_bytes) {
		bytes_read(waiting, event->time_ns, value_bytes - event->value_bytes);
		return 0;
	}
	/* The value that a socket is found with stands at its very beginning. */
	return arrival_add(waiting,
			   event->time_ns == waiting->first_ns && !value_bytes ? 0 : event->time_ns,
			   event->value_bytes - value_bytes);
}

/* Writes what is known of the socket, and forgets it. */
static int socket_end(struct waiting *waiting)
{
	int error = 0;

	for (unsigned bin = 0; bin < BINS && !error; bin++) {
		uint64_t from_ns, to_ns;

		if (!waiting->bytes[bin])
			continue;
		bin_edges(bin, &from_ns, &to_ns);
		error = store_put_waiting(waiting->store,
					  &(struct waiting_row){
						  .socket_id = waiting->socket_id,
						  .wait_from_ns = (int64_t)from_ns,
						  .wait_to_ns = (int64_t)to_ns,
						  .bytes = (int64_t)waiting->bytes[bin],
					  },
					  waiting->failure);
	}
	memset(waiting->bytes, 0, sizeof(waiting->bytes));
	waiting->value_bytes = 0;
	waiting->first = 0;
	waiting->arrivals = 0;
	return error;
}

static int block_take(struct waiting *waiting, const struct trace_block_row *row)
{
	int error = 0;

	if (row->socket_id != waiting->socket_id) {
		error = socket_end(waiting);
		waiting->socket_id = row->socket_id;
		waiting->first_ns = (uint64_t)row->socket_first_ns;
	}
	if (error)
		return error;
	if (row->events < 0 || row->events > TRACE_BLOCK_EVENTS_MAX ||
	    trace_block_decode(waiting->codec, row->block, row->block_bytes, waiting->event,
			       (size_t)row->events) < 0)
		return failure_set(waiting->failure, EBADMSG, "a block of events is broken");
	for (size_t index = 0; index < (size_t)row->events && !error; index++) {
		if (waiting->event[index].gauge == GAUGE_RX_QUEUE)
			error = event_take(waiting, &waiting->event[index]);
	}
	return error;
}

static void waiting_free(struct waiting *waiting)
{
	codec_freep(&waiting->codec);
	free(waiting->event);
	free(waiting->arrival);
}

int waiting_write(struct store *store, int64_t capture_id, struct failure *failure)
{
	_cleanup_(waiting_free) struct waiting waiting = {
		.store = store,
		.failure = failure,
		.event = calloc(TRACE_BLOCK_EVENTS_MAX, sizeof(struct trace_event)),
	};
	_cleanup_(trace_cursor_closep) struct trace_cursor *cursor = NULL;
	const struct trace_range range = { .capture_id = capture_id, .to_ns = INT64_MAX };
	struct trace_block_row row;
	int error, result = 0;

	if (!waiting.event || codec_new(&waiting.codec) < 0)
		return failure_set(failure, ENOMEM, "out of memory");
	error = trace_cursor_open(store, &range, &cursor, failure);
	while (!error && (result = trace_cursor_next(cursor, &row, failure)) > 0)
		error = block_take(&waiting, &row);
	if (!error && result < 0)
		error = result;
	return error ? error : socket_end(&waiting);
}
