/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

enum { ANCHOR_TRIES = 11 };

static uint64_t clock_read_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t clock_monotonic_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC);
}

void clock_sleep_until_ns(uint64_t wake_ns)
{
	int error;

	do {
		error = clock_monotonic.sleep_until_ns(NULL, wake_ns);
	} while (error == -EINTR);
}

uint64_t clock_thread_cpu_ns(void)
{
	return clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
}

struct clock_anchor clock_anchor_read(void)
{
	struct clock_anchor anchor = { 0 };
	uint64_t tightest_ns = UINT64_MAX;

	/*
	 * An interruption between the readings widens the try that it hits; the tightest try had
	 * none.
	 */
	for (int i = 0; i < ANCHOR_TRIES; i++) {
		uint64_t before_ns = clock_monotonic_ns();
		uint64_t utc_ns = clock_read_ns(CLOCK_REALTIME);
		uint64_t width_ns = clock_monotonic_ns() - before_ns;

		if (width_ns >= tightest_ns)
			continue;
		tightest_ns = width_ns;
		anchor.monotonic_ns = before_ns + width_ns / 2;
		anchor.utc_ns = (int64_t)utc_ns;
	}
	return anchor;
}

static uint64_t monotonic_now_ns(void *context)
{
	(void)context;
	return clock_monotonic_ns();
}

static int monotonic_sleep_until_ns(void *context, uint64_t wake_ns)
{
	const struct timespec wake = {
		.tv_sec = (time_t)(wake_ns / NS_PER_S),
		.tv_nsec = (long)(wake_ns % NS_PER_S),
	};

	(void)context;
	return -clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, NULL);
}

const struct clock clock_monotonic = {
	.now_ns = monotonic_now_ns,
	.sleep_until_ns = monotonic_sleep_until_ns,
};
