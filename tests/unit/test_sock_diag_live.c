/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* unshare() */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/failure.h"
#include "source/proc_tcp.h"
#include "source/sock_diag.h"
#include "tests/unit/collect.h"
#include "tests/unit/connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* Against the kernel's own answers, with connections of this process whose queues are known. */

enum { LISTENERS_MAX = 251 };

static struct collected got;

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t cookie_bytes = sizeof(cookie);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &cookie_bytes), 0);
	return cookie;
}

static uint64_t inode_of(int fd)
{
	struct stat status;

	assert_int_equal(fstat(fd, &status), 0);
	return status.st_ino;
}

static struct source *source_open(uint16_t port)
{
	const struct sock_diag_options options = {
		.filter = { .port = { port }, .ports = port != 0 }, /* 0: all */
	};
	struct failure failure = { { 0 } };
	struct source *source = NULL;

	assert_int_equal(sock_diag_open(&options, &source, &failure), 0);
	return source;
}

static void turn_run(struct source *source)
{
	struct sink sink = collect_sink(&got);
	struct failure failure = { { 0 } };
	struct turn turn;
	uint64_t start_ns = clock_monotonic_ns();

	assert_int_equal(source_read(source, &sink, &turn, &failure), 0);
	assert_string_equal(failure.text, "");
	assert_true(turn.rows_read >= got.count);
	for (size_t i = 0; i < got.count; i++) {
		assert_true(got.sample[i].read_start_ns >= start_ns);
		assert_true(got.sample[i].read_end_ns >= got.sample[i].read_start_ns);
		assert_true(got.sample[i].read_end_ns <= clock_monotonic_ns());
	}
	assert_int_equal(sock_diag_interrupted(source), 0);
}

static const struct sample *sample_of(int fd)
{
	const struct sample *found = NULL;
	uint64_t cookie = cookie_of(fd);

	for (size_t i = 0; i < got.count; i++) {
		if (got.sample[i].cookie != cookie)
			continue;
		assert_null(found);
		found = &got.sample[i];
	}
	return found;
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
	source = source_open(connection.server_port);
	assert_int_equal(send(connection.client, data, sizeof(data), 0), sizeof(data));
	unread_wait(connection.server, sizeof(data));
	for (int i = 0; i < 3; i++) {
		turn_run(source);
		server = sample_of(connection.server);
		client = sample_of(connection.client);
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
	source = source_open(connection.server_port);
	assert_int_equal(setsockopt(connection.server, SOL_SOCKET, SO_RCVBUF, &small_bytes,
				    sizeof(small_bytes)),
			 0);
	while ((sent = send(connection.client, data, sizeof(data), MSG_DONTWAIT)) > 0)
		sent_bytes += sent;
	/* The receiver's window is full; a last packet may still be under way. */
	do {
		received = unread_bytes(connection.server);
		waiting = unacknowledged_bytes(connection.client);
		turn_run(source);
		assert_true(tries++ < 1001);
	} while (received + (long)waiting != sent_bytes ||
		 received != unread_bytes(connection.server) ||
		 waiting != unacknowledged_bytes(connection.client));
	assert_true(waiting > 0);
	assert_int_equal(sample_of(connection.client)->tx_queue_bytes, waiting);
	assert_int_equal(sample_of(connection.client)->rx_queue_bytes, 0);
	assert_int_equal(sample_of(connection.server)->rx_queue_bytes, received);
	assert_int_equal(sample_of(connection.server)->tx_queue_bytes, 0);
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
	source = source_open(connection.server_port);
	assert_int_equal(
		getsockname(connection.listener, (struct sockaddr *)&address, &address_bytes), 0);
	for (int i = 0; i < 3; i++) {
		client[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(client[i], (struct sockaddr *)&address, address_bytes), 0);
	}
	turn_run(source);
	assert_non_null(sample_of(connection.listener));
	assert_int_equal(sample_of(connection.listener)->state, 10);
	assert_int_equal(sample_of(connection.listener)->rx_queue_bytes, 3);
	assert_int_equal(sample_of(connection.listener)->tx_queue_bytes, 0);
	assert_int_equal(sample_of(connection.listener)->remote_port, 0);
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
	source = source_open(connection.client_port);
	turn_run(source);
	assert_int_equal(got.count, 2);
	assert_non_null(sample_of(connection.client));
	assert_non_null(sample_of(connection.server));
	source_closep(&source);
	source = source_open(0);
	turn_run(source);
	assert_non_null(sample_of(connection.listener));
	assert_non_null(sample_of(other.client));
	source_closep(&source);
	connection_close(&connection);
	connection_close(&other);
}

static unsigned connections_open(unsigned wanted, struct connection *connection)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur < 3 * wanted + 23)
		return 0;
	for (unsigned i = 0; i < wanted; i++)
		if (!connection_open(AF_INET, &connection[i]))
			return i;
	return wanted;
}

static void connections_close(unsigned connections, struct connection *connection)
{
	for (unsigned i = 0; i < connections; i++)
		connection_close(&connection[i]);
}

static void five_hundred_sockets_are_each_found_once(void **state)
{
	static struct connection connection[LISTENERS_MAX];
	unsigned connections = connections_open(LISTENERS_MAX, connection);
	struct source *source;

	(void)state;
	if (connections < LISTENERS_MAX) {
		connections_close(connections, connection);
		skip();
	}
	source = source_open(0);
	for (int turn = 0; turn < 3; turn++) {
		turn_run(source);
		for (unsigned i = 0; i < connections; i++) {
			assert_non_null(sample_of(connection[i].client));
			assert_non_null(sample_of(connection[i].server));
			assert_non_null(sample_of(connection[i].listener));
		}
	}
	source_closep(&source);
	connections_close(connections, connection);
}

