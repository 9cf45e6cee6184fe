/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_TESTS_RECORDED_H
#define POLLGAP_TESTS_RECORDED_H

/* A capture that a live test made of its own traffic, and what the file then says. Failures fail
 * the test. */
#include "capture/options.h"

#include <sqlite3.h>
#include <stdint.h>

struct recorded {
	char path[64]; /* the capture's file */
	char notes_path[64]; /* where the traffic program writes down what it did */
	sqlite3 *db;
};

/* Paths of this process's own; nothing is written yet. */
struct recorded recorded_new(void);

/* What a capture is to do, but for its command: one poller at 100 ms, the default thresholds. */
struct capture_options recorded_options(const struct recorded *recorded);

/* Runs the capture, which must end with status 0, and opens its file. */
void recorded_capture(struct recorded *recorded, const struct capture_options *options);

/* The first column of the first row. */
int64_t recorded_integer(const struct recorded *recorded, const char *sql);

/*
 * Fails where the capture lost anything but turns that a busy machine kept from its poller, and
 * events that the kernel itself keeps from a program that it has interrupted (recursion_misses,
 * unseen_packets). Where one of those was a connection's first packet, pollers see the socket
 * before its next event does: no more such sockets than there were unseen packets.
 */
void recorded_expect_no_losses(const struct recorded *recorded);

/* Closes and removes the files. */
void recorded_remove(struct recorded *recorded);

/* Skips the running test, with the reason, where this machine doesn't let us capture. */
void recorded_skip_unless_allowed(void);

#endif
