/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/judge_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Samples that can't be judged yet, since the spike that they may have seen is still open. */

/* The held sample is decided: it saw its best spike. */
int pending_release(struct judge *judge, struct pending *pending, unsigned poller, unsigned gauge,
		    unsigned threshold_index)
{
	struct waiting *best = pending->best;

	pending->best = NULL;
	waiting_seen(best, poller, pending->value_bytes, 1);
	judge->ambiguous[poller][gauge][threshold_index] += pending->ambiguous;
	best->holds--;
	return best->due && !best->holds ? waiting_judge(judge, best) : 0;
}

/* The spike that the held sample waited for has closed. */
int pending_decide(struct judge *judge, struct pending *pending, unsigned poller,
		   struct waiting *next)
{
	const struct record_header *header = &next->spike.header;
	uint64_t next_overlap_ns;

	if (next->spike.start_ns <= pending->read_end_ns &&
	    next->spike.end_ns > pending->read_start_ns &&
	    pending->value_bytes >= next->spike.threshold_bytes) {
		pending->ambiguous = true;
		next_overlap_ns = overlap_ns(next, pending->read_start_ns, pending->read_end_ns);
		if (next_overlap_ns > pending->best_overlap_ns) {
			pending->best->holds--;
			if (pending->best->due && !pending->best->holds) {
				int error = waiting_judge(judge, pending->best);

				if (error)
					return error;
			}
			next->holds++;
			pending->best = next;
		}
	}
	return pending_release(judge, pending, poller, header->gauge, header->threshold_index);
}

/* The open spike that the pending samples saw has closed. */
void pending_close(struct judge *judge, struct pending *pending, unsigned poller,
		   struct waiting *closed)
{
	const struct record_header *header = &closed->spike.header;

	for (unsigned index = 0; index < pending->samples; index++) {
		const struct pending_sample *sample = &pending->sample[index];

		/* In per cent only: in bytes all of them reach the threshold. */
		if (sample->value_bytes < closed->spike.threshold_bytes)
			continue;
		if (closed->spike.start_ns <= sample->read_end_ns)
			waiting_seen(closed, poller, sample->value_bytes, sample->samples);
		else
			judge->unexplained[poller][header->gauge][header->threshold_index] +=
				judge_in_percent(judge) ? 0 : sample->samples;
	}
	pending->samples = 0;
	judge->undecided += closed->spike.start_ns <= pending->given_up_ns;
	pending->given_up_ns = 0;
}

void pending_open(struct pending *pending, uint64_t start_ns, uint32_t threshold_bytes)
{
	unsigned kept = 0;

	for (unsigned index = 0; index < pending->samples; index++) {
		const struct pending_sample *sample = &pending->sample[index];

		if (sample->read_end_ns >= start_ns && sample->value_bytes >= threshold_bytes)
			pending->sample[kept++] = *sample;
	}
	pending->samples = kept;
}

static void pending_give_up(struct pending *pending)
{
	unsigned half = pending->samples / 2;

	pending->given_up_ns = pending->sample[half - 1].read_end_ns;
	memmove(&pending->sample[0], &pending->sample[half],
		(pending->samples - half) * sizeof(pending->sample[0]));
	pending->samples -= half;
}

/* Takes the older half together as one. */
static void pending_compress(struct pending *pending)
{
	struct pending_sample together = pending->sample[0];
	unsigned half = pending->samples / 2;

	for (unsigned index = 1; index < half; index++) {
		const struct pending_sample *sample = &pending->sample[index];

		together.read_end_ns = sample->read_end_ns;
		together.samples += sample->samples;
		if (sample->value_bytes > together.value_bytes)
			together.value_bytes = sample->value_bytes;
	}
	pending->sample[0] = together;
	memmove(&pending->sample[1], &pending->sample[half],
		(pending->samples - half) * sizeof(pending->sample[0]));
	pending->samples -= half - 1;
}

int pending_add(struct pending *pending, const struct judge_sample *sample, uint32_t value_bytes,
		bool unknown)
{
	if (unknown && pending->samples == PENDING_UNKNOWN_MAX)
		pending_give_up(pending);
	while (!unknown && pending->samples >= PENDING_MAX)
		pending_compress(pending);
	if (pending->samples == pending->room) {
		unsigned room = pending->room ? 2 * pending->room : 4;
		void *grown = realloc(pending->sample, room * sizeof(pending->sample[0]));

		if (!grown)
			return -ENOMEM;
		pending->sample = grown;
		pending->room = room;
	}
	pending->sample[pending->samples++] = (struct pending_sample){
		.read_end_ns = sample->read_end_ns,
		.value_bytes = value_bytes,
		.samples = 1,
	};
	return 0;
}
