/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_CONFIG_H
#define POLLGAP_CONFIG_H

#include "record.h"

/* Set by user space before the object is loaded. */
const volatile __u32 thresholds_value[THRESHOLDS_MAX]; /* ascending: bytes, or per cent */
const volatile __u32 thresholds;
const volatile __u32 thresholds_in_percent; /* of sk_rcvbuf or sk_sndbuf */
const volatile __u16 filter_port[PORTS_MAX]; /* host order, local or remote */
const volatile __u32 filter_ports; /* 0: every port */
const volatile __u32
	filter_netns_inode; /* pollers see one network namespace only, and so does the probe */
const volatile __u32 filter_pid; /* the process that reads or writes; 0: any */
const volatile __u32 trace_wanted; /* RECORD_EVENTS: 0 or 1 */
const volatile __u32 closing_watched; /* by the hook for connections that are being closed: 0 or 1 */
const volatile __u32 blog_wanted; /* RECORD_BLOG: 0 or 1 */
const volatile __u32 accept_threshold; /* the lowest, in connections; 0: not measured */
const volatile __u32 backlog_threshold_packets[BACKLOG_THRESHOLDS_MAX]; /* ascending */
const volatile __u32 backlog_thresholds;
const volatile __u64 summary_period_ns;

enum walk_task {
	WALK_BEGIN, /* give every open socket its state */
	WALK_END, /* collect what is still open */
};

/* Set by user space while the programs run. Nothing is measured before start_ns is set, and nothing
 * at or after stop_ns, but for what is held against counters that are read after it: backlog.h. */
volatile __u64 start_ns;
volatile __u64 stop_ns;
/* A tick of the kernel (jiffies) and its time, for ticks that turn out to be needed: tick_ns(). */
volatile __u64 known_tick;
volatile __u64 known_tick_ns;
volatile __u32 walk_task;
volatile __u32 walk_runs; /* the one at the beginning */
volatile __u32 netdev_budget_packets; /* net.core.netdev_budget */
volatile __u32 backlogs_collected; /* by user space: what is open at the end is told */

/* Read by user space at the end. */
__u64 lost_records[RECORD_TYPES]; /* ring buffer full, by enum record_type */
__u64 lost_states; /* events of sockets for which no socket storage was to be had */
__u64 unseen_packets; /* times that a socket had begun, or its queues had moved, by packets that no
			  hook had seen */
__u64 lost_listeners; /* accept queues that could not be followed: the table was full */
__u64 mptcp_sockets; /* MPTCP moves what its connections hold with no hook behind it */
__u32 sockets_numbered;

#endif
