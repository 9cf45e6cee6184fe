/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "base/cleanup.h"
#include "bpf/record.h"
#include "trace/trace_block.h"
#include "trace/trace_columns.h"
#include "trace/trace_event.h"
#include "trace/varint.h"

#include <string.h>

/* What was read is a trace, and comes back when it is packed again. */
static void events_check(struct codec *codec, const struct trace_event *event, size_t events)
{
	_cleanup_(freep) struct trace_event *again = calloc(events + 1, sizeof(*again));
	const uint8_t *block = NULL;
	ssize_t bytes = trace_block_encode(codec, event, events, &block);

	FUZZ_EXPECT(again && bytes > 0);
	FUZZ_EXPECT(trace_block_decode(codec, block, (size_t)bytes, again, events) == 0);
	for (size_t i = 0; i < events; i++) {
		FUZZ_EXPECT(event[i].gauge < GAUGES);
		FUZZ_EXPECT(i == 0 || event[i].time_ns >= event[i - 1].time_ns);
		FUZZ_EXPECT(event[i].time_ns == again[i].time_ns);
		FUZZ_EXPECT(event[i].value_bytes == again[i].value_bytes);
		FUZZ_EXPECT(event[i].slack_ns == again[i].slack_ns);
		FUZZ_EXPECT(event[i].gauge == again[i].gauge);
	}
}

/* The input as a block's header with its columns as they are: behind the checksum, where a fuzzer
 * finds more. Each column has memory of its own, of just its length. */
static int columns_read(const uint8_t *data, size_t data_bytes, struct trace_event *event,
			size_t events)
{
	const uint8_t *at = data + 1, *end = data + data_bytes;
	struct trace_column column[TRACE_COLUMNS] = { 0 };
	int error = data_bytes ? 0 : -1;

	for (unsigned id = 0; id < TRACE_COLUMNS && !error; id++) {
		uint64_t bytes;

		error = varint_get(&at, end, &bytes);
		if (!error && bytes > trace_column_bytes_max(id, events))
			error = -1;
		if (!error)
			column[id].bytes = bytes;
	}
	for (unsigned id = 0; id < TRACE_COLUMNS && !error; id++) {
		if (column[id].bytes > (size_t)(end - at)) {
			error = -1;
			break;
		}
		column[id].data = malloc(column[id].bytes + !column[id].bytes);
		FUZZ_EXPECT(column[id].data);
		memcpy(column[id].data, at, column[id].bytes);
		at += column[id].bytes;
	}
	if (!error)
		error = trace_columns_read(column, event, events);
	for (unsigned id = 0; id < TRACE_COLUMNS; id++)
		free(column[id].data);
	return error;
}

/* The first two bytes say how many events the rest is to hold. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	_cleanup_(codec_freep) struct codec *codec = NULL;
	_cleanup_(freep) struct trace_event *event = NULL;
	size_t events;

	if (data_bytes < 2)
		return 0;
	events = data[0] | (size_t)data[1] << 8;
	event = calloc(events + 1, sizeof(*event));
	FUZZ_EXPECT(event && codec_new(&codec) == 0);
	if (trace_block_decode(codec, data + 2, data_bytes - 2, event, events) == 0)
		events_check(codec, event, events);
	if (events <= TRACE_BLOCK_EVENTS_MAX &&
	    columns_read(data + 2, data_bytes - 2, event, events) == 0)
		events_check(codec, event, events);
	return 0;
}
