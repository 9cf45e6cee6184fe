/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_GAUGE_H
#define POLLGAP_GAUGE_H

#include "state.h"

#define NS_PER_US 1000

/* The gauge's area since the socket was first seen. It can't overflow in bytes x microseconds. */
static __always_inline __u64 gauge_area_byte_us(const struct gauge_state *gauge)
{
	return gauge->earlier_area_byte_us + gauge->period_area_byte_ns / NS_PER_US;
}

static __always_inline void gauge_advance(struct gauge_state *gauge, __u64 time_ns)
{
	gauge->period_area_byte_ns += (__u64)gauge->value_bytes * (time_ns - gauge->changed_ns);
	gauge->changed_ns = time_ns;
}

/* Folds the segment's peak into the spike and the period that it lies in. */
static __always_inline void gauge_end_segment(struct gauge_state *gauge)
{
	__u32 inner = (gauge->level - 1) & (THRESHOLDS_MAX - 1);

	if (gauge->level && gauge->segment_peak_bytes > gauge->spike[inner].peak_bytes) {
		gauge->spike[inner].peak_bytes = gauge->segment_peak_bytes;
		gauge->spike[inner].peak_ns = gauge->segment_peak_ns;
		gauge->spike[inner].limit_bytes = gauge->segment_limit_bytes;
	}
	if (gauge->segment_peak_bytes > gauge->period_peak_bytes) {
		gauge->period_peak_bytes = gauge->segment_peak_bytes;
		gauge->period_peak_ns = gauge->segment_peak_ns;
	}
}

static __always_inline void gauge_begin_segment(struct gauge_state *gauge, __u64 time_ns,
						__u32 limit_bytes)
{
	gauge->segment_peak_bytes = gauge->value_bytes;
	gauge->segment_peak_ns = time_ns;
	gauge->segment_limit_bytes = limit_bytes;
}

static __always_inline void spike_open(struct gauge_state *gauge, __u32 index, __u64 time_ns,
				       __u32 limit_bytes, __u32 flags)
{
	struct spike_state *spike = &gauge->spike[index & (THRESHOLDS_MAX - 1)];

	spike->start_ns = time_ns;
	spike->peak_ns = time_ns;
	spike->peak_bytes = gauge->value_bytes;
	spike->limit_bytes = limit_bytes;
	spike->start_area_byte_us = gauge_area_byte_us(gauge);
	/* The change that opens a spike is its first event; a spike that was found open has none
	 * yet. */
	spike->start_events = gauge->events - !(flags & RECORD_LEFT_CENSORED);
	spike->flags = flags;
}

/* Spikes nest, so the peak of the inner one is a candidate for the outer one's. closing: the change
 * that ends it. */
static __always_inline void spike_close(const struct socket_state *state, struct gauge_state *gauge,
					__u32 index, __u64 time_ns, __u32 closing_events,
					__u32 flags)
{
	struct spike_state *spike = &gauge->spike[index & (THRESHOLDS_MAX - 1)];
	struct spike_state *outer = &gauge->spike[(index - 1) & (THRESHOLDS_MAX - 1)];
	struct record_spike *record;

	if (index && spike->peak_bytes > outer->peak_bytes) {
		outer->peak_bytes = spike->peak_bytes;
		outer->peak_ns = spike->peak_ns;
		outer->limit_bytes = spike->limit_bytes;
	}
	record = record_reserve(RECORD_SPIKE, sizeof(*record));
	if (!record)
		return;
	record_head(&record->header, state->number, RECORD_SPIKE, gauge->gauge, index,
		    spike->flags | flags);
	record->start_ns = spike->start_ns;
	record->end_ns = time_ns;
	record->peak_ns = spike->peak_ns;
	record->area_byte_us = gauge_area_byte_us(gauge) - spike->start_area_byte_us;
	record->peak_bytes = spike->peak_bytes;
	record->limit_bytes = spike->limit_bytes;
	record->events = gauge->events - closing_events - spike->start_events;
	record->padding = 0;
	record_submit(record);
}

