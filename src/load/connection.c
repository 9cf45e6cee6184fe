/* SPDX-License-Identifier: BSD-2-Clause */
#include "load/connection.h"

#include "base/clock.h"
#include "load/network.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { QUEUE_FIRST = 64 };

struct request *request_at(const struct connection *connection, uint64_t number)
{
	return &connection->request[number & (connection->room - 1)];
}

static int connection_grow(struct connection *connection)
{
	uint64_t room = connection->room ? 2 * connection->room : QUEUE_FIRST;
	struct request *grown = calloc(room, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	for (uint64_t number = connection->answered; number < connection->due; number++)
		grown[number & (room - 1)] = *request_at(connection, number);
	free(connection->request);
	connection->request = grown;
	connection->room = room;
	return 0;
}

int connection_add(struct client *client, struct connection *connection, uint64_t intended_ns,
		   unsigned step)
{
	int error = 0;

	if (connection->due - connection->answered == connection->room)
		error = connection_grow(connection);
	if (error)
		return error;
	*request_at(connection, connection->due++) =
		(struct request){ .intended_ns = intended_ns, .step = step };
	client->result->step[step].due++;
	client->open++;
	return 0;
}

int connection_watch(const struct client *client, struct connection *connection, int operation,
		     bool waits)
{
	struct epoll_event event = { .events = EPOLLIN | (waits ? EPOLLOUT : 0),
				     .data.ptr = connection };

	connection->waits = waits;
	return epoll_ctl(client->epoll_fd, operation, connection->fd, &event) < 0 ? -errno : 0;
}

int pattern_new(struct client *client, char **ret_own)
{
	const struct load_client_options *options = client->options;
	size_t all_bytes = options->requests * options->request_bytes;
	size_t times = options->request ? NETWORK_BUFFER_BYTES / all_bytes : 0;
	char *pattern;

	client->pattern = network_zeros();
	client->pattern_bytes = NETWORK_BUFFER_BYTES;
	if (!options->request)
		return 0;
	client->pattern_bytes = times * all_bytes;
	*ret_own = pattern = malloc(client->pattern_bytes);
	if (!pattern)
		return -ENOMEM;
	for (size_t copy = 0; copy < times; copy++)
		memcpy(pattern + copy * all_bytes, options->request, all_bytes);
	client->pattern = pattern;
	return 0;
}

/* The bytes that may go out now: those of whole requests within the cap. */
static uint64_t connection_may_send(const struct client *client,
				    const struct connection *connection)
{
	uint64_t until = connection->due;

	if (client->options->in_flight && until - connection->answered > client->options->in_flight)
		until = connection->answered + client->options->in_flight;
	if (until <= connection->sent)
		return 0;
	return (until - connection->sent) * client->options->request_bytes - connection->sent_bytes;
}

static void connection_sent(struct client *client, struct connection *connection, uint64_t bytes)
{
	uint64_t request_bytes = client->options->request_bytes;

	connection->sent_bytes += bytes;
	for (; connection->sent_bytes >= request_bytes; connection->sent_bytes -= request_bytes) {
		struct load_step *step =
			&client->result->step[request_at(connection, connection->sent++)->step];

		step->sent++;
		if (connection->sent - connection->answered > step->in_flight_peak)
			step->in_flight_peak = connection->sent - connection->answered;
	}
}

/* Where in the pattern the connection's next byte is. */
static uint64_t pattern_from(const struct client *client, const struct connection *connection)
{
	const struct load_client_options *options = client->options;

	if (!options->request)
		return 0;
	return connection->sent % options->requests * options->request_bytes +
	       connection->sent_bytes;
}

int connection_send(struct client *client, struct connection *connection)
{
	uint64_t bytes;

	while ((bytes = connection_may_send(client, connection))) {
		uint64_t from = pattern_from(client, connection);
		uint64_t at_hand = client->pattern_bytes - from;
		ssize_t sent = send(connection->fd, client->pattern + from,
				    bytes < at_hand ? bytes : at_hand, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno == EAGAIN)
			return connection->waits ?
				       0 :
				       connection_watch(client, connection, EPOLL_CTL_MOD, true);
		if (sent < 0)
			return -errno;
		connection_sent(client, connection, (uint64_t)sent);
	}
	return connection->waits ? connection_watch(client, connection, EPOLL_CTL_MOD, false) : 0;
}

int connection_receive(struct client *client, struct connection *connection)
{
	ssize_t got = recv(connection->fd, client->bin, NETWORK_BUFFER_BYTES, MSG_DONTWAIT);
	uint64_t reply_bytes = client->options->reply_bytes;
	uint64_t elapsed_ns = clock_monotonic_ns() - client->start_ns;

	if (got < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (got == 0)
		return -ECONNRESET;
	connection->reply_bytes += (uint64_t)got;
	for (; connection->reply_bytes >= reply_bytes; connection->reply_bytes -= reply_bytes) {
		const struct request *request = request_at(connection, connection->answered);
		struct load_step *step = &client->result->step[request->step];

		if (connection->answered == connection->sent)
			return -EPROTO; /* more replies than requests */
		histogram_add(&step->latency, elapsed_ns - request->intended_ns);
		step->last_reply_ns = elapsed_ns;
		step->answered++;
		connection->answered++;
		client->open--;
	}
	return 0;
}
