/* SPDX-License-Identifier: BSD-2-Clause */
#include "source/probe.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/failure.h"
#include "source/backend.h"
#include "source/cgroup_root.h"
#include "source/probe_kprobe.h"
#include "source/probe_private.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * A hook reads the clock first and submits its record a little later; an interrupt, or a hypervisor
 * that takes the processor away, can lie between. So a turn promises only what lies this far before
 * it. Too little shows as "late_spike" in the losses: 50 ms were, in an emulated machine of one
 * processor whose kernel takes it away from programs (7.3).
 */
#define SUBMIT_DELAY_NS (200 * (uint64_t)NS_PER_MS)

/*
 * How far ahead the programs are told when to begin and when to end. An instant that is over when
 * it reaches them would part what happened between the two wrongly: before it was counted as after
 * it, and the other way round. A thread that loses its processor for longer, in the moment between
 * reading the clock and telling, counts that as a loss.
 */
#define TELL_AHEAD_NS ((uint64_t)NS_PER_MS)

/* A turn hands over at most so many records, so that its observations stay bounded however fast
 * they come. */
#define TURN_RECORDS_MAX 65536

static int probe_take(void *context, void *data, size_t data_bytes)
{
	struct probe *probe = context;
	int error = probe->sink->take(probe->sink->context, OBSERVE_RECORD, data, data_bytes);

	if (error < 0)
		return error;
	/* Any negative value ends the drain, after this record. */
	return ++probe->turn_records >= TURN_RECORDS_MAX ? -EAGAIN : 0;
}

/* What the kernel collects at the end is dated at stop_ns, however late it comes. */
static uint64_t probe_passed_ns(const struct probe *probe, uint64_t now_ns)
{
	uint64_t stop_ns = probe->image.shared->stop_ns;
	uint64_t passed_ns = now_ns > SUBMIT_DELAY_NS ? now_ns - SUBMIT_DELAY_NS : 0;

	return passed_ns < stop_ns ? passed_ns : stop_ns;
}

static int probe_read(struct source *source, const struct sink *sink, struct turn *ret_turn,
		      struct failure *failure)
{
	struct probe *probe = probe_of(source);
	uint64_t now_ns = clock_monotonic_ns();
	uint64_t written = probe_ring_written(probe);
	int error;

	probe->sink = sink;
	probe->turn_records = 0;
	if (probe->plan.points & POINT_BACKLOG)
		probe_backlog_refresh(probe, now_ns);
	error = ring_buffer__consume(probe->ring);
	ret_turn->rows_read = probe->turn_records;
	/* Where the turn ended before what was written when it began, that may be of any age: no
	 * promise. */
	ret_turn->passed_ns = probe_ring_read(probe) < written ? 0 : probe_passed_ns(probe, now_ns);
	if (error < 0 && error != -EAGAIN)
		return failure_set(failure, -error, "reading the kernel's records failed: %s",
				   strerror(-error));
	/* What is open there comes after what lies in the ring. */
	if (!probe->backlog_due || probe_ring_read(probe) < written)
		return 0;
	probe->backlog_due = false;
	return probe_backlog_collect(probe, sink, failure);
}

bool probe_drained(struct source *source)
{
	const struct probe *probe = probe_of(source);

	return !probe->backlog_due && probe_ring_read(probe) >= probe_ring_written(probe);
}

static void probe_close(struct source *source)
{
	struct probe *probe = probe_of(source);

	if (probe->stats_fd >= 0)
		close(probe->stats_fd);
	ring_buffer__free(probe->ring);
	probe_ring_unmap(probe);
	if (probe->cgroup_fd >= 0)
		close(probe->cgroup_fd);
	bpf_link__destroy(probe->walk_link);
	for (unsigned index = 0; index < probe->plan.hooks; index++) {
		if (!probe->link[index])
			continue;
		bpf_link__destroy(probe->link[index]);
		if (probe->plan.hook[index].function)
			kprobe_event_remove(probe->plan.hook[index].program);
	}
	probe_image_close(&probe->image);
	free(probe);
}

