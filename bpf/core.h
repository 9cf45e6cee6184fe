/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_CORE_H
#define POLLGAP_CORE_H

/*
 * The measurement core: what each measurement point does, whatever hook it is reached by. Each
 * function takes the socket as its hook has it and returns 0. All run under the socket's lock.
 *
 * Not every change has a hook right behind it. Where it has none, the hook before it notes the
 * time, and the next hook on this socket, which sees the new value, dates the change back to that
 * note:
 *   - bytes that a send adds to tx_queue: noted when a round of its copy loop begins. The next
 * round begins right after they were added, and dates them itself; those of the last round are
 * found by the packet's ACK or the next send, and dated back to their round's beginning: early by
 * the time that copying them took, some microseconds for 32 KiB;
 *   - memory that a read gives back: noted when the bytes are taken, just before the packet is
 * freed;
 *   - a packet that wakes nobody (out of order, or below SO_RCVLOWAT): noted when it arrives.
 * Nothing else can happen to the socket between note and change, since its lock is held from one to
 * the other.
 */
#include "gauge.h"

#include <bpf/bpf_core_read.h>

extern void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym;

/* Plain loads from a kernel object, by its type: no cost over an empty program, where
 * bpf_core_read() takes 30 ns each. */
#define kernel_object(type, pointer) \
	((const type *)bpf_rdonly_cast(pointer, bpf_core_type_id_kernel(type)))

struct queues {
	__u32 rx_queue_bytes;
	__u32 tx_queue_bytes;
	__u32 rmem_bytes;
};

/* As /proc/net/tcp computes them: get_tcp4_sock(), v6.18. una: the first byte that counts as not
 * acknowledged. */
static __always_inline struct queues queues_read(const struct sock *sk, const struct tcp_sock *tp,
						 __u32 una)
{
	struct queues queues;
	__u32 rx_queue_bytes = tp->rcv_nxt - tp->copied_seq;

	queues.rx_queue_bytes = (__s32)rx_queue_bytes < 0 ? 0 : rx_queue_bytes;
	queues.tx_queue_bytes = tp->write_seq - una;
	queues.rmem_bytes = sk->sk_backlog.rmem_alloc.counter;
	return queues;
}

static __always_inline bool socket_port_matches(const struct sock *sk)
{
	__u16 local_port = sk->__sk_common.skc_num;
	__u16 remote_port = bpf_ntohs(sk->__sk_common.skc_dport);

	if (!filter_ports)
		return true;
	for (__u32 index = 0; index < PORTS_MAX; index++) {
		if (index >= filter_ports)
			break;
		if (filter_port[index] == local_port || filter_port[index] == remote_port)
			return true;
	}
	return false;
}

static __always_inline __u64 socket_inode(const struct sock *sk)
{
	const struct socket *socket = sk->sk_socket;

	return socket ? kernel_object(struct socket_alloc, socket)->vfs_inode.i_ino : 0;
}

