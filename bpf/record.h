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
};

/* The gauges of one socket, in the order in which the kernel keeps them. */
enum gauge {
	GAUGE_RX_QUEUE, /* rcv_nxt - copied_seq, clamped at 0: get_tcp4_sock(), v6.18 */
	GAUGE_TX_QUEUE, /* write_seq - snd_una: get_tcp4_sock(), v6.18 */
	GAUGE_RMEM, /* sk_rmem_alloc: truesize, out-of-order packets included */
	GAUGES,
};

enum record_type {
	RECORD_SOCKET = 1, /* struct record_socket: a socket's state was created */
	RECORD_OWNER, /* struct record_owner: the process that was first seen to read or write */
	RECORD_SPIKE, /* struct record_spike: a spike has ended, or the capture or the socket has */
	RECORD_SUMMARY, /* struct record_summary: a summary period has ended, or a stretch of idle
			   ones */
	RECORD_DEATH, /* struct record_death: the socket is gone; nothing more comes from it */
};

enum record_flag {
	RECORD_LEFT_CENSORED = 1, /* the spike was open when the socket was first seen */
	RECORD_RIGHT_CENSORED = 2, /* the spike was still open when the capture ended */
	RECORD_IDLE =
		4, /* the summary stands for every period in [start, end): one unchanging value */
	RECORD_OLDER = 8, /* the socket is older than the capture */
};

struct record_header {
	__u8 type; /* enum record_type */
	__u8 gauge; /* enum gauge, where it applies */
	__u8 threshold_index; /* into config.threshold_bytes, where it applies */
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

struct record_death {
	struct record_header header;
	__u64 time_ns;
};

_Static_assert(sizeof(struct record_header) == 8, "record_header has holes");
_Static_assert(sizeof(struct record_socket) == 80, "record_socket has holes");
_Static_assert(sizeof(struct record_owner) == 40, "record_owner has holes");
_Static_assert(sizeof(struct record_spike) == 56, "record_spike has holes");
_Static_assert(sizeof(struct record_summary) == 48, "record_summary has holes");
_Static_assert(sizeof(struct record_death) == 16, "record_death has holes");

#endif
