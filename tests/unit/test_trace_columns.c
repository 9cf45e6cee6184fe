/* SPDX-License-Identifier: BSD-2-Clause */
/* The columns below a block's compression: byte for byte what is meant, and whatever an edited file
 * may hold in them is refused or is a trace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/trace_events.h"

#include "base/cleanup.h"
#include "trace/trace_columns.h"
#include "trace/varint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMN_BYTES_MAX = 1024, EDITS = 4 };

/* Columns that a test may edit. */
struct columns {
	struct trace_column column[TRACE_COLUMNS];
	uint8_t data[TRACE_COLUMNS][COLUMN_BYTES_MAX];
};

static void columns_of(struct columns *columns, const struct trace_event *event, size_t events)
{
	for (unsigned id = 0; id < TRACE_COLUMNS; id++) {
		assert_in_range(trace_column_bytes_max(id, events), 0, COLUMN_BYTES_MAX);
		columns->column[id].data = columns->data[id];
	}
	assert_int_equal(trace_columns_write(event, events, columns->column), 0);
}

/* Each column in memory of just its length, so that a sanitizer sees a byte read too many. */
static int columns_read(const struct columns *columns, struct trace_event *event, size_t events)
{
	struct trace_column exact[TRACE_COLUMNS];
	int error;

	for (unsigned id = 0; id < TRACE_COLUMNS; id++) {
		size_t bytes = columns->column[id].bytes;

		exact[id] = (struct trace_column){ malloc(bytes ? bytes : 1), bytes };
		assert_non_null(exact[id].data);
		memcpy(exact[id].data, columns->data[id], bytes);
	}
	error = trace_columns_read(exact, event, events);
	for (unsigned id = 0; id < TRACE_COLUMNS; id++)
		free(exact[id].data);
	return error;
}

static void column_set(struct columns *columns, enum trace_column_id id, const char *data,
		       size_t bytes)
{
	memcpy(columns->data[id], data, bytes);
	columns->column[id].bytes = bytes;
}

static void assert_column(const struct columns *columns, enum trace_column_id id, const char *data,
			  size_t bytes)
{
	assert_int_equal(columns->column[id].bytes, bytes);
	assert_memory_equal(columns->data[id], data, bytes);
}

/* Two requests of 300 bytes and the fall to 0, twice: the second time its steps are known. */
static void each_column_holds_what_is_meant(void **state)
{
	static const struct trace_event event[] = {
		{ .time_ns = 3000000, .value_bytes = 300 },
		{ .time_ns = 3000000, .value_bytes = 600 },
		{ .time_ns = 3000100, .value_bytes = 0 },
		{ .time_ns = 3000300, .value_bytes = 300 },
		{ .time_ns = 3000301, .value_bytes = 70, .slack_ns = 5, .gauge = GAUGE_RMEM },
	};
	struct columns columns;

	(void)state;
	columns_of(&columns, event, 5);
	/* 3000000 is 183 * 2^14 + 13 * 2^7 + 64. */
	assert_column(&columns, COLUMN_TIME_LOW, "\xc0\x00\x64\xc8\x01", 5);
	assert_column(&columns, COLUMN_TIME_MIDDLE, "\x8d\x01", 2);
	assert_column(&columns, COLUMN_TIME_REST, "\xb7\x01", 2);
	assert_column(&columns, COLUMN_GAUGE, "\x00\x02", 2);
	assert_int_equal(columns.data[COLUMN_STEP][0], 255);
	assert_int_equal(columns.data[COLUMN_STEP][1], columns.data[COLUMN_STEP][3]);
	assert_int_equal(columns.data[COLUMN_STEP][2], 0);
	assert_int_equal(columns.data[COLUMN_STEP][4], 255);
	/* 600 is 4 * 2^7 + 88. */
	assert_column(&columns, COLUMN_STEP_LOW, "\xd8\x8c", 2);
	assert_column(&columns, COLUMN_STEP_MIDDLE, "\x04\x01", 2);
	assert_column(&columns, COLUMN_STEP_REST, "", 0);
	assert_column(&columns, COLUMN_SLACK, "\x04\x05", 2);
}

static void no_slack_takes_no_byte(void **state)
{
	static const struct traffic traffic = { FALLS_HALF, 3 };
	struct trace_event event[101];
	struct columns columns;

	(void)state;
	traffic_make(&traffic, 3, event, 101);
	columns_of(&columns, event, 101);
	assert_int_equal(columns.column[COLUMN_SLACK].bytes, 0);
	event[100].slack_ns = 77;
	columns_of(&columns, event, 101);
	assert_column(&columns, COLUMN_SLACK, "\x64\x4d", 2);
}

