/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_HOOKS_H
#define POLLGAP_HOOKS_H

/*
 * The hooks that both objects have, one line each: src/source/backend.c has what each of them
 * needs, and which ones make a backend; none is loaded unless it is chosen.
 */
#include "backlog.h"
#include "walk.h"

#ifdef POLLGAP_PORTABLE
#define TRACEPOINT "?raw_tp/"
#else
#define TRACEPOINT "?tp_btf/"
#endif

SEC(TRACEPOINT "sk_data_ready")
int BPF_PROG(tracepoint_enqueue, struct sock *sk)
{
	return record_enqueue(sk);
}

SEC(TRACEPOINT "tcp_probe")
int BPF_PROG(tracepoint_ack, struct sock *sk, const struct sk_buff *skb)
{
	return record_ack(sk, skb);
}

SEC(TRACEPOINT "tcp_rcv_space_adjust")
int BPF_PROG(tracepoint_read, struct sock *sk)
{
	return record_read(sk);
}

SEC(TRACEPOINT "skb_copy_datagram_iovec")
int BPF_PROG(tracepoint_copy, const struct sk_buff *skb)
{
	return record_copy(skb);
}

SEC(TRACEPOINT "tcp_sendmsg_locked")
int BPF_PROG(tracepoint_send, struct sock *sk, const struct msghdr *message)
{
	return record_send(sk, message);
}

SEC(TRACEPOINT "net_dev_queue")
int BPF_PROG(tracepoint_transmit, struct sk_buff *skb)
{
	return record_transmit(skb);
}

SEC(TRACEPOINT "sock_recv_length")
int BPF_PROG(tracepoint_read_returned, struct sock *sk, int result)
{
	return record_read_returned(sk, result);
}

SEC(TRACEPOINT "sock_send_length")
int BPF_PROG(tracepoint_send_returned, struct sock *sk, int result)
{
	return record_send_returned(sk, result);
}

SEC(TRACEPOINT "inet_sock_set_state")
int BPF_PROG(tracepoint_state, struct sock *sk, int old_state, int new_state)
{
	return record_state(sk, old_state, new_state);
}

SEC(TRACEPOINT "tcp_destroy_sock")
int BPF_PROG(tracepoint_destroy, struct sock *sk)
{
	return record_death(sk);
}

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
