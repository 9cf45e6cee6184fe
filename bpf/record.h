/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_RECORD_H
#define POLLGAP_RECORD_H

/*
 * What the kernel side tells user space, and how user space configures it. The only header that
 * both sides include.
 *
 * Fixed widths, explicit padding, a size asserted for each record: the BPF object and the program
 * are compiled by different compilers. Every time is on CLOCK_MONOTONIC in nanoseconds.
 */
#ifndef __bpf__
#include <linux/types.h>
#endif

enum {
	THRESHOLDS_MAX = 8,
	PORTS_MAX = 16,
	COMM_BYTES = 16,
	ADDRESS_BYTES = 16,
	BACKLOG_THRESHOLDS_MAX = 4,
	RECORD_EVENTS_MAX = 16, /* in one record */
	SLACK_TOLD_NS = 2000,
};

#define SLACK_AFTER (1U << 31)

/* The gauges of one socket, in the order in which the kernel keeps them. */
enum gauge {
	GAUGE_RX_QUEUE, /* rcv_nxt - copied_seq, clamped at 0: get_tcp4_sock(), v6.18 */
	GAUGE_TX_QUEUE, /* write_seq - snd_una: get_tcp4_sock(), v6.18 */
	GAUGE_RMEM, /* sk_rmem_alloc: truesize, out-of-order packets included */
	GAUGES,
};

enum record_type {
	RECORD_SOCKET = 1, /* struct record_socket: a socket's state was created */
	RECORD_OWNER, /* struct record_owner: the process that was last seen to read or write */
	RECORD_SPIKE, /* struct record_spike: a spike has ended, or the capture or the socket has */
	RECORD_SUMMARY, /* struct record_summary: a summary period has ended, or a stretch of idle
			   ones */
	RECORD_DEATH, /* struct record_death: the socket is gone; nothing more comes from it */
	RECORD_ACCEPT, /* struct record_accept: a listener's accept queue has changed */
	RECORD_BACKLOG, /* struct record_backlog: a spike of a CPU's backlog has ended */
	RECORD_SQUEEZE, /* struct record_squeeze: a CPU's round of receiving was cut short */
	RECORD_OPENING, /* struct record_opening: a spike has begun, told for thresholds in per cent
			   only */
	RECORD_BLOG, /* struct record_blog: the blog's gauge over a summary period, on request */
	RECORD_EVENTS, /* struct record_events: changes of one socket's gauges, of a traced capture */
	RECORD_BACKLOG_EVENTS, /* struct record_events: changes of one CPU's backlog, of a traced
				  capture */
	RECORD_DROP, /* struct record_drop: a CPU's backlog was full for a while */
	RECORD_TYPES,
};

enum record_flag {
	RECORD_LEFT_CENSORED = 1, /* the spike was open when the socket was first seen */
	RECORD_RIGHT_CENSORED = 2, /* the spike was still open when the capture ended */
	RECORD_IDLE =
		4, /* the summary stands for every period in [start, end): one unchanging value */
	RECORD_OLDER = 8, /* the socket is older than the capture */
	RECORD_LISTENER = 16, /* the socket listens: it has an accept queue and no others */
};

struct record_header {
	__u8 type; /* enum record_type */
	__u8 gauge; /* enum gauge, where it applies */
	__u8 threshold_index; /* into config.thresholds_value, where it applies */
	__u8 flags; /* enum record_flag */
	__u32 socket_number; /* counts from 1 within a capture */
};

struct record_socket {
	struct record_header header;
	__u64 time_ns; /* birth, or the capture's start for a socket that is older */
	__u64 cookie; /* bpf_get_socket_cookie() */
	__u64 inode; /* 0 before accept(2) and after close(2) */
	__u32 netns_inode;
	__u16 family; /* AF_INET or AF_INET6; IPv4 carried by an IPv6 socket is AF_INET6 */
	__u16 local_port; /* host order, as is the remote port */
	__u16 remote_port;
	__u16 padding[3];
	__u8 local_address[ADDRESS_BYTES]; /* network order, as in the packet; IPv4 in the first 4
					      bytes */
	__u8 remote_address[ADDRESS_BYTES];
};

struct record_owner {
	struct record_header header;
	__u64 inode;
	__u32 pid;
	__u32 padding;
	char comm[COMM_BYTES];
};

struct record_spike {
	struct record_header header;
	__u64 start_ns;
	__u64 end_ns;
	__u64 peak_ns;
	__u64 area_byte_us; /* integral of the gauge over the spike, truncated to byte-microseconds */
	__u32 peak_bytes;
	__u32 limit_bytes; /* sk_rcvbuf (rx_queue, rmem) or sk_sndbuf (tx_queue) at the peak */
	__u32 events; /* changes of the gauge within the spike, the opening one included */
	__u32 threshold_bytes; /* as it was when the spike began */
};

struct record_opening {
	struct record_header header;
	__u64 start_ns;
	__u32 threshold_bytes;
	__u32 padding;
};