static const struct source_ops probe_ops = {
	.name = "probe",
	.read = probe_read,
	.close = probe_close,
};

struct bpf_program *probe_program(const struct probe *probe, const char *name)
{
	return bpf_object__find_program_by_name(probe->image.object, name);
}

static void probe_configure(struct probe *probe, const struct probe_options *options)
{
	struct probe_config *config = probe->image.config;
	int cpus = libbpf_num_possible_cpus();

	memcpy(config->thresholds_value, options->threshold, sizeof(config->thresholds_value));
	config->thresholds_in_percent = options->thresholds_in_percent;
	memcpy(config->filter_port, options->port, sizeof(config->filter_port));
	config->thresholds = options->thresholds;
	config->trace_wanted = options->trace;
	config->blog_wanted = options->blog;
	config->filter_ports = options->ports;
	config->filter_netns_inode = options->netns_inode;
	config->accept_threshold = options->accept_threshold;
	config->filter_pid = options->pid;
	memcpy(config->backlog_threshold_packets, options->backlog_threshold_packets,
	       sizeof(config->backlog_threshold_packets));
	config->backlog_thresholds = options->backlog_thresholds;
	config->summary_period_ns = options->summary_period_ns;
	config->preemptible = probe->plan.preemptible;
	config->possible_cpus = cpus > 0 ? (uint32_t)cpus : 1;
}

static const char walk_program[] = "walk_sockets";
static const char known_program[] = "walk_known";

static int program_enable(struct probe *probe, const char *name)
{
	struct bpf_program *program = probe_program(probe, name);

	return program ? bpf_program__set_autoload(program, true) : -ENOENT;
}

static int probe_enable(struct probe *probe)
{
	int error = program_enable(probe, probe->walks_known ? known_program : walk_program);

	for (unsigned index = 0; index < probe->plan.hooks && !error; index++)
		error = program_enable(probe, probe->plan.hook[index].program);
	return error;
}

static int probe_refused(struct failure *failure, const struct probe *probe, int error)
{
	if (error == -EPERM || error == -EACCES)
		return failure_set(
			failure, -error,
			geteuid() == 0 ?
				"the kernel refuses BPF programs to this user, root or not (a container or a "
				"lockdown): run it on the host, with CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN" :
				"measuring in the kernel needs root: run it with sudo");
	return failure_set(failure, -error,
			   "the kernel refuses the %s programs: %s; see 'pollgap check'",
			   probe->plan.backend->name, strerror(-error));
}

/* What a capture does without: completeness says what it costs (closing_unseen,
 * sockets_without_cookie), or the trace does, sample by sample (agreement). */
#define POINTS_DISPENSABLE (POINT_CLOSING | POINT_COOKIE | POINT_ACKED)

bool probe_sees_closing(const struct probe *probe)
{
	for (unsigned index = 0; index < probe->plan.hooks; index++) {
		if (probe->plan.hook[index].points & POINT_CLOSING && probe->link[index])
			return true;
	}
	return false;
}

/* Where the kernel's list of events is out of reach it does not say what a kprobe missed. */
static struct bpf_link *kprobe_attach(struct probe *probe, struct bpf_program *program,
				      const struct hook *hook)
{
	int fd = kprobe_event_open(hook->program, hook->function);
	struct bpf_link *link;
	int error;

	if (fd < 0) {
		link = bpf_program__attach(program);
		probe->misses_unknown |= !!link;
		return link;
	}
	link = bpf_program__attach_perf_event(program, fd);
	error = errno;
	probe->misses_unknown |= link && !probe->plan.kprobe_misses_counted;
	if (link)
		return link;
	close(fd);
	kprobe_event_remove(hook->program);
	errno = error;
	return NULL;
}

static struct bpf_link *hook_attach(struct probe *probe, const struct hook *hook)
{
	struct bpf_program *program = probe_program(probe, hook->program);

