/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_SOURCE_H
#define POLLGAP_SOURCE_H

#include <stddef.h>
#include <stdint.h>

struct failure;

/*
 * One thing that is observed: the kernel's probe, a poller, the softnet counters. A source is a
 * descriptor and a few functions; it knows neither the other sources nor where its observations go.
 * Each is read in turns by a thread of its own, on a schedule, and hands over what it saw through a
 * sink.
 */

enum observation {
	OBSERVE_SAMPLE, /* struct sample */
	OBSERVE_SOFTNET, /* struct softnet_reading */
	OBSERVE_RECORD, /* struct record_…, bpf/record.h */
};

/* One socket's row in one poll. */
struct sample {
	/* The window of the system call in which the kernel read the socket, on CLOCK_MONOTONIC. */
	uint64_t read_start_ns;
	uint64_t read_end_ns;
	uint64_t inode; /* 0: not accepted yet, or already closed by its process */
	uint64_t cookie; /* as SO_COOKIE says it; 0: unknown, /proc/net/tcp has none */
	uint32_t rx_queue_bytes; /* of a listener (state 10): connections, not bytes:
				    get_tcp4_sock(), v6.18 */
	uint32_t tx_queue_bytes;
	uint32_t rmem_bytes; /* sk_rmem_alloc: memory, not payload; 0 without has_rmem */
	uint32_t backlog_bytes; /* sk_backlog.len: likewise */
	uint16_t family; /* AF_INET from tcp, AF_INET6 from tcp6 */
	uint16_t local_port; /* host order */
	uint16_t remote_port;
	uint8_t state; /* 1 ESTABLISHED … 10 LISTEN, 3 SYN_RECV, 6 TIME_WAIT: sample_state() */
	uint8_t has_rmem; /* 1: the source shows memory, and has it of this row */
	uint8_t local_address[16]; /* network order; IPv4 in the first 4 bytes, the rest 0 */
	uint8_t remote_address[16];
};

/*
 * The kernel replaces a closed socket by a small remnant, which keeps its tuple and nothing of its
 * queues. Its row may say FIN_WAIT2 (tcp_time_wait(), v6.18); what tells it from a socket in
 * that state is its timer. A sample of it is of state TIME_WAIT.
 */
enum {
	SAMPLE_FIN_WAIT2 = 5,
	SAMPLE_TIME_WAIT = 6,
	SAMPLE_TIMER_REMNANT = 3, /* get_timewait4_sock(), inet_twsk_diag_fill(), v6.18 */
};

static inline uint8_t sample_state(uint8_t state, uint32_t timer)
{
	return state == SAMPLE_FIN_WAIT2 && timer == SAMPLE_TIMER_REMNANT ? SAMPLE_TIME_WAIT :
									    state;
}

_Static_assert(sizeof(struct sample) == 88, "a sample has no padding: it is compared as bytes");

/* One CPU's line of /proc/net/softnet_stat. Counters are unwrapped: 64 bits, counted on from the
 * first reading's value. */
struct softnet_reading {
	uint64_t time_ns;
	uint32_t cpu;
	uint64_t processed;
	uint64_t dropped;
	uint64_t time_squeeze;
	uint64_t received_rps;
	uint64_t flow_limit_count;
	int64_t backlog_packets; /* -1 where the kernel has no such column (before 5.10) */
	int64_t input_packets; /* column 14, -1 before 6.4 */
	int64_t process_packets; /* column 15, -1 before 6.4 */
};

/* Where a source's observations go. take() copies what it needs; it returns 0 or -errno, which ends
 * the turn. */
struct sink {
	void *context;
	int (*take)(void *context, enum observation kind, const void *item, size_t item_bytes);
};

/* What one turn did. */
struct turn {
	uint64_t rows_read; /* rows the kernel printed (a poll), lines (softnet), records (the
			       probe) */
	/* Nothing older than this comes in a later turn: the probe's promise. 0: no promise beyond
	 * the turn's start. */
	uint64_t passed_ns;
};

struct source;

struct source_ops {
	const char *name; /* "proc", "sock_diag", "softnet", "probe" */
	int (*read)(struct source *source, const struct sink *sink, struct turn *ret_turn,
		    struct failure *failure);
	void (*close)(struct source *source);
};

/* The first member of every source's own struct. */
struct source {
	const struct source_ops *ops;
};

/* One turn. Returns 0 or -errno. ret_turn is written also on failure, with what was done until
 * then. */
static inline int source_read(struct source *source, const struct sink *sink, struct turn *ret_turn,
			      struct failure *failure)
{
	return source->ops->read(source, sink, ret_turn, failure);
}

/* A turn whose observations nobody wants. */
int source_scan(struct source *source, struct failure *failure);

/* What a scan of a poller takes here and now, the median of seven: no period of it can be shorter. */
int source_scan_time(struct source *source, uint64_t *ret_median_ns, struct failure *failure);

static inline void source_closep(struct source **source)
{
	if (*source)
		(*source)->ops->close(*source);
	*source = NULL;
}

#endif
