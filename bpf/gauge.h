/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_GAUGE_H
#define POLLGAP_GAUGE_H

#include "emit.h"

#define NS_PER_US 1000

static __always_inline __u64 gauge_period_area_byte_ns(const struct socket_state *state,
						       const struct gauge_state *gauge,
						       __u64 time_ns)
{
	return gauge->period_area_byte_ns +
	       (__u64)gauge->value_bytes * (time_ns - period_origin_ns(state));
}

/* The gauge's area since the socket was first seen. It can't overflow in bytes x microseconds. */
static __always_inline __u64 gauge_area_byte_us(const struct socket_state *state,
						const struct gauge_state *gauge,
						const struct gauge_history *history, __u64 time_ns)
{
	return history->earlier_area_byte_us +
	       gauge_period_area_byte_ns(state, gauge, time_ns) / NS_PER_US;
}

/* Folds the segment's peak into the spike and the period that it lies in. */
static __always_inline void gauge_end_segment(const struct gauge_state *gauge,
					      struct gauge_history *history)
{
	__u32 inner = (history->level - 1) & (THRESHOLDS_MAX - 1);

	if (history->level && gauge->segment_peak_bytes > history->spike[inner].peak_bytes) {
		history->spike[inner].peak_bytes = gauge->segment_peak_bytes;
		history->spike[inner].peak_ns = gauge->segment_peak_ns;
		history->spike[inner].limit_bytes = gauge->segment_limit_bytes;
	}
	if (gauge->segment_peak_bytes > history->period_peak_bytes) {
		history->period_peak_bytes = gauge->segment_peak_bytes;
		history->period_peak_ns = gauge->segment_peak_ns;
	}
}

static __always_inline void gauge_begin_segment(struct gauge_state *gauge, __u64 time_ns,
						__u32 limit_bytes)
{
	gauge->segment_peak_bytes = gauge->value_bytes;
	gauge->segment_peak_ns = time_ns;
	gauge->segment_limit_bytes = limit_bytes;
}

/* A threshold in bytes: the lowest value that reaches it where the limit is limit_bytes. */
static __always_inline __u32 threshold_in_bytes(__u32 index, __u32 limit_bytes)
{
	__u32 threshold = config.thresholds_value[index & (THRESHOLDS_MAX - 1)];

	return config.thresholds_in_percent ? ((__u64)threshold * limit_bytes + 99) / 100 :
					      threshold;
}

/*
 * The threshold that the next spike begins at. One in per cent of the limit never lies below that
 * of the open spike around it, which keeps the one that it began with: so spikes nest, whatever
 * becomes of the limit.
 */
static __always_inline __u32 gauge_next_threshold(const struct gauge_history *history,
						  __u32 limit_bytes)
{
	__u32 next_bytes = threshold_in_bytes(history->level, limit_bytes);
	__u32 open_bytes;

	if (!config.thresholds_in_percent || !history->level)
		return next_bytes;
	open_bytes = history->spike[(history->level - 1) & (THRESHOLDS_MAX - 1)].threshold_bytes;
	return next_bytes > open_bytes ? next_bytes : open_bytes;
}

/* User space knows a threshold in bytes; one in per cent it has to be told before the spike ends. */
static __always_inline void opening_emit(const struct socket_state *state,
					 const struct gauge_history *history, __u32 index)
{
	struct record_opening *record = record_reserve(RECORD_OPENING, sizeof(*record));
	const struct spike_state *spike = &history->spike[index & (THRESHOLDS_MAX - 1)];

	if (!record)
		return;
	record_head(&record->header, state->number, RECORD_OPENING, history->gauge, index, 0);
	record->start_ns = spike->start_ns;
	record->threshold_bytes = spike->threshold_bytes;
	record->padding = 0;
	record_submit(record);
}

