/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_NEEDED_H
#define POLLGAP_NEEDED_H

#include <stdint.h>
#include <stdio.h>

struct failure;
struct store;
struct summary_set;

/*
 * The poll periods that would see half, 90, 95 and 99 % of the spikes, and in words, for the most
 * telling threshold of each gauge, what 95 % would cost: a poll's processor time here by that
 * period, beside what the probe took. Returns 0 or -errno.
 */
int needed_print(struct store *store, int64_t capture_id, const struct summary_set *set, FILE *out,
		 struct failure *failure);

#endif
