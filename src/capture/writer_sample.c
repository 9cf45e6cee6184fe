/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"
#include "capture/writer_private.h"

#include <arpa/inet.h>
#include <errno.h>

/* include/net/tcp_states.h; what /proc/net/tcp prints in its column st. */
enum {
	STATE_ESTABLISHED = 1,
	STATE_FIN_WAIT1 = 4,
	STATE_FIN_WAIT2 = 5,
	STATE_CLOSE_WAIT = 8,
	STATE_LAST_ACK = 9,
	STATE_LISTEN = 10,
	STATE_CLOSING = 11,
};

/* How much of a poller's samples may wait while the kernel's records are late. */
static const size_t intake_bytes_max = (size_t)256 << 20;

static bool state_has_queues(uint8_t state)
{
	return state == STATE_ESTABLISHED || state == STATE_FIN_WAIT1 || state == STATE_FIN_WAIT2 ||
	       state == STATE_CLOSE_WAIT || state == STATE_LAST_ACK || state == STATE_CLOSING;
}

static int writer_put_poll(struct writer *writer, const struct batch *batch, int64_t poll_id)
{
	const struct poll_row row = {
		.poll_id = poll_id,
		.poller_id = writer->options.runner[batch->runner].poller_id,
		.scheduled_ns = (int64_t)batch->scheduled_ns,
		.start_ns = (int64_t)batch->start_ns,
		.end_ns = (int64_t)batch->end_ns,
		.rows_read = (int64_t)batch->rows_read,
		.cpu_ns = (int64_t)batch->cpu_ns,
		.missed_turns = (int64_t)batch->missed_turns,
	};

	return store_put_poll(writer->options.store, &row, &writer->failure);
}

int writer_take_poll(struct writer *writer, struct batch *batch)
{
	struct intake *intake = &writer->intake[batch->runner];
	int error = 0;

	if (batch->turn) {
		batch->poll_id = writer->ids.poll_id++;
		error = writer_put_poll(writer, batch, batch->poll_id);
	}
	if (intake->waiting_bytes > intake_bytes_max) {
		for (const struct batch_item *item = batch_next(batch, NULL); item;
		     item = batch_next(batch, item))
			writer->lost[LOSS_SAMPLES_WAITING]++;
		batch->used_bytes = 0;
		batch->cut = true;
	}
	intake->waiting_bytes += batch->used_bytes;
	batch->next = NULL;
	*(intake->last ? &intake->last->next : &intake->first) = batch;
	intake->last = batch;
	return error;
}

int writer_take_softnet(struct writer *writer, const struct batch *batch)
{
	int error = 0;

	for (const struct batch_item *item = batch_next(batch, NULL); item && !error;
	     item = batch_next(batch, item)) {
		const struct softnet_reading *reading = (const void *)item->bytes;
		const struct softnet_row row = {
			.capture_id = writer->ids.capture_id,
			.cpu = reading->cpu,
			.time_ns = (int64_t)reading->time_ns,
			.processed = (int64_t)reading->processed,
			.dropped = (int64_t)reading->dropped,
			.time_squeeze = (int64_t)reading->time_squeeze,
			.received_rps = (int64_t)reading->received_rps,
			.flow_limit_count = (int64_t)reading->flow_limit_count,
			.backlog_packets = reading->backlog_packets,
			.input_packets = reading->input_packets,
			.process_packets = reading->process_packets,
		};

		error = store_put_softnet(writer->options.store, &row, &writer->failure);
	}
	return error;
}

/* A listener, or a connection whose records were lost: known from the poller alone. */
static struct tracked_socket *writer_add_polled(struct writer *writer, const struct sample *sample)
{
	struct socket_tuple tuple = socket_tuple_of_sample(sample);
	struct tracked_socket *socket = sockets_add(writer->sockets, &tuple, 0);
	char local[INET6_ADDRSTRLEN], remote[INET6_ADDRSTRLEN];

