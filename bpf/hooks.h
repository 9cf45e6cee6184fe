/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_HOOKS_H
#define POLLGAP_HOOKS_H

/*
 * The hooks that both objects have, one line each: src/source/backend.c has what each of them
 * needs, and which ones make a backend; none is loaded unless it is chosen.
 */
#include "backlog.h"
#include "turn.h"
#include "walk.h"

#ifdef POLLGAP_PORTABLE
#define TRACEPOINT "?raw_tp/"
#else
#define TRACEPOINT "?tp_btf/"
#endif

/*
 * A hook whose program is loaded a second time, as again_NAME, where the kernel may take the
 * processor from a program halfway: until it has it back the kernel runs it for nobody else there,
 * and what other threads do is seen by the second one alone. first, second: what they do.
 */
#define HOOK_AGAIN(name, hook, first, second, ...)   \
	SEC(TRACEPOINT hook)                         \
	int BPF_PROG(tracepoint_##name, __VA_ARGS__) \
	{                                            \
		return (first);                      \
	}                                            \
                                                     \
	SEC(TRACEPOINT hook)                         \
	int BPF_PROG(again_##name, __VA_ARGS__)      \
	{                                            \
		return (second);                     \
	}

/*
 * Both do the same call. object: what the event is of. Where another thread passed the same hook
 * between the two, the second one does not know that the first one saw the event, and the call runs
 * twice: it finds nothing new then.
 */
#define HOOK_TWICE(name, hook, object, call, ...)                      \
	HOOK_AGAIN(name, hook, turn_take(TURN_##name, object, (call)), \
		   turn_was_taken(TURN_##name, object) ? 0 : (call), __VA_ARGS__)

HOOK_TWICE(enqueue, "sk_data_ready", sk, record_enqueue(sk), struct sock *sk)
HOOK_AGAIN(ack, "tcp_probe", record_ack(sk, skb), record_ack_again(sk, skb), struct sock *sk,
	   const struct sk_buff *skb)
HOOK_TWICE(read, "tcp_rcv_space_adjust", sk, record_read(sk), struct sock *sk)
HOOK_TWICE(copy, "skb_copy_datagram_iovec", skb, record_copy(skb), const struct sk_buff *skb)
HOOK_TWICE(send, "tcp_sendmsg_locked", sk, record_send(sk, message), struct sock *sk,
	   const struct msghdr *message)
HOOK_TWICE(transmit, "net_dev_queue", skb, record_transmit(skb), struct sk_buff *skb)
HOOK_TWICE(read_returned, "sock_recv_length", sk, record_read_returned(sk, result), struct sock *sk,
	   int result)
HOOK_TWICE(send_returned, "sock_send_length", sk, record_send_returned(sk, result), struct sock *sk,
	   int result)
HOOK_AGAIN(state, "inet_sock_set_state",
	   turn_take(TURN_state, sk, record_state(sk, old_state, new_state)),
	   turn_was_taken(TURN_state, sk) ? 0 : record_state_again(sk, old_state, new_state),
	   struct sock *sk, int old_state, int new_state)
HOOK_TWICE(destroy, "tcp_destroy_sock", sk, record_death(sk), struct sock *sk)

SEC(TRACEPOINT "sys_exit")
int BPF_PROG(tracepoint_accepted, struct pt_regs *regs, long result)
{
	return record_accepted((const struct pt_regs___accept *)regs, result);
}

SEC(TRACEPOINT "netif_rx_exit")
int BPF_PROG(tracepoint_queued, int result)
{
	return record_backlog_queued(result);
}

SEC(TRACEPOINT "netif_receive_skb")
int BPF_PROG(tracepoint_taken)
{
	return record_backlog_taken();
}

SEC(TRACEPOINT "napi_poll")
int BPF_PROG(tracepoint_round, const struct napi_struct *napi, int work)
{
	return record_round(napi, work);
}

SEC(TRACEPOINT "softirq_exit")
int BPF_PROG(tracepoint_round_end, unsigned int vector)
{
	return record_round_end(vector);
}

/* In place of the tracepoints that a kernel lacks. */

SEC("?fentry/sock_def_readable")
int BPF_PROG(fentry_enqueue, struct sock *sk)
{
	return record_enqueue(sk);
}

SEC("?fentry/tcp_sendmsg_locked")
int BPF_PROG(fentry_send, struct sock *sk, const struct msghdr *message)
{
	return record_send(sk, message);
}

SEC("?fentry/sk_page_frag_refill")
int BPF_PROG(fentry_send_round, struct sock *sk)
{
	return record_send_round(sk);
}

SEC("?fentry/tcp_stream_alloc_skb")
int BPF_PROG(fentry_send_segment, struct sock *sk)
{
	return record_send_segment(sk);
}

SEC("?fentry/do_tcp_sendpages")
int BPF_PROG(fentry_send_page, struct sock *sk, void *page, int offset, unsigned long bytes)
{
	return record_send_page(sk, bytes);
}

SEC("?fentry/release_sock")
int BPF_PROG(fentry_release, struct sock *sk)
{
	return record_release(sk);
}

SEC("?fexit/inet_csk_accept")
int BPF_PROG(fentry_accepted, struct sock *sk)
{
	return record_accept_returned(sk);
}

SEC("?iter/tcp")
int walk_sockets(struct bpf_iter__tcp *context)
{
	return record_walk(context->sk_common);
}

#endif
