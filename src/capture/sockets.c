/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/sockets.h"

#include "source/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS_FIRST = 1024 };

struct sockets {
	struct tracked_socket **by_number; /* buckets, a power of two of them */
	struct tracked_socket **by_tuple;
	uint64_t buckets;
	uint64_t count;
	uint64_t any; /* buckets before this one are empty, as far as sockets_any() goes */
};

/* FNV-1a over the tuple's 8-byte words, mixed once at the end. */
static uint64_t tuple_hash(const struct socket_tuple *tuple)
{
	uint64_t word[sizeof(*tuple) / sizeof(uint64_t)];
	uint64_t hash = 0xcbf29ce484222325;

	_Static_assert(sizeof(*tuple) % sizeof(uint64_t) == 0, "socket_tuple isn't whole words");
	memcpy(word, tuple, sizeof(word));
	for (unsigned index = 0; index < sizeof(word) / sizeof(word[0]); index++)
		hash = (hash ^ word[index]) * 0x100000001b3;
	return hash ^ hash >> 32;
}

static uint64_t number_hash(uint32_t number)
{
	return number;
}

static void sockets_free(struct sockets *sockets)
{
	free(sockets->by_number);
	free(sockets->by_tuple);
	free(sockets);
}

int sockets_new(struct sockets **ret_sockets)
{
	struct sockets *sockets = calloc(1, sizeof(*sockets));

	if (!sockets)
		return -ENOMEM;
	sockets->buckets = BUCKETS_FIRST;
	sockets->by_number = calloc(sockets->buckets, sizeof(sockets->by_number[0]));
	sockets->by_tuple = calloc(sockets->buckets, sizeof(sockets->by_tuple[0]));
	if (!sockets->by_number || !sockets->by_tuple) {
		sockets_free(sockets);
		return -ENOMEM;
	}
	*ret_sockets = sockets;
	return 0;
}

void sockets_freep(struct sockets **sockets)
{
	struct tracked_socket *socket;

	if (!*sockets)
		return;
	while ((socket = sockets_any(*sockets)))
		sockets_remove(*sockets, socket);
	sockets_free(*sockets);
	*sockets = NULL;
}

static struct tracked_socket **number_bucket(const struct sockets *sockets, uint32_t number)
{
	return &sockets->by_number[number_hash(number) & (sockets->buckets - 1)];
}

static struct tracked_socket **tuple_bucket(const struct sockets *sockets,
					    const struct socket_tuple *tuple)
{
	return &sockets->by_tuple[tuple_hash(tuple) & (sockets->buckets - 1)];
}

/* Puts every socket of one bucket behind its new bucket's last, so that the newest of a tuple stays
 * first. */
static void tuple_move(struct sockets *sockets, struct tracked_socket *socket)
{
	while (socket) {
		struct tracked_socket *next = socket->tuple_next;
		struct tracked_socket **end = tuple_bucket(sockets, &socket->tuple);

		while (*end)
			end = &(*end)->tuple_next;
		socket->tuple_next = NULL;
		*end = socket;
		socket = next;
	}
}

static void number_move(struct sockets *sockets, struct tracked_socket *socket)
{
	while (socket) {
		struct tracked_socket *next = socket->number_next;
		struct tracked_socket **bucket = number_bucket(sockets, socket->number);

		socket->number_next = *bucket;
		*bucket = socket;
		socket = next;
	}
}

/* Doubles the buckets. Where memory is out it stays as it is: slower, but right. */
static void sockets_grow(struct sockets *sockets)
{
	struct sockets grown = { .buckets = 2 * sockets->buckets, .count = sockets->count };

	grown.by_number = calloc(grown.buckets, sizeof(grown.by_number[0]));
	grown.by_tuple = calloc(grown.buckets, sizeof(grown.by_tuple[0]));
	if (!grown.by_number || !grown.by_tuple) {
		free(grown.by_number);
		free(grown.by_tuple);
		return;
	}
	for (uint64_t bucket = 0; bucket < sockets->buckets; bucket++) {
		number_move(&grown, sockets->by_number[bucket]);
		tuple_move(&grown, sockets->by_tuple[bucket]);
	}
	free(sockets->by_number);
	free(sockets->by_tuple);
	*sockets = grown;
}

