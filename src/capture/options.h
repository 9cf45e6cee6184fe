/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_OPTIONS_H
#define POLLGAP_OPTIONS_H

#include "base/clock.h"
#include "bpf/record.h"
#include "source/schedule.h"

#include <stdbool.h>
#include <stdint.h>

enum { POLLERS_MAX = 8 };

/* The shortest poll period: below it a poller would only measure its own system calls. */
enum { POLL_PERIOD_MIN_NS = 200 * NS_PER_US };

struct poller_options {
	const char *source; /* "proc" or "sock_diag": poller_kinds[] */
	uint64_t period_ns; /* 0: the shortest that this machine keeps */
	bool page_reads; /* a page a read(2) instead of a row */
};

/* What a capture is to do. Strings are the caller's and outlive the capture. */
struct capture_options {
	const char *path;
	uint64_t duration_ns; /* 0: until it is stopped, or command ends */
	char *const *command; /* NULL, or what runs meanwhile, as execvp() wants it */
	uint64_t warm_up_ns; /* how long command runs before the capture begins */
	char *const *command_line; /* pollgap's own from "capture" on, for the record */
	uint16_t port[PORTS_MAX]; /* local or remote; none: all */
	unsigned ports;
	struct poller_options poller[POLLERS_MAX];
	unsigned pollers;
	enum jitter jitter; /* of all of them */
	uint64_t softnet_period_ns;
	uint32_t threshold[THRESHOLDS_MAX]; /* bytes, or per cent; ascending, each once */
	unsigned thresholds;
	bool thresholds_in_percent; /* of sk_rcvbuf or sk_sndbuf at the time */
	uint32_t accept_threshold[THRESHOLDS_MAX]; /* connections, ascending; none: accept queues
						      are not measured */
	unsigned accept_thresholds;
	bool trace; /* every change is kept */
	bool blog; /* the gauge of a post of 2017 too, for export --blog */
	bool accept_exact; /* date accept(2) by the exit of the system call: it costs */
	bool accept_chosen; /* by the user: none may be wanted */
	uint32_t backlog_threshold[BACKLOG_THRESHOLDS_MAX]; /* packets, ascending; none: the CPUs'
							       backlog is not measured */
	unsigned backlog_thresholds;
	bool backlog_chosen;
	const char *netns; /* a network namespace's name or path; NULL: the caller's own */
	uint32_t pid; /* only sockets that this process reads or writes; 0: all */
	uint64_t summary_period_ns;
	uint64_t min_spike_ns; /* a shorter spike that no poller saw is folded; 0: none is */
	const char *backend; /* "auto", or a name in backends[] */
	const char *label; /* NULL: none */
	unsigned realtime_priority; /* SCHED_FIFO of the pollers; 0: ordinary */
	uint32_t ring_bytes; /* a power of two */
	const char *btf; /* a file of type information; NULL: the kernel's own */
	uint32_t sockets_max; /* of backends without socket storage */
	uint32_t queue_bytes; /* what may wait for the writer */
	bool verbose;
};

#endif
