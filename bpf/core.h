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
 * round, or the packet that the send puts out, comes right after they were added and dates them
 * itself. Where neither comes (a closed window, Nagle), the next ACK or send finds them, and dates
 * them back to their round's beginning: early by the time that copying them took. Where a packet
 * was sure to go out and did not (a local firewall, an interface that is down), dated to a tick;
 *   - memory that a read gives back: noted when the bytes are taken, just before the packet is
 * freed;
 *   - a packet that wakes nobody (out of order, or below SO_RCVLOWAT): noted when it arrives.
 * Nothing else can happen to the socket between note and change, since its lock is held from one to
 * the other.
 */
#include "accept.h"
#include "send.h"

/*
 * Of a traced capture: a packet that filled a hole was queued first, and what had waited behind the
 * hole after it (tcp_data_queue(), tcp_ofo_queue(), v6.18). A poller may read the queue between the
 * two.
 */
static __always_inline void enqueue_observe_hole(struct sock *sk, struct socket_state *state,
						 __u32 rcv_nxt, __u32 before_rcv_nxt)
{
	__u32 rx_queue_bytes = state->gauge[GAUGE_RX_QUEUE].value_bytes;

	if (!state->packet_ns || (__s32)(state->packet_end_seq - before_rcv_nxt) <= 0 ||
	    (__s32)(rcv_nxt - state->packet_end_seq) <= 0)
		return;
	gauge_set(state, GAUGE_RX_QUEUE, rx_queue_bytes + (state->packet_end_seq - before_rcv_nxt),
		  bpf_ktime_get_ns(), sk);
}

/* Measurement point: data was queued for the application. */
static __always_inline int record_enqueue(struct sock *sk)
{
	struct socket_state *state;
	const struct tcp_sock *tp;
	struct queues queues;
	__u32 before_rcv_nxt;

	if (peek(sk->__sk_common.skc_state) == TCP_LISTEN)
		return listener_observe(sk);
	state = socket_find(sk);
	if (!state)
		return 0;
	tp = kernel_object(struct tcp_sock, sk);
	queues = queues_read(sk, tp, peek(tp->snd_una));
	socket_tell_seq(state, queues.rcv_nxt);
	if (state->note == NOTE_ARRIVAL)
		state->note = NOTE_NONE; /* this is its announcement */
	before_rcv_nxt = state->rcv_nxt;
	socket_catch_up(sk, state, &queues);
	if (config.trace_wanted) {
		state->since_ns = state->packet_ns;
		enqueue_observe_hole(sk, state, queues.rcv_nxt, before_rcv_nxt);
	}
	socket_observe(sk, state, &queues);
	if (config.trace_wanted) {
		state->packet_ns = 0;
		state->since_ns = 0;
	}
	return 0;
}

/* A packet which the next enqueue hook may not announce: out of order, or less than the reader
 * wants to be woken for. */
static __always_inline bool packet_is_silent(const struct sock *sk, const struct tcp_sock *tp,
					     const struct tcp_skb_cb *packet)
{
	return peek(packet->end_seq) != peek(packet->seq) &&
	       (peek(packet->seq) != peek(tp->rcv_nxt) || peek(sk->sk_rcvlowat) > 1);
}

/*
 * Whether the enqueue hook is sure to follow in this same call, and nothing is sent before it: the
 * packet's data is what comes next, lies in the window, and there is room for it; all that was
 * written is sent.
 */
static __always_inline bool packet_is_announced(const struct sock *sk, const struct tcp_sock *tp,
						const struct tcp_skb_cb *packet)
{
	return peek(packet->end_seq) != peek(packet->seq) &&
	       peek(packet->seq) == peek(tp->rcv_nxt) && peek(sk->sk_rcvlowat) <= 1 &&
	       (__s32)(peek(tp->rcv_wup) + peek(tp->rcv_wnd) - peek(packet->end_seq)) >= 0 &&
	       peek(sk->sk_backlog.rmem_alloc.counter) < peek(sk->sk_rcvbuf) &&
	       peek(tp->snd_nxt) == peek(tp->write_seq);
}

