/* SPDX-License-Identifier: BSD-2-Clause */
#include "source/iter_tcp.h"

#include "base/cleanup.h"
#include "base/failure.h"
#include "bpf/polled_row.h"
#include "poll.skel.h"
#include "poll_portable.skel.h"
#include "source/netns.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As much as the kernel's buffer of a walk holds: bpf_seq_read(), v6.18. */
enum { READ_BYTES = 32768 };

struct iter_tcp {
	struct source source;
	struct poll *skeleton; /* NULL: this kernel takes only the other one */
	struct poll_portable *portable;
	struct bpf_link *link;
	struct port_filter filter;
	int netns_fd;
	uint64_t netns_inode;
	pthread_t reader; /* the last one, which is in that namespace */
	bool read_before;
	uint64_t cut;
	_Alignas(struct polled_row) uint8_t buffer[READ_BYTES];
};

static struct sample sample_of(const struct polled_row *row)
{
	struct sample sample = {
		.read_start_ns = row->start_ns,
		.read_end_ns = row->end_ns,
		.inode = row->inode,
		.cookie = row->cookie,
		.rx_queue_bytes = row->rx_queue_bytes,
		.tx_queue_bytes = row->tx_queue_bytes,
		.rmem_bytes = row->rmem_bytes,
		.backlog_bytes = row->backlog_bytes,
		.family = row->family,
		.local_port = row->local_port,
		.remote_port = row->remote_port,
		.state = row->state,
		.has_rmem = row->full,
	};

	memcpy(sample.local_address, row->local_address, sizeof(sample.local_address));
	memcpy(sample.remote_address, row->remote_address, sizeof(sample.remote_address));
	return sample;
}

static int rows_take(struct iter_tcp *iter, size_t bytes, const struct sink *sink,
		     struct turn *turn)
{
	size_t rows = bytes / sizeof(struct polled_row);
	int error = 0;

	iter->cut += bytes % sizeof(struct polled_row) != 0;
	for (size_t index = 0; index < rows && !error; index++) {
		const struct polled_row *row = (const struct polled_row *)iter->buffer + index;
		struct sample sample = sample_of(row);

		turn->rows_read++;
		if (port_filter_keeps(&iter->filter, &sample))
			error = sink->take(sink->context, OBSERVE_SAMPLE, &sample, sizeof(sample));
	}
	return error;
}

/* A walk is of the namespace of the thread that begins it. */
static int reader_enter(struct iter_tcp *iter, struct failure *failure)
{
	int error = 0;

	if (iter->read_before && pthread_equal(iter->reader, pthread_self()))
		return 0;
	if (netns_inode() != iter->netns_inode)
		error = netns_enter(iter->netns_fd, failure);
	if (error)
		return error;
	iter->reader = pthread_self();
	iter->read_before = true;
	return 0;
}

static int iter_tcp_read(struct source *source, const struct sink *sink, struct turn *ret_turn,
			 struct failure *failure)
{
	struct iter_tcp *iter = (struct iter_tcp *)source;
	_cleanup_(closep) int fd = -1;
	ssize_t bytes;
	int error;

	*ret_turn = (struct turn){ 0 };
	error = reader_enter(iter, failure);
	if (error)
		return error;
	fd = bpf_iter_create(bpf_link__fd(iter->link));
	if (fd < 0)
		return failure_set(failure, errno, "a walk over the sockets can't begin: %s",
				   strerror(errno));
	do {
		bytes = read(fd, iter->buffer, sizeof(iter->buffer));
		if (bytes > 0)
			error = rows_take(iter, (size_t)bytes, sink, ret_turn);
	} while (!error && (bytes > 0 || (bytes < 0 && (errno == EAGAIN || errno == EINTR))));
	if (!error && bytes < 0)
		return failure_set(failure, errno, "a walk over the sockets failed: %s",
				   strerror(errno));
	return error;
}

static void iter_tcp_close(struct source *source)
{
	struct iter_tcp *iter = (struct iter_tcp *)source;

	bpf_link__destroy(iter->link);
	poll__destroy(iter->skeleton);
	poll_portable__destroy(iter->portable);
	closep(&iter->netns_fd);
	free(iter);
}

static const struct source_ops iter_tcp_ops = {
	.name = "iter",
	.read = iter_tcp_read,
	.close = iter_tcp_close,
};

static int iter_tcp_load(struct iter_tcp *iter, struct failure *failure)
{
	int error;

	libbpf_set_print(NULL);
	iter->skeleton = poll__open_and_load();
	if (!iter->skeleton)
		iter->portable = poll_portable__open_and_load();
	if (!iter->skeleton && !iter->portable) {
		error = errno;
		if (error == EPERM)
			return failure_set(failure, error, "root is needed: run it with sudo");
		return failure_set(
			failure, error,
			"the kernel refuses a BPF program that walks its sockets: %s; it takes 5.9 or later, with BTF",
			strerror(error));
	}
	iter->link = bpf_program__attach_iter(iter->skeleton ? iter->skeleton->progs.poll_sockets :
							       iter->portable->progs.poll_sockets,
					      NULL);
	if (!iter->link)
		return failure_set(failure, errno,
				   "the kernel refuses a walk over its sockets (iter/tcp): %s",
				   strerror(errno));
	return 0;
}

int iter_tcp_open(const struct port_filter *filter, struct source **ret_source,
		  struct failure *failure)
{
	_cleanup_(source_closep) struct source *source = NULL;
	struct iter_tcp *iter = calloc(1, sizeof(*iter));
	int error;

	if (!iter)
		return failure_set(failure, ENOMEM, "out of memory");
	iter->source.ops = &iter_tcp_ops;
	iter->filter = *filter;
	iter->netns_fd = -1;
	source = &iter->source;
	iter->netns_inode = netns_inode();
	iter->netns_fd = netns_open_own(failure);
	if (iter->netns_fd < 0)
		return iter->netns_fd;
	error = iter_tcp_load(iter, failure);
	if (error)
		return error;
	*ret_source = source;
	source = NULL;
	return 0;
}

uint64_t iter_tcp_cut(const struct source *source)
{
	return ((const struct iter_tcp *)source)->cut;
}