/* The range around the value within which no threshold is crossed. */
static __always_inline void gauge_set_range(struct gauge_state *gauge)
{
	__u32 level = gauge->level;
	__u32 low_bytes = 0, high_bytes = 0;

	if (level && level <= THRESHOLDS_MAX)
		low_bytes = threshold_bytes[(level - 1) & (THRESHOLDS_MAX - 1)];
	if (level < thresholds)
		high_bytes = threshold_bytes[level & (THRESHOLDS_MAX - 1)];
	gauge->low_bytes = low_bytes;
	/* Above the highest threshold there is no end: 2^32 - low, which as unsigned 32 bits is 0 -
	 * low. */
	gauge->span_bytes = level < thresholds ? high_bytes - low_bytes :
			    low_bytes	       ? 0 - low_bytes :
						 ~0U;
}

/* Opens every spike that the value reaches. */
static __always_inline void gauge_open_spikes(struct gauge_state *gauge, __u64 time_ns,
					      __u32 limit_bytes, __u32 flags)
{
	for (__u32 index = 0; index < THRESHOLDS_MAX; index++) {
		if (index < gauge->level)
			continue;
		if (index >= thresholds || gauge->value_bytes < threshold_bytes[index])
			break;
		spike_open(gauge, index, time_ns, limit_bytes, flags);
		gauge->level = index + 1;
	}
	gauge_set_range(gauge);
}

/* A threshold is crossed: closes the spikes that the value has left, opens those that it reaches. */
static __noinline int gauge_cross(const struct socket_state *state, struct gauge_state *gauge,
				  __u64 time_ns, __u32 limit_bytes)
{
	if (!state || !gauge)
		return 0;
	gauge_end_segment(gauge);
	for (__u32 index = THRESHOLDS_MAX; index-- > 0;) {
		if (index >= gauge->level)
			continue;
		if (gauge->value_bytes >= threshold_bytes[index])
			break;
		spike_close(state, gauge, index, time_ns, 1, 0);
		gauge->level = index;
	}
	gauge_open_spikes(gauge, time_ns, limit_bytes, 0);
	gauge_begin_segment(gauge, time_ns, limit_bytes);
	return 0;
}

static __always_inline void summary_emit(const struct socket_state *state,
					 const struct gauge_state *gauge, __u64 from_ns,
					 __u64 to_ns, __u32 flags)
{
	struct record_summary *record = record_reserve(RECORD_SUMMARY, sizeof(*record));

	if (!record)
		return;
	record_head(&record->header, state->number, RECORD_SUMMARY, gauge->gauge, 0, flags);
	record->start_ns = from_ns;
	record->end_ns = to_ns;
	if (flags & RECORD_IDLE) {
		record->peak_ns = from_ns;
		record->area_byte_ns = 0;
		record->peak_bytes = gauge->value_bytes;
		record->events = 0;
	} else {
		record->peak_ns = gauge->period_peak_ns;
		record->area_byte_ns = gauge->period_area_byte_ns;
		record->peak_bytes = gauge->period_peak_bytes;
		record->events = gauge->events - gauge->period_start_events;
	}
	record_submit(record);
}

/* The running period up to end_ns. A gauge that stayed at 0 has no row. */
static __always_inline void gauge_end_period(const struct socket_state *state,
					     struct gauge_state *gauge, __u64 end_ns)
{
	gauge_advance(gauge, end_ns);
	gauge_end_segment(gauge);
	if (gauge->period_peak_bytes || gauge->events != gauge->period_start_events)
		summary_emit(state, gauge, state->period_start_ns, end_ns, 0);
}

/* Ends the running period at end_ns, accounts for the whole periods without a change up to next_ns,
 * begins one there. */
