/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_SESSION_PRIVATE_H
#define POLLGAP_SESSION_PRIVATE_H

#include "base/failure.h"
#include "capture/batch.h"
#include "capture/child.h"
#include "capture/options.h"
#include "capture/runner.h"
#include "capture/writer.h"
#include "source/source.h"
#include "store/store.h"

/* The places of the runners: pollers come after these two. */
enum { RUNNER_OF_PROBE, RUNNER_OF_SOFTNET, RUNNER_OF_POLLERS };

struct session {
	const struct capture_options *options;
	struct store *store;
	struct store_ids ids;
	struct source *probe;
	struct source *source[RUNNERS_MAX]; /* by runner; the probe's is above */
	struct runner runner[RUNNERS_MAX];
	unsigned runners;
	uint64_t period_ns[RUNNERS_MAX];
	const char *backend;
	struct channel *channel;
	struct writer *writer;
	struct child child;
	int home_fd; /* the caller's network namespace, -1: the capture's is the same */
	int netns_fd; /* the capture's */
	uint32_t netns_inode;
	uint64_t start_ns; /* changes count from here */
	uint64_t poll_start_ns; /* the pollers are on schedule from here */
	uint64_t end_ns; /* 0: none is set yet */
};

/* session_open.c: everything that can be refused, in an order that leaves nothing behind. */
int session_open(struct session *session, struct failure *failure);

/* Between these two the calling thread is in the capture's network namespace. */
int session_enter(const struct session *session, struct failure *failure);
void session_leave(const struct session *session);

/* session_begin.c: begins the measurement, the writer and the runners, and the command. */
int session_begin(struct session *session, struct failure *failure);

/* Ends what was opened. keep: whether the file stays. */
void session_close(struct session *session, bool keep);

#endif
