/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_SEND_H
#define POLLGAP_SEND_H

/*
 * What a send adds to tx_queue. A tracepoint tells of each round of its copy loop, from Linux 6.16
 * on; before that the function's entry tells of the first one and the refilling of a page fragment,
 * or a new segment, in the same loop, of the others. The first packet that goes out is the first
 * sight of the last bytes.
 */
#include "socket.h"

static __always_inline bool note_is_send(const struct socket_state *state)
{
	return state->note == NOTE_SEND || state->note == NOTE_PROMPT;
}

/*
 * Whether this round goes on with the send whose last round was noted: what tx_queue has grown by
 * is what was copied since. A send that is done has nothing left, and one that was cut short goes
 * on only after an ACK, which takes the note.
 */
static __always_inline bool send_goes_on(const struct socket_state *state,
					 const struct queues *queues, __u32 left_bytes)
{
	__u32 added_bytes = queues->tx_queue_bytes - state->gauge[GAUGE_TX_QUEUE].value_bytes;

	return note_is_send(state) && added_bytes &&
	       left_bytes + added_bytes == state->note_left_bytes;
}

/*
 * Whether this send is sure to put out a packet before it returns, which then dates its bytes:
 * nothing is in flight, so neither Nagle's rule nor autocorking nor the congestion window holds it
 * back; nobody asked for it to be held back; the peer has room; no timer paces it.
 */
static __always_inline bool send_is_prompt(const struct sock *sk, const struct tcp_sock *tp,
					   const struct msghdr *message, __u32 left_bytes)
{
	return !peek(tp->packets_out) && !(peek(message->msg_flags) & MSG_MORE) &&
	       peek(tp->snd_wnd) >= left_bytes && peek(sk->sk_pacing_status) != SK_PACING_NEEDED &&
	       !(peek_bits(tp, nonagle) & TCP_NAGLE_CORK);
}

/* What record_send() is told of a send: how much it has left, and whether it is sure to put out a
 * packet. */
static __always_inline int send_observe(struct sock *sk, __u32 left_bytes,
					const struct msghdr *message)
{
	struct socket_state *state = socket_find(sk);
	__u64 pid_thread = bpf_get_current_pid_tgid();
	const struct tcp_sock *tp;
	struct queues queues;
	__u64 now_ns;

	if (!state || !socket_used(sk, state, pid_thread))
		return 0;
	tp = kernel_object(struct tcp_sock, sk);
	socket_check_told(sk, state, tp);
	queues = queues_read(sk, tp, peek(tp->snd_una));
	if (send_goes_on(state, &queues, left_bytes)) {
		state->note = NOTE_NONE; /* added just now: socket_observe() dates it */
		if (config.trace_wanted)
			state->since_ns = state->note_ns;
	}
	socket_catch_up(sk, state, &queues);
	now_ns = socket_observe(sk, state, &queues);
	if (config.trace_wanted)
		state->since_ns = 0;
	if (!now_ns && !config.trace_wanted && message && tick_is_known() &&
	    send_is_prompt(sk, tp, message, left_bytes)) {
		state->note = NOTE_PROMPT;
		state->note_ns = bpf_jiffies64();
	} else {
		state->note = NOTE_SEND;
		state->note_ns = now_ns ? now_ns : bpf_ktime_get_ns();
	}
	state->note_left_bytes = left_bytes;
	state->note_thread = pid_thread;
	return 0;
}

/* Measurement point: the copy loop of a send begins a round. What earlier rounds added shows now. */
static __always_inline int record_send(struct sock *sk, const struct msghdr *message)
{
	/* All of it fits: MAX_RW_COUNT. */
	return send_observe(sk, peek(message->msg_iter.count), message);
}

/*
 * Where no tracepoint tells of each round of a send's copy loop: in it, before the next bytes are
 * copied, under the socket's lock. What earlier rounds have added shows now. The function's entry
 * has left a note, but a packet or an ACK in the meantime may have taken it: so each round leaves
 * one of its own. How much the send has left is not at hand.
 */
