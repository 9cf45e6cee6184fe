/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"
#include "base/units.h"
#include "capture/facts.h"
#include "capture/poller_kind.h"
#include "capture/session_private.h"
#include "source/probe.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* From the last preparation to the first turn: the threads have started by then. */
enum { LEAD_NS = 20 * NS_PER_MS };

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

/* Whether one of the signals that end a session waits to be taken. */
static bool session_called_off(void)
{
	sigset_t waiting;

	return sigpending(&waiting) == 0 &&
	       (sigismember(&waiting, SIGINT) || sigismember(&waiting, SIGTERM) ||
		sigismember(&waiting, SIGHUP));
}

/* The command runs alone until it is warm. */
static int session_warm_up(struct session *session, struct failure *failure)
{
	uint64_t end_ns = clock_monotonic_ns() + session->options->warm_up_ns;
	int error = child_start(session->options->command, &session->child, failure);

	if (error)
		return error;
	child_run(&session->child);
	while (clock_monotonic_ns() < end_ns && !session_called_off()) {
		if (child_ended(&session->child))
			return failure_set(
				failure, ECHILD,
				"the command ended with status %d before --warm-up was over: choose a shorter one",
				session->child.status);
		clock_sleep_until_ns(clock_monotonic_ns() + 50ULL * NS_PER_MS);
	}
	return 0;
}

/* The kernel makes a socket's cookie when somebody asks for it, as a netlink dump does of each
 * socket. Where that is refused the capture counts sockets without one. */
static void cookies_draw(void)
{
	const struct poller_options poller = { .source = "sock_diag" };
	const struct capture_options everything = { 0 };
	const struct poller_kind *kind = poller_kind_find(poller.source);
	struct source *source = NULL;

	if (kind->open(&poller, &everything, &source, NULL) == 0)
		source_scan(source, NULL);
	source_closep(&source);
}

int session_begin(struct session *session, struct failure *failure)
{
	int error = session->options->warm_up_ns ? session_warm_up(session, failure) : 0;

	if (!error)
		error = store_next_ids(session->store, &session->ids, failure);
	if (!error)
		error = store_drop_indexes(session->store, failure);
	if (error)
		return error;
	probe_wake(session->probe);
	error = session_enter(session, failure);
	if (!error && probe_reads_cookies(session->probe))
		cookies_draw();
	if (!error)
		error = probe_start(session->probe, &session->start_ns, failure);
	session_leave(session);
	if (!error)
		error = session_put_capture(session, failure);
	if (error)
		return error;
	if (session->options->command && !session->child.pid) {
		error = child_start(session->options->command, &session->child, failure);
		if (error)
			return error;
	}
	session->poll_start_ns = clock_monotonic_ns() + LEAD_NS;
	if (session->options->duration_ns) {
		session->end_ns = probe_stop(session->probe, session->poll_start_ns +
								     session->options->duration_ns);
	}
	error = session_start_threads(session, failure);
	if (!error && session->child.pid && !session->options->warm_up_ns) {
		clock_sleep_until_ns(session->poll_start_ns);
		child_run(&session->child);
	}
	return error;
}
