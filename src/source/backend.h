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
	POINT_COOKIE = 1024, /* the kernel gives each connection its cookie: where it is allowed */
	POINT_ACKED = 2048, /* an ACK has been applied: for a trace, where it is allowed */
};

/* Which of the two BPF objects the programs are in. */
enum probe_object {
	OBJECT_POLLGAP, /* bpf/pollgap.bpf.c, from Linux 6.2 on */
	OBJECT_PORTABLE, /* bpf/portable.bpf.c, where only that is possible */
	OBJECTS,
};

/* A named way of reaching every measurement point. */
struct backend {
	const char *name;
	bool portable; /* its programs are in that object, even where the kernel would take the
			  other one */
	const char *function_hook; /* what hooks functions, where the kernel has no tracepoint:
				      "fentry" or "kprobe"; NULL: nothing */
};

/* In the order in which auto tries them; ends with a backend without a name. */
extern const struct backend backends[];

enum { HOOKS_MAX = 40, HOOK_NAME_BYTES = 40 };

struct hook {
	char program[HOOK_NAME_BYTES]; /* in the BPF object */
	const char *function; /* that it hooks; NULL: it is no kprobe */
	unsigned points; /* enum measurement_point, together */
};

/* A backend's hooks on this kernel. */
struct backend_plan {
	const struct backend *backend;
	enum probe_object object;
	unsigned points; /* enum measurement_point: what it was asked for */
	/* The kernel may take the processor from a tracepoint's program halfway. */
	bool preemptible;
	/* It counts the kprobes' programs that it leaves out where another BPF program runs. */
	bool kprobe_misses_counted;
	struct hook hook[HOOKS_MAX];
	unsigned hooks;
};

/* NULL where there is none of that name. */
const struct backend *backend_find(const char *name);

/*
 * Asks this kernel's type information, or that in the file btf_path, which tracepoints and
 * functions it has, and chooses the object and the hooks for the points that are wanted of that
 * object. Returns 0; -ENOTSUP with the reason in failure where one of POINTS_ALL can't be reached.
 * It loads nothing: whether the kernel lets this user load it, only probe_open() finds out.
 */
int backend_plan(const struct backend *backend, const unsigned points[OBJECTS],
		 const char *btf_path, struct backend_plan *ret_plan, struct failure *failure);

#endif