struct tracked_socket *sockets_add(struct sockets *sockets, const struct socket_tuple *tuple,
				   uint32_t number)
{
	struct tracked_socket *socket = calloc(1, sizeof(*socket));
	struct tracked_socket **bucket;

	if (!socket)
		return NULL;
	if (sockets->count >= sockets->buckets)
		sockets_grow(sockets);
	socket->tuple = *tuple;
	socket->number = number;
	socket->last_ns = UINT64_MAX;
	bucket = number_bucket(sockets, number);
	socket->number_next = *bucket;
	*bucket = socket;
	bucket = tuple_bucket(sockets, tuple);
	socket->tuple_next = *bucket;
	*bucket = socket;
	sockets->count++;
	return socket;
}

struct tracked_socket *sockets_by_number(const struct sockets *sockets, uint32_t number)
{
	struct tracked_socket *socket = *number_bucket(sockets, number);

	while (socket && socket->number != number)
		socket = socket->number_next;
	return socket;
}

struct socket_tuple socket_tuple_of_sample(const struct sample *sample)
{
	struct socket_tuple tuple = {
		.family = sample->family,
		.local_port = sample->local_port,
		.remote_port = sample->remote_port,
	};

	memcpy(tuple.local_address, sample->local_address, sizeof(tuple.local_address));
	memcpy(tuple.remote_address, sample->remote_address, sizeof(tuple.remote_address));
	return tuple;
}

struct tracked_socket *sockets_by_sample(const struct sockets *sockets, const struct sample *sample)
{
	struct socket_tuple tuple = socket_tuple_of_sample(sample);
	struct tracked_socket *oldest = NULL;

	for (struct tracked_socket *socket = *tuple_bucket(sockets, &tuple); socket;
	     socket = socket->tuple_next) {
		if (memcmp(&socket->tuple, &tuple, sizeof(tuple)) != 0)
			continue;
		if (socket->cookie && sample->cookie) {
			if (socket->cookie == sample->cookie)
				return socket;
			continue;
		}
		if (socket->listens && socket->inode && sample->inode &&
		    socket->inode != sample->inode)
			continue; /* another listener on the same address and port */
		if (socket->first_ns <= sample->read_end_ns)
			return socket;
		oldest = socket;
	}
	return oldest;
}

void sockets_remove(struct sockets *sockets, struct tracked_socket *socket)
{
	struct tracked_socket **link = number_bucket(sockets, socket->number);

	while (*link != socket)
		link = &(*link)->number_next;
	*link = socket->number_next;
	link = tuple_bucket(sockets, &socket->tuple);
	while (*link != socket)
		link = &(*link)->tuple_next;
	*link = socket->tuple_next;
	sockets->count--;
	free(socket);
}

int sockets_each(const struct sockets *sockets,
		 int (*each)(void *context, const struct tracked_socket *socket), void *context)
{
	for (uint64_t bucket = 0; bucket < sockets->buckets; bucket++) {
		for (const struct tracked_socket *socket = sockets->by_number[bucket]; socket;
		     socket = socket->number_next) {
			int result = each(context, socket);

			if (result)
				return result;
		}
	}
	return 0;
}

int sockets_change_each(struct sockets *sockets,
			int (*each)(void *context, struct tracked_socket *socket), void *context)
{
	for (uint64_t bucket = 0; bucket < sockets->buckets; bucket++) {
		for (struct tracked_socket *socket = sockets->by_number[bucket]; socket;
		     socket = socket->number_next) {
			int result = each(context, socket);

			if (result)
				return result;
		}
	}
	return 0;
}

struct tracked_socket *sockets_any(struct sockets *sockets)
{
	for (; sockets->any < sockets->buckets; sockets->any++) {
		if (sockets->by_number[sockets->any])
			return sockets->by_number[sockets->any];
	}
	return NULL;
}

uint64_t sockets_count(const struct sockets *sockets)
{
	return sockets->count;
}
