/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"
#include "source/sock_diag.h"
#include "tests/unit/collect.h"
#include "tests/unit/connection.h"
#include "tests/unit/diag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

/* Dumps of more sockets than one message holds, against the kernel's own answers. */

enum { LISTENERS_MAX = 251 };

static struct collected got;

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
	source = diag_open(0);
	for (int turn = 0; turn < 3; turn++) {
		diag_poll(source, &got);
		for (unsigned i = 0; i < connections; i++) {
			assert_non_null(sample_of(&got, connection[i].client));
			assert_non_null(sample_of(&got, connection[i].server));
			assert_non_null(sample_of(&got, connection[i].listener));
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
	source = diag_open(0);
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
	diag_poll(source, &got);
	for (int i = 0; i < CHANGED; i++)
		assert_int_equal(sample_of(&got, changer.connection[i].server)->rx_queue_bytes, 1);
	source_closep(&source);
	connections_close(CHANGED, changer.connection);
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
	source = diag_open(0);
	assert_int_equal(source_read(source, &sink, &turn, NULL), -ECANCELED);
	assert_int_equal(turn.rows_read, 3);
	diag_poll(source, &got);
	for (unsigned i = 0; i < CHANGED; i++)
		assert_non_null(sample_of(&got, connection[i].client));
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
		diag_poll(source, &got);
		for (unsigned k = 0; k < CHANGED; k++)
			assert_non_null(sample_of(&got, connection[k].server));
	}
	source_closep(&source);
	connections_close(CHANGED, connection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(five_hundred_sockets_are_each_found_once),
		cmocka_unit_test(what_changes_in_the_middle_of_a_dump_fits_each_rows_window),
		cmocka_unit_test(a_turn_that_its_sink_ended_leaves_nothing_to_the_next),
		cmocka_unit_test(a_dump_that_is_still_open_is_finished_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
