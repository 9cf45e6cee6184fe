/* SPDX-License-Identifier: BSD-2-Clause */
#include "traffic.h"

#include "base/clock.h"
#include "capture/machine_check.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { REASON_BYTES = 512 };

static socklen_t address_fill(enum carrier carrier, bool client, uint16_t port,
			      struct sockaddr_storage *ret_address)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret_address;
	struct sockaddr_in *four = (struct sockaddr_in *)ret_address;

	memset(ret_address, 0, sizeof(*ret_address));
	if (carrier == CARRIER_IPV4 || (carrier == CARRIER_IPV4_ON_IPV6 && client)) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(*four);
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(port);
	six->sin6_addr = carrier == CARRIER_IPV6 ? in6addr_loopback : in6addr_any;
	return sizeof(*six);
}

int traffic_listen(enum carrier carrier, uint16_t *ret_port)
{
	struct sockaddr_storage address;
	socklen_t address_bytes = address_fill(carrier, false, 0, &address);
	int off = 0, fd = socket(address.ss_family, SOCK_STREAM, 0);

	if (fd < 0)
		err(2, "socket");
	if (carrier == CARRIER_IPV4_ON_IPV6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (struct sockaddr *)&address, address_bytes) < 0 || listen(fd, 128) < 0)
		err(2, "bind, listen");
	if (getsockname(fd, (struct sockaddr *)&address, &address_bytes) < 0)
		err(2, "getsockname");
	*ret_port = ntohs(address.ss_family == AF_INET ?
				  ((struct sockaddr_in *)&address)->sin_port :
				  ((struct sockaddr_in6 *)&address)->sin6_port);
	return fd;
}

int traffic_connect(enum carrier carrier, int listen_fd, int *ret_server)
{
	struct sockaddr_storage address;
	socklen_t address_bytes = sizeof(address);
	uint16_t port;
	int fd, on = 1;

	if (getsockname(listen_fd, (struct sockaddr *)&address, &address_bytes) < 0)
		err(2, "getsockname");
	port = ntohs(address.ss_family == AF_INET ? ((struct sockaddr_in *)&address)->sin_port :
						    ((struct sockaddr_in6 *)&address)->sin6_port);
	address_bytes = address_fill(carrier, true, port, &address);
	fd = socket(address.ss_family, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, address_bytes) < 0)
		err(2, "connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	*ret_server = accept(listen_fd, NULL, NULL);
	if (*ret_server < 0)
		err(2, "accept");
	return fd;
}

static void send_all(int fd, size_t bytes)
{
	static char zeros[1 << 20];

	while (bytes) {
		ssize_t sent = send(fd, zeros, bytes < sizeof(zeros) ? bytes : sizeof(zeros), 0);

		if (sent <= 0)
			err(2, "send");
		bytes -= (size_t)sent;
	}
}

static void wait_arrived(int fd, size_t bytes)
{
	int queued = 0;

	for (unsigned turn = 0; turn < 1000000; turn++) {
		if (ioctl(fd, FIONREAD, &queued) < 0)
			err(2, "FIONREAD");
		if ((size_t)queued == bytes)
			return;
	}
	errx(2, "%d of %zu bytes arrived", queued, bytes);
}

struct block traffic_block(int client, int server, size_t bytes, unsigned pause_ms)
{
	const struct timespec pause = { .tv_nsec = (long)pause_ms * NS_PER_MS };
	static char bin[1 << 20];
	struct block block = { .bytes = bytes, .before_send_ns = clock_monotonic_ns() };

	send_all(client, bytes);
	wait_arrived(server, bytes);
	block.arrived_ns = clock_monotonic_ns();
	nanosleep(&pause, NULL);
	block.before_read_ns = clock_monotonic_ns();
	while (bytes) {
		ssize_t got = recv(server, bin, sizeof(bin), 0);

		if (got <= 0)
			err(2, "recv");
		bytes -= (size_t)got;
	}
	block.after_read_ns = clock_monotonic_ns();
	return block;
}

static int verdict_keep(void *context, const struct check_item *item)
{
	char *reason = context;

	if (!item->allowed && strcmp(item->kind, "verdict") == 0)
		snprintf(reason, REASON_BYTES, "capture is not possible here: %s", item->reason);
	return 0;
}

const char *traffic_refusal(void)
{
	static char reason[REASON_BYTES];

	reason[0] = '\0';
	if (machine_check(verdict_keep, reason) < 0)
		return "the machine could not be checked";
	return reason[0] ? reason : NULL;
}
