/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_TRACE_COLUMNS_H
#define POLLGAP_TRACE_COLUMNS_H

#include <stddef.h>
#include <stdint.h>

struct trace_event;

/*
 * Events as columns of bytes in which like stands by like, so that what compresses them finds
 * little to say. A number is split: its first 7 bits stand in one column, the next 7, where it has
 * more, in a second, the rest as a varint in a third. Each column then has a distribution of its
 * own.
 */
enum trace_column_id {
	COLUMN_TIME_LOW, /* since the event before; the first one's since 0 */
	COLUMN_TIME_MIDDLE,
	COLUMN_TIME_REST,
	COLUMN_GAUGE, /* 2 bits an event */
	COLUMN_STEP, /* a byte an event: the slot of a recent step, or STEP_NEW */
	COLUMN_STEP_LOW, /* the new ones */
	COLUMN_STEP_MIDDLE,
	COLUMN_STEP_REST,
	COLUMN_SLACK, /* only of events that have one: how many have none before it; the slack */
	TRACE_COLUMNS,
};

struct trace_column {
	uint8_t *data;
	size_t bytes;
};

/* No column of so many events is longer. */
size_t trace_column_bytes_max(enum trace_column_id id, size_t events);

/*
 * data of each column must point at trace_column_bytes_max(); bytes is filled in. Returns 0, or
 * -EINVAL where a time is before the one before, or a gauge is none.
 */
int trace_columns_write(const struct trace_event *event, size_t events,
			struct trace_column column[TRACE_COLUMNS]);

/*
 * The columns may hold anything. Returns 0, or -EBADMSG where they are not those of just so many
 * events; what stands in event is then undefined.
 */
int trace_columns_read(const struct trace_column column[TRACE_COLUMNS], struct trace_event *event,
		       size_t events);

#endif
