/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_STATE_H
#define POLLGAP_STATE_H

#include "kernel_types.h"

#include <bpf/bpf_helpers.h>

#include "config.h"
#include "kernel_object.h"
#include "record.h"

/*
 * What is kept of one socket, in its socket storage. Every hook that writes it runs under the
 * socket's lock, so plain loads and stores do.
 *
 * A gauge's time is cut into segments: a segment ends when a threshold is crossed and when a
 * summary period ends. Only the segment's peak is brought up to date at each change; its end folds
 * it into the spike and the period that it lies in. So a change costs one comparison for the
 * thresholds and one for the peak, however many thresholds are open.
 *
 * What each change touches comes first and fills three cache lines: the processor that delivers
 * packets and the one that reads and writes are seldom the same, and each line that both of them
 * write moves between them.
 */
struct spike_state {
	__u64 start_ns;
	__u64 peak_ns;
	__u64 start_area_byte_us; /* the gauge's running area when the spike began */
	__u32 peak_bytes;
	__u32 limit_bytes; /* at the peak */
	__u32 start_events; /* the gauge's running events before the spike */
	__u32 threshold_bytes; /* as it was when the spike began */
	__u32 start_flags; /* RECORD_LEFT_CENSORED */
	__u32 padding;
};

struct gauge_state {
	/* The area of the running period up to a time t is this + value x (t - the period's start
	 * in its grid): so no gauge needs the time of its last change. */
	__u64 period_area_byte_ns;
	__u64 segment_peak_ns;
	__u32 segment_peak_bytes;
	__u32 segment_limit_bytes;
	__u32 value_bytes;
	__u32 low_bytes; /* no threshold is crossed while value - low < span, unsigned */
	__u32 span_bytes;
	__u32 events; /* changes so far */
};

/* What only a crossed threshold and the end of a period touch. */
struct gauge_history {
	__u64 earlier_area_byte_us; /* of all periods before the running one */
	__u64 period_peak_ns;
	__u32 period_peak_bytes;
	__u32 period_start_events;
	__u32 level; /* how many spikes are open: one for each threshold below */
	__u32 range_limit_bytes; /* what thresholds in per cent were last computed from */
	__u32 gauge; /* enum gauge */
	__u32 padding;
	struct spike_state spike[THRESHOLDS_MAX];
};

/*
 * A change that is coming, or has just been, and has no hook behind it: see core.h. The next hook
 * on this socket takes the note before it leaves one of its own, so there is one at most.
 */
enum note {
	NOTE_NONE,
	NOTE_SEND, /* a round of the copy loop began, whose bytes are not in tx_queue yet */
	NOTE_PROMPT, /* the same, of a send that is sure to put out a packet, which will date its
			bytes: note_ns holds the kernel's tick */
	NOTE_ARRIVAL, /* a packet came that may not be announced */
	NOTE_READ, /* a read took bytes whose memory may not be freed yet */
};

/* Of the running period: see struct record_blog. */
struct blog_state {
	__u64 total_bytes;
	__u64 rx_total_bytes;
	__u64 rmem_total_bytes;
	__u32 peak_bytes;
	__u32 kept_bytes;
	__u32 packets;
	__u32 padding;
};

struct socket_state {
	__u64 period_end_ns;
	__u64 last_ns; /* of the last change: none lies before it */
	__u64 note_ns;
	__u32 note_thread; /* of a send: the thread */
	__u32 note_left_bytes; /* of a send: what was left to copy when the round began */
	__u32 rcv_nxt; /* as last seen */
	__u32 told_seq; /* how far the packets that hooks have seen bring rcv_nxt */
	__u32 told_ack; /* and snd_una */
	__u32 number; /* record_header.socket_number */
	__u32 owner_pid;
	__u8 note; /* enum note */
	__u8 closed; /* outside the filter, decided once, or its last records are out */
	__u8 owned; /* its owner is known */
	__u8 owner_news; /* and has changed since RECORD_OWNER was out */
	struct gauge_state gauge[GAUGES];
	/* Of a traced capture, until they go out together: a ring buffer's reservation costs more
	 * than all else of an event. */
	struct traced_event event[RECORD_EVENTS_MAX];
	__u64 packet; /* that the ACK hook's first program saw, until the second one has: turn.h */
	__u64 packet_ns; /* of a traced capture: when the running packet came, 0: not known */
	__u64 since_ns; /* what is seen now happened no earlier, 0: not known */
	__u64 until_ns; /* what is dated back now happened no later, 0: not known */
	__u64 copy_ns; /* when the last read began to copy what it takes, 0: not known */
	/* Of a traced capture, written without the lock: returned.h. */
	__u64 sent_ns; /* when the noted send returned */
	__u64 returned_ns; /* when the last read that took something returned */
	__u64 read_since_ns; /* and the one before it: it took what it did after that */
	__u64 read_ns; /* when a read returned, 0: none since the last hook, */
	__u32 read_copied_seq; /* and what it left */
	__u32 read_rmem_bytes;
	struct gauge_history history[GAUGES];
	struct blog_state blog;
	__u64 first_ns;
	__u32 events; /* in event[] */
	__u32 packet_end_seq; /* of a traced capture: where the running packet's data ends */
	__u32 ack_event; /* of a traced capture: the one of the running ACK, counted from 1, 0: none
			  */
	__u32 asked_flags; /* that the socket did not have before the capture: closing.h */
	char owner_comm[COMM_BYTES];
};

