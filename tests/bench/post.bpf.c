/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * A yardstick: the instrument of the 2017 post, rebuilt from its description. For each IPv4 packet
 * that comes to a socket, sk_rmem_alloc + skb->data_len, its highest value and the sum of all, in a
 * hash by addresses and ports, without atomics. The post read and cleared the hash once a second;
 * nothing does here. It hung on a kprobe on tcp_v4_do_rcv(); tcp_probe, which comes a little later
 * on the same way, stands in for it: a kprobe costs more.
 */
#include "bpf/kernel_types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct post_key {
	__u32 local_address;
	__u32 remote_address;
	__u16 local_port;
	__u16 remote_port;
};

struct post_value {
	__u64 peak_bytes;
	__u64 total_bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct post_key);
	__type(value, struct post_value);
} queues SEC(".maps");

SEC("tp_btf/tcp_probe")
int BPF_PROG(post_packet, struct sock *sk, const struct sk_buff *skb)
{
	struct post_key key = { 0 };
	struct post_value *value, new_value = { 0 };
	__u32 rmem_bytes, gauge_bytes;

	if (BPF_CORE_READ(sk, __sk_common.skc_family) != AF_INET)
		return 0;
	key.local_address = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
	key.remote_address = BPF_CORE_READ(sk, __sk_common.skc_daddr);
	key.local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	key.remote_port = BPF_CORE_READ(sk, __sk_common.skc_dport);
	rmem_bytes = BPF_CORE_READ(sk, sk_backlog.rmem_alloc.counter);
	gauge_bytes = rmem_bytes + BPF_CORE_READ(skb, data_len);
	value = bpf_map_lookup_elem(&queues, &key);
	if (!value) {
		new_value.peak_bytes = new_value.total_bytes = gauge_bytes;
		bpf_map_update_elem(&queues, &key, &new_value, BPF_ANY);
		return 0;
	}
	if (rmem_bytes > value->peak_bytes)
		value->peak_bytes = gauge_bytes;
	value->total_bytes += gauge_bytes;
	return 0;
}
