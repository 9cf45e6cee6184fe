/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_SOCKET_H
#define POLLGAP_SOCKET_H

/* One socket: the filter, its state's beginning, its catching up and its end. */
#include "queues.h"

static __always_inline bool socket_port_matches(const struct sock *sk)
{
	__u16 local_port = peek(sk->__sk_common.skc_num);
	__u16 remote_port = bpf_ntohs(peek(sk->__sk_common.skc_dport));

	if (!config.filter_ports)
		return true;
	for (__u32 index = 0; index < PORTS_MAX; index++) {
		if (index >= config.filter_ports)
			break;
		if (config.filter_port[index] == local_port ||
		    config.filter_port[index] == remote_port)
			return true;
	}
	return false;
}

static __always_inline __u32 socket_netns_inode(const struct sock *sk)
{
	const struct net *net = peek(sk->__sk_common.skc_net.net);

	return peek(net->ns.inum);
}

static __always_inline bool socket_is_wanted(const struct sock *sk)
{
	return socket_netns_inode(sk) == config.filter_netns_inode && socket_port_matches(sk);
}

static __always_inline __u64 socket_inode(const struct sock *sk)
{
	const struct socket *socket = peek(sk->sk_socket);

	const struct socket_alloc *alloc;

	if (!socket)
		return 0;
	alloc = kernel_object(struct socket_alloc, socket);
	return peek(alloc->vfs_inode.i_ino);
}

static __always_inline void socket_emit(struct sock *sk, __u32 number, __u64 time_ns, __u32 flags)
{
	struct record_socket *record = record_reserve(RECORD_SOCKET, sizeof(*record));

	if (!record)
		return;
	__builtin_memset(record, 0, sizeof(*record));
	record_head(&record->header, number, RECORD_SOCKET, 0, 0,
		    flags & (RECORD_OLDER | RECORD_LISTENER));
	record->time_ns = time_ns;
	record->cookie = socket_cookie(sk);
	if (!record->cookie && !(flags & RECORD_LISTENER))
		__sync_fetch_and_add(&shared.cookieless_sockets, 1);
	record->inode = socket_inode(sk);
	record->netns_inode = socket_netns_inode(sk);
	record->family = peek(sk->__sk_common.skc_family);
	record->local_port = peek(sk->__sk_common.skc_num);
	record->remote_port = bpf_ntohs(peek(sk->__sk_common.skc_dport));
	if (record->family == AF_INET6) {
		BPF_CORE_READ_INTO(&record->local_address, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&record->remote_address, sk, __sk_common.skc_v6_daddr);
	} else {
		*(__u32 *)record->local_address = peek(sk->__sk_common.skc_rcv_saddr);
		*(__u32 *)record->remote_address = peek(sk->__sk_common.skc_daddr);
	}
	record_submit(record);
}

/*
 * Gives a socket its state. time_ns: since when the values hold. flags: RECORD_OLDER |
 * RECORD_LEFT_CENSORED for a socket whose birth was not seen.
 */
static __noinline int socket_begin(struct sock *sk, struct socket_state *state, __u64 time_ns,
				   __u32 flags)
{
	const struct tcp_sock *tp;
	struct queues queues;

	if (!state)
		return 0;
	if (!socket_is_wanted(sk)) {
		state->closed = 1;
		return 0;
	}
	tp = kernel_object(struct tcp_sock, sk);
	queues = queues_read(sk, tp, peek(tp->snd_una));
	if (bpf_core_field_exists(tp->is_mptcp) && peek(tp->is_mptcp))
		__sync_fetch_and_add(&shared.mptcp_sockets, 1);
	state->number = socket_number();
	state->rcv_nxt = queues.rcv_nxt;
	state->told_seq = queues.rcv_nxt;
	state->told_ack = peek(tp->snd_nxt);
	state->first_ns = time_ns;
	state->last_ns = time_ns;
	state->period_end_ns =
		shared.start_ns + ((time_ns - shared.start_ns) / config.summary_period_ns + 1) *
					  config.summary_period_ns;
	socket_emit(sk, state->number, time_ns, flags);
	gauge_begin(state, GAUGE_RX_QUEUE, queues.rx_queue_bytes, peek(sk->sk_rcvbuf), flags);
	gauge_begin(state, GAUGE_TX_QUEUE, queues.tx_queue_bytes, peek(sk->sk_sndbuf), flags);
	gauge_begin(state, GAUGE_RMEM, queues.rmem_bytes, peek(sk->sk_rcvbuf), flags);
	state->closed = 0;
	return 0;
}