static __noinline int gauge_next_period(const struct socket_state *state, struct gauge_state *gauge,
					__u64 end_ns, __u64 next_ns)
{
	if (!state || !gauge)
		return 0;
	gauge_end_period(state, gauge, end_ns);
	if (next_ns > end_ns && gauge->value_bytes)
		summary_emit(state, gauge, end_ns, next_ns, RECORD_IDLE);
	gauge->earlier_area_byte_us = gauge_area_byte_us(gauge) +
				      (__u64)gauge->value_bytes * ((next_ns - end_ns) / NS_PER_US);
	gauge->period_area_byte_ns = 0;
	gauge->period_start_events = gauge->events;
	gauge->period_peak_bytes = gauge->value_bytes;
	gauge->period_peak_ns = next_ns;
	gauge->changed_ns = next_ns;
	gauge_begin_segment(gauge, next_ns, gauge->segment_limit_bytes);
	return 0;
}

/* An event at time_ns, which lies at or after the end of the running period. */
static __noinline int socket_next_period(struct socket_state *state, __u64 time_ns)
{
	__u64 end_ns, next_ns;

	if (!state)
		return 0;
	end_ns = state->period_end_ns;
	next_ns = end_ns + (time_ns - end_ns) / summary_period_ns * summary_period_ns;
	gauge_next_period(state, &state->gauge[GAUGE_RX_QUEUE], end_ns, next_ns);
	gauge_next_period(state, &state->gauge[GAUGE_TX_QUEUE], end_ns, next_ns);
	gauge_next_period(state, &state->gauge[GAUGE_RMEM], end_ns, next_ns);
	state->period_start_ns = next_ns;
	state->period_end_ns = next_ns + summary_period_ns;
	return 0;
}

/* sk_rcvbuf for the gauges of the receive side, sk_sndbuf for the send side. */
static __always_inline __u32 gauge_limit(const struct gauge_state *gauge, const struct sock *sk)
{
	return gauge->gauge == GAUGE_TX_QUEUE ? sk->sk_sndbuf : sk->sk_rcvbuf;
}

/*
 * One change of one gauge. time_ns may lie in the past, where a change is found later than it
 * happened; it never lies before the gauge's last change, and changes at or after stop_ns are not
 * the capture's.
 */
static __noinline int gauge_set(struct socket_state *state, struct gauge_state *gauge,
				__u32 value_bytes, __u64 time_ns, const struct sock *sk)
{
	if (!state || !gauge)
		return 0;
	if (time_ns >= stop_ns)
		return 0;
	if (time_ns < gauge->changed_ns)
		time_ns = gauge->changed_ns;
	if (time_ns >= state->period_end_ns)
		socket_next_period(state, time_ns);
	gauge_advance(gauge, time_ns);
	gauge->value_bytes = value_bytes;
	gauge->events++;
	if (value_bytes - gauge->low_bytes >= gauge->span_bytes) {
		gauge_cross(state, gauge, time_ns, gauge_limit(gauge, sk));
	} else if (value_bytes > gauge->segment_peak_bytes) {
		gauge->segment_peak_bytes = value_bytes;
		gauge->segment_peak_ns = time_ns;
		gauge->segment_limit_bytes = gauge_limit(gauge, sk);
	}
	return 0;
}

/* The gauge as it is found. A queue above a threshold is a spike whose start was not seen, unless
 * the socket is new. */
static __noinline int gauge_begin(struct gauge_state *gauge, __u32 value_bytes, __u64 time_ns,
				  __u32 limit_bytes, __u32 flags)
{
	if (!gauge)
		return 0;
	gauge->value_bytes = value_bytes;
	gauge->changed_ns = time_ns;
	gauge->period_peak_bytes = value_bytes;
	gauge->period_peak_ns = time_ns;
	gauge_begin_segment(gauge, time_ns, limit_bytes);
	gauge_open_spikes(gauge, time_ns, limit_bytes, flags);
	return 0;
}

/* The gauge's last records: its open spikes and its unfinished period, both cut at time_ns. */
static __noinline int gauge_finish(const struct socket_state *state, struct gauge_state *gauge,
				   __u64 time_ns, __u32 flags)
{
	if (!state || !gauge)
		return 0;
	gauge_end_period(state, gauge, time_ns);
	for (__u32 index = THRESHOLDS_MAX; index-- > 0;) {
		if (index < gauge->level)
			spike_close(state, gauge, index, time_ns, 0, flags);
	}
	gauge->level = 0;
	return 0;
}

#endif
