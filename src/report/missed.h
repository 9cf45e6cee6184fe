/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_MISSED_H
#define POLLGAP_MISSED_H

#include <stdint.h>
#include <stdio.h>

struct failure;
struct store;
struct summary_set;

/* The tables of missed spikes in a text report. Both return 0 or -errno. */

/* Threshold by poller, one for the gauge whose rows begin at rows[first]. */
int missed_print_gauge(const struct summary_set *set, size_t first, FILE *out);

/* By decade of duration, for the most telling threshold of each gauge. */
int missed_print_by_duration(struct store *store, int64_t capture_id, const struct summary_set *set,
			     FILE *out, struct failure *failure);

#endif
