/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_SOCK_DIAG_H
#define POLLGAP_SOCK_DIAG_H

#include "source/port_filter.h"
#include "source/source.h"

#include <stddef.h>
#include <stdint.h>

enum {
	/* As max_recvmsg_len is capped: netlink_recvmsg(), v6.18. */
	SOCK_DIAG_RECEIVE_BYTES_MAX = 32768,
	/*
	 * The least that loses nothing with pages of 4 KiB: more makes windows wider, and scans
	 * hardly shorter. Tried with 200 connected sockets (two processors, Linux 6.18, medians of
	 * 301 scans, mean of two series), window and scan: with 262,144 hash buckets 56 us and 0.98
	 * ms at 4096 bytes, 106 us and 1.06 ms at 8192, 295 us and 1.12 ms at 16384, 586 us
	 * and 1.08 ms at 32768; with 1,024 buckets 26 us and 0.32 ms, 52 us and 0.31 ms, 112 us and
	 * 0.30 ms, 226 us and 0.30 ms. A row a read(2) of /proc/net/tcp at the same time: 4 us
	 * and 5.4 ms, 3 us and 0.87 ms.
	 */
	SOCK_DIAG_RECEIVE_BYTES = 4096,
};

struct sock_diag_options {
	/*
	 * How much one recv(2) may return, and so how many rows the kernel reads in one call; 0:
	 * SOCK_DIAG_RECEIVE_BYTES. Less than the kernel fills at least (a page, or 8 KiB of a
	 * larger one: NLMSG_GOODSIZE) is raised to that, as what does not fit would be lost.
	 */
	size_t receive_bytes;
	/*
	 * Bit n: rows of state n are asked for. 0: all that /proc/net/tcp prints, but for TIME_WAIT
	 * and SYN_RECV, which have no queues.
	 */
	uint32_t states;
	struct port_filter filter;
};

/*
 * The payload of one SOCK_DIAG_BY_FAMILY answer: struct inet_diag_msg and its attributes, in memory
 * of any alignment. A row without INET_DIAG_SKMEMINFO (FIN_WAIT2 in its last, small form) has no
 * rmem. Returns 0, or -EBADMSG for anything that no kernel sends; *ret_sample is written on success
 * only, and its window is left 0.
 */
int sock_diag_parse(const void *payload, size_t payload_bytes, struct sample *ret_sample);

/*
 * The poller of source "sock_diag": each turn dumps all TCP sockets, those of IPv4 and then those
 * of IPv6, of the network namespace that the calling thread is in now, whoever reads them later.
 * What the kernel lacks is found here, not in the first turn.
 *
 * A row's window is that of the call in which the kernel filled the message that holds it, which is
 * the call before the one that returns it: the first message is filled within send(2)
 * (__netlink_dump_start()), each further one at the end of the recv(2) that took the one before
 * (netlink_recvmsg(), v6.18), one at a time.
 */
int sock_diag_open(const struct sock_diag_options *options, struct source **ret_source,
		   struct failure *failure);

/*
 * The same over a socket that is open already and that nobody else uses; it is closed with the
 * source, and on failure. Any socket that keeps messages apart will do: tests answer in the kernel's
 * place. Requests are numbered from 1 in nlmsg_seq; nothing is asked before the first turn.
 */
int sock_diag_open_on(int fd, const struct sock_diag_options *options, struct source **ret_source,
		      struct failure *failure);

/*
 * How many dumps since it was opened the kernel has called inconsistent (NLM_F_DUMP_INTR). 0 on
 * every kernel known: net/ipv4/inet_diag.c, v6.18, never sets cb->seq.
 */
uint64_t sock_diag_interrupted(const struct source *source);

#endif
