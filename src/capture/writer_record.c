/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"
#include "capture/writer_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static int writer_put_socket(struct writer *writer, struct tracked_socket *socket,
			     const struct record_socket *record)
{
	char local[INET6_ADDRSTRLEN], remote[INET6_ADDRSTRLEN];
	const struct socket_row row = {
		.socket_id = socket->socket_id,
		.capture_id = writer->ids.capture_id,
		.cookie = (int64_t)record->cookie,
		.inode = (int64_t)record->inode,
		.netns_inode = record->netns_inode,
		.family = record->family,
		.local_address =
			inet_ntop(record->family, record->local_address, local, sizeof(local)),
		.local_port = record->local_port,
		.remote_address =
			inet_ntop(record->family, record->remote_address, remote, sizeof(remote)),
		.remote_port = record->remote_port,
		.first_ns = (int64_t)record->time_ns,
		.older = record->header.flags & RECORD_OLDER,
	};

	socket->inode_known = record->inode != 0;
	return store_put_socket(writer->options.store, &row, &writer->failure);
}

static int take_socket(struct writer *writer, const struct record_socket *record)
{
	struct socket_tuple tuple = {
		.family = record->family,
		.local_port = record->local_port,
		.remote_port = record->remote_port,
	};
	struct tracked_socket *socket;
	int error;

	memcpy(tuple.local_address, record->local_address, sizeof(tuple.local_address));
	memcpy(tuple.remote_address, record->remote_address, sizeof(tuple.remote_address));
	socket = sockets_add(writer->sockets, &tuple, record->header.socket_number);
	if (!socket)
		return -ENOMEM;
	socket->socket_id = writer->ids.socket_id++;
	socket->first_ns = record->time_ns;
	socket->older = record->header.flags & RECORD_OLDER;
	socket->inode = record->inode;
	socket->cookie = record->cookie;
	socket->listens = record->header.flags & RECORD_LISTENER;
	if (socket->listens)
		return writer_put_socket(writer, socket, record);
	error = judge_socket_new(writer->judge, socket, &socket->judged);
	return error ? error : writer_put_socket(writer, socket, record);
}

static int take_owner(struct writer *writer, struct tracked_socket *socket,
		      const struct record_owner *record)
{
	socket->owned = true;
	return store_put_owner(writer->options.store, socket->socket_id, (int64_t)record->inode,
			       record->pid, record->comm, &writer->failure);
}

static int take_spike(struct writer *writer, const struct tracked_socket *socket,
		      const struct record_spike *record)
{
	int error;

	/* No poller reads rmem, so no sample waits for its spikes, and they may come late: see
	 * bpf/core.h. */
	if (record->end_ns < writer->kernel_passed_ns && record->header.gauge != GAUGE_RMEM)
		writer->lost[LOSS_LATE_SPIKE]++;
	error = judge_spike(writer->judge, socket->judged, record);
	if (error != -ENOSPC)
		return error;
	writer->lost[LOSS_SPIKES_WAITING]++;
	return 0;
}

static int writer_put_summary(struct writer *writer, const struct tracked_socket *socket,
			      const struct record_summary *record, uint64_t start_ns,
			      uint64_t end_ns, double mean_bytes)
{
	const struct summary_row row = {
		.socket_id = socket->socket_id,
		.gauge = store_gauge_name(record->header.gauge),
		.start_ns = (int64_t)start_ns,
		.end_ns = (int64_t)end_ns,
		.peak_bytes = record->peak_bytes,
		.peak_ns =
			(int64_t)(record->header.flags & RECORD_IDLE ? start_ns : record->peak_ns),
		.mean_bytes = mean_bytes,
		.events = record->events,
	};

	return store_put_summary(writer->options.store, &row, &writer->failure);
}

static int take_summary(struct writer *writer, const struct tracked_socket *socket,
			const struct record_summary *record)
{
	uint64_t period_ns = writer->options.summary_period_ns;
	int error = 0;

	atomic_fetch_add(&writer->changes, record->events);
	if (record->end_ns <= record->start_ns)
		return 0; /* a socket that came and went within one tick of the clock */
	if (!(record->header.flags & RECORD_IDLE))
		return writer_put_summary(writer, socket, record, record->start_ns, record->end_ns,
					  (double)record->area_byte_ns /
						  (double)(record->end_ns - record->start_ns));
	for (uint64_t start_ns = record->start_ns; start_ns < record->end_ns && !error;
	     start_ns += period_ns)
		error = writer_put_summary(writer, socket, record, start_ns, start_ns + period_ns,
					   record->peak_bytes);
	return error;
}

