/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/trace_columns.h"

#include "bpf/record.h"
#include "trace/trace_event.h"
#include "trace/varint.h"

/*
 * A gauge's step is the zigzag difference to its last value. Queues mostly fall back to 0, by a
 * different step each time: so 0 stands for "to 0", and the step to 0 for "unchanged", which hardly
 * ever comes.
 *
 * Requests of one size make the same few steps again and again. Each step has one slot, by its
 * hash, and the last step of a slot is remembered: where it comes again, its slot is all there is
 * to say.
 */
enum { STEP_SLOTS = 255, STEP_NEW = STEP_SLOTS };

#define STEP_MAX (2 * (uint64_t)UINT32_MAX)

struct steps {
	uint64_t slot[STEP_SLOTS]; /* the step it stands for; step 0 at first */
	uint32_t last_bytes[GAUGES];
};

/* A number's three columns, and how far they are written. */
struct split_writer {
	uint8_t *low;
	uint8_t *middle;
	uint8_t *rest;
};

struct reader {
	const uint8_t *at;
	const uint8_t *end;
};

struct split_reader {
	struct reader low;
	struct reader middle;
	struct reader rest;
};

size_t trace_column_bytes_max(enum trace_column_id id, size_t events)
{
	static const uint8_t each[TRACE_COLUMNS] = {
		[COLUMN_TIME_LOW] = 1,	  [COLUMN_TIME_MIDDLE] = 1, [COLUMN_TIME_REST] = 8,
		[COLUMN_GAUGE] = 1,	  [COLUMN_STEP] = 1,	    [COLUMN_STEP_LOW] = 1,
		[COLUMN_STEP_MIDDLE] = 1, [COLUMN_STEP_REST] = 3,   [COLUMN_SLACK] = 8,
	};

	return each[id] * events;
}

static struct split_writer split_writer(const struct trace_column *column)
{
	return (struct split_writer){ column[0].data, column[1].data, column[2].data };
}

static void split_end(const struct split_writer *to, struct trace_column *column)
{
	column[0].bytes = (size_t)(to->low - column[0].data);
	column[1].bytes = (size_t)(to->middle - column[1].data);
	column[2].bytes = (size_t)(to->rest - column[2].data);
}

static inline void split_put(struct split_writer *to, uint64_t value)
{
	if (value < VARINT_MORE) {
		*to->low++ = (uint8_t)value;
		return;
	}
	*to->low++ = (uint8_t)(value | VARINT_MORE);
	value >>= VARINT_BITS;
	if (value < VARINT_MORE) {
		*to->middle++ = (uint8_t)value;
		return;
	}
	*to->middle++ = (uint8_t)(value | VARINT_MORE);
	to->rest = varint_put(to->rest, value >> VARINT_BITS);
}

static struct reader reader(const struct trace_column *column)
{
	return (struct reader){ column->data, column->data + column->bytes };
}

static struct split_reader split_reader(const struct trace_column *column)
{
	return (struct split_reader){ reader(&column[0]), reader(&column[1]), reader(&column[2]) };
}

static int split_ended(const struct split_reader *from)
{
	return from->low.at == from->low.end && from->middle.at == from->middle.end &&
	       from->rest.at == from->rest.end;
}

static inline int split_get(struct split_reader *from, uint64_t *ret_value)
{
	uint64_t low, middle, rest;

	if (from->low.at == from->low.end)
		return -EBADMSG;
	low = *from->low.at++;
	if (low < VARINT_MORE) {
		*ret_value = low;
		return 0;
	}
	if (from->middle.at == from->middle.end)
		return -EBADMSG;
	low &= VARINT_MORE - 1;
	middle = *from->middle.at++;
	if (middle < VARINT_MORE) {
		*ret_value = low | middle << VARINT_BITS;
		return 0;
	}
	middle &= VARINT_MORE - 1;
	if (varint_get(&from->rest.at, from->rest.end, &rest) ||
	    rest > UINT64_MAX >> 2 * VARINT_BITS)
		return -EBADMSG;
	*ret_value = low | middle << VARINT_BITS | rest << 2 * VARINT_BITS;
	return 0;
}

static int times_write(const struct trace_event *event, size_t events, struct trace_column *column)
{
	struct split_writer to = split_writer(column);
	uint64_t last_ns = 0;

	for (size_t i = 0; i < events; i++) {
		if (event[i].time_ns < last_ns)
			return -EINVAL;
		split_put(&to, event[i].time_ns - last_ns);
		last_ns = event[i].time_ns;
	}
	split_end(&to, column);
	return 0;
}

static int times_read(const struct trace_column *column, struct trace_event *event, size_t events)
{
	struct split_reader from = split_reader(column);
	uint64_t time_ns = 0;

	for (size_t i = 0; i < events; i++) {
		uint64_t delta_ns;

		if (split_get(&from, &delta_ns) ||
		    __builtin_add_overflow(time_ns, delta_ns, &time_ns))
			return -EBADMSG;
		event[i] = (struct trace_event){ .time_ns = time_ns };
	}
	return split_ended(&from) ? 0 : -EBADMSG;
}

static int gauges_write(const struct trace_event *event, size_t events, struct trace_column *column)
{
	uint8_t *to = column->data;

	for (size_t i = 0; i < events; i += 4) {
		unsigned packed = 0;

		for (size_t j = i; j < i + 4 && j < events; j++) {
			if (event[j].gauge >= GAUGES)
				return -EINVAL;
			packed |= (unsigned)event[j].gauge << 2 * (j - i);
		}
		*to++ = (uint8_t)packed;
	}
	column->bytes = (size_t)(to - column->data);
	return 0;
}

