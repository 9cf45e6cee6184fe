/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/agreement.h"

#include "base/cleanup.h"
#include "base/failure.h"
#include "bpf/record.h"
#include "store/store.h"
#include "trace/trace_block.h"
#include "trace/trace_event.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES_AT_ONCE = 16384 };

/* A socket's events from one instant on, as far as they are needed: they come block by block. */
struct series {
	struct trace_cursor *cursor; /* NULL: nothing is left to read */
	struct codec *codec;
	struct trace_event *event;
	size_t first; /* the first event that lies ahead: */
	uint64_t passed; /* so many lie behind it */
	uint64_t next[GAUGES]; /* no event of the gauge lies ahead before this one */
	size_t events;
	size_t room;
	uint32_t value_bytes[GAUGES]; /* in force before it */
	uint32_t former_bytes[GAUGES]; /* and what was so before that, */
	uint64_t former_until_ns[GAUGES]; /* up to here at most */
	uint64_t end_ns; /* of the capture: it holds nothing from there on */
};

/* A change lies in [time_ns - before, time_ns + after]. */
static uint64_t change_before_ns(const struct trace_event *event, uint32_t value_before)
{
	if (event->slack_ns & SLACK_AFTER)
		return 0;
	if (event->slack_ns)
		return event->slack_ns;
	return event->gauge == GAUGE_RMEM && event->value_bytes < value_before ? 0 : SLACK_TOLD_NS;
}

static uint64_t change_after_ns(const struct trace_event *event, uint32_t value_before)
{
	if (event->slack_ns)
		return (event->slack_ns & SLACK_AFTER) ? event->slack_ns & ~SLACK_AFTER : 0;
	/* An ACK is applied a moment after its packet came, memory freed a moment after its bytes
	 * were taken. */
	return event->gauge != GAUGE_RX_QUEUE && event->value_bytes < value_before ? SLACK_TOLD_NS :
										     0;
}

/* Reads one more block, behind what is there. */
static int series_read(struct series *series, struct failure *failure)
{
	struct trace_block_row row;
	int result = trace_cursor_next(series->cursor, &row, failure);

	if (result <= 0) {
		trace_cursor_closep(&series->cursor);
		return result;
	}
	if (series->first > series->events / 2) {
		memmove(series->event, series->event + series->first,
			(series->events - series->first) * sizeof(*series->event));
		series->events -= series->first;
		series->first = 0;
	}
	if (row.events < 0 || row.events > TRACE_BLOCK_EVENTS_MAX)
		return failure_set(failure, EBADMSG, "a block of events is broken");
	if (series->events + (size_t)row.events > series->room) {
		size_t room = 2 * (series->events + (size_t)row.events);
		void *grown = realloc(series->event, room * sizeof(*series->event));

		if (!grown)
			return failure_set(failure, ENOMEM, "out of memory");
		series->event = grown;
		series->room = room;
	}
	if (trace_block_decode(series->codec, row.block, row.block_bytes,
			       series->event + series->events, (size_t)row.events) < 0)
		return failure_set(failure, EBADMSG, "a block of events is broken");
	series->events += (size_t)row.events;
	return 0;
}

/* The event so many places ahead, which is read if need be; NULL behind the last one, or where it
 * failed: then *error says so. */
static const struct trace_event *series_event(struct series *series, size_t ahead, int *error,
					      struct failure *failure)
{
	while (series->events - series->first <= ahead) {
		if (!series->cursor)
			return NULL;
		*error = series_read(series, failure);
		if (*error)
			return NULL;
	}
	return &series->event[series->first + ahead];
}

/* Moves on to what is in force at time_ns. */
static int series_advance(struct series *series, uint64_t time_ns, struct failure *failure)
{
	const struct trace_event *event;
	int error = 0;

	while ((event = series_event(series, 0, &error, failure)) && event->time_ns <= time_ns) {
		uint32_t *value_bytes = &series->value_bytes[event->gauge];

		series->former_bytes[event->gauge] = *value_bytes;
		series->former_until_ns[event->gauge] =
			event->time_ns + change_after_ns(event, *value_bytes);
		*value_bytes = event->value_bytes;
		series->first++;
		series->passed++;
	}
	return error;
}

/* Whether the value was in force, as far as is known, when the window began. */
static bool value_in_force(const struct series *series, unsigned gauge,
			   const struct polled_sample *sample)
{
	return sample->value_bytes[gauge] == series->value_bytes[gauge] ||
	       (sample->value_bytes[gauge] == series->former_bytes[gauge] &&
		(uint64_t)sample->read_start_ns <= series->former_until_ns[gauge]);
}