	if (bpf_program__type(program) == BPF_PROG_TYPE_SOCK_OPS)
		return bpf_program__attach_cgroup(program, probe->cgroup_fd);
	return hook->function ? kprobe_attach(probe, program, hook) : bpf_program__attach(program);
}

static int probe_attach(struct probe *probe, struct failure *failure)
{
	if (probe->plan.backend->portable) /* kprobe's alone */
		kprobe_events_sweep();
	for (unsigned index = 0; index < probe->plan.hooks; index++) {
		const struct hook *hook = &probe->plan.hook[index];

		probe->link[index] = hook_attach(probe, hook);
		if (!probe->link[index] && !(hook->points & POINTS_DISPENSABLE))
			return failure_set(
				failure, errno,
				"the kernel refuses the hook %s: %s; see 'pollgap check'",
				hook->program, strerror(errno));
	}
	if (probe->walks_known)
		return 0;
	probe->walk_link = bpf_program__attach_iter(probe_program(probe, walk_program), NULL);
	if (!probe->walk_link)
		return failure_set(failure, errno,
				   "the kernel refuses a walk over its sockets (iter/tcp): %s",
				   strerror(errno));
	return 0;
}

static int probe_size_maps(const struct probe *probe, const struct probe_options *options)
{
	const struct bpf_object *object = probe->image.object;
	int error = bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "records"),
					     options->ring_bytes);

	/* Socket storage has no size. */
	if (!error && probe->image.kind == OBJECT_PORTABLE && options->sockets_max)
		error = bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "sockets"),
						 options->sockets_max);
	return error;
}

static int probe_load(struct probe *probe, const struct probe_options *options,
		      struct failure *failure)
{
	int error, records_fd;

	error = probe_image_open(probe->plan.object, options->btf, &probe->image);
	if (error)
		return failure_set(failure, -error, "the embedded BPF object can't be opened: %s",
				   strerror(-error));
	probe_configure(probe, options);
	error = probe_enable(probe);
	if (!error)
		error = probe_size_maps(probe, options);
	if (!error)
		error = probe_image_load(&probe->image);
	if (error)
		return probe_refused(failure, probe, error);
	records_fd = probe_image_map(&probe->image, "records");
	probe->ring = ring_buffer__new(records_fd, probe_take, probe, NULL);
	if (!probe->ring)
		return failure_set(failure, errno, "the ring buffer can't be mapped: %s",
				   strerror(errno));
	error = probe_ring_map(probe, records_fd, failure);
	return error ? error : probe_attach(probe, failure);
}

static unsigned points_wanted(const struct probe *probe, const struct probe_options *options,
			      bool portable)
{
	unsigned points = POINTS_ALL;

	/* That object has no timer that looks at accept queues. */
	if (options->accept_exact || (portable && options->accept_threshold))
		points |= POINT_ACCEPT;
	if (options->backlog_thresholds)
		points |= POINT_BACKLOG;
	if (options->trace)
		points |= POINT_RETURN | POINT_ACKED;
	if (portable || probe->cgroup_fd >= 0)
		points |= POINT_CLOSING;
	if (portable && probe->cgroup_fd >= 0)
		points |= POINT_COOKIE;
	return points;
}

int probe_open(const struct probe_options *options, struct source **ret_source,
	       struct failure *failure)
{
	_cleanup_(source_closep) struct source *source = NULL;
	unsigned points[OBJECTS];
	struct probe *probe;
	int error;

	probe = calloc(1, sizeof(*probe));
	if (!probe)
		return failure_set(failure, ENOMEM, "out of memory");
	probe->source.ops = &probe_ops;
	probe->stats_fd = -1;
	probe->cgroup_fd = cgroup_root_open();
	points[OBJECT_POLLGAP] = points_wanted(probe, options, false);
	points[OBJECT_PORTABLE] = points_wanted(probe, options, true);
	source = &probe->source;
	error = backend_plan(options->backend, points, options->btf, &probe->plan, failure);
	probe->walks_known = options->btf && probe->plan.object == OBJECT_PORTABLE;
	if (!error)
		error = probe_load(probe, options, failure);
	if (error)
		return error;
	*ret_source = source;
	source = NULL;
	return 0;
}

