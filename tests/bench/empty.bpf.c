/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * Programs that do nothing, on the hooks that a capture has (src/source/backend.c): what is left of
 * the capture's cost beyond theirs is its own.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define EMPTY(name, hook)       \
	SEC("tp_btf/" hook)     \
	int name(void *context) \
	{                       \
		return 0;       \
	}

EMPTY(empty_enqueue, "sk_data_ready")
EMPTY(empty_ack, "tcp_probe")
EMPTY(empty_read, "tcp_rcv_space_adjust")
EMPTY(empty_send, "tcp_sendmsg_locked")
EMPTY(empty_transmit, "net_dev_queue")
EMPTY(empty_state, "inet_sock_set_state")
EMPTY(empty_destroy, "tcp_destroy_sock")
EMPTY(empty_queued, "netif_rx_exit")
EMPTY(empty_taken, "netif_receive_skb")
EMPTY(empty_round, "napi_poll")
EMPTY(empty_round_end, "softirq_exit")
