/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"
#include "source/backend.h"
#include "source/probe_kprobe.h"
#include "source/probe_private.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What the probe lost, and what it cost. */

static int probe_info(const struct probe *probe, const char *program_name,
		      struct bpf_prog_info *ret_info)
{
	struct bpf_prog_info info = { 0 };
	uint32_t info_bytes = sizeof(info);
	int fd = bpf_program__fd(probe_program(probe, program_name));

	if (bpf_obj_get_info_by_fd(fd, &info, &info_bytes) < 0)
		return -errno;
	*ret_info = info;
	return 0;
}

static int probe_ring_losses(const struct probe *probe,
			     int (*each)(void *context, const char *cause, uint64_t count),
			     void *context)
{
	static const char *const cause[] = {
		[RECORD_SOCKET] = "ring_buffer_full:socket",
		[RECORD_OWNER] = "ring_buffer_full:owner",
		[RECORD_SPIKE] = "ring_buffer_full:spike",
		[RECORD_SUMMARY] = "ring_buffer_full:summary",
		[RECORD_DEATH] = "ring_buffer_full:death",
		[RECORD_ACCEPT] = "ring_buffer_full:accept",
		[RECORD_BACKLOG] = "ring_buffer_full:backlog",
		[RECORD_SQUEEZE] = "ring_buffer_full:squeeze",
		[RECORD_EVENTS] = "ring_buffer_full:event",
		[RECORD_BLOG] = "ring_buffer_full:blog",
		[RECORD_OPENING] = "ring_buffer_full:opening",
		[RECORD_BACKLOG_EVENTS] = "ring_buffer_full:backlog_event",
		[RECORD_DROP] = "ring_buffer_full:drop",
	};
	int error = 0;

	for (int type = RECORD_SOCKET; type < RECORD_TYPES && !error; type++)
		error = each(context, cause[type], probe->image.shared->lost_records[type]);
	return error;
}

/* What kprobes missed where one met another one's program. */
static int probe_kprobe_losses(const struct probe *probe,
			       int (*each)(void *context, const char *cause, uint64_t count),
			       void *context)
{
	bool unknown = probe->misses_unknown;
	uint64_t misses = 0;
	int error;

	for (unsigned index = 0; index < probe->plan.hooks; index++) {
		const struct hook *hook = &probe->plan.hook[index];
		uint64_t missed = 0;

		if (!hook->function || !probe->link[index])
			continue;
		unknown |= kprobe_event_missed(hook->program, &missed) < 0;
		misses += missed;
	}
	error = each(context, "kprobe_misses", misses);
	return error ? error : each(context, "kprobe_misses_unknown", unknown);
}

static bool hook_is_second(const struct hook *hook)
{
	return strncmp(hook->program, "again_", 6) == 0;
}

/* What a hook's misses are told as: those of the accept queues' and the backlogs' hooks, of which
 * the first may be one of every system call, hide nothing of a connection's queues. */
static const struct {
	const char *cause;
	unsigned points; /* of a hook that has one of these */
} miss_causes[] = {
	{ "recursion_misses", ~(unsigned)(POINT_ACCEPT | POINT_BACKLOG) },
	{ "recursion_misses:accept", POINT_ACCEPT },
	{ "recursion_misses:backlog", POINT_BACKLOG },
};

enum { MISS_CAUSES = sizeof(miss_causes) / sizeof(miss_causes[0]) };

/* Events that no program of the hooks for these points saw. A hook's second program comes right
 * behind the first: an event is lost only if both miss it, so no more are than the lesser number. */
static int probe_misses(const struct probe *probe, unsigned points, uint64_t *ret_misses)
{
	uint64_t misses = 0, first_misses = 0;

	for (unsigned index = 0; index < probe->plan.hooks; index++) {
		const struct hook *hook = &probe->plan.hook[index];
		struct bpf_prog_info info = { 0 };
		int error;

		if (!(hook->points & points))
			continue;
		error = probe_info(probe, hook->program, &info);
		if (error)
			return error;
		if (!hook_is_second(hook)) {
			first_misses = info.recursion_misses;
			misses += first_misses;
		} else if (info.recursion_misses < first_misses) {
			misses -= first_misses - info.recursion_misses;
		}
	}
	*ret_misses = misses;
	return 0;
}

