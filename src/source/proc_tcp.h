/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_PROC_TCP_H
#define POLLGAP_PROC_TCP_H

#include "bpf/record.h"
#include "source/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Everything but the last two members is filled in from the line; the window is the caller's. */
enum proc_tcp_line {
	PROC_TCP_ROW,
	PROC_TCP_HEADER, /* the line of column names */
};

/*
 * One line of /proc/net/tcp (family AF_INET) or tcp6 (AF_INET6), with or without its newline and
 * padding. TIME_WAIT and SYN_RECV rows, which are shorter, included. Returns enum proc_tcp_line, or
 * -EINVAL for anything else; *ret_sample is written for a row only, and its window is left 0.
 */
int proc_tcp_parse(const char *line, size_t line_bytes, uint16_t family, struct sample *ret_sample);

struct proc_tcp_options {
	/*
	 * NULL: the calling thread's, /proc/thread-self/net/tcp. Paths come from outside so that
	 * tests can give files.
	 */
	const char *tcp_path;
	/* NULL: likewise. A file that does not exist is no fault: IPv6 is off. */
	const char *tcp6_path;
	/* A page a read(2), as other pollers do it; else a row a read(2), for narrow windows. */
	bool page_reads;
	/* Keep rows with one of these as local or remote port; none: all. */
	uint16_t port[PORTS_MAX];
	unsigned ports;
};

/*
 * The poller of source "proc": each turn is one scan of both files. Rows of every state are handed
 * over. The files are opened here and stay open: they show the network namespace that the calling
 * thread is in now, whoever reads them later.
 */
int proc_tcp_open(const struct proc_tcp_options *options, struct source **ret_source,
		  struct failure *failure);

/*
 * How many lines a proc source could not parse since it was opened: a loss, and 0 on every kernel
 * known.
 */
uint64_t proc_tcp_unparsed(const struct source *source);

#endif
