/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_TEST_TRACE_EVENTS_H
#define POLLGAP_TEST_TRACE_EVENTS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/record.h"
#include "trace/trace_event.h"

/* SplitMix64 (Steele, Lea, Flood 2014): the same everywhere. */
static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static inline uint64_t random_below(uint64_t *state, uint64_t bound)
{
	return random_next(state) % bound;
}

/* How a queue of requests of 300 bytes falls. */
enum falls {
	FALLS_TO_ZERO, /* the application reads all there is */
	FALLS_HALF, /* to 0 half the time, else to anything below */
	FALLS_ANYWHERE,
};

struct traffic {
	enum falls falls;
	unsigned gauges; /* 1: rx_queue alone; 3: all, each event of any of them */
};

/* Times 1 to 300 us apart, distributed by their logarithm; 1 to 16 requests come at once. */
static inline void traffic_make(const struct traffic *traffic, uint64_t seed,
				struct trace_event *event, size_t events)
{
	uint32_t last_bytes[GAUGES] = { 0 };
	uint64_t time_ns = 1000000000;

	for (size_t i = 0; i < events; i++) {
		uint8_t gauge = (uint8_t)random_below(&seed, traffic->gauges);
		uint32_t value_bytes = last_bytes[gauge];
		double share = (double)(random_next(&seed) >> 11) / (double)((uint64_t)1 << 53);

		time_ns += (uint64_t)(1000 * pow(300, share));
		if (value_bytes == 0 || random_below(&seed, 100) < 55)
			value_bytes += 300 * (1 + (uint32_t)random_below(&seed, 16));
		else if (traffic->falls == FALLS_TO_ZERO ||
			 (traffic->falls == FALLS_HALF && random_below(&seed, 2)))
			value_bytes = 0;
		else
			value_bytes = (uint32_t)random_below(&seed, value_bytes);
		last_bytes[gauge] = value_bytes;
		event[i] = (struct trace_event){ .time_ns = time_ns,
						 .value_bytes = value_bytes,
						 .gauge = gauge };
	}
}

/* What is promised of all that was read: times that do not descend, and gauges that there are. */
static inline int is_trace(const struct trace_event *event, size_t events)
{
	uint64_t last_ns = 0;

	for (size_t i = 0; i < events; last_ns = event[i++].time_ns)
		if (event[i].time_ns < last_ns || event[i].gauge >= GAUGES)
			return 0;
	return 1;
}

#endif