static __always_inline void spike_open(const struct socket_state *state,
				       const struct gauge_state *gauge,
				       struct gauge_history *history, __u64 time_ns,
				       __u32 limit_bytes, __u32 flags)
{
	__u32 index = history->level & (THRESHOLDS_MAX - 1);
	struct spike_state *spike = &history->spike[index];

	spike->start_ns = time_ns;
	spike->peak_ns = time_ns;
	spike->peak_bytes = gauge->value_bytes;
	spike->limit_bytes = limit_bytes;
	spike->threshold_bytes = gauge_next_threshold(history, limit_bytes);
	spike->start_area_byte_us = gauge_area_byte_us(state, gauge, history, time_ns);
	/* The change that opens a spike is its first event; a spike that was found open has none
	 * yet. */
	spike->start_events = gauge->events - !(flags & RECORD_LEFT_CENSORED);
	spike->start_flags = flags;
	if (config.thresholds_in_percent)
		opening_emit(state, history, index);
}

/* Spikes nest, so the peak of the inner one is a candidate for the outer one's. end_events: the
 * gauge's running events at its end, without the change that ends it. */
static __always_inline void spike_close(const struct socket_state *state,
					struct gauge_history *history, __u32 index, __u64 time_ns,
					__u64 area_byte_us, __u32 end_events, __u32 flags)
{
	struct spike_state *spike = &history->spike[index & (THRESHOLDS_MAX - 1)];
	struct spike_state *outer = &history->spike[(index - 1) & (THRESHOLDS_MAX - 1)];
	struct record_spike *record;

	if (index && spike->peak_bytes > outer->peak_bytes) {
		outer->peak_bytes = spike->peak_bytes;
		outer->peak_ns = spike->peak_ns;
		outer->limit_bytes = spike->limit_bytes;
	}
	record = record_reserve(RECORD_SPIKE, sizeof(*record));
	if (!record)
		return;
	record_head(&record->header, state->number, RECORD_SPIKE, history->gauge, index,
		    spike->start_flags | flags);
	record->start_ns = spike->start_ns;
	record->end_ns = time_ns;
	record->peak_ns = spike->peak_ns;
	record->area_byte_us = area_byte_us - spike->start_area_byte_us;
	record->peak_bytes = spike->peak_bytes;
	record->limit_bytes = spike->limit_bytes;
	record->events = end_events - spike->start_events;
	record->threshold_bytes = spike->threshold_bytes;
	record_submit(record);
}

/* The range around the value within which no threshold is crossed. */
static __always_inline void gauge_set_range(struct gauge_state *gauge,
					    struct gauge_history *history, __u32 limit_bytes)
{
	__u32 level = history->level;
	__u32 low_bytes = 0, high_bytes = 0;

	if (level && level <= THRESHOLDS_MAX)
		low_bytes = history->spike[(level - 1) & (THRESHOLDS_MAX - 1)].threshold_bytes;
	if (level < config.thresholds)
		high_bytes = gauge_next_threshold(history, limit_bytes);
	gauge->low_bytes = low_bytes;
	/* Above the highest threshold there is no end: 2^32 - low, which as unsigned 32 bits is 0 -
	 * low. */
	gauge->span_bytes = level < config.thresholds ? high_bytes - low_bytes :
			    low_bytes		      ? 0 - low_bytes :
							~0U;
	history->range_limit_bytes = limit_bytes;
}

/* Opens every spike that the value reaches. */
static __always_inline void gauge_open_spikes(const struct socket_state *state,
					      struct gauge_state *gauge,
					      struct gauge_history *history, __u64 time_ns,
					      __u32 limit_bytes, __u32 flags)
{
	for (__u32 index = 0; index < THRESHOLDS_MAX; index++) {
		if (index < history->level)
			continue;
		if (index >= config.thresholds ||
		    gauge->value_bytes < gauge_next_threshold(history, limit_bytes))
			break;
		spike_open(state, gauge, history, time_ns, limit_bytes, flags);
		history->level = index + 1;
	}
	gauge_set_range(gauge, history, limit_bytes);
}

/* A threshold is crossed: closes the spikes that the value has left, opens those that it reaches. */
verified_once int gauge_cross(const struct socket_state *state, struct gauge_state *gauge,
			      struct gauge_history *history, __u64 time_ns, __u32 limit_bytes)
{
	__u64 area_byte_us;

