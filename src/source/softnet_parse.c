/* SPDX-License-Identifier: BSD-2-Clause */
#include "source/softnet.h"

#include <errno.h>
#include <stdbool.h>

/* softnet_seq_show(): "%08x" for each column, v4.15 (11 columns) to v6.18 (15). */
enum {
	COLUMN_DIGITS = 8,
	COLUMNS_MAX = 15,
};

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One column of exactly eight digits. */
static bool column_parse(const char *text, uint32_t *ret_value)
{
	uint32_t value = 0;

	for (int i = 0; i < COLUMN_DIGITS; i++) {
		int digit = digit_value(text[i]);

		if (digit < 0)
			return false;
		value = value << 4 | (uint32_t)digit;
	}
	*ret_value = value;
	return true;
}

int softnet_parse(const char *line, size_t line_bytes, struct softnet_line *ret_line)
{
	uint32_t value[COLUMNS_MAX] = { 0 };
	uint32_t columns;

	if (line_bytes > 0 && line[line_bytes - 1] == '\n')
		line_bytes--;
	/* Columns of fixed width, with one blank between: the length says how many there are. */
	if ((line_bytes + 1) % (COLUMN_DIGITS + 1) != 0)
		return -EINVAL;
	columns = (uint32_t)((line_bytes + 1) / (COLUMN_DIGITS + 1));
	if (columns != 11 && columns != 13 && columns != 15)
		return -EINVAL;
	for (uint32_t i = 0; i < columns; i++) {
		const char *column = line + (size_t)i * (COLUMN_DIGITS + 1);

		if (!column_parse(column, &value[i]) ||
		    (i + 1 < columns && column[COLUMN_DIGITS] != ' '))
			return -EINVAL;
	}
	*ret_line = (struct softnet_line){
		.columns = columns,
		.processed = value[0],
		.dropped = value[1],
		.time_squeeze = value[2],
		.received_rps = value[9],
		.flow_limit_count = value[10],
		.backlog_packets = value[11],
		.cpu = value[12],
		.input_packets = value[13],
		.process_packets = value[14],
	};
	return 0;
}

/*
 * A counter only grows. If it is lower than before, either it wrapped at 2^32 or it began anew at
 * 0. Between two readings no CPU counts 2^31 packets (at 15 million a second that takes 143 s): a
 * wrap shows as a step of less than 2^31, modulo 2^32. Any other fall is a new beginning, and what
 * is counted since then is the value itself.
 */
uint64_t softnet_count(struct softnet_counter *counter, uint32_t value)
{
	uint32_t step = value - counter->last;

	if (!counter->seen)
		counter->total = value;
	else if (value >= counter->last || step < UINT32_C(1) << 31)
		counter->total += step;
	else
		counter->total += value;
	counter->last = value;
	counter->seen = 1;
	return counter->total;
}
