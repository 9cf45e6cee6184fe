/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cases that break tools which watch sockets. Each is a traffic program of its own, run as the
 * command of a capture; it notes down by name the instants and values that the file must agree
 * with.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "recorded.h"
#include "traffic.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NAME_BYTES = 32, NOTES_MAX = 16 };

static char room[1 << 20];

/* -- the traffic's side -- */

static FILE *notes;

static void note(const char *name, uint64_t value)
{
	fprintf(notes, "%s %" PRIu64 "\n", name, value);
}

static void note_now(const char *name)
{
	note(name, clock_monotonic_ns());
}

static void pause_ms(unsigned ms)
{
	clock_sleep_until_ns(clock_monotonic_ns() + (uint64_t)ms * NS_PER_MS);
}

static uint16_t own_port(int fd)
{
	struct sockaddr_in address;
	socklen_t bytes = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &bytes) < 0)
		err(2, "getsockname");
	return ntohs(address.sin_port);
}

static void send_bytes(int fd, size_t bytes)
{
	while (bytes) {
		ssize_t sent = send(fd, room, bytes < sizeof(room) ? bytes : sizeof(room), 0);

		if (sent <= 0)
			err(2, "send");
		bytes -= (size_t)sent;
	}
}

static void read_bytes(int fd, size_t bytes)
{
	while (bytes) {
		ssize_t got = recv(fd, room, bytes < sizeof(room) ? bytes : sizeof(room), 0);

		if (got <= 0)
			err(2, "recv");
		bytes -= (size_t)got;
	}
}

