/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_CLOSING_H
#define POLLGAP_CLOSING_H

/*
 * Connections that are being closed: no tracepoint sees their packets come, as tcp_probe does in
 * state ESTABLISHED only. A sockops program does, if the socket asks for it: it is called for each
 * packet, under the socket's lock, before its ACK is applied. So each connection is asked to tell
 * its changes of state, and to show its packets from its first FIN on. Before that it costs
 * nothing. What was asked for on its behalf is taken back when the capture ends, but for accepted
 * connections: those may be asked before they have a state. Without a program it has no effect.
 */
#include "core.h"

#ifdef POLLGAP_PORTABLE

/* Measurement point: a packet has come to a connection that is not, or no longer, ESTABLISHED. */
static __always_inline int record_closing_packet(struct sock *sk, const struct sk_buff *skb)
{
	struct socket_state *state = socket_known(sk);

	if (!state || !state_is_closing(peek(sk->__sk_common.skc_state)))
		return 0;
	return packet_observe(sk, state, skb);
}

/* Of a traced capture: an ACK has been applied. Here no socket is asked to tell it. */
static __always_inline int record_acked(struct sock *sk)
{
	struct socket_state *state = socket_known(sk);

	if (state)
		trace_ack_done(state);
	return 0;
}

/* Nothing was asked for on a socket's behalf. */
static __always_inline void closing_watch(struct sock *sk, struct socket_state *state)
{
	(void)sk;
	(void)state;
}

static __always_inline void closing_leave(struct sock *sk, struct socket_state *state)
{
	(void)sk;
	(void)state;
}

#else

extern void *bpf_cast_to_kern_ctx(void *context) __ksym;

/* include/uapi/linux/bpf.h, v6.18, and include/linux/socket.h: newer headers have the first one. */
enum { OPTION_CB_FLAGS = 1008, LEVEL_TCP = 6 };

/* What every connection is asked to tell. A traced capture wants to know when an ACK has been
 * applied: tcp_bpf_rtt() is called right after that, v6.18. */
static __always_inline __u32 closing_flags(void)
{
	return BPF_SOCK_OPS_STATE_CB_FLAG | (config.trace_wanted ? BPF_SOCK_OPS_RTT_CB_FLAG : 0);
}

/* Adds what the socket has not been asked to tell yet, by us or anybody else. */
static __always_inline void closing_ask(struct bpf_sock_ops *context, struct socket_state *state,
					__u32 flags)
{
	__u32 had_flags = context->bpf_sock_ops_cb_flags;

	if (state)
		state->asked_flags |= flags & ~had_flags;
	bpf_sock_ops_cb_flags_set(context, had_flags | flags);
}

/* Measurement point: a packet has come to a connection that is being closed. */
static __always_inline int record_closing(struct bpf_sock_ops *context)
{
	const struct bpf_sock_ops_kern *kernel_context = bpf_cast_to_kern_ctx(context);
	struct sock *kernel_sk = kernel_context->sk;
	struct bpf_sock *sk = context->sk;
	struct socket_state *state;

	if (!sk || !socket_is_wanted(kernel_sk))
		return 1;
	state = bpf_sk_storage_get(&sockets, sk, NULL, 0);
	if (state && state->closed)
		return 1;
	switch (context->op) {
	case BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB:
	case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
		closing_ask(context, state, closing_flags());
		break;
	case BPF_SOCK_OPS_STATE_CB:
		if (state_is_closing(context->args[1]))
			closing_ask(context, state, BPF_SOCK_OPS_PARSE_ALL_HDR_OPT_CB_FLAG);
		break;
	case BPF_SOCK_OPS_RTT_CB:
		if (state)
			trace_ack_done(state);
		break;
	case BPF_SOCK_OPS_PARSE_HDR_OPT_CB:
		if (state && state_is_closing(context->state))
			packet_observe(kernel_sk, state, kernel_context->skb);
		break;
	default:
		break;
	}
	return 1;
}

static __always_inline void closing_set_flags(struct sock *sk, int flags)
{
	bpf_setsockopt(sk, LEVEL_TCP, OPTION_CB_FLAGS, &flags, sizeof(flags));
}

/* A connection that is older than the capture: nobody saw it established. */
static __always_inline void closing_watch(struct sock *sk, struct socket_state *state)
{
	__u32 had_flags = kernel_object(struct tcp_sock, sk)->bpf_sock_ops_cb_flags;
	__u32 flags = closing_flags();

	if (!shared.closing_watched)
		return;
	if (state_is_closing(peek(sk->__sk_common.skc_state)))
		flags |= BPF_SOCK_OPS_PARSE_ALL_HDR_OPT_CB_FLAG;
	state->asked_flags |= flags & ~had_flags;
	closing_set_flags(sk, had_flags | flags);
}

/* The capture is over: the socket is left as it was. */
static __always_inline void closing_leave(struct sock *sk, struct socket_state *state)
{
	__u32 flags = kernel_object(struct tcp_sock, sk)->bpf_sock_ops_cb_flags;

	if (state->asked_flags & flags)
		closing_set_flags(sk, flags & ~state->asked_flags);
	state->asked_flags = 0;
}

#endif

#endif
