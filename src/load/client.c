/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* ppoll() */
#include "load/client.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/failure.h"
#include "load/connection.h"
#include "load/network.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256 };

/* Hands the requests that are due to the connections, and sends them: several in one write. */
static int client_feed(struct client *client, struct rate_cursor *cursor, uint64_t elapsed_ns)
{
	unsigned connections = client->options->connections;
	unsigned touched = 0, first = client->next, step = 0;
	uint64_t intended_ns = 0;
	int error = 0;

	while (!error && rate_take(cursor, elapsed_ns, &intended_ns, &step)) {
		error = connection_add(client, &client->connection[client->next], intended_ns,
				       step);
		client->next = (client->next + 1) % connections;
		touched += touched < connections;
	}
	for (unsigned index = 0; index < touched && !error; index++)
		error = connection_send(client, &client->connection[(first + index) % connections]);
	return error;
}

/* Closed loop: every connection has as many on their way as it may. */
static int client_refill(struct client *client, uint64_t elapsed_ns)
{
	int error = 0;

	if (elapsed_ns >= client->options->rate.step[0].duration_ns)
		return 0;
	for (unsigned index = 0; index < client->options->connections && !error; index++) {
		struct connection *connection = &client->connection[index];

		while (connection->due - connection->answered < client->options->in_flight &&
		       !error)
			error = connection_add(client, connection, elapsed_ns, 0);
		if (!error)
			error = connection_send(client, connection);
	}
	return error;
}

/* epoll_wait() counts in milliseconds, and Linux 5.10 has no epoll_pwait2(). The timer slack stays
 * as it is (50 us): without it p50 fell at 1,000 a second, but p99 rose at 300,000 in each of five
 * pairs. */
static int client_sleep(const struct client *client, uint64_t until_ns)
{
	uint64_t now_ns = clock_monotonic_ns() - client->start_ns;
	uint64_t wait_ns = until_ns > now_ns ? until_ns - now_ns : 0;
	struct timespec wait = { .tv_sec = (time_t)(wait_ns / NS_PER_S),
				 .tv_nsec = (long)(wait_ns % NS_PER_S) };
	struct pollfd ready = { .fd = client->epoll_fd, .events = POLLIN };

	if (wait_ns == 0 || ppoll(&ready, 1, &wait, NULL) >= 0 || errno == EINTR)
		return 0;
	return -errno;
}

static int client_wait(struct client *client, uint64_t until_ns)
{
	struct epoll_event event[EVENTS];
	int events, error = client_sleep(client, until_ns);

	if (error)
		return error;
	events = epoll_wait(client->epoll_fd, event, EVENTS, 0);
	if (events < 0)
		return errno == EINTR ? 0 : -errno;
	for (int index = 0; index < events && !error; index++) {
		struct connection *connection = event[index].data.ptr;

		if (event[index].events & (EPOLLIN | EPOLLERR | EPOLLHUP))
			error = connection_receive(client, connection);
		if (!error)
			error = connection_send(client, connection);
	}
	return error;
}

/* A client that was kept from running until its time was over sends what is due first: no request
 * of the schedule is left out. */
static int client_run(struct client *client)
{
	struct rate_cursor cursor = rate_begin(&client->options->rate);
	uint64_t end_ns = rate_duration_ns(&client->options->rate);
	uint64_t give_up_ns = end_ns + client->options->drain_ns;
	bool max = client->options->rate.max;
	int error = 0;

	while (!error) {
		uint64_t elapsed_ns = clock_monotonic_ns() - client->start_ns;
		uint64_t next_ns;

		error = max ? client_refill(client, elapsed_ns) :
			      client_feed(client, &cursor, elapsed_ns);
		client->result->drained_ns = elapsed_ns;
		if (elapsed_ns >= end_ns && (elapsed_ns >= give_up_ns || !client->open))
			return error;
		next_ns = max ? end_ns : rate_next_ns(&cursor);
		if (elapsed_ns >= end_ns)
			next_ns = give_up_ns;
		else if (next_ns > end_ns)
			next_ns = end_ns;
		if (!error)
			error = client_wait(client, next_ns);
	}
	return error;
}

/* What is not answered counts with the time until it was given up, a lower bound: a server that
 * stalls for good is not forgiven either. */