/* Three events of rx_queue: at 10, 20 and 30 ns, of 1, 2 and 3 bytes. */
static void three_events(struct columns *columns)
{
	static const struct trace_event event[] = {
		{ .time_ns = 10, .value_bytes = 1 },
		{ .time_ns = 20, .value_bytes = 2 },
		{ .time_ns = 30, .value_bytes = 3 },
	};

	columns_of(columns, event, 3);
}

struct edit {
	enum trace_column_id id;
	const char *data;
	size_t bytes;
};

/* One column or more replaced; the list ends where data is NULL. */
static int edited_read(const struct edit edit[EDITS], struct trace_event event[3])
{
	struct columns columns;

	three_events(&columns);
	for (unsigned i = 0; i < EDITS && edit[i].data; i++)
		column_set(&columns, edit[i].id, edit[i].data, edit[i].bytes);
	return columns_read(&columns, event, 3);
}

static void an_edit_that_makes_sense_is_read(void **state)
{
	static const struct edit longest_time[EDITS] = {
		{ COLUMN_TIME_LOW, "\xff\x00\x00", 3 },
		{ COLUMN_TIME_MIDDLE, "\xff", 1 },
		{ COLUMN_TIME_REST, "\xff\xff\xff\xff\xff\xff\xff\x01", 8 },
	};
	static const struct edit highest_value[EDITS] = {
		{ COLUMN_STEP, "\xff\x00\x00", 3 },
		{ COLUMN_STEP_LOW, "\xfe", 1 },
		{ COLUMN_STEP_MIDDLE, "\xff", 1 },
		{ COLUMN_STEP_REST, "\xff\xff\x1f", 3 },
	};
	static const struct edit slacks[EDITS] = { { COLUMN_SLACK,
						     "\x00\x09\x01\xff\xff\xff\xff\x0f", 8 } };
	static const struct edit unfilled_slots[EDITS] = { { COLUMN_STEP, "\x07\x08\x09", 3 },
							   { COLUMN_STEP_LOW, "", 0 } };
	struct trace_event event[3];

	(void)state;
	assert_int_equal(edited_read(longest_time, event), 0);
	assert_true(event[0].time_ns == UINT64_MAX && event[2].time_ns == UINT64_MAX);
	assert_int_equal(edited_read(highest_value, event), 0);
	assert_int_equal(event[0].value_bytes, UINT32_MAX);
	assert_int_equal(edited_read(slacks, event), 0);
	assert_int_equal(event[0].slack_ns, 9);
	assert_int_equal(event[1].slack_ns, 0);
	assert_int_equal(event[2].slack_ns, UINT32_MAX);
	assert_int_equal(edited_read(unfilled_slots, event), 0);
	assert_int_equal(event[2].value_bytes, 0);
}