static __always_inline bool socket_is_tcp(const struct sock *sk)
{
	__u16 family = peek(sk->__sk_common.skc_family);

	return peek(sk->sk_protocol) == IPPROTO_TCP && (family == AF_INET || family == AF_INET6);
}

/* The states in which a full socket has queues. Before ESTABLISHED it has none worth a spike; in
 * CLOSE nobody sees them. */
static __always_inline bool socket_has_queues(const struct sock *sk)
{
	__u8 state = peek(sk->__sk_common.skc_state);

	return state == TCP_ESTABLISHED || state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2 ||
	       state == TCP_CLOSE_WAIT || state == TCP_LAST_ACK || state == TCP_CLOSING;
}

static __noinline struct socket_state *socket_create(struct sock *sk, __u64 time_ns, __u32 flags)
{
	struct socket_state *state;

#ifdef POLLGAP_PORTABLE
	/* Sockets that nobody asked for have no place in a table that may fill. */
	if (!socket_is_wanted(sk))
		return NULL;
#endif
	state = state_create(sk);

	if (state)
		socket_begin(sk, state, time_ns, flags);
	return state;
}

/* The state of a socket that is measured already, or NULL. */
static __always_inline struct socket_state *socket_known(struct sock *sk)
{
	struct socket_state *state = socket_is_tcp(sk) ? state_of(sk) : NULL;

	return state && !state->closed ? state : NULL;
}

/* The socket's state, or NULL where there is nothing to measure. An unknown socket is older than
 * its first event: than the capture while the walk over those runs, and else no hook has seen the
 * packet that it began with. */
static __always_inline struct socket_state *socket_find(struct sock *sk)
{
	struct socket_state *state;
	__u64 time_ns;

	if (!socket_is_tcp(sk))
		return NULL;
	state = state_of(sk);
	if (!state) {
		if (!shared.start_ns || !socket_has_queues(sk))
			return NULL;
		time_ns = bpf_ktime_get_ns();
		if (time_ns < shared.start_ns || time_ns >= shared.stop_ns)
			return NULL;
		state = socket_create(sk, time_ns,
				      RECORD_LEFT_CENSORED | (shared.walk_runs ? RECORD_OLDER : 0));
		if (!state)
			return NULL;
		if (!shared.walk_runs && !state->closed)
			__sync_fetch_and_add(&shared.unseen_packets, 1);
	}
	return state->closed ? NULL : state;
}

/* From the first time that it is asked for on. */
static __always_inline bool tick_is_known(void)
{
	if (shared.known_tick)
		return true;
	shared.known_tick_ns = bpf_ktime_get_ns();
	shared.known_tick = bpf_jiffies64();
	return false;
}

/* When a tick was, to a tick's length: reading the tick costs a tenth of reading the clock. */
static __always_inline __u64 tick_ns(__u64 tick)
{
	__u64 now_ns = bpf_ktime_get_ns();
	__u64 now_tick = bpf_jiffies64();
	__u64 length_ns;

	if (!shared.known_tick || now_tick <= shared.known_tick || now_tick <= tick)
		return now_ns;
	length_ns = (now_ns - shared.known_tick_ns) / (now_tick - shared.known_tick);
	return now_ns - (now_tick - tick) * length_ns;
}

