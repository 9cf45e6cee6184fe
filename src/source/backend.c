/* SPDX-License-Identifier: BSD-2-Clause */
#include "source/backend.h"

#include "base/cleanup.h"
#include "base/failure.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

const struct backend backends[] = {
	/* Every point by a tracepoint: Linux 6.16 and later. */
	{ .name = "tp_btf" },
	{ .name = "fentry", .function_hook = "fentry" },
	{ .name = "kprobe", .function_hook = "kprobe", .portable = true },
	{ .name = NULL },
};

enum hook_flag {
	IN_POLLGAP = 1, /* its program is in OBJECT_POLLGAP alone */
	IN_PORTABLE = 2, /* in OBJECT_PORTABLE alone */
	BY_FENTRY =
		4, /* as a function's, for fentry alone: a kprobe sees no arguments at its end */
	NOT_BY_FENTRY = 8, /* there is a better one for fentry */
	OPTIONAL = 16, /* of its points another hook covers what this one does not */
	TWICE = 32, /* has a second program: bpf/hooks.h */
	UNLESS_FUNCTION = 64, /* it is left out where the kernel has that function */
};

/*
 * What reaches the measurement points, by name: a program is named for its kind and this,
 * tracepoint_enqueue. The tracepoint is taken where the kernel has it, else the function. No
 * compiler may have made that a part of its caller: it is called through a pointer, or from another
 * source file, or more than once, or is too large.
 */
static const struct way {
	const char *name;
	const char *tracepoint;
	const char *function;
	const char *unless; /* where the kernel has this tracepoint, nothing is left to do */
	unsigned points;
	unsigned flags;
} ways[] = {
	/* Since 6.3; the callback of every socket that has none of its own, such as MPTCP's. */
	{ "enqueue", "sk_data_ready", "sock_def_readable", NULL, POINT_ENQUEUE, TWICE },
	{ "ack", "tcp_probe", NULL, NULL, POINT_ACK, TWICE },
	{ "read", "tcp_rcv_space_adjust", NULL, NULL, POINT_READ, TWICE },
	/* Since 6.16 at each round of the copy loop; the function is entered once. */
	{ "send", "tcp_sendmsg_locked", "tcp_sendmsg_locked", NULL, POINT_SEND, TWICE },
	{ "send_round", NULL, "sk_page_frag_refill", "tcp_sendmsg_locked", POINT_SEND, OPTIONAL },
	/* What sendfile() and splice() add since 6.5 is copied nowhere: each new segment tells. */
	{ "send_segment", NULL, "tcp_stream_alloc_skb", "tcp_sendmsg_locked", POINT_SEND,
	  OPTIONAL },
	/* Until 6.4: sendfile() and splice() do not pass by tcp_sendmsg_locked(). */
	{ "send_page", NULL, "do_tcp_sendpages", NULL, POINT_SEND, OPTIONAL },
	{ "transmit", "net_dev_queue", NULL, NULL, POINT_SEND, TWICE },
	{ "state", "inet_sock_set_state", NULL, NULL, POINT_BIRTH | POINT_DEATH, TWICE },
	{ "destroy", "tcp_destroy_sock", NULL, NULL, POINT_DEATH, TWICE },
	{ "accepted", "sys_exit", NULL, NULL, POINT_ACCEPT, NOT_BY_FENTRY },
	{ "accepted", NULL, "inet_csk_accept", NULL, POINT_ACCEPT, BY_FENTRY },
	{ "closing_packet", NULL, "tcp_rcv_state_process", NULL, POINT_CLOSING,
	  IN_PORTABLE | OPTIONAL },
	{ "copy", "skb_copy_datagram_iovec", NULL, NULL, POINT_RETURN, OPTIONAL | TWICE },
	{ "read_returned", "sock_recv_length", NULL, NULL, POINT_RETURN, OPTIONAL | TWICE },
	{ "send_returned", "sock_send_length", NULL, NULL, POINT_RETURN, OPTIONAL | TWICE },
	/* After the ACK that tcp_probe announces: tcp_ack(), v6.12. */
	{ "acked", NULL, "tcp_rate_gen", NULL, POINT_ACKED, IN_PORTABLE | OPTIONAL },
	/* Since 7.0 that is a part of tcp_ack(); this one is called twice in it. */
	{ "delivered", NULL, "tcp_newly_delivered", "tcp_rate_gen", POINT_ACKED,
	  IN_PORTABLE | OPTIONAL | UNLESS_FUNCTION },
	/* In place of the two before 6.3. */
	{ "release", NULL, "release_sock", "sock_recv_length", POINT_RETURN, OPTIONAL },
	{ "queued", "netif_rx_exit", NULL, NULL, POINT_BACKLOG, 0 },
	{ "taken", "netif_receive_skb", NULL, NULL, POINT_BACKLOG, 0 },
	{ "round", "napi_poll", NULL, NULL, POINT_BACKLOG, 0 },
	{ "round_end", "softirq_exit", NULL, NULL, POINT_BACKLOG, 0 },
	{ "sockops_closing", NULL, NULL, NULL, POINT_CLOSING, IN_POLLGAP },
	{ "sockops_cookie", NULL, NULL, NULL, POINT_COOKIE, IN_PORTABLE },
};

