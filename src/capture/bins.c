/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/bins.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BINS_PER_DECADE = 20, FIRST_EDGE_NS = 1000 };

/* Edges are 1 us x 10^(n/20), rounded to whole nanoseconds; exact at each decade. */
static uint64_t bin_edge_ns(unsigned index)
{
	if (index == 0)
		return 0;
	return (uint64_t)llround(FIRST_EDGE_NS * pow(10.0, (index - 1) / (double)BINS_PER_DECADE));
}

unsigned bin_index(uint64_t duration_ns)
{
	unsigned index;

	if (duration_ns < FIRST_EDGE_NS)
		return 0;
	/* The logarithm can be off by one at an edge; the edges decide. */
	index = 1 + (unsigned)(BINS_PER_DECADE * log10((double)duration_ns / FIRST_EDGE_NS));
	while (duration_ns < bin_edge_ns(index))
		index--;
	while (duration_ns >= bin_edge_ns(index + 1))
		index++;
	return index;
}

void bin_edges(unsigned index, uint64_t *ret_from_ns, uint64_t *ret_to_ns)
{
	*ret_from_ns = bin_edge_ns(index);
	*ret_to_ns = bin_edge_ns(index + 1);
}

unsigned bin_decade(unsigned index)
{
	unsigned decade = index == 0 ? 0 : 1 + (index - 1) / BINS_PER_DECADE;

	return decade < BIN_DECADES ? decade : BIN_DECADES - 1;
}

void bin_decade_edges(unsigned decade, int64_t *ret_from_ns, int64_t *ret_to_ns)
{
	*ret_from_ns = decade == 0 ? 0 : (int64_t)bin_edge_ns(1 + (decade - 1) * BINS_PER_DECADE);
	*ret_to_ns = decade + 1 < BIN_DECADES ? (int64_t)bin_edge_ns(1 + decade * BINS_PER_DECADE) :
						INT64_MAX;
}

/* The bin's place in the list, where it is or where it belongs. */
static unsigned bins_place(const struct bins *bins, unsigned index)
{
	unsigned place = 0;

	while (place < bins->bins && bins->bin[place].index < index)
		place++;
	return place;
}

static int bins_insert(struct bins *bins, unsigned place, unsigned index)
{
	if (bins->bins == bins->room) {
		unsigned room = bins->room ? 2 * bins->room : 4;
		void *grown = realloc(bins->bin, room * sizeof(bins->bin[0]));

		if (!grown)
			return -ENOMEM;
		bins->bin = grown;
		bins->room = room;
	}
	memmove(&bins->bin[place + 1], &bins->bin[place],
		(bins->bins - place) * sizeof(bins->bin[0]));
	bins->bin[place] = (struct bin){ .index = (uint16_t)index };
	bins->bins++;
	return 0;
}

int bins_add(struct bins *bins, uint64_t duration_ns, uint32_t peak_bytes)
{
	unsigned index = bin_index(duration_ns);
	unsigned place = bins_place(bins, index);
	struct bin *bin;

	if (place == bins->bins || bins->bin[place].index != index) {
		int error = bins_insert(bins, place, index);

		if (error)
			return error;
	}
	bin = &bins->bin[place];
	bin->spikes++;
	bin->duration_sum_ns += duration_ns;
	if (peak_bytes > bin->peak_bytes)
		bin->peak_bytes = peak_bytes;
	bin->changed = true;
	return 0;
}

void bins_free(struct bins *bins)
{
	free(bins->bin);
	*bins = (struct bins){ 0 };
}
