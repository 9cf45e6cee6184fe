/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_SCHEDULE_H
#define POLLGAP_SCHEDULE_H

#include <stdint.h>

struct clock;

/*
 * When a poller's turns are due, beside the period T. A fixed grid can keep step with a periodic
 * load, and then sees always the same instant of it; drawn turns can't.
 */
enum jitter {
	JITTER_NONE, /* turn k at first + k T */
	JITTER_UNIFORM, /* turn k at first + (k + U) T, each U drawn from [0, 1): one in each slot */
	JITTER_POISSON, /* gaps drawn from the exponential distribution of mean T, the first one
			   after first */
};

/* "none", "uniform", "poisson". */
const char *jitter_name(enum jitter jitter);

/* Returns 0, or -EINVAL where text is none of these names. */
int jitter_parse(const char *text, enum jitter *ret_jitter);

/* An absolute schedule: what a turn takes moves none of the turns after it. */
struct schedule {
	uint64_t period_ns; /* above 0 */
	uint64_t next_ns; /* when the next turn is due */
	enum jitter jitter;
	uint64_t slot_ns; /* uniform: where the slot of the turn after that begins */
	uint64_t random;
};

/* Without jitter. */
void schedule_start(struct schedule *schedule, uint64_t first_ns, uint64_t period_ns);

/* The same seed makes the same turns. */
void schedule_start_jittered(struct schedule *schedule, uint64_t first_ns, uint64_t period_ns,
			     enum jitter jitter, uint64_t seed);

/* When the next turn is due; the one after it is then the next. */
uint64_t schedule_take(struct schedule *schedule);

/*
 * Sleeps until the next turn is due. Where one or more further turns have become due meanwhile, the
 * latest of them runs now and those before it are missed: they are counted, and the turns after keep
 * their times. Returns 0, or -EINTR where a signal ended the sleep (the turn is then still due).
 */
int schedule_wait(struct schedule *schedule, const struct clock *clock, uint64_t *ret_scheduled_ns,
		  uint64_t *ret_missed_turns);

#endif
