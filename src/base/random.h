/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_RANDOM_H
#define POLLGAP_RANDOM_H

#include <stdint.h>

/*
 * SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014): small,
 * and the same everywhere. The state begins as the seed; any will do.
 */
uint64_t random_next(uint64_t *state);

/* Uniform in [0, 1), of 53 bits. */
double random_share(uint64_t *state);

#endif
