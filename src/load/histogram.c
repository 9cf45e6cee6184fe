/* SPDX-License-Identifier: BSD-2-Clause */
#include "load/histogram.h"

#include <errno.h>
#include <stdlib.h>

enum {
	EXACT_BITS = 11, /* below 2^11 a slot for each value */
	STEPS = 1 << (EXACT_BITS - 1), /* to each doubling above that */
	MILLION = 1000000,
	SLOTS = (64 - EXACT_BITS + 2) * STEPS,
};

static unsigned slot_of(uint64_t value)
{
	unsigned shift;

	if (value < 1ULL << EXACT_BITS)
		return (unsigned)value;
	shift = (unsigned)(63 - __builtin_clzll(value)) - (EXACT_BITS - 1);
	return shift * STEPS + (unsigned)(value >> shift);
}

/* The highest value that falls into the slot. */
static uint64_t slot_highest(unsigned slot)
{
	unsigned shift;

	if (slot < 2 * STEPS)
		return slot;
	shift = slot / STEPS - 1;
	return ((uint64_t)(slot - shift * STEPS) << shift) + (((uint64_t)1 << shift) - 1);
}

int histogram_new(struct histogram *ret_histogram)
{
	uint64_t *count = calloc(SLOTS, sizeof(*count));

	if (!count)
		return -ENOMEM;
	*ret_histogram = (struct histogram){ .count = count };
	return 0;
}

void histogram_free(struct histogram *histogram)
{
	free(histogram->count);
	histogram->count = NULL;
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
	histogram->count[slot_of(value)]++;
	histogram->values++;
	if (value > histogram->max)
		histogram->max = value;
}

void histogram_merge(struct histogram *histogram, const struct histogram *other)
{
	for (unsigned slot = 0; slot < SLOTS; slot++)
		histogram->count[slot] += other->count[slot];
	histogram->values += other->values;
	if (other->max > histogram->max)
		histogram->max = other->max;
}

/* Rounded up, in whole numbers: 99.9 / 100 * 1000 is above 999 in floating point. */
static uint64_t rank_of(uint64_t values, unsigned per_million)
{
	uint64_t rest = values % MILLION * per_million;

	return values / MILLION * per_million + (rest + MILLION - 1) / MILLION;
}

uint64_t histogram_quantile(const struct histogram *histogram, unsigned per_million)
{
	uint64_t rank = rank_of(histogram->values, per_million);
	uint64_t passed = 0;

	if (rank == 0)
		rank = 1;
	for (unsigned slot = 0; slot < SLOTS && histogram->values; slot++) {
		passed += histogram->count[slot];
		if (passed >= rank) {
			uint64_t highest = slot_highest(slot);

			return highest < histogram->max ? highest : histogram->max;
		}
	}
	return histogram->max;
}
