/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/failure.h"
#include "capture/poller_kind.h"
#include "capture/session_private.h"
#include "source/backend.h"
#include "source/netns.h"
#include "source/probe.h"
#include "source/softnet.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

enum {
	/* Often enough that 16 MiB of ring never fill, seldom enough that the wake-ups cost
	   nothing. */
	DRAIN_PERIOD_NS = 5 * NS_PER_MS,
};

static int session_open_probe_with(struct session *session, const struct backend *backend,
				   struct failure *failure)
{
	const struct capture_options *options = session->options;
	struct probe_options probe = {
		.backend = backend,
		.thresholds = options->thresholds,
		.thresholds_in_percent = options->thresholds_in_percent,
		.accept_threshold = options->accept_thresholds ? options->accept_threshold[0] : 0,
		.blog = options->blog,
		.trace = options->trace,
		.accept_exact = options->accept_exact,
		.backlog_thresholds = options->backlog_thresholds,
		.pid = options->pid,
		.ports = options->ports,
		.netns_inode = session->netns_inode,
		.summary_period_ns = options->summary_period_ns,
		.ring_bytes = options->ring_bytes,
		.sockets_max = options->sockets_max,
		.btf = options->btf,
	};

	memcpy(probe.threshold, options->threshold, sizeof(probe.threshold));
	memcpy(probe.backlog_threshold_packets, options->backlog_threshold,
	       sizeof(probe.backlog_threshold_packets));
	memcpy(probe.port, options->port, sizeof(probe.port));
	session->backend = backend->name;
	return probe_open(&probe, &session->probe, failure);
}

/* auto: the first backend that this kernel takes. Where it takes none the reason to tell is that
 * the user may not, if that is one, else the last one: what an old kernel lacks for a better one is
 * no use to know. */
static int session_open_probe(struct session *session, struct failure *failure)
{
	const struct backend *backend = backend_find(session->options->backend);
	struct failure forbidden = { 0 };
	int error = 0, forbidden_error = 0;

	if (backend)
		return session_open_probe_with(session, backend, failure);
	for (backend = backends; backend->name; backend++) {
		error = session_open_probe_with(session, backend, failure);
		if (!error)
			return 0;
		if ((error == -EPERM || error == -EACCES) && !forbidden_error) {
			forbidden_error = error;
			forbidden = *failure;
		}
	}
	if (forbidden_error)
		*failure = forbidden;
	return forbidden_error ? forbidden_error : error;
}

/* The shortest period that leaves the poller idle for two thirds of the time. */
static int period_min(struct source *source, uint64_t *ret_period_ns, struct failure *failure)
{
	static const unsigned step[] = { 1, 2, 5 };
	uint64_t decade_ns = 100 * (uint64_t)NS_PER_US;
	uint64_t scan_ns;
	int error = source_scan_time(source, &scan_ns, failure);

	if (error)
		return error;
	for (unsigned index = 1;; index++) {
		uint64_t period_ns = step[index % 3] * decade_ns;

		if (period_ns >= 3 * scan_ns) {
			*ret_period_ns = period_ns;
			return 0;
		}
		if (index % 3 == 2)
			decade_ns *= 10;
	}
}

static int session_open_poller(struct session *session, const struct poller_options *poller,
			       struct failure *failure)
{
	const struct poller_kind *kind = poller_kind_find(poller->source);
	unsigned index = session->runners;
	int error = kind->open(poller, session->options, &session->source[index], failure);

	if (error)
		return error;
	session->period_ns[index] = poller->period_ns;
	session->runners++;
	return poller->period_ns ?
		       0 :
		       period_min(session->source[index], &session->period_ns[index], failure);
}

static int session_open_netns(struct session *session, struct failure *failure)
{
	int error = 0;

	if (session->options->netns) {
		session->home_fd = netns_open_own(failure);
		if (session->home_fd < 0)
			return session->home_fd;
		session->netns_fd = netns_open(session->options->netns, failure);
		if (session->netns_fd < 0)
			return session->netns_fd;
	}
	error = session_enter(session, failure);
	session->netns_inode = netns_inode();
	return error;
}

int session_enter(const struct session *session, struct failure *failure)
{
	return session->netns_fd >= 0 ? netns_enter(session->netns_fd, failure) : 0;
}

void session_leave(const struct session *session)
{
	if (session->netns_fd >= 0)
		netns_enter(session->home_fd, NULL);
}

/* What is opened here is of the capture's network namespace from then on. */
static int session_open_sources(struct session *session, struct failure *failure)
{
	int error = session_open_netns(session, failure);

	if (!error)
		error = session_open_probe(session, failure);
	if (!error)
		error = softnet_open(NULL, NULL, &session->source[RUNNER_OF_SOFTNET], failure);
	session->period_ns[RUNNER_OF_PROBE] = DRAIN_PERIOD_NS;
	session->period_ns[RUNNER_OF_SOFTNET] = session->options->softnet_period_ns;
	session->runners = RUNNER_OF_POLLERS;
	for (unsigned index = 0; index < session->options->pollers && !error; index++)
		error = session_open_poller(session, &session->options->poller[index], failure);
	session_leave(session);
	return error;
}

int session_open(struct session *session, struct failure *failure)
{
	int error = store_create(session->options->path, &session->store, failure);

	if (!error)
		error = session_open_sources(session, failure);
	if (!error)
		error = -channel_new(session->options->queue_bytes, &session->channel);
	if (error > 0)
		return failure_set(failure, error, "out of memory");
	return error;
}

void session_close(struct session *session, bool keep)
{
	child_stop(&session->child);
	for (unsigned index = 0; index < session->runners; index++)
		runner_join(&session->runner[index]);
	writer_freep(&session->writer);
	channel_freep(&session->channel);
	for (unsigned index = 0; index < RUNNERS_MAX; index++)
		source_closep(&session->source[index]);
	source_closep(&session->probe);
	closep(&session->netns_fd);
	closep(&session->home_fd);
	if (session->store && !keep)
		store_abandon(session->store);
	else
		store_closep(&session->store);
	session->store = NULL;
}
