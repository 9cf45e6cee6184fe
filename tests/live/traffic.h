/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_TESTS_TRAFFIC_H
#define POLLGAP_TESTS_TRAFFIC_H

/*
 * A live test's program runs itself as the command of a capture: called with "traffic" it makes
 * known traffic and writes down when it did what; called without, it is the test.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum carrier { CARRIER_IPV4, CARRIER_IPV6, CARRIER_IPV4_ON_IPV6 };

/* One block of bytes that was sent, stood, and was read. All instants are the test's own, on
 * CLOCK_MONOTONIC. */
struct block {
	uint64_t bytes;
	uint64_t before_send_ns;
	uint64_t arrived_ns; /* the receiver saw all bytes in its queue */
	uint64_t before_read_ns;
	uint64_t after_read_ns;
};

/* Listens on a free loopback port. Returns the descriptor, which a command inherits. */
int traffic_listen(enum carrier carrier, uint16_t *ret_port);

/* A connection to that port; *ret_server is its accepted end. */
int traffic_connect(enum carrier carrier, int listen_fd, int *ret_server);

/* Sends the bytes, waits until they have arrived, pauses, reads them. */
struct block traffic_block(int client, int server, size_t bytes, unsigned pause_ms);

/* NULL where this machine lets us capture, or else why not. */
const char *traffic_refusal(void);

#endif