static __always_inline void socket_emit(struct sock *sk, const struct socket_state *state,
					__u64 time_ns, __u32 flags)
{
	struct record_socket *record = record_reserve(RECORD_SOCKET, sizeof(*record));

	if (!record)
		return;
	__builtin_memset(record, 0, sizeof(*record));
	record_head(&record->header, state, RECORD_SOCKET, 0, 0, flags & RECORD_OLDER);
	record->time_ns = time_ns;
	record->cookie = bpf_get_socket_cookie(sk);
	record->inode = socket_inode(sk);
	record->netns_inode = sk->__sk_common.skc_net.net->ns.inum;
	record->family = sk->__sk_common.skc_family;
	record->local_port = sk->__sk_common.skc_num;
	record->remote_port = bpf_ntohs(sk->__sk_common.skc_dport);
	if (record->family == AF_INET6) {
		BPF_CORE_READ_INTO(&record->local_address, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&record->remote_address, sk, __sk_common.skc_v6_daddr);
	} else {
		*(__u32 *)record->local_address = sk->__sk_common.skc_rcv_saddr;
		*(__u32 *)record->remote_address = sk->__sk_common.skc_daddr;
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
	if (sk->__sk_common.skc_net.net->ns.inum != filter_netns_inode ||
	    !socket_port_matches(sk)) {
		state->ignored = 1;
		return 0;
	}
	tp = kernel_object(struct tcp_sock, sk);
	queues = queues_read(sk, tp, tp->snd_una);
	state->number = __sync_fetch_and_add(&sockets_numbered, 1) + 1;
	state->period_start_ns = time_ns;
	state->period_end_ns =
		start_ns + ((time_ns - start_ns) / summary_period_ns + 1) * summary_period_ns;
	state->gauge[GAUGE_TX_QUEUE].gauge = GAUGE_TX_QUEUE;
	state->gauge[GAUGE_RMEM].gauge = GAUGE_RMEM;
	gauge_begin(&state->gauge[GAUGE_RX_QUEUE], queues.rx_queue_bytes, time_ns, sk->sk_rcvbuf,
		    flags);
	gauge_begin(&state->gauge[GAUGE_TX_QUEUE], queues.tx_queue_bytes, time_ns, sk->sk_sndbuf,
		    flags);
	gauge_begin(&state->gauge[GAUGE_RMEM], queues.rmem_bytes, time_ns, sk->sk_rcvbuf, flags);
	socket_emit(sk, state, time_ns, flags);
	return 0;
}

static __always_inline bool socket_is_tcp(const struct sock *sk)
{
	__u16 family = sk->__sk_common.skc_family;

	return sk->sk_protocol == IPPROTO_TCP && (family == AF_INET || family == AF_INET6);
}

/* The states in which a full socket has queues. Before ESTABLISHED it has none worth a spike; in
 * CLOSE nobody sees them. */
static __always_inline bool socket_has_queues(const struct sock *sk)
{
	__u8 state = sk->__sk_common.skc_state;

	return state == TCP_ESTABLISHED || state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2 ||
	       state == TCP_CLOSE_WAIT || state == TCP_LAST_ACK || state == TCP_CLOSING;
}

static __noinline struct socket_state *socket_create(struct sock *sk, __u64 time_ns, __u32 flags)
{
	struct socket_state *state =
		bpf_sk_storage_get(&sockets, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);

	if (state)
		socket_begin(sk, state, time_ns, flags);
	else
		__sync_fetch_and_add(&lost_states, 1);
	return state;
}

/* The socket's state, or NULL where there is nothing to measure. An unknown socket is older than
 * its first event. */
static __always_inline struct socket_state *socket_find(struct sock *sk)
{
	struct socket_state *state;
	__u64 time_ns;

	if (!socket_is_tcp(sk))
		return NULL;
	state = bpf_sk_storage_get(&sockets, sk, NULL, 0);
	if (!state) {
		if (!start_ns || !socket_has_queues(sk))
			return NULL;
		time_ns = bpf_ktime_get_ns();
		if (time_ns < start_ns || time_ns >= stop_ns)
			return NULL;
		state = socket_create(sk, time_ns, RECORD_OLDER | RECORD_LEFT_CENSORED);
		if (!state)
			return NULL;
	}
	return state->ignored || state->finished ? NULL : state;
}

/* What went by without a hook since the last one: see the top of this file. */
static __always_inline void socket_catch_up(struct sock *sk, struct socket_state *state,
					    const struct queues *queues)
{
	struct gauge_state *rx = &state->gauge[GAUGE_RX_QUEUE];
	struct gauge_state *tx = &state->gauge[GAUGE_TX_QUEUE];
	struct gauge_state *rmem = &state->gauge[GAUGE_RMEM];

	if (state->send_ns) {
		if (queues->tx_queue_bytes > tx->value_bytes)
			gauge_set(state, tx, queues->tx_queue_bytes, state->send_ns, sk);
		state->send_ns = 0;
	}
	if (state->arrival_ns) {
		if (queues->rx_queue_bytes > rx->value_bytes)
			gauge_set(state, rx, queues->rx_queue_bytes, state->arrival_ns, sk);
		if (queues->rmem_bytes > rmem->value_bytes)
			gauge_set(state, rmem, queues->rmem_bytes, state->arrival_ns, sk);
		state->arrival_ns = 0;
	}
	if (state->read_ns) {
		if (queues->rmem_bytes < rmem->value_bytes)
			gauge_set(state, rmem, queues->rmem_bytes, state->read_ns, sk);
		state->read_ns = 0;
	}
}

/* Brings all three gauges to what they are. The clock is read only if one has changed: a third of
 * the events change none. */
static __always_inline void socket_observe(struct sock *sk, struct socket_state *state,
					   const struct queues *queues)
{
	struct gauge_state *rx = &state->gauge[GAUGE_RX_QUEUE];
	struct gauge_state *tx = &state->gauge[GAUGE_TX_QUEUE];
	struct gauge_state *rmem = &state->gauge[GAUGE_RMEM];
	__u64 now_ns;

	if (queues->rx_queue_bytes == rx->value_bytes &&
	    queues->tx_queue_bytes == tx->value_bytes && queues->rmem_bytes == rmem->value_bytes)
		return;
	now_ns = bpf_ktime_get_ns();
	if (queues->rx_queue_bytes != rx->value_bytes)
		gauge_set(state, rx, queues->rx_queue_bytes, now_ns, sk);
	if (queues->tx_queue_bytes != tx->value_bytes)
		gauge_set(state, tx, queues->tx_queue_bytes, now_ns, sk);
	if (queues->rmem_bytes != rmem->value_bytes)
		gauge_set(state, rmem, queues->rmem_bytes, now_ns, sk);
}

/* The first process that is seen to read or write. */
static __noinline int socket_own(struct sock *sk, struct socket_state *state)
{
	struct record_owner *record;

	if (!state)
		return 0;
	record = record_reserve(RECORD_OWNER, sizeof(*record));
	if (!record)
		return 0;
	state->owned = 1;
	record_head(&record->header, state, RECORD_OWNER, 0, 0, 0);
	record->inode = socket_inode(sk);
	record->pid = bpf_get_current_pid_tgid() >> 32;
	record->padding = 0;
	bpf_get_current_comm(record->comm, sizeof(record->comm));
	record_submit(record);
	return 0;
}

/* Measurement point: data was queued for the application. */
static __always_inline int record_enqueue(struct sock *sk)
{
	struct socket_state *state = socket_find(sk);
	const struct tcp_sock *tp;
	struct queues queues;

	if (!state)
		return 0;
	tp = kernel_object(struct tcp_sock, sk);
	queues = queues_read(sk, tp, tp->snd_una);
	state->arrival_ns = 0; /* this is its announcement */
	socket_catch_up(sk, state, &queues);
	socket_observe(sk, state, &queues);
	return 0;
}

/* A packet which the next enqueue hook may not announce: out of order, or less than the reader
 * wants to be woken for. */
static __always_inline bool packet_is_silent(const struct sock *sk, const struct tcp_sock *tp,
					     const struct tcp_skb_cb *packet)
{
	return packet->end_seq != packet->seq &&
	       (packet->seq != tp->rcv_nxt || sk->sk_rcvlowat > 1);
}

/*
 * Measurement point: a packet has come to an ESTABLISHED socket; neither its data nor its ACK is
 * applied yet. tx_queue is at a maximum here. Its value after the ACK follows from the packet:
 * tcp_ack() accepts an ACK that lies after snd_una and not after snd_nxt.
 */
static __always_inline int record_ack(struct sock *sk, const struct sk_buff *skb)
{
	struct socket_state *state = socket_find(sk);
	const struct tcp_skb_cb *packet;
	const struct tcp_sock *tp;
	struct queues queues;
	__u32 una;

	if (!state)
		return 0;
	tp = kernel_object(struct tcp_sock, sk);
	una = tp->snd_una;
	queues = queues_read(sk, tp, una);
	socket_catch_up(sk, state, &queues);
	packet = kernel_object(struct tcp_skb_cb, skb->cb);
	if ((__s32)(packet->ack_seq - una) > 0 && (__s32)(tp->snd_nxt - packet->ack_seq) >= 0) {
		if (queues.tx_queue_bytes > state->gauge[GAUGE_TX_QUEUE].value_bytes)
			socket_observe(sk, state, &queues);
		queues.tx_queue_bytes = tp->write_seq - packet->ack_seq;
	}
	socket_observe(sk, state, &queues);
	if (packet_is_silent(sk, tp, packet))
		state->arrival_ns = bpf_ktime_get_ns();
	return 0;
}

/* Measurement point: the application has taken bytes; the packet that they were in is not freed
 * yet. */
static __always_inline int record_read(struct sock *sk)
{
	struct socket_state *state = socket_find(sk);
	const struct tcp_sock *tp;
	struct queues queues;

	if (!state)
		return 0;
	tp = kernel_object(struct tcp_sock, sk);
	queues = queues_read(sk, tp, tp->snd_una);
	socket_catch_up(sk, state, &queues);
	socket_observe(sk, state, &queues);
	state->read_ns = state->gauge[GAUGE_RX_QUEUE].changed_ns;
	if (!state->owned)
		socket_own(sk, state);
	return 0;
}

/*
 * Whether this round goes on with the send whose last round was noted: what tx_queue has grown by
 * is what was copied since. A send that is done has nothing left, and one that was cut short goes
 * on only after an ACK, which takes the note.
 */
static __always_inline bool send_goes_on(const struct socket_state *state,
					 const struct queues *queues, __u64 left_bytes)
{
	__u32 added_bytes = queues->tx_queue_bytes - state->gauge[GAUGE_TX_QUEUE].value_bytes;

	return state->send_ns && added_bytes && left_bytes + added_bytes == state->send_left_bytes;
}

/* Measurement point: the copy loop of a send begins a round. What earlier rounds added shows now. */
static __always_inline int record_send(struct sock *sk, const struct msghdr *message)
{
	__u64 left_bytes = message->msg_iter.count;
	struct socket_state *state = socket_find(sk);
	const struct tcp_sock *tp;
	struct queues queues;
	__u64 now_ns;

	if (!state)
		return 0;
	tp = kernel_object(struct tcp_sock, sk);
	queues = queues_read(sk, tp, tp->snd_una);
	if (send_goes_on(state, &queues, left_bytes))
		state->send_ns = 0; /* added just now: socket_observe() dates it */
	socket_catch_up(sk, state, &queues);
	socket_observe(sk, state, &queues);
	now_ns = bpf_ktime_get_ns();
	if (now_ns < stop_ns)
		state->send_ns = now_ns;
	state->send_left_bytes = left_bytes;
	if (!state->owned)
		socket_own(sk, state);
	return 0;
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
	queues = queues_read(sk, tp, tp->snd_una);
	socket_catch_up(sk, state, &queues);
	if (time_ns >= stop_ns) {
		time_ns = stop_ns;
		flags = RECORD_RIGHT_CENSORED;
	} else {
		socket_observe(sk, state, &queues);
	}
	if (time_ns >= state->period_end_ns)
		socket_next_period(state, time_ns);
	gauge_finish(state, &state->gauge[GAUGE_RX_QUEUE], time_ns, flags);
	gauge_finish(state, &state->gauge[GAUGE_TX_QUEUE], time_ns, flags);
	gauge_finish(state, &state->gauge[GAUGE_RMEM], time_ns, flags);
	state->finished = 1;
	if (dead) {
		struct record_death *record = record_reserve(RECORD_DEATH, sizeof(*record));

		if (!record)
			return 0;
		record_head(&record->header, state, RECORD_DEATH, 0, 0, flags);
		record->time_ns = time_ns;
		record_submit(record);
	}
	return 0;
}

/* Measurement point: the socket is leaving the tables. Its storage goes too: a socket can be
 * connected again. */
static __always_inline int record_death(struct sock *sk)
{
	struct socket_state *state = bpf_sk_storage_get(&sockets, sk, NULL, 0);

	if (!state)
		return 0;
	if (!state->ignored && !state->finished)
		socket_finish(sk, state, bpf_ktime_get_ns(), true);
	bpf_sk_storage_delete(&sockets, sk);
	return 0;
}

static __always_inline int record_birth(struct sock *sk)
{
	__u64 now_ns;

	if (!start_ns || !socket_is_tcp(sk) || bpf_sk_storage_get(&sockets, sk, NULL, 0))
		return 0;
	now_ns = bpf_ktime_get_ns();
	if (now_ns >= start_ns && now_ns < stop_ns)
		socket_create(sk, now_ns, 0);
	return 0;
}

/* Measurement point: birth and death, and between them the only sight of a socket that nothing else
 * fires for any more. */
static __always_inline int record_state(struct sock *sk, int new_state)
{
	struct socket_state *state;
	const struct tcp_sock *tp;
	struct queues queues;

	if (!socket_is_tcp(sk))
		return 0;
	if (new_state == TCP_ESTABLISHED)
		return record_birth(sk);
	if (new_state == TCP_CLOSE)
		return record_death(sk);
	state = socket_find(sk);
	if (!state)
		return 0;
	tp = kernel_object(struct tcp_sock, sk);
	queues = queues_read(sk, tp, tp->snd_una);
	socket_catch_up(sk, state, &queues);
	socket_observe(sk, state, &queues);
	return 0;
}

/* One socket of a walk over all of them. The walk holds the socket's lock. */
static __always_inline int record_walk(struct sock_common *sk_common)
{
	struct socket_state *state;
	struct sock *sk;

	if (!sk_common || (sk_common->skc_family != AF_INET && sk_common->skc_family != AF_INET6))
		return 0;
	sk = (struct sock *)bpf_skc_to_tcp_sock(
		sk_common); /* NULL for TIME_WAIT and request sockets */
	if (!sk)
		return 0;
	state = bpf_sk_storage_get(&sockets, sk, NULL, 0);
	if (walk_task == WALK_BEGIN) {
		/* No state yet, so no event since start_ns: the values have held all that time. */
		if (!state && socket_has_queues(sk))
			socket_create(sk, start_ns, RECORD_OLDER | RECORD_LEFT_CENSORED);
		return 0;
	}
	if (state && !state->ignored && !state->finished)
		socket_finish(sk, state, stop_ns, false);
	return 0;
}

#endif
