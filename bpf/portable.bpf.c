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

#include "hooks.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("?kprobe/sock_def_readable")
int BPF_KPROBE(kprobe_enqueue, struct sock *sk)
{
	return record_enqueue(sk);
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

SEC("?fentry/tcp_rate_gen")
int BPF_PROG(fentry_acked, struct sock *sk)
{
	return record_acked(sk);
}

SEC("?kprobe/tcp_rate_gen")
int BPF_KPROBE(kprobe_acked, struct sock *sk)
{
	return record_acked(sk);
}

SEC("?fentry/tcp_newly_delivered")
int BPF_PROG(fentry_delivered, struct sock *sk)
{
	return record_acked(sk);
}

SEC("?kprobe/tcp_newly_delivered")
int BPF_KPROBE(kprobe_delivered, struct sock *sk)
{
	return record_acked(sk);
}

SEC("?kprobe/tcp_sendmsg_locked")
int BPF_KPROBE(kprobe_send, struct sock *sk, const struct msghdr *message)
{
	return record_send(sk, message);
}

SEC("?kprobe/sk_page_frag_refill")
int BPF_KPROBE(kprobe_send_round, struct sock *sk)
{
	return record_send_round(sk);
}

SEC("?kprobe/tcp_stream_alloc_skb")
int BPF_KPROBE(kprobe_send_segment, struct sock *sk)
{
	return record_send_segment(sk);
}

SEC("?kprobe/do_tcp_sendpages")
int BPF_KPROBE(kprobe_send_page, struct sock *sk, void *page, int offset, unsigned long bytes)
{
	return record_send_page(sk, bytes);
}

SEC("?kprobe/release_sock")
int BPF_KPROBE(kprobe_release, struct sock *sk)
{
	return record_release(sk);
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
