/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/needed.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "report/cells.h"
#include "report/field.h"
#include "report/percent.h"
#include "report/summary.h"
#include "report/table.h"
#include "report/threshold.h"
#include "store/store.h"

struct needed {
	const struct summary_set *set;
	struct table *table;
	unsigned rows;
	char gauge[GAUGE_BYTES]; /* of the row before */
	double probe_share; /* of one processor, NaN: not known */
	FILE *out;
};

static int take_table(void *context, const struct store_row *row)
{
	static const char *const targets[] = { "period_50_ns", "period_90_ns", "period_95_ns",
					       "period_99_ns" };
	struct needed *needed = context;
	const char *gauge = field_text(row, "gauge");

	table_cell(needed->table, "%s", strcmp(gauge, needed->gauge) == 0 ? "" : gauge);
	snprintf(needed->gauge, sizeof(needed->gauge), "%s", gauge);
	cell_threshold(needed->table, field_threshold(row));
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		cell_time(needed->table, field_integer(row, targets[i]));
	needed->rows++;
	return 0;
}

static int take_probe_share(void *context, const struct store_row *row)
{
	struct needed *needed = context;

	if (strcmp(field_text(row, "source"), "probe") == 0)
		needed->probe_share = field_real(row, "cpu_share");
	return 0;
}

/* The fastest poller of its source, which stands for all of them; NULL: another one is it, or what
 * its polls cost is not known. */
static const struct summary_poller *fastest_of_source(const struct summary_set *set, size_t index)
{
	const struct summary_poller *poller = &set->pollers[index];

	for (size_t i = index + 1; i < set->poller_count; i++)
		if (strcmp(set->pollers[i].source, poller->source) == 0)
			return NULL;
	return poller->poll_cpu_ns > 0 ? poller : NULL;
}

/* "; at that period proc would use 61 % of a processor here, sock_diag 12 %, and the probe used 2.1
 * %" */
static void print_cost(const struct needed *needed, int64_t period_ns)
{
	char percent[PERCENT_TEXT_BYTES];
	char time[UNITS_TEXT_BYTES];
	unsigned sources = 0;

	for (size_t i = 0; i < needed->set->poller_count; i++) {
		const struct summary_poller *poller = fastest_of_source(needed->set, i);

		if (!poller)
			continue;
		fputs(sources++ == 0 ? ";\n  at that period " : ", ", needed->out);
		if (poller->poll_cpu_ns > period_ns)
			fprintf(needed->out, "%s can't keep it: each of its polls takes %s here",
				poller->source, time_read((uint64_t)poller->poll_cpu_ns, time));
		else
			fprintf(needed->out, "%s would use %s %% of a processor here",
				poller->source,
				percent_read((double)poller->poll_cpu_ns / (double)period_ns,
					     percent));
	}
	if (sources > 0 && !isnan(needed->probe_share))
		fprintf(needed->out, "; the probe used %s %%",
			percent_read(needed->probe_share, percent));
}

static int take_words(void *context, const struct store_row *row)
{
	struct needed *needed = context;
	const char *gauge = field_text(row, "gauge");
	const struct summary *telling = summary_find_telling(needed->set, gauge);
	int64_t period_ns = field_integer(row, "period_95_ns");
	char threshold[THRESHOLD_TEXT_BYTES];
	char period[UNITS_TEXT_BYTES];

	if (!telling || period_ns <= 0 ||
	    !threshold_equal(telling->threshold, field_threshold(row)))
		return 0;
	fprintf(needed->out,
		"  To see 95 %% of the spikes of %s at or above %s one would poll every %s", gauge,
		threshold_read(telling->threshold, threshold),
		time_read((uint64_t)period_ns, period));
	print_cost(needed, period_ns);
	fputs(".\n", needed->out);
	return 0;
}

int needed_print(struct store *store, int64_t capture_id, const struct summary_set *set, FILE *out,
		 struct failure *failure)
{
	static const struct table_column columns[] = {
		{ "gauge", TABLE_LEFT }, { "at or\nabove", TABLE_RIGHT }, { "50 %", TABLE_RIGHT },
		{ "90 %", TABLE_RIGHT }, { "95 %", TABLE_RIGHT },	  { "99 %", TABLE_RIGHT },
	};
	_cleanup_(table_freep) struct table *table =
		table_new(columns, sizeof(columns) / sizeof(columns[0]));
	struct needed needed = {
		.set = set, .table = table, .probe_share = (double)NAN, .out = out
	};
	int error;

	if (!table)
		return -ENOMEM;
	error = store_query(store, "report_period_needed", capture_id, take_table, &needed,
			    failure);
	if (error < 0 || needed.rows == 0)
		return error;
	fputs("\nHow often one would have to poll to see 50, 90, 95 or 99 % of these spikes: at least every\n",
	      out);
	error = table_print(table, 2, out);
	if (error == 0)
		error = store_query(store, "report_cost", capture_id, take_probe_share, &needed,
				    failure);
	if (error == 0)
		error = store_query(store, "report_period_needed", capture_id, take_words, &needed,
				    failure);
	return error;
}
