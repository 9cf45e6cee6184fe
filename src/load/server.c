/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* accept4() */
#include "load/server.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/failure.h"
#include "load/network.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

enum {
	EVENTS = 256,
	/* A client that does not read its replies is not read from either. */
	OWED_BYTES_MAX = 1 << 20,
};

struct connection {
	int fd;
	uint64_t request_bytes; /* of a request that has come in part */
	uint64_t owed_bytes; /* of replies */
	bool waits; /* for room to write */
};

struct server {
	const struct load_server_options *options;
	struct load_served served;
	int epoll_fd;
	int listen_fd;
	int signal_fd;
	char *bin;
};

static int server_watch(const struct server *server, int operation, int fd, void *owner,
			uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = owner };

	return epoll_ctl(server->epoll_fd, operation, fd, &event) < 0 ? -errno : 0;
}

static void server_accept(struct server *server)
{
	int fd, on = 1;

	while ((fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct connection *connection = calloc(1, sizeof(*connection));

		if (!connection) {
			close(fd);
			return;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		connection->fd = fd;
		if (server_watch(server, EPOLL_CTL_ADD, fd, connection, EPOLLIN) < 0) {
			close(fd);
			free(connection);
			return;
		}
		server->served.connections++;
	}
}

static void connection_close(struct connection *connection)
{
	close(connection->fd);
	free(connection);
}

/* Writes what is owed, as far as there is room. Returns 0 or -errno. */
static int connection_write(const struct server *server, struct connection *connection)
{
	bool waits;

	while (connection->owed_bytes) {
		size_t bytes = connection->owed_bytes < NETWORK_BUFFER_BYTES ?
				       connection->owed_bytes :
				       NETWORK_BUFFER_BYTES;
		ssize_t sent = send(connection->fd, network_zeros(), bytes, MSG_NOSIGNAL);

		if (sent < 0 && errno == EAGAIN)
			break;
		if (sent < 0)
			return -errno;
		connection->owed_bytes -= (uint64_t)sent;
	}
	waits = connection->owed_bytes > 0;
	if (waits == connection->waits)
		return 0;
	connection->waits = waits;
	return server_watch(server, EPOLL_CTL_MOD, connection->fd, connection,
			    (waits ? EPOLLOUT : 0) |
				    (connection->owed_bytes < OWED_BYTES_MAX ? EPOLLIN : 0));
}

/* Reads once, so that one connection can't keep the others waiting for ever. */
static int connection_read(struct server *server, struct connection *connection)
{
	ssize_t got = recv(connection->fd, server->bin, NETWORK_BUFFER_BYTES, 0);
	uint64_t requests;

	if (got < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (got == 0)
		return -ECONNRESET;
	connection->request_bytes += (uint64_t)got;
	requests = connection->request_bytes / server->options->request_bytes;
	connection->request_bytes %= server->options->request_bytes;
	connection->owed_bytes += requests * server->options->reply_bytes;
	if (requests && server->options->service_ns)
		clock_sleep_until_ns(clock_monotonic_ns() + requests * server->options->service_ns);
	server->served.received_bytes += (uint64_t)got;
	server->served.requests += requests;
	return 0;
}

static void server_handle(struct server *server, const struct epoll_event *event)
{
	struct connection *connection = event->data.ptr;
	int error = 0;

	if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		error = connection_read(server, connection);
	if (!error)
		error = connection_write(server, connection);
	if (error)
		connection_close(connection);
}

static int server_run(struct server *server)
{
	struct epoll_event event[EVENTS];

	for (;;) {
		int events = epoll_wait(server->epoll_fd, event, EVENTS, -1);

		if (events < 0 && errno != EINTR)
			return -errno;
		for (int index = 0; index < events; index++) {
			if (event[index].data.ptr == &server->signal_fd)
				return 0;
			if (event[index].data.ptr == &server->listen_fd)
				server_accept(server);
			else
				server_handle(server, &event[index]);
		}
	}
}

static int server_open(struct server *server, const sigset_t *signals)
{
	int error;

	server->signal_fd = signalfd(-1, signals, SFD_CLOEXEC);
	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (server->signal_fd < 0 || server->epoll_fd < 0)
		return -errno;
	error = server_watch(server, EPOLL_CTL_ADD, server->signal_fd, &server->signal_fd, EPOLLIN);
	return error ? error :
		       server_watch(server, EPOLL_CTL_ADD, server->listen_fd, &server->listen_fd,
				    EPOLLIN);
}

int load_serve(const struct load_server_options *options, void (*listening)(uint16_t port),
	       struct load_served *ret_served, struct failure *failure)
{
	_cleanup_(freep) char *bin = malloc(NETWORK_BUFFER_BYTES);
	struct server server = { .options = options, .epoll_fd = -1, .signal_fd = -1, .bin = bin };
	uint64_t start_ns = clock_monotonic_ns();
	sigset_t signals, before;
	uint16_t port;
	int error;

	if (!bin)
		return failure_set(failure, ENOMEM, "out of memory");
	server.listen_fd = network_listen(options->address, options->port, &port, failure);
	if (server.listen_fd < 0)
		return server.listen_fd;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, &before);
	error = server_open(&server, &signals);
	if (!error) {
		listening(port);
		error = server_run(&server);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	closep(&server.signal_fd);
	closep(&server.epoll_fd);
	closep(&server.listen_fd);
	if (error)
		return failure_set(failure, -error, "serving failed: %s", strerror(-error));
	server.served.duration_ns = clock_monotonic_ns() - start_ns;
	*ret_served = server.served;
	return 0;
}
