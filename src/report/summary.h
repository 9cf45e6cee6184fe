/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_SUMMARY_H
#define POLLGAP_SUMMARY_H

#include "report/threshold.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct failure;
struct store;

enum { POLLER_LABEL_BYTES = 96, GAUGE_BYTES = 32 };

struct summary_poller {
	int64_t poller_id;
	int64_t period_ns;
	int64_t poll_cpu_ns; /* processor time of a poll, on average; 0: not known */
	char source[32];
	char label[POLLER_LABEL_BYTES]; /* "1 s"; "proc 1 s" beside another source; with its number
					   beside its like */
};

/* One row of missed_spike_summary, and the longest spike that it missed. Ratios are NaN where there
 * was nothing to count. */
struct summary {
	const struct summary_poller *poller;
	char gauge[GAUGE_BYTES];
	struct threshold threshold;
	int64_t spikes;
	int64_t seen;
	int64_t missed;
	int64_t censored;
	int64_t ambiguous;
	double miss_ratio;
	double miss_ratio_low;
	double miss_ratio_high;
	double expected_miss_ratio;
	int64_t longest_missed_ns; /* 0: none is known */
	int64_t longest_missed_peak_bytes;
	bool longest_missed_bound; /* folded: it is shorter than this, and no folded one of its bin
				      was higher */
};

/* All of one capture, ordered by gauge, threshold, then from the slowest poller to the fastest. */
struct summary_set {
	struct summary_poller *pollers;
	size_t poller_count;
	struct summary *rows;
	size_t row_count;
};

int summary_load(struct store *store, int64_t capture_id, struct summary_set *ret_set,
		 struct failure *failure);
void summary_freep(struct summary_set *set);

/* The poller of that number, or NULL. */
const struct summary_poller *summary_find_poller(const struct summary_set *set, int64_t poller_id);

/*
 * The threshold which says most about a gauge: the highest that enough spikes reached for a share
 * to mean something, else the one that most reached. Returns the row of the slowest poller that
 * judged any spike; NULL where none did.
 */
const struct summary *summary_find_telling(const struct summary_set *set, const char *gauge);

/* No spike reached the threshold of this row, not even a censored one, whichever poller one asks. */
bool summary_is_unreached(const struct summary_set *set, const struct summary *at);

/* The next row of another gauge than that of rows[row]; row_count at the end. */
size_t summary_next_gauge(const struct summary_set *set, size_t row);

#endif
