/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_BACKLOG_H
#define POLLGAP_BACKLOG_H

/*
 * The CPUs' backlog: input_pkt_queue and process_queue of softnet_data, as softnet_stat prints
 * their sum: softnet_seq_show(), v6.18. All hooks run on the CPU whose backlog it is, with its
 * bottom halves off, so plain loads and stores do. Packets that another CPU puts there (RPS) are
 * seen when this CPU takes its next one.
 */
#include "socket.h"

enum { SOFTIRQ_NET_RX = 3, NET_RX_DROP = 1 };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct backlog_state);
} backlogs SEC(".maps");

static __always_inline struct backlog_state *backlog_find(void)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&backlogs, &key);
}

static __always_inline const struct softnet_data *backlog_softnet(const struct backlog_state *state)
{
	return kernel_object(struct softnet_data, (void *)state->softnet);
}

static __always_inline bool backlog_measured(__u64 now_ns)
{
	return shared.start_ns && now_ns >= shared.start_ns && now_ns < shared.stop_ns;
}

/* Squeezes and drops are counted past stop_ns, too: they are held against counters whose last
 * reading comes after it. */
static __always_inline bool backlog_counted(__u64 now_ns)
{
	return shared.start_ns && now_ns >= shared.start_ns && !shared.backlogs_collected;
}

static __always_inline void backlog_close(struct backlog_state *state, __u32 index, __u64 now_ns)
{
	struct backlog_spike_state *spike = &state->spike[index & (BACKLOG_THRESHOLDS_MAX - 1)];
	struct backlog_spike_state *outer =
		&state->spike[(index - 1) & (BACKLOG_THRESHOLDS_MAX - 1)];
	struct record_backlog *record;

	if (index && spike->peak_packets > outer->peak_packets) {
		outer->peak_packets = spike->peak_packets;
		outer->peak_ns = spike->peak_ns;
	}
	record = record_reserve(RECORD_BACKLOG, sizeof(*record));
	if (!record)
		return;
	record_head(&record->header, 0, RECORD_BACKLOG, 0, index, spike->flags);
	record->start_ns = spike->start_ns;
	record->end_ns = now_ns;
	record->peak_ns = spike->peak_ns;
	record->cpu = bpf_get_smp_processor_id();
	record->peak_packets = spike->peak_packets;
	record_submit(record);
}

static __noinline int backlog_set(struct backlog_state *state, __u32 packets, __u64 now_ns,
				  __u32 flags)
{
	__u32 innermost;

	if (!state)
		return 0;
	state->packets = packets;
	for (__u32 index = BACKLOG_THRESHOLDS_MAX; index-- > 0;) {
		if (index >= state->level)
			continue;
		if (packets >= config.backlog_threshold_packets[index])
			break;
		backlog_close(state, index, now_ns);
		state->level = index;
	}
	innermost = (state->level - 1) & (BACKLOG_THRESHOLDS_MAX - 1);
	if (state->level && packets > state->spike[innermost].peak_packets) {
		state->spike[innermost].peak_packets = packets;
		state->spike[innermost].peak_ns = now_ns;
	}
	for (__u32 index = 0; index < BACKLOG_THRESHOLDS_MAX; index++) {
		if (index < state->level)
			continue;
		if (index >= config.backlog_thresholds ||
		    packets < config.backlog_threshold_packets[index])
			break;
		state->spike[index] = (struct backlog_spike_state){
			.start_ns = now_ns,
			.peak_ns = now_ns,
			.peak_packets = packets,
			.flags = flags,
		};
		state->level = index + 1;
	}
	return 0;
}

static __noinline int backlog_flush(struct backlog_state *state)
{
	struct record_events *record;

	if (!state || !state->events)
		return 0;
	record = record_reserve(RECORD_BACKLOG_EVENTS, sizeof(*record));
	if (record) {
		record_head(&record->header, 0, RECORD_BACKLOG_EVENTS, 0, 0, 0);
		record->events = state->events;
		record->cpu = bpf_get_smp_processor_id();
		__builtin_memcpy(record->event, state->event, sizeof(record->event));
		record_submit(record);
	} else {
		/* Events are counted, not records: record_reserve() has counted one. */
		__sync_fetch_and_add(&shared.lost_records[RECORD_BACKLOG_EVENTS],
				     state->events - 1);
	}
	state->events = 0;
	return 0;
}

static __always_inline void backlog_event(struct backlog_state *state, __u32 packets, __u64 time_ns)
{
	struct traced_event *event = &state->event[state->events & (RECORD_EVENTS_MAX - 1)];

	event->time_gauge = time_ns << 2;
	event->value_bytes = packets;
	event->slack_ns = 0;
	if (++state->events >= RECORD_EVENTS_MAX)
		backlog_flush(state);
}

/* The capture's first sight of this backlog. What waits in it then has waited since since_ns at
 * least: spikes whose start was not seen. */
static __noinline int backlog_begin(struct backlog_state *state, __u32 packets, __u64 since_ns)
{
	if (!state)
		return 0;
	state->begun = 1;
	if (config.trace_wanted && packets)
		backlog_event(state, packets, since_ns);
	return backlog_set(state, packets, since_ns, RECORD_LEFT_CENSORED);
}

