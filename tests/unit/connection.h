/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_TEST_CONNECTION_H
#define POLLGAP_TEST_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

/* A TCP connection over loopback, both ends in this process, and its listener. */
struct connection {
	int listener;
	int client;
	int server;
	uint16_t client_port;
	uint16_t server_port;
};

/* family AF_INET or AF_INET6. Returns false where the machine has no such family. */
bool connection_open(int family, struct connection *ret_connection);

/* By a reset, which leaves no TIME_WAIT behind: the next test may be given the same ports. */
void connection_close(struct connection *connection);

/* FIONREAD. */
int unread_bytes(int fd);

/* Until FIONREAD says so many. */
void unread_wait(int fd, int bytes);

#endif
