/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_EMIT_H
#define POLLGAP_EMIT_H

/* What is kept of a socket on request only: every event, and the blog's gauge. */
#include "state.h"

static __always_inline __u64 period_origin_ns(const struct socket_state *state)
{
	return state->period_end_ns - config.summary_period_ns;
}

/* For socket_state.ack_event: the next event of tx_queue is what the running ACK does. */
#define ACK_EVENT_WANTED (~0U)

/* Hands over the events that wait. */
verified_once int trace_flush(struct socket_state *state)
{
	struct record_events *record;

	if (!state || !state->events)
		return 0;
	record = record_reserve(RECORD_EVENTS, sizeof(*record));
	if (record) {
		record_head(&record->header, state->number, RECORD_EVENTS, 0, 0, 0);
		record->events = state->events;
		record->cpu = 0;
		__builtin_memcpy(record->event, state->event, sizeof(record->event));
		record_submit(record);
	} else {
		/* Events are counted, not records: record_reserve() has counted one. */
		__sync_fetch_and_add(&shared.lost_records[RECORD_EVENTS], state->events - 1);
	}
	state->events = 0;
	if (state->ack_event != ACK_EVENT_WANTED)
		state->ack_event = 0;
	return 0;
}

static __always_inline void trace_event(struct socket_state *state, enum gauge index,
					__u32 value_bytes, __u64 time_ns)
{
	struct traced_event *event;
	__u64 slack_ns = 0;
	__u32 after = 0;

	/* Not once the last place is taken: what an ACK did stays here until trace_ack_done(). */
	if (state->events >= RECORD_EVENTS_MAX)
		trace_flush(state);
	event = &state->event[state->events & (RECORD_EVENTS_MAX - 1)];
	if (state->until_ns > time_ns) {
		slack_ns = state->until_ns - time_ns;
		after = SLACK_AFTER;
	} else if (state->since_ns && state->since_ns < time_ns) {
		slack_ns = time_ns - state->since_ns;
	}
	if (slack_ns >= SLACK_AFTER)
		slack_ns = SLACK_AFTER - 1;
	event->time_gauge = time_ns << 2 | index;
	event->value_bytes = value_bytes;
	/* What is dated back is told so even where that is little; a fall of rmem always is. */
	if (slack_ns < SLACK_TOLD_NS && (index == GAUGE_RMEM || !after))
		slack_ns = after = 0;
	event->slack_ns = slack_ns | after;
	state->events++;
	if (index == GAUGE_TX_QUEUE && state->ack_event == ACK_EVENT_WANTED)
		state->ack_event = state->events;
}

/* What the running ACK does to tx_queue was told before it was done: it is done by now. */
static __always_inline void trace_ack_done(struct socket_state *state)
{
	struct traced_event *event =
		&state->event[(state->ack_event - 1) & (RECORD_EVENTS_MAX - 1)];
	__u64 slack_ns;

	if (!state->ack_event)
		return;
	state->ack_event = 0;
	slack_ns = bpf_ktime_get_ns() - (event->time_gauge >> 2);
	if (slack_ns < SLACK_TOLD_NS)
		return;
	event->slack_ns = (slack_ns < SLACK_AFTER ? slack_ns : SLACK_AFTER - 1) | SLACK_AFTER;
}

verified_once int blog_end_period(struct socket_state *state, __u64 end_ns)
{
	struct record_blog *record;
	__u64 start_ns;

	if (!state || !state->blog.packets)
		return 0;
	record = record_reserve(RECORD_BLOG, sizeof(*record));
	if (record) {
		start_ns = period_origin_ns(state);
		record_head(&record->header, state->number, RECORD_BLOG, 0, 0, 0);
		record->start_ns = state->first_ns > start_ns ? state->first_ns : start_ns;
		record->end_ns = end_ns;
		record->total_bytes = state->blog.total_bytes;
		record->rx_total_bytes = state->blog.rx_total_bytes;
		record->rmem_total_bytes = state->blog.rmem_total_bytes;
		record->peak_bytes = state->blog.peak_bytes;
		record->kept_bytes = state->blog.kept_bytes;
		record->packets = state->blog.packets;
		record->padding = 0;
		record_submit(record);
	}
	__builtin_memset(&state->blog, 0, sizeof(state->blog));
	return 0;
}

#endif
