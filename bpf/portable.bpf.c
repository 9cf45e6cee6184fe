/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The same measurement for kernels that lack what pollgap.bpf.c stands on: raw tracepoints where
 * the kernel has them, fentry or kprobes where it has not, a hash in place of socket storage,
 * bpf_core_read() in place of loads. From Linux 5.10 on.
 */
#define POLLGAP_PORTABLE

#include "kernel_types.h"

#include <linux/ptrace.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "backlog.h"
#include "core.h"
#include "walk.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The hooks, one line each: src/source/backend.c has what each of them needs. */

SEC("?raw_tp/sk_data_ready")
int BPF_PROG(raw_tp_enqueue, struct sock *sk)
{
	return record_enqueue(sk);
}

SEC("?fentry/sock_def_readable")
int BPF_PROG(fentry_enqueue, struct sock *sk)
{
	return record_enqueue(sk);
}

SEC("?kprobe/sock_def_readable")
int BPF_KPROBE(kprobe_enqueue, struct sock *sk)
{
	return record_enqueue(sk);
}

SEC("?raw_tp/tcp_probe")
int BPF_PROG(raw_tp_ack, struct sock *sk, const struct sk_buff *skb)
{
	return record_ack(sk, skb);
}

SEC("?fentry/tcp_rcv_state_process")
int BPF_PROG(fentry_closing_packet, struct sock *sk, const struct sk_buff *skb)
{
	return record_closing_packet(sk, skb);
}

SEC("?kprobe/tcp_rcv_state_process")
int BPF_KPROBE(kprobe_closing_packet, struct sock *sk, const struct sk_buff *skb)
{
	return record_closing_packet(sk, skb);
}

SEC("?raw_tp/tcp_rcv_space_adjust")
int BPF_PROG(raw_tp_read, struct sock *sk)
{
	return record_read(sk);
}

SEC("?raw_tp/skb_copy_datagram_iovec")
int BPF_PROG(raw_tp_copy, const struct sk_buff *skb)
{
	return record_copy(skb);
}

SEC("?raw_tp/tcp_sendmsg_locked")
int BPF_PROG(raw_tp_send, struct sock *sk, const struct msghdr *message)
{
	return record_send(sk, message);
}

SEC("?fentry/tcp_sendmsg_locked")
int BPF_PROG(fentry_send, struct sock *sk, const struct msghdr *message)
{
	return record_send(sk, message);
}

SEC("?kprobe/tcp_sendmsg_locked")
int BPF_KPROBE(kprobe_send, struct sock *sk, const struct msghdr *message)
{
	return record_send(sk, message);
}

SEC("?fentry/sk_page_frag_refill")
int BPF_PROG(fentry_send_round, struct sock *sk)
{
	return record_send_round(sk);
}

SEC("?kprobe/sk_page_frag_refill")
int BPF_KPROBE(kprobe_send_round, struct sock *sk)
{
	return record_send_round(sk);
}

SEC("?fentry/do_tcp_sendpages")
int BPF_PROG(fentry_send_page, struct sock *sk, void *page, int offset, unsigned long bytes)
{
	return record_send_page(sk, bytes);
}

SEC("?kprobe/do_tcp_sendpages")
int BPF_KPROBE(kprobe_send_page, struct sock *sk, void *page, int offset, unsigned long bytes)
{
	return record_send_page(sk, bytes);
}

SEC("?raw_tp/net_dev_queue")
int BPF_PROG(raw_tp_transmit, struct sk_buff *skb)
{
	return record_transmit(skb);
}

SEC("?raw_tp/sock_recv_length")
int BPF_PROG(raw_tp_read_returned, struct sock *sk, int result)
{
	return record_read_returned(sk, result);
}

SEC("?raw_tp/sock_send_length")
int BPF_PROG(raw_tp_send_returned, struct sock *sk, int result)
{
	return record_send_returned(sk, result);
}

SEC("?fentry/release_sock")
int BPF_PROG(fentry_release, struct sock *sk)
{
	return record_release(sk);
}

SEC("?kprobe/release_sock")
int BPF_KPROBE(kprobe_release, struct sock *sk)
{
	return record_release(sk);
}

SEC("?raw_tp/inet_sock_set_state")
int BPF_PROG(raw_tp_state, struct sock *sk, int old_state, int new_state)
{
	return record_state(sk, old_state, new_state);
}

SEC("?raw_tp/tcp_destroy_sock")
int BPF_PROG(raw_tp_destroy, struct sock *sk)
{
	return record_death(sk);
}

SEC("?raw_tp/sys_exit")
int BPF_PROG(raw_tp_accepted, struct pt_regs *regs, long result)
{
	return record_accepted((const struct pt_regs___accept *)regs, result);
}

SEC("?fexit/inet_csk_accept")
int BPF_PROG(fentry_accepted, struct sock *sk)
{
	return record_accept_returned(sk);
}

SEC("?raw_tp/netif_rx_exit")
int BPF_PROG(raw_tp_queued, int result)
{
	return record_backlog_queued(result);
}

SEC("?raw_tp/netif_receive_skb")
int BPF_PROG(raw_tp_taken)
{
	return record_backlog_taken();
}

SEC("?raw_tp/napi_poll")
int BPF_PROG(raw_tp_round, const struct napi_struct *napi, int work)
{
	return record_round(napi, work);
}

SEC("?raw_tp/softirq_exit")
int BPF_PROG(raw_tp_round_end, unsigned int vector)
{
	return record_round_end(vector);
}

/* Has the kernel give each connection its cookie before it is ESTABLISHED: only it can. */
SEC("?sockops")
int sockops_cookie(struct bpf_sock_ops *context)
{
	if (context->op == BPF_SOCK_OPS_TCP_CONNECT_CB ||
	    context->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
		bpf_get_socket_cookie(context);
	return 1;
}

/* In the kernel's own type information's absence there is no iterator: user space runs this for
 * each socket that it knows of. */
SEC("?raw_tp")
int BPF_PROG(walk_known, struct sock *sk)
{
	return walk_socket(sk);
}

SEC("?iter/tcp")
int walk_sockets(struct bpf_iter__tcp *context)
{
	return record_walk(context->sk_common);
}