	if (!socket)
		return NULL;
	socket->socket_id = writer->ids.socket_id++;
	socket->first_ns = sample->read_start_ns;
	socket->inode_known = true;
	socket->inode = sample->inode;
	socket->cookie = sample->cookie;
	socket->listens = sample->state == STATE_LISTEN;
	writer->error = store_put_socket(
		writer->options.store,
		&(struct socket_row){
			.socket_id = socket->socket_id,
			.capture_id = writer->ids.capture_id,
			.inode = (int64_t)sample->inode,
			.netns_inode = writer->options.netns_inode,
			.family = sample->family,
			.local_address = inet_ntop(sample->family, sample->local_address, local,
						   sizeof(local)),
			.local_port = sample->local_port,
			.remote_address = inet_ntop(sample->family, sample->remote_address, remote,
						    sizeof(remote)),
			.remote_port = sample->remote_port,
			.first_ns = (int64_t)sample->read_start_ns,
		},
		&writer->failure);
	return writer->error ? NULL : socket;
}

static int writer_put_sample(struct writer *writer, const struct sample *sample, int64_t poll_id,
			     int64_t socket_id)
{
	bool listens = sample->state == STATE_LISTEN;
	const struct sample_row row = {
		.poll_id = poll_id,
		.socket_id = socket_id,
		.read_start_ns = (int64_t)sample->read_start_ns,
		.read_end_ns = (int64_t)sample->read_end_ns,
		.rx_queue_bytes = listens ? -1 : (int64_t)sample->rx_queue_bytes,
		.tx_queue_bytes = listens ? -1 : (int64_t)sample->tx_queue_bytes,
		.accept_queue_connections = listens ? (int64_t)sample->rx_queue_bytes : -1,
		.rmem_bytes = sample->has_rmem && !listens ? (int64_t)sample->rmem_bytes : -1,
		.backlog_bytes = sample->has_rmem && !listens ? (int64_t)sample->backlog_bytes : -1,
		.state = sample->state,
	};

	atomic_fetch_add(&writer->samples, 1);
	return store_put_sample(writer->options.store, &row, &writer->failure);
}

static int writer_judge_sample(struct writer *writer, const struct tracked_socket *socket,
			       unsigned poller, const struct sample *sample)
{
	const struct judge_sample judged = {
		.read_start_ns = sample->read_start_ns,
		.read_end_ns = sample->read_end_ns,
		.value_bytes = { [GAUGE_RX_QUEUE] = sample->rx_queue_bytes,
				 [GAUGE_TX_QUEUE] = sample->tx_queue_bytes,
				 [GAUGE_RMEM] = sample->rmem_bytes },
	};

	return judge_sample(writer->judge, socket->judged, poller, &judged);
}

/* Whether the scan that showed this socket has shown it before. */
static void intake_count_repeat(struct intake *intake, struct tracked_socket *socket,
				unsigned poller)
{
	uint64_t scan = (uint64_t)intake->first->poll_id;

	if (socket->polled[poller] == scan)
		intake->rows_repeated++;
	socket->polled[poller] = scan;
}

struct scan {
	const struct batch *batch;
	unsigned poller;
	uint64_t rows_skipped;
};

/* A socket that lived all through the scan must be in it. */
static int scan_check(void *context, const struct tracked_socket *socket)
{
	struct scan *scan = context;

	if (socket->judged && socket->first_ns < scan->batch->start_ns &&
	    socket->last_ns > scan->batch->end_ns &&
	    socket->polled[scan->poller] != (uint64_t)scan->batch->poll_id)
		scan->rows_skipped++;
	return 0;
}

/* Every sample of this poll is taken. */
static int writer_end_poll(struct writer *writer, struct intake *intake, unsigned poller)
{
	struct scan scan = { .batch = intake->first, .poller = poller };

	if (!scan.batch->turn || scan.batch->cut)
		return 0;
	sockets_each(writer->sockets, scan_check, &scan);
	return store_put_poll_rows(writer->options.store, scan.batch->poll_id,
				   (int64_t)scan.rows_skipped, (int64_t)intake->rows_repeated,
				   &writer->failure);
}

/* TIME_WAIT and connections that are still being made have no queues: their rows are counted in
 * poll.rows_read only. */