	if (!state || !gauge || !history)
		return 0;
	gauge_end_segment(gauge, history);
	area_byte_us = gauge_area_byte_us(state, gauge, history, time_ns);
	for (__u32 index = THRESHOLDS_MAX; index-- > 0;) {
		if (index >= history->level)
			continue;
		if (gauge->value_bytes >= history->spike[index].threshold_bytes)
			break;
		spike_close(state, history, index, time_ns, area_byte_us, gauge->events - 1, 0);
		history->level = index;
	}
	gauge_open_spikes(state, gauge, history, time_ns, limit_bytes, 0);
	gauge_begin_segment(gauge, time_ns, limit_bytes);
	return 0;
}

static __always_inline void summary_emit(const struct socket_state *state,
					 const struct gauge_state *gauge,
					 const struct gauge_history *history, __u64 from_ns,
					 __u64 to_ns, __u32 flags)
{
	struct record_summary *record = record_reserve(RECORD_SUMMARY, sizeof(*record));

	if (!record)
		return;
	record_head(&record->header, state->number, RECORD_SUMMARY, history->gauge, 0, flags);
	record->start_ns = from_ns;
	record->end_ns = to_ns;
	if (flags & RECORD_IDLE) {
		record->peak_ns = from_ns;
		record->area_byte_ns = 0;
		record->peak_bytes = gauge->value_bytes;
		record->events = 0;
	} else {
		record->peak_ns = history->period_peak_ns;
		record->area_byte_ns = gauge_period_area_byte_ns(state, gauge, to_ns);
		record->peak_bytes = history->period_peak_bytes;
		record->events = gauge->events - history->period_start_events;
	}
	record_submit(record);
}

/* The running period up to end_ns. A gauge that stayed at 0 has no row. */
static __always_inline void gauge_end_period(const struct socket_state *state,
					     const struct gauge_state *gauge,
					     struct gauge_history *history, __u64 end_ns)
{
	__u64 start_ns = period_origin_ns(state);

	gauge_end_segment(gauge, history);
	if (history->period_peak_bytes || gauge->events != history->period_start_events)
		summary_emit(state, gauge, history,
			     state->first_ns > start_ns ? state->first_ns : start_ns, end_ns, 0);
}

/* Ends the running period at its end, accounts for the whole periods without a change up to
 * next_ns, begins one there. */
verified_once int gauge_next_period(const struct socket_state *state, struct gauge_state *gauge,
				    struct gauge_history *history, __u64 next_ns)
{
	__u64 end_ns;

	if (!state || !gauge || !history)
		return 0;
	end_ns = state->period_end_ns;
	gauge_end_period(state, gauge, history, end_ns);
	if (next_ns > end_ns && gauge->value_bytes)
		summary_emit(state, gauge, history, end_ns, next_ns, RECORD_IDLE);
	history->earlier_area_byte_us =
		gauge_area_byte_us(state, gauge, history, end_ns) +
		(__u64)gauge->value_bytes * ((next_ns - end_ns) / NS_PER_US);
	gauge->period_area_byte_ns = 0;
	history->period_start_events = gauge->events;
	history->period_peak_bytes = gauge->value_bytes;
	history->period_peak_ns = next_ns;
	gauge_begin_segment(gauge, next_ns, gauge->segment_limit_bytes);
	return 0;
}

/* An event at time_ns, which lies at or after the end of the running period. */
verified_once int socket_next_period(struct socket_state *state, __u64 time_ns)
{
	__u64 end_ns, next_ns;

	if (!state)
		return 0;
	end_ns = state->period_end_ns;
	if (config.blog_wanted)
		blog_end_period(state, end_ns);
	next_ns = end_ns + (time_ns - end_ns) / config.summary_period_ns * config.summary_period_ns;
	gauge_next_period(state, &state->gauge[GAUGE_RX_QUEUE], &state->history[GAUGE_RX_QUEUE],
			  next_ns);
	gauge_next_period(state, &state->gauge[GAUGE_TX_QUEUE], &state->history[GAUGE_TX_QUEUE],
			  next_ns);
	gauge_next_period(state, &state->gauge[GAUGE_RMEM], &state->history[GAUGE_RMEM], next_ns);
	state->period_end_ns = next_ns + config.summary_period_ns;
	return 0;
}

