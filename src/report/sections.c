/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/sections.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "report/cells.h"
#include "report/field.h"
#include "report/summary.h"
#include "report/table.h"
#include "report/threshold.h"
#include "report/utf8.h"
#include "store/store.h"

struct section {
	struct table *table;
	const struct summary_set *set;
	unsigned rows;
	bool probe_timed;
};

static int section_print(struct store *store, const char *query, int64_t capture_id,
			 int (*take)(void *context, const struct store_row *row),
			 struct section *section, const char *words, FILE *out,
			 struct failure *failure)
{
	int error;

	if (!section->table)
		return -ENOMEM;
	error = store_query(store, query, capture_id, take, section, failure);
	if (error < 0 || section->rows == 0)
		return error;
	fputs(words, out);
	return table_print(section->table, 2, out);
}

static int take_polls(void *context, const struct store_row *row)
{
	struct section *section = context;
	const struct summary_poller *poller =
		summary_find_poller(section->set, field_integer(row, "poller_id"));
	int64_t priority = field_integer(row, "priority");

	if (!poller)
		return 0;
	table_cell(section->table, "%s", poller->label);
	table_cell(section->table, "%s", poller->source);
	if (priority > 0)
		table_cell(section->table, "%" PRId64, priority);
	else
		table_cell(section->table, "ordinary");
	cell_count(section->table, field_integer(row, "polls"));
	cell_time(section->table, field_integer(row, "kept_period_ns"));
	cell_count(section->table, field_integer(row, "missed_turns"));
	cell_count(section->table, field_integer(row, "rows_read"));
	cell_time(section->table, field_integer(row, "mean_poll_ns"));
	section->rows++;
	return 0;
}

int section_polls(struct store *store, int64_t capture_id, const struct summary_set *set, FILE *out,
		  struct failure *failure)
{
	static const struct table_column columns[] = {
		{ "polled\nevery", TABLE_RIGHT },	{ "source", TABLE_LEFT },
		{ "real-time\npriority", TABLE_RIGHT }, { "polls", TABLE_RIGHT },
		{ "period\nkept", TABLE_RIGHT },	{ "turns\nmissed", TABLE_RIGHT },
		{ "rows read", TABLE_RIGHT },		{ "mean time\nof a poll", TABLE_RIGHT },
	};
	_cleanup_(table_freep) struct table *table =
		table_new(columns, sizeof(columns) / sizeof(columns[0]));
	struct section section = { .table = table, .set = set };

	return section_print(
		store, "report_poller", capture_id, take_polls, &section,
		"\nThe pollers: the period each really kept; theory goes by that one.\n", out,
		failure);
}

static int take_cost(void *context, const struct store_row *row)
{
	struct section *section = context;
	int64_t cpu_ns = field_integer(row, "cpu_ns");
	int64_t turns = field_integer(row, "events_or_polls");

	section->probe_timed = section->probe_timed ||
			       strcmp(field_text(row, "source"), "probe") == 0;
	table_cell(section->table, "%s", field_text(row, "source"));
	cell_time(section->table, cpu_ns);
	cell_count(section->table, turns);
	cell_time(section->table, turns > 0 ? cpu_ns / turns : 0);
	cell_percent(section->table, field_real(row, "cpu_share"));
	section->rows++;
	return 0;
}

int section_cost(struct store *store, int64_t capture_id, FILE *out, struct failure *failure)
{
	static const struct table_column columns[] = {
		{ "what", TABLE_LEFT },
		{ "processor\ntime", TABLE_RIGHT },
		{ "events,\npolls", TABLE_RIGHT },
		{ "for each", TABLE_RIGHT },
		{ "share of one\nprocessor, %", TABLE_RIGHT },
	};
	_cleanup_(table_freep) struct table *table =
		table_new(columns, sizeof(columns) / sizeof(columns[0]));
	struct section section = { .table = table };
	int error = section_print(store, "report_cost", capture_id, take_cost, &section,
				  "\nWhat the measurement itself cost, in processor time:\n", out,
				  failure);

	if (error == 0 && section.rows > 0 && !section.probe_timed)
		fputs("  The probe has no row: the kernel did not time its programs.\n", out);
	return error;
}