/* What is dated back to a note happened before the system call returned, or before now. */
static __always_inline void socket_note_end(struct socket_state *state, __u64 returned_ns)
{
	if (config.trace_wanted)
		state->until_ns = returned_ns > state->note_ns ? returned_ns : bpf_ktime_get_ns();
}

/* What went by without a hook since the last one: see core.h. */
static __always_inline void socket_catch_up(struct sock *sk, struct socket_state *state,
					    const struct queues *queues)
{
	__u32 rx_queue_bytes, rmem_bytes;

	if (config.trace_wanted && state->read_ns &&
	    (state->note == NOTE_NONE || state->note == NOTE_READ ||
	     state->read_ns < state->note_ns))
		returned_catch_up(state, state->rcv_nxt, sk);
	rx_queue_bytes = state->gauge[GAUGE_RX_QUEUE].value_bytes;
	rmem_bytes = state->gauge[GAUGE_RMEM].value_bytes;
	switch (state->note) {
	case NOTE_SEND:
		if (queues->tx_queue_bytes <= state->gauge[GAUGE_TX_QUEUE].value_bytes)
			break;
		socket_note_end(state, state->sent_ns);
		gauge_set(state, GAUGE_TX_QUEUE, queues->tx_queue_bytes, state->note_ns, sk);
		break;
	case NOTE_PROMPT:
		if (queues->tx_queue_bytes > state->gauge[GAUGE_TX_QUEUE].value_bytes)
			gauge_set(state, GAUGE_TX_QUEUE, queues->tx_queue_bytes,
				  tick_ns(state->note_ns), sk);
		break;
	case NOTE_ARRIVAL:
		/* A processor that is lost before the packet is queued keeps it back for as long. */
		socket_note_end(state, 0);
		/* By what came, not by what is left: the reader may have taken it all already. */
		if (queues->rcv_nxt != state->rcv_nxt)
			gauge_set(state, GAUGE_RX_QUEUE,
				  rx_queue_bytes + (queues->rcv_nxt - state->rcv_nxt),
				  state->note_ns, sk);
		if (queues->rmem_bytes > rmem_bytes)
			gauge_set(state, GAUGE_RMEM, queues->rmem_bytes, state->note_ns, sk);
		break;
	case NOTE_READ:
		if (queues->rmem_bytes >= rmem_bytes)
			break;
		socket_note_end(state, 0);
		gauge_set(state, GAUGE_RMEM, queues->rmem_bytes, state->note_ns, sk);
		break;
	default:
		break;
	}
	state->note = NOTE_NONE;
	state->rcv_nxt = queues->rcv_nxt;
	if (config.trace_wanted) {
		state->until_ns = 0;
		if (state->read_ns)
			returned_catch_up(state, queues->rcv_nxt, sk);
	}
}

/*
 * Brings all three gauges to what they are. The clock is read only if one has changed: it is half
 * of what a hook costs, and a third of the events change none. Returns the time, 0 if it was not
 * read.
 */
static __always_inline __u64 socket_observe(struct sock *sk, struct socket_state *state,
					    const struct queues *queues)
{
	__u64 now_ns;

	if (queues->rx_queue_bytes == state->gauge[GAUGE_RX_QUEUE].value_bytes &&
	    queues->tx_queue_bytes == state->gauge[GAUGE_TX_QUEUE].value_bytes &&
	    queues->rmem_bytes == state->gauge[GAUGE_RMEM].value_bytes)
		return 0;
	now_ns = bpf_ktime_get_ns();
	if (queues->rx_queue_bytes != state->gauge[GAUGE_RX_QUEUE].value_bytes)
		gauge_set(state, GAUGE_RX_QUEUE, queues->rx_queue_bytes, now_ns, sk);
	if (queues->tx_queue_bytes != state->gauge[GAUGE_TX_QUEUE].value_bytes)
		gauge_set(state, GAUGE_TX_QUEUE, queues->tx_queue_bytes, now_ns, sk);
	if (queues->rmem_bytes != state->gauge[GAUGE_RMEM].value_bytes)
		gauge_set(state, GAUGE_RMEM, queues->rmem_bytes, now_ns, sk);
	return now_ns;
}