enum { CHANGED = 101 };

/* Puts a byte into every queue as soon as the first row of ours is handed over. */
struct changer {
	struct connection connection[CHANGED];
	uint64_t cookie[CHANGED];
	uint64_t begin_ns;
	uint64_t end_ns;
	struct sink collect;
};

static int changer_find(const struct changer *changer, const struct sample *sample)
{
	for (int i = 0; i < CHANGED; i++)
		if (changer->cookie[i] == sample->cookie)
			return i;
	return -1;
}

static int changer_take(void *context, enum observation kind, const void *item, size_t item_bytes)
{
	struct changer *changer = context;

	if (!changer->begin_ns && changer_find(changer, item) >= 0) {
		changer->begin_ns = clock_monotonic_ns();
		for (int i = 0; i < CHANGED; i++)
			assert_int_equal(send(changer->connection[i].client, "x", 1, 0), 1);
		for (int i = 0; i < CHANGED; i++)
			unread_wait(changer->connection[i].server, 1);
		changer->end_ns = clock_monotonic_ns();
	}
	return changer->collect.take(changer->collect.context, kind, item, item_bytes);
}

static void what_changes_in_the_middle_of_a_dump_fits_each_rows_window(void **state)
{
	static struct changer changer;
	struct sink sink = { .context = &changer, .take = changer_take };
	struct source *source;
	struct turn turn;
	int before = 0;
	int after = 0;

	(void)state;
	if (connections_open(CHANGED, changer.connection) < CHANGED)
		skip();
	for (int i = 0; i < CHANGED; i++)
		changer.cookie[i] = cookie_of(changer.connection[i].server);
	source = source_open(0);
	changer.collect = collect_sink(&got);
	assert_int_equal(source_read(source, &sink, &turn, NULL), 0);
	/* The kernel reads within calls, the change lies between two: each row is on one side of
	 * it. */
	for (size_t i = 0; i < got.count; i++) {
		const struct sample *sample = &got.sample[i];

		if (changer_find(&changer, sample) < 0)
			continue;
		if (sample->rx_queue_bytes == 0) {
			assert_true(sample->read_end_ns <= changer.begin_ns);
			before++;
		} else {
			assert_int_equal(sample->rx_queue_bytes, 1);
			assert_true(sample->read_start_ns >= changer.end_ns);
			after++;
		}
	}
	assert_int_equal(before + after, CHANGED);
	assert_true(before > 0);
	assert_true(after > 0);
	turn_run(source);
	for (int i = 0; i < CHANGED; i++)
		assert_int_equal(sample_of(changer.connection[i].server)->rx_queue_bytes, 1);
	source_closep(&source);
	connections_close(CHANGED, changer.connection);
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
	diag = source_open(connection.server_port);
	turn_run(diag);
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

static int third_refuse(void *context, enum observation kind, const void *item, size_t item_bytes)
{
	(void)kind, (void)item, (void)item_bytes;
	return ++*(unsigned *)context < 3 ? 0 : -ECANCELED;
}

static void a_turn_that_its_sink_ended_leaves_nothing_to_the_next(void **state)
{
	static struct connection connection[CHANGED];
	unsigned taken = 0;
	struct sink sink = { .context = &taken, .take = third_refuse };
	struct source *source;
	struct turn turn;

	(void)state;
	if (connections_open(CHANGED, connection) < CHANGED)
		skip();
	source = source_open(0);
	assert_int_equal(source_read(source, &sink, &turn, NULL), -ECANCELED);
	assert_int_equal(turn.rows_read, 3);
	turn_run(source);
	for (unsigned i = 0; i < CHANGED; i++)
		assert_non_null(sample_of(connection[i].client));
	source_closep(&source);
	connections_close(CHANGED, connection);
}

static void a_dump_that_is_still_open_is_finished_first(void **state)
{
	static struct connection connection[CHANGED];
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 request;
	} older = { .header = { .nlmsg_len = sizeof(older),
				.nlmsg_type = SOCK_DIAG_BY_FAMILY,
				.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
				.nlmsg_seq = 99 },
		    .request = { .sdiag_family = AF_INET,
				 .sdiag_protocol = IPPROTO_TCP,
				 .idiag_states = UINT32_MAX } };
	const struct sock_diag_options options = { 0 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	struct source *source = NULL;

	(void)state;
	if (connections_open(CHANGED, connection) < CHANGED)
		skip();
	assert_int_equal(sock_diag_open_on(fd, &options, &source, NULL), 0);
	assert_int_equal(send(fd, &older, sizeof(older), 0), sizeof(older));
	for (int i = 0; i < 2; i++) {
		turn_run(source);
		for (unsigned k = 0; k < CHANGED; k++)
			assert_non_null(sample_of(connection[k].server));
	}
	source_closep(&source);
	connections_close(CHANGED, connection);
}

static void *elsewhere_open(void *context)
{
	struct source **source = context;

	if (unshare(CLONE_NEWNET) == 0)
		*source = source_open(0);
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
	here = source_open(0);
	turn_run(here);
	assert_non_null(sample_of(connection.server));
	turn_run(elsewhere);
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
		cmocka_unit_test(five_hundred_sockets_are_each_found_once),
		cmocka_unit_test(what_changes_in_the_middle_of_a_dump_fits_each_rows_window),
		cmocka_unit_test(every_row_of_proc_has_its_equal),
		cmocka_unit_test(a_turn_that_its_sink_ended_leaves_nothing_to_the_next),
		cmocka_unit_test(a_dump_that_is_still_open_is_finished_first),
		cmocka_unit_test(the_rows_are_those_of_the_namespace_of_the_thread_that_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
