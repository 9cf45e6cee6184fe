/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/tally.h"

#include "base/cleanup.h"
#include "base/failure.h"
#include "store/store_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void tally_freep(struct tally *tally)
{
	free(tally->group);
	free(tally->run);
	free(tally->cell);
}

enum { GAUGE_NAMES = 3 };

const char *const tally_gauge_name[] = { "rmem", "rx_queue", "tx_queue" };

/* Its place in the order of the names; -1 for what no poller reads, whatever the file holds. */
static int64_t gauge_place(const unsigned char *name)
{
	for (size_t place = 0; name && place < GAUGE_NAMES; place++) {
		if (strcmp((const char *)name, tally_gauge_name[place]) == 0)
			return (int64_t)place;
	}
	return -1;
}

static int integers_compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int kind_compare(const void *left, const void *right)
{
	const struct tally_kind *a = left, *b = right;
	int order = integers_compare(a->capture_id, b->capture_id);

	if (!order)
		order = integers_compare(a->gauge, b->gauge);
	if (!order)
		order = integers_compare(a->threshold_bytes, b->threshold_bytes);
	return order ? order : integers_compare(a->threshold_percent, b->threshold_percent);
}

/* The kind in the four columns from this one on. */
static struct tally_kind kind_read(sqlite3_stmt *row, int column)
{
	return (struct tally_kind){
		.capture_id = sqlite3_column_int64(row, column),
		.gauge = gauge_place(sqlite3_column_text(row, column + 1)),
		.threshold_bytes = sqlite3_column_int64(row, column + 2),
		.threshold_percent = sqlite3_column_int64(row, column + 3),
	};
}

/* NULL where no poller reads it. */
static const struct tally_group *group_find(const struct tally *tally,
					    const struct tally_kind *kind)
{
	return tally->groups ? bsearch(kind, tally->group, tally->groups, sizeof(*tally->group),
				       kind_compare) :
			       NULL;
}

static int run_compare(const void *left, const void *right)
{
	return integers_compare(((const struct tally_run *)left)->poller_id,
				((const struct tally_run *)right)->poller_id);
}

static struct tally_run *run_find(const struct tally *tally, const struct tally_group *group,
				  int64_t poller_id)
{
	const struct tally_run key = { .poller_id = poller_id };

	return bsearch(&key, tally->run + group->first, group->runs, sizeof(key), run_compare);
}

static size_t decade_of(int64_t duration_ns)
{
	size_t decade = 0;

	for (int64_t end_ns = 1000; decade < TALLY_DECADES - 1 && duration_ns >= end_ns;
	     end_ns *= 10)
		decade++;
	return decade;
}

int64_t tally_decade_start_ns(size_t decade)
{
	int64_t start_ns = 100;

	for (size_t count = 0; count < decade; count++)
		start_ns *= 10;
	return decade ? start_ns : 0;
}

/* An array with room for one more: it doubles at each power of two. */
static void *array_grow(void *array, size_t count, size_t item_bytes)
{
	if (count & (count - 1))
		return array;
	return reallocarray(array, count ? 2 * count : 1, item_bytes);
}

static int tally_add(struct tally *tally, sqlite3_stmt *row)
{
	const struct tally_kind kind = kind_read(row, 0);
	const struct tally_group *last = tally->groups ? &tally->group[tally->groups - 1] : NULL;
	struct tally_run *run = array_grow(tally->run, tally->runs, sizeof(*run));
	struct tally_group *group;

	if (!run)
		return -ENOMEM;
	tally->run = run;
	if (!last || kind_compare(&last->kind, &kind) != 0) {
		group = array_grow(tally->group, tally->groups, sizeof(*group));
		if (!group)
			return -ENOMEM;
		tally->group = group;
		group[tally->groups++] = (struct tally_group){ .kind = kind, .first = tally->runs };
	}
	tally->group[tally->groups - 1].runs++;
	run[tally->runs++] = (struct tally_run){
		.poller_id = sqlite3_column_int64(row, 4),
		.start_ns = sqlite3_column_int64(row, 5),
		/* One that made no poll before its capture was killed ran through no spike. */
		.end_ns = sqlite3_column_type(row, 6) == SQLITE_NULL ? INT64_MIN :
								       sqlite3_column_int64(row, 6),
		.kept_period_ns = sqlite3_column_double(row, 7),
	};
	return 0;
}

