/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_SCHEDULE_H
#define POLLGAP_SCHEDULE_H

#include <stdint.h>

struct clock;

/*
 * An absolute schedule: turn k is due at first_ns + k * period_ns, whatever the turns before it
 * took.
 */
struct schedule {
	uint64_t period_ns; /* above 0 */
	uint64_t next_ns; /* when the next turn is due */
};

void schedule_start(struct schedule *schedule, uint64_t first_ns, uint64_t period_ns);

/*
 * Sleeps until the next turn is due. Where one or more whole turns have already gone by, the latest
 * one that is due runs now and those before it are missed: they are counted, and the turns after
 * keep their times. Returns 0, or -EINTR where a signal ended the sleep (the turn is then still
 * due).
 */
int schedule_wait(struct schedule *schedule, const struct clock *clock, uint64_t *ret_scheduled_ns,
		  uint64_t *ret_missed_turns);

#endif
