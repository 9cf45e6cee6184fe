/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live_peer NAME PORT MILLISECONDS [CONNECTIONS [ADDRESS [CLIENT-NETNS]]]: holds conversations of
 * one kind, one after the other on each connection's turn, and prints how many there were, and the
 * bytes that were sent and read. ADDRESS: an IPv4 address, or an IPv6 one; "mapped": an IPv6 socket
 * that IPv4 comes to; "mptcp": MPTCP over IPv4. Exit status 77: this kernel has not got what is
 * needed.
 */
#define _GNU_SOURCE
#include "peer.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_S = 1000000000, CONNECTIONS_MAX = 1000, CHUNK_BYTES = 1 << 20, SKIPPED = 77 };

struct address {
	struct sockaddr_storage server, client; /* what it binds to, what it connects to */
	socklen_t server_bytes, client_bytes;
	int protocol;
};

struct stage {
	const struct conversation *conversation;
	struct address address;
	const char *client_netns; /* NULL: the same */
	int64_t deadline_ns;
	int listener;
	atomic_ullong held, sent_bytes, read_bytes;
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

bool peer_in_time(const struct peer *peer)
{
	return now_ns() < peer->deadline_ns;
}

void peer_pause_us(unsigned us)
{
	const struct timespec pause = { .tv_nsec = (long)us * 1000 };

	nanosleep(&pause, NULL);
}

size_t peer_draw(struct peer *peer, size_t most)
{
	return 1 + (size_t)rand_r(&peer->seed) % most;
}

static char *chunk(void)
{
	static _Thread_local char memory[CHUNK_BYTES];

	if (!memory[0])
		memset(memory, 'x', CHUNK_BYTES);
	return memory;
}

bool peer_send(struct peer *peer, size_t bytes, int flags)
{
	while (bytes) {
		ssize_t sent =
			send(peer->fd, chunk(), bytes < CHUNK_BYTES ? bytes : CHUNK_BYTES, flags);

		if (sent <= 0)
			return false;
		peer->sent_bytes += (size_t)sent;
		bytes -= (size_t)sent;
	}
	return true;
}

static ssize_t read_once(struct peer *peer, size_t most, int flags)
{
	ssize_t got = recv(peer->fd, chunk(), most < CHUNK_BYTES ? most : CHUNK_BYTES, flags);

	if (got > 0 && !(flags & MSG_PEEK))
		peer->read_bytes += (size_t)got;
	return got;
}

bool peer_read(struct peer *peer, size_t bytes, int flags)
{
	while (bytes) {
		ssize_t got = read_once(peer, bytes, flags);

		if (got <= 0)
			return false;
		bytes -= (size_t)got;
	}
	return true;
}

bool peer_read_some(struct peer *peer, size_t most, int flags)
{
	return read_once(peer, most, flags) > 0;
}

bool peer_copy(struct peer *peer, size_t most)
{
	ssize_t got = read_once(peer, most, 0);

	return got > 0 && peer_send(peer, (size_t)got, 0);
}

/* Holds one end of a conversation and closes it. */
static void play(struct stage *stage, int fd, peer_function *function, unsigned seed)
{
	struct peer peer = { .fd = fd, .deadline_ns = stage->deadline_ns, .seed = seed };

	function(&peer);
	close(fd);
	atomic_fetch_add(&stage->sent_bytes, peer.sent_bytes);
	atomic_fetch_add(&stage->read_bytes, peer.read_bytes);
}

static int client_connect(const struct stage *stage)
{
	const struct address *address = &stage->address;
	int fd = socket(address->client.ss_family, SOCK_STREAM | SOCK_CLOEXEC, address->protocol);
	int connected;

	if (fd < 0)
		err(1, "socket");
	if (stage->conversation->fast_open)
		connected = (int)sendto(fd, chunk(), 1000, MSG_FASTOPEN,
					(const struct sockaddr *)&address->client,
					address->client_bytes);
	else
		connected = connect(fd, (const struct sockaddr *)&address->client,
				    address->client_bytes);
	if (connected >= 0)
		return fd;
	close(fd);
	return -1;
}

static void *client_run(void *context)
{
	static atomic_uint seeds;
	unsigned seed = atomic_fetch_add(&seeds, 2) + 1;
	struct stage *stage = context;

	if (stage->client_netns) {
		int fd = open(stage->client_netns, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
			err(1, "%s", stage->client_netns);
		close(fd);
	}
	while (now_ns() < stage->deadline_ns) {
		int fd = client_connect(stage);

		if (fd < 0) {
			peer_pause_us(1000);
			continue;
		}
		atomic_fetch_add(&stage->held, 1);
		play(stage, fd, stage->conversation->client, seed);
	}
	return NULL;
}

struct served {
	struct stage *stage;
	int fd;
};

static void *server_play(void *context)
{
	struct served served = *(struct served *)context;

	free(context);
	play(served.stage, served.fd, served.stage->conversation->server, (unsigned)served.fd);
	return NULL;
}

static void *server_run(void *context)
{
	struct stage *stage = context;
	pthread_t thread;
	int fd;

	while ((fd = accept4(stage->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		struct served *served;

		if (!stage->conversation->server) {
			close(fd);
			continue;
		}
		served = malloc(sizeof(*served));
		if (!served)
			err(1, "malloc");
		*served = (struct served){ stage, fd };
		errno = pthread_create(&thread, NULL, server_play, served);
		if (errno)
			err(1, "pthread_create");
		pthread_detach(thread);
	}
	return NULL;
}

static void address_fill(struct address *address, const char *text, uint16_t port)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&address->server;
	struct sockaddr_in *four = (struct sockaddr_in *)&address->server;
	bool mapped = strcmp(text, "mapped") == 0;

	memset(address, 0, sizeof(*address));
	if (strcmp(text, "mptcp") == 0)
		address->protocol = IPPROTO_MPTCP;
	if (mapped || address->protocol)
		text = "127.0.0.1";
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		address->server_bytes = sizeof(*four);
	} else if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(port);
		address->server_bytes = sizeof(*six);
	} else {
		errx(2, "%s is no address", text);
	}
	address->client = address->server;
	address->client_bytes = address->server_bytes;
	if (mapped) {
		memset(six, 0, sizeof(*six));
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(port);
		address->server_bytes = sizeof(*six);
	}
}

static int server_listen(const struct stage *stage)
{
	const struct address *address = &stage->address;
	int fd = socket(address->server.ss_family, SOCK_STREAM | SOCK_CLOEXEC, address->protocol);
	int on = 1;

	if (fd < 0 && (errno == EPROTONOSUPPORT || errno == EAFNOSUPPORT))
		exit(SKIPPED);
	if (fd < 0)
		err(1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (stage->conversation->fast_open)
		setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &(int){ 100 }, sizeof(int));
	if (bind(fd, (const struct sockaddr *)&address->server, address->server_bytes) < 0 ||
	    listen(fd, CONNECTIONS_MAX) < 0)
		err(1, "bind, listen");
	return fd;
}

static void stage_run(struct stage *stage, unsigned connections)
{
	pthread_t client[CONNECTIONS_MAX], server;

	stage->listener = server_listen(stage);
	errno = pthread_create(&server, NULL, server_run, stage);
	for (unsigned index = 0; index < connections && !errno; index++)
		errno = pthread_create(&client[index], NULL, client_run, stage);
	if (errno)
		err(1, "pthread_create");
	for (unsigned index = 0; index < connections; index++)
		pthread_join(client[index], NULL);
	/* Servers end when they see their clients gone; what they have not counted yet is small. */
	peer_pause_us(50000);
	printf("%llu conversations, %llu bytes sent, %llu read\n", atomic_load(&stage->held),
	       atomic_load(&stage->sent_bytes), atomic_load(&stage->read_bytes));
}

int main(int argc, char **argv)
{
	struct stage stage = { .conversation = conversations };
	unsigned connections = argc > 4 ? (unsigned)atoi(argv[4]) : 1;

	if (argc < 4 || argc > 7 || connections > CONNECTIONS_MAX)
		errx(2,
		     "usage: live_peer NAME PORT MILLISECONDS [CONNECTIONS [ADDRESS [CLIENT-NETNS]]]");
	while (stage.conversation->name && strcmp(stage.conversation->name, argv[1]) != 0)
		stage.conversation++;
	if (!stage.conversation->name)
		errx(2, "no conversation is called %s", argv[1]);
	signal(SIGPIPE, SIG_IGN);
	address_fill(&stage.address, argc > 5 ? argv[5] : "127.0.0.1", (uint16_t)atoi(argv[2]));
	stage.client_netns = argc > 6 ? argv[6] : NULL;
	stage.deadline_ns = now_ns() + atoll(argv[3]) * (NS_PER_S / 1000);
	stage_run(&stage, connections);
	return 0;
}