/* Every poller, gauge that it reads, and threshold. */
static int tally_load(struct store *store, struct tally *tally, struct failure *failure)
{
	_cleanup_(statement_freep) sqlite3_stmt *row = NULL;
	int code = SQLITE_ROW,
	    error = store_prepare(
		    store,
		    "SELECT poller_run.capture_id, gauge, threshold_bytes, threshold_percent, poller_run.poller_id,"
		    " start_ns, end_ns, kept_period_ns FROM poller_run JOIN poller_gauge USING (poller_id)"
		    " JOIN capture_threshold ON capture_threshold.capture_id = poller_run.capture_id"
		    " WHERE gauge IN ('rmem', 'rx_queue', 'tx_queue') ORDER BY 1, 2, 3, 4, 5",
		    &row, failure);

	while (!error && (code = sqlite3_step(row)) == SQLITE_ROW)
		error = tally_add(tally, row);
	if (!error && code != SQLITE_DONE)
		return store_error(store, "reading", failure);
	if (!error && tally->runs) {
		tally->cell = calloc(tally->runs * TALLY_DECADES, sizeof(*tally->cell));
		error = tally->cell ? 0 : -ENOMEM;
	}
	return error == -ENOMEM ? failure_set(failure, ENOMEM, "out of memory") : error;
}

/* The spike that the pass has come to. */
struct passing {
	int64_t spike_id;
	int64_t start_ns;
	int64_t end_ns;
};

static bool run_covers(const struct tally_run *run, const struct passing *spike)
{
	return spike->start_ns >= run->start_ns && spike->end_ns <= run->end_ns;
}

static void run_missed(struct tally_run *run, const struct passing *spike)
{
	int64_t duration_ns = spike->end_ns - spike->start_ns;

	if (duration_ns < run->missed_ns || (run->missed_id && duration_ns == run->missed_ns &&
					     spike->start_ns >= run->missed_start_ns))
		return;
	run->missed_id = spike->spike_id;
	run->missed_ns = duration_ns;
	run->missed_start_ns = spike->start_ns;
}

static void tally_seen(const struct tally *tally, const struct tally_group *group,
		       int64_t poller_id, const struct passing *spike)
{
	size_t decade = decade_of(spike->end_ns - spike->start_ns);
	struct tally_run *first = tally->run + group->first;
	struct tally_run *run = run_find(tally, group, poller_id);

	if (!run || !run_covers(run, spike))
		return;
	tally_cells(tally, group, decade)[run - first].seen++;
	run->last_seen_id = spike->spike_id;
}

/* A spike counts for each poller that ran through it; after all that saw it. */
static void tally_spike(const struct tally *tally, const struct tally_group *group,
			const struct passing *spike)
{
	int64_t duration_ns = spike->end_ns - spike->start_ns;
	struct tally_cell *cell = tally_cells(tally, group, decade_of(duration_ns));
	struct tally_run *run = tally->run + group->first;

	for (size_t index = 0; index < group->runs; index++, run++, cell++) {
		if (!run_covers(run, spike))
			continue;
		cell->spikes++;
		if ((double)duration_ns < run->kept_period_ns) {
			cell->shorter++;
			cell->shorter_sum_ns += duration_ns;
		}
		if (run->last_seen_id != spike->spike_id)
			run_missed(run, spike);
	}
}

/* Whoever saw the spike. seen stands at the first row that is not of an earlier spike; *seen_code
 * is what its last step returned. */
static void tally_seers(const struct tally *tally, const struct tally_group *group,
			const struct passing *spike, sqlite3_stmt *seen, int *seen_code)
{
	for (; *seen_code == SQLITE_ROW; *seen_code = sqlite3_step(seen)) {
		int64_t spike_id = sqlite3_column_int64(seen, 0);

		if (spike_id > spike->spike_id)
			return;
		if (group && spike_id == spike->spike_id)
			tally_seen(tally, group, sqlite3_column_int64(seen, 1), spike);
	}
}

