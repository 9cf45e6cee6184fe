/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The poller of source `iter`: the kernel walks its TCP sockets, and this writes a row of each.
 * poll_portable.bpf.c is the same for kernels before 6.2. */
#include "kernel_types.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "kernel_object.h"
#include "polled_row.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline void row_address(struct polled_row *row, const struct sock_common *sk_common)
{
	row->family = peek(sk_common->skc_family);
	row->local_port = peek(sk_common->skc_num);
	row->remote_port = bpf_ntohs(peek(sk_common->skc_dport));
	if (row->family == AF_INET6) {
		BPF_CORE_READ_INTO(&row->local_address, sk_common, skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&row->remote_address, sk_common, skc_v6_daddr);
	} else {
		*(__u32 *)row->local_address = peek(sk_common->skc_rcv_saddr);
		*(__u32 *)row->remote_address = peek(sk_common->skc_daddr);
	}
	/* As get_openreq4() prints it, v6.18. */
	row->state = peek(sk_common->skc_state) == TCP_NEW_SYN_RECV ? TCP_SYN_RECV :
								      peek(sk_common->skc_state);
}

/* As get_tcp4_sock() computes them, v6.18; the walk holds the socket's lock. */
static __always_inline void row_queues(struct polled_row *row, struct sock *sk)
{
	const struct tcp_sock *tp = kernel_object(struct tcp_sock, sk);
	const struct socket *socket = peek(sk->sk_socket);
	const struct socket_alloc *alloc = NULL;
	__s32 rx_queue_bytes = peek(tp->rcv_nxt) - peek(tp->copied_seq);

	row->full = 1;
	if (socket)
		alloc = kernel_object(struct socket_alloc, socket);
	row->inode = alloc ? peek(alloc->vfs_inode.i_ino) : 0;
#ifdef POLLGAP_PORTABLE
	row->cookie = peek(sk->__sk_common.skc_cookie.counter);
#else
	row->cookie = bpf_get_socket_cookie(sk);
#endif
	row->rmem_bytes = peek(sk->sk_backlog.rmem_alloc.counter);
	row->backlog_bytes = peek(sk->sk_backlog.len);
	if (row->state == TCP_LISTEN) {
		row->rx_queue_bytes = peek(sk->sk_ack_backlog);
		return;
	}
	row->rx_queue_bytes = rx_queue_bytes < 0 ? 0 : rx_queue_bytes;
	row->tx_queue_bytes = peek(tp->write_seq) - peek(tp->snd_una);
}

SEC("iter/tcp")
int poll_sockets(struct bpf_iter__tcp *context)
{
	struct sock_common *sk_common = context->sk_common;
	struct polled_row row = { 0 };
	struct sock *sk;

	if (!sk_common ||
	    (peek(sk_common->skc_family) != AF_INET && peek(sk_common->skc_family) != AF_INET6))
		return 0;
	row.start_ns = bpf_ktime_get_ns();
	row_address(&row, sk_common);
	/* NULL for TIME_WAIT and request sockets. */
	sk = (struct sock *)bpf_skc_to_tcp_sock(sk_common);
	if (sk)
		row_queues(&row, sk);
	row.end_ns = bpf_ktime_get_ns();
	bpf_seq_write(context->meta->seq, &row, sizeof(row));
	return 0;
}
