/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* unshare() */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/failure.h"
#include "source/proc_tcp.h"
#include "tests/unit/collect.h"
#include "tests/unit/connection.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* Against the kernel's own files, with connections of this process whose queues are known. */

static struct collected got;

static struct source *source_open(bool page_reads, uint16_t port)
{
	const struct proc_tcp_options options = {
		.page_reads = page_reads, .port = { port }, .ports = port != 0, /* 0: all */
	};
	struct failure failure = { { 0 } };
	struct source *source = NULL;

	assert_int_equal(proc_tcp_open(&options, &source, &failure), 0);
	return source;
}

static void turn_run(struct source *source)
{
	struct sink sink = collect_sink(&got);
	struct failure failure = { { 0 } };
	struct turn turn;

	assert_int_equal(source_read(source, &sink, &turn, &failure), 0);
	assert_true(turn.rows_read >= got.count);
}

static const struct sample *sample_find(uint16_t local_port, uint16_t remote_port)
{
	for (size_t i = 0; i < got.count; i++)
		if (got.sample[i].local_port == local_port &&
		    got.sample[i].remote_port == remote_port)
			return &got.sample[i];
	return NULL;
}

static void unread_bytes_are_found(int family, bool page_reads)
{
	static const char data[23457];
	struct connection connection;
	const struct sample *server;
	struct source *source;

	if (!connection_open(family, &connection))
		skip();
	source = source_open(page_reads, connection.server_port);
	assert_int_equal(send(connection.client, data, sizeof(data), 0), sizeof(data));
	unread_wait(connection.server, sizeof(data));
	for (int i = 0; i < 3; i++) {
		turn_run(source);
		server = sample_find(connection.server_port, connection.client_port);
		assert_non_null(server);
		assert_int_equal(server->rx_queue_bytes, 23457);
		assert_int_equal(server->tx_queue_bytes, 0);
		assert_int_equal(server->state, 1);
		assert_int_equal(server->family, family);
		assert_true(server->inode > 0);
		assert_non_null(sample_find(connection.client_port, connection.server_port));
		assert_non_null(sample_find(connection.server_port, 0));
		assert_int_equal(sample_find(connection.server_port, 0)->state, 10);
		/* Others' sockets may share the port, but none without it is handed over. */
		for (size_t k = 0; k < got.count; k++)
			assert_true(got.sample[k].local_port == connection.server_port ||
				    got.sample[k].remote_port == connection.server_port);
	}
	assert_int_equal(proc_tcp_unparsed(source), 0);
	source_closep(&source);
	connection_close(&connection);
}

static void unread_bytes_of_an_ipv4_connection_are_found(void **state)
{
	(void)state;
	unread_bytes_are_found(AF_INET, false);
	unread_bytes_are_found(AF_INET, true);
}

static void unread_bytes_of_an_ipv6_connection_are_found(void **state)
{
	(void)state;
	unread_bytes_are_found(AF_INET6, false);
	unread_bytes_are_found(AF_INET6, true);
}

static void connections_that_come_between_turns_are_all_found(void **state)
{
	enum { MORE = 61 };
	struct connection more[MORE];
	struct connection connection;
	struct source *source;

	(void)state;
	if (!connection_open(AF_INET, &connection))
		skip();
	source = source_open(false, 0);
	turn_run(source);
	for (int i = 0; i < MORE; i++)
		assert_true(connection_open(AF_INET, &more[i]));
	turn_run(source);
	for (int i = 0; i < MORE; i++) {
		assert_non_null(sample_find(more[i].client_port, more[i].server_port));
		assert_non_null(sample_find(more[i].server_port, more[i].client_port));
		connection_close(&more[i]);
	}
	source_closep(&source);
	connection_close(&connection);
}

enum { STEPS = 301 };

/* A queue that grows by a byte a step; step k was reached between begin_ns[k] and end_ns[k]. */
struct stairs {
	const struct connection *connection;
	uint64_t begin_ns[STEPS + 1];
	uint64_t end_ns[STEPS + 1];
	atomic_bool done;
};