static int gauges_read(const struct trace_column *column, struct trace_event *event, size_t events)
{
	const uint8_t *from = column->data;

	if (column->bytes != (events + 3) / 4)
		return -EBADMSG;
	for (size_t i = 0; i < events; i += 4) {
		unsigned packed = *from++;

		if (packed & packed >> 1 & 0x55)
			return -EBADMSG;
		for (size_t j = i; j < i + 4 && j < events; j++, packed >>= 2)
			event[j].gauge = packed & 3;
		if (i + 4 > events && packed)
			return -EBADMSG;
	}
	return 0;
}

static inline unsigned step_slot(uint64_t step)
{
	/* The golden ratio: neighbours land far apart. */
	return (unsigned)((step * 0x9e3779b97f4a7c15 >> 32) * STEP_SLOTS >> 32);
}

static inline uint64_t step_to(uint32_t last_bytes, uint32_t value_bytes)
{
	if (value_bytes == 0)
		return 0;
	if (value_bytes == last_bytes)
		return zigzag_put(-(int64_t)last_bytes);
	return zigzag_put((int64_t)value_bytes - last_bytes);
}

/* step is STEP_MAX at most. */
static inline int step_apply(uint64_t step, uint32_t *last_bytes)
{
	int64_t value_bytes = *last_bytes + zigzag_get(step);

	if (step == 0)
		value_bytes = 0;
	else if (value_bytes == 0)
		value_bytes = *last_bytes;
	if (value_bytes < 0 || value_bytes > UINT32_MAX)
		return -EBADMSG;
	*last_bytes = (uint32_t)value_bytes;
	return 0;
}

/* column is COLUMN_STEP and those behind it. */
static void steps_write(const struct trace_event *event, size_t events, struct trace_column *column)
{
	struct split_writer to = split_writer(column + 1);
	struct steps steps = { 0 };
	uint8_t *slots = column->data;

	for (size_t i = 0; i < events; i++) {
		uint32_t *last_bytes = &steps.last_bytes[event[i].gauge];
		uint64_t step = step_to(*last_bytes, event[i].value_bytes);
		unsigned slot = step_slot(step);

		*last_bytes = event[i].value_bytes;
		if (steps.slot[slot] == step) {
			*slots++ = (uint8_t)slot;
			continue;
		}
		*slots++ = STEP_NEW;
		steps.slot[slot] = step;
		split_put(&to, step);
	}
	column->bytes = events;
	split_end(&to, column + 1);
}

/* The gauges are read already. */
static int steps_read(const struct trace_column *column, struct trace_event *event, size_t events)
{
	struct split_reader from = split_reader(column + 1);
	struct steps steps = { 0 };

	if (column->bytes != events)
		return -EBADMSG;
	for (size_t i = 0; i < events; i++) {
		uint32_t *last_bytes = &steps.last_bytes[event[i].gauge];
		unsigned slot = column->data[i];
		uint64_t step;

		if (slot == STEP_NEW) {
			if (split_get(&from, &step) || step > STEP_MAX)
				return -EBADMSG;
			steps.slot[step_slot(step)] = step;
		} else {
			step = steps.slot[slot];
		}
		if (step_apply(step, last_bytes))
			return -EBADMSG;
		event[i].value_bytes = *last_bytes;
	}
	return split_ended(&from) ? 0 : -EBADMSG;
}

static void slacks_write(const struct trace_event *event, size_t events,
			 struct trace_column *column)
{
	uint8_t *to = column->data;
	size_t next = 0;

	for (size_t i = 0; i < events; i++) {
		if (event[i].slack_ns == 0)
			continue;
		to = varint_put(to, i - next);
		to = varint_put(to, event[i].slack_ns);
		next = i + 1;
	}
	column->bytes = (size_t)(to - column->data);
}

static int slacks_read(const struct trace_column *column, struct trace_event *event, size_t events)
{
	struct reader from = reader(column);
	size_t next = 0;

	while (from.at != from.end) {
		uint64_t without, slack_ns;

		if (varint_get(&from.at, from.end, &without) ||
		    varint_get(&from.at, from.end, &slack_ns))
			return -EBADMSG;
		if (without >= events - next || slack_ns == 0 || slack_ns > UINT32_MAX)
			return -EBADMSG;
		next += without;
		event[next++].slack_ns = (uint32_t)slack_ns;
	}
	return 0;
}

int trace_columns_write(const struct trace_event *event, size_t events,
			struct trace_column column[TRACE_COLUMNS])
{
	int error = times_write(event, events, &column[COLUMN_TIME_LOW]);

	if (!error)
		error = gauges_write(event, events, &column[COLUMN_GAUGE]);
	if (error)
		return error;
	steps_write(event, events, &column[COLUMN_STEP]);
	slacks_write(event, events, &column[COLUMN_SLACK]);
	return 0;
}

int trace_columns_read(const struct trace_column column[TRACE_COLUMNS], struct trace_event *event,
		       size_t events)
{
	int error = times_read(&column[COLUMN_TIME_LOW], event, events);

	if (!error)
		error = gauges_read(&column[COLUMN_GAUGE], event, events);
	if (!error)
		error = steps_read(&column[COLUMN_STEP], event, events);
	if (!error)
		error = slacks_read(&column[COLUMN_SLACK], event, events);
	return error;
}
