/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/connection.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static uint16_t port_of(int fd)
{
	struct sockaddr_storage address;
	socklen_t address_bytes = sizeof(address);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &address_bytes), 0);
	/* The port stands at the same place for both families. */
	return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

bool connection_open(int family, struct connection *ret_connection)
{
	struct sockaddr_in address4 = { .sin_family = AF_INET,
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 address6 = { .sin6_family = AF_INET6,
					 .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr *address = family == AF_INET ? (void *)&address4 : (void *)&address6;
	socklen_t address_bytes = family == AF_INET ? sizeof(address4) : sizeof(address6);
	struct connection connection = { .listener =
						 socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	int one = 1;

	if (connection.listener < 0 || bind(connection.listener, address, address_bytes) != 0) {
		closep(&connection.listener);
		return false;
	}
	assert_int_equal(listen(connection.listener, 5), 0);
	connection.server_port = port_of(connection.listener);
	address4.sin_port = htons(connection.server_port);
	address6.sin6_port = htons(connection.server_port);
	connection.client = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(connection.client, address, address_bytes), 0);
	assert_int_equal(setsockopt(connection.client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)),
			 0);
	connection.client_port = port_of(connection.client);
	connection.server = accept(connection.listener, NULL, NULL);
	assert_true(connection.server >= 0);
	*ret_connection = connection;
	return true;
}

void connection_close(struct connection *connection)
{
	const struct linger reset = { .l_onoff = 1 };

	assert_int_equal(
		setsockopt(connection->client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
	assert_int_equal(
		setsockopt(connection->server, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
	close(connection->client);
	close(connection->server);
	close(connection->listener);
}

int unread_bytes(int fd)
{
	int unread = -1;

	assert_int_equal(ioctl(fd, FIONREAD, &unread), 0);
	return unread;
}

void unread_wait(int fd, int bytes)
{
	uint64_t start_ns = clock_monotonic_ns();

	while (unread_bytes(fd) != bytes)
		assert_true(clock_monotonic_ns() - start_ns < 10ULL * NS_PER_S);
}
