/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_NETWORK_H
#define POLLGAP_NETWORK_H

#include <stddef.h>
#include <stdint.h>

struct failure;

/* Listens on an address (NULL: every one, IPv4 and IPv6) and port (0: a free one, which
 * *ret_port then is). Returns a non-blocking descriptor or -errno. */
int network_listen(const char *address, uint16_t port, uint16_t *ret_port, struct failure *failure);

/* Connects, with TCP_NODELAY. Returns a descriptor or -errno. */
int network_connect(const char *host, uint16_t port, struct failure *failure);

/* Sends all of the bytes and waits until reply_bytes have come, up to 10 s for each piece. Returns
 * 0 or -errno: -ETIMEDOUT where fewer came, -ECONNRESET where the other side hung up. */
int network_exchange(int fd, const char *bytes, size_t bytes_count, size_t reply_bytes);

/* The port that the socket is bound to; 0: none. */
uint16_t network_port(int fd);

/* NETWORK_BUFFER_BYTES to send, the same for all, never freed. */
enum { NETWORK_BUFFER_BYTES = 1 << 18 };
const char *network_zeros(void);

#endif