static void an_edit_that_makes_no_sense_is_refused(void **state)
{
	static const struct edit edits[][EDITS] = {
		/* Times: past 64 bits by their sum, past them alone, too few, too many. */
		{ { COLUMN_TIME_LOW, "\xff\x01\x00", 3 },
		  { COLUMN_TIME_MIDDLE, "\xff", 1 },
		  { COLUMN_TIME_REST, "\xff\xff\xff\xff\xff\xff\xff\x01", 8 } },
		{ { COLUMN_TIME_LOW, "\xff\x00\x00", 3 },
		  { COLUMN_TIME_MIDDLE, "\xff", 1 },
		  { COLUMN_TIME_REST, "\xff\xff\xff\xff\xff\xff\xff\x02", 8 } },
		{ { COLUMN_TIME_LOW, "\xff\x00\x00", 3 },
		  { COLUMN_TIME_MIDDLE, "\xff", 1 },
		  { COLUMN_TIME_REST, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", 10 } },
		{ { COLUMN_TIME_LOW, "\x0a\x0a", 2 } },
		{ { COLUMN_TIME_LOW, "\x0a\x0a\x0a\x0a", 4 } },
		{ { COLUMN_TIME_LOW, "\x0a\x8a\x0a", 3 } },
		{ { COLUMN_TIME_MIDDLE, "\x01", 1 } },
		{ { COLUMN_TIME_REST, "\x01", 1 } },
		{ { COLUMN_TIME_LOW, "\x0a\x8a\x0a", 3 }, { COLUMN_TIME_MIDDLE, "\x81", 1 } },
		{ { COLUMN_TIME_LOW, "\x0a\x8a\x0a", 3 },
		  { COLUMN_TIME_MIDDLE, "\x81", 1 },
		  { COLUMN_TIME_REST, "\x81", 1 } },
		/* Gauges: none, one of a fourth event, too few, too many. */
		{ { COLUMN_GAUGE, "\x0c", 1 } },
		{ { COLUMN_GAUGE, "\x40", 1 } },
		{ { COLUMN_GAUGE, "", 0 } },
		{ { COLUMN_GAUGE, "\x00\x00", 2 } },
		/* Values: below 0, above 2^32 - 1, a step past all, too few, too many. */
		{ { COLUMN_STEP, "\xff\xff\xff", 3 }, { COLUMN_STEP_LOW, "\x01\x02\x02", 3 } },
		{ { COLUMN_STEP, "\xff\xff\x00", 3 },
		  { COLUMN_STEP_LOW, "\xfe\x02", 2 },
		  { COLUMN_STEP_MIDDLE, "\xff", 1 },
		  { COLUMN_STEP_REST, "\xff\xff\x1f", 3 } },
		{ { COLUMN_STEP_LOW, "\xff", 1 },
		  { COLUMN_STEP_MIDDLE, "\xff", 1 },
		  { COLUMN_STEP_REST, "\xff\xff\x1f", 3 } },
		{ { COLUMN_STEP_LOW, "\xfe", 1 },
		  { COLUMN_STEP_MIDDLE, "\xff", 1 },
		  { COLUMN_STEP_REST, "\xff\xff\x3f", 3 } },
		{ { COLUMN_STEP, "\x00\x00", 2 }, { COLUMN_STEP_LOW, "", 0 } },
		{ { COLUMN_STEP, "\x00\x00\x00\x00", 4 }, { COLUMN_STEP_LOW, "", 0 } },
		{ { COLUMN_STEP, "\xff\xff\xff", 3 } },
		{ { COLUMN_STEP, "\x00\x00\x00", 3 } },
		/* Slacks: of none, past 32 bits, past the last event, cut off. */
		{ { COLUMN_SLACK, "\x00\x00", 2 } },
		{ { COLUMN_SLACK, "\x00\x80\x80\x80\x80\x10", 6 } },
		{ { COLUMN_SLACK, "\x03\x09", 2 } },
		{ { COLUMN_SLACK, "\x01\x09\x01\x09", 4 } },
		{ { COLUMN_SLACK, "\x02\x09\x00\x09", 4 } },
		{ { COLUMN_SLACK, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x09", 11 } },
		{ { COLUMN_SLACK, "\x01", 1 } },
		{ { COLUMN_SLACK, "\x01\x89", 2 } },
	};
	struct trace_event event[3];

	(void)state;
	for (size_t i = 0; i < sizeof(edits) / sizeof(*edits); i++)
		if (edited_read(edits[i], event) != -EBADMSG)
			fail_msg("edit %zu was not refused", i);
}

/* No checksum stands before the columns here: many changes pass, and make another trace. */
static void changed_columns_do_no_harm(void **state)
{
	static const struct traffic traffic = { FALLS_HALF, 3 };
	struct trace_event event[101];
	struct columns columns;
	uint64_t seed = 37;
	unsigned refused = 0;

	(void)state;
	traffic_make(&traffic, 5, event, 101);
	for (unsigned i = 0; i < 101; i += 7)
		event[i].slack_ns = 1 + i;
	for (unsigned number = 0; number < 20001; number++) {
		struct trace_event again[101];
		int error;

		columns_of(&columns, event, 101);
		for (unsigned change = 0; change <= number % 3; change++) {
			unsigned id = (unsigned)random_below(&seed, TRACE_COLUMNS);
			struct trace_column *column = &columns.column[id];

			if (column->bytes && random_below(&seed, 8))
				column->data[random_below(&seed, column->bytes)] =
					(uint8_t)random_next(&seed);
			else if (column->bytes)
				column->bytes -= 1;
		}
		error = columns_read(&columns, again, 101);
		if (error == 0)
			assert_true(is_trace(again, 101));
		else
			assert_int_equal(error, -EBADMSG);
		refused += error != 0;
	}
	assert_in_range(refused, 5000, 19000);
}

static void numbers_of_any_size_come_back(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 64; bits++) {
		const uint64_t value = UINT64_MAX >> bits;
		uint8_t room[VARINT_BYTES_MAX];
		const uint8_t *at = room, *end = varint_put(room, value);
		uint64_t again = 0;

		assert_int_equal(end - room, (64 - bits + 6) / 7);
		assert_int_equal(varint_get(&at, end, &again), 0);
		assert_true(again == value && at == end);
		at = room;
		assert_int_equal(varint_get(&at, end - 1, &again), -EBADMSG);
		assert_true(zigzag_get(value) == zigzag_get(zigzag_put(zigzag_get(value))));
		assert_true(zigzag_put(zigzag_get(value)) == value);
	}
	assert_int_equal(zigzag_put(-1), 1);
	assert_int_equal(zigzag_put(1), 2);
	assert_true(zigzag_put(INT64_MIN) == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_column_holds_what_is_meant),
		cmocka_unit_test(no_slack_takes_no_byte),
		cmocka_unit_test(an_edit_that_makes_sense_is_read),
		cmocka_unit_test(an_edit_that_makes_no_sense_is_refused),
		cmocka_unit_test(changed_columns_do_no_harm),
		cmocka_unit_test(numbers_of_any_size_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