struct record_summary {
	struct record_header header;
	__u64 start_ns;
	__u64 end_ns;
	__u64 peak_ns;
	__u64 area_byte_ns; /* integral of the gauge over [start, end); of an idle stretch: 0, the
			       mean is the peak */
	__u32 peak_bytes;
	__u32 events; /* changes of the gauge */
};

/*
 * The gauge of a post of 2017, taken before each packet is queued: sk_rmem_alloc + skb->data_len,
 * with what stood in the queue in truth at the same instants.
 */
struct record_blog {
	struct record_header header;
	__u64 start_ns;
	__u64 end_ns;
	__u64 total_bytes; /* summed over the packets, as are the next two */
	__u64 rx_total_bytes;
	__u64 rmem_total_bytes;
	__u32 peak_bytes;
	__u32 kept_bytes; /* the peak as the post's program kept it: compared by sk_rmem_alloc */
	__u32 packets;
	__u32 padding;
};

/* One change of one gauge; the first of each, of a socket that had a queue when it was first seen,
 * is no change but its value then. */
struct traced_event {
	__u64 time_gauge; /* time_ns << 2 | enum gauge */
	__u32 value_bytes;
	/*
	 * How long before that time it may have happened, as the hooks around it tell; with
	 * SLACK_AFTER, how long after. 0: less than SLACK_TOLD_NS.
	 */
	__u32 slack_ns;
};

struct record_events {
	struct record_header header;
	__u32 events;
	__u32 cpu; /* of a CPU's backlog, counted in packets as gauge 0 */
	struct traced_event event[RECORD_EVENTS_MAX];
};

struct record_death {
	struct record_header header;
	__u64 time_ns;
};

struct record_accept {
	struct record_header header;
	__u64 time_ns;
	__u32 connections; /* that wait to be accepted: sk_ack_backlog */
	__u32 limit_connections; /* sk_max_ack_backlog; the queue may exceed it by one */
};

struct record_backlog {
	struct record_header header; /* socket_number: 0 */
	__u64 start_ns;
	__u64 end_ns;
	__u64 peak_ns;
	__u32 cpu;
	__u32 peak_packets;
};

enum squeeze_cause {
	SQUEEZE_BUDGET = 1, /* net.core.netdev_budget packets were done */
	SQUEEZE_TIME, /* net.core.netdev_budget_usecs were over */
};

struct record_squeeze {
	struct record_header header;
	__u64 time_ns;
	__u32 cpu;
	__u32 cause; /* enum squeeze_cause */
};

struct record_drop {
	struct record_header header;
	__u64 start_ns; /* the first packet that was dropped, */
	__u64 end_ns; /* the last one before a packet was queued again */
	__u32 cpu;
	__u32 packets;
};

struct backlog_spike_state {
	__u64 start_ns;
	__u64 peak_ns;
	__u32 peak_packets;
	__u32 flags; /* RECORD_LEFT_CENSORED */
};

/* What is kept of one CPU's backlog. User space reads it when the capture ends: what is open then
 * is cut there. */
struct backlog_state {
	__u64 softnet; /* address of this CPU's softnet_data, 0: not known yet */
	__u64 drop_start_ns;
	__u64 drop_end_ns;
	__u32 drop_packets; /* of the run of drops that goes on */
	__u32 squeezes; /* time_squeeze as last seen */
	__u32 work_packets; /* of the running round */
	__u32 packets; /* the backlog as last seen */
	__u32 level; /* how many spikes are open */
	__u16 events; /* that wait to be told, of a traced capture */
	__u16 begun; /* since the capture's start a change has been seen */
	struct backlog_spike_state spike[BACKLOG_THRESHOLDS_MAX];
	struct traced_event event[RECORD_EVENTS_MAX];
};

_Static_assert(sizeof(struct record_header) == 8, "record_header has holes");
_Static_assert(sizeof(struct record_socket) == 80, "record_socket has holes");
_Static_assert(sizeof(struct record_owner) == 40, "record_owner has holes");
_Static_assert(sizeof(struct record_spike) == 56, "record_spike has holes");
_Static_assert(sizeof(struct record_opening) == 24, "record_opening has holes");
_Static_assert(sizeof(struct record_summary) == 48, "record_summary has holes");
_Static_assert(sizeof(struct record_blog) == 64, "record_blog has holes");
_Static_assert(sizeof(struct record_events) == 16 + 16 * RECORD_EVENTS_MAX,
	       "record_events has holes");
_Static_assert(sizeof(struct record_death) == 16, "record_death has holes");
_Static_assert(sizeof(struct record_accept) == 24, "record_accept has holes");
_Static_assert(sizeof(struct record_backlog) == 40, "record_backlog has holes");
_Static_assert(sizeof(struct record_squeeze) == 24, "record_squeeze has holes");
_Static_assert(sizeof(struct record_drop) == 32, "record_drop has holes");
_Static_assert(sizeof(struct backlog_state) ==
		       48 + 24 * BACKLOG_THRESHOLDS_MAX + 16 * RECORD_EVENTS_MAX,
	       "backlog_state has holes");

#endif