static int take_blog(struct writer *writer, const struct tracked_socket *socket,
		     const struct record_blog *record)
{
	const struct blog_row row = {
		.socket_id = socket->socket_id,
		.start_ns = (int64_t)record->start_ns,
		.end_ns = (int64_t)record->end_ns,
		.peak_bytes = record->peak_bytes,
		.kept_peak_bytes = record->kept_bytes,
		.total_bytes = (int64_t)record->total_bytes,
		.rx_total_bytes = (int64_t)record->rx_total_bytes,
		.rmem_total_bytes = (int64_t)record->rmem_total_bytes,
		.packets = record->packets,
	};

	return store_put_blog(writer->options.store, &row, &writer->failure);
}

static int take_death(struct writer *writer, struct tracked_socket *socket,
		      const struct record_death *record)
{
	int error;

	socket->last_ns = record->time_ns;
	socket->dead_next = NULL;
	*(writer->dead_last ? &writer->dead_last->dead_next : &writer->dead_first) = socket;
	writer->dead_last = socket;
	error = writer_end_accept(writer, socket, record->time_ns, false);
	if (error)
		return error;
	return store_put_death(writer->options.store, socket->socket_id, (int64_t)record->time_ns,
			       &writer->failure);
}

int writer_take_record(struct writer *writer, const struct batch_item *item)
{
	const struct record_header *header = (const void *)item->bytes;
	struct tracked_socket *socket;

	switch (header->type) {
	case RECORD_SOCKET:
		return take_socket(writer, (const void *)item->bytes);
	case RECORD_BACKLOG:
		return writer_take_backlog(writer, (const void *)item->bytes);
	case RECORD_SQUEEZE:
		return writer_take_squeeze(writer, (const void *)item->bytes);
	case RECORD_BACKLOG_EVENTS:
		return writer_take_backlog_events(writer, (const void *)item->bytes);
	case RECORD_DROP:
		return writer_take_drop(writer, (const void *)item->bytes);
	}
	socket = sockets_by_number(writer->sockets, header->socket_number);
	if (!socket) {
		writer->lost[LOSS_UNKNOWN_SOCKET]++;
		return 0;
	}
	switch (header->type) {
	case RECORD_OWNER:
		return take_owner(writer, socket, (const void *)item->bytes);
	case RECORD_BLOG:
		return take_blog(writer, socket, (const void *)item->bytes);
	case RECORD_EVENTS:
		return writer_take_events(writer, socket, (const void *)item->bytes);
	case RECORD_OPENING:
		judge_opening(writer->judge, socket->judged, (const void *)item->bytes);
		return 0;
	case RECORD_SPIKE:
		return take_spike(writer, socket, (const void *)item->bytes);
	case RECORD_SUMMARY:
		return take_summary(writer, socket, (const void *)item->bytes);
	case RECORD_ACCEPT:
		return writer_take_accept(writer, socket, (const void *)item->bytes);
	case RECORD_DEATH:
		return take_death(writer, socket, (const void *)item->bytes);
	default:
		return failure_set(&writer->failure, EPROTO,
				   "the kernel side sent a record of unknown type %u",
				   header->type);
	}
}