static void client_give_up(struct client *client)
{
	for (unsigned index = 0; index < client->options->connections; index++) {
		struct connection *connection = &client->connection[index];

		for (uint64_t number = connection->answered; number < connection->due; number++) {
			const struct request *request = request_at(connection, number);

			histogram_add(&client->result->step[request->step].latency,
				      client->result->drained_ns - request->intended_ns);
		}
	}
}

static int client_connect(struct client *client, struct failure *failure)
{
	const struct load_client_options *options = client->options;
	int error = 0;

	for (unsigned index = 0; index < options->connections && !error; index++) {
		struct connection *connection = &client->connection[index];

		connection->fd = network_connect(options->host, options->port, failure);
		if (connection->fd < 0)
			return connection->fd;
		if (options->greeting_bytes)
			error = network_exchange(connection->fd, options->greeting,
						 options->greeting_bytes,
						 options->greeting_reply_bytes);
		if (error)
			return failure_set(
				failure, -error,
				"the greeting was not answered with as many bytes as --greeting-reply says: %s",
				strerror(-error));
		error = connection_watch(client, connection, EPOLL_CTL_ADD, false);
	}
	if (error)
		return failure_set(failure, -error, "a connection can't be watched: %s",
				   strerror(-error));
	return 0;
}

static void client_close(struct client *client)
{
	for (unsigned index = 0; index < client->options->connections; index++) {
		closep(&client->connection[index].fd);
		free(client->connection[index].request);
	}
	closep(&client->epoll_fd);
}

static int result_begin(const struct rate *rate, struct load_result *ret_result)
{
	uint64_t start_ns = 0;
	int error = 0;

	*ret_result = (struct load_result){ .duration_ns = rate_duration_ns(rate) };
	while (ret_result->steps < rate->steps && !error) {
		struct load_step *step = &ret_result->step[ret_result->steps];

		step->start_ns = start_ns;
		step->duration_ns = rate->step[ret_result->steps++].duration_ns;
		start_ns += step->duration_ns;
		error = histogram_new(&step->latency);
	}
	return error;
}

static void client_complain(int error, struct failure *failure)
{
	if (error == -ENOMEM)
		failure_set(failure, ENOMEM,
			    "out of memory for requests that wait: choose a lower --rate");
	else if (error == -EPROTO)
		failure_set(
			failure, EPROTO,
			"more was replied than asked for: give --size and --reply as the server has them");
	else if (error == -ECONNRESET || error == -EPIPE)
		failure_set(
			failure, -error,
			"the server ended a connection before all was answered: does it still run?");
	else
		failure_set(failure, -error, "the load broke off: %s; does the server still run?",
			    strerror(-error));
}

int load_drive(const struct load_client_options *options, struct load_result *ret_result,
	       struct failure *failure)
{
	_cleanup_(freep) struct connection *connection =
		calloc(options->connections, sizeof(*connection));
	_cleanup_(freep) char *bin = malloc(NETWORK_BUFFER_BYTES);
	_cleanup_(freep) char *pattern = NULL;
	struct client client = {
		.options = options, .result = ret_result, .connection = connection, .bin = bin
	};
	int error;

	error = result_begin(&options->rate, ret_result);
	if (!error)
		error = pattern_new(&client, &pattern);
	if (error || !connection || !bin)
		return failure_set(failure, ENOMEM, "out of memory");
	for (unsigned index = 0; index < options->connections; index++)
		connection[index].fd = -1;
	client.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (client.epoll_fd < 0)
		return failure_set(failure, errno, "the client can't begin: %s", strerror(errno));
	error = client_connect(&client, failure);
	if (!error) {
		client.start_ns = clock_monotonic_ns();
		ret_result->start_ns = client.start_ns;
		error = client_run(&client);
		if (error)
			client_complain(error, failure);
		else
			client_give_up(&client);
	}
	client_close(&client);
	return error;
}

double load_step_achieved_per_s(const struct load_step *step, uint64_t gave_up_ns)
{
	uint64_t end_ns = step->start_ns + step->duration_ns;
	uint64_t last_ns = step->answered < step->due ? gave_up_ns : step->last_reply_ns;

	if (last_ns > end_ns)
		end_ns = last_ns;
	if (end_ns == step->start_ns)
		return 0;
	return (double)step->answered * NS_PER_S / (double)(end_ns - step->start_ns);
}

void load_result_free(struct load_result *result)
{
	for (unsigned step = 0; step < result->steps; step++)
		histogram_free(&result->step[step].latency);
	result->steps = 0;
}
