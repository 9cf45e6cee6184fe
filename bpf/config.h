/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_CONFIG_H
#define POLLGAP_CONFIG_H

#include "record.h"

/* Set by user space before the object is loaded. */
const volatile __u32 threshold_bytes[THRESHOLDS_MAX]; /* ascending */
const volatile __u32 thresholds;
const volatile __u16 filter_port[PORTS_MAX]; /* host order, local or remote */
const volatile __u32 filter_ports; /* 0: every port */
const volatile __u32
	filter_netns_inode; /* pollers see one network namespace only, and so does the probe */
const volatile __u64 summary_period_ns;

enum walk_task {
	WALK_BEGIN, /* give every open socket its state */
	WALK_END, /* collect what is still open */
};

/* Set by user space while the programs run. Nothing is measured before start_ns is set, and nothing
 * at or after stop_ns. */
volatile __u64 start_ns;
volatile __u64 stop_ns;
volatile __u32 walk_task;

/* Read by user space at the end. */
__u64 lost_records[RECORD_DEATH + 1]; /* ring buffer full, by enum record_type */
__u64 lost_states; /* events of sockets for which no socket storage was to be had */
__u32 sockets_numbered;

#endif
