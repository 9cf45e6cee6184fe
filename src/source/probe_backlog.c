/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* sched_setaffinity() */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/failure.h"
#include "source/probe_private.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUDGET_PERIOD_NS ((uint64_t)NS_PER_S)

/* The discard port of our own machine: nobody need listen there for the packet to pass the backlog.
 */
enum { PORT_DISCARD = 9 };

static void packet_send(int fd)
{
	const struct sockaddr_in loopback = { .sin_family = AF_INET,
					      .sin_port = htons(PORT_DISCARD),
					      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	/* Where it can't be sent the CPU's backlog is known from its first packet on. */
	(void)!sendto(fd, "", 0, MSG_DONTWAIT, (const struct sockaddr *)&loopback,
		      sizeof(loopback));
}

void probe_backlog_wake(void)
{
	_cleanup_(closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cpu_set_t allowed, one;

	if (fd < 0 || sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (sched_setaffinity(0, sizeof(one), &one) == 0)
			packet_send(fd);
	}
	sched_setaffinity(0, sizeof(allowed), &allowed);
}

void probe_backlog_refresh(struct probe *probe, uint64_t now_ns)
{
	_cleanup_(fclosep) FILE *file = NULL;
	char line[32];

	if (probe->budget_read_ns && now_ns - probe->budget_read_ns < BUDGET_PERIOD_NS)
		return;
	probe->budget_read_ns = now_ns;
	file = fopen("/proc/sys/net/core/netdev_budget", "re");
	if (file && fgets(line, sizeof(line), file))
		probe->image.shared->netdev_budget_packets = (uint32_t)strtoul(line, NULL, 10);
}

static int collect_spike(const struct sink *sink, const struct backlog_state *state, uint32_t cpu,
			 uint32_t index, uint64_t stop_ns)
{
	const struct backlog_spike_state *spike = &state->spike[index];
	const struct record_backlog record = {
		.header = { .type = RECORD_BACKLOG,
			    .threshold_index = (uint8_t)index,
			    .flags = (uint8_t)(spike->flags | RECORD_RIGHT_CENSORED) },
		.start_ns = spike->start_ns,
		.end_ns = stop_ns,
		.peak_ns = spike->peak_ns,
		.cpu = cpu,
		.peak_packets = spike->peak_packets,
	};

	return sink->take(sink->context, OBSERVE_RECORD, &record, sizeof(record));
}

/* An inner spike's peak is the outer ones' too: the kernel side folds it in when it ends. */
static void peaks_fold(struct backlog_state *state)
{
	for (uint32_t index = state->level; index-- > 1;) {
		const struct backlog_spike_state *inner = &state->spike[index];
		struct backlog_spike_state *outer = &state->spike[index - 1];

		if (inner->peak_packets <= outer->peak_packets)
			continue;
		outer->peak_packets = inner->peak_packets;
		outer->peak_ns = inner->peak_ns;
	}
}

/* Those that wait for their record to be full. */
static int collect_events(const struct sink *sink, const struct backlog_state *state, uint32_t cpu)
{
	struct record_events record = {
		.header = { .type = RECORD_BACKLOG_EVENTS },
		.events = state->events,
		.cpu = cpu,
	};

	if (!state->events)
		return 0;
	memcpy(record.event, state->event, sizeof(record.event));
	return sink->take(sink->context, OBSERVE_RECORD, &record, sizeof(record));
}

static int collect_cpu(const struct sink *sink, struct backlog_state *state, uint32_t cpu,
		       uint64_t stop_ns)
{
	const struct record_drop drop = {
		.header = { .type = RECORD_DROP },
		.start_ns = state->drop_start_ns,
		.end_ns = state->drop_end_ns,
		.cpu = cpu,
		.packets = state->drop_packets,
	};
	int error = 0;

	peaks_fold(state);
	for (uint32_t index = 0; index < state->level && index < BACKLOG_THRESHOLDS_MAX && !error;
	     index++)
		error = collect_spike(sink, state, cpu, index, stop_ns);
	if (!error && state->drop_packets)
		error = sink->take(sink->context, OBSERVE_RECORD, &drop, sizeof(drop));
	if (!error)
		error = collect_events(sink, state, cpu);
	return error;
}

int probe_backlog_collect(struct probe *probe, const struct sink *sink, struct failure *failure)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_(freep) struct backlog_state *states = NULL;
	uint32_t key = 0;
	int error = 0;

	if (cpus < 0)
		return failure_set(failure, -cpus, "the number of CPUs can't be told: %s",
				   strerror(-cpus));
	states = calloc((size_t)cpus, sizeof(*states));
	if (!states)
		return failure_set(failure, ENOMEM, "out of memory");
	/* From here on the kernel side tells no run of drops that is open now: it would be told
	 * twice. */
	probe->image.shared->backlogs_collected = 1;
	if (bpf_map_lookup_elem(probe_image_map(&probe->image, "backlogs"), &key, states) < 0)
		return failure_set(failure, errno, "the CPUs' backlogs can't be read: %s",
				   strerror(errno));
	for (int cpu = 0; cpu < cpus && !error; cpu++)
		error = collect_cpu(sink, &states[cpu], (uint32_t)cpu,
				    probe->image.shared->stop_ns);
	return error;
}
