/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/accept.h"
#include "capture/writer_private.h"

#include <errno.h>
#include <stdlib.h>

/* What is counted in connections and packets: accept queues and the CPUs' backlog. */

struct accept_context {
	struct writer *writer;
	int64_t socket_id;
	bool right_censored;
};

static int put_accept_spike(void *context, const struct accept_spike *spike)
{
	struct accept_context *accept = context;
	struct writer *writer = accept->writer;
	const struct accept_spike_row row = {
		.capture_id = writer->ids.capture_id,
		.socket_id = accept->socket_id,
		.threshold_connections = writer->options.accept_threshold[spike->threshold_index],
		.start_ns = (int64_t)spike->start_ns,
		.end_ns = (int64_t)spike->end_ns,
		.peak_connections = spike->peak_connections,
		.limit_connections = spike->limit_connections,
		.peak_ns = (int64_t)spike->peak_ns,
		.left_censored = spike->left_censored,
		.right_censored = accept->right_censored,
	};

	return store_put_accept_spike(writer->options.store, &row, &writer->failure);
}

int writer_take_accept(struct writer *writer, struct tracked_socket *socket,
		       const struct record_accept *record)
{
	struct accept_context context = { .writer = writer, .socket_id = socket->socket_id };

	atomic_fetch_add(&writer->changes, 1);
	if (!socket->accept)
		socket->accept = calloc(1, sizeof(*socket->accept));
	if (!socket->accept)
		return -ENOMEM;
	return accept_set(socket->accept, writer->options.accept_threshold,
			  writer->options.accept_thresholds, record, socket->older,
			  put_accept_spike, &context);
}

int writer_end_accept(struct writer *writer, struct tracked_socket *socket, uint64_t time_ns,
		      bool right_censored)
{
	struct accept_context context = { .writer = writer,
					  .socket_id = socket->socket_id,
					  .right_censored = right_censored };
	int error = 0;

	if (socket->accept)
		error = accept_end(socket->accept, time_ns, put_accept_spike, &context);
	free(socket->accept);
	socket->accept = NULL;
	return error;
}

int writer_take_backlog(struct writer *writer, const struct record_backlog *record)
{
	const struct softnet_spike_row row = {
		.capture_id = writer->ids.capture_id,
		.cpu = record->cpu,
		.threshold_packets =
			writer->options.backlog_threshold[record->header.threshold_index],
		.start_ns = (int64_t)record->start_ns,
		.end_ns = (int64_t)record->end_ns,
		.peak_packets = record->peak_packets,
		.peak_ns = (int64_t)record->peak_ns,
		.left_censored = record->header.flags & RECORD_LEFT_CENSORED,
		.right_censored = record->header.flags & RECORD_RIGHT_CENSORED,
	};
	return store_put_softnet_spike(writer->options.store, &row, &writer->failure);
}

int writer_take_squeeze(struct writer *writer, const struct record_squeeze *record)
{
	return store_put_squeeze(writer->options.store, writer->ids.capture_id, record->cpu,
				 (int64_t)record->time_ns,
				 record->cause == SQUEEZE_BUDGET ? "budget" : "time",
				 &writer->failure);
}

int writer_take_drop(struct writer *writer, const struct record_drop *record)
{
	return store_put_drop(writer->options.store, writer->ids.capture_id, record->cpu,
			      (int64_t)record->start_ns, (int64_t)record->end_ns, record->packets,
			      &writer->failure);
}
