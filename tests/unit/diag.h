/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_TEST_DIAG_H
#define POLLGAP_TEST_DIAG_H

#include <stdint.h>

struct collected;
struct sample;
struct source;

/* A sock_diag source that keeps one port; 0: all. */
struct source *diag_open(uint16_t port);

/* One turn that must go well, every window of it within. */
void diag_poll(struct source *source, struct collected *got);

/* SO_COOKIE. */
uint64_t cookie_of(int fd);

/* The one row of a socket; NULL: it has none. */
const struct sample *sample_of(const struct collected *got, int fd);

#endif
