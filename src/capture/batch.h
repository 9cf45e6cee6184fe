/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_BATCH_H
#define POLLGAP_BATCH_H

#include "source/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What one turn of one source brought: from its thread to the writer. */
struct batch {
	struct batch *next; /* in the channel */
	unsigned runner; /* which one it comes from: its index in the session */
	uint64_t scheduled_ns;
	uint64_t start_ns;
	uint64_t end_ns;
	uint64_t cpu_ns;
	uint64_t missed_turns; /* right before this one */
	uint64_t rows_read;
	uint64_t passed_ns; /* nothing older than this comes from this source any more */
	int64_t poll_id; /* the writer's, for a poller's batch */
	bool cut; /* its items were dropped */
	bool turn; /* false: it carries passed_ns only */
	size_t used_bytes;
	size_t room_bytes;
	unsigned char *item; /* struct batch_item, one after the other */
};

struct batch_item {
	uint32_t kind; /* enum observation */
	uint32_t item_bytes; /* of what follows */
	_Alignas(8) unsigned char bytes[];
};

struct batch *batch_new(unsigned runner);
void batch_freep(struct batch **batch);

/* Appends a copy: the take() of struct sink. context: the batch. Returns 0 or -ENOMEM. */
int batch_take(void *context, enum observation kind, const void *item, size_t item_bytes);

/* The item after this one, the first one for NULL; NULL at the end. */
const struct batch_item *batch_next(const struct batch *batch, const struct batch_item *item);

/*
 * Batches in the order in which they were put, from many threads to one, bounded by the bytes they
 * hold: a writer that can't keep up must not fill the memory.
 */
struct channel;

int channel_new(size_t bytes_max, struct channel **ret_channel);
void channel_freep(struct channel **channel);

/*
 * Puts the batch. Where the channel is full its items are dropped and counted, and the batch goes
 * on without them, for what its turn says stays true.
 */
void channel_put(struct channel *channel, struct batch *batch);

/* Whether the channel has no room now: a source that can wait, waits. */
bool channel_full(struct channel *channel);

/* No more batches will be put. */
void channel_close(struct channel *channel);

/* The next batch; NULL when wake_ns has passed without one. *ret_closed: no more will come, and
 * none is left. */
struct batch *channel_get(struct channel *channel, uint64_t wake_ns, bool *ret_closed);

/* How many items were dropped so far, of a kind. */
uint64_t channel_dropped(struct channel *channel, enum observation kind);

#endif
