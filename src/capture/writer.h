/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_WRITER_H
#define POLLGAP_WRITER_H

#include "capture/judge.h"
#include "capture/options.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

struct channel;
struct failure;
struct probe_timing;
struct runner;
struct source;

/*
 * The one thread that writes: it takes the sources' batches from the channel, matches samples with
 * sockets, has the judge settle who saw which spike, folds the short unseen ones, and commits each
 * second.
 */
struct writer;

/* What the batches of a runner are. */
enum runner_kind { RUNNER_PROBE, RUNNER_SOFTNET, RUNNER_POLLER };

struct writer_runner {
	enum runner_kind kind;
	struct runner *runner;
	int64_t poller_id; /* of a poller */
	char name[64]; /* for losses: "proc:1s" */
	const struct poller_kind *poller; /* NULL: it is no poller */
};

enum { RUNNERS_MAX = POLLERS_MAX + 2 };

struct writer_options {
	struct store *store;
	struct channel *channel;
	const struct source *probe;
	struct writer_runner runner[RUNNERS_MAX]; /* by batch.runner */
	unsigned runners;
	struct store_ids ids; /* free from here on; the capture's own row is written already */
	uint32_t netns_inode;
	uint64_t poll_start_ns; /* every poller is on schedule from here on */
	uint64_t summary_period_ns;
	uint64_t min_spike_ns;
	uint32_t threshold[THRESHOLDS_MAX]; /* bytes, or per cent */
	unsigned thresholds;
	bool thresholds_in_percent;
	bool trace; /* keep every event */
	uint32_t accept_threshold[THRESHOLDS_MAX]; /* connections, ascending */
	unsigned accept_thresholds;
	uint32_t backlog_threshold[BACKLOG_THRESHOLDS_MAX]; /* packets */
	uint64_t start_ns;
	uint32_t pid; /* only this process's sockets are kept; 0: all */
};

/* What happened so far; safe to read from any thread. */
struct writer_progress {
	uint64_t spikes; /* judged: listed and folded */
	uint64_t folded;
	uint64_t changes; /* of gauges, as far as their summary periods have ended */
	uint64_t samples;
	uint64_t losses;
};

/* Starts the thread. */
int writer_start(const struct writer_options *options, struct writer **ret_writer,
		 struct failure *failure);

/* Has the timing written with the next commit. */
void writer_put_timing(struct writer *writer, const struct probe_timing *timing);

struct writer_progress writer_progress(struct writer *writer);

/* Whether it had to give up: the disk is full, say. The reason comes from writer_join(). */
bool writer_failed(struct writer *writer);

/*
 * After channel_close(): waits until everything is judged and put, the ends and losses too; the
 * store stays open, its last transaction not committed. Returns 0 or -errno.
 */
int writer_join(struct writer *writer, uint64_t end_ns, struct failure *failure);

void writer_freep(struct writer **writer);

#endif
