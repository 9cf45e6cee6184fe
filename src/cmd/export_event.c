/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/export_event.h"

#include "base/cleanup.h"
#include "base/failure.h"
#include "bpf/record.h"
#include "store/csv.h"
#include "trace/trace_block.h"
#include "trace/trace_event.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Lines are put together here: printf() takes ten times as long as decoding. */
enum { TEXT_BYTES = 1 << 18, LINE_BYTES_MAX = 20 + 20 + 8 + 10 + 4 };

struct printing {
	struct failure *failure;
	const struct trace_range *range;
	struct codec *codec;
	struct trace_event *event;
	FILE *out;
	char *text;
	size_t text_bytes;
};

static char *integer_print(char *to, uint64_t value)
{
	char digits[20];
	unsigned first = sizeof(digits);

	do {
		digits[--first] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	memcpy(to, digits + first, sizeof(digits) - first);
	return to + (sizeof(digits) - first);
}

static int text_flush(struct printing *printing)
{
	size_t bytes = printing->text_bytes;

	printing->text_bytes = 0;
	errno = 0;
	if (fwrite(printing->text, 1, bytes, printing->out) == bytes)
		return 0;
	return failure_set(printing->failure, errno ? errno : EIO, "the CSV can't be written: %s",
			   strerror(errno ? errno : EIO));
}

static void event_print(struct printing *printing, const char *socket, size_t socket_bytes,
			const struct trace_event *event)
{
	static const char gauge[GAUGES][12] = { ",rx_queue,", ",tx_queue,", ",rmem," };
	static const uint8_t gauge_bytes[GAUGES] = { 10, 10, 6 };
	bool of_cpus = printing->range->of_cpus;
	char *to = printing->text + printing->text_bytes;

	memcpy(to, socket, socket_bytes);
	to = integer_print(to + socket_bytes, event->time_ns);
	memcpy(to, of_cpus ? "," : gauge[event->gauge], of_cpus ? 1 : sizeof(gauge[0]));
	to = integer_print(to + (of_cpus ? 1 : gauge_bytes[event->gauge]), event->value_bytes);
	*to++ = '\n';
	printing->text_bytes = (size_t)(to - printing->text);
}

static int block_print(struct printing *printing, const struct trace_block_row *row)
{
	char socket[24];
	size_t socket_bytes;
	int error;

	if (row->events < 0 || row->events > TRACE_BLOCK_EVENTS_MAX)
		error = -EBADMSG;
	else
		error = trace_block_decode(printing->codec, row->block, row->block_bytes,
					   printing->event, (size_t)row->events);
	if (error)
		return failure_set(printing->failure, EBADMSG,
				   "a block of %s %lld's events, from %lld ns on, is broken",
				   printing->range->of_cpus ? "CPU" : "socket",
				   (long long)row->socket_id, (long long)row->first_ns);
	socket_bytes = (size_t)(integer_print(socket, (uint64_t)row->socket_id) - socket);
	socket[socket_bytes++] = ',';
	for (size_t index = 0; index < (size_t)row->events && !error; index++) {
		const struct trace_event *event = &printing->event[index];

		if (event->time_ns < (uint64_t)printing->range->from_ns ||
		    event->time_ns >= (uint64_t)printing->range->to_ns)
			continue;
		if (printing->text_bytes > TEXT_BYTES - LINE_BYTES_MAX)
			error = text_flush(printing);
		event_print(printing, socket, socket_bytes, event);
	}
	return error;
}

static void printing_free(struct printing *printing)
{
	codec_freep(&printing->codec);
	free(printing->event);
	free(printing->text);
}

int export_events(struct store *store, const struct trace_range *range, FILE *out,
		  struct failure *failure)
{
	_cleanup_(printing_free) struct printing printing = {
		.failure = failure,
		.range = range,
		.event = calloc(TRACE_BLOCK_EVENTS_MAX, sizeof(struct trace_event)),
		.text = malloc(TEXT_BYTES),
		.out = out,
	};
	_cleanup_(trace_cursor_closep) struct trace_cursor *cursor = NULL;
	struct trace_block_row row;
	int64_t blocks;
	int result,
		error = store_count(store, range->of_cpus ? "softnet_trace_block" : "trace_block",
				    &blocks, failure);

	if (error)
		return error;
	if (!blocks)
		return failure_set(failure, ENODATA,
				   "the file holds no events: capture with --trace");
	if (!printing.event || !printing.text || codec_new(&printing.codec) < 0)
		return failure_set(failure, ENOMEM, "out of memory");
	fputs(range->of_cpus ? "cpu,time_ns,backlog_packets\n" :
			       "socket_id,time_ns,gauge,value_bytes\n",
	      out);
	error = trace_cursor_open(store, range, &cursor, failure);
	while (!error && (result = trace_cursor_next(cursor, &row, failure)) != 0)
		error = result < 0 ? result : block_print(&printing, &row);
	if (!error)
		error = text_flush(&printing);
	if (!error && fflush(out) != 0)
		error = failure_set(failure, errno, "the CSV can't be written: %s",
				    strerror(errno));
	return error;
}
