/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * Hides packets from pollgap, as a machine may that runs no program where they come: a connection
 * that is being closed shows its packets to a sockops program as long as it is asked to
 * (bpf/closing.h), and this takes that back with the first one. For a control group below the root:
 * its programs run before those of the root.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("sockops")
int hide_closing(struct bpf_sock_ops *context)
{
	if (context->op == BPF_SOCK_OPS_PARSE_HDR_OPT_CB)
		bpf_sock_ops_cb_flags_set(context, context->bpf_sock_ops_cb_flags &
							   ~BPF_SOCK_OPS_PARSE_ALL_HDR_OPT_CB_FLAG);
	return 1;
}
