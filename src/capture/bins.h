/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_BINS_H
#define POLLGAP_BINS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Spikes folded by their duration: 20 bins to a decade from 1 us on, and one for what is shorter. A
 * few bins hold nearly all of a socket's spikes, so only those that are used are kept.
 */
struct bin {
	uint64_t spikes;
	uint64_t duration_sum_ns;
	uint32_t peak_bytes;
	uint16_t index;
	bool changed; /* since bins_written() */
};

struct bins {
	struct bin *bin; /* by index, ascending */
	unsigned bins;
	unsigned room;
};

/* Returns 0 or -ENOMEM. */
int bins_add(struct bins *bins, uint64_t duration_ns, uint32_t peak_bytes);

void bins_free(struct bins *bins);

/* The bin that a duration belongs to: [from, to). */
unsigned bin_index(uint64_t duration_ns);
void bin_edges(unsigned index, uint64_t *ret_from_ns, uint64_t *ret_to_ns);

/*
 * The decade that a bin begins in: 0 is below 1 us, the last one is open, so that its end is
 * INT64_MAX. The decades are those of the view missed_spike_by_duration.
 */
enum { BIN_DECADES = 11 };

unsigned bin_decade(unsigned index);
void bin_decade_edges(unsigned decade, int64_t *ret_from_ns, int64_t *ret_to_ns);

#endif
