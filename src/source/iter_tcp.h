/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_ITER_TCP_H
#define POLLGAP_ITER_TCP_H

#include "source/port_filter.h"
#include "source/source.h"

#include <stdint.h>

/*
 * The poller of source "iter": each turn has the kernel walk all TCP sockets of the network
 * namespace that the calling thread is in now, whoever reads them later, and a BPF program
 * (bpf/poll.bpf.c, Linux 5.9 and BTF) write a row of each. A turn moves the reading thread into
 * that namespace for good where it is in another one, since a walk is of its beginner's namespace.
 *
 * A row's window lies between two looks at the clock around the reading of that socket alone. The
 * walk takes each socket's lock as a system call of its owner would: it waits for one that is held,
 * and packets that come meanwhile wait for it (bpf_iter_tcp_seq_show(), v6.18).
 */
int iter_tcp_open(const struct port_filter *filter, struct source **ret_source,
		  struct failure *failure);

/* Rows that came in part since it was opened: 0 on every kernel known. */
uint64_t iter_tcp_cut(const struct source *source);

#endif
