/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* SOCK_NONBLOCK */
#include "load/network.h"

#include "base/failure.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { LISTEN_BACKLOG = 4096 };

static int resolve(const char *host, uint16_t port, int flags, struct addrinfo **ret_list,
		   struct failure *failure)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC,
					.ai_socktype = SOCK_STREAM,
					.ai_flags = flags | AI_NUMERICSERV };
	char service[8];
	int code;

	snprintf(service, sizeof(service), "%u", port);
	code = getaddrinfo(host, service, &hints, ret_list);
	if (code)
		return failure_set(failure, EADDRNOTAVAIL, "there is no address for '%s': %s",
				   host ? host : "any", gai_strerror(code));
	return 0;
}

static int listen_on(const struct addrinfo *entry)
{
	int fd = socket(entry->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, off = 0;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (entry->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, entry->ai_addr, entry->ai_addrlen) < 0 || listen(fd, LISTEN_BACKLOG) < 0) {
		int error = errno;

		close(fd);
		return -error;
	}
	return fd;
}

uint16_t network_port(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} address = { 0 };
	socklen_t address_bytes = sizeof(address);

	if (getsockname(fd, &address.any, &address_bytes) < 0)
		return 0;
	return ntohs(address.any.sa_family == AF_INET6 ? address.six.sin6_port :
							 address.four.sin_port);
}

int network_listen(const char *address, uint16_t port, uint16_t *ret_port, struct failure *failure)
{
	struct addrinfo *list = NULL;
	int fd = -EADDRNOTAVAIL;
	/* "::" takes IPv4 too; where there is no IPv6 it fails, and "0.0.0.0" is tried. */
	int error = resolve(address ? address : "::", port, AI_PASSIVE, &list, failure);

	if (error)
		return error;
	for (const struct addrinfo *entry = list; entry && fd < 0; entry = entry->ai_next)
		fd = listen_on(entry);
	freeaddrinfo(list);
	if (fd == -EAFNOSUPPORT && !address)
		return network_listen("0.0.0.0", port, ret_port, failure);
	if (fd < 0)
		return failure_set(failure, -fd,
				   "cannot listen on port %u: %s; choose another with -p", port,
				   strerror(-fd));
	*ret_port = network_port(fd);
	return fd;
}

static int connect_to(const struct addrinfo *entry)
{
	int fd = socket(entry->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return -errno;
	if (connect(fd, entry->ai_addr, entry->ai_addrlen) < 0) {
		int error = errno;

		close(fd);
		return -error;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

int network_connect(const char *host, uint16_t port, struct failure *failure)
{
	struct addrinfo *list = NULL;
	int fd = -EADDRNOTAVAIL;
	int error = resolve(host, port, 0, &list, failure);

	if (error)
		return error;
	for (const struct addrinfo *entry = list; entry && fd < 0; entry = entry->ai_next)
		fd = connect_to(entry);
	freeaddrinfo(list);
	if (fd == -EMFILE || fd == -ENFILE)
		return failure_set(failure, -fd,
				   "too many connections: %s; choose fewer, or raise 'ulimit -n'",
				   strerror(-fd));
	if (fd < 0)
		return failure_set(failure, -fd,
				   "cannot connect to port %u of %s: %s; does a server run there?",
				   port, host, strerror(-fd));
	return fd;
}

int network_exchange(int fd, const char *bytes, size_t bytes_count, size_t reply_bytes)
{
	const struct timeval patience = { .tv_sec = 10 }, for_ever = { 0 };
	char bin[4096];

	while (bytes_count > 0) {
		ssize_t sent = send(fd, bytes, bytes_count, MSG_NOSIGNAL);

		if (sent < 0)
			return -errno;
		bytes += sent;
		bytes_count -= (size_t)sent;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	while (reply_bytes > 0) {
		ssize_t got =
			recv(fd, bin, reply_bytes < sizeof(bin) ? reply_bytes : sizeof(bin), 0);

		if (got < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (got == 0)
			return -ECONNRESET;
		reply_bytes -= (size_t)got;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &for_ever, sizeof(for_ever));
	return 0;
}

const char *network_zeros(void)
{
	static const char zeros[NETWORK_BUFFER_BYTES] = { 0 };

	return zeros;
}
