/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_ACCEPT_H
#define POLLGAP_ACCEPT_H

/*
 * Accept queues of listeners. A connection is queued without the listener's lock, on several CPUs
 * at once, so nothing is aggregated here: each change is told with its time, and user space, which
 * sees them in one row, finds the spikes.
 *
 * No tracepoint sees accept(2) take one out, short of the exit of every system call. So while a
 * queue is at or above the lowest threshold a timer looks at it: a fall is dated late by
 * ACCEPT_LOOK_NS at most. On request the exit of accept(2) dates it to a microsecond.
 */
#include "socket.h"

enum {
	LISTENERS_MAX = 16384,
	ACCEPT_LOOK_NS = 100000,
	CLOCK_MONOTONIC = 1,
};

struct listener {
	__u64 sk; /* the struct sock: read only, and only believed while its cookie is ours */
	__u32 number; /* record_header.socket_number, 0: outside the filter, or not told of yet */
	__u32 connections; /* as told last */
#ifndef POLLGAP_PORTABLE
	struct bpf_timer timer;
	__u32 looks; /* the timer is initialised */
	__u32 padding;
#endif
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LISTENERS_MAX);
#ifndef POLLGAP_PORTABLE
	__uint(map_flags, BPF_F_NO_PREALLOC);
#endif
	__type(key, __u64); /* socket_key() */
	__type(value, struct listener);
} listeners SEC(".maps");

/* The listener's queue as it is now. */
static __always_inline void accept_emit(struct listener *listener, const struct sock *sk)
{
	__u32 connections = peek(sk->sk_ack_backlog);
	struct record_accept *record;
	__u64 now_ns = bpf_ktime_get_ns();

	if (now_ns < shared.start_ns || now_ns >= shared.stop_ns)
		return;
	record = record_reserve(RECORD_ACCEPT, sizeof(*record));
	if (!record)
		return;
	record_head(&record->header, listener->number, RECORD_ACCEPT, 0, 0, 0);
	record->time_ns = now_ns;
	record->connections = connections;
	record->limit_connections = peek(sk->sk_max_ack_backlog);
	record_submit(record);
	listener->connections = connections;
}

#ifdef POLLGAP_PORTABLE

/* No timers before 5.15: a backend of this object has the hook on accept(2) whenever accept queues
 * are measured. */
static __always_inline void listener_watch(struct listener *listener)
{
	(void)listener;
}

#else

static __always_inline const struct sock *listener_sock(const struct listener *listener,
							__u64 cookie)
{
	const struct sock *sk = kernel_object(struct sock, (void *)listener->sk);

	return (__u64)peek(sk->__sk_common.skc_cookie.counter) == cookie ? sk : NULL;
}

/* Runs every ACCEPT_LOOK_NS while the queue is at or above the lowest threshold. */
static int listener_look(void *map, __u64 *cookie, struct listener *listener)
{
	const struct sock *sk = listener_sock(listener, *cookie);

	if (!sk || peek(sk->__sk_common.skc_state) != TCP_LISTEN)
		return 0;
	if (peek(sk->sk_ack_backlog) != listener->connections)
		accept_emit(listener, sk);
	if (listener->connections >= config.accept_threshold)
		bpf_timer_start(&listener->timer, ACCEPT_LOOK_NS, 0);
	return 0;
}

static __always_inline void listener_watch(struct listener *listener)
{
	if (!__sync_lock_test_and_set(&listener->looks, 1)) {
		bpf_timer_init(&listener->timer, &listeners, CLOCK_MONOTONIC);
		bpf_timer_set_callback(&listener->timer, listener_look);
	}
	bpf_timer_start(&listener->timer, ACCEPT_LOOK_NS, 0);
}

#endif

static __noinline int listener_begin(struct sock *sk, __u64 cookie)
{
	__u64 now_ns = bpf_ktime_get_ns();
	struct listener new_listener = { .sk = (__u64)sk };
	struct listener *listener;
	__u32 number;

	if (now_ns < shared.start_ns || now_ns >= shared.stop_ns)
		return 0;
	/* Two CPUs may come here at once: the second one finds the first one's. */
	if (bpf_map_update_elem(&listeners, &cookie, &new_listener, BPF_NOEXIST)) {
		if (!bpf_map_lookup_elem(&listeners, &cookie))
			__sync_fetch_and_add(&shared.lost_listeners, 1);
		return 0;
	}
	if (socket_netns_inode(sk) != config.filter_netns_inode || !socket_port_matches(sk))
		return 0;
	/* Its number shows only when the socket's own record is in the ring: no other CPU tells of
	 * a queue before that. What was queued there meanwhile is in the queue that this one tells.
	 */
	number = socket_number();
	socket_emit(sk, number, now_ns, RECORD_LISTENER | (shared.walk_runs ? RECORD_OLDER : 0));
	listener = bpf_map_lookup_elem(&listeners, &cookie);
	if (listener)
		listener->number = number;
	return 0;
}