static int probe_recursion_losses(const struct probe *probe,
				  int (*each)(void *context, const char *cause, uint64_t count),
				  void *context)
{
	for (unsigned index = 0; index < MISS_CAUSES; index++) {
		uint64_t misses = 0;
		int error = probe_misses(probe, miss_causes[index].points, &misses);

		if (!error)
			error = each(context, miss_causes[index].cause, misses);
		if (error)
			return error;
	}
	return 0;
}

void probe_lacks(const struct source *source, char *text, size_t text_bytes)
{
	const struct probe *probe = probe_of(source);
	size_t used =
		(size_t)snprintf(text, text_bytes, "%s", probe->cgroup_fd < 0 ? "cgroup2" : "");

	for (unsigned index = 0; index < probe->plan.hooks && used < text_bytes; index++) {
		const struct hook *hook = &probe->plan.hook[index];

		if (!probe->link[index])
			used += (size_t)snprintf(text + used, text_bytes - used, "%s%s%s",
						 used ? ", " : "",
						 hook->function ? hook->function : hook->program,
						 hook->function ? "()" : "");
	}
}

int probe_losses(const struct source *source,
		 int (*each)(void *context, const char *cause, uint64_t count), void *context)
{
	const struct probe *probe = probe_of(source);
	int error = probe_ring_losses(probe, each, context);

	if (!error)
		error = each(context, "socket_storage_refused", probe->image.shared->lost_states);
	if (!error)
		error = each(context, "listener_table_full", probe->image.shared->lost_listeners);
	if (!error)
		error = probe_recursion_losses(probe, each, context);
	if (!error)
		error = probe_kprobe_losses(probe, each, context);
	if (!error)
		error = each(context, "unseen_packets", probe->image.shared->unseen_packets);
	if (!error)
		error = each(context, "closing_unseen", probe_sees_closing(probe) ? 0 : 1);
	if (!error)
		error = each(context, "older_sockets_unknown", probe->walks_known ? 1 : 0);
	if (!error)
		error = each(context, "sockets_without_cookie",
			     probe->image.shared->cookieless_sockets);
	if (!error)
		error = each(context, "told_late", atomic_load(&probe->told_late));
	if (!error)
		error = each(context, "mptcp_sockets", probe->image.shared->mptcp_sockets);
	return error;
}

static int probe_timing_sum(const struct probe *probe, uint64_t *ret_runs, uint64_t *ret_run_ns)
{
	uint64_t runs = 0, run_ns = 0;

	for (unsigned index = 0; index < probe->plan.hooks; index++) {
		struct bpf_prog_info info = { 0 };
		int error = probe_info(probe, probe->plan.hook[index].program, &info);

		if (error)
			return error;
		runs += info.run_cnt;
		run_ns += info.run_time_ns;
	}
	*ret_runs = runs;
	*ret_run_ns = run_ns;
	return 0;
}

int probe_timing_begin(struct source *source, struct probe_timing *ret_timing)
{
	struct probe *probe = probe_of(source);
	struct probe_timing timing = { 0 };
	int error;

	probe->stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (probe->stats_fd < 0)
		return -errno;
	timing.start_ns = clock_monotonic_ns();
	error = probe_timing_sum(probe, &timing.runs, &timing.run_ns);
	if (error)
		return error;
	*ret_timing = timing;
	return 0;
}

int probe_timing_end(struct source *source, struct probe_timing *timing)
{
	struct probe *probe = probe_of(source);
	uint64_t runs, run_ns;
	int error = probe_timing_sum(probe, &runs, &run_ns);

	close(probe->stats_fd);
	probe->stats_fd = -1;
	if (error)
		return error;
	timing->end_ns = clock_monotonic_ns();
	timing->runs = runs - timing->runs;
	timing->run_ns = run_ns - timing->run_ns;
	return 0;
}
