/* SPDX-License-Identifier: BSD-2-Clause */
#include "load/spikes.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/failure.h"
#include "base/random.h"
#include "load/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* How long a block may take to arrive before it is taken not to fit. */
#define ARRIVAL_NS (2 * (uint64_t)NS_PER_S)

struct ends {
	int listen_fd;
	int sender_fd;
	int receiver_fd;
	uint16_t local_port;
	uint16_t remote_port;
	char *bin;
};

static uint64_t value_draw(const struct spike_values *values, uint64_t *state)
{
	double share = random_share(state);
	double low = (double)values->low, high = (double)values->high;
	uint64_t value = (uint64_t)llround(low * pow(high / low, share));

	return value < values->low ? values->low : value > values->high ? values->high : value;
}

static socklen_t address_fill(enum spike_family family, bool connects, uint16_t port,
			      struct sockaddr_storage *ret_address)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret_address;
	struct sockaddr_in *four = (struct sockaddr_in *)ret_address;

	memset(ret_address, 0, sizeof(*ret_address));
	if (family == SPIKE_IPV4 || (family == SPIKE_MAPPED && connects)) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(*four);
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(port);
	six->sin6_addr = family == SPIKE_IPV6 ? in6addr_loopback : in6addr_any;
	return sizeof(*six);
}

/* The largest block decides the buffers; the kernel doubles what it is asked for, and the memory of
 * small packets counts for more than their bytes. */
static uint64_t bytes_highest(const struct spike_values *bytes)
{
	uint64_t highest = bytes->values ? 0 : bytes->high;

	for (unsigned index = 0; index < bytes->values; index++) {
		if (bytes->value[index] > highest)
			highest = bytes->value[index];
	}
	return highest;
}