/*
 * Whether the kernel may refuse the packet for where it lies, and its ACK with it: before what was
 * acknowledged, or beyond the window, as tcp_sequence() checks it, v6.18. Of those beyond the
 * window it takes some; their data is announced.
 */
static __always_inline bool packet_may_be_refused(const struct tcp_sock *tp,
						  const struct tcp_skb_cb *packet)
{
	__u32 end_seq = peek(packet->end_seq);

	return (__s32)(end_seq - peek(tp->rcv_wup)) < 0 ||
	       ((__s32)(end_seq - (peek(tp->rcv_wup) + peek(tp->rcv_wnd))) > 0 &&
		(__s32)(end_seq - peek(tp->rcv_nxt)) > 0);
}

/* The blog's gauge: struct record_blog. */
static __noinline int blog_observe(struct socket_state *state, __u32 rmem_bytes,
				   __u32 rx_queue_bytes, __u32 data_len_bytes)
{
	__u32 gauge_bytes = rmem_bytes + data_len_bytes;
	__u64 now_ns = bpf_ktime_get_ns();

	if (!state || now_ns >= shared.stop_ns)
		return 0;
	if (now_ns >= state->period_end_ns)
		socket_next_period(state, now_ns);
	state->blog.packets++;
	state->blog.total_bytes += gauge_bytes;
	state->blog.rx_total_bytes += rx_queue_bytes;
	state->blog.rmem_total_bytes += rmem_bytes;
	if (gauge_bytes > state->blog.peak_bytes)
		state->blog.peak_bytes = gauge_bytes;
	if (rmem_bytes > state->blog.kept_bytes)
		state->blog.kept_bytes = gauge_bytes;
	return 0;
}

/*
 * Measurement point: a packet has come to an ESTABLISHED socket; neither its data nor its ACK is
 * applied yet. tx_queue is at a maximum here. Where the packet's data will be announced, what its
 * ACK did is seen then, less than 1 us later, and the clock is read once for both. Else tx_queue's
 * value after the ACK follows from the packet: tcp_ack() accepts an ACK that lies after snd_una and
 * not after snd_nxt, of a packet that is not refused.
 */
static __always_inline int packet_observe(struct sock *sk, struct socket_state *state,
					  const struct sk_buff *skb)
{
	const struct tcp_skb_cb *packet;
	const struct tcp_sock *tp;
	struct queues queues;
	__u32 una;

	tp = kernel_object(struct tcp_sock, sk);
	state->ack_event = 0;
	socket_check_told(sk, state, tp);
	una = peek(tp->snd_una);
	queues = queues_read(sk, tp, una);
	socket_catch_up(sk, state, &queues);
	packet = kernel_object(struct tcp_skb_cb, skb->cb);
	socket_tell_seq(state, peek(packet->end_seq));
	if ((__s32)(peek(packet->ack_seq) - state->told_ack) > 0)
		state->told_ack = peek(packet->ack_seq);
	if (config.trace_wanted) {
		state->packet_ns = peek(packet->end_seq) != peek(packet->seq) ? bpf_ktime_get_ns() :
										0;
		state->packet_end_seq = peek(packet->end_seq);
	}
	if (config.blog_wanted)
		blog_observe(state, queues.rmem_bytes, queues.rx_queue_bytes, peek(skb->data_len));
	if ((__s32)(peek(packet->ack_seq) - una) > 0 &&
	    (__s32)(peek(tp->snd_nxt) - peek(packet->ack_seq)) >= 0) {
		if (queues.tx_queue_bytes > state->gauge[GAUGE_TX_QUEUE].value_bytes)
			socket_observe(sk, state, &queues);
		if (peek(sk->__sk_common.skc_state) == TCP_ESTABLISHED &&
		    packet_is_announced(sk, tp, packet))
			return 0;
		if (!packet_may_be_refused(tp, packet)) {
			queues.tx_queue_bytes = peek(tp->write_seq) - peek(packet->ack_seq);
			state->ack_event = ACK_EVENT_WANTED;
		}
	}
	socket_observe(sk, state, &queues);
	if (state->ack_event == ACK_EVENT_WANTED)
		state->ack_event = 0;
	if (packet_is_silent(sk, tp, packet)) {
		state->note = NOTE_ARRIVAL;
		state->note_ns = bpf_ktime_get_ns();
	}
	return 0;
}

