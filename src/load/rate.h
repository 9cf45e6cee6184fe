/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_RATE_H
#define POLLGAP_RATE_H

#include <stdbool.h>
#include <stdint.h>

enum { RATE_STEPS_MAX = 64 };

/* So many requests a second for so long. */
struct rate_step {
	uint64_t per_s; /* all connections together */
	uint64_t duration_ns;
};

struct rate {
	struct rate_step step[RATE_STEPS_MAX];
	unsigned steps;
	bool max; /* one step, as fast as replies allow: closed loop */
};

/*
 * "10000:10s,20000:10s"; a step without a time lasts for rest_ns, which only one alone may do;
 * "max" alone. Returns 0 or -EINVAL.
 */
int rate_parse(const char *text, uint64_t rest_ns, struct rate *ret_rate);

uint64_t rate_duration_ns(const struct rate *rate);

/* The schedule: when each request is meant to go out, counted from the start. */
struct rate_cursor {
	const struct rate *rate;
	unsigned step; /* steps when all are over */
	uint64_t step_start_ns;
	uint64_t number; /* of the step's next request */
};

struct rate_cursor rate_begin(const struct rate *rate);

/* Takes the next request if it is due by elapsed_ns. Its step's requests are spread evenly. */
bool rate_take(struct rate_cursor *cursor, uint64_t elapsed_ns, uint64_t *ret_intended_ns,
	       unsigned *ret_step);

/* When the next one is due; UINT64_MAX when all are out. */
uint64_t rate_next_ns(struct rate_cursor *cursor);

#endif
