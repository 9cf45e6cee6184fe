/* SPDX-License-Identifier: BSD-2-Clause */
#include "source/backend.h"

#include "base/cleanup.h"
#include "base/failure.h"

#include <bpf/btf.h>
#include <errno.h>
#include <string.h>

const struct backend backends[] = {
	{
		.name = "tp_btf",
		.hook = {
			{ "tp_btf_enqueue", "btf_trace_sk_data_ready", POINT_ENQUEUE },
			{ "tp_btf_ack", "btf_trace_tcp_probe", POINT_ACK },
			{ "tp_btf_read", "btf_trace_tcp_rcv_space_adjust", POINT_READ },
			{ "tp_btf_send", "btf_trace_tcp_sendmsg_locked", POINT_SEND },
			{ "tp_btf_transmit", "btf_trace_net_dev_queue", POINT_SEND },
			{ "tp_btf_state", "btf_trace_inet_sock_set_state", POINT_BIRTH | POINT_DEATH },
			{ "tp_btf_destroy", "btf_trace_tcp_destroy_sock", POINT_DEATH },
			{ "tp_btf_accepted", "btf_trace_sys_exit", POINT_ACCEPT },
			{ "sockops_closing", NULL, POINT_CLOSING },
			{ "tp_btf_copy", "btf_trace_skb_copy_datagram_iovec", POINT_RETURN },
			{ "tp_btf_read_returned", "btf_trace_sock_recv_length", POINT_RETURN },
			{ "tp_btf_send_returned", "btf_trace_sock_send_length", POINT_RETURN },
			{ "tp_btf_queued", "btf_trace_netif_rx_exit", POINT_BACKLOG },
			{ "tp_btf_taken", "btf_trace_netif_receive_skb", POINT_BACKLOG },
			{ "tp_btf_round", "btf_trace_napi_poll", POINT_BACKLOG },
			{ "tp_btf_round_end", "btf_trace_softirq_exit", POINT_BACKLOG },
		},
	},
	/* For kernels without these tracepoints (before 6.16). Their hooks call the same core: bpf/core.h. */
	{ .name = "fentry", .missing = "pollgap has no fentry hooks yet" },
	{ .name = "kprobe", .missing = "pollgap has no kprobe hooks yet" },
	{ .name = NULL },
};

static void btf_freep(struct btf **btf)
{
	btf__free(*btf);
}

const struct backend *backend_find(const char *name)
{
	for (const struct backend *backend = backends; backend->name; backend++) {
		if (strcmp(backend->name, name) == 0)
			return backend;
	}
	return NULL;
}

unsigned backend_points(const struct backend *backend)
{
	unsigned points = 0;

	for (const struct hook *hook = backend->hook; hook->program; hook++)
		points |= hook->points;
	return points;
}

int backend_check(const struct backend *backend, struct failure *failure)
{
	_cleanup_(btf_freep) struct btf *btf = NULL;

	if (backend->missing)
		return failure_set(failure, ENOTSUP, "%s", backend->missing);
	btf = btf__load_vmlinux_btf();
	if (!btf)
		return failure_set(
			failure, ENOTSUP,
			"this kernel has no type information (/sys/kernel/btf/vmlinux): use one built with "
			"CONFIG_DEBUG_INFO_BTF=y, as distributions' kernels from 5.10 on are");
	for (const struct hook *hook = backend->hook; hook->program; hook++) {
		if (hook->kernel_type &&
		    btf__find_by_name_kind(btf, hook->kernel_type, BTF_KIND_TYPEDEF) < 0)
			return failure_set(
				failure, ENOTSUP,
				"this kernel has no tracepoint %s; the backend needs Linux 6.16 or later",
				hook->kernel_type + strlen("btf_trace_"));
	}
	return 0;
}
