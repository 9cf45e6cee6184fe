/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_TURN_H
#define POLLGAP_TURN_H

/* Whether the first of a hook's two programs has seen the event that the second one is shown. */
#include "config.h"
#include "kernel_types.h"

#include <bpf/bpf_helpers.h>

enum turn {
	TURN_enqueue,
	TURN_read,
	TURN_copy,
	TURN_send,
	TURN_transmit,
	TURN_read_returned,
	TURN_send_returned,
	TURN_state,
	TURN_destroy,
	TURNS,
};

/* Of one hook on one processor: the last event that its first program saw, until the second one
 * has taken it. */
struct turn_seen {
	__u64 pid_thread;
	const void *object;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TURNS);
	__type(key, __u32);
	__type(value, struct turn_seen);
} turns SEC(".maps");

/* Of a hook's first program: what its call returned is handed through. */
static __always_inline int turn_take(__u32 turn, const void *object, int result)
{
	struct turn_seen *seen = config.preemptible ? bpf_map_lookup_elem(&turns, &turn) : NULL;

	if (seen) {
		seen->pid_thread = bpf_get_current_pid_tgid();
		seen->object = object;
	}
	return result;
}

static __always_inline bool turn_was_taken(__u32 turn, const void *object)
{
	struct turn_seen *seen = bpf_map_lookup_elem(&turns, &turn);

	if (!seen || seen->object != object || seen->pid_thread != bpf_get_current_pid_tgid())
		return false;
	seen->object = NULL;
	return true;
}

#endif
