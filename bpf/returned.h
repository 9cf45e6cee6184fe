/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_RETURNED_H
#define POLLGAP_RETURNED_H

/*
 * What a system call had left when it returned, of a traced capture. The byte of a FIN and the
 * place of an urgent byte are taken with no hook behind them, and memory is freed behind the last
 * one. The hooks here fire without the socket's lock, so they change no gauge: they note what they
 * see in fields of their own, and the next hook under the lock brings the gauges up to it.
 */
#include "gauge.h"
#include "kernel_object.h"

static __always_inline void returned_note_read(struct socket_state *state, const struct sock *sk)
{
	__u64 now_ns = bpf_ktime_get_ns();
	const struct tcp_sock *tp = kernel_object(struct tcp_sock, sk);
	__u32 copied_seq = peek(tp->copied_seq);
	__u32 rmem_bytes = peek(sk->sk_backlog.rmem_alloc.counter);

	/* A read that finds nothing new leaves the one before to tell. */
	if (state->read_ns && state->read_copied_seq == copied_seq &&
	    state->read_rmem_bytes == rmem_bytes)
		return;
	state->read_copied_seq = copied_seq;
	state->read_rmem_bytes = rmem_bytes;
	state->read_since_ns = state->returned_ns;
	state->returned_ns = now_ns;
	state->read_ns = now_ns;
}

static __always_inline void returned_note_send(struct socket_state *state)
{
	if (state->note == NOTE_SEND && state->note_thread == (__u32)bpf_get_current_pid_tgid())
		state->sent_ns = bpf_ktime_get_ns();
}

/*
 * Brings the receive side to what it was when the last read returned. rcv_nxt: as it was then. Only
 * falls count: what a packet that comes meanwhile has added so far is that packet's.
 */
static __noinline int returned_catch_up(struct socket_state *state, __u32 rcv_nxt,
					const struct sock *sk)
{
	__u32 rx_queue_bytes, rmem_bytes;
	__u64 read_ns;

	if (!state)
		return 0;
	read_ns = state->read_ns;
	rmem_bytes = state->read_rmem_bytes;
	rx_queue_bytes = rcv_nxt - state->read_copied_seq;
	state->read_ns = 0;
	if (read_ns < state->last_ns)
		return 0; /* a hook that fired meanwhile has seen what came after */
	if (rmem_bytes < state->gauge[GAUGE_RMEM].value_bytes) {
		if (state->note == NOTE_READ)
			state->until_ns = read_ns;
		else
			state->since_ns = read_ns - SLACK_TOLD_NS;
		gauge_set(state, GAUGE_RMEM, rmem_bytes,
			  state->note == NOTE_READ ? state->note_ns : read_ns, sk);
		state->until_ns = 0;
		state->since_ns = 0;
	}
	if ((__s32)rx_queue_bytes >= 0 &&
	    rx_queue_bytes < state->gauge[GAUGE_RX_QUEUE].value_bytes) {
		state->since_ns = state->read_since_ns > state->last_ns ? state->read_since_ns :
									  state->last_ns;
		gauge_set(state, GAUGE_RX_QUEUE, rx_queue_bytes, read_ns, sk);
		state->since_ns = 0;
	}
	if (state->note == NOTE_READ)
		state->note = NOTE_NONE;
	return 0;
}

#endif
