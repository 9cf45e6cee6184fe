/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/batch.h"

#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH_BYTES_FIRST = 16384, OBSERVATIONS = OBSERVE_RECORD + 1 };

struct batch *batch_new(unsigned runner)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	if (batch)
		batch->runner = runner;
	return batch;
}

void batch_freep(struct batch **batch)
{
	if (!*batch)
		return;
	free((*batch)->item);
	free(*batch);
	*batch = NULL;
}

static size_t item_room(size_t item_bytes)
{
	return sizeof(struct batch_item) + (item_bytes + 7) / 8 * 8;
}

int batch_take(void *context, enum observation kind, const void *item, size_t item_bytes)
{
	struct batch *batch = context;
	struct batch_item *place;

	if (batch->used_bytes + item_room(item_bytes) > batch->room_bytes) {
		size_t room_bytes = batch->room_bytes ? 2 * batch->room_bytes : BATCH_BYTES_FIRST;
		void *grown = realloc(batch->item, room_bytes);

		if (!grown)
			return -ENOMEM;
		batch->item = grown;
		batch->room_bytes = room_bytes;
	}
	place = (struct batch_item *)(batch->item + batch->used_bytes);
	place->kind = kind;
	place->item_bytes = (uint32_t)item_bytes;
	memcpy(place->bytes, item, item_bytes);
	batch->used_bytes += item_room(item_bytes);
	return 0;
}

const struct batch_item *batch_next(const struct batch *batch, const struct batch_item *item)
{
	size_t offset_bytes = 0;

	if (item)
		offset_bytes = (size_t)((const unsigned char *)item - batch->item) +
			       item_room(item->item_bytes);
	if (offset_bytes >= batch->used_bytes)
		return NULL;
	return (const struct batch_item *)(batch->item + offset_bytes);
}

struct channel {
	pthread_mutex_t mutex;
	pthread_cond_t filled;
	struct batch *first;
	struct batch *last;
	size_t used_bytes;
	size_t bytes_max;
	bool closed;
	uint64_t dropped[OBSERVATIONS];
};

int channel_new(size_t bytes_max, struct channel **ret_channel)
{
	struct channel *channel = calloc(1, sizeof(*channel));
	pthread_condattr_t attributes;

	if (!channel)
		return -ENOMEM;
	channel->bytes_max = bytes_max;
	pthread_mutex_init(&channel->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&channel->filled, &attributes);
	pthread_condattr_destroy(&attributes);
	*ret_channel = channel;
	return 0;
}

void channel_freep(struct channel **channel)
{
	if (!*channel)
		return;
	while ((*channel)->first) {
		struct batch *batch = (*channel)->first;

		(*channel)->first = batch->next;
		batch_freep(&batch);
	}
	pthread_cond_destroy(&(*channel)->filled);
	pthread_mutex_destroy(&(*channel)->mutex);
	free(*channel);
	*channel = NULL;
}

/* The caller holds the mutex. */
static void channel_drop(struct channel *channel, struct batch *batch)
{
	for (const struct batch_item *item = batch_next(batch, NULL); item;
	     item = batch_next(batch, item))
		channel->dropped[item->kind]++;
	batch->cut = true;
	batch->used_bytes = 0;
}

void channel_put(struct channel *channel, struct batch *batch)
{
	pthread_mutex_lock(&channel->mutex);
	if (channel->used_bytes + batch->used_bytes > channel->bytes_max)
		channel_drop(channel, batch);
	channel->used_bytes += batch->used_bytes;
	batch->next = NULL;
	*(channel->last ? &channel->last->next : &channel->first) = batch;
	channel->last = batch;
	pthread_cond_signal(&channel->filled);
	pthread_mutex_unlock(&channel->mutex);
}

bool channel_full(struct channel *channel)
{
	bool full;

	pthread_mutex_lock(&channel->mutex);
	full = channel->used_bytes > channel->bytes_max / 2;
	pthread_mutex_unlock(&channel->mutex);
	return full;
}

void channel_close(struct channel *channel)
{
	pthread_mutex_lock(&channel->mutex);
	channel->closed = true;
	pthread_cond_signal(&channel->filled);
	pthread_mutex_unlock(&channel->mutex);
}

struct batch *channel_get(struct channel *channel, uint64_t wake_ns, bool *ret_closed)
{
	struct timespec wake = { .tv_sec = (time_t)(wake_ns / NS_PER_S),
				 .tv_nsec = (long)(wake_ns % NS_PER_S) };
	struct batch *batch;

	pthread_mutex_lock(&channel->mutex);
	while (!channel->first && !channel->closed) {
		if (pthread_cond_timedwait(&channel->filled, &channel->mutex, &wake) == ETIMEDOUT)
			break;
	}
	batch = channel->first;
	if (batch) {
		channel->first = batch->next;
		if (!channel->first)
			channel->last = NULL;
		channel->used_bytes -= batch->used_bytes;
	}
	*ret_closed = !batch && channel->closed;
	pthread_mutex_unlock(&channel->mutex);
	return batch;
}

uint64_t channel_dropped(struct channel *channel, enum observation kind)
{
	uint64_t dropped;

	pthread_mutex_lock(&channel->mutex);
	dropped = channel->dropped[kind];
	pthread_mutex_unlock(&channel->mutex);
	return dropped;
}
