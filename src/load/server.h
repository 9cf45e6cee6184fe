/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_LOAD_SERVER_H
#define POLLGAP_LOAD_SERVER_H

#include <stdint.h>

struct failure;

struct load_server_options {
	const char *address; /* NULL: every one */
	uint16_t port; /* 0: a free one */
	uint64_t request_bytes;
	uint64_t reply_bytes;
	uint64_t service_ns; /* how long each request keeps the server; 0: not at all */
};

struct load_served {
	uint64_t connections;
	uint64_t requests;
	uint64_t received_bytes;
	uint64_t duration_ns;
};

/*
 * Serves until SIGINT or SIGTERM. One thread: a request that is served keeps all others waiting, as
 * in a server with one. listening() is called once the port is known. Returns 0 or -errno.
 */
int load_serve(const struct load_server_options *options, void (*listening)(uint16_t port),
	       struct load_served *ret_served, struct failure *failure);

#endif
