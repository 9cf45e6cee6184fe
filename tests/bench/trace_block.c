/* SPDX-License-Identifier: BSD-2-Clause */
/* What a block of events takes, and how fast it is coded: one line for each kind of traffic. */
#include "tests/unit/trace_events.h"

#include "base/cleanup.h"
#include "trace/trace_block.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { EVENTS = TRACE_BLOCK_EVENTS_MAX, ROUNDS = 101 };

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int traffic_measure(struct codec *codec, const char *name, const struct traffic *traffic,
			   size_t events)
{
	_cleanup_(freep) struct trace_event *event = calloc(EVENTS, sizeof(*event));
	_cleanup_(freep) struct trace_event *again = calloc(EVENTS, sizeof(*again));
	uint64_t encode_ns = UINT64_MAX, decode_ns = UINT64_MAX;
	ssize_t bytes = 0;

	if (!event || !again)
		return -1;
	traffic_make(traffic, 1, event, events);
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t start_ns = now_ns(), middle_ns, end_ns;
		const uint8_t *block;

		bytes = trace_block_encode(codec, event, events, &block);
		if (bytes < 0)
			return -1;
		middle_ns = now_ns();
		if (trace_block_decode(codec, block, (size_t)bytes, again, events))
			return -1;
		end_ns = now_ns();
		if (middle_ns - start_ns < encode_ns)
			encode_ns = middle_ns - start_ns;
		if (end_ns - middle_ns < decode_ns)
			decode_ns = end_ns - middle_ns;
	}
	printf("%-38s %6zu  %5.2f  %6.1f  %6.1f\n", name, events, (double)bytes / (double)events,
	       1e3 * (double)events / (double)encode_ns, 1e3 * (double)events / (double)decode_ns);
	return 0;
}

int main(void)
{
	static const struct {
		const char *name;
		struct traffic traffic;
	} kinds[] = {
		{ "one gauge, falls to 0", { FALLS_TO_ZERO, 1 } },
		{ "one gauge, falls to 0 half the time", { FALLS_HALF, 1 } },
		{ "one gauge, falls anywhere", { FALLS_ANYWHERE, 1 } },
		{ "any gauge, falls to 0", { FALLS_TO_ZERO, 3 } },
		{ "any gauge, falls to 0 half the time", { FALLS_HALF, 3 } },
		{ "any gauge, falls anywhere", { FALLS_ANYWHERE, 3 } },
	};
	static const size_t events[] = { EVENTS, 4096, 512, 64 };
	_cleanup_(codec_freep) struct codec *codec = NULL;

	if (codec_new(&codec))
		return 1;
	printf("%-38s %6s  %5s  %6s  %6s\n%-38s %6s  %5s  %6s  %6s\n", "", "", "bytes", "coded",
	       "read", "", "events", "each", "M/s", "M/s");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		for (size_t j = 0; j < sizeof(events) / sizeof(*events); j++)
			if (traffic_measure(codec, kinds[i].name, &kinds[i].traffic, events[j]))
				return 1;
	return 0;
}
