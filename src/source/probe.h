/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_PROBE_H
#define POLLGAP_PROBE_H

#include "bpf/record.h"
#include "source/source.h"

#include <stdbool.h>
#include <stdint.h>

struct backend;
struct failure;

/*
 * The kernel side, seen from user space: a source whose turns drain the ring buffer. Its life:
 * probe_open() loads and attaches, probe_start() begins the measurement, turns; probe_stop() sets
 * its end, probe_collect() has the kernel hand over what is still open, a last turn takes it.
 */
struct probe_options {
	const struct backend *backend;
	uint32_t threshold[THRESHOLDS_MAX]; /* bytes, or per cent of the limit; ascending */
	unsigned thresholds;
	bool thresholds_in_percent;
	uint16_t port[PORTS_MAX]; /* local or remote; none: all */
	unsigned ports;
	uint32_t pid; /* only sockets that this process reads or writes; 0: all */
	uint32_t accept_threshold; /* the lowest, in connections; 0: accept queues are not measured */
	bool trace; /* every change too: struct record_events */
	bool blog; /* the gauge of a post of 2017 too: struct record_blog */
	bool accept_exact; /* at the price of a hook on every system call's exit */
	uint32_t backlog_threshold_packets[BACKLOG_THRESHOLDS_MAX]; /* ascending */
	unsigned backlog_thresholds; /* 0: the CPUs' backlog is not measured */
	uint32_t netns_inode; /* sockets of this network namespace; the walks see the caller's own */
	uint64_t summary_period_ns;
	uint32_t ring_bytes; /* a power of two, at least a page */
	const char *btf; /* a file of type information in place of the kernel's own; NULL: that */
	uint32_t sockets_max; /* that a backend without socket storage follows; 0: 16,384 */
};

int probe_open(const struct probe_options *options, struct source **ret_source,
	       struct failure *failure);

/* Where the CPUs' backlog is measured: has each CPU receive a packet over the loopback device of
 * the calling thread's network namespace, by which the kernel side learns where the backlog is. */
void probe_wake(struct source *source);

/* Whether its programs can only read the cookie of a socket, and not have the kernel make it: then
 * somebody else must ask for those of older sockets before probe_start(). */
bool probe_reads_cookies(const struct source *source);

/* From *ret_start_ns on every change is measured; it has just passed when this returns, and sockets
 * that were open by then have their state. */
int probe_start(struct source *source, uint64_t *ret_start_ns, struct failure *failure);

/* Changes at or after the returned instant don't count: stop_ns, or if that is over, or too near
 * for the programs to know of it in time, the next one that is not. A later end than the one that
 * is set changes nothing. */
uint64_t probe_stop(struct source *source, uint64_t stop_ns);

/* After stop_ns: open spikes and unfinished periods are put into the ring; the turns after this
 * take them. */
int probe_collect(struct source *source, struct failure *failure);

/* Nothing is left in the ring, nor open in the CPUs' backlogs. A turn may leave something: it stops
 * at a record that a program has begun to write. */
bool probe_drained(struct source *source);

/* What the kernel refused and a capture goes without, "tcp_rate_gen(), sockops_closing"; "" where
 * that is nothing. */
void probe_lacks(const struct source *source, char *text, size_t text_bytes);

/* What the kernel side has lost since probe_start(), by cause: "ring_buffer_full:spike",
 * "recursion_misses", … */
int probe_losses(const struct source *source,
		 int (*each)(void *context, const char *cause, uint64_t count), void *context);

/* How many times the programs ran, and for how long, while the kernel kept count: between
 * probe_timing_begin() and _end(). */
struct probe_timing {
	uint64_t start_ns;
	uint64_t end_ns;
	uint64_t runs;
	uint64_t run_ns;
};

/* Counting costs each run two readings of a clock, so it is done for short stretches. Returns
 * -errno where refused. */
int probe_timing_begin(struct source *source, struct probe_timing *ret_timing);
int probe_timing_end(struct source *source, struct probe_timing *timing);

#endif
