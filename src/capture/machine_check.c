/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/machine_check.h"

#include "capture/poller_kind.h"

#include "base/clock.h"
#include "base/failure.h"
#include "base/units.h"
#include "source/backend.h"
#include "source/netns.h"
#include "source/probe.h"
#include "source/softnet.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef int check_each(void *context, const struct check_item *item);

static struct check_item item_of(const char *kind, const char *name, int error,
				 const struct failure *failure)
{
	struct check_item item = { .kind = kind, .name = name, .allowed = !error };

	if (error)
		snprintf(item.reason, sizeof(item.reason), "%.255s", failure->text);
	return item;
}

static struct check_item check_root(void)
{
	struct check_item item = { .kind = "privilege", .name = "root", .allowed = geteuid() == 0 };

	if (!item.allowed) {
		snprintf(item.reason, sizeof(item.reason), "you are user %u", (unsigned)geteuid());
		snprintf(item.cure, sizeof(item.cure), "run it with sudo");
	}
	return item;
}

/* Takes the priority for a moment: rlimits and capabilities both play a part, so only trying tells.
 */
static struct check_item check_realtime(void)
{
	struct check_item item = { .kind = "privilege",
				   .name = "real-time priority",
				   .allowed = true };
	const struct sched_param before = { 0 };
	const struct sched_param wanted = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO, &wanted) == 0) {
		sched_setscheduler(0, SCHED_OTHER, &before);
		return item;
	}
	item.allowed = false;
	snprintf(item.reason, sizeof(item.reason), "SCHED_FIFO: %s", strerror(errno));
	snprintf(item.cure, sizeof(item.cure), "run it as root, or leave --realtime out");
	return item;
}

/* Loads and attaches it, as a capture would, for a moment. */
static int backend_try(const struct backend *backend, bool trace, char *lacks, size_t lacks_bytes,
		       struct failure *failure)
{
	const struct probe_options options = {
		.backend = backend,
		.threshold = { 4096 },
		.thresholds = 1,
		.netns_inode = netns_inode(),
		.summary_period_ns = NS_PER_S,
		.ring_bytes = 1 << 16,
		.trace = trace,
		.accept_threshold = 1,
		.backlog_threshold_packets = { 1 },
		.backlog_thresholds = 1,
	};
	struct source *source = NULL;
	int error = probe_open(&options, &source, failure);

	if (!error)
		probe_lacks(source, lacks, lacks_bytes);
	source_closep(&source);
	return error;
}

/* With a trace, which asks for more; where that is refused, without one. */
static struct check_item check_backend(const struct backend *backend)
{
	struct failure failure = { 0 }, trace_failure = { 0 };
	struct check_item item;
	char lacks[128] = "";
	int trace_error = backend_try(backend, true, lacks, sizeof(lacks), &trace_failure);
	int error = trace_error ? backend_try(backend, false, lacks, sizeof(lacks), &failure) : 0;

	item = item_of("backend", backend->name, error, &failure);
	if (error == -EPERM || error == -EACCES)
		snprintf(item.cure, sizeof(item.cure), "run it as root on the host itself");
	else if (error)
		snprintf(item.cure, sizeof(item.cure), "use a kernel that has it");
	else if (trace_error)
		snprintf(item.reason, sizeof(item.reason), "without --trace: %.200s",
			 trace_failure.text);
	else if (*lacks)
		snprintf(item.reason, sizeof(item.reason), "without %s", lacks);
	return item;
}

static struct check_item check_poller(const struct poller_kind *kind)
{
	const struct capture_options capture = { 0 };
	const struct poller_options poller = { .source = kind->name };
	struct source *source = NULL;
	struct failure failure = { 0 };
	struct check_item item;
	uint64_t scan_ns = 0;
	int error = kind->open(&poller, &capture, &source, &failure);

	if (!error)
		error = source_scan_time(source, &scan_ns, &failure);
	item = item_of("poller", kind->name, error, &failure);
	if (!error)
		snprintf(item.reason, sizeof(item.reason), "a scan takes %" PRIu64 " us here",
			 scan_ns / NS_PER_US);
	source_closep(&source);
	return item;
}

static struct check_item check_softnet(void)
{
	struct source *source = NULL;
	struct failure failure = { 0 };
	int error = softnet_open(NULL, NULL, &source, &failure);

	source_closep(&source);
	return item_of("poller", "softnet", error, &failure);
}

static struct check_item verdict_of(bool backend, bool poller)
{
	struct check_item item = { .kind = "verdict",
				   .name = "capture",
				   .allowed = backend && poller };

	if (!backend)
		snprintf(item.reason, sizeof(item.reason), "no backend is allowed here");
	else if (!poller)
		snprintf(item.reason, sizeof(item.reason), "no poller is allowed here");
	return item;
}

int machine_check(check_each *each, void *context)
{
	const struct check_item privilege[] = { check_root(), check_realtime() };
	bool any_backend = false, any_poller = false;
	struct check_item item;
	int error = each(context, &privilege[0]);

	if (!error)
		error = each(context, &privilege[1]);
	for (const struct backend *backend = backends; backend->name && !error; backend++) {
		item = check_backend(backend);
		any_backend |= item.allowed;
		error = each(context, &item);
	}
	if (error)
		return error;
	item = check_softnet();
	error = each(context, &item);
	if (error)
		return error;
	for (const struct poller_kind *kind = poller_kinds; kind->name && !error; kind++) {
		item = check_poller(kind);
		any_poller |= item.allowed;
		error = each(context, &item);
	}
	if (error)
		return error;
	item = verdict_of(any_backend, any_poller);
	return each(context, &item);
}
