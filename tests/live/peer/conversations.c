/* SPDX-License-Identifier: BSD-2-Clause */
#include "peer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

enum { MIB = 1 << 20 };

static void option_set(const struct peer *peer, int level, int option, int value)
{
	setsockopt(peer->fd, level, option, &value, sizeof(value));
}

static void read_to_the_end(struct peer *peer)
{
	while (peer_read_some(peer, MIB, 0))
		;
}

static void write_bulk(struct peer *peer)
{
	while (peer_in_time(peer) && peer_send(peer, 65536, 0))
		;
}

static void write_drawn(struct peer *peer)
{
	while (peer_in_time(peer) && peer_send(peer, peer_draw(peer, 100000), 0)) {
		if (peer_draw(peer, 4) == 1)
			peer_pause_us((unsigned)peer_draw(peer, 1000));
	}
}

static void read_slowly(struct peer *peer)
{
	while (peer_read_some(peer, 50000, 0))
		peer_pause_us((unsigned)peer_draw(peer, 2000));
}

/* Both directions at once. */
static void *reader_run(void *context)
{
	read_to_the_end(context);
	return NULL;
}

static void both_ways(struct peer *peer)
{
	struct peer reader = *peer;
	pthread_t thread;

	if (pthread_create(&thread, NULL, reader_run, &reader) != 0)
		return;
	write_bulk(peer);
	shutdown(peer->fd, SHUT_WR);
	pthread_join(thread, NULL);
	peer->read_bytes += reader.read_bytes;
}

/* One request, one reply, and over. */
static void ask_once(struct peer *peer)
{
	if (peer_send(peer, 300, 0))
		peer_read(peer, 3000, 0);
}

static void answer_once(struct peer *peer)
{
	if (peer_read(peer, 300, 0))
		peer_send(peer, 3000, 0);
}