static __always_inline int record_send_round(struct sock *sk)
{
	__u64 pid_thread = bpf_get_current_pid_tgid();
	struct socket_state *state = socket_known(sk);
	const struct tcp_sock *tp;
	struct queues queues;
	__u64 now_ns;

	if (!state || !peek(sk->sk_lock.owned))
		return 0;
	tp = kernel_object(struct tcp_sock, sk);
	queues = queues_read(sk, tp, peek(tp->snd_una));
	if (note_is_send(state) && state->note_thread == (__u32)pid_thread) {
		/* The first round, of which the function's entry has told. */
		if (queues.tx_queue_bytes == state->gauge[GAUGE_TX_QUEUE].value_bytes)
			return 0;
		if (config.trace_wanted && state->note == NOTE_SEND)
			state->since_ns = state->note_ns;
		state->note = NOTE_NONE;
	}
	socket_catch_up(sk, state, &queues);
	now_ns = socket_observe(sk, state, &queues);
	if (config.trace_wanted)
		state->since_ns = 0;
	state->note = NOTE_SEND;
	state->note_ns = now_ns ? now_ns : bpf_ktime_get_ns();
	state->note_left_bytes = 0;
	state->note_thread = pid_thread;
	return 0;
}

/*
 * A new segment: where sendfile() and splice() add pages without copying, the only hook of a round.
 * Others make segments, too, whose packet or read this would not be.
 */
static __always_inline int record_send_segment(struct sock *sk)
{
	struct socket_state *state = socket_known(sk);

	if (!state || state->note == NOTE_ARRIVAL || state->note == NOTE_READ)
		return 0;
	return record_send_round(sk);
}

/* A page is about to be sent as it is (sendfile, splice), on kernels before 6.5. */
static __always_inline int record_send_page(struct sock *sk, __u32 bytes)
{
	return send_observe(sk, bytes, NULL);
}

/* The longest that the bytes of one round may take from its note to their packet. */
enum { SEND_NS_MAX = 1000000 };

/*
 * Measurement point: a packet goes out. If a send has just added its last bytes, this is the first
 * sight of them, 1 or 2 us after they were added. Only what the sending thread transmits itself, in
 * a system call that owns the socket, counts: an interrupt on top of it need not hold the socket's
 * lock. What comes much later than the note is a packet that was held back, and its bytes are older.
 */
static __always_inline int record_transmit(struct sk_buff *skb)
{
	struct sock *sk = peek(skb->sk);
	struct socket_state *state = sk ? socket_known(sk) : NULL;
	const struct tcp_sock *tp;
	struct queues queues;
	__u64 now_ns;

	if (!state || !note_is_send(state) || !peek(sk->sk_lock.owned) ||
	    state->note_thread != (__u32)bpf_get_current_pid_tgid())
		return 0;
	tp = kernel_object(struct tcp_sock, sk);
	queues = queues_read(sk, tp, peek(tp->snd_una));
	if (queues.tx_queue_bytes <= state->gauge[GAUGE_TX_QUEUE].value_bytes)
		return 0; /* older bytes, or an ACK of its own */
	now_ns = bpf_ktime_get_ns();
	if (state->note == NOTE_SEND && now_ns - state->note_ns > SEND_NS_MAX) {
		if (config.trace_wanted)
			state->until_ns = now_ns;
		now_ns = state->note_ns;
	} else if (config.trace_wanted && state->note == NOTE_SEND) {
		state->since_ns = state->note_ns;
	}
	gauge_set(state, GAUGE_TX_QUEUE, queues.tx_queue_bytes, now_ns, sk);
	if (config.trace_wanted) {
		state->since_ns = 0;
		state->until_ns = 0;
	}
	state->note = NOTE_NONE;
	return 0;
}

#endif
