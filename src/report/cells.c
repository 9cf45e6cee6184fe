/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/cells.h"

#include <math.h>

#include "base/units.h"
#include "report/percent.h"
#include "report/table.h"

void cell_count(struct table *table, int64_t count)
{
	char text[UNITS_TEXT_BYTES];

	table_cell(table, "%s", count_read((uint64_t)count, text));
}

void cell_percent(struct table *table, double ratio)
{
	char text[PERCENT_TEXT_BYTES];

	table_cell(table, "%s", isnan(ratio) ? "-" : percent_read(ratio, text));
}

void cell_interval(struct table *table, double low_ratio, double high_ratio)
{
	char low[PERCENT_TEXT_BYTES];
	char high[PERCENT_TEXT_BYTES];

	if (isnan(low_ratio) || isnan(high_ratio))
		table_cell(table, "-");
	else
		table_cell(table, "%s–%s", percent_read(low_ratio, low),
			   percent_read(high_ratio, high));
}

void cell_time(struct table *table, int64_t time_ns)
{
	char text[UNITS_TEXT_BYTES];

	table_cell(table, "%s", time_ns > 0 ? time_read((uint64_t)time_ns, text) : "-");
}

void cell_size(struct table *table, int64_t size_bytes)
{
	char text[UNITS_TEXT_BYTES];

	table_cell(table, "%s", size_read((uint64_t)size_bytes, text));
}
