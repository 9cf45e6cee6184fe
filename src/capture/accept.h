/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_ACCEPT_QUEUE_H
#define POLLGAP_ACCEPT_QUEUE_H

#include "bpf/record.h"

#include <stdbool.h>
#include <stdint.h>

/* One spike of an accept queue that is over, or cut at the end of its listener or the capture. */
struct accept_spike {
	unsigned threshold_index;
	uint64_t start_ns;
	uint64_t end_ns;
	uint64_t peak_ns;
	uint32_t peak_connections;
	uint32_t limit_connections; /* at the peak */
	bool left_censored;
};

/* Takes a spike when it is over. Returns 0 or -errno. */
typedef int accept_take(void *context, const struct accept_spike *spike);

/* One listener's accept queue: changes go in, in the order of their records, spikes come out. */
struct accept_queue {
	uint64_t last_ns;
	unsigned level; /* how many spikes are open */
	bool begun; /* its value is known */
	struct accept_spike spike[THRESHOLDS_MAX];
};

/*
 * The queue has had this many connections since time_ns. Two CPUs' records may come in the wrong
 * order by less than a microsecond: a time before the last one's is taken as that. older: the
 * listener is older than the capture, so a spike at its first value is left-censored.
 */
int accept_set(struct accept_queue *queue, const uint32_t *threshold, unsigned thresholds,
	       const struct record_accept *record, bool older, accept_take *take, void *context);

/* Cuts what is open at time_ns. */
int accept_end(struct accept_queue *queue, uint64_t time_ns, accept_take *take, void *context);

#endif
