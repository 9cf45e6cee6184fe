/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/writer_private.h"
#include "trace/trace_block.h"

#include <errno.h>

enum {
	/* Longer blocks are hardly smaller an event, and a zoom reads more than it needs. */
	BLOCK_EVENTS = 8192,
	/* Beyond so many events in memory all become blocks, short ones too: 48 MB. */
	EVENTS_HELD_MAX = 2000000,
};

static int block_put(struct writer *writer, struct tracked_socket *socket)
{
	const struct trace_buffer *buffer = &socket->trace;
	struct trace_block_row row = { .socket_id = socket->socket_id, .events = buffer->events };
	const uint8_t *block;
	ssize_t block_bytes;

	if (!buffer->events)
		return 0;
	block_bytes = trace_block_encode(writer->codec, buffer->event, buffer->events, &block);
	if (block_bytes < 0)
		return failure_set(&writer->failure, (int)-block_bytes,
				   "events of socket %lld can't be compressed",
				   (long long)socket->socket_id);
	row.first_ns = (int64_t)buffer->event[0].time_ns;
	row.last_ns = (int64_t)buffer->event[buffer->events - 1].time_ns;
	row.block = block;
	row.block_bytes = (size_t)block_bytes;
	writer->events_held -= buffer->events;
	socket->trace.events = 0;
	return store_put_trace_block(writer->options.store, &row, &writer->failure);
}

int writer_end_trace(struct writer *writer, struct tracked_socket *socket)
{
	int error = block_put(writer, socket);

	trace_buffer_free(&socket->trace);
	return error;
}

static int block_put_each(void *context, struct tracked_socket *socket)
{
	return writer_end_trace(context, socket);
}

int writer_take_events(struct writer *writer, struct tracked_socket *socket,
		       const struct record_events *record)
{
	for (unsigned index = 0; index < record->events && index < RECORD_EVENTS_MAX; index++) {
		const struct traced_event *traced = &record->event[index];
		const struct trace_event event = {
			.time_ns = traced->time_gauge >> 2,
			.value_bytes = traced->value_bytes,
			.slack_ns = traced->slack_ns,
			.gauge = traced->time_gauge & 3,
		};
		int error = trace_buffer_add(&socket->trace, &event);

		if (error)
			return error;
		writer->events_held++;
		error = socket->trace.events == BLOCK_EVENTS ? block_put(writer, socket) : 0;
		if (error)
			return error;
	}
	if (writer->events_held <= EVENTS_HELD_MAX)
		return 0;
	return sockets_change_each(writer->sockets, block_put_each, writer);
}
