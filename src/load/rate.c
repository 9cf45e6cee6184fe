/* SPDX-License-Identifier: BSD-2-Clause */
#include "load/rate.h"

#include "base/clock.h"
#include "base/units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { STEP_BYTES = 64 };

#define PER_S_MAX 100000000ULL

static int step_parse(const char *text, uint64_t rest_ns, struct rate_step *ret_step)
{
	uint64_t per_s, duration_ns = rest_ns;
	char *end;

	errno = 0;
	per_s = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || errno || per_s == 0 || per_s > PER_S_MAX)
		return -EINVAL;
	if (*end == ':' && (time_parse(end + 1, &duration_ns) < 0 || duration_ns == 0))
		return -EINVAL;
	if (*end && *end != ':')
		return -EINVAL;
	if (duration_ns == 0)
		return -EINVAL;
	*ret_step = (struct rate_step){ .per_s = per_s, .duration_ns = duration_ns };
	return 0;
}

static int steps_parse(const char *text, uint64_t rest_ns, struct rate *rate)
{
	while (text) {
		const char *comma = strchr(text, ',');
		size_t bytes = comma ? (size_t)(comma - text) : strlen(text);
		char step[STEP_BYTES];
		bool alone = !comma && rate->steps == 0;

		if (bytes >= sizeof(step) || rate->steps == RATE_STEPS_MAX)
			return -EINVAL;
		memcpy(step, text, bytes);
		step[bytes] = '\0';
		if (step_parse(step, alone ? rest_ns : 0, &rate->step[rate->steps]) < 0)
			return -EINVAL;
		rate->steps++;
		text = comma ? comma + 1 : NULL;
	}
	return 0;
}

int rate_parse(const char *text, uint64_t rest_ns, struct rate *ret_rate)
{
	struct rate rate = { 0 };

	if (strcmp(text, "max") == 0 && rest_ns) {
		rate.max = true;
		rate.steps = 1;
		rate.step[0].duration_ns = rest_ns;
	} else if (steps_parse(text, rest_ns, &rate) < 0) {
		return -EINVAL;
	}
	*ret_rate = rate;
	return 0;
}

uint64_t rate_duration_ns(const struct rate *rate)
{
	uint64_t duration_ns = 0;

	for (unsigned step = 0; step < rate->steps; step++)
		duration_ns += rate->step[step].duration_ns;
	return duration_ns;
}

struct rate_cursor rate_begin(const struct rate *rate)
{
	return (struct rate_cursor){ .rate = rate };
}

/* Seconds and the rest apart: a day of nanoseconds times 10^8 requests a second would overflow. */
static uint64_t request_ns(const struct rate_step *step, uint64_t number)
{
	return number / step->per_s * NS_PER_S + number % step->per_s * NS_PER_S / step->per_s;
}

uint64_t rate_next_ns(struct rate_cursor *cursor)
{
	while (cursor->step < cursor->rate->steps) {
		const struct rate_step *step = &cursor->rate->step[cursor->step];
		uint64_t next_ns = request_ns(step, cursor->number);

		if (next_ns < step->duration_ns)
			return cursor->step_start_ns + next_ns;
		cursor->step_start_ns += step->duration_ns;
		cursor->step++;
		cursor->number = 0;
	}
	return UINT64_MAX;
}

bool rate_take(struct rate_cursor *cursor, uint64_t elapsed_ns, uint64_t *ret_intended_ns,
	       unsigned *ret_step)
{
	uint64_t next_ns = rate_next_ns(cursor);

	if (next_ns > elapsed_ns)
		return false;
	*ret_intended_ns = next_ns;
	*ret_step = cursor->step;
	cursor->number++;
	return true;
}
