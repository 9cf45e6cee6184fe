/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_TRACE_EVENT_H
#define POLLGAP_TRACE_EVENT_H

#include <stdint.h>

/* One change of one gauge of one socket. */
struct trace_event {
	uint64_t time_ns; /* CLOCK_MONOTONIC: when the change was seen */
	uint32_t value_bytes; /* the gauge from then on */
	/*
	 * How long before time_ns it may have happened; with SLACK_AFTER, how long after. 0, nearly
	 * always: less than SLACK_TOLD_NS, bpf/record.h.
	 */
	uint32_t slack_ns;
	uint8_t gauge; /* enum gauge */
};

#endif
