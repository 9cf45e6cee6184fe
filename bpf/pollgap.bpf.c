/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The measurement by plain loads and socket storage: for kernels with bpf_rdonly_cast(), Linux 6.2.
 * The tracepoint sk_data_ready came with 6.3, tcp_sendmsg_locked with 6.16.
 */
#include "kernel_types.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "hooks.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("?sockops")
int sockops_closing(struct bpf_sock_ops *context)
{
	return record_closing(context);
}
