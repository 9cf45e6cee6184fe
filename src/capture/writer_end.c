/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"
#include "capture/runner.h"
#include "capture/poller_kind.h"
#include "capture/writer_private.h"

#include <stdio.h>
#include <stdlib.h>

/* How long after its death a socket's row may still be read: the poll that runs, with a margin. */
#define DEAD_KEPT_NS (2 * (uint64_t)NS_PER_S)

void writer_forget(struct writer *writer, struct tracked_socket *socket)
{
	for (unsigned slot = 0; slot < GAUGES * THRESHOLDS_MAX; slot++)
		bins_free(&socket->bins[slot / THRESHOLDS_MAX][slot % THRESHOLDS_MAX]);
	free(socket->accept);
	trace_buffer_free(&socket->trace);
	judge_socket_free(writer->judge, socket->judged);
	sockets_remove(writer->sockets, socket);
}

int writer_part(struct writer *writer, struct tracked_socket *socket)
{
	int error = 0;

	/* Nobody has read or written it: then it is the process's if that holds it. */
	if (writer->owned && !socket->owned &&
	    !(socket->inode && owned_inodes_have(writer->owned, socket->inode)))
		error = store_put_foreign(writer->options.store, socket->socket_id,
					  &writer->failure);
	if (!error)
		error = writer_end_trace(writer, socket);
	if (!error)
		writer_forget(writer, socket);
	return error;
}

/* Sockets whose every spike is judged and whose rows can't be read any more. */
int writer_retire(struct writer *writer)
{
	while (writer->dead_first &&
	       writer->dead_first->last_ns + DEAD_KEPT_NS < writer->settled_ns) {
		struct tracked_socket *socket = writer->dead_first;
		int error = socket->judged ? judge_socket_end(writer->judge, socket->judged) : 0;

		if (!error && socket->bins_changed)
			error = writer_flush_bins(writer);
		if (error)
			return error;
		writer->dead_first = socket->dead_next;
		if (!writer->dead_first)
			writer->dead_last = NULL;
		error = writer_part(writer, socket);
		if (error)
			return error;
	}
	return 0;
}

static int writer_put_ambiguous(struct writer *writer, unsigned poller, int64_t poller_id)
{
	int error = 0;

	for (unsigned slot = 0; slot < GAUGES * THRESHOLDS_MAX && !error; slot++) {
		unsigned gauge = slot / THRESHOLDS_MAX, index = slot % THRESHOLDS_MAX;
		uint64_t samples = judge_ambiguous(writer->judge, poller, gauge, index);

		if (samples)
			error = store_put_ambiguous(writer->options.store, poller_id,
						    store_gauge_name(gauge),
						    writer_threshold(writer, index),
						    (int64_t)samples, &writer->failure);
	}
	return error;
}

/* Nothing more will come: what still waits is decided as things stand. */
int writer_end(struct writer *writer)
{
	struct tracked_socket *socket;
	unsigned poller = 0;
	int error = writer->owned ? owned_inodes_refresh(writer->owned) : 0;

	while (!error && (socket = sockets_any(writer->sockets))) {
		if (socket->judged)
			error = judge_socket_end(writer->judge, socket->judged);
		if (!error && socket->bins_changed)
			error = writer_flush_bins(writer);
		if (!error)
			error = writer_end_accept(writer, socket, writer->kernel_stop_ns, true);
		if (!error)
			error = writer_part(writer, socket);
	}
	writer->dead_first = NULL;
	writer->dead_last = NULL;
	if (!error)
		error = writer_end_cpu_trace(writer);
	for (unsigned index = 0; index < writer->options.runners && !error; index++) {
		if (writer->options.runner[index].kind == RUNNER_POLLER)
			error = writer_put_ambiguous(writer, poller++,
						     writer->options.runner[index].poller_id);
	}
	return error;
}

static int put_loss(void *context, const char *cause, uint64_t count)
{
	struct writer *writer = context;

	if (!count)
		return 0;
	atomic_fetch_add(&writer->losses, count);
	return store_put_loss(writer->options.store, writer->ids.capture_id, cause, (int64_t)count,
			      &writer->failure);
}

static int put_runner_losses(struct writer *writer, const struct writer_runner *runner)
{
	char cause[128];
	int error;

	snprintf(cause, sizeof(cause), "failed:%s", runner->name);
	error = put_loss(writer, cause, atomic_load(&runner->runner->error) != 0);
	if (error || runner->kind == RUNNER_PROBE)
		return error; /* the probe's turns only have to come before the ring is full */
	snprintf(cause, sizeof(cause), "missed_turns:%s", runner->name);
	error = put_loss(writer, cause, atomic_load(&runner->runner->missed_turns));
	if (error || !runner->poller)
		return error;
	snprintf(cause, sizeof(cause), "%s:%s", runner->poller->lost_cause, runner->name);
	return put_loss(writer, cause, runner->poller->lost(runner->runner->source));
}

int writer_put_losses(struct writer *writer)
{
	static const char *const cause[WRITER_LOSSES] = {
		[LOSS_UNKNOWN_SOCKET] = "record_of_unknown_socket",
		[LOSS_SPIKES_WAITING] = "too_many_spikes_waiting",
		[LOSS_LATE_SPIKE] = "late_spike",
		[LOSS_SAMPLES_WAITING] = "too_many_samples_waiting",
		[LOSS_UNSEEN_SOCKET] = "sample_of_unseen_socket",
	};
	int error;

	atomic_store(&writer->losses, 0);
	error = probe_losses(writer->options.probe, put_loss, writer);
	for (unsigned index = 0; index < WRITER_LOSSES && !error; index++)
		error = put_loss(writer, cause[index], writer->lost[index]);
	for (unsigned index = 0; index < writer->options.runners && !error; index++)
		error = put_runner_losses(writer, &writer->options.runner[index]);
	if (!error)
		error = put_loss(writer, "undecided_in_percent", judge_undecided(writer->judge));
	if (!error)
		error = put_loss(writer, "writer_behind:record",
				 channel_dropped(writer->options.channel, OBSERVE_RECORD));
	if (!error)
		error = put_loss(writer, "writer_behind:sample",
				 channel_dropped(writer->options.channel, OBSERVE_SAMPLE));
	if (!error)
		error = put_loss(writer, "writer_behind:softnet",
				 channel_dropped(writer->options.channel, OBSERVE_SOFTNET));
	return error;
}
