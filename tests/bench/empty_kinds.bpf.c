/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * Programs that do nothing, one of each kind that a backend has (src/source/backend.c): what its
 * own programs take is told as a ratio over these. Which ones are loaded is the user's choice.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define EMPTY(name, hook)       \
	SEC("?" hook)           \
	int name(void *context) \
	{                       \
		return 0;       \
	}

EMPTY(empty_tp_btf, "tp_btf/tcp_probe")
EMPTY(empty_raw_tp, "raw_tp/tcp_probe")
EMPTY(empty_fentry, "fentry/tcp_rcv_established")
EMPTY(empty_kprobe, "kprobe/tcp_rcv_established")
