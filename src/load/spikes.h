/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_SPIKES_H
#define POLLGAP_SPIKES_H

#include <stdint.h>

struct failure;

enum { SPIKE_VALUES_MAX = 32 };

/* Values given one by one, or a range from which they are drawn. */
struct spike_values {
	uint64_t value[SPIKE_VALUES_MAX];
	unsigned values; /* 0: drawn, log-uniform, from [low, high] */
	uint64_t low;
	uint64_t high;
};

enum spike_family { SPIKE_IPV4, SPIKE_IPV6, SPIKE_MAPPED };

struct spike_options {
	struct spike_values bytes;
	struct spike_values pause_ns;
	uint64_t every_ns; /* a block begins at each multiple of it after the first; 0: at once
			      after the one before */
	uint64_t count; /* how many times each pair of given values; of drawn ones: how many */
	uint64_t seed;
	enum spike_family family; /* SPIKE_MAPPED: IPv4 carried by an IPv6 socket */
	uint16_t port; /* the receiver's, 0: a free one */
};

/* One block that was sent, stood in the receive queue, and was read. Times are on CLOCK_MONOTONIC. */
struct spike_report {
	uint64_t sequence;
	uint64_t bytes;
	uint64_t pause_ns; /* as asked for */
	uint16_t local_port; /* of the receiver's end */
	uint16_t remote_port;
	uint64_t send_start_ns; /* before the first byte could be queued */
	uint64_t send_end_ns;
	uint64_t arrived_ns; /* the receiver has found all bytes in its queue: SIOCINQ */
	uint64_t read_start_ns; /* before the first byte was taken */
	uint64_t read_end_ns; /* the queue is empty again */
};

/*
 * Both ends over the loopback device, in one thread: sends a block, waits until it has arrived,
 * pauses, reads it, and so on. With every_ns a block that is not done in time lets beginnings go
 * by, and the next one keeps to the grid. So from arrived_ns to read_start_ns the receive queue
 * held exactly bytes, before send_start_ns and after read_end_ns nothing. Reports in turn; each()
 * returns 0 or -errno, which ends it. A block that the socket's buffers can't take is -ENOBUFS.
 */
int load_spikes(const struct spike_options *options,
		int (*each)(void *context, const struct spike_report *report), void *context,
		struct failure *failure);

#endif
