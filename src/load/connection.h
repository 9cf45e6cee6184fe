/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_LOAD_CONNECTION_H
#define POLLGAP_LOAD_CONNECTION_H

/* What client.c and connection.c share. */
#include "load/client.h"

#include <stdbool.h>
#include <stddef.h>

struct request {
	uint64_t intended_ns;
	unsigned step;
};

/* Requests of one connection in their order: first those on their way, then those that wait. */
struct connection {
	int fd;
	struct request *request; /* a ring, a power of two long */
	uint64_t room;
	uint64_t answered; /* counts up; the ring holds [answered, due) */
	uint64_t sent; /* of those, whole */
	uint64_t due;
	uint64_t sent_bytes; /* of the one after them */
	uint64_t reply_bytes; /* of a reply that has come in part */
	bool waits; /* for room to write */
};

struct client {
	const struct load_client_options *options;
	struct load_result *result;
	struct connection *connection;
	unsigned next; /* whose turn it is */
	uint64_t open; /* requests that are due and not answered */
	uint64_t start_ns;
	int epoll_fd;
	char *bin;
	const char *pattern; /* what is sent: whole requests */
	size_t pattern_bytes;
};

struct request *request_at(const struct connection *connection, uint64_t number);

/* What is sent, in one piece that holds whole requests: as many as a buffer takes. *ret_own is to
 * be freed. 0 or -ENOMEM. */
int pattern_new(struct client *client, char **ret_own);

/* A request that is due. Returns 0 or -ENOMEM. */
int connection_add(struct client *client, struct connection *connection, uint64_t intended_ns,
		   unsigned step);

/* Has epoll tell of replies, and where it waits, of room to write. Returns 0 or -errno. */
int connection_watch(const struct client *client, struct connection *connection, int operation,
		     bool waits);

/* Sends what is due and within the cap, as far as there is room. Returns 0 or -errno. */
int connection_send(struct client *client, struct connection *connection);

/* Takes what has come. Returns 0 or -errno: -ECONNRESET at the end of the stream, -EPROTO for more
 * replies than requests. */
int connection_receive(struct client *client, struct connection *connection);

#endif