/* Those that are there twice. */
enum { SECOND_PROGRAMS = 10 };

_Static_assert(sizeof(ways) / sizeof(ways[0]) + SECOND_PROGRAMS <= HOOKS_MAX,
	       "a plan has room for every way");

static void btf_freep(struct btf **btf)
{
	btf__free(*btf);
}

const struct backend *backend_find(const char *name)
{
	for (const struct backend *backend = backends; backend->name; backend++) {
		if (strcmp(backend->name, name) == 0)
			return backend;
	}
	return NULL;
}

static bool tracepoint_exists(const struct btf *btf, const char *tracepoint)
{
	char type[64];

	snprintf(type, sizeof(type), "btf_trace_%s", tracepoint);
	return btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF) > 0;
}

static bool function_exists(const struct btf *btf, const char *function)
{
	return btf__find_by_name_kind(btf, function, BTF_KIND_FUNC) > 0;
}

/* Whether the structure has a member of that name, or one of its members has. */
static bool type_has_member(const struct btf *btf, uint32_t type_id, const char *name)
{
	const struct btf_type *type = btf__type_by_id(btf, type_id);

	if (!type || !btf_is_composite(type))
		return false;
	for (uint16_t index = 0; index < btf_vlen(type); index++) {
		const struct btf_member *member = &btf_members(type)[index];

		if (strcmp(btf__name_by_offset(btf, member->name_off), name) == 0 ||
		    type_has_member(btf, member->type, name))
			return true;
	}
	return false;
}

/* Linux 6.7 began to count them, and to tell of a link's. */
static bool kprobe_misses_counted(const struct btf *btf)
{
	int type_id = btf__find_by_name_kind(btf, "bpf_link_info", BTF_KIND_STRUCT);

	return type_id > 0 && type_has_member(btf, (uint32_t)type_id, "missed");
}

/* Whether the way is one of the backend's at all. */
static bool way_fits(const struct way *way, const struct backend *backend, enum probe_object object)
{
	bool fentry = backend->function_hook && strcmp(backend->function_hook, "fentry") == 0;

	if (way->flags & (object == OBJECT_POLLGAP ? IN_PORTABLE : IN_POLLGAP))
		return false;
	if (way->flags & BY_FENTRY)
		return fentry;
	return !(way->flags & NOT_BY_FENTRY) || !fentry;
}

static bool way_is_needless(const struct way *way, const struct btf *btf)
{
	if (!way->unless)
		return false;
	return way->flags & UNLESS_FUNCTION ? function_exists(btf, way->unless) :
					      tracepoint_exists(btf, way->unless);
}

