/* SPDX-License-Identifier: BSD-2-Clause */
#include "source/schedule.h"

#include "base/clock.h"
#include "base/random.h"

#include <errno.h>
#include <math.h>
#include <string.h>

const char *jitter_name(enum jitter jitter)
{
	static const char *const name[] = {
		[JITTER_NONE] = "none",
		[JITTER_UNIFORM] = "uniform",
		[JITTER_POISSON] = "poisson",
	};

	return name[jitter];
}

int jitter_parse(const char *text, enum jitter *ret_jitter)
{
	for (enum jitter jitter = JITTER_NONE; jitter <= JITTER_POISSON; jitter++) {
		if (strcmp(text, jitter_name(jitter)) == 0) {
			*ret_jitter = jitter;
			return 0;
		}
	}
	return -EINVAL;
}

/* When the turn after the one at due_ns is due. */
static uint64_t schedule_following(struct schedule *schedule, uint64_t due_ns)
{
	double period_ns = (double)schedule->period_ns;
	uint64_t slot_ns = schedule->slot_ns;

	switch (schedule->jitter) {
	case JITTER_UNIFORM:
		schedule->slot_ns += schedule->period_ns;
		return slot_ns + (uint64_t)(random_share(&schedule->random) * period_ns);
	case JITTER_POISSON:
		return due_ns + (uint64_t)(-log1p(-random_share(&schedule->random)) * period_ns);
	default:
		return due_ns + schedule->period_ns;
	}
}

void schedule_start(struct schedule *schedule, uint64_t first_ns, uint64_t period_ns)
{
	*schedule = (struct schedule){ .period_ns = period_ns, .next_ns = first_ns };
}

void schedule_start_jittered(struct schedule *schedule, uint64_t first_ns, uint64_t period_ns,
			     enum jitter jitter, uint64_t seed)
{
	*schedule = (struct schedule){
		.period_ns = period_ns, .jitter = jitter, .slot_ns = first_ns, .random = seed
	};
	schedule->next_ns = jitter == JITTER_NONE ? first_ns :
						    schedule_following(schedule, first_ns);
}

uint64_t schedule_take(struct schedule *schedule)
{
	uint64_t due_ns = schedule->next_ns;

	schedule->next_ns = schedule_following(schedule, due_ns);
	return due_ns;
}

int schedule_wait(struct schedule *schedule, const struct clock *clock, uint64_t *ret_scheduled_ns,
		  uint64_t *ret_missed_turns)
{
	uint64_t due_ns = schedule->next_ns;
	uint64_t now_ns = clock->now_ns(clock->context);
	uint64_t gone = 0;

	if (now_ns < due_ns) {
		int error = clock->sleep_until_ns(clock->context, due_ns);

		if (error)
			return error;
		now_ns = clock->now_ns(clock->context);
	}
	/* A sleep can end late too, and turns go by in it as they do in a long turn. */
	if (schedule->jitter == JITTER_NONE && now_ns > due_ns) {
		gone = (now_ns - due_ns) / schedule->period_ns;
		due_ns += gone * schedule->period_ns;
	}
	schedule->next_ns = schedule_following(schedule, due_ns);
	for (; schedule->next_ns <= now_ns; gone++)
		due_ns = schedule_take(schedule);
	*ret_scheduled_ns = due_ns;
	*ret_missed_turns = gone;
	return 0;
}
