/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#include "kernel_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#include "backlog.h"
#include "core.h"
#include "walk.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * The hooks, one line each, by backend. src/source/backend.c lists which ones make a backend; none
 * is loaded unless its backend is chosen.
 */

/* tp_btf: needs bpf_rdonly_cast() (6.2); the tracepoints sk_data_ready came with 6.3,
 * tcp_sendmsg_locked with 6.16. */

SEC("?tp_btf/sk_data_ready")
int BPF_PROG(tp_btf_enqueue, struct sock *sk)
{
	return record_enqueue(sk);
}

SEC("?tp_btf/tcp_probe")
int BPF_PROG(tp_btf_ack, struct sock *sk, const struct sk_buff *skb)
{
	return record_ack(sk, skb);
}

SEC("?sockops")
int sockops_closing(struct bpf_sock_ops *context)
{
	return record_closing(context);
}

SEC("?tp_btf/tcp_rcv_space_adjust")
int BPF_PROG(tp_btf_read, struct sock *sk)
{
	return record_read(sk);
}

SEC("?tp_btf/skb_copy_datagram_iovec")
int BPF_PROG(tp_btf_copy, const struct sk_buff *skb)
{
	return record_copy(skb);
}

SEC("?tp_btf/tcp_sendmsg_locked")
int BPF_PROG(tp_btf_send, struct sock *sk, const struct msghdr *message)
{
	return record_send(sk, message);
}

SEC("?tp_btf/net_dev_queue")
int BPF_PROG(tp_btf_transmit, struct sk_buff *skb)
{
	return record_transmit(skb);
}

SEC("?tp_btf/sock_recv_length")
int BPF_PROG(tp_btf_read_returned, struct sock *sk, int result)
{
	return record_read_returned(sk, result);
}

SEC("?tp_btf/sock_send_length")
int BPF_PROG(tp_btf_send_returned, struct sock *sk, int result)
{
	return record_send_returned(sk, result);
}

SEC("?tp_btf/inet_sock_set_state")
int BPF_PROG(tp_btf_state, struct sock *sk, int old_state, int new_state)
{
	return record_state(sk, old_state, new_state);
}

SEC("?tp_btf/tcp_destroy_sock")
int BPF_PROG(tp_btf_destroy, struct sock *sk)
{
	return record_death(sk);
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(tp_btf_accepted, struct pt_regs *regs, long result)
{
	return record_accepted((const struct pt_regs___accept *)regs, result);
}

SEC("?tp_btf/netif_rx_exit")
int BPF_PROG(tp_btf_queued, int result)
{
	return record_backlog_queued(result);
}

SEC("?tp_btf/netif_receive_skb")
int BPF_PROG(tp_btf_taken)
{
	return record_backlog_taken();
}

SEC("?tp_btf/napi_poll")
int BPF_PROG(tp_btf_round, const struct napi_struct *napi, int work)
{
	return record_round(napi, work);
}

SEC("?tp_btf/softirq_exit")
int BPF_PROG(tp_btf_round_end, unsigned int vector)
{
	return record_round_end(vector);
}

/* fentry: in place of the tracepoints that a kernel from 6.2 on lacks. */

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

/* Shared by all backends. */
SEC("?iter/tcp")
int walk_sockets(struct bpf_iter__tcp *context)
{
	return record_walk(context->sk_common);
}
