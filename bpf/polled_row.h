/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_POLLED_ROW_H
#define POLLGAP_POLLED_ROW_H

#include <linux/types.h>

/* What the program of an `iter` poller writes of one socket. */
struct polled_row {
	__u64 start_ns; /* CLOCK_MONOTONIC, before and after the socket was read */
	__u64 end_ns;
	__u64 inode; /* 0: no process holds it */
	__u64 cookie; /* 0: nobody has asked the kernel for one */
	__u32 rx_queue_bytes; /* of a listener: connections */
	__u32 tx_queue_bytes;
	__u32 rmem_bytes;
	__u32 backlog_bytes;
	__u16 family;
	__u16 local_port; /* host order */
	__u16 remote_port;
	__u8 state; /* as /proc/net/tcp prints it */
	__u8 full; /* 0: TIME_WAIT and SYN_RECV, which have no queues */
	__u8 local_address[16]; /* network order; IPv4 in the first 4 bytes, the rest 0 */
	__u8 remote_address[16];
};

_Static_assert(sizeof(struct polled_row) == 88, "polled_row has holes");

#endif
