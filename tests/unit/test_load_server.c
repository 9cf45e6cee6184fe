/* SPDX-License-Identifier: BSD-2-Clause */
/* The load's server on real sockets, and what its client counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "load/client.h"
#include "load/network.h"
#include "load/server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int port_pipe[2];

static void port_tell(uint16_t port)
{
	if (write(port_pipe[1], &port, sizeof(port)) != sizeof(port))
		_exit(3);
}

/* Serves in a child process. Returns its id. */
static pid_t server_start(const struct load_server_options *options, uint16_t *ret_port)
{
	pid_t child;

	assert_int_equal(pipe(port_pipe), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct load_served served;

		/* A failed assertion must not leave it behind. */
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		_exit(load_serve(options, port_tell, &served, NULL) < 0);
	}
	close(port_pipe[1]);
	assert_int_equal(read(port_pipe[0], ret_port, sizeof(*ret_port)), sizeof(*ret_port));
	close(port_pipe[0]);
	return child;
}

static void server_end(pid_t child)
{
	int status;

	assert_int_equal(kill(child, SIGTERM), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Sends until max_bytes are out, or nothing more has been taken for quiet_ms. */
static uint64_t flood(int fd, uint64_t max_bytes, int quiet_ms)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };
	uint64_t bytes = 0;

	while (bytes < max_bytes && poll(&room, 1, quiet_ms) > 0) {
		ssize_t sent = send(fd, network_zeros(), NETWORK_BUFFER_BYTES,
				    MSG_DONTWAIT | MSG_NOSIGNAL);

		assert_true(sent > 0 || errno == EAGAIN);
		if (sent > 0)
			bytes += (uint64_t)sent;
	}
	return bytes;
}

/* Replies as large as requests, so that the debt grows by no more than one read takes (256 KB), and
 * passes its limit of 1 MB only when the server waits for room already. 128 MB is far beyond what
 * the four socket buffers between hold (tcp_rmem and tcp_wmem, a few MB each). */
static void who_does_not_read_is_not_read_from(void **state)
{
	const struct load_server_options options = { .address = "127.0.0.1",
						     .request_bytes = 300,
						     .reply_bytes = 300 };
	const uint64_t most_bytes = 128 << 20;
	uint16_t port;
	pid_t child = server_start(&options, &port);
	int fd = network_connect("127.0.0.1", port, NULL);

	(void)state;
	assert_true(fd >= 0);
	assert_true(flood(fd, most_bytes, 1500) < most_bytes);
	close(fd);
	server_end(child);
}

static void a_request_in_parts_has_one_reply(void **state)
{
	const struct load_server_options options = { .address = "127.0.0.1",
						     .request_bytes = 23,
						     .reply_bytes = 7 };
	uint16_t port;
	pid_t child = server_start(&options, &port);
	int fd = network_connect("127.0.0.1", port, NULL);
	char reply[7];

	(void)state;
	assert_true(fd >= 0);
	/* One request in two parts has one reply. */
	assert_int_equal(send(fd, network_zeros(), 22, MSG_NOSIGNAL), 22);
	assert_int_equal(send(fd, network_zeros(), 1, MSG_NOSIGNAL), 1);
	assert_int_equal(recv(fd, reply, sizeof(reply), MSG_WAITALL), 7);
	/* A server that ends closes what is open. */
	server_end(child);
	assert_int_equal(recv(fd, reply, sizeof(reply), 0), 0);
	close(fd);
}

static double achieved(uint64_t due, uint64_t answered, uint64_t last_reply_ns)
{
	const struct load_step step = { .due = due,
					.answered = answered,
					.start_ns = NS_PER_S,
					.duration_ns = 2 * (uint64_t)NS_PER_S,
					.last_reply_ns = last_reply_ns };

	return load_step_achieved_per_s(&step, 11 * (uint64_t)NS_PER_S);
}

static void the_achieved_rate_counts_all_of_the_time(void **state)
{
	const struct load_step none = { 0 };

	(void)state;
	/* Begun at 1 s, over at 3 s, given up at 11 s. */
	assert_true(achieved(700, 700, 2900000000) == 350.0);
	assert_true(achieved(700, 700, 5000000000) == 175.0);
	assert_true(achieved(700, 690, 2900000000) == 69.0);
	assert_true(achieved(700, 0, 0) == 0.0);
	assert_true(load_step_achieved_per_s(&none, 0) == 0.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_does_not_read_is_not_read_from),
		cmocka_unit_test(a_request_in_parts_has_one_reply),
		cmocka_unit_test(the_achieved_rate_counts_all_of_the_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
