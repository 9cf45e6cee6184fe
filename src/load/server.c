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
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	EVENTS = 256,
	/* A client that does not read its replies is not read from either. */
	OWED_BYTES_MAX = 1 << 20,
};

struct connection {
	int fd;
	uint32_t watched; /* what epoll waits for */
	uint64_t request_bytes; /* of a request that has come in part */
	uint64_t owed_bytes; /* of replies */
	struct connection *next;
	struct connection **link; /* what points here */
};

struct server {
	const struct load_server_options *options;
	struct load_served served;
	int epoll_fd;
	int listen_fd;
	int signal_fd; /* readable: it is time to end */
	struct connection *connection;
	char *bin;
};

static int server_watch(const struct server *server, int operation, int fd, void *owner,
			uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = owner };

	return epoll_ctl(server->epoll_fd, operation, fd, &event) < 0 ? -errno : 0;
}

static void connection_close(struct connection *connection)
{
	*connection->link = connection->next;
	if (connection->next)
		connection->next->link = connection->link;
	close(connection->fd);
	free(connection);
}

static int connection_open(struct server *server, int fd)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	int error, on = 1;

	if (!connection) {
		close(fd);
		return -ENOMEM;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	*connection = (struct connection){ .fd = fd,
					   .watched = EPOLLIN,
					   .next = server->connection,
					   .link = &server->connection };
	if (connection->next)
		connection->next->link = &connection->next;
	server->connection = connection;
	error = server_watch(server, EPOLL_CTL_ADD, fd, connection, EPOLLIN);
	if (error)
		connection_close(connection);
	else
		server->served.connections++;
	return error;
}

/* A connection that was gone before it was taken is no failure; one that there is no room for is:
 * it would stay in the queue, and be tried again and again. */
static int server_accept(struct server *server)
{
	int error = 0;

	while (!error) {
		int fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			error = connection_open(server, fd);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			error = -errno;
		else if (errno == EAGAIN)
			return 0;
	}
	return error;
}

/* Writes what is owed, as far as there is room. Returns 0 or -errno. */
static int connection_write(const struct server *server, struct connection *connection)
{
	uint32_t wanted;

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
	wanted = (connection->owed_bytes ? EPOLLOUT : 0) |
		 (connection->owed_bytes < OWED_BYTES_MAX ? EPOLLIN : 0);
	if (wanted == connection->watched)
		return 0;
	connection->watched = wanted;
	return server_watch(server, EPOLL_CTL_MOD, connection->fd, connection, wanted);
}

/* Lets the time of one service pass. Returns false where a signal says to end. */
static bool server_pause(const struct server *server)
{
	uint64_t end_ns = clock_monotonic_ns() + server->options->service_ns;
	uint64_t now_ns;

	while ((now_ns = clock_monotonic_ns()) < end_ns) {
		struct pollfd signalled = { .fd = server->signal_fd, .events = POLLIN };
		struct timespec rest = { .tv_sec = (time_t)((end_ns - now_ns) / NS_PER_S),
					 .tv_nsec = (long)((end_ns - now_ns) % NS_PER_S) };

		if (ppoll(&signalled, 1, &rest, NULL) > 0)
			return false;
	}
	return true;
}

/* Replies to a batch in one write, but where each request takes its time, to each once it is
 * served. Returns 0 or -errno. */
static int connection_serve(struct server *server, struct connection *connection, uint64_t requests)
{
	uint64_t turn = server->options->service_ns ? 1 : requests;
	int error = 0;

	for (uint64_t served = 0; served < requests && !error; served += turn) {
		if (server->options->service_ns && !server_pause(server))
			return 0;
		server->served.requests += turn;
		connection->owed_bytes += turn * server->options->reply_bytes;
		error = connection_write(server, connection);
	}
	return error;
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
	server->served.received_bytes += (uint64_t)got;
	connection->request_bytes += (uint64_t)got;
	requests = connection->request_bytes / server->options->request_bytes;
	connection->request_bytes %= server->options->request_bytes;
	return connection_serve(server, connection, requests);
}

static void server_handle(struct server *server, const struct epoll_event *event)
{
	struct connection *connection = event->data.ptr;
	int error = 0;

	if (event->events & EPOLLOUT)
		error = connection_write(server, connection);
	if (!error && event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		error = connection_read(server, connection);
	if (error)
		connection_close(connection);
}

static int server_run(struct server *server)
{
	struct epoll_event event[EVENTS];
	int error = 0;

	while (!error) {
		int events = epoll_wait(server->epoll_fd, event, EVENTS, -1);

		if (events < 0 && errno != EINTR)
			return -errno;
		for (int index = 0; index < events && !error; index++) {
			if (event[index].data.ptr == &server->signal_fd)
				return 0;
			if (event[index].data.ptr == &server->listen_fd)
				error = server_accept(server);
			else
				server_handle(server, &event[index]);
		}
	}
	return error;
}

static int server_open(struct server *server, const sigset_t *signals)
{
	int error;

	server->signal_fd = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (server->signal_fd < 0 || server->epoll_fd < 0)
		return -errno;
	error = server_watch(server, EPOLL_CTL_ADD, server->signal_fd, &server->signal_fd, EPOLLIN);
	return error ? error :
		       server_watch(server, EPOLL_CTL_ADD, server->listen_fd, &server->listen_fd,
				    EPOLLIN);
}

/* A signal that was not read would end the process once it is let through again. */
static void server_close(struct server *server)
{
	struct signalfd_siginfo signalled;

	while (server->connection)
		connection_close(server->connection);
	while (server->signal_fd >= 0 &&
	       read(server->signal_fd, &signalled, sizeof(signalled)) == sizeof(signalled))
		;
	closep(&server->signal_fd);
	closep(&server->epoll_fd);
	closep(&server->listen_fd);
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
	server_close(&server);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (error == -EMFILE || error == -ENFILE)
		return failure_set(failure, -error,
				   "serving failed after %llu connections: %s; raise 'ulimit -n'",
				   (unsigned long long)server.served.connections, strerror(-error));
	if (error)
		return failure_set(failure, -error, "serving failed: %s", strerror(-error));
	server.served.duration_ns = clock_monotonic_ns() - start_ns;
	*ret_served = server.served;
	return 0;
}