static __always_inline __u32 backlog_packets(const struct softnet_data *softnet)
{
	return peek(softnet->input_pkt_queue.qlen) + peek(softnet->process_queue.qlen);
}

/* Below the lowest threshold only its crossing matters, but for a trace. */
static __always_inline void backlog_observe(struct backlog_state *state)
{
	__u32 packets = backlog_packets(backlog_softnet(state));
	__u64 now_ns;

	if (packets == state->packets || (!config.trace_wanted && !state->level &&
					  state->packets < config.backlog_threshold_packets[0] &&
					  packets < config.backlog_threshold_packets[0])) {
		state->packets = packets;
		return;
	}
	now_ns = bpf_ktime_get_ns();
	if (!backlog_measured(now_ns)) {
		if (!shared.start_ns || now_ns < shared.start_ns)
			state->packets = packets;
		return;
	}
	if (!state->begun)
		backlog_begin(state, state->packets, shared.start_ns);
	if (config.trace_wanted)
		backlog_event(state, packets, now_ns);
	backlog_set(state, packets, now_ns, 0);
}

static __noinline int backlog_end_drops(struct backlog_state *state)
{
	struct record_drop *record;

	if (!state || !state->drop_packets || shared.backlogs_collected)
		return 0;
	record = record_reserve(RECORD_DROP, sizeof(*record));
	if (record) {
		record_head(&record->header, 0, RECORD_DROP, 0, 0, 0);
		record->start_ns = state->drop_start_ns;
		record->end_ns = state->drop_end_ns;
		record->cpu = bpf_get_smp_processor_id();
		record->packets = state->drop_packets;
		record_submit(record);
	}
	state->drop_packets = 0;
	return 0;
}

/* Measurement point: netif_rx() has put a packet into this CPU's backlog, or dropped it. */
static __always_inline int record_backlog_queued(int result)
{
	struct backlog_state *state = backlog_find();
	__u64 now_ns;

	if (!state || !state->softnet)
		return 0;
	if (result == NET_RX_DROP) {
		now_ns = bpf_ktime_get_ns();
		if (!backlog_counted(now_ns))
			return 0;
		if (!state->drop_packets++)
			state->drop_start_ns = now_ns;
		state->drop_end_ns = now_ns;
	} else if (state->drop_packets) {
		backlog_end_drops(state);
	}
	backlog_observe(state);
	return 0;
}

/* Measurement point: a packet is about to be processed; if it was in the backlog it no longer is. */
static __always_inline int record_backlog_taken(void)
{
	struct backlog_state *state = backlog_find();

	if (!state || !state->softnet || (!state->level && !state->packets))
		return 0;
	backlog_observe(state);
	return 0;
}

/* The backlog of this CPU, learnt from its own napi_struct: the one without a device. */
static __always_inline void backlog_learn(struct backlog_state *state,
					  const struct napi_struct *napi)
{
	const struct softnet_data *softnet;
	__u64 now_ns;

	if (peek(napi->dev))
		return;
	state->softnet = (__u64)napi - bpf_core_field_offset(struct softnet_data, backlog);
	softnet = backlog_softnet(state);
	state->squeezes = peek(softnet->time_squeeze);
	state->packets = backlog_packets(softnet);
	now_ns = bpf_ktime_get_ns();
	if (backlog_measured(now_ns))
		backlog_begin(state, state->packets, now_ns);
}

/* Measurement point: one device's, or the backlog's, share of a round of receiving is done. */
static __always_inline int record_round(const struct napi_struct *napi, int work_packets)
{
	struct backlog_state *state = backlog_find();
	const struct softnet_data *softnet;

	if (!state)
		return 0;
	if (!state->softnet)
		backlog_learn(state, napi);
	if (!state->softnet)
		return 0;
	softnet = backlog_softnet(state);
	/* A process that polls a device itself is no part of a round. */
	if (!bpf_core_field_exists(softnet->in_net_rx_action) || peek(softnet->in_net_rx_action))
		state->work_packets += work_packets;
	backlog_observe(state);
	return 0;
}

/* Measurement point: a softirq is over. A round that was cut short has counted itself by now. */
static __always_inline int record_round_end(unsigned int vector)
{
	const struct softnet_data *softnet;
	struct record_squeeze *record;
	struct backlog_state *state;
	__u32 squeezes, cause;
	__u64 now_ns;

	if (vector != SOFTIRQ_NET_RX)
		return 0;
	state = backlog_find();
	if (!state || !state->softnet)
		return 0;
	cause = state->work_packets >= shared.netdev_budget_packets ? SQUEEZE_BUDGET : SQUEEZE_TIME;
	state->work_packets = 0;
	softnet = backlog_softnet(state);
	squeezes = peek(softnet->time_squeeze);
	if (squeezes == state->squeezes)
		return 0;
	state->squeezes = squeezes;
	now_ns = bpf_ktime_get_ns();
	if (!backlog_counted(now_ns))
		return 0;
	record = record_reserve(RECORD_SQUEEZE, sizeof(*record));
	if (!record)
		return 0;
	record_head(&record->header, 0, RECORD_SQUEEZE, 0, 0, 0);
	record->time_ns = now_ns;
	record->cpu = bpf_get_smp_processor_id();
	record->cause = cause;
	record_submit(record);
	return 0;
}

#endif