static __always_inline int record_ack(struct sock *sk, const struct sk_buff *skb)
{
	struct socket_state *state = socket_find(sk);

	if (!state)
		return 0;
	if (config.preemptible)
		state->packet = (__u64)skb;
	return packet_observe(sk, state, skb);
}

/*
 * The same hook's second program. What the first one has written down is not applied yet, and would
 * be taken back: so the socket itself, whose lock is held from one to the other, knows the packet
 * that was seen.
 */
static __always_inline int record_ack_again(struct sock *sk, const struct sk_buff *skb)
{
	struct socket_state *state = socket_find(sk);
	__u64 packet;

	if (!state)
		return 0;
	packet = state->packet;
	state->packet = 0;
	return packet == (__u64)skb ? 0 : packet_observe(sk, state, skb);
}

/*
 * Of a traced capture: a read begins to copy bytes, which it takes right before the hook below. An
 * interrupt between the two dates the read late, by 10 to 40 us as a rule: the trace tells so. A
 * read that copies nothing (MSG_TRUNC, splice) took its bytes after the socket's last hook.
 */
static __always_inline int record_copy(const struct sk_buff *skb)
{
	struct sock *sk = peek(skb->sk);
	struct socket_state *state = sk ? socket_known(sk) : NULL;

	if (state)
		state->copy_ns = bpf_ktime_get_ns();
	return 0;
}

/* Measurement point: the application has taken bytes; the packet that they were in is not freed
 * yet. */
static __always_inline int record_read(struct sock *sk)
{
	struct socket_state *state = socket_find(sk);
	const struct tcp_sock *tp;
	struct queues queues;

	if (!state || !socket_used(sk, state, bpf_get_current_pid_tgid()))
		return 0;
	tp = kernel_object(struct tcp_sock, sk);
	socket_check_told(sk, state, tp);
	queues = queues_read(sk, tp, peek(tp->snd_una));
	socket_catch_up(sk, state, &queues);
	if (config.trace_wanted)
		state->since_ns = state->copy_ns ? state->copy_ns : state->last_ns;
	socket_observe(sk, state, &queues);
	if (config.trace_wanted) {
		state->since_ns = 0;
		state->copy_ns = 0;
	}
	state->note = NOTE_READ;
	state->note_ns = state->last_ns;
	return 0;
}

/*
 * Of a traced capture, where the kernel has no tracepoints for the below: a process is about to
 * give the socket's lock back. What it did with no hook behind it (the byte of a FIN that a read
 * took, memory that was freed, bytes that were added and not sent) shows now, and happened since it
 * last gave it back.
 */
static __always_inline int record_release(struct sock *sk)
{
	struct socket_state *state = socket_known(sk);
	const struct tcp_sock *tp;
	struct queues queues;
	__u64 now_ns;

	if (!state || !socket_has_queues(sk))
		return 0;
	tp = kernel_object(struct tcp_sock, sk);
	queues = queues_read(sk, tp, peek(tp->snd_una));
	if (note_is_send(state))
		state->sent_ns = bpf_ktime_get_ns();
	socket_catch_up(sk, state, &queues);
	state->since_ns = state->returned_ns;
	now_ns = socket_observe(sk, state, &queues);
	state->since_ns = 0;
	state->returned_ns = now_ns ? now_ns : bpf_ktime_get_ns();
	return 0;
}

/* Of a traced capture: a system call returns, the socket's lock is free: returned.h. */
static __always_inline struct socket_state *returned_find(struct sock *sk, int result)
{
	return result < 0 ? NULL : socket_known(sk);
}

