/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_TALLY_H
#define POLLGAP_TALLY_H

#include <stddef.h>
#include <stdint.h>

/*
 * What analysis/views/spike_tally.sql has, in one pass over the spikes and those that were seen,
 * both in the order of spike_id. tests/unit/test_tally.c holds the two
 * equal; src/README.md says what it saves.
 */

struct failure;
struct store;

enum { TALLY_DECADES = 11 }; /* the first: less than 1,000 ns */

struct tally_cell {
	int64_t spikes;
	int64_t seen;
	int64_t shorter; /* than the period that the poller kept */
	int64_t shorter_sum_ns;
};

/* One poller, as far as one gauge and threshold go. */
struct tally_run {
	int64_t poller_id;
	int64_t start_ns;
	int64_t end_ns;
	double kept_period_ns;
	int64_t last_seen_id; /* the last spike that it saw */
	int64_t missed_id; /* the longest spike that it missed, of equals the earliest; 0: none */
	int64_t missed_ns; /* how long that lasted */
	int64_t missed_start_ns;
};

/* What tells the spikes of one gauge and threshold of a capture from others. */
struct tally_kind {
	int64_t capture_id;
	int64_t gauge; /* its place in tally_gauge_name */
	int64_t threshold_bytes;
	int64_t threshold_percent;
};

struct tally_group {
	struct tally_kind kind;
	size_t first; /* of its runs, which are in the order of poller_id */
	size_t runs;
};

struct tally {
	struct tally_group *group; /* in the order of their kinds */
	struct tally_run *run;
	struct tally_cell *cell; /* group by group, decade by decade, run by run */
	size_t groups;
	size_t runs;
};

/* By tally_kind.gauge. */
extern const char *const tally_gauge_name[];

/* A group's cells of one decade, in the order of its runs. */
static inline struct tally_cell *tally_cells(const struct tally *tally,
					     const struct tally_group *group, size_t decade)
{
	return tally->cell + group->first * TALLY_DECADES + decade * group->runs;
}

/* Where a decade begins: 0, 1,000 ns, 10,000 ns, … */
int64_t tally_decade_start_ns(size_t decade);

/*
 * Counts all captures of the file. It asks poller_run, which must be there. Returns 0 or -errno;
 * either way the tally is to be freed.
 */
int tally_count(struct store *store, struct tally *tally, struct failure *failure);

void tally_freep(struct tally *tally);

#endif