static __always_inline void owner_emit(struct sock *sk, struct socket_state *state)
{
	struct record_owner *record = record_reserve(RECORD_OWNER, sizeof(*record));

	if (!record)
		return;
	record_head(&record->header, state->number, RECORD_OWNER, 0, 0, 0);
	record->inode = socket_inode(sk);
	record->pid = state->owner_pid;
	record->padding = 0;
	__builtin_memcpy(record->comm, state->owner_comm, sizeof(record->comm));
	record_submit(record);
	state->owner_news = 0;
}

/*
 * Another process reads or writes than before. The first one is told at once, the last one when the
 * socket ends: processes that take turns would fill the ring. With --pid the first one decides
 * whether the socket is measured at all.
 */
static __noinline int socket_own(struct sock *sk, struct socket_state *state, __u32 pid)
{
	if (!state)
		return 0;
	if (config.filter_pid && !state->owned && pid != config.filter_pid) {
		state->closed = 1;
		return 0;
	}
	state->owner_pid = pid;
	bpf_get_current_comm(state->owner_comm, sizeof(state->owner_comm));
	state->owner_news = 1;
	if (!state->owned)
		owner_emit(sk, state);
	state->owned = 1;
	return 0;
}

/* The process that runs, as pid << 32 | thread, reads or writes. Returns whether the socket is
 * (still) measured. */
static __always_inline bool socket_used(struct sock *sk, struct socket_state *state,
					__u64 pid_thread)
{
	__u32 pid = pid_thread >> 32;

	if (pid != state->owner_pid)
		socket_own(sk, state, pid);
	return !state->closed;
}

static __always_inline void death_emit(const struct socket_state *state, __u64 time_ns, __u32 flags)
{
	struct record_death *record = record_reserve(RECORD_DEATH, sizeof(*record));

	if (!record)
		return;
	record_head(&record->header, state->number, RECORD_DEATH, 0, 0, flags);
	record->time_ns = time_ns;
	record_submit(record);
}

/* A socket's last records, cut at the capture's end if that came first. */
static __noinline int socket_finish(struct sock *sk, struct socket_state *state, __u64 time_ns,
				    bool dead)
{
	const struct tcp_sock *tp;
	struct queues queues;
	__u32 flags = 0;

	if (!state)
		return 0;
	tp = kernel_object(struct tcp_sock, sk);
	if (time_ns < shared.stop_ns)
		socket_check_told(sk, state, tp);
	queues = queues_read(sk, tp, peek(tp->snd_una));
	socket_catch_up(sk, state, &queues);
	if (time_ns >= shared.stop_ns) {
		time_ns = shared.stop_ns;
		flags = RECORD_RIGHT_CENSORED;
	} else {
		if (config.trace_wanted)
			state->since_ns = state->packet_ns;
		socket_observe(sk, state, &queues);
		/* Its last change is no later than its end. */
		if (time_ns < state->last_ns)
			time_ns = state->last_ns;
	}
	if (time_ns >= state->period_end_ns)
		socket_next_period(state, time_ns);
	if (config.blog_wanted)
		blog_end_period(state, time_ns);
	gauge_finish(state, GAUGE_RX_QUEUE, time_ns, flags);
	gauge_finish(state, GAUGE_TX_QUEUE, time_ns, flags);
	gauge_finish(state, GAUGE_RMEM, time_ns, flags);
	state->closed = 1;
	if (config.trace_wanted)
		trace_flush(state);
	if (state->owner_news)
		owner_emit(sk, state);
	if (dead)
		death_emit(state, time_ns, flags);
	return 0;
}

#endif
