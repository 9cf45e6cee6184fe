/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_HISTOGRAM_H
#define POLLGAP_HISTOGRAM_H

#include <stdint.h>

/*
 * A histogram with three significant digits over all of 0 to 2^64 - 1, in bounded memory (440 KB):
 * values below 2,048 are counted exactly, above that in 1,024 equal steps to each doubling, so that
 * what is read back is never more than 1/1024 above what was put in. The log-linear layout is Gil
 * Tene's HdrHistogram.
 */
struct histogram {
	uint64_t *count; /* by slot */
	uint64_t values;
	uint64_t max;
};

/* Returns 0 or -ENOMEM. */
int histogram_new(struct histogram *ret_histogram);
void histogram_free(struct histogram *histogram);

void histogram_add(struct histogram *histogram, uint64_t value);
/* Adds all of the other one's values. */
void histogram_merge(struct histogram *histogram, const struct histogram *other);

/* The smallest recorded value that a share of the values (in millionths: 999000 for p99.9) does not
 * exceed, as the highest value of its slot, no more than max. 0 where there are none. */
uint64_t histogram_quantile(const struct histogram *histogram, unsigned per_million);

#endif
