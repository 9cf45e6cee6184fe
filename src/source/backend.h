/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_BACKEND_H
#define POLLGAP_BACKEND_H

#include <stdbool.h>
#include <stddef.h>

struct failure;

/* Where the measurement core must be called for the series to be whole. */
enum measurement_point {
	POINT_ENQUEUE = 1, /* data was queued for the application */
	POINT_ACK = 2, /* a packet came, its ACK is not applied yet */
	POINT_READ = 4, /* the application took bytes */
	POINT_SEND = 8, /* the application adds bytes */
	POINT_BIRTH = 16, /* a connection is established */
	POINT_DEATH = 32, /* it leaves the tables */
	POINTS_ALL = 63, /* what every backend must cover */
	POINT_ACCEPT = 64, /* a connection was taken out of an accept queue: on request */
	POINT_BACKLOG = 128, /* a CPU's backlog has changed: on request */
	POINT_RETURN = 256, /* a read begins to copy; it or a send has returned: for a trace */
	POINT_CLOSING = 512, /* as POINT_ACK, after the first FIN: where it is allowed */
};

struct hook {
	const char *program; /* in bpf/pollgap.bpf.c */
	const char *kernel_type; /* what the kernel's BTF must have for it: a typedef,
				  btf_trace_NAME; or NULL */
	unsigned points; /* enum measurement_point, together */
};

enum { HOOKS_MAX = 24 };

/* A named set of hooks that covers every measurement point. */
struct backend {
	const char *name;
	const char *missing; /* NULL, or why this version has none of its hooks */
	struct hook hook[HOOKS_MAX]; /* ends with an empty one */
};

/* In the order in which auto tries them; ends with a backend without a name. */
extern const struct backend backends[];

/* NULL where there is none of that name. */
const struct backend *backend_find(const char *name);

/* The measurement points that the backend's hooks cover together. */
unsigned backend_points(const struct backend *backend);

/*
 * Asks this kernel's type information whether it has what the backend needs. Returns 0; -ENOTSUP
 * with the reason in failure. It loads nothing: whether the kernel lets this user load it, only
 * probe_open() finds out.
 */
int backend_check(const struct backend *backend, struct failure *failure);

#endif
