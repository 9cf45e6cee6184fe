/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/missed.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "report/cells.h"
#include "report/field.h"
#include "report/headline.h"
#include "report/summary.h"
#include "report/table.h"
#include "report/threshold.h"
#include "store/store.h"

static void add_row(struct table *table, const struct summary *row, bool first_of_threshold)
{
	char duration[HEADLINE_TEXT_BYTES];
	char peak[HEADLINE_TEXT_BYTES];

	headline_read_longest(row, duration, peak);
	if (first_of_threshold)
		cell_threshold(table, row->threshold);
	else
		table_cell(table, "%s", "");
	table_cell(table, "%s", row->poller->label);
	cell_count(table, row->spikes);
	cell_count(table, row->seen);
	cell_count(table, row->missed);
	cell_percent(table, row->miss_ratio);
	cell_interval(table, row->miss_ratio_low, row->miss_ratio_high);
	cell_percent(table, row->expected_miss_ratio);
	cell_count(table, row->ambiguous);
	cell_count(table, row->censored);
	table_cell(table, "%s", *duration ? duration : "-");
	table_cell(table, "%s", *peak ? peak : "-");
}

int missed_print_gauge(const struct summary_set *set, size_t first, FILE *out)
{
	static const struct table_column columns[] = {
		{ "at or\nabove", TABLE_RIGHT },     { "polled\nevery", TABLE_RIGHT },
		{ "spikes", TABLE_RIGHT },	     { "seen", TABLE_RIGHT },
		{ "missed", TABLE_RIGHT },	     { "missed\n%", TABLE_RIGHT },
		{ "95 % interval\n%", TABLE_RIGHT }, { "theory\n%", TABLE_RIGHT },
		{ "ambig-\nuous", TABLE_RIGHT },     { "cen-\nsored", TABLE_RIGHT },
		{ "longest\nmissed", TABLE_RIGHT },  { "its\npeak", TABLE_RIGHT },
	};
	_cleanup_(table_freep) struct table *table =
		table_new(columns, sizeof(columns) / sizeof(columns[0]));
	size_t end = summary_next_gauge(set, first);
	unsigned rows = 0;

	if (!table)
		return -ENOMEM;
	for (size_t i = first; i < end; i++) {
		/* A sentence has said so already. */
		if (summary_is_unreached(set, &set->rows[i]))
			continue;
		add_row(table, &set->rows[i],
			rows++ == 0 || !threshold_equal(set->rows[i].threshold,
							set->rows[i - 1].threshold));
	}
	if (rows == 0)
		return 0;
	fputc('\n', out);
	return table_print(table, 2, out);
}

struct by_duration {
	const struct summary_set *set;
	struct table *table;
	unsigned rows;
	unsigned deviations;
	const struct summary *telling; /* of the last row's gauge */
	char gauge[GAUGE_BYTES]; /* as printed last */
	int64_t duration_from_ns;
};

/* "1 ms to 10 ms"; the first decade and the last are open. */
static void cell_decade(struct table *table, int64_t from_ns, int64_t to_ns)
{
	char from[UNITS_TEXT_BYTES];
	char to[UNITS_TEXT_BYTES];

	time_read((uint64_t)from_ns, from);
	time_read((uint64_t)to_ns, to);
	if (from_ns == 0)
		table_cell(table, "less than %s", to);
	else if (to_ns == INT64_MAX)
		table_cell(table, "%s and more", from);
	else
		table_cell(table, "%s to %s", from, to);
}

/* Gauge, threshold and duration, each only where it changes. */
static void add_duration_group(struct by_duration *group, const struct store_row *row)
{
	int64_t from_ns = field_integer(row, "duration_from_ns");
	int64_t to_ns = field_integer(row, "duration_to_ns");
	const char *gauge = field_text(row, "gauge");
	bool new_gauge = strcmp(group->gauge, gauge) != 0;

	table_cell(group->table, "%s", new_gauge ? gauge : "");
	if (new_gauge)
		cell_threshold(group->table, field_threshold(row));
	else
		table_cell(group->table, "%s", "");
	if (new_gauge || group->duration_from_ns != from_ns)
		cell_decade(group->table, from_ns, to_ns);
	else
		table_cell(group->table, "%s", "");
	snprintf(group->gauge, sizeof(group->gauge), "%s", gauge);
	group->duration_from_ns = from_ns;
}

/* Of the gauge's most telling threshold? Rows come gauge by gauge. */
static bool is_telling(struct by_duration *group, const struct store_row *row)
{
	const char *gauge = field_text(row, "gauge");

	if (!group->telling || strcmp(group->telling->gauge, gauge) != 0)
		group->telling = summary_find_telling(group->set, gauge);
	return group->telling && threshold_equal(group->telling->threshold, field_threshold(row));
}

static int take_duration(void *context, const struct store_row *row)
{
	struct by_duration *group = context;
	const struct summary_poller *poller;
	bool deviates;

	if (!is_telling(group, row) || field_integer(row, "spikes") == 0)
		return 0;
	poller = summary_find_poller(group->set, field_integer(row, "poller_id"));
	if (!poller)
		return 0;
	add_duration_group(group, row);
	table_cell(group->table, "%s", poller->label);
	cell_count(group->table, field_integer(row, "spikes"));
	cell_count(group->table, field_integer(row, "seen"));
	cell_percent(group->table, field_real(row, "miss_ratio"));
	cell_interval(group->table, field_real(row, "miss_ratio_low"),
		      field_real(row, "miss_ratio_high"));
	cell_percent(group->table, field_real(row, "expected_miss_ratio"));
	deviates = !field_is_null(row, "deviation");
	table_cell(group->table, "%s", deviates ? field_text(row, "deviation") : "");
	group->rows++;
	group->deviations += deviates;
	return 0;
}

int missed_print_by_duration(struct store *store, int64_t capture_id, const struct summary_set *set,
			     FILE *out, struct failure *failure)
{
	static const struct table_column columns[] = {
		{ "gauge", TABLE_LEFT },      { "at or\nabove", TABLE_RIGHT },
		{ "lasted", TABLE_RIGHT },    { "polled\nevery", TABLE_RIGHT },
		{ "spikes", TABLE_RIGHT },    { "seen", TABLE_RIGHT },
		{ "missed\n%", TABLE_RIGHT }, { "95 % interval\n%", TABLE_RIGHT },
		{ "theory\n%", TABLE_RIGHT }, { "which differs:", TABLE_LEFT },
	};
	_cleanup_(table_freep) struct table *table =
		table_new(columns, sizeof(columns) / sizeof(columns[0]));
	struct by_duration group = { .set = set, .table = table };
	int error;

	if (!table)
		return -ENOMEM;
	error = store_query(store, "report_by_duration", capture_id, take_duration, &group,
			    failure);
	if (error < 0 || group.rows == 0)
		return error;
	fputs("\nBy duration: the shorter a spike beside the poll period, the more of them pass between two polls.\n",
	      out);
	error = table_print(table, 2, out);
	if (error == 0 && group.deviations > 0)
		fputs("  In the last column: what is known to set polls apart from theory, where theory lies outside the interval.\n"
		      "  By chance alone one row in twenty does; and spikes that come in bursts don't stand each for itself.\n",
		      out);
	return error;
}
