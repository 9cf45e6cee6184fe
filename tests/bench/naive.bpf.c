/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * A yardstick: every event of the queues as one would write it down first. A hash by socket, each
 * member by BPF_CORE_READ, the clock, and a record for each event, with the wake-up that a ring
 * buffer makes by itself.
 */
#include "bpf/kernel_types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct naive_event {
	__u64 time_ns;
	__u64 socket;
	__u32 rx_queue_bytes;
	__u32 tx_queue_bytes;
	__u32 rmem_bytes;
	__u32 padding;
};

struct naive_peak {
	__u32 rx_queue_bytes;
	__u32 tx_queue_bytes;
	__u32 rmem_bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct naive_peak);
} peaks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 24);
} events SEC(".maps");

static __always_inline void peak_raise(__u32 *peak_bytes, __u32 value_bytes)
{
	if (value_bytes > *peak_bytes)
		*peak_bytes = value_bytes;
}

static __always_inline int naive_observe(struct sock *sk)
{
	const struct tcp_sock *tp = (const struct tcp_sock *)sk;
	const struct naive_peak none = { 0 };
	struct naive_event event = { 0 };
	struct naive_peak *peak;

	event.time_ns = bpf_ktime_get_ns();
	event.socket = (__u64)sk;
	event.rx_queue_bytes = BPF_CORE_READ(tp, rcv_nxt) - BPF_CORE_READ(tp, copied_seq);
	event.tx_queue_bytes = BPF_CORE_READ(tp, write_seq) - BPF_CORE_READ(tp, snd_una);
	event.rmem_bytes = BPF_CORE_READ(sk, sk_backlog.rmem_alloc.counter);
	peak = bpf_map_lookup_elem(&peaks, &event.socket);
	if (!peak) {
		bpf_map_update_elem(&peaks, &event.socket, &none, BPF_ANY);
		peak = bpf_map_lookup_elem(&peaks, &event.socket);
	}
	if (peak) {
		peak_raise(&peak->rx_queue_bytes, event.rx_queue_bytes);
		peak_raise(&peak->tx_queue_bytes, event.tx_queue_bytes);
		peak_raise(&peak->rmem_bytes, event.rmem_bytes);
	}
	bpf_ringbuf_output(&events, &event, sizeof(event), 0);
	return 0;
}

SEC("tp_btf/sk_data_ready")
int BPF_PROG(naive_enqueue, struct sock *sk)
{
	return naive_observe(sk);
}

SEC("tp_btf/tcp_probe")
int BPF_PROG(naive_ack, struct sock *sk)
{
	return naive_observe(sk);
}

SEC("tp_btf/tcp_rcv_space_adjust")
int BPF_PROG(naive_read, struct sock *sk)
{
	return naive_observe(sk);
}

SEC("tp_btf/tcp_sendmsg_locked")
int BPF_PROG(naive_send, struct sock *sk)
{
	return naive_observe(sk);
}
