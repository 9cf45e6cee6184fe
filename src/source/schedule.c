/* SPDX-License-Identifier: BSD-2-Clause */
#include "source/schedule.h"

#include "base/clock.h"

void schedule_start(struct schedule *schedule, uint64_t first_ns, uint64_t period_ns)
{
	schedule->period_ns = period_ns;
	schedule->next_ns = first_ns;
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
	if (now_ns > due_ns)
		gone = (now_ns - due_ns) / schedule->period_ns;
	*ret_scheduled_ns = due_ns + gone * schedule->period_ns;
	*ret_missed_turns = gone;
	schedule->next_ns = *ret_scheduled_ns + schedule->period_ns;
	return 0;
}
