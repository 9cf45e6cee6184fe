/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* unshare() */
#include "base/cleanup.h"
#include "source/proc_tcp.h"
#include "tests/unit/collect.h"
#include "tests/unit/connection.h"
#include "tests/unit/diag.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* Against the kernel's own answers, with connections of this process whose queues are known. */

static struct collected got;

static uint64_t inode_of(int fd)
{
	struct stat status;

	assert_int_equal(fstat(fd, &status), 0);
	return status.st_ino;
}

static void unread_bytes_are_found(int family)
{
	static const char data[23457];
	struct connection connection;
	const struct sample *server;
	const struct sample *client;
	struct source *source;

	if (!connection_open(family, &connection))
		skip();
	source = diag_open(connection.server_port);
	assert_int_equal(send(connection.client, data, sizeof(data), 0), sizeof(data));
	unread_wait(connection.server, sizeof(data));
	for (int i = 0; i < 3; i++) {
		diag_poll(source, &got);
		server = sample_of(&got, connection.server);
		client = sample_of(&got, connection.client);
		assert_non_null(server);
		assert_non_null(client);
		assert_int_equal(server->rx_queue_bytes, 23457);
		assert_int_equal(server->tx_queue_bytes, 0);
		assert_int_equal(server->state, 1);
		assert_int_equal(server->family, family);
		assert_int_equal(server->local_port, connection.server_port);
		assert_int_equal(server->remote_port, connection.client_port);
		assert_int_equal(server->inode, inode_of(connection.server));
		assert_int_equal(client->inode, inode_of(connection.client));
		/* Memory counts the packets' headers and slack too. */
		assert_int_equal(server->has_rmem, 1);
		assert_true(server->rmem_bytes > 23457);
		assert_int_equal(server->backlog_bytes, 0);
		assert_int_equal(client->has_rmem, 1);
		assert_int_equal(client->rmem_bytes, 0);
	}
	source_closep(&source);
	connection_close(&connection);
}

static void unread_bytes_of_an_ipv4_connection_are_found(void **state)
{
	(void)state;
	unread_bytes_are_found(AF_INET);
}

static void unread_bytes_of_an_ipv6_connection_are_found(void **state)
{
	(void)state;
	unread_bytes_are_found(AF_INET6);
}

static int unacknowledged_bytes(int fd)
{
	int bytes = -1;

	assert_int_equal(ioctl(fd, SIOCOUTQ, &bytes), 0);
	return bytes;
}

static void unacknowledged_bytes_are_the_transmit_queue(void **state)
{
	static const char data[65537];
	const int small_bytes = 8191;
	struct connection connection;
	struct source *source;
	int received;
	int waiting;
	long sent_bytes = 0;
	ssize_t sent;
	unsigned tries = 0;

	(void)state;
	if (!connection_open(AF_INET, &connection))
		skip();
	source = diag_open(connection.server_port);
	assert_int_equal(setsockopt(connection.server, SOL_SOCKET, SO_RCVBUF, &small_bytes,
				    sizeof(small_bytes)),
			 0);
	while ((sent = send(connection.client, data, sizeof(data), MSG_DONTWAIT)) > 0)
		sent_bytes += sent;
	/* The receiver's window is full; a last packet may still be under way. */
	do {
		received = unread_bytes(connection.server);
		waiting = unacknowledged_bytes(connection.client);
		diag_poll(source, &got);
		assert_true(tries++ < 1001);
	} while (received + (long)waiting != sent_bytes ||
		 received != unread_bytes(connection.server) ||
		 waiting != unacknowledged_bytes(connection.client));
	assert_true(waiting > 0);
	assert_int_equal(sample_of(&got, connection.client)->tx_queue_bytes, waiting);
	assert_int_equal(sample_of(&got, connection.client)->rx_queue_bytes, 0);
	assert_int_equal(sample_of(&got, connection.server)->rx_queue_bytes, received);
	assert_int_equal(sample_of(&got, connection.server)->tx_queue_bytes, 0);
	source_closep(&source);
	connection_close(&connection);
}

static void a_listener_shows_its_waiting_connections_and_no_transmit_queue(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t address_bytes = sizeof(address);
	struct connection connection;
	struct source *source;
	int client[3];

	(void)state;
	if (!connection_open(AF_INET, &connection))
		skip();
	source = diag_open(connection.server_port);
	assert_int_equal(
		getsockname(connection.listener, (struct sockaddr *)&address, &address_bytes), 0);
	for (int i = 0; i < 3; i++) {
		client[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(client[i], (struct sockaddr *)&address, address_bytes), 0);
	}
	diag_poll(source, &got);
	assert_non_null(sample_of(&got, connection.listener));
	assert_int_equal(sample_of(&got, connection.listener)->state, 10);
	assert_int_equal(sample_of(&got, connection.listener)->rx_queue_bytes, 3);
	assert_int_equal(sample_of(&got, connection.listener)->tx_queue_bytes, 0);
	assert_int_equal(sample_of(&got, connection.listener)->remote_port, 0);
	source_closep(&source);
	connection_close(&connection);
	for (int i = 0; i < 3; i++)
		close(client[i]);
}

