/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/judge_private.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

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
int waiting_judge(struct judge *judge, struct waiting *waiting)
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

uint64_t overlap_ns(const struct waiting *waiting, uint64_t read_start_ns, uint64_t read_end_ns)
{
	const struct record_spike *spike = &waiting->spike;
	uint64_t from_ns = spike->start_ns > read_start_ns ? spike->start_ns : read_start_ns;
	uint64_t to_ns = spike->end_ns < read_end_ns ? spike->end_ns : read_end_ns;

	return to_ns > from_ns ? to_ns - from_ns : 0;
}

void waiting_seen(struct waiting *waiting, unsigned poller, uint32_t value_bytes, uint32_t samples)
{
	struct judge_sight *sight = &waiting->sight[poller];

	if (!sight->samples || value_bytes > sight->polled_peak_bytes)
		sight->polled_peak_bytes = value_bytes;
	sight->samples += samples;
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

void judge_opening(struct judge *judge, struct judge_socket *socket,
		   const struct record_opening *opening)
{
	struct key *key = &socket->key[opening->header.gauge][opening->header.threshold_index];

	key->open_start_ns = opening->start_ns;
	key->open_threshold_bytes = opening->threshold_bytes;
	for (unsigned poller = 0; key->pending && poller < judge->options.pollers; poller++)
		pending_open(&key->pending[poller], opening->start_ns, opening->threshold_bytes);
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

	/* In per cent a sample below the open spike's threshold saw nothing. */
	if (!best && beyond && value_bytes < key->open_threshold_bytes)
		return 0;
	if (beyond && key_pending(judge, key) < 0)
		return -ENOMEM;
	if (!best && beyond)
		return pending_add(&key->pending[poller], sample, value_bytes,
				   judge_in_percent(judge) && !key->open_threshold_bytes);
	if (!best) {
		judge->unexplained[poller][gauge][threshold_index] += !judge_in_percent(judge);
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

			for (unsigned sample = 0;
			     sample < pending->samples && !judge_in_percent(judge); sample++)
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

uint64_t judge_undecided(const struct judge *judge)
{
	return judge->undecided;
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
