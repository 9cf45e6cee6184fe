/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TEST_PEER_H
#define TEST_PEER_H

/* Both ends of conversations that use TCP in a particular way: what a capture is held against. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer {
	int fd;
	int64_t deadline_ns; /* on CLOCK_MONOTONIC */
	uint64_t sent_bytes;
	uint64_t read_bytes;
	unsigned seed; /* for rand_r(); each end has its own */
};

/* One end of one conversation; it returns when the conversation is over or the deadline is past.
 * The caller closes the socket. */
typedef void peer_function(struct peer *peer);

struct conversation {
	const char *name;
	peer_function *client;
	peer_function *server; /* NULL: closes at once */
	bool fast_open; /* the client's first bytes go out with its SYN */
};

extern const struct conversation conversations[]; /* ends with a name of NULL */

bool peer_in_time(const struct peer *peer);
void peer_pause_us(unsigned us);

/* Random up to most, at least one. */
size_t peer_draw(struct peer *peer, size_t most);

/* Each returns whether it got all through; false: the other end is gone. */
bool peer_send(struct peer *peer, size_t bytes, int flags);
bool peer_read(struct peer *peer, size_t bytes, int flags); /* whole, in as many reads as needed */
bool peer_read_some(struct peer *peer, size_t most,
		    int flags); /* one read; false also at the end */
bool peer_copy(struct peer *peer, size_t most); /* one read, sent back */

/* Further ways to read and write: peer_ways.c. */
peer_function read_by_peek, read_by_iovec, read_by_many, read_cut, read_urgent, read_spliced;
peer_function read_into_new_memory, read_mapped, write_urgent, write_by_sendfile, write_zerocopy;

#endif