static void only_rows_with_the_ports_are_handed_over(void **state)
{
	struct connection connection;
	struct connection other;
	struct source *source;

	(void)state;
	if (!connection_open(AF_INET, &connection))
		skip();
	assert_true(connection_open(AF_INET, &other));
	source = diag_open(connection.client_port);
	diag_poll(source, &got);
	assert_int_equal(got.count, 2);
	assert_non_null(sample_of(&got, connection.client));
	assert_non_null(sample_of(&got, connection.server));
	source_closep(&source);
	source = diag_open(0);
	diag_poll(source, &got);
	assert_non_null(sample_of(&got, connection.listener));
	assert_non_null(sample_of(&got, other.client));
	source_closep(&source);
	connection_close(&connection);
	connection_close(&other);
}

static bool same_row(const struct sample *proc, const struct sample *diag)
{
	return proc->family == diag->family && proc->local_port == diag->local_port &&
	       proc->remote_port == diag->remote_port && proc->state == diag->state &&
	       proc->inode == diag->inode && proc->rx_queue_bytes == diag->rx_queue_bytes &&
	       proc->tx_queue_bytes == diag->tx_queue_bytes &&
	       memcmp(proc->local_address, diag->local_address, 16) == 0 &&
	       memcmp(proc->remote_address, diag->remote_address, 16) == 0;
}

/* IPv4 carried by an IPv6 socket included: it stands in tcp6. */
static int mapped_connect(uint16_t port)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	assert_int_equal(inet_pton(AF_INET6, "::ffff:127.0.0.1", &address.sin6_addr), 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void rows_of_proc_have_their_equals(int family)
{
	static struct collected proc_got;
	struct proc_tcp_options options = { .ports = 1 };
	_cleanup_(closep) int mapped = -1;
	struct connection connection;
	struct source *proc = NULL;
	struct source *diag;
	struct sink sink;
	struct turn turn;

	if (!connection_open(family, &connection))
		skip();
	if (family == AF_INET)
		mapped = mapped_connect(connection.server_port);
	assert_int_equal(send(connection.client, "hello world", 11, 0), 11);
	unread_wait(connection.server, 11);
	options.port[0] = connection.server_port;
	assert_int_equal(proc_tcp_open(&options, &proc, NULL), 0);
	diag = diag_open(connection.server_port);
	diag_poll(diag, &got);
	sink = collect_sink(&proc_got);
	assert_int_equal(source_read(proc, &sink, &turn, NULL), 0);
	assert_int_equal(proc_got.count, mapped < 0 ? 3 : 5);
	assert_int_equal(got.count, proc_got.count);
	for (size_t i = 0; i < proc_got.count; i++) {
		unsigned equals = 0;

		assert_int_equal(proc_got.sample[i].cookie, 0);
		assert_int_equal(proc_got.sample[i].has_rmem, 0);
		for (size_t k = 0; k < got.count; k++)
			equals += same_row(&proc_got.sample[i], &got.sample[k]);
		assert_int_equal(equals, 1);
	}
	source_closep(&proc);
	source_closep(&diag);
	connection_close(&connection);
}

static void every_row_of_proc_has_its_equal(void **state)
{
	(void)state;
	rows_of_proc_have_their_equals(AF_INET);
	rows_of_proc_have_their_equals(AF_INET6);
}

static void *elsewhere_open(void *context)
{
	struct source **source = context;

	if (unshare(CLONE_NEWNET) == 0)
		*source = diag_open(0);
	return NULL;
}

static void the_rows_are_those_of_the_namespace_of_the_thread_that_opened(void **state)
{
	struct source *elsewhere = NULL;
	struct connection connection;
	struct source *here;
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
	here = diag_open(0);
	diag_poll(here, &got);
	assert_non_null(sample_of(&got, connection.server));
	diag_poll(elsewhere, &got);
	assert_int_equal(got.count, 0);
	source_closep(&here);
	source_closep(&elsewhere);
	connection_close(&connection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unread_bytes_of_an_ipv4_connection_are_found),
		cmocka_unit_test(unread_bytes_of_an_ipv6_connection_are_found),
		cmocka_unit_test(unacknowledged_bytes_are_the_transmit_queue),
		cmocka_unit_test(a_listener_shows_its_waiting_connections_and_no_transmit_queue),
		cmocka_unit_test(only_rows_with_the_ports_are_handed_over),
		cmocka_unit_test(every_row_of_proc_has_its_equal),
		cmocka_unit_test(the_rows_are_those_of_the_namespace_of_the_thread_that_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