static void *stairs_climb(void *context)
{
	struct stairs *stairs = context;
	int unread = 0;

	for (int k = 1; k <= STEPS; k++) {
		stairs->begin_ns[k] = clock_monotonic_ns();
		if (send(stairs->connection->client, "x", 1, 0) != 1)
			break;
		while (unread != k && ioctl(stairs->connection->server, FIONREAD, &unread) == 0)
			;
		stairs->end_ns[k] = clock_monotonic_ns();
	}
	atomic_store(&stairs->done, true);
	return NULL;
}

static void true_values_lie_in_the_windows(bool page_reads)
{
	static struct stairs stairs;
	static struct sample seen[COLLECT_MAX];
	struct connection connection;
	struct source *source;
	pthread_t thread;
	size_t samples = 0;

	if (!connection_open(AF_INET, &connection))
		skip();
	memset(&stairs, 0, sizeof(stairs));
	stairs.connection = &connection;
	stairs.end_ns[0] = clock_monotonic_ns();
	source = source_open(page_reads, connection.server_port);
	assert_int_equal(pthread_create(&thread, NULL, stairs_climb, &stairs), 0);
	while (!atomic_load(&stairs.done) && samples < COLLECT_MAX) {
		const struct sample *server;

		turn_run(source);
		server = sample_find(connection.server_port, connection.client_port);
		if (server)
			seen[samples++] = *server;
	}
	pthread_join(thread, NULL);
	assert_true(samples > 0);
	for (size_t i = 0; i < samples; i++) {
		uint32_t value = seen[i].rx_queue_bytes;

		assert_true(value <= STEPS);
		assert_true(stairs.begin_ns[value] <= seen[i].read_end_ns);
		assert_true(value == STEPS || stairs.end_ns[value + 1] >= seen[i].read_start_ns);
	}
	source_closep(&source);
	connection_close(&connection);
}

static void the_true_value_lies_in_the_window_of_each_row(void **state)
{
	(void)state;
	true_values_lie_in_the_windows(false);
	true_values_lie_in_the_windows(true);
}

static void *elsewhere_open(void *context)
{
	struct source **source = context;

	if (unshare(CLONE_NEWNET) == 0)
		*source = source_open(false, 0);
	return NULL;
}

static void the_files_show_the_namespace_of_the_thread_that_opened_them(void **state)
{
	struct source *elsewhere = NULL;
	struct connection connection;
	struct source *here;
	struct sink sink;
	struct turn turn;
	pthread_t thread;

	(void)state;
	if (!connection_open(AF_INET, &connection))
		skip();
	assert_int_equal(pthread_create(&thread, NULL, elsewhere_open, &elsewhere), 0);
	pthread_join(thread, NULL);
	if (!elsewhere) {
		print_message("this user may not make a network namespace\n");
		connection_close(&connection);
		skip();
	}
	here = source_open(false, connection.server_port);
	turn_run(here);
	assert_non_null(sample_find(connection.server_port, connection.client_port));
	sink = collect_sink(&got);
	assert_int_equal(source_read(elsewhere, &sink, &turn, NULL), 0);
	assert_int_equal(turn.rows_read, 0);
	source_closep(&here);
	source_closep(&elsewhere);
	connection_close(&connection);
}

static void the_time_of_a_scan_is_that_of_a_turn(void **state)
{
	struct source *source = source_open(false, 1);
	struct failure failure = { { 0 } };
	uint64_t median_ns = 0;
	uint64_t start_ns = clock_monotonic_ns();

	(void)state;
	assert_int_equal(source_scan_time(source, &median_ns, &failure), 0);
	assert_true(median_ns > 0);
	/* Four of seven scans took at least the median. */
	assert_true(4 * median_ns <= clock_monotonic_ns() - start_ns);
	source_closep(&source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unread_bytes_of_an_ipv4_connection_are_found),
		cmocka_unit_test(unread_bytes_of_an_ipv6_connection_are_found),
		cmocka_unit_test(connections_that_come_between_turns_are_all_found),
		cmocka_unit_test(the_true_value_lies_in_the_window_of_each_row),
		cmocka_unit_test(the_files_show_the_namespace_of_the_thread_that_opened_them),
		cmocka_unit_test(the_time_of_a_scan_is_that_of_a_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
