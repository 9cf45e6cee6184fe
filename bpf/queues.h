/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_QUEUES_H
#define POLLGAP_QUEUES_H

/* A socket's queues as they are, and whether hooks were shown all the packets that made them so. */
#include "returned.h"

struct queues {
	__u32 rx_queue_bytes;
	__u32 tx_queue_bytes;
	__u32 rmem_bytes;
	__u32 rcv_nxt;
};

/* As /proc/net/tcp computes them: get_tcp4_sock(), v6.18. una: the first byte that counts as not
 * acknowledged. */
static __always_inline struct queues queues_read(const struct sock *sk, const struct tcp_sock *tp,
						 __u32 una)
{
	struct queues queues;
	__u32 rx_queue_bytes = peek(tp->rcv_nxt) - peek(tp->copied_seq);

	queues.rx_queue_bytes = (__s32)rx_queue_bytes < 0 ? 0 : rx_queue_bytes;
	queues.tx_queue_bytes = peek(tp->write_seq) - una;
	queues.rmem_bytes = peek(sk->sk_backlog.rmem_alloc.counter);
	queues.rcv_nxt = peek(tp->rcv_nxt);
	return queues;
}

static __always_inline bool state_is_closing(__u32 state)
{
	return state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2 || state == TCP_CLOSE_WAIT ||
	       state == TCP_CLOSING || state == TCP_LAST_ACK;
}

/*
 * Packets have come that no hook saw: an interrupt that ran on top of a hook's program lost them
 * (recursion), or the kernel hides what runs on top of some process from all tracing. That they
 * came is sure, and what they brought; not when, nor one by one.
 */
static __noinline int socket_unseen(struct sock *sk, struct socket_state *state)
{
	const struct tcp_sock *tp;
	struct queues queues;
	__u32 come_bytes;
	__u64 now_ns;

	if (!state)
		return 0;
	__sync_fetch_and_add(&shared.unseen_packets, 1);
	tp = kernel_object(struct tcp_sock, sk);
	queues = queues_read(sk, tp, peek(tp->snd_una));
	state->told_ack = peek(tp->snd_una);
	if ((__s32)(queues.rcv_nxt - state->told_seq) <= 0)
		return 0;
	come_bytes = queues.rcv_nxt - state->rcv_nxt;
	state->told_seq = queues.rcv_nxt;
	state->rcv_nxt = queues.rcv_nxt;
	state->note = NOTE_NONE;
	now_ns = bpf_ktime_get_ns();
	if (config.trace_wanted)
		state->since_ns = state->last_ns;
	gauge_set(state, GAUGE_RX_QUEUE, state->gauge[GAUGE_RX_QUEUE].value_bytes + come_bytes,
		  now_ns, sk);
	if (config.trace_wanted)
		state->since_ns = 0;
	return 0;
}

/* Whether hooks are shown every packet that comes to a socket in this state. */
static __always_inline bool state_is_shown(__u32 state)
{
	return state == TCP_ESTABLISHED || (shared.closing_watched && state_is_closing(state));
}

/* To be called where what was queued has been told of: before a packet, a read, a send, and a
 * change of state. */
static __always_inline void socket_check_told(struct sock *sk, struct socket_state *state,
					      const struct tcp_sock *tp)
{
	if (state_is_shown(peek(sk->__sk_common.skc_state)) &&
	    ((__s32)(peek(tp->rcv_nxt) - state->told_seq) > 0 ||
	     (__s32)(peek(tp->snd_una) - state->told_ack) > 0))
		socket_unseen(sk, state);
}

static __always_inline void socket_tell_seq(struct socket_state *state, __u32 seq)
{
	if ((__s32)(seq - state->told_seq) > 0)
		state->told_seq = seq;
}

#endif
