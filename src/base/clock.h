/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_CLOCK_H
#define POLLGAP_CLOCK_H

#include <stdint.h>

enum {
	NS_PER_US = 1000,
	NS_PER_MS = 1000000,
	NS_PER_S = 1000000000,
};

/* A clock that can come from outside, so that schedules can be tested without waiting. */
struct clock {
	void *context;
	uint64_t (*now_ns)(void *context);
	/* Sleeps until the clock shows wake_ns. Returns 0, or -EINTR where a signal came first. */
	int (*sleep_until_ns)(void *context, uint64_t wake_ns);
};

/* CLOCK_MONOTONIC with clock_nanosleep(TIMER_ABSTIME): the clock of bpf_ktime_get_ns(). */
extern const struct clock clock_monotonic;

uint64_t clock_monotonic_ns(void);

/* Sleeps until CLOCK_MONOTONIC shows wake_ns, whatever signals come. */
void clock_sleep_until_ns(uint64_t wake_ns);

/* CPU time that the calling thread has used: CLOCK_THREAD_CPUTIME_ID. */
uint64_t clock_thread_cpu_ns(void);

/* One instant on both clocks, read as monotonic, UTC, monotonic; the middle of the tightest of
 * several tries. */
struct clock_anchor {
	uint64_t monotonic_ns;
	int64_t utc_ns;
};

struct clock_anchor clock_anchor_read(void);

#endif
