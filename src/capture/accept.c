/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/accept.h"

#include <stddef.h>

static int accept_close(struct accept_queue *queue, uint64_t time_ns, accept_take *take,
			void *context)
{
	struct accept_spike *spike = &queue->spike[--queue->level];

	spike->end_ns = time_ns;
	if (queue->level) {
		struct accept_spike *outer = spike - 1;

		if (spike->peak_connections > outer->peak_connections) {
			outer->peak_connections = spike->peak_connections;
			outer->peak_ns = spike->peak_ns;
			outer->limit_connections = spike->limit_connections;
		}
	}
	return take(context, spike);
}

static void accept_open(struct accept_queue *queue, const struct record_accept *record,
			bool left_censored)
{
	queue->spike[queue->level] = (struct accept_spike){
		.threshold_index = queue->level,
		.start_ns = queue->last_ns,
		.peak_ns = queue->last_ns,
		.peak_connections = record->connections,
		.limit_connections = record->limit_connections,
		.left_censored = left_censored,
	};
	queue->level++;
}

int accept_set(struct accept_queue *queue, const uint32_t *threshold, unsigned thresholds,
	       const struct record_accept *record, bool older, accept_take *take, void *context)
{
	bool left_censored = older && !queue->begun;
	struct accept_spike *innermost;
	int error = 0;

	queue->begun = true;
	if (record->time_ns > queue->last_ns)
		queue->last_ns = record->time_ns;
	while (queue->level && record->connections < threshold[queue->level - 1] && !error)
		error = accept_close(queue, queue->last_ns, take, context);
	if (error)
		return error;
	innermost = queue->level ? &queue->spike[queue->level - 1] : NULL;
	if (innermost && record->connections > innermost->peak_connections) {
		innermost->peak_connections = record->connections;
		innermost->peak_ns = queue->last_ns;
		innermost->limit_connections = record->limit_connections;
	}
	while (queue->level < thresholds && record->connections >= threshold[queue->level])
		accept_open(queue, record, left_censored);
	return 0;
}

int accept_end(struct accept_queue *queue, uint64_t time_ns, accept_take *take, void *context)
{
	int error = 0;

	while (queue->level && !error)
		error = accept_close(queue, time_ns > queue->last_ns ? time_ns : queue->last_ns,
				     take, context);
	return error;
}
