/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/text.h"

#include "base/cleanup.h"
#include "report/capture_head.h"
#include "report/field.h"
#include "report/headline.h"
#include "report/missed.h"
#include "report/needed.h"
#include "report/sections.h"
#include "report/summary.h"
#include "report/utf8.h"
#include "store/store.h"

static int take_head(void *context, const struct store_row *row)
{
	capture_head_print(row, context);
	return 0;
}

static int take_unread_gauge(void *context, const struct store_row *row)
{
	FILE *out = context;
	const char *gauge = field_text(row, "gauge");

	utf8_print(out, gauge);
	fprintf(out,
		" (%s):\n  No poller here can read it, so it has no missed spikes; the kernel's side is in the file.\n",
		headline_gauge_meaning(gauge));
	return 0;
}

/* Gauge by gauge: the sentences, then the table. */
static int print_missed(struct store *store, int64_t capture_id, const struct summary_set *set,
			FILE *out, struct failure *failure)
{
	int error = 0;

	fputs("What the pollers missed. A spike is a time in which a queue holds so many bytes or more; a poller sees it\n"
	      "when one of its polls falls into it. Theory is what polls at random times would miss at the same pace. The\n"
	      "interval says how sure the share is if each spike stands for itself; those that come in bursts say less.\n"
	      "Censored spikes were open when the capture began or ended; an ambiguous sample touched several spikes.\n\n",
	      out);
	if (set->poller_count == 0)
		fputs("No poller ran, so no spike was seen or missed.\n", out);
	for (size_t row = 0; error == 0 && row < set->row_count;
	     row = summary_next_gauge(set, row)) {
		headline_print(set, row, out);
		error = missed_print_gauge(set, row, out);
		fputc('\n', out);
	}
	if (error < 0)
		return error;
	return store_query(store, "report_unread_gauge", capture_id, take_unread_gauge, out,
			   failure);
}

static int print_rest(struct store *store, int64_t capture_id, const struct summary_set *set,
		      FILE *out, struct failure *failure)
{
	int error = missed_print_by_duration(store, capture_id, set, out, failure);

	if (error == 0)
		error = needed_print(store, capture_id, set, out, failure);
	if (error == 0)
		error = section_polls(store, capture_id, set, out, failure);
	if (error == 0)
		error = section_cost(store, capture_id, out, failure);
	if (error == 0)
		error = section_softnet(store, capture_id, out, failure);
	return error;
}

int text_print(struct store *store, int64_t capture_id, FILE *out, struct failure *failure)
{
	_cleanup_(summary_freep) struct summary_set set = { 0 };
	int error = store_query(store, "report_capture", capture_id, take_head, out, failure);

	fputc('\n', out);
	if (error == 0)
		error = summary_load(store, capture_id, &set, failure);
	if (error == 0)
		error = print_missed(store, capture_id, &set, out, failure);
	if (error == 0)
		error = print_rest(store, capture_id, &set, out, failure);
	fputc('\n', out);
	return error == 0 ? section_losses(store, capture_id, out, failure) : error;
}

int text_print_first(struct store *store, int64_t capture_id, FILE *out, struct failure *failure)
{
	_cleanup_(summary_freep) struct summary_set set = { 0 };
	int error = summary_load(store, capture_id, &set, failure);

	if (error == 0)
		error = print_missed(store, capture_id, &set, out, failure);
	fputc('\n', out);
	return error == 0 ? section_losses(store, capture_id, out, failure) : error;
}