/* A connection was queued, or a walk has come by, or the socket has just begun to listen. */
static __noinline int listener_observe(struct sock *sk)
{
	struct listener *listener;
	__u64 cookie;

	if (!sk || !shared.start_ns || !config.accept_threshold || !socket_is_tcp(sk))
		return 0;
	cookie = socket_key(sk);
	listener = bpf_map_lookup_elem(&listeners, &cookie);
	if (!listener) {
		listener_begin(sk, cookie);
		listener = bpf_map_lookup_elem(&listeners, &cookie);
	}
	if (!listener || !listener->number)
		return 0;
	accept_emit(listener, sk);
	if (listener->connections >= config.accept_threshold)
		listener_watch(listener);
	return 0;
}

static __noinline int listener_end(struct sock *sk)
{
	struct record_death *record;
	struct listener *listener;
	__u32 number;
	__u64 cookie;

	if (!sk)
		return 0;
	cookie = socket_key(sk);
	listener = bpf_map_lookup_elem(&listeners, &cookie);
	if (!listener)
		return 0;
	number = listener->number;
	bpf_map_delete_elem(&listeners, &cookie);
	if (!number)
		return 0;
	record = record_reserve(RECORD_DEATH, sizeof(*record));
	if (!record)
		return 0;
	record_head(&record->header, number, RECORD_DEATH, 0, 0, 0);
	record->time_ns = bpf_ktime_get_ns();
	if (record->time_ns > shared.stop_ns)
		record->time_ns = shared.stop_ns;
	record_submit(record);
	return 0;
}

/* Measurement point: a connection was taken out of this listener's queue, if there was any. */
static __always_inline int record_accept_returned(struct sock *sk)
{
	__u64 key = socket_key(sk);
	struct listener *listener = bpf_map_lookup_elem(&listeners, &key);

	if (listener && listener->number && listener->connections != peek(sk->sk_ack_backlog))
		accept_emit(listener, sk);
	return 0;
}

/* The system calls that take a connection out of the queue; the numbers are the kernel's interface.
 */
#if defined(__TARGET_ARCH_x86)
struct pt_regs___accept {
	unsigned long di;
	unsigned long orig_ax;
} __relocated;
#define syscall_number(regs) peek((regs)->orig_ax)
#define syscall_first(regs) peek((regs)->di)
enum { SYSCALL_ACCEPT = 43, SYSCALL_ACCEPT4 = 288 };
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs___accept {
	__u64 orig_x0;
	__s32 syscallno;
} __relocated;
#define syscall_number(regs) peek((regs)->syscallno)
#define syscall_first(regs) peek((regs)->orig_x0)
enum { SYSCALL_ACCEPT = 202, SYSCALL_ACCEPT4 = 242 };
#endif

/* Measurement point: accept(2) has returned; the connection left the queue a moment before. */
static __always_inline int record_accepted(const struct pt_regs___accept *regs, long result)
{
	__u64 number = syscall_number(regs);
	const struct task_struct *task;
	struct file **files, *file = NULL;
	const struct socket *socket;
	struct listener *listener;
	const struct sock *sk;
	__u64 key;

	if ((number != SYSCALL_ACCEPT && number != SYSCALL_ACCEPT4) || result < 0 ||
	    !shared.start_ns)
		return 0;
	task = (const struct task_struct *)bpf_get_current_task();
	files = BPF_CORE_READ(task, files, fdt, fd);
	bpf_probe_read_kernel(&file, sizeof(file), files + (__u32)syscall_first(regs));
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
#ifdef POLLGAP_PORTABLE
	key = socket_key(sk);
#else
	key = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
#endif
	listener = bpf_map_lookup_elem(&listeners, &key);
	if (!listener || !listener->number)
		return 0;
#ifndef POLLGAP_PORTABLE
	sk = listener_sock(listener, key);
	if (!sk)
		return 0;
#endif
	accept_emit(listener, sk);
	return 0;
}

#endif