static int take_softnet(void *context, const struct store_row *row)
{
	static const char *const counters[] = { "processed", "dropped_before", "dropped_after",
						"dropped",   "squeeze_before", "squeeze_after",
						"squeeze" };
	struct section *section = context;
	bool quiet = field_integer(row, "dropped") == 0 && field_integer(row, "squeeze") == 0;

	/* A machine can have hundreds of CPUs: the sum says enough of those on which nothing
	 * happened. */
	if (quiet && !field_is_null(row, "cpu"))
		return 0;
	if (field_is_null(row, "cpu"))
		table_cell(section->table, "all");
	else
		table_cell(section->table, "%" PRId64, field_integer(row, "cpu"));
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		cell_count(section->table, field_integer(row, counters[i]));
	section->rows++;
	return 0;
}

int section_softnet(struct store *store, int64_t capture_id, FILE *out, struct failure *failure)
{
	static const struct table_column columns[] = {
		{ "CPU", TABLE_RIGHT },
		{ "packets\nprocessed", TABLE_RIGHT },
		{ "dropped\nbefore", TABLE_RIGHT },
		{ "dropped\nafter", TABLE_RIGHT },
		{ "newly\ndropped", TABLE_RIGHT },
		{ "squeezes\nbefore", TABLE_RIGHT },
		{ "squeezes\nafter", TABLE_RIGHT },
		{ "new\nsqueezes", TABLE_RIGHT },
	};
	_cleanup_(table_freep) struct table *table =
		table_new(columns, sizeof(columns) / sizeof(columns[0]));
	struct section section = { .table = table };

	return section_print(
		store, "report_softnet", capture_id, take_softnet, &section,
		"\nThe kernel's packet queues (/proc/net/softnet_stat) before and after; CPUs on which nothing was dropped\n"
		"or squeezed are in the sum alone. A squeeze is a round that ended with packets left to do.\n",
		out, failure);
}

struct losses {
	FILE *out;
	bool complete;
	bool ended;
	int64_t lost;
	unsigned causes;
};

static int take_completeness(void *context, const struct store_row *row)
{
	struct losses *losses = context;

	losses->complete = field_integer(row, "complete") != 0;
	losses->ended = field_integer(row, "ended") != 0;
	losses->lost = field_integer(row, "losses");
	return 0;
}

static int take_loss(void *context, const struct store_row *row)
{
	struct losses *losses = context;
	char count[UNITS_TEXT_BYTES];

	fputs(losses->causes++ == 0 ? "" : ", ", losses->out);
	utf8_print(losses->out, field_text(row, "cause"));
	fprintf(losses->out, " %s", count_read((uint64_t)field_integer(row, "count"), count));
	return 0;
}

int section_losses(struct store *store, int64_t capture_id, FILE *out, struct failure *failure)
{
	struct losses losses = { .out = out };
	char lost[UNITS_TEXT_BYTES];
	int error = store_query(store, "report_completeness", capture_id, take_completeness,
				&losses, failure);

	if (error < 0)
		return error;
	if (losses.complete) {
		fputs("complete: nothing was lost\n", out);
		return 0;
	}
	fputs("warning: incomplete, ", out);
	if (!losses.ended)
		fputs("the capture has not come to its end", out);
	if (losses.lost > 0) {
		fprintf(out, "%s%s observation%s lost (", losses.ended ? "" : " and ",
			count_read((uint64_t)losses.lost, lost),
			losses.lost == 1 ? " was" : "s were");
		error = store_query(store, "report_loss", capture_id, take_loss, &losses, failure);
		fputc(')', out);
	}
	fputs(": the figures hold for what was kept\n", out);
	return error;
}
