/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"
#include "capture/facts.h"
#include "capture/poller_kind.h"
#include "capture/session_private.h"
#include "source/backend.h"
#include "source/netns.h"
#include "source/probe.h"
#include "source/softnet.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum {
	/* Often enough that 16 MiB of ring never fill, seldom enough that the wake-ups cost
	   nothing. */
	DRAIN_PERIOD_NS = 5 * NS_PER_MS,
	/* From the last preparation to the first turn: the threads have started by then. */
	LEAD_NS = 20 * NS_PER_MS,
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
	};

	memcpy(probe.threshold, options->threshold, sizeof(probe.threshold));
	memcpy(probe.backlog_threshold_packets, options->backlog_threshold,
	       sizeof(probe.backlog_threshold_packets));
	memcpy(probe.port, options->port, sizeof(probe.port));
	session->backend = backend->name;
	return probe_open(&probe, &session->probe, failure);
}

/* auto: the first backend that this kernel takes; the reason of the first refusal is the one to
 * tell. */
static int session_open_probe(struct session *session, struct failure *failure)
{
	const struct backend *backend = backend_find(session->options->backend);
	int first_error = 0;

	if (backend)
		return session_open_probe_with(session, backend, failure);
	for (backend = backends; backend->name; backend++) {
		int error;

		if (backend->missing)
			continue;
		error = session_open_probe_with(session, backend, first_error ? NULL : failure);
		if (!error)
			return 0;
		if (!first_error)
			first_error = error;
	}
	return first_error;
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

static int session_put_capture(struct session *session, struct failure *failure)
{
	const struct capture_options *options = session->options;
	struct clock_anchor anchor = clock_anchor_read();
	char command_line[4096], ports[PORTS_MAX * 6 + 1];
	struct capture_row row;
	struct facts facts;
	int error = facts_read(&facts);

	if (error)
		return failure_set(failure, -error, "this machine's facts can't be read: %s",
				   strerror(-error));
	command_line_join(options->command_line, command_line, sizeof(command_line));
	ports_join(options->port, options->ports, ports, sizeof(ports));
	row = (struct capture_row){
		.capture_id = session->ids.capture_id,
		.capture_uuid = facts.capture_uuid,
		.label = options->label,
		.host = facts.host,
		.boot_id = facts.boot_id,
		.kernel_release = facts.kernel_release,
		.machine = facts.machine,
		.backend = session->backend,
		.command_line = command_line,
		.tool_version = POLLGAP_VERSION,
		.ports = options->ports ? ports : NULL,
		.pid = options->pid,
		.netns_inode = session->netns_inode,
		.cpus = facts.cpus,
		.summary_period_ns = (int64_t)options->summary_period_ns,
		.min_spike_ns = (int64_t)options->min_spike_ns,
		.traced = options->trace,
		.start_ns = (int64_t)session->start_ns,
		.start_utc_ns = anchor.utc_ns - (int64_t)(anchor.monotonic_ns - session->start_ns),
	};
	error = store_put_capture(session->store, &row, failure);
	for (unsigned index = 0; index < options->thresholds && !error; index++)
		error = store_put_threshold(session->store, row.capture_id,
					    threshold_of(options->threshold[index],
							 options->thresholds_in_percent),
					    failure);
	for (unsigned index = 0; index < options->accept_thresholds && !error; index++)
		error = store_put_level(session->store, row.capture_id, "accept_queue",
					options->accept_threshold[index], failure);
	for (unsigned index = 0; index < options->backlog_thresholds && !error; index++)
		error = store_put_level(session->store, row.capture_id, "softnet_backlog",
					options->backlog_threshold[index], failure);
	return error;
}

static uint64_t random_draw(void)
{
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		random = clock_monotonic_ns();
	return random;
}

static int session_put_poller(struct session *session, unsigned index, int64_t poller_id,
			      uint64_t first_ns, struct failure *failure)
{
	const struct poller_options *poller = &session->options->poller[index - RUNNER_OF_POLLERS];
	const struct poller_kind *kind = poller_kind_find(poller->source);
	const struct runner *runner = &session->runner[index];

	return store_put_poller(session->store,
				&(struct poller_row){
					.poller_id = poller_id,
					.capture_id = session->ids.capture_id,
					.source = poller->source,
					.period_ns = (int64_t)session->period_ns[index],
					.phase_ns = (int64_t)(first_ns - session->poll_start_ns),
					.jitter = jitter_name(runner->jitter),
					.seed = (int64_t)runner->seed,
					.read_mode = poller->page_reads ? "page" : kind->read_mode,
					.priority = session->options->realtime_priority,
					.start_ns = (int64_t)session->poll_start_ns,
					.gauges = kind->gauges,
				},
				failure);
}

/* As the view measurement_cost names it: the source and the period, and where another poller has
 * the same ones, its number. */
static void session_name_poller(const struct session *session, unsigned index, int64_t poller_id,
				char *name, size_t name_bytes)
{
	const char *source = session->source[index]->ops->name;
	char period[UNITS_TEXT_BYTES];
	bool twin = false;

	for (unsigned other = RUNNER_OF_POLLERS; other < session->runners; other++)
		twin = twin ||
		       (other != index && strcmp(session->source[other]->ops->name, source) == 0 &&
			session->period_ns[other] == session->period_ns[index]);
	time_format(session->period_ns[index], period);
	if (twin)
		snprintf(name, name_bytes, "%s:%s#%" PRId64, source, period, poller_id);
	else
		snprintf(name, name_bytes, "%s:%s", source, period);
}

/* Who runs what, for the writer; the pollers' rows too. */
static int session_describe(struct session *session, struct writer_options *writer,
			    uint64_t *first_ns, struct failure *failure)
{
	int error = 0;

	for (unsigned index = 0; index < session->runners && !error; index++) {
		struct runner *runner = &session->runner[index];
		struct writer_runner *entry = &writer->runner[index];

		first_ns[index] = session->poll_start_ns;
		*runner = (struct runner){
			.index = index,
			.source = index == RUNNER_OF_PROBE ? session->probe :
							     session->source[index],
			.channel = session->channel,
			.promises = index == RUNNER_OF_PROBE,
			.waits = index == RUNNER_OF_PROBE,
		};
		entry->runner = runner;
		entry->kind = index == RUNNER_OF_PROBE ? RUNNER_PROBE : RUNNER_SOFTNET;
		snprintf(entry->name, sizeof(entry->name), "%s", runner->source->ops->name);
		if (index < RUNNER_OF_POLLERS)
			continue;
		entry->kind = RUNNER_POLLER;
		entry->poller = poller_kind_find(
			session->options->poller[index - RUNNER_OF_POLLERS].source);
		entry->poller_id = writer->ids.poller_id++;
		session_name_poller(session, index, entry->poller_id, entry->name,
				    sizeof(entry->name));
		runner->realtime_priority = session->options->realtime_priority;
		runner->jitter = session->options->jitter;
		runner->seed = random_draw();
		/* Pollers that start together would see the same instants, and miss the same. */
		first_ns[index] += random_draw() % session->period_ns[index];
		error = session_put_poller(session, index, entry->poller_id, first_ns[index],
					   failure);
	}
	writer->runners = session->runners;
	return error;
}

static int session_start_threads(struct session *session, struct failure *failure)
{
	const struct capture_options *options = session->options;
	struct writer_options writer = {
		.store = session->store,
		.channel = session->channel,
		.probe = session->probe,
		.ids = session->ids,
		.netns_inode = session->netns_inode,
		.poll_start_ns = session->poll_start_ns,
		.summary_period_ns = options->summary_period_ns,
		.min_spike_ns = options->min_spike_ns,
		.thresholds = options->thresholds,
		.thresholds_in_percent = options->thresholds_in_percent,
		.accept_thresholds = options->accept_thresholds,
		.start_ns = session->start_ns,
		.trace = options->trace,
		.pid = options->pid,
	};
	uint64_t first_ns[RUNNERS_MAX] = { 0 };
	int error;

	memcpy(writer.threshold, options->threshold, sizeof(writer.threshold));
	memcpy(writer.accept_threshold, options->accept_threshold, sizeof(writer.accept_threshold));
	memcpy(writer.backlog_threshold, options->backlog_threshold,
	       sizeof(writer.backlog_threshold));
	error = session_describe(session, &writer, first_ns, failure);
	if (!error)
		error = writer_start(&writer, &session->writer, failure);
	/* No poller reads before its first turn: what happens until then needn't wait for it. */
	for (unsigned index = RUNNER_OF_POLLERS; index < session->runners && !error; index++)
		error = runner_pass(&session->runner[index], first_ns[index]);
	if (error == -ENOMEM)
		return failure_set(failure, ENOMEM, "out of memory");
	for (unsigned index = 0; index < session->runners && !error; index++)
		error = runner_start(
			&session->runner[index], first_ns[index], session->period_ns[index],
			session->end_ns && index != RUNNER_OF_PROBE ? session->end_ns : UINT64_MAX,
			failure);
	return error;
}

int session_begin(struct session *session, struct failure *failure)
{
	int error = store_next_ids(session->store, &session->ids, failure);

	if (!error)
		error = store_drop_indexes(session->store, failure);
	if (error)
		return error;
	probe_wake(session->probe);
	error = session_enter(session, failure);
	if (!error)
		error = probe_start(session->probe, &session->start_ns, failure);
	session_leave(session);
	if (!error)
		error = session_put_capture(session, failure);
	if (error)
		return error;
	if (session->options->command) {
		error = child_start(session->options->command, &session->child, failure);
		if (error)
			return error;
	}
	session->poll_start_ns = clock_monotonic_ns() + LEAD_NS;
	if (session->options->duration_ns) {
		session->end_ns = session->poll_start_ns + session->options->duration_ns;
		probe_stop(session->probe, session->end_ns);
	}
	error = session_start_threads(session, failure);
	if (!error && session->child.pid) {
		clock_sleep_until_ns(session->poll_start_ns);
		child_run(&session->child);
	}
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