/* Over as soon as it is there, without a trace. */
static void hang_up(struct peer *peer)
{
	const struct linger linger = { .l_onoff = 1 };

	setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static void answer_after_open(struct peer *peer)
{
	if (peer_read(peer, 1000, 0))
		peer_send(peer, 3000, 0);
}

/* The client is gone at once, and waits in FIN_WAIT2, as a remnant, for the server's end. */
static void ask_and_leave(struct peer *peer)
{
	peer_send(peer, 1000, 0);
}

static void stay_behind(struct peer *peer)
{
	read_to_the_end(peer);
	peer_pause_us(20000);
}

static void read_answer(struct peer *peer)
{
	peer_read(peer, 3000, 0);
}

/* Half a connection: all is sent and closed, then the other half comes, in pieces. */
static void ask_and_close(struct peer *peer)
{
	if (!peer_send(peer, peer_draw(peer, MIB), 0))
		return;
	shutdown(peer->fd, SHUT_WR);
	read_slowly(peer);
}

static void answer_in_pieces(struct peer *peer, unsigned pieces)
{
	read_to_the_end(peer);
	for (unsigned piece = 0; piece < pieces && peer_send(peer, peer_draw(peer, 20000), 0);
	     piece++)
		peer_pause_us((unsigned)peer_draw(peer, 1000));
}

static void answer_the_closed(struct peer *peer)
{
	answer_in_pieces(peer, 100);
}

/* For two seconds and more. */
static void answer_the_closed_long(struct peer *peer)
{
	answer_in_pieces(peer, 4000);
}

/* Much is on its way when the end is closed: it drains in FIN_WAIT1. */
static void write_and_leave(struct peer *peer)
{
	option_set(peer, SOL_SOCKET, SO_SNDBUF, MIB);
	peer_send(peer, MIB, 0);
}

static void leave_much_unread(struct peer *peer)
{
	peer_send(peer, 100000, 0);
	peer_read_some(peer, 50000, 0);
}

/* The reader is woken for so many bytes only. */
static void read_at_low_water(struct peer *peer)
{
	struct pollfd ready = { .fd = peer->fd, .events = POLLIN };

	option_set(peer, SOL_SOCKET, SO_RCVLOWAT, 10000);
	while (poll(&ready, 1, 20) >= 0 && peer_read_some(peer, 20000, MSG_DONTWAIT))
		;
	read_to_the_end(peer);
}

static void write_small(struct peer *peer)
{
	option_set(peer, IPPROTO_TCP, TCP_NODELAY, 1);
	while (peer_in_time(peer) && peer_send(peer, peer_draw(peer, 700), 0))
		peer_pause_us((unsigned)peer_draw(peer, 200));
}

/* The reader stops until the window is closed, then takes all. */
static void read_after_long_stops(struct peer *peer)
{
	option_set(peer, SOL_SOCKET, SO_RCVBUF, 60000);
	do {
		peer_pause_us(5000);
	} while (peer_read(peer, 100000, 0));
}

/* Bytes so small that their memory fills the buffer: the kernel collapses what is queued. */
static void write_crumbs(struct peer *peer)
{
	option_set(peer, IPPROTO_TCP, TCP_NODELAY, 1);
	while (peer_in_time(peer) && peer_send(peer, 1, 0))
		;
}

static void read_crumbs(struct peer *peer)
{
	option_set(peer, SOL_SOCKET, SO_RCVBUF, 20000);
	do {
		peer_pause_us(3000);
	} while (peer_read_some(peer, MIB, 0));
}

/* Bytes that are kept back until there are more. */
static void write_corked(struct peer *peer)
{
	while (peer_in_time(peer)) {
		for (unsigned piece = 0; piece < 5; piece++) {
			if (!peer_send(peer, peer_draw(peer, 3000), MSG_MORE))
				return;
			peer_pause_us((unsigned)peer_draw(peer, 1500));
		}
		if (!peer_send(peer, 10, 0))
			return;
	}
}

/* Nagle's rule: a small segment waits for the ACK of the one before. */
static void write_small_by_nagle(struct peer *peer)
{
	while (peer_in_time(peer) && peer_send(peer, peer_draw(peer, 700), 0)) {
		if (peer_draw(peer, 4) == 1)
			peer_pause_us(300);
	}
}

static void echo(struct peer *peer)
{
	while (peer_copy(peer, 65536))
		;
}

static void ask_for_echo(struct peer *peer)
{
	while (peer_in_time(peer)) {
		size_t bytes = peer_draw(peer, 50000);

		if (!peer_send(peer, bytes, 0) || !peer_read(peer, bytes, 0))
			return;
	}
}

static void echo_busily(struct peer *peer)
{
	option_set(peer, SOL_SOCKET, SO_BUSY_POLL, 50);
	echo(peer);
}

const struct conversation conversations[] = {
	{ .name = "bulk", .client = write_bulk, .server = read_to_the_end },
	{ .name = "drawn", .client = write_drawn, .server = read_slowly },
	{ .name = "both-ways", .client = both_ways, .server = both_ways },
	{ .name = "short", .client = ask_once, .server = answer_once },
	{ .name = "echo", .client = ask_for_echo, .server = echo },
	{ .name = "busy-poll", .client = ask_for_echo, .server = echo_busily },
	{ .name = "hang-up", .client = hang_up },
	{ .name = "half-close", .client = ask_and_close, .server = answer_the_closed },
	{ .name = "half-close-long", .client = ask_and_close, .server = answer_the_closed_long },
	{ .name = "fin-wait", .client = write_and_leave, .server = read_slowly },
	{ .name = "remnant", .client = ask_and_leave, .server = stay_behind },
	{ .name = "unread", .client = leave_much_unread, .server = leave_much_unread },
	{ .name = "urgent", .client = write_urgent, .server = read_urgent },
	{ .name = "peek", .client = write_drawn, .server = read_by_peek },
	{ .name = "iovec", .client = write_drawn, .server = read_by_iovec },
	{ .name = "many", .client = write_drawn, .server = read_by_many },
	{ .name = "cut", .client = write_drawn, .server = read_cut },
	{ .name = "zero-window", .client = write_bulk, .server = read_after_long_stops },
	{ .name = "low-water", .client = write_small, .server = read_at_low_water },
	{ .name = "crumbs", .client = write_crumbs, .server = read_crumbs },
	{ .name = "corked", .client = write_corked, .server = read_to_the_end },
	{ .name = "nagle", .client = write_small_by_nagle, .server = read_to_the_end },
	{ .name = "splice", .client = ask_for_echo, .server = read_spliced },
	{ .name = "sendfile", .client = write_by_sendfile, .server = read_to_the_end },
	{ .name = "held", .client = write_bulk, .server = read_into_new_memory },
	{ .name = "mapped", .client = write_bulk, .server = read_mapped },
	{ .name = "zerocopy", .client = write_zerocopy, .server = read_to_the_end },
	{ .name = "fast-open",
	  .client = read_answer,
	  .server = answer_after_open,
	  .fast_open = true },
	{ .name = NULL },
};