static __always_inline int record_read_returned(struct sock *sk, int result)
{
	struct socket_state *state = returned_find(sk, result);

	if (state)
		returned_note_read(state, sk);
	return 0;
}

static __always_inline int record_send_returned(struct sock *sk, int result)
{
	struct socket_state *state = returned_find(sk, result);

	if (state)
		returned_note_send(state);
	return 0;
}

/* Measurement point: the socket is leaving the tables. Its storage goes too: a socket can be
 * connected again. */
static __always_inline int record_death(struct sock *sk)
{
	struct socket_state *state = state_of(sk);

	__u64 now_ns;

	if (!state)
		return 0;
	now_ns = bpf_ktime_get_ns();
	if (!state->closed)
		socket_finish(sk, state, now_ns, true);
	else if (config.filter_pid && state->number && now_ns < shared.stop_ns)
		death_emit(state, now_ns, 0); /* it was told of before --pid put it aside */
	state_delete(sk);
	return 0;
}

static __always_inline int record_birth(struct sock *sk)
{
	__u64 now_ns;

	if (!shared.start_ns || !socket_is_tcp(sk) || state_of(sk))
		return 0;
	now_ns = bpf_ktime_get_ns();
	if (now_ns >= shared.start_ns && now_ns < shared.stop_ns)
		socket_create(sk, now_ns, 0);
	return 0;
}

/* A table's entry outlives its socket where no hook saw that one end: then another socket has its
 * address by now. Socket storage can't. */
static __always_inline void record_reborn(struct sock *sk)
{
#ifdef POLLGAP_PORTABLE
	record_death(sk);
#endif
}

/* Measurement point: birth and death, and between them the only sight of a socket that nothing else
 * fires for any more. */
static __always_inline int record_state(struct sock *sk, int old_state, int new_state)
{
	struct socket_state *state;
	const struct tcp_sock *tp;
	struct queues queues;
	__u64 now_ns;

	if (!socket_is_tcp(sk))
		return 0;
	if (new_state == TCP_LISTEN)
		return listener_observe(sk);
	/* A connection begins as its listener's clone, before Linux 6.16 with its cookie still, and
	 * goes from there to SYN_RECV. */
	if (old_state == TCP_LISTEN)
		return new_state == TCP_CLOSE ? listener_end(sk) : 0;
	if (new_state == TCP_ESTABLISHED) {
		record_reborn(sk);
		return record_birth(sk);
	}
	if (new_state == TCP_CLOSE)
		return record_death(sk);
	/* With Fast Open a server may have answered and closed before the handshake is over. */
	if (old_state == TCP_SYN_RECV)
		record_birth(sk);
	state = socket_find(sk);
	if (!state)
		return 0;
	tp = kernel_object(struct tcp_sock, sk);
	queues = queues_read(sk, tp, peek(tp->snd_una));
	/* What a packet has brought that is still being taken in, or that made the connection, is
	 * not told yet: only ACKs are looked for. */
	socket_tell_seq(state, queues.rcv_nxt);
	socket_check_told(sk, state, tp);
	socket_catch_up(sk, state, &queues);
	if (config.trace_wanted)
		state->since_ns = state->packet_ns; /* of a FIN, which nothing else announces */
	now_ns = socket_observe(sk, state, &queues);
	if (config.trace_wanted)
		state->since_ns = 0;
	/* A FIN counts as a byte of tx_queue, which tcp_send_fin() adds after this. */
	if (new_state == TCP_FIN_WAIT1 || new_state == TCP_LAST_ACK) {
		state->note = NOTE_SEND;
		state->note_ns = now_ns ? now_ns : bpf_ktime_get_ns();
		state->note_left_bytes = 1;
		state->note_thread = bpf_get_current_pid_tgid();
	}
	return 0;
}

/* The same hook's second program: what the first one made is no remnant. */
static __always_inline int record_state_again(struct sock *sk, int old_state, int new_state)
{
	return new_state == TCP_ESTABLISHED ? record_birth(sk) :
					      record_state(sk, old_state, new_state);
}

#endif
