/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/judge.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A closed spike that waits until every poller has passed its end. */
struct waiting {
	struct record_spike spike;
	struct judge_socket *socket;
	struct waiting *key_next; /* of the same socket, gauge and threshold, by end */
	struct waiting *key_previous;
	struct waiting *next; /* of all, as they came */
	unsigned holds; /* samples that are not decided between this spike and the next one */
	bool due; /* every poller has passed it: it waits for its holds only */
	struct judge_sight sight[];
};

/*
 * A sample that shows the threshold reached after the last closed spike's end: the spike that it
 * saw is still open, and not known yet.
 */
struct pending_sample {
	uint64_t read_end_ns;
	uint32_t value_bytes;
	uint32_t samples;
};

/* Beyond so many the older half is taken together: they are inside one open spike unless they
 * contradict the series. */
enum { PENDING_MAX = 64 };

struct pending {
	struct pending_sample *sample;
	unsigned samples;
	unsigned room;
	/* The one sample that touched closed spikes and reached beyond the last one's end: the next
	 * one decides. */
	struct waiting *best; /* NULL: there is none */
	uint64_t best_overlap_ns;
	uint64_t read_start_ns;
	uint64_t read_end_ns;
	uint32_t value_bytes;
	bool ambiguous; /* it touched more than one already */
};

/* One socket, gauge and threshold. */
struct key {
	struct waiting *first;
	struct waiting *last;
	uint64_t last_end_ns; /* of the last spike that closed */
	uint64_t open_start_ns; /* of the open spike, where thresholds are in per cent */
	uint32_t open_threshold_bytes; /* 0: none is open */
	struct pending *pending; /* one for each poller, NULL until needed */
};

struct judge_socket {
	void *owner;
	struct key key[GAUGES][THRESHOLDS_MAX];
};

struct judge {
	struct judge_options options;
	judge_verdict *verdict;
	void *context;
	struct waiting *first;
	struct waiting *last;
	struct waiting *spare; /* freed ones, to be used again */
	uint64_t waiting;
	uint64_t ambiguous[POLLERS_MAX][GAUGES][THRESHOLDS_MAX];
	uint64_t unexplained[POLLERS_MAX][GAUGES][THRESHOLDS_MAX];
};

int judge_new(const struct judge_options *options, judge_verdict *verdict, void *context,
	      struct judge **ret_judge)
{
	struct judge *judge = calloc(1, sizeof(*judge));

	if (!judge)
		return -ENOMEM;
	judge->options = *options;
	judge->verdict = verdict;
	judge->context = context;
	*ret_judge = judge;
	return 0;
}

static void waiting_free_list(struct waiting *first)
{
	while (first) {
		struct waiting *next = first->next;

		free(first);
		first = next;
	}
}

void judge_freep(struct judge **judge)
{
	if (!*judge)
		return;
	waiting_free_list((*judge)->first);
	waiting_free_list((*judge)->spare);
	free(*judge);
	*judge = NULL;
}

int judge_socket_new(struct judge *judge, void *owner, struct judge_socket **ret_socket)
{
	struct judge_socket *socket = calloc(1, sizeof(*socket));

	(void)judge;
	if (!socket)
		return -ENOMEM;
	socket->owner = owner;
	*ret_socket = socket;
	return 0;
}

static struct waiting *waiting_new(struct judge *judge)
{
	size_t sights_bytes = judge->options.pollers * sizeof(struct judge_sight);
	struct waiting *waiting = judge->spare;

	if (waiting)
		judge->spare = waiting->next;
	else
		waiting = malloc(sizeof(*waiting) + sights_bytes);
	if (waiting)
		memset(waiting, 0, sizeof(*waiting) + sights_bytes);
	return waiting;
}

static void key_unlink(struct key *key, struct waiting *waiting)
{
	if (waiting->key_previous)
		waiting->key_previous->key_next = waiting->key_next;
	else
		key->first = waiting->key_next;
	if (waiting->key_next)
		waiting->key_next->key_previous = waiting->key_previous;
	else
		key->last = waiting->key_previous;
}

/* Hands the spike over; it waits no more. */
static int waiting_judge(struct judge *judge, struct waiting *waiting)
{
	const struct record_header *header = &waiting->spike.header;
	int error = judge->verdict(judge->context, waiting->socket->owner, &waiting->spike,
				   waiting->sight);

	key_unlink(&waiting->socket->key[header->gauge][header->threshold_index], waiting);
	waiting->next = judge->spare;
	judge->spare = waiting;
	judge->waiting--;
	return error;
}

static uint64_t overlap_ns(const struct waiting *waiting, uint64_t read_start_ns,
			   uint64_t read_end_ns)
{
	const struct record_spike *spike = &waiting->spike;
	uint64_t from_ns = spike->start_ns > read_start_ns ? spike->start_ns : read_start_ns;
	uint64_t to_ns = spike->end_ns < read_end_ns ? spike->end_ns : read_end_ns;

	return to_ns > from_ns ? to_ns - from_ns : 0;
}

