/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_SHARED_H
#define POLLGAP_SHARED_H

/*
 * What user space and the programs have in common besides records. Structures, so that they lie
 * alike in each BPF object: a compiler places variables of their own as it likes.
 */
#include "record.h"

/* Set by user space before the object is loaded. */
struct probe_config {
	__u32 thresholds_value[THRESHOLDS_MAX]; /* ascending: bytes, or per cent */
	__u32 thresholds;
	__u32 thresholds_in_percent; /* of sk_rcvbuf or sk_sndbuf */
	__u16 filter_port[PORTS_MAX]; /* host order, local or remote */
	__u32 filter_ports; /* 0: every port */
	__u32 filter_netns_inode; /* pollers see one network namespace only, and so does the probe */
	__u32 filter_pid; /* the process that reads or writes; 0: any */
	__u32 trace_wanted; /* RECORD_EVENTS: 0 or 1 */
	__u32 blog_wanted; /* RECORD_BLOG: 0 or 1 */
	__u32 accept_threshold; /* the lowest, in connections; 0: not measured */
	__u32 backlog_threshold_packets[BACKLOG_THRESHOLDS_MAX]; /* ascending */
	__u32 backlog_thresholds;
	__u32 possible_cpus;
	__u32 preemptible; /* a program may lose its processor halfway: hooks.h. 0 or 1 */
	__u64 summary_period_ns;
};

enum walk_task {
	WALK_BEGIN, /* give every open socket its state */
	WALK_END, /* collect what is still open */
};

struct probe_shared {
	/* Set by user space while the programs run. Nothing is measured before start_ns is set, and
	 * nothing at or after stop_ns, but for what is held against counters that are read after
	 * it: backlog.h. */
	__u64 start_ns;
	__u64 stop_ns;
	/* A tick of the kernel (jiffies) and its time, for ticks that turn out to be needed:
	 * tick_ns(). */
	__u64 known_tick;
	__u64 known_tick_ns;
	__u32 walk_task;
	__u32 walk_runs; /* the one at the beginning */
	__u32 netdev_budget_packets; /* net.core.netdev_budget */
	__u32 backlogs_collected; /* by user space: what is open at the end is told */
	__u32 closing_watched; /* a hook sees packets of connections that are being closed: 0 or 1 */
	__u32 padding;

	/* Read by user space at the end. */
	__u64 lost_records[RECORD_TYPES]; /* ring buffer full, by enum record_type */
	__u64 lost_states; /* events of sockets for which no storage was to be had */
	__u64 unseen_packets; /* times that a socket had begun, or its queues had moved, by packets
				 that no hook had seen */
	__u64 lost_listeners; /* accept queues that could not be followed: the table was full */
	__u64 mptcp_sockets; /* MPTCP moves what its connections hold with no hook behind it */
	__u64 cookieless_sockets; /* no poller's row can be told by it, and views take them for a
				     poller's alone */
	__u32 sockets_numbered;
	__u32 end_padding;
};

#endif