static int writer_take_sample(struct writer *writer, unsigned poller, const struct sample *sample,
			      struct intake *intake)
{
	struct tracked_socket *socket;
	int error = 0;

	if (!state_has_queues(sample->state) && sample->state != STATE_LISTEN)
		return 0;
	socket = sockets_by_sample(writer->sockets, sample);
	if (!socket) {
		socket = writer_add_polled(writer, sample);
		if (!socket)
			return writer->error ? writer->error : -ENOMEM;
	}
	/* With --pid the kernel side leaves out what others read and write. At its end pollers may
	 * read on for a moment. */
	if (!socket->judged && sample->state != STATE_LISTEN && !writer->owned &&
	    sample->read_end_ns <= writer->kernel_stop_ns)
		writer->lost[LOSS_UNSEEN_SOCKET]++;
	if (!socket->inode_known && sample->inode) {
		socket->inode_known = true;
		socket->inode = sample->inode;
		error = store_put_owner(writer->options.store, socket->socket_id,
					(int64_t)sample->inode, 0, NULL, &writer->failure);
	}
	intake_count_repeat(intake, socket, poller);
	if (!error)
		error = writer_put_sample(writer, sample, intake->first->poll_id,
					  socket->socket_id);
	if (!error && socket->judged && state_has_queues(sample->state))
		error = writer_judge_sample(writer, socket, poller, sample);
	return error;
}

/* The poller's next sample that waits, or none. Batches that are done with are freed, and their
 * promise taken. */
static int intake_next(struct writer *writer, struct intake *intake, unsigned poller,
		       const struct sample **ret_sample)
{
	*ret_sample = NULL;
	while (intake->first) {
		struct batch *batch = intake->first;
		int error;

		if (!intake->begun) {
			intake->item = batch_next(batch, NULL);
			intake->begun = true;
		}
		if (intake->item) {
			*ret_sample = (const void *)intake->item->bytes;
			return 0;
		}
		/* Which sockets died during the scan is known once the kernel's records have
		 * passed it. */
		if (batch->turn && batch->end_ns > writer->kernel_passed_ns)
			return 0;
		error = writer_end_poll(writer, intake, poller);
		if (error)
			return error;
		intake->rows_repeated = 0;
		if (batch->passed_ns > intake->passed_ns)
			intake->passed_ns = batch->passed_ns;
		intake->waiting_bytes -= batch->used_bytes;
		intake->first = batch->next;
		if (!intake->first)
			intake->last = NULL;
		intake->begun = false;
		batch_freep(&batch);
	}
	return 0;
}

static int intake_take(struct writer *writer, struct intake *intake, unsigned poller)
{
	const struct sample *sample;
	int error;

	for (;;) {
		error = intake_next(writer, intake, poller, &sample);
		if (error || !sample || sample->read_end_ns > writer->kernel_passed_ns)
			return error;
		error = writer_take_sample(writer, poller, sample, intake);
		if (error)
			return error;
		intake->item = batch_next(intake->first, intake->item);
	}
}

int writer_take_samples(struct writer *writer)
{
	unsigned poller = 0;
	int error = 0;

	for (unsigned index = 0; index < writer->options.runners && !error; index++) {
		if (writer->options.runner[index].kind == RUNNER_POLLER)
			error = intake_take(writer, &writer->intake[index], poller++);
	}
	return error;
}

uint64_t writer_samples_passed_ns(const struct writer *writer)
{
	uint64_t passed_ns = writer->kernel_passed_ns;

	for (unsigned index = 0; index < writer->options.runners; index++) {
		const struct intake *intake = &writer->intake[index];
		uint64_t poller_ns = intake->passed_ns;

		if (writer->options.runner[index].kind != RUNNER_POLLER)
			continue;
		if (intake->first && intake->item)
			poller_ns = ((const struct sample *)(const void *)intake->item->bytes)
					    ->read_start_ns;
		if (poller_ns < passed_ns)
			passed_ns = poller_ns;
	}
	return passed_ns;
}
