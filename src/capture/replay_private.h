/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_REPLAY_PRIVATE_H
#define POLLGAP_REPLAY_PRIVATE_H

#include "bpf/record.h"
#include "store/store.h"
#include "trace/trace_block.h"
#include "trace/trace_event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A gauge and one of its thresholds: gauge * THRESHOLDS_MAX + the threshold's place. */
enum { REPLAY_SLOTS = GAUGES * THRESHOLDS_MAX };

/* One poll of one simulated poller. */
struct instant {
	uint64_t time_ns;
	unsigned poller;
};

struct replay {
	struct store *store;
	struct failure *failure;
	struct codec *codec;
	struct trace_event *event; /* of one block */
	struct replay_source source;
	struct store_ids ids;
	int64_t socket_offset; /* from a socket of the source to its copy */
	bool counts_only;
	uint64_t *tally; /* counts_only: folded spikes that were seen */
	unsigned pollers;
	struct instant *instant; /* by time: the nth has poll_id ids.poll_id + n */
	size_t instants;
	size_t room;
	struct replay_socket *socket;
	size_t sockets;
};

/* replay_socket.c: one socket's spikes, and who would have seen them. */
int replay_socket(struct replay *replay, const struct replay_socket *socket);

/* replay_tally.c: how many folded spikes each poller saw, by slot and decade of duration. */
int tally_new(struct replay *replay);
void tally_add(struct replay *replay, unsigned poller, unsigned slot, uint64_t duration_ns);
int tally_put(const struct replay *replay);

#endif