/* A close that throws away what is queued sends RST. */
static void close_hard(int fd)
{
	const struct linger now = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

static int connect_from(uint16_t from_port, int listen_fd, int *ret_server)
{
	struct sockaddr_in own = { .sin_family = AF_INET,
				   .sin_port = htons(from_port),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in other = own;
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	other.sin_port = htons(own_port(listen_fd));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0 ||
	    connect(fd, (struct sockaddr *)&other, sizeof(other)) < 0)
		err(2, "bind, connect");
	*ret_server = accept(listen_fd, NULL, NULL);
	return fd;
}

/* The receiver closes with 9,000 bytes unread, the second one's sender does it, the third one's
 * process is killed. */
static void run_deaths(int listen_fd)
{
	int server, client;
	pid_t child;

	client = traffic_connect(CARRIER_IPV4, listen_fd, &server);
	send_bytes(client, 9000);
	pause_ms(20);
	note_now("receiver_before");
	close(server);
	note_now("receiver_after");
	close(client);
	client = traffic_connect(CARRIER_IPV4, listen_fd, &server);
	send_bytes(client, 9100);
	pause_ms(20);
	note_now("sender_before");
	close_hard(client);
	note_now("sender_after");
	pause_ms(20);
	close(server);
	client = traffic_connect(CARRIER_IPV4, listen_fd, &server);
	child = fork();
	if (child == 0) {
		close(client);
		pause();
	}
	close(server);
	send_bytes(client, 9200);
	pause_ms(20);
	note_now("killed_before");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	note_now("killed_after");
	close(client);
}

/* The same addresses and ports twice. */
static void run_reuse(int listen_fd)
{
	static const unsigned bytes[] = { 5000, 7000 };
	uint16_t from_port = 0;

	for (unsigned turn = 0; turn < 2; turn++) {
		int server, client = connect_from(from_port, listen_fd, &server);

		from_port = own_port(client);
		send_bytes(client, bytes[turn]);
		pause_ms(30);
		read_bytes(server, bytes[turn]);
		close_hard(client);
		close(server);
	}
	note("port", from_port);
}

/* Looking is not reading. */
static void run_peek(int listen_fd)
{
	int server, client = traffic_connect(CARRIER_IPV4, listen_fd, &server);

	note_now("before_send");
	send_bytes(client, 8192);
	pause_ms(10);
	for (unsigned turn = 0; turn < 3; turn++) {
		if (recv(server, room, 4096, MSG_PEEK) != 4096)
			err(2, "peek");
		pause_ms(5);
	}
	note_now("before_read");
	read_bytes(server, 8192);
	note_now("after_read");
	close(client);
	close(server);
}

/* A reader that wants to be woken for 20,000 bytes at least is not, for 6,000: no hook says so. */
static void run_lowat(int listen_fd)
{
	int server, client = traffic_connect(CARRIER_IPV4, listen_fd, &server), wanted = 20000;

	setsockopt(server, SOL_SOCKET, SO_RCVLOWAT, &wanted, sizeof(wanted));
	note_now("before_send");
	send_bytes(client, 6000);
	pause_ms(2);
	note_now("arrived");
	pause_ms(30);
	note_now("before_read");
	if (recv(server, room, 6000, MSG_DONTWAIT) != 6000)
		err(2, "recv");
	note_now("after_read");
	close(client);
	close(server);
}

/* The client says that it will send no more; the server's answer comes after that. */
static void run_half_close(int listen_fd)
{
	int server, client = traffic_connect(CARRIER_IPV4, listen_fd, &server);

	send_bytes(client, 100);
	shutdown(client, SHUT_WR);
	read_bytes(server, 100);
	if (recv(server, room, 1, 0) != 0)
		errx(2, "no end of file");
	note_now("before_send");
	send_bytes(server, 50000);
	pause_ms(20);
	note_now("before_read");
	read_bytes(client, 50000);
	note_now("after_read");
	close(server);
	close(client);
}

/* The receiver does not read until its window is shut and the sender's queue has filled, too. */
static void run_zero_window(int listen_fd)
{
	int server, client = traffic_connect(CARRIER_IPV4, listen_fd, &server);
	size_t bytes = 0;
	ssize_t sent;

	note_now("before_send");
	for (unsigned turn = 0; turn < 5; turn++) {
		while ((sent = send(client, room, sizeof(room), MSG_DONTWAIT)) > 0)
			bytes += (size_t)sent;
		pause_ms(30);
	}
	note_now("before_read");
	note("bytes", bytes);
	read_bytes(server, bytes);
	note_now("after_read");
	close(client);
	close(server);
}

static void run_urgent(int listen_fd)
{
	int server, client = traffic_connect(CARRIER_IPV4, listen_fd, &server);

	note_now("before_send");
	send_bytes(client, 5000);
	if (send(client, "!", 1, MSG_OOB) != 1)
		err(2, "urgent");
	pause_ms(20);
	note_now("before_read");
	/* One read stops before the urgent byte, the next one skips it. */
	if (recv(server, room, sizeof(room), 0) != 5000)
		err(2, "recv");
	recv(server, room, 1, MSG_OOB);
	recv(server, room, sizeof(room), MSG_DONTWAIT);
	note_now("after_read");
	close(client);
	close(server);
}

/* A socket that one process reads first and another one last. */
static void run_handed_over(int listen_fd)
{
	int server, client = traffic_connect(CARRIER_IPV4, listen_fd, &server);
	pid_t child;

	send_bytes(client, 6000);
	pause_ms(5);
	read_bytes(server, 3000);
	child = fork();
	if (child == 0) {
		read_bytes(server, 3000);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	note("parent", (uint64_t)getpid());
	note("child", (uint64_t)child);
	note("port", own_port(listen_fd));
	close(client);
	close(server);
}

/* 150 connections wait for accept(2) at once. */
static void run_flood(int listen_fd)
{
	static int client[150];

	pause_ms(60); /* the pollers have begun by then */
	note_now("before_connect");
	for (unsigned index = 0; index < 150; index++) {
		struct sockaddr_in address = { .sin_family = AF_INET,
					       .sin_port = htons(own_port(listen_fd)),
					       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

		client[index] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (connect(client[index], (struct sockaddr *)&address, sizeof(address)) < 0 &&
		    errno != EINPROGRESS)
			err(2, "connect");
	}
	note_now("connected");
	pause_ms(300);
	note_now("before_accept");
	for (unsigned index = 0; index < 129; index++)
		close(accept(listen_fd, NULL, NULL));
	note_now("accepted");
	pause_ms(5);
	for (unsigned index = 0; index < 150; index++)
		close(client[index]);
}

/* So many connections, opened and closed as fast as it goes, 100 bytes on each. */
static void run_churn(int listen_fd)
{
	for (unsigned turn = 0; turn < 5000; turn++) {
		int server, client = traffic_connect(CARRIER_IPV4, listen_fd, &server);

		send_bytes(client, 100);
		read_bytes(server, 100);
		close_hard(client);
		close(server);
	}
}

/* 10,000 connections: 20,000 sockets, open together, half of them in each of two processes. */
static void run_many(int listen_fd)
{
	const struct rlimit limit = { 12000, 12000 };
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(own_port(listen_fd)),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	pid_t child;

	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		err(2, "setrlimit");
	child = fork();
	for (unsigned turn = 0; turn < 10000; turn++) {
		int fd = child ? socket(AF_INET, SOCK_STREAM, 0) : accept(listen_fd, NULL, NULL);

		if (fd < 0)
			err(2, "socket, accept");
		if (child && connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
			err(2, "connect");
		if (child && turn % 100 == 0)
			send_bytes(fd, 5000);
	}
	pause_ms(1500);
	if (!child)
		_exit(0);
	waitpid(child, NULL, 0);
}

static const struct {
	const char *name;
	void (*run)(int listen_fd);
} cases[] = {
	{ "deaths", run_deaths },
	{ "reuse", run_reuse },
	{ "peek", run_peek },
	{ "lowat", run_lowat },
	{ "half_close", run_half_close },
	{ "zero_window", run_zero_window },
	{ "urgent", run_urgent },
	{ "handed_over", run_handed_over },
	{ "flood", run_flood },
	{ "churn", run_churn },
	{ "many", run_many },
};

static int case_main(char **argv)
{
	notes = fopen(argv[4], "w");
	if (!notes)
		err(2, "%s", argv[4]);
	for (unsigned index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
		if (strcmp(argv[2], cases[index].name) == 0)
			cases[index].run(atoi(argv[3]));
	}
	return fclose(notes) == 0 ? 0 : 2;
}

/* -- the test's side -- */

struct noted {
	char name[NAME_BYTES];
	uint64_t value;
};

static struct noted noted[NOTES_MAX];

static uint64_t noted_value(const char *name)
{
	for (unsigned index = 0; index < NOTES_MAX; index++) {
		if (strcmp(noted[index].name, name) == 0)
			return noted[index].value;
	}
	fail_msg("the traffic noted no %s", name);
	return 0;
}

static void notes_read(const struct recorded *recorded)
{
	FILE *file = fopen(recorded->notes_path, "r");
	char line[NAME_BYTES + 24];

	memset(noted, 0, sizeof(noted));
	assert_non_null(file);
	for (unsigned index = 0; index < NOTES_MAX && fgets(line, sizeof(line), file); index++) {
		char *blank = strchr(line, ' ');

		assert_non_null(blank);
		*blank = '\0';
		snprintf(noted[index].name, NAME_BYTES, "%.31s", line);
		noted[index].value = strtoull(blank + 1, NULL, 10);
	}
	fclose(file);
}

static struct recorded capture_case(const char *name)
{
	struct recorded recorded = recorded_new();
	char program[] = "/proc/self/exe", word[] = "case", case_name[NAME_BYTES], fd_text[16];
	char *command[] = { program, word, case_name, fd_text, recorded.notes_path, NULL };
	struct capture_options options = recorded_options(&recorded);
	uint16_t port;
	int fd = traffic_listen(CARRIER_IPV4, &port);

	snprintf(case_name, sizeof(case_name), "%s", name);
	snprintf(fd_text, sizeof(fd_text), "%d", fd);
	options.command = command;
	options.command_line = command;
	options.port[0] = port;
	options.ports = 1;
	options.min_spike_ns = 0;
	options.sockets_max = 1 << 15; /* of a backend that has a table of them */
	options.accept_thresholds = 1;
	options.accept_threshold[0] = 100;
	recorded_capture(&recorded, &options);
	close(fd);
	notes_read(&recorded);
	return recorded;
}

static int64_t ask(const struct recorded *recorded, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int64_t ask(const struct recorded *recorded, const char *format, ...)
{
	char sql[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sql, sizeof(sql), format, arguments);
	va_end(arguments);
	return recorded_integer(recorded, sql);
}

/* A receive queue's spike at 4,096 bytes with this peak, uncensored, that ended between the two. */
static void expect_spike_end(const struct recorded *recorded, uint64_t peak_bytes,
			     const char *before, const char *after)
{
	assert_int_equal(
		ask(recorded,
		    "select count(*) from spike where gauge = 'rx_queue' and threshold_bytes = 4096"
		    " and peak_bytes = %" PRIu64 " and end_ns between %" PRIu64 " and %" PRIu64
		    " and left_censored + right_censored = 0",
		    peak_bytes, noted_value(before), noted_value(after)),
		1);
}

#define LIVE_TEST(name)                         \
	static void name(void **state)          \
	{                                       \
		struct recorded recorded;       \
                                                \
		(void)state;                    \
		recorded_skip_unless_allowed(); \
		recorded = name##_case();       \
		recorded_remove(&recorded);     \
	}

static struct recorded a_socket_that_dies_ends_its_spike_case(void)
{
	struct recorded recorded = capture_case("deaths");

	expect_spike_end(&recorded, 9000, "receiver_before", "receiver_after");
	expect_spike_end(&recorded, 9100, "sender_before", "sender_after");
	expect_spike_end(&recorded, 9200, "killed_before", "killed_after");
	assert_int_equal(
		ask(&recorded,
		    "select count(*) from socket where last_ns is null and remote_port > 0"),
		0);
	return recorded;
}

static struct recorded a_tuple_used_twice_is_two_sockets_case(void)
{
	struct recorded recorded = capture_case("reuse");

	assert_int_equal(ask(&recorded,
			     "select count(*) from socket where remote_port = %" PRIu64
			     " and cookie is not null",
			     noted_value("port")),
			 2);
	assert_int_equal(
		ask(&recorded,
		    "select count(distinct socket_id) from spike join socket using (socket_id)"
		    " where gauge = 'rx_queue' and threshold_bytes = 4096 and remote_port = %" PRIu64
		    " and peak_bytes in (5000, 7000)",
		    noted_value("port")),
		2);
	return recorded;
}

static struct recorded peeking_ends_no_spike_case(void)
{
	struct recorded recorded = capture_case("peek");

	expect_spike_end(&recorded, 8192, "before_read", "after_read");
	assert_int_equal(
		ask(&recorded,
		    "select count(*) from spike where gauge = 'rx_queue' and threshold_bytes = 4096"),
		1);
	return recorded;
}

static struct recorded bytes_that_wake_nobody_are_dated_when_they_come_case(void)
{
	struct recorded recorded = capture_case("lowat");

	expect_spike_end(&recorded, 6000, "before_read", "after_read");
	assert_int_equal(
		ask(&recorded,
		    "select count(*) from spike where gauge = 'rx_queue' and threshold_bytes = 4096"
		    " and start_ns between %" PRIu64 " and %" PRIu64,
		    noted_value("before_send"), noted_value("arrived")),
		1);
	return recorded;
}

static struct recorded a_half_closed_socket_is_measured_case(void)
{
	struct recorded recorded = capture_case("half_close");

	expect_spike_end(&recorded, 50000, "before_read", "after_read");
	return recorded;
}

/* What the sender handed over stood in the two queues together before the reader began. */
static struct recorded a_shut_window_fills_both_queues_case(void)
{
	struct recorded recorded = capture_case("zero_window");
	int64_t received =
		ask(&recorded, "select max(peak_bytes) from spike where gauge = 'rx_queue'");
	int64_t sent = ask(&recorded, "select max(peak_bytes) from spike where gauge = 'tx_queue'");

	assert_true(received > 65536);
	assert_true(sent > 262144);
	assert_true((uint64_t)received <= noted_value("bytes"));
	assert_true((uint64_t)(received + sent) >= noted_value("bytes"));
	/* The queue filled before the reader began, and did not empty before it had read all. */
	assert_int_equal(
		ask(&recorded,
		    "select count(*) from spike where gauge = 'rx_queue' and threshold_bytes = 4096"
		    " and start_ns between %" PRIu64 " and %" PRIu64,
		    noted_value("before_send"), noted_value("before_read")),
		1);
	assert_int_equal(
		ask(&recorded,
		    "select count(*) from spike where gauge = 'tx_queue' and threshold_bytes = 262144"
		    " and start_ns between %" PRIu64 " and %" PRIu64 " and end_ns between %" PRIu64
		    " and %" PRIu64,
		    noted_value("before_send"), noted_value("before_read"),
		    noted_value("before_read"), noted_value("after_read")),
		1);
	return recorded;
}

static struct recorded an_urgent_byte_counts_in_the_queue_case(void)
{
	struct recorded recorded = capture_case("urgent");

	expect_spike_end(&recorded, 5001, "before_read", "after_read");
	return recorded;
}

static struct recorded the_last_process_to_use_a_socket_owns_it_case(void)
{
	struct recorded recorded = capture_case("handed_over");

	/* The accepted end was read by both, the connecting one written by the parent alone. */
	assert_int_equal(ask(&recorded,
			     "select pid from socket where local_port = %" PRIu64
			     " and remote_port > 0",
			     noted_value("port")),
			 noted_value("child"));
	assert_int_equal(ask(&recorded, "select pid from socket where remote_port = %" PRIu64,
			     noted_value("port")),
			 noted_value("parent"));
	return recorded;
}

/* The listener's limit is 128, and the queue exceeds it by one. */
static struct recorded a_flooded_listener_has_one_spike_case(void)
{
	struct recorded recorded = capture_case("flood");

	assert_int_equal(
		ask(&recorded,
		    "select count(*) from accept_spike where peak_connections = 129 and limit_connections = 128"
		    " and left_censored + right_censored = 0"),
		1);
	assert_int_equal(ask(&recorded,
			     "select count(*) from accept_spike where start_ns between %" PRIu64
			     " and %" PRIu64,
			     noted_value("before_connect"), noted_value("connected")),
			 1);
	/* Its fall is found by a timer every 100 us. */
	assert_true(ask(&recorded, "select end_ns from accept_spike") >=
		    (int64_t)noted_value("before_accept"));
	assert_true(ask(&recorded, "select end_ns from accept_spike") <=
		    (int64_t)noted_value("accepted") + 5 * NS_PER_MS);
	/* The poller, every 100 ms, saw what lasted 300 ms. */
	assert_int_equal(ask(&recorded, "select seen from accept_missed"), 1);
	return recorded;
}

static struct recorded five_thousand_short_connections_are_all_counted_case(void)
{
	struct recorded recorded = capture_case("churn");

	assert_int_equal(
		ask(&recorded,
		    "select count(*) from socket where cookie is not null and remote_port > 0"),
		10000);
	assert_int_equal(
		ask(&recorded,
		    "select count(*) from socket where cookie is not null and remote_port > 0 and"
		    " last_ns is null"),
		0);
	recorded_expect_no_losses(&recorded);
	return recorded;
}

static struct recorded twenty_thousand_open_sockets_are_measured_case(void)
{
	struct recorded recorded = capture_case("many");

	assert_int_equal(
		ask(&recorded,
		    "select count(*) from socket where cookie is not null and remote_port > 0"),
		20000);
	assert_int_equal(
		ask(&recorded,
		    "select count(*) from spike where gauge = 'rx_queue' and threshold_bytes = 4096 and"
		    " peak_bytes = 5000"),
		100);
	recorded_expect_no_losses(&recorded);
	return recorded;
}

LIVE_TEST(a_socket_that_dies_ends_its_spike)
LIVE_TEST(a_tuple_used_twice_is_two_sockets)
LIVE_TEST(peeking_ends_no_spike)
LIVE_TEST(bytes_that_wake_nobody_are_dated_when_they_come)
LIVE_TEST(a_half_closed_socket_is_measured)
LIVE_TEST(a_shut_window_fills_both_queues)
LIVE_TEST(an_urgent_byte_counts_in_the_queue)
LIVE_TEST(the_last_process_to_use_a_socket_owns_it)
LIVE_TEST(a_flooded_listener_has_one_spike)
LIVE_TEST(five_thousand_short_connections_are_all_counted)
LIVE_TEST(twenty_thousand_open_sockets_are_measured)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_socket_that_dies_ends_its_spike),
		cmocka_unit_test(a_tuple_used_twice_is_two_sockets),
		cmocka_unit_test(peeking_ends_no_spike),
		cmocka_unit_test(bytes_that_wake_nobody_are_dated_when_they_come),
		cmocka_unit_test(a_half_closed_socket_is_measured),
		cmocka_unit_test(a_shut_window_fills_both_queues),
		cmocka_unit_test(an_urgent_byte_counts_in_the_queue),
		cmocka_unit_test(the_last_process_to_use_a_socket_owns_it),
		cmocka_unit_test(a_flooded_listener_has_one_spike),
		cmocka_unit_test(five_thousand_short_connections_are_all_counted),
		cmocka_unit_test(twenty_thousand_open_sockets_are_measured),
	};

	if (argc == 5 && strcmp(argv[1], "case") == 0)
		return case_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
