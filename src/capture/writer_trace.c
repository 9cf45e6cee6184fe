/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/writer_private.h"
#include "trace/trace_block.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* Longer blocks are hardly smaller an event, and a zoom reads more than it needs. */
	BLOCK_EVENTS = 8192,
	/* Beyond so many events in memory all become blocks, short ones too: 48 MB. */
	EVENTS_HELD_MAX = 2000000,
};

/* Fills in what the buffer's block is, and empties the buffer. */
static int block_encode(struct writer *writer, struct trace_buffer *buffer,
			struct trace_block_row *row)
{
	const uint8_t *block;
	ssize_t block_bytes =
		trace_block_encode(writer->codec, buffer->event, buffer->events, &block);

	if (block_bytes < 0)
		return failure_set(&writer->failure, (int)-block_bytes,
				   "events of socket or CPU %lld can't be compressed",
				   (long long)row->socket_id);
	row->events = buffer->events;
	row->first_ns = (int64_t)buffer->event[0].time_ns;
	row->last_ns = (int64_t)buffer->event[buffer->events - 1].time_ns;
	row->block = block;
	row->block_bytes = (size_t)block_bytes;
	buffer->events = 0;
	return 0;
}

static int block_put(struct writer *writer, struct tracked_socket *socket)
{
	struct trace_block_row row = { .socket_id = socket->socket_id };
	int error;

	if (!socket->trace.events)
		return 0;
	error = block_encode(writer, &socket->trace, &row);
	if (error)
		return error;
	writer->events_held -= (uint64_t)row.events;
	return store_put_trace_block(writer->options.store, &row, &writer->failure);
}

static int cpu_block_put(struct writer *writer, unsigned cpu)
{
	struct trace_block_row row = { .socket_id = cpu, .capture_id = writer->ids.capture_id };
	int error;

	if (!writer->cpu_trace[cpu].events)
		return 0;
	error = block_encode(writer, &writer->cpu_trace[cpu], &row);
	if (error)
		return error;
	return store_put_softnet_trace_block(writer->options.store, &row, &writer->failure);
}

int writer_end_cpu_trace(struct writer *writer)
{
	int error = 0;

	for (unsigned cpu = 0; cpu < writer->cpus_traced && !error; cpu++)
		error = cpu_block_put(writer, cpu);
	return error;
}

void writer_free_cpu_trace(struct writer *writer)
{
	for (unsigned cpu = 0; cpu < writer->cpus_traced; cpu++)
		trace_buffer_free(&writer->cpu_trace[cpu]);
	free(writer->cpu_trace);
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

static struct trace_event event_of(const struct traced_event *traced)
{
	return (struct trace_event){
		.time_ns = traced->time_gauge >> 2,
		.value_bytes = traced->value_bytes,
		.slack_ns = traced->slack_ns,
		.gauge = traced->time_gauge & 3,
	};
}

static int cpu_trace_grow(struct writer *writer, unsigned cpu)
{
	struct trace_buffer *grown;

	if (cpu < writer->cpus_traced)
		return 0;
	grown = realloc(writer->cpu_trace, (cpu + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memset(grown + writer->cpus_traced, 0, (cpu + 1 - writer->cpus_traced) * sizeof(*grown));
	writer->cpu_trace = grown;
	writer->cpus_traced = cpu + 1;
	return 0;
}

int writer_take_backlog_events(struct writer *writer, const struct record_events *record)
{
	int error = cpu_trace_grow(writer, record->cpu);

	for (unsigned index = 0; index < record->events && index < RECORD_EVENTS_MAX && !error;
	     index++) {
		struct trace_buffer *buffer = &writer->cpu_trace[record->cpu];
		const struct trace_event event = event_of(&record->event[index]);

		error = trace_buffer_add(buffer, &event);
		if (!error && buffer->events == BLOCK_EVENTS)
			error = cpu_block_put(writer, record->cpu);
	}
	return error;
}

int writer_take_events(struct writer *writer, struct tracked_socket *socket,
		       const struct record_events *record)
{
	for (unsigned index = 0; index < record->events && index < RECORD_EVENTS_MAX; index++) {
		const struct trace_event event = event_of(&record->event[index]);
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