static void buffer_widen(int fd, uint64_t bytes)
{
	int wanted = bytes > INT32_MAX / 4 ? INT32_MAX / 2 : (int)(2 * bytes + (64 << 10));

	/* As root beyond rmem_max and wmem_max; else as far as those go. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof(wanted)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof(wanted));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &wanted, sizeof(wanted)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof(wanted));
}

static int ends_listen(struct ends *ends, const struct spike_options *options)
{
	struct sockaddr_storage address;
	socklen_t address_bytes = address_fill(options->family, false, options->port, &address);
	int on = 1, off = 0;

	ends->listen_fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (ends->listen_fd < 0)
		return -errno;
	setsockopt(ends->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (options->family == SPIKE_MAPPED)
		setsockopt(ends->listen_fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	buffer_widen(ends->listen_fd, bytes_highest(&options->bytes));
	if (bind(ends->listen_fd, (struct sockaddr *)&address, address_bytes) < 0 ||
	    listen(ends->listen_fd, 1) < 0)
		return -errno;
	return 0;
}

static int ends_open(struct ends *ends, const struct spike_options *options)
{
	struct sockaddr_storage address;
	socklen_t address_bytes;
	int error = ends_listen(ends, options), on = 1;

	if (error)
		return error;
	address_bytes =
		address_fill(options->family, true, network_port(ends->listen_fd), &address);
	ends->sender_fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (ends->sender_fd < 0)
		return -errno;
	buffer_widen(ends->sender_fd, bytes_highest(&options->bytes));
	if (connect(ends->sender_fd, (struct sockaddr *)&address, address_bytes) < 0)
		return -errno;
	setsockopt(ends->sender_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	ends->receiver_fd = accept(ends->listen_fd, NULL, NULL);
	if (ends->receiver_fd < 0)
		return -errno;
	ends->local_port = network_port(ends->receiver_fd);
	ends->remote_port = network_port(ends->sender_fd);
	return 0;
}

/* Sends as the buffers take it: on loopback all is in them before anything is read. */
static int block_send(const struct ends *ends, uint64_t bytes)
{
	uint64_t give_up_ns = clock_monotonic_ns() + ARRIVAL_NS;

	while (bytes) {
		ssize_t sent = send(ends->sender_fd, network_zeros(),
				    bytes < NETWORK_BUFFER_BYTES ? bytes : NETWORK_BUFFER_BYTES,
				    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno != EAGAIN)
			return -errno;
		if (sent > 0)
			bytes -= (uint64_t)sent;
		else if (clock_monotonic_ns() > give_up_ns)
			return -ENOBUFS;
	}
	return 0;
}

static int block_arrive(const struct ends *ends, uint64_t bytes)
{
	uint64_t give_up_ns = clock_monotonic_ns() + ARRIVAL_NS;
	int queued = 0;

	while (clock_monotonic_ns() < give_up_ns) {
		if (ioctl(ends->receiver_fd, SIOCINQ, &queued) < 0)
			return -errno;
		if ((uint64_t)queued == bytes)
			return 0;
	}
	return -ENOBUFS;
}

static int block_read(const struct ends *ends, uint64_t bytes)
{
	while (bytes) {
		ssize_t got = recv(ends->receiver_fd, ends->bin, NETWORK_BUFFER_BYTES, 0);

		if (got <= 0)
			return got < 0 ? -errno : -ECONNRESET;
		bytes -= (uint64_t)got;
	}
	return 0;
}

static int block_pass(const struct ends *ends, struct spike_report *report)
{
	int error;

	report->local_port = ends->local_port;
	report->remote_port = ends->remote_port;
	report->send_start_ns = clock_monotonic_ns();
	error = block_send(ends, report->bytes);
	report->send_end_ns = clock_monotonic_ns();
	if (!error)
		error = block_arrive(ends, report->bytes);
	if (error)
		return error;
	report->arrived_ns = clock_monotonic_ns();
	if (report->pause_ns)
		clock_sleep_until_ns(report->arrived_ns + report->pause_ns);
	report->read_start_ns = clock_monotonic_ns();
	error = block_read(ends, report->bytes);
	report->read_end_ns = clock_monotonic_ns();
	return error;
}

/* The number-th value: of given ones in turn, each combination count times. */
static uint64_t value_at(const struct spike_values *values, uint64_t number, uint64_t *state)
{
	return values->values ? values->value[number % values->values] : value_draw(values, state);
}

static uint64_t blocks(const struct spike_options *options)
{
	uint64_t of_bytes = options->bytes.values ? options->bytes.values : 1;
	uint64_t of_pauses = options->pause_ns.values ? options->pause_ns.values : 1;

	return options->count * of_bytes * of_pauses;
}

/* Until the next multiple of every_ns after first_ns. */
static void grid_wait(uint64_t first_ns, uint64_t every_ns)
{
	uint64_t gone = (clock_monotonic_ns() - first_ns) / every_ns;

	clock_sleep_until_ns(first_ns + (gone + 1) * every_ns);
}

static int spikes_run(const struct ends *ends, const struct spike_options *options,
		      int (*each)(void *context, const struct spike_report *report), void *context,
		      struct failure *failure)
{
	uint64_t state = options->seed;
	uint64_t sizes = options->bytes.values ? options->bytes.values : 1;
	uint64_t first_ns = clock_monotonic_ns();

	for (uint64_t number = 0; number < blocks(options); number++) {
		struct spike_report report = { .sequence = number + 1 };
		int error;

		report.bytes = value_at(&options->bytes, number, &state);
		report.pause_ns = value_at(&options->pause_ns, number / sizes, &state);
		if (options->every_ns)
			grid_wait(first_ns, options->every_ns);
		error = block_pass(ends, &report);
		if (error == -ENOBUFS)
			return failure_set(
				failure, ENOBUFS,
				"a block of %llu bytes does not fit into the sockets' buffers: choose smaller ones, or raise net.core.rmem_max and wmem_max",
				(unsigned long long)report.bytes);
		if (error)
			return failure_set(failure, -error, "a block could not be passed: %s",
					   strerror(-error));
		error = each(context, &report);
		if (error)
			return error;
	}
	return 0;
}

int load_spikes(const struct spike_options *options,
		int (*each)(void *context, const struct spike_report *report), void *context,
		struct failure *failure)
{
	_cleanup_(freep) char *bin = malloc(NETWORK_BUFFER_BYTES);
	struct ends ends = { .listen_fd = -1, .sender_fd = -1, .receiver_fd = -1, .bin = bin };
	int error;

	if (!bin)
		return failure_set(failure, ENOMEM, "out of memory");
	error = ends_open(&ends, options);
	if (error)
		failure_set(failure, -error, "the two ends can't be connected over loopback: %s",
			    strerror(-error));
	else
		error = spikes_run(&ends, options, each, context, failure);
	closep(&ends.receiver_fd);
	closep(&ends.sender_fd);
	closep(&ends.listen_fd);
	return error;
}
