/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_PROBE_PRIVATE_H
#define POLLGAP_PROBE_PRIVATE_H

#include "bpf/shared.h"
#include "source/backend.h"
#include "source/probe.h"

#include <stdatomic.h>

struct bpf_link;
struct bpf_object;
struct bpf_object_skeleton;
struct bpf_program;
struct ring_buffer;

/* Either of the BPF objects, as probe_object.c has opened it. */
struct probe_image {
	enum probe_object kind;
	void *skeleton; /* of the kind's own type */
	struct bpf_object *object;
	struct probe_config *config; /* until it is loaded */
	struct probe_shared *shared; /* of the programs, once it is loaded */
};

/* btf: a file of type information, or NULL for the kernel's own. */
int probe_image_open(enum probe_object kind, const char *btf, struct probe_image *ret_image);
int probe_image_load(struct probe_image *image);
void probe_image_close(struct probe_image *image);
/* The map's descriptor; negative: there is none. */
int probe_image_map(const struct probe_image *image, const char *name);

struct probe {
	struct source source;
	struct probe_image image;
	struct backend_plan plan; /* its hooks for what this capture asks for */
	struct bpf_link *link[HOOKS_MAX]; /* the plan's, NULL: not allowed */
	struct ring_buffer *ring;
	void *ring_pages; /* probe_ring.c */
	struct bpf_link *walk_link;
	int cgroup_fd; /* the topmost control group; negative: none */
	int stats_fd;
	atomic_uint_least64_t told_late; /* beginnings and ends that were over when the programs
			       were told of them */
	bool misses_unknown; /* of a kprobe, by this kernel */
	bool walks_known; /* only sockets that it has met, for want of an iterator */
	uint64_t budget_read_ns;
	bool backlog_due; /* the next turn hands over what is open in the CPUs' backlogs */
	/* The running turn. */
	const struct sink *sink;
	uint64_t turn_records;
};

/* probe_backlog.c: the user space side of the CPUs' backlog. */

/* Has every CPU that we may run on receive a packet, so that its backlog is known from the start. */
void probe_backlog_wake(void);
/* Brings what the kernel side must know of net.core up to date, once a second. */
void probe_backlog_refresh(struct probe *probe, uint64_t now_ns);
int probe_backlog_collect(struct probe *probe, const struct sink *sink, struct failure *failure);

/* The ring buffer's positions in bytes since it was made: read and written (reserved) so far. */
int probe_ring_map(struct probe *probe, int map_fd, struct failure *failure);
void probe_ring_unmap(struct probe *probe);
uint64_t probe_ring_read(const struct probe *probe);
uint64_t probe_ring_written(const struct probe *probe);

static inline struct probe *probe_of(const struct source *source)
{
	return (struct probe *)source;
}

struct bpf_program *probe_program(const struct probe *probe, const char *name);

/* Whether the packets of connections that are being closed are seen. */
bool probe_sees_closing(const struct probe *probe);

#endif