/* With the kernel's 72 bytes around it (struct bpf_local_storage_elem, v6.18) no more than half a
 * page. */
_Static_assert(sizeof(struct socket_state) <= 2048 - 72, "socket_state takes a page");

#ifdef POLLGAP_PORTABLE

/* Where a program that is no BTF one can't have socket storage, or the kernel has none for it
 * (before 5.11): by the socket's address, which nobody else has until state_delete(). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 14); /* the program sets it before loading */
	__type(key, __u64);
	__type(value, struct socket_state);
} sockets SEC(".maps");

enum { EEXIST = 17 };

/* What a socket's state is at first: too large for a program's stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct socket_state);
} blank_state SEC(".maps");

static __always_inline struct socket_state *state_of(const struct sock *sk)
{
	__u64 key = (__u64)sk;

	return bpf_map_lookup_elem(&sockets, &key);
}

/*
 * NULL: there is no room, which is counted; or it is there already, for a walk on another processor,
 * which holds no lock before Linux 5.15, was first. Until it has begun it is as good as closed.
 */
static __always_inline struct socket_state *state_create(struct sock *sk)
{
	struct socket_state *blank;
	__u64 key = (__u64)sk;
	__u32 zero = 0;
	long error;

	blank = bpf_map_lookup_elem(&blank_state, &zero);
	if (!blank)
		return NULL;
	blank->closed = 1;
	error = bpf_map_update_elem(&sockets, &key, blank, BPF_NOEXIST);
	if (error == -EEXIST)
		return NULL;
	if (error)
		__sync_fetch_and_add(&shared.lost_states, 1);
	return error ? NULL : bpf_map_lookup_elem(&sockets, &key);
}

static __always_inline void state_delete(struct sock *sk)
{
	__u64 key = (__u64)sk;

	bpf_map_delete_elem(&sockets, &key);
}

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} numbered SEC(".maps");

enum { NUMBER_TRIES = 8 };

/*
 * A number that no other socket has: no kernel before 5.12 has an addition that tells what it added
 * to. So each CPU counts for itself; a program that came between, on top of this one, shows by two
 * steps instead of one, and then the next number is tried.
 */
static __always_inline __u32 socket_number(void)
{
	__u32 key = 0;
	volatile __u64 *count = bpf_map_lookup_elem(&numbered, &key);
	__u64 before;

	if (!count)
		return 0;
	for (__u32 attempt = 0; attempt < NUMBER_TRIES; attempt++) {
		before = *count;
		__sync_fetch_and_add(count, 1);
		if (*count == before + 1)
			break;
	}
	return before * config.possible_cpus + bpf_get_smp_processor_id() + 1;
}

/* 0: nobody has asked the kernel for one. */
static __always_inline __u64 socket_cookie(struct sock *sk)
{
	return peek(sk->__sk_common.skc_cookie.counter);
}

/* What a listener is found by. */
static __always_inline __u64 socket_key(const struct sock *sk)
{
	return (__u64)sk;
}

#else

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct socket_state);
} sockets SEC(".maps");

static __always_inline struct socket_state *state_of(struct sock *sk)
{
	return bpf_sk_storage_get(&sockets, sk, NULL, 0);
}

static __always_inline struct socket_state *state_create(struct sock *sk)
{
	struct socket_state *state =
		bpf_sk_storage_get(&sockets, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);

	if (!state)
		__sync_fetch_and_add(&shared.lost_states, 1);
	return state;
}

static __always_inline void state_delete(struct sock *sk)
{
	bpf_sk_storage_delete(&sockets, sk);
}

static __always_inline __u32 socket_number(void)
{
	return __sync_fetch_and_add(&shared.sockets_numbered, 1) + 1;
}

static __always_inline __u64 socket_cookie(struct sock *sk)
{
	return bpf_get_socket_cookie(sk);
}

static __always_inline __u64 socket_key(struct sock *sk)
{
	return bpf_get_socket_cookie(sk);
}

#endif

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 24); /* the program sets it before loading */
} records SEC(".maps");

/* A record's place in the ring, or NULL and the loss counted: nothing goes missing in silence. */
static __always_inline void *record_reserve(enum record_type type, __u64 record_bytes)
{
	void *record = bpf_ringbuf_reserve(&records, record_bytes, 0);

	if (!record)
		__sync_fetch_and_add(&shared.lost_records[type], 1);
	return record;
}

/* A wake-up costs over 1 us; user space reads on a timer instead. */
static __always_inline void record_submit(void *record)
{
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

static __always_inline void record_head(struct record_header *header, __u32 socket_number,
					enum record_type type, __u32 gauge, __u32 threshold_index,
					__u32 flags)
{
	header->type = type;
	header->gauge = gauge;
	header->threshold_index = threshold_index;
	header->flags = flags;
	header->socket_number = socket_number;
}

#endif
