/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_JUDGE_H
#define POLLGAP_JUDGE_H

#include "bpf/record.h"
#include "capture/options.h"

#include <stdint.h>

/*
 * Who saw which spike: a merge of closed spikes and polled samples, while the capture runs.
 *
 * A sample [read_start, read_end] shows one instant, so it sees at most one spike [start, end) of a
 * gauge and threshold: of those with start <= read_end and end > read_start the one with the
 * longest overlap, the earlier one of equals. Where there is more than one the sample is ambiguous.
 * src/store/query/seen_by_definition.sql says the same in SQL.
 *
 * The order in which things must come:
 *   - a socket's spikes of one gauge and threshold by their end, as the kernel closes them;
 *   - a poller's samples of one socket by their time, each only once every spike that ended before
 * its read_end has come;
 *   - judge_settle(passed_ns) once no poller will bring a sample that began before passed_ns.
 */

struct judge;

/* What is kept of one socket: the caller holds it beside its own, from judge_socket_new() to
 * judge_socket_free(). */
struct judge_socket;

struct judge_options {
	/* Ascending; all 0 where thresholds are in per cent, whose spikes each have one of their
	 * own. */
	uint32_t threshold_bytes[THRESHOLDS_MAX];
	unsigned thresholds;
	unsigned pollers;
	uint32_t poller_gauges[POLLERS_MAX]; /* bit per enum gauge that the poller reads */
	uint64_t spikes_max; /* how many may wait to be judged; more are lost, and counted */
};

/* One poller's sight of one spike. samples 0: it missed it. */
struct judge_sight {
	uint32_t polled_peak_bytes;
	uint32_t samples;
};

/*
 * Takes each spike once, when it is judged: sight[] has an entry for each poller. owner is
 * judge_socket_new()'s. Returns 0, or -errno, which ends judge_settle().
 */
typedef int judge_verdict(void *context, void *owner, const struct record_spike *spike,
			  const struct judge_sight *sight);

int judge_new(const struct judge_options *options, judge_verdict *verdict, void *context,
	      struct judge **ret_judge);
void judge_freep(struct judge **judge);

int judge_socket_new(struct judge *judge, void *owner, struct judge_socket **ret_socket);

/* -ENOMEM, or -ENOSPC where spikes_max wait already: the spike is lost. */
int judge_spike(struct judge *judge, struct judge_socket *socket, const struct record_spike *spike);

/* A spike has begun, of a threshold in per cent. It may come after samples that have seen it. */
void judge_opening(struct judge *judge, struct judge_socket *socket,
		   const struct record_opening *opening);

struct judge_sample {
	uint64_t read_start_ns;
	uint64_t read_end_ns;
	uint32_t value_bytes[GAUGES]; /* of the gauges that the poller reads */
};

int judge_sample(struct judge *judge, struct judge_socket *socket, unsigned poller,
		 const struct judge_sample *sample);

/* Judges every spike that ended before passed_ns. */
int judge_settle(struct judge *judge, uint64_t passed_ns);

/*
 * No more spikes or samples of this socket: what still waits for a later spike is decided without
 * one. The socket must outlive its spikes: judge_settle() past the last one's end comes before
 * judge_socket_free().
 */
int judge_socket_end(struct judge *judge, struct judge_socket *socket);
void judge_socket_free(struct judge *judge, struct judge_socket *socket);

/* How many spikes wait to be judged. */
uint64_t judge_waiting(const struct judge *judge);

/* Verdicts in per cent, one for each spike and poller, that may lack samples of the spike's
 * beginning, since it was told after too many of them. */
uint64_t judge_undecided(const struct judge *judge);

/* Samples of a poller that touched more than one spike of a gauge and threshold. */
uint64_t judge_ambiguous(const struct judge *judge, unsigned poller, unsigned gauge,
			 unsigned threshold_index);

/* Samples at or above a threshold in bytes that touched no spike: each contradicts the series. */
uint64_t judge_unexplained(const struct judge *judge, unsigned poller, unsigned gauge,
			   unsigned threshold_index);

#endif
