/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/summary.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/failure.h"
#include "base/units.h"
#include "report/field.h"
#include "store/store.h"

enum { SPIKES_ENOUGH = 30 };

/* The array with one more item at its end, zeroed; NULL (and the array as it was) where memory is
 * out. */
static void *array_grow(void *array, size_t count, size_t item_bytes)
{
	char *grown = reallocarray(array, count + 1, item_bytes);

	if (grown)
		memset(grown + count * item_bytes, 0, item_bytes);
	return grown;
}

static void copy_text(char *to, size_t to_bytes, const char *from)
{
	snprintf(to, to_bytes, "%s", from ? from : "");
}

static int take_poller(void *context, const struct store_row *row)
{
	struct summary_set *set = context;
	struct summary_poller *pollers =
		array_grow(set->pollers, set->poller_count, sizeof(*pollers));
	struct summary_poller *poller;

	if (!pollers)
		return -ENOMEM;
	set->pollers = pollers;
	poller = &pollers[set->poller_count++];
	poller->poller_id = field_integer(row, "poller_id");
	poller->period_ns = field_integer(row, "period_ns");
	if (field_integer(row, "polls") > 0)
		poller->poll_cpu_ns = field_integer(row, "cpu_ns") / field_integer(row, "polls");
	copy_text(poller->source, sizeof(poller->source), field_text(row, "source"));
	return 0;
}

/* As short as tells it from the others. */
static void name_poller(const struct summary_set *set, struct summary_poller *poller)
{
	char period[UNITS_TEXT_BYTES];
	bool other_source = false;
	bool twin = false;

	for (size_t i = 0; i < set->poller_count; i++) {
		const struct summary_poller *other = &set->pollers[i];
		bool same_source = strcmp(other->source, poller->source) == 0;

		other_source = other_source || !same_source;
		twin = twin ||
		       (other != poller && same_source && other->period_ns == poller->period_ns);
	}
	time_read((uint64_t)poller->period_ns, period);
	if (twin)
		snprintf(poller->label, sizeof(poller->label), "%s %s #%lld", poller->source,
			 period, (long long)poller->poller_id);
	else if (other_source)
		snprintf(poller->label, sizeof(poller->label), "%s %s", poller->source, period);
	else
		copy_text(poller->label, sizeof(poller->label), period);
}

const struct summary_poller *summary_find_poller(const struct summary_set *set, int64_t poller_id)
{
	for (size_t i = 0; i < set->poller_count; i++)
		if (set->pollers[i].poller_id == poller_id)
			return &set->pollers[i];
	return NULL;
}

static void read_counts(const struct store_row *row, struct summary *summary)
{
	summary->threshold = field_threshold(row);
	summary->spikes = field_integer(row, "spikes");
	summary->seen = field_integer(row, "seen");
	summary->missed = field_integer(row, "missed");
	summary->censored = field_integer(row, "censored");
	summary->ambiguous = field_integer(row, "ambiguous");
	summary->longest_missed_ns = field_integer(row, "longest_missed_ns");
	summary->longest_missed_peak_bytes = field_integer(row, "longest_missed_peak_bytes");
	summary->longest_missed_bound = field_integer(row, "longest_missed_folded") != 0;
}

static int take_summary(void *context, const struct store_row *row)
{
	struct summary_set *set = context;
	const struct summary_poller *poller =
		summary_find_poller(set, field_integer(row, "poller_id"));
	struct summary *rows = array_grow(set->rows, set->row_count, sizeof(*rows));
	struct summary *summary;

	if (!rows)
		return -ENOMEM;
	set->rows = rows;
	if (!poller)
		return -EINVAL;
	summary = &rows[set->row_count++];
	summary->poller = poller;
	copy_text(summary->gauge, sizeof(summary->gauge), field_text(row, "gauge"));
	read_counts(row, summary);
	summary->miss_ratio = field_real(row, "miss_ratio");
	summary->miss_ratio_low = field_real(row, "miss_ratio_low");
	summary->miss_ratio_high = field_real(row, "miss_ratio_high");
	summary->expected_miss_ratio = field_real(row, "expected_miss_ratio");
	return 0;
}

int summary_load(struct store *store, int64_t capture_id, struct summary_set *ret_set,
		 struct failure *failure)
{
	struct summary_set set = { 0 };
	int error = store_query(store, "report_poller", capture_id, take_poller, &set, failure);

	for (size_t i = 0; error == 0 && i < set.poller_count; i++)
		name_poller(&set, &set.pollers[i]);
	if (error == 0)
		error = store_query(store, "report_summary", capture_id, take_summary, &set,
				    failure);
	if (error < 0) {
		summary_freep(&set);
		return error;
	}
	*ret_set = set;
	return 0;
}

void summary_freep(struct summary_set *set)
{
	free(set->pollers);
	free(set->rows);
	*set = (struct summary_set){ 0 };
}

/* The slowest poller that judged any spike of the gauge. */
static const struct summary_poller *find_slowest(const struct summary_set *set, const char *gauge)
{
	const struct summary_poller *slowest = NULL;

	for (size_t i = 0; i < set->row_count; i++) {
		const struct summary *row = &set->rows[i];

		if (row->spikes > 0 && strcmp(row->gauge, gauge) == 0 &&
		    (!slowest || row->poller->period_ns > slowest->period_ns))
			slowest = row->poller;
	}
	return slowest;
}

const struct summary *summary_find_telling(const struct summary_set *set, const char *gauge)
{
	const struct summary_poller *slowest = find_slowest(set, gauge);
	const struct summary *most = NULL;
	const struct summary *highest = NULL;

	for (size_t i = 0; i < set->row_count; i++) {
		const struct summary *row = &set->rows[i];

		if (row->poller != slowest || row->spikes == 0 || strcmp(row->gauge, gauge) != 0)
			continue;
		if (!most || row->spikes > most->spikes)
			most = row;
		if (row->spikes >= SPIKES_ENOUGH)
			highest = row;
	}
	return highest ? highest : most;
}

bool summary_is_unreached(const struct summary_set *set, const struct summary *at)
{
	for (size_t i = 0; i < set->row_count; i++) {
		const struct summary *row = &set->rows[i];

		if (threshold_equal(row->threshold, at->threshold) &&
		    strcmp(row->gauge, at->gauge) == 0 && (row->spikes > 0 || row->censored > 0))
			return false;
	}
	return true;
}

size_t summary_next_gauge(const struct summary_set *set, size_t row)
{
	size_t next = row;

	while (next < set->row_count && strcmp(set->rows[next].gauge, set->rows[row].gauge) == 0)
		next++;
	return next;
}
