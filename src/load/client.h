/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_LOAD_CLIENT_H
#define POLLGAP_LOAD_CLIENT_H

#include "load/histogram.h"
#include "load/rate.h"

#include <stdint.h>

struct failure;

struct load_client_options {
	const char *host;
	uint16_t port;
	const char *request; /* requests of request_bytes each, one behind the other, sent in turn
				on each connection; all at most NETWORK_BUFFER_BYTES; NULL: zeros */
	uint64_t requests; /* as many, 1 at least */
	uint64_t request_bytes;
	uint64_t reply_bytes;
	const char *greeting; /* greeting_bytes that a protocol wants first on each connection, 0:
				 none, */
	uint64_t greeting_bytes;
	uint64_t greeting_reply_bytes; /* and as many in answer to it, before the load begins */
	unsigned connections;
	uint64_t in_flight; /* requests a connection may have on their way; 0: no cap */
	struct rate rate;
	uint64_t drain_ns; /* how long to wait for replies after the last request */
};

/* What became of the requests of one step. */
struct load_step {
	uint64_t due; /* by the schedule */
	uint64_t sent; /* handed to the kernel whole */
	uint64_t answered;
	uint64_t in_flight_peak; /* the most that one connection had sent, with no reply yet */
	uint64_t start_ns; /* from the load's start, as all of its times */
	uint64_t duration_ns; /* by the schedule */
	uint64_t last_reply_ns; /* 0: none */
	/* Each request's time from its intended instant to its reply, or until the client gave up:
	 * a stalled server is not forgiven for the requests that it kept from being sent. */
	struct histogram latency;
};

struct load_result {
	struct load_step step[RATE_STEPS_MAX];
	unsigned steps;
	uint64_t start_ns; /* the first intended instant, on CLOCK_MONOTONIC */
	uint64_t duration_ns; /* from the first intended instant to the end of the last step */
	uint64_t drained_ns; /* and how long it took until the last reply, or until it was given up */
};

/*
 * Open loop: requests go out on schedule, whatever the replies do, in turn over the connections.
 * Where a connection has in_flight of them on their way the next ones wait, and their latency
 * counts on. With rate.max it is a closed loop, and latency counts from the sending. Returns 0 or
 * -errno; the result is to be freed in either case.
 */
int load_drive(const struct load_client_options *options, struct load_result *ret_result,
	       struct failure *failure);

/*
 * Requests that were answered, a second: of the time from the step's start to its end, or to its
 * last reply where that came later, or until the client gave up, at gave_up_ns, where some never
 * came. So a server that is too slow does not seem to keep up because its replies came in the end.
 * 0 where no time passed.
 */
double load_step_achieved_per_s(const struct load_step *step, uint64_t gave_up_ns);

void load_result_free(struct load_result *result);

#endif
