/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_WALK_H
#define POLLGAP_WALK_H

#include "closing.h"

static __always_inline int walk_socket(struct sock *sk)
{
	struct socket_state *state;

	if (peek(sk->__sk_common.skc_state) == TCP_LISTEN)
		return listener_observe(sk);
	state = state_of(sk);
	if (shared.walk_task == WALK_BEGIN) {
		/* No state yet, so no event since start_ns: the values have held all that time. */
		if (!state && socket_has_queues(sk))
			state = socket_create(sk, shared.start_ns,
					      RECORD_OLDER | RECORD_LEFT_CENSORED);
		if (state && !state->closed)
			closing_watch(sk, state);
		return 0;
	}
	if (!state)
		return 0;
	if (!state->closed)
		socket_finish(sk, state, shared.stop_ns, false);
	closing_leave(sk, state);
	return 0;
}

/* One socket of a walk over all of them. The walk holds the socket's lock, from Linux 5.15 on. */
static __always_inline int record_walk(struct sock_common *sk_common)
{
	struct sock *sk;

	if (!sk_common ||
	    (peek(sk_common->skc_family) != AF_INET && peek(sk_common->skc_family) != AF_INET6))
		return 0;
	sk = (struct sock *)bpf_skc_to_tcp_sock(
		sk_common); /* NULL for TIME_WAIT and request sockets */
	return sk ? walk_socket(sk) : 0;
}

#endif