static int writer_list(struct writer *writer, const struct tracked_socket *socket,
		       const struct record_spike *spike, const struct judge_sight *sight)
{
	const struct spike_row row = {
		.spike_id = writer->ids.spike_id++,
		.socket_id = socket->socket_id,
		.capture_id = writer->ids.capture_id,
		.gauge = store_gauge_name(spike->header.gauge),
		.threshold = writer_threshold(writer, spike->header.threshold_index),
		.threshold_start_bytes = spike->threshold_bytes,
		.start_ns = (int64_t)spike->start_ns,
		.end_ns = (int64_t)spike->end_ns,
		.peak_bytes = spike->peak_bytes,
		.peak_ns = (int64_t)spike->peak_ns,
		.limit_bytes = spike->limit_bytes,
		.events = spike->events,
		.area_byte_us = (int64_t)spike->area_byte_us,
		.left_censored = spike->header.flags & RECORD_LEFT_CENSORED,
		.right_censored = spike->header.flags & RECORD_RIGHT_CENSORED,
	};
	int error = store_put_spike(writer->options.store, &row, &writer->failure);
	unsigned poller = 0;

	for (unsigned index = 0; index < writer->options.runners && !error; index++) {
		const struct writer_runner *runner = &writer->options.runner[index];
		const struct judge_sight *seen;

		if (runner->kind != RUNNER_POLLER)
			continue;
		seen = &sight[poller++];
		if (seen->samples)
			error = store_put_spike_seen(
				writer->options.store,
				&(struct spike_seen_row){ .spike_id = row.spike_id,
							  .poller_id = runner->poller_id,
							  .polled_peak_bytes =
								  seen->polled_peak_bytes,
							  .samples = seen->samples },
				&writer->failure);
	}
	return error;
}

static bool spike_unseen(const struct writer *writer, const struct judge_sight *sight)
{
	unsigned poller = 0;

	for (unsigned index = 0; index < writer->options.runners; index++) {
		if (writer->options.runner[index].kind == RUNNER_POLLER && sight[poller++].samples)
			return false;
	}
	return true;
}

int writer_verdict(void *context, void *owner, const struct record_spike *spike,
		   const struct judge_sight *sight)
{
	uint64_t duration_ns = spike->end_ns - spike->start_ns;
	struct tracked_socket *socket = owner;
	struct writer *writer = context;

	atomic_fetch_add(&writer->spikes, 1);
	/* A folded spike counts as missed by every poller, so each must have been running. */
	if (duration_ns >= writer->options.min_spike_ns ||
	    spike->start_ns < writer->options.poll_start_ns ||
	    (spike->header.flags & (RECORD_LEFT_CENSORED | RECORD_RIGHT_CENSORED)) ||
	    !spike_unseen(writer, sight))
		return writer_list(writer, socket, spike, sight);
	atomic_fetch_add(&writer->folded, 1);
	if (!socket->bins_changed) {
		socket->bins_changed = true;
		socket->changed_next = writer->changed;
		writer->changed = socket;
	}
	return bins_add(&socket->bins[spike->header.gauge][spike->header.threshold_index],
			duration_ns, spike->peak_bytes);
}

static int flush_bin(struct writer *writer, const struct tracked_socket *socket, unsigned gauge,
		     unsigned threshold_index, struct bin *bin)
{
	uint64_t from_ns, to_ns;

	if (!bin->changed)
		return 0;
	bin->changed = false;
	bin_edges(bin->index, &from_ns, &to_ns);
	return store_put_spike_bin(writer->options.store,
				   &(struct spike_bin_row){
					   .socket_id = socket->socket_id,
					   .capture_id = writer->ids.capture_id,
					   .gauge = store_gauge_name(gauge),
					   .threshold = writer_threshold(writer, threshold_index),
					   .duration_from_ns = (int64_t)from_ns,
					   .duration_to_ns = (int64_t)to_ns,
					   .spikes = (int64_t)bin->spikes,
					   .duration_sum_ns = (int64_t)bin->duration_sum_ns,
					   .peak_bytes = bin->peak_bytes,
				   },
				   &writer->failure);
}

static int flush_socket(struct writer *writer, struct tracked_socket *socket)
{
	int error = 0;

	for (unsigned slot = 0; slot < GAUGES * THRESHOLDS_MAX && !error; slot++) {
		unsigned gauge = slot / THRESHOLDS_MAX, index = slot % THRESHOLDS_MAX;
		struct bins *bins = &socket->bins[gauge][index];

		for (unsigned bin = 0; bin < bins->bins && !error; bin++)
			error = flush_bin(writer, socket, gauge, index, &bins->bin[bin]);
	}
	return error;
}

int writer_flush_bins(struct writer *writer)
{
	int error = 0;

	while (writer->changed && !error) {
		struct tracked_socket *socket = writer->changed;

		writer->changed = socket->changed_next;
		socket->bins_changed = false;
		error = flush_socket(writer, socket);
	}
	return error;
}