/* Spikes, and who saw them, side by side. */
static int tally_pass(struct store *store, const struct tally *tally, struct failure *failure)
{
	_cleanup_(statement_freep) sqlite3_stmt *row = NULL, *seen = NULL;
	int code = SQLITE_ROW, seen_code,
	    error = store_prepare(
		    store,
		    "SELECT spike_id, capture_id, gauge, threshold_bytes, threshold_percent, start_ns, end_ns FROM spike"
		    " WHERE left_censored = 0 AND right_censored = 0 ORDER BY spike_id",
		    &row, failure);

	if (!error)
		error = store_prepare(
			store,
			"SELECT spike_id, poller_id FROM spike_seen ORDER BY spike_id, poller_id",
			&seen, failure);
	if (error)
		return error;
	seen_code = sqlite3_step(seen);
	while ((code = sqlite3_step(row)) == SQLITE_ROW) {
		const struct tally_kind kind = kind_read(row, 1);
		const struct tally_group *group = group_find(tally, &kind);
		const struct passing spike = {
			.spike_id = sqlite3_column_int64(row, 0),
			.start_ns = sqlite3_column_int64(row, 5),
			.end_ns = sqlite3_column_int64(row, 6),
		};

		tally_seers(tally, group, &spike, seen, &seen_code);
		if (group)
			tally_spike(tally, group, &spike);
	}
	if (code != SQLITE_DONE || (seen_code != SQLITE_DONE && seen_code != SQLITE_ROW))
		return store_error(store, "reading", failure);
	return 0;
}

/* A bin of folded spikes, over all sockets. */
static void tally_bin(const struct tally *tally, sqlite3_stmt *row)
{
	const struct tally_kind kind = kind_read(row, 0);
	const struct tally_group *group = group_find(tally, &kind);
	size_t decade = decade_of(sqlite3_column_int64(row, 4));
	int64_t spikes = sqlite3_column_int64(row, 5), sum_ns = sqlite3_column_int64(row, 6);

	for (size_t index = 0; group && index < group->runs; index++) {
		const struct tally_run *run = &tally->run[group->first + index];
		struct tally_cell *cell = &tally_cells(tally, group, decade)[index];

		cell->spikes += spikes;
		if (run->kept_period_ns * (double)spikes <= (double)sum_ns)
			continue;
		cell->shorter += spikes;
		cell->shorter_sum_ns += sum_ns;
	}
}

/* Folded spikes that a poller of a replay saw. */
static void tally_bin_seen(const struct tally *tally, sqlite3_stmt *row)
{
	const struct tally_kind kind = kind_read(row, 0);
	const struct tally_group *group = group_find(tally, &kind);
	size_t decade = decade_of(sqlite3_column_int64(row, 4));
	struct tally_run *run = group ? run_find(tally, group, sqlite3_column_int64(row, 5)) : NULL;

	if (run)
		tally_cells(tally, group, decade)[run - (tally->run + group->first)].seen +=
			sqlite3_column_int64(row, 6);
}

static int tally_rows(struct store *store, const struct tally *tally, const char *sql,
		      void (*take)(const struct tally *tally, sqlite3_stmt *row),
		      struct failure *failure)
{
	_cleanup_(statement_freep) sqlite3_stmt *row = NULL;
	int code = SQLITE_ROW, error = store_prepare(store, sql, &row, failure);

	while (!error && (code = sqlite3_step(row)) == SQLITE_ROW)
		take(tally, row);
	return error || code == SQLITE_DONE ? error : store_error(store, "reading", failure);
}

static int tally_folded(struct store *store, const struct tally *tally, struct failure *failure)
{
	int error = tally_rows(
		store, tally,
		"SELECT capture_id, gauge, threshold_bytes, threshold_percent, duration_from_ns, sum(spikes),"
		" sum(duration_sum_ns) FROM spike_bin GROUP BY 1, 2, 3, 4, 5",
		tally_bin, failure);

	return error ? error :
		       tally_rows(
			       store, tally,
			       "SELECT capture_id, gauge, threshold_bytes, threshold_percent, duration_from_ns,"
			       " poller_id, spikes FROM spike_bin_seen JOIN poller USING (poller_id)",
			       tally_bin_seen, failure);
}

int tally_count(struct store *store, struct tally *tally, struct failure *failure)
{
	int error = tally_load(store, tally, failure);

	if (!error)
		error = tally_pass(store, tally, failure);
	return error ? error : tally_folded(store, tally, failure);
}