static int way_refused(const struct way *way, const struct backend *backend,
		       struct failure *failure)
{
	if (!way->function)
		return failure_set(failure, ENOTSUP, "this kernel has no tracepoint %s",
				   way->tracepoint);
	if (!backend->function_hook)
		return failure_set(failure, ENOTSUP,
				   "this kernel has no tracepoint %s, which came with Linux %s",
				   way->tracepoint,
				   strcmp(way->name, "send") == 0 ? "6.16" : "6.3");
	return failure_set(failure, ENOTSUP, "this kernel has neither a tracepoint %s nor %s()",
			   way->tracepoint, way->function);
}

/* The way's program, or "" where this kernel needs none or has none. */
static int way_choose(const struct way *way, const struct backend_plan *plan, const struct btf *btf,
		      char *program, struct failure *failure)
{
	const struct backend *backend = plan->backend;

	*program = '\0';
	if (!way_fits(way, backend, plan->object) || way_is_needless(way, btf))
		return 0;
	if (!way->tracepoint && !way->function)
		snprintf(program, HOOK_NAME_BYTES, "%s", way->name);
	else if (way->tracepoint && tracepoint_exists(btf, way->tracepoint))
		snprintf(program, HOOK_NAME_BYTES, "tracepoint_%s", way->name);
	else if (way->function && backend->function_hook && function_exists(btf, way->function))
		snprintf(program, HOOK_NAME_BYTES, "%s_%s", backend->function_hook, way->name);
	else if (!(way->flags & OPTIONAL))
		return way_refused(way, backend, failure);
	return 0;
}

static struct btf *btf_open(const char *path)
{
	libbpf_set_print(NULL); /* failures tell what is wrong, in our own words */
	return path ? btf__parse(path, NULL) : btf__load_vmlinux_btf();
}

int backend_plan(const struct backend *backend, const unsigned points[OBJECTS],
		 const char *btf_path, struct backend_plan *ret_plan, struct failure *failure)
{
	_cleanup_(btf_freep) struct btf *btf = btf_open(btf_path);
	struct backend_plan plan = { .backend = backend };

	if (!btf && btf_path)
		return failure_set(failure, EINVAL, "%s holds no type information (BTF): %s",
				   btf_path, strerror(errno));
	if (!btf)
		return failure_set(
			failure, ENOTSUP,
			"this kernel has no type information (/sys/kernel/btf/vmlinux): use one built with "
			"CONFIG_DEBUG_INFO_BTF=y, as distributions' kernels from 5.10 on are, or name a file of it with --btf");
	plan.kprobe_misses_counted = kprobe_misses_counted(btf);
	/* Linux 7.0 guards its tracepoints by SRCU-fast, which made this function another one, and
	 * no longer by forbidding to take the processor. */
	plan.preemptible = function_exists(btf, "init_srcu_struct_fast");
	if (backend->portable ||
	    (backend->function_hook && !function_exists(btf, "bpf_rdonly_cast")))
		plan.object = OBJECT_PORTABLE;
	plan.points = points[plan.object];
	for (size_t index = 0; index < sizeof(ways) / sizeof(ways[0]); index++) {
		struct hook *hook = &plan.hook[plan.hooks];
		int error;

		if (!(ways[index].points & plan.points))
			continue;
		error = way_choose(&ways[index], &plan, btf, hook->program, failure);
		if (error)
			return error;
		hook->points = ways[index].points;
		hook->function = strncmp(hook->program, "kprobe_", 7) == 0 ? ways[index].function :
									     NULL;
		plan.hooks += hook->program[0] != '\0';
		if (plan.preemptible && ways[index].flags & TWICE &&
		    strncmp(hook->program, "tracepoint_", 11) == 0) {
			plan.hook[plan.hooks] = *hook;
			snprintf(plan.hook[plan.hooks++].program, HOOK_NAME_BYTES, "again_%s",
				 ways[index].name);
		}
	}
	*ret_plan = plan;
	return 0;
}
