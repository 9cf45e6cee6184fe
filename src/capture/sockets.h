/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_SOCKETS_H
#define POLLGAP_SOCKETS_H

#include "bpf/record.h"
#include "capture/bins.h"
#include "capture/options.h"
#include "trace/trace_buffer.h"

#include <stdbool.h>
#include <stdint.h>

struct accept_queue;
struct judge_socket;
struct sample;

/* What tells one connection from another at any one time within a network namespace. */
struct socket_tuple {
	uint16_t family;
	uint16_t local_port; /* host order */
	uint16_t remote_port;
	uint16_t padding;
	uint8_t local_address[ADDRESS_BYTES];
	uint8_t remote_address[ADDRESS_BYTES];
};

/* One socket of a capture, from its first record or sample until nothing more can come of it. */
struct tracked_socket {
	struct socket_tuple tuple;
	uint32_t number; /* the kernel side's; 0: only a poller has seen it */
	int64_t socket_id; /* in the store */
	uint64_t first_ns;
	uint64_t last_ns; /* UINT64_MAX while it lives */
	bool inode_known;
	bool listens;
	bool older; /* than the capture */
	bool owned; /* the process of --pid reads or writes it */
	uint64_t cookie; /* 0: not known */
	uint64_t inode; /* as its first record has it. Of a listener: several may share an address
			   and port (SO_REUSEPORT) */
	struct trace_buffer trace; /* events that are in no block yet */
	struct judge_socket *judged; /* NULL for a listener, and where only a poller has seen it */
	struct accept_queue *accept; /* of a listener */
	uint64_t polled[POLLERS_MAX]; /* the poll, by poller, whose scan showed it last */
	struct bins bins[GAUGES][THRESHOLDS_MAX];
	bool bins_changed; /* it stands in the writer's list of those */
	struct tracked_socket *changed_next;
	struct tracked_socket *dead_next; /* in order of death */
	struct tracked_socket *number_next; /* in the same bucket */
	struct tracked_socket *tuple_next;
};

/* Sockets by number and by tuple. Connections come and go on the same tuple: the newest stands
 * first. */
struct sockets;

int sockets_new(struct sockets **ret_sockets);
void sockets_freep(struct sockets **sockets);

/* Adds a socket that the caller fills in but for tuple and number. NULL: out of memory. */
struct tracked_socket *sockets_add(struct sockets *sockets, const struct socket_tuple *tuple,
				   uint32_t number);

struct tracked_socket *sockets_by_number(const struct sockets *sockets, uint32_t number);

/*
 * Whose row a poller read: of the sockets with this tuple the newest that was born before the read
 * ended, or else the oldest (the row of a socket can be read just before the clock of its birth's
 * record). NULL: none has this tuple.
 */
struct tracked_socket *sockets_by_sample(const struct sockets *sockets,
					 const struct sample *sample);

struct socket_tuple socket_tuple_of_sample(const struct sample *sample);

/* Takes the socket out and frees it, but not what it points to. */
void sockets_remove(struct sockets *sockets, struct tracked_socket *socket);

/* Calls each() with every socket, until it returns other than 0; returns that, or 0. */
int sockets_each(const struct sockets *sockets,
		 int (*each)(void *context, const struct tracked_socket *socket), void *context);

/* The same, where each() changes what it is given; it adds and removes none. */
int sockets_change_each(struct sockets *sockets,
			int (*each)(void *context, struct tracked_socket *socket), void *context);

/* Any socket, to empty the table with, once nothing is added any more; NULL when there is none
 * left. */
struct tracked_socket *sockets_any(struct sockets *sockets);

uint64_t sockets_count(const struct sockets *sockets);

#endif