static void waiting_seen(struct waiting *waiting, unsigned poller, uint32_t value_bytes,
			 uint32_t samples)
{
	struct judge_sight *sight = &waiting->sight[poller];

	if (!sight->samples || value_bytes > sight->polled_peak_bytes)
		sight->polled_peak_bytes = value_bytes;
	sight->samples += samples;
}

/* The held sample is decided: it saw its best spike. */
static int pending_release(struct judge *judge, struct pending *pending, unsigned poller,
			   unsigned gauge, unsigned threshold_index)
{
	struct waiting *best = pending->best;

	pending->best = NULL;
	waiting_seen(best, poller, pending->value_bytes, 1);
	judge->ambiguous[poller][gauge][threshold_index] += pending->ambiguous;
	best->holds--;
	return best->due && !best->holds ? waiting_judge(judge, best) : 0;
}

/* The spike that the held sample waited for has closed. */
static int pending_decide(struct judge *judge, struct pending *pending, unsigned poller,
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
static void pending_close(struct judge *judge, struct pending *pending, unsigned poller,
			  struct waiting *closed)
{
	const struct record_header *header = &closed->spike.header;

	for (unsigned index = 0; index < pending->samples; index++) {
		const struct pending_sample *sample = &pending->sample[index];

		if (closed->spike.start_ns <= sample->read_end_ns)
			waiting_seen(closed, poller, sample->value_bytes, sample->samples);
		else
			judge->unexplained[poller][header->gauge][header->threshold_index] +=
				sample->samples;
	}
	pending->samples = 0;
}

int judge_spike(struct judge *judge, struct judge_socket *socket, const struct record_spike *spike)
{
	struct key *key = &socket->key[spike->header.gauge][spike->header.threshold_index];
	struct waiting *waiting;

	if (judge->waiting >= judge->options.spikes_max)
		return -ENOSPC;
	waiting = waiting_new(judge);
	if (!waiting)
		return -ENOMEM;
	waiting->spike = *spike;
	waiting->socket = socket;
	waiting->key_previous = key->last;
	*(key->last ? &key->last->key_next : &key->first) = waiting;
	key->last = waiting;
	key->last_end_ns = spike->end_ns;
	key->open_threshold_bytes = 0;
	*(judge->last ? &judge->last->next : &judge->first) = waiting;
	judge->last = waiting;
	judge->waiting++;
	for (unsigned poller = 0; key->pending && poller < judge->options.pollers; poller++) {
		struct pending *pending = &key->pending[poller];
		int error = pending->best ? pending_decide(judge, pending, poller, waiting) : 0;

		if (error)
			return error;
		pending_close(judge, pending, poller, waiting);
	}
	return 0;
}

void judge_opening(struct judge_socket *socket, const struct record_opening *opening)
{
	struct key *key = &socket->key[opening->header.gauge][opening->header.threshold_index];

	key->open_start_ns = opening->start_ns;
	key->open_threshold_bytes = opening->threshold_bytes;
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

static int pending_add(struct pending *pending, const struct judge_sample *sample,
		       uint32_t value_bytes)
{
	if (pending->samples == PENDING_MAX)
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

static int key_pending(struct judge *judge, struct key *key)
{
	if (!key->pending)
		key->pending = calloc(judge->options.pollers, sizeof(*key->pending));
	return key->pending ? 0 : -ENOMEM;
}

/* Among the closed spikes that the sample touches, the one with the longest overlap, the earlier
 * one of equals. */
static struct waiting *key_best(const struct key *key, const struct judge_sample *sample,
				uint32_t value_bytes, uint64_t *ret_overlap_ns,
				unsigned *ret_touched)
{
	struct waiting *best = NULL;

	*ret_touched = 0;
	*ret_overlap_ns = 0;
	for (struct waiting *waiting = key->last; waiting; waiting = waiting->key_previous) {
		uint64_t overlap;

		if (waiting->spike.end_ns <= sample->read_start_ns)
			break;
		if (waiting->spike.start_ns > sample->read_end_ns ||
		    value_bytes < waiting->spike.threshold_bytes)
			continue;
		overlap = overlap_ns(waiting, sample->read_start_ns, sample->read_end_ns);
		(*ret_touched)++;
		if (!best || overlap >= *ret_overlap_ns) {
			best = waiting;
			*ret_overlap_ns = overlap;
		}
	}
	return best;
}

/* Whether a sample shows the open spike's threshold in per cent reached. */
static bool key_open_reached(const struct key *key, const struct judge_sample *sample,
			     uint32_t value_bytes)
{
	return key->open_threshold_bytes && value_bytes >= key->open_threshold_bytes &&
	       key->open_start_ns <= sample->read_end_ns;
}

static bool judge_in_percent(const struct judge *judge)
{
	return judge->options.threshold_bytes[0] == 0;
}

/* One sample, one gauge, one threshold that it shows reached, or may show so in per cent. */
static int key_sample(struct judge *judge, struct judge_socket *socket, unsigned poller,
		      unsigned gauge, unsigned threshold_index, const struct judge_sample *sample)
{
	struct key *key = &socket->key[gauge][threshold_index];
	uint32_t value_bytes = sample->value_bytes[gauge];
	/* What lies after the last closed spike may belong to one that is still open. */
	bool beyond = sample->read_end_ns >= key->last_end_ns;
	uint64_t best_overlap_ns;
	unsigned touched;
	struct waiting *best = key_best(key, sample, value_bytes, &best_overlap_ns, &touched);

	if (!best && judge_in_percent(judge) &&
	    !(beyond && key_open_reached(key, sample, value_bytes)))
		return 0;
	if (beyond && key_pending(judge, key) < 0)
		return -ENOMEM;
	if (!best && beyond)
		return pending_add(&key->pending[poller], sample, value_bytes);
	if (!best) {
		judge->unexplained[poller][gauge][threshold_index]++;
		return 0;
	}
	if (!beyond) {
		waiting_seen(best, poller, value_bytes, 1);
		judge->ambiguous[poller][gauge][threshold_index] += touched > 1;
		return 0;
	}
	/* Two rows of one socket in one window, as a scan under churn repeats them: the first is
	 * decided as things stand. */
	if (key->pending[poller].best) {
		int error = pending_release(judge, &key->pending[poller], poller, gauge,
					    threshold_index);

		if (error)
			return error;
	}
	best->holds++;
	key->pending[poller].best = best;
	key->pending[poller].best_overlap_ns = best_overlap_ns;
	key->pending[poller].read_start_ns = sample->read_start_ns;
	key->pending[poller].read_end_ns = sample->read_end_ns;
	key->pending[poller].value_bytes = value_bytes;
	key->pending[poller].ambiguous = touched > 1;
	return 0;
}

int judge_sample(struct judge *judge, struct judge_socket *socket, unsigned poller,
		 const struct judge_sample *sample)
{
	const struct judge_options *options = &judge->options;

	for (unsigned gauge = 0; gauge < GAUGES; gauge++) {
		if (!(options->poller_gauges[poller] >> gauge & 1))
			continue;
		for (unsigned index = 0; index < options->thresholds; index++) {
			int error;

			if (sample->value_bytes[gauge] < options->threshold_bytes[index] ||
			    sample->value_bytes[gauge] == 0)
				break;
			error = key_sample(judge, socket, poller, gauge, index, sample);
			if (error)
				return error;
		}
	}
	return 0;
}

int judge_settle(struct judge *judge, uint64_t passed_ns)
{
	while (judge->first && judge->first->spike.end_ns < passed_ns) {
		struct waiting *waiting = judge->first;
		int error;

		judge->first = waiting->next;
		if (!judge->first)
			judge->last = NULL;
		waiting->next = NULL;
		waiting->due = true;
		if (waiting->holds)
			continue;
		error = waiting_judge(judge, waiting);
		if (error)
			return error;
	}
	return 0;
}

int judge_socket_end(struct judge *judge, struct judge_socket *socket)
{
	int error = 0;

	for (unsigned slot = 0; slot < GAUGES * THRESHOLDS_MAX && !error; slot++) {
		unsigned gauge = slot / THRESHOLDS_MAX, index = slot % THRESHOLDS_MAX;
		struct key *key = &socket->key[gauge][index];

		for (unsigned poller = 0; key->pending && poller < judge->options.pollers && !error;
		     poller++) {
			struct pending *pending = &key->pending[poller];

			for (unsigned sample = 0; sample < pending->samples; sample++)
				judge->unexplained[poller][gauge][index] +=
					pending->sample[sample].samples;
			pending->samples = 0;
			if (pending->best)
				error = pending_release(judge, pending, poller, gauge, index);
		}
	}
	return error;
}

void judge_socket_free(struct judge *judge, struct judge_socket *socket)
{
	for (unsigned slot = 0; socket && slot < GAUGES * THRESHOLDS_MAX; slot++) {
		struct key *key = &socket->key[slot / THRESHOLDS_MAX][slot % THRESHOLDS_MAX];

		for (unsigned poller = 0; key->pending && poller < judge->options.pollers; poller++)
			free(key->pending[poller].sample);
		free(key->pending);
	}
	free(socket);
}

uint64_t judge_waiting(const struct judge *judge)
{
	return judge->waiting;
}

uint64_t judge_ambiguous(const struct judge *judge, unsigned poller, unsigned gauge,
			 unsigned threshold_index)
{
	return judge->ambiguous[poller][gauge][threshold_index];
}

uint64_t judge_unexplained(const struct judge *judge, unsigned poller, unsigned gauge,
			   unsigned threshold_index)
{
	return judge->unexplained[poller][gauge][threshold_index];
}