/* The walk program for each socket that has met a hook, whatever namespace it is in. Such as are
 * freed meanwhile have no state any more. */
static int probe_walk_known(const struct probe *probe, struct failure *failure)
{
	int map_fd = probe_image_map(&probe->image, "sockets");
	int program_fd = bpf_program__fd(probe_program(probe, known_program));
	uint64_t key, *from = NULL;

	while (bpf_map_get_next_key(map_fd, from, &key) == 0) {
		uint64_t arguments[] = { key };
		struct bpf_test_run_opts run = { .sz = sizeof(run),
						 .ctx_in = arguments,
						 .ctx_size_in = sizeof(arguments) };

		if (bpf_prog_test_run_opts(program_fd, &run) < 0)
			return failure_set(failure, errno,
					   "the kernel does not run a program on a socket: %s",
					   strerror(errno));
		from = &key;
	}
	return 0;
}

/* Runs the walk program over every socket of this network namespace: reading the iterator does it. */
static int probe_walk(struct probe *probe, uint32_t task, struct failure *failure)
{
	_cleanup_(closep) int fd = -1;
	char buffer[64];
	ssize_t bytes;

	probe->image.shared->walk_task = task;
	if (probe->walks_known)
		return probe_walk_known(probe, failure);
	fd = bpf_iter_create(bpf_link__fd(probe->walk_link));
	if (fd < 0)
		return failure_set(failure, errno,
				   "the walk over the kernel's sockets can't begin: %s",
				   strerror(errno));
	do {
		bytes = read(fd, buffer, sizeof(buffer));
	} while (bytes > 0 || (bytes < 0 && (errno == EAGAIN || errno == EINTR)));
	if (bytes < 0)
		return failure_set(failure, errno, "the walk over the kernel's sockets failed: %s",
				   strerror(errno));
	return 0;
}

void probe_wake(struct source *source)
{
	if (probe_of(source)->plan.points & POINT_BACKLOG)
		probe_backlog_wake();
}

bool probe_reads_cookies(const struct source *source)
{
	return probe_of(source)->plan.object == OBJECT_PORTABLE;
}

int probe_start(struct source *source, uint64_t *ret_start_ns, struct failure *failure)
{
	struct probe *probe = probe_of(source);
	uint64_t start_ns = clock_monotonic_ns() + TELL_AHEAD_NS;
	int error;

	probe->image.shared->closing_watched = probe_sees_closing(probe);
	probe->image.shared->walk_runs = 1;
	probe->image.shared->start_ns = start_ns;
	atomic_fetch_add(&probe->told_late, clock_monotonic_ns() >= start_ns);
	clock_sleep_until_ns(start_ns);
	error = probe_walk(probe, WALK_BEGIN, failure);
	probe->image.shared->walk_runs = 0;
	if (error)
		return error;
	*ret_start_ns = start_ns;
	return 0;
}

uint64_t probe_stop(struct source *source, uint64_t stop_ns)
{
	struct probe *probe = probe_of(source);
	uint64_t soonest_ns = clock_monotonic_ns() + TELL_AHEAD_NS;

	if (stop_ns < soonest_ns)
		stop_ns = soonest_ns;
	/* An end that is set is never put off: what came after it may be left out already. */
	if (stop_ns >= probe->image.shared->stop_ns)
		return probe->image.shared->stop_ns;
	probe->image.shared->stop_ns = stop_ns;
	atomic_fetch_add(&probe->told_late, clock_monotonic_ns() >= stop_ns);
	return stop_ns;
}

int probe_collect(struct source *source, struct failure *failure)
{
	struct probe *probe = probe_of(source);

	probe->backlog_due = probe->plan.points & POINT_BACKLOG;
	return probe_walk(probe, WALK_END, failure);
}