/* sk_rcvbuf for the gauges of the receive side, sk_sndbuf for the send side. */
static __always_inline __u32 gauge_limit(enum gauge index, const struct sock *sk)
{
	return index == GAUGE_TX_QUEUE ? peek(sk->sk_sndbuf) : peek(sk->sk_rcvbuf);
}

/* Thresholds in per cent hold for the limit of the moment, which the kernel moves. */
static __always_inline void gauge_follow_limit(struct gauge_state *gauge,
					       struct gauge_history *history, __u32 limit_bytes)
{
	if (limit_bytes != history->range_limit_bytes)
		gauge_set_range(gauge, history, limit_bytes);
}

/*
 * One change of one gauge. time_ns may lie in the past, where a change is found later than it
 * happened; it never lies before the socket's last change (the kernel's clock may step back by some
 * ns from one processor to another), and changes at or after stop_ns are not the capture's.
 */
static __always_inline void gauge_set(struct socket_state *state, enum gauge index,
				      __u32 value_bytes, __u64 time_ns, const struct sock *sk)
{
	struct gauge_state *gauge = &state->gauge[index];
	struct gauge_history *history = &state->history[index];

	if (time_ns >= shared.stop_ns)
		return;
	if (time_ns < state->last_ns)
		time_ns = state->last_ns;
	state->last_ns = time_ns;
	if (time_ns >= state->period_end_ns)
		socket_next_period(state, time_ns);
	gauge->period_area_byte_ns +=
		((__u64)gauge->value_bytes - value_bytes) * (time_ns - period_origin_ns(state));
	gauge->value_bytes = value_bytes;
	gauge->events++;
	if (config.trace_wanted)
		trace_event(state, index, value_bytes, time_ns);
	if (config.thresholds_in_percent)
		gauge_follow_limit(gauge, history, gauge_limit(index, sk));
	if (value_bytes - gauge->low_bytes >= gauge->span_bytes) {
		gauge_cross(state, gauge, history, time_ns, gauge_limit(index, sk));
	} else if (value_bytes > gauge->segment_peak_bytes) {
		gauge->segment_peak_bytes = value_bytes;
		gauge->segment_peak_ns = time_ns;
		gauge->segment_limit_bytes = gauge_limit(index, sk);
	}
}

/* The gauge as it is found. A queue above a threshold is a spike whose start was not seen, unless
 * the socket is new. */
verified_once int gauge_begin(struct socket_state *state, __u32 index, __u32 value_bytes,
			      __u32 limit_bytes, __u32 flags)
{
	struct gauge_history *history;
	struct gauge_state *gauge;

	if (!state || index >= GAUGES)
		return 0;
	gauge = &state->gauge[index];
	history = &state->history[index];
	history->gauge = index;
	gauge->value_bytes = value_bytes;
	gauge->period_area_byte_ns =
		0 - (__u64)value_bytes * (state->first_ns - period_origin_ns(state));
	history->period_peak_bytes = value_bytes;
	history->period_peak_ns = state->first_ns;
	if (config.trace_wanted && value_bytes)
		trace_event(state, index, value_bytes, state->first_ns);
	gauge_begin_segment(gauge, state->first_ns, limit_bytes);
	gauge_open_spikes(state, gauge, history, state->first_ns, limit_bytes, flags);
	return 0;
}

/* The gauge's last records: its open spikes and its unfinished period, both cut at time_ns. */
verified_once int gauge_finish(struct socket_state *state, __u32 index, __u64 time_ns, __u32 flags)
{
	struct gauge_history *history;
	struct gauge_state *gauge;
	__u64 area_byte_us;

	if (!state || index >= GAUGES)
		return 0;
	gauge = &state->gauge[index];
	history = &state->history[index];
	gauge_end_period(state, gauge, history, time_ns);
	area_byte_us = gauge_area_byte_us(state, gauge, history, time_ns);
	for (__u32 open = THRESHOLDS_MAX; open-- > 0;) {
		if (open < history->level)
			spike_close(state, history, open, time_ns, area_byte_us, gauge->events,
				    flags);
	}
	history->level = 0;
	return 0;
}

#endif