/* The gauge's next event, so many places ahead or more; *ahead becomes its place. NULL as
 * series_event(). */
static const struct trace_event *series_next(struct series *series, unsigned gauge, size_t *ahead,
					     int *error, struct failure *failure)
{
	const struct trace_event *event;

	while ((event = series_event(series, *ahead, error, failure)) && event->gauge != gauge)
		++*ahead;
	return event;
}

/* Whether the gauge came to the value in the sample's window, as far as is known. A gauge's changes
 * come one after the other: behind one that came after the window none belongs to it. */
static bool value_came(struct series *series, unsigned gauge, const struct polled_sample *sample,
		       int *error, struct failure *failure)
{
	uint64_t read_end_ns = (uint64_t)sample->read_end_ns;
	uint32_t value_bytes = series->value_bytes[gauge];
	const struct trace_event *event;
	size_t ahead;

	if (series->next[gauge] < series->passed)
		series->next[gauge] = series->passed;
	ahead = series->next[gauge] - series->passed;
	event = series_next(series, gauge, &ahead, error, failure);
	series->next[gauge] = series->passed + ahead;
	while (event && event->time_ns - change_before_ns(event, value_bytes) <= read_end_ns) {
		value_bytes = event->value_bytes;
		if (sample->value_bytes[gauge] == value_bytes)
			return true;
		ahead++;
		event = series_next(series, gauge, &ahead, error, failure);
	}
	return false;
}

static int sample_judge(struct series *series, struct polled_sample *sample,
			struct failure *failure)
{
	int error = 0;

	for (unsigned gauge = 0; gauge < GAUGES; gauge++)
		sample->agrees[gauge] =
			sample->value_bytes[gauge] < 0 ?
				-1 :
				value_in_force(series, gauge, sample) ||
					value_came(series, gauge, sample, &error, failure);
	return error;
}

static int socket_judge(struct store *store, struct series *series, int64_t socket_id,
			struct polled_sample *sample, struct failure *failure)
{
	size_t samples = 0;
	int error;

	for (;;) {
		error = store_samples_after(store, socket_id, sample, SAMPLES_AT_ONCE, &samples,
					    failure);
		if (error || !samples)
			return error;
		for (size_t index = 0; index < samples && !error; index++) {
			if ((uint64_t)sample[index].read_end_ns > series->end_ns)
				continue;
			error = series_advance(series, (uint64_t)sample[index].read_start_ns,
					       failure);
			if (!error)
				error = sample_judge(series, &sample[index], failure);
			if (!error)
				error = store_put_agreement(store, &sample[index], failure);
		}
		if (error)
			return error;
	}
}

static void series_free(struct series *series)
{
	trace_cursor_closep(&series->cursor);
	codec_freep(&series->codec);
	free(series->event);
}

static void memory_freep(void *memory)
{
	free(*(void **)memory);
}

int agreement_write(struct store *store, int64_t capture_id, uint64_t end_ns,
		    struct failure *failure)
{
	_cleanup_(memory_freep) struct polled_sample *sample =
		calloc(SAMPLES_AT_ONCE, sizeof(*sample));
	_cleanup_(series_free) struct series series = { .end_ns = end_ns };
	_cleanup_(memory_freep) int64_t *socket_id = NULL;
	size_t sockets = 0;
	int error;

	if (!sample || codec_new(&series.codec) < 0)
		return failure_set(failure, ENOMEM, "out of memory");
	error = store_polled_sockets(store, capture_id, &socket_id, &sockets, failure);
	for (size_t index = 0; index < sockets && !error; index++) {
		const struct trace_range range = { .socket_id = socket_id[index],
						   .to_ns = INT64_MAX };

		series.first = 0;
		series.passed = 0;
		series.events = 0;
		memset(series.next, 0, sizeof(series.next));
		memset(series.value_bytes, 0, sizeof(series.value_bytes));
		memset(series.former_bytes, 0, sizeof(series.former_bytes));
		memset(series.former_until_ns, 0, sizeof(series.former_until_ns));
		error = trace_cursor_open(store, &range, &series.cursor, failure);
		if (!error)
			error = socket_judge(store, &series, socket_id[index], sample, failure);
		trace_cursor_closep(&series.cursor);
	}
	return error;
}
