/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/threshold.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/units.h"
#include "report/cells.h"
#include "report/field.h"
#include "report/table.h"

struct threshold field_threshold(const struct store_row *row)
{
	return (struct threshold){
		.bytes = field_integer(row, "threshold_bytes"),
		.percent = field_integer(row, "threshold_percent"),
	};
}

bool threshold_equal(struct threshold left, struct threshold right)
{
	return left.bytes == right.bytes && left.percent == right.percent;
}

const char *threshold_read(struct threshold threshold, char *text)
{
	if (!threshold.percent)
		return size_read((uint64_t)threshold.bytes, text);
	snprintf(text, THRESHOLD_TEXT_BYTES, "%" PRId64 " %% of its limit", threshold.percent);
	return text;
}

void cell_threshold(struct table *table, struct threshold threshold)
{
	if (threshold.percent)
		table_cell(table, "%" PRId64 " %%", threshold.percent);
	else
		cell_size(table, threshold.bytes);
}
