/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks of known size that stand in a receive queue for a known time are found, exactly, whatever
 * carries them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recorded.h"
#include "traffic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCKS = 5, PAUSE_MS = 31 };

static const size_t block_bytes[BLOCKS] = { 5003, 20011, 100003, 4096, 300007 };
static const uint32_t threshold_bytes[] = { 4096, 16384, 65536, 262144 };

/* The command: argv is traffic, the carrier, the listening descriptor, the file for what was done. */
static int traffic_main(char **argv)
{
	enum carrier carrier = (enum carrier)atoi(argv[2]);
	FILE *file = fopen(argv[4], "w");
	int client, server, large = 1 << 20;

	client = traffic_connect(carrier, atoi(argv[3]), &server);
	setsockopt(server, SOL_SOCKET, SO_RCVBUF, &large, sizeof(large));
	for (unsigned index = 0; index < BLOCKS && file; index++) {
		struct block block = traffic_block(client, server, block_bytes[index], PAUSE_MS);

		fwrite(&block, sizeof(block), 1, file);
	}
	return !file || fclose(file) != 0 ? 2 : 0;
}

/* Captures the traffic, with a filter on its port, on another one, or none. */
static struct recorded capture_traffic(enum carrier carrier, bool filter, bool other_port)
{
	struct recorded recorded = recorded_new();
	char carrier_text[8], fd_text[16];
	char program[] = "/proc/self/exe", word[] = "traffic";
	char *command[] = { program, word, carrier_text, fd_text, recorded.notes_path, NULL };
	struct capture_options options = recorded_options(&recorded);
	uint16_t port;
	int fd = traffic_listen(carrier, &port);

	snprintf(carrier_text, sizeof(carrier_text), "%d", carrier);
	snprintf(fd_text, sizeof(fd_text), "%d", fd);
	options.command = command;
	options.command_line = command;
	if (filter) {
		options.port[0] = other_port ? (uint16_t)(port == 1 ? 2 : 1) : port;
		options.ports = 1;
	}
	recorded_capture(&recorded, &options);
	close(fd);
	return recorded;
}

static void blocks_read(const struct recorded *recorded, struct block *ret_block)
{
	FILE *file = fopen(recorded->notes_path, "r");

	assert_non_null(file);
	assert_int_equal(fread(ret_block, sizeof(*ret_block), BLOCKS, file), BLOCKS);
	fclose(file);
}

/* The one rx_queue spike of this block and threshold has exactly its peak, and its edges lie where
 * the test saw them. */
static void assert_block(const struct recorded *recorded, const struct block *block,
			 uint32_t threshold)
{
	char sql[512];

	snprintf(sql, sizeof(sql),
		 "select count(*) from spike where gauge = 'rx_queue' and threshold_bytes = %u "
		 "and start_ns between %lld and %lld and end_ns between %lld and %lld "
		 "and peak_bytes = %lld and not left_censored and not right_censored",
		 threshold, (long long)block->before_send_ns, (long long)block->arrived_ns,
		 (long long)block->before_read_ns, (long long)block->after_read_ns,
		 (long long)block->bytes);
	if (recorded_integer(recorded, sql) != 1)
		fail_msg("%lld bytes at threshold %u: %lld spikes", (long long)block->bytes,
			 threshold, (long long)recorded_integer(recorded, sql));
}

/* The sender's queue reached what it sent, after it began to send and before it was read. */
static void assert_sent(const struct recorded *recorded, const struct block *block)
{
	char sql[384];

	snprintf(
		sql, sizeof(sql),
		"select count(*) from queue_summary where gauge = 'tx_queue' and peak_bytes >= %lld and start_ns <= %lld "
		"and end_ns >= %lld",
		(long long)block->bytes, (long long)block->before_send_ns,
		(long long)block->before_send_ns);
	assert_true(recorded_integer(recorded, sql) >= 1);
}

static void found_exactly(enum carrier carrier, bool filter)
{
	struct recorded recorded = capture_traffic(carrier, filter, false);
	struct block block[BLOCKS];
	unsigned expected = 0;

	blocks_read(&recorded, block);
	for (unsigned index = 0; index < BLOCKS; index++) {
		for (unsigned level = 0; level < 4; level++) {
			if (block[index].bytes < threshold_bytes[level])
				continue;
			assert_block(&recorded, &block[index], threshold_bytes[level]);
			expected++;
		}
	}
	assert_int_equal(expected, 5 + 3 + 2 + 1);
	assert_sent(&recorded, &block[0]);
	recorded_expect_no_losses(&recorded);
	if (filter)
		assert_int_equal(
			recorded_integer(&recorded,
					 "select count(*) from socket where cookie is not null"),
			2);
	assert_int_equal(recorded_integer(&recorded,
					  carrier == CARRIER_IPV4 ?
						  "select count(distinct family) from socket "
						  "where cookie is not null and family = 6" :
						  "select count(distinct family) - 1 from socket "
						  "where cookie is not null and family = 6"),
			 0);
	recorded_remove(&recorded);
}

static void known_spikes_on_ipv4_are_found_exactly(void **state)
{
	(void)state;
	recorded_skip_unless_allowed();
	found_exactly(CARRIER_IPV4, false);
}

static void known_spikes_on_ipv6_are_found_exactly(void **state)
{
	(void)state;
	recorded_skip_unless_allowed();
	found_exactly(CARRIER_IPV6, false);
}

static void known_spikes_of_ipv4_on_an_ipv6_socket_are_found_exactly(void **state)
{
	(void)state;
	recorded_skip_unless_allowed();
	found_exactly(CARRIER_IPV4_ON_IPV6, false);
}

static void with_a_port_filter_only_its_sockets_are_measured_on_ipv4(void **state)
{
	(void)state;
	recorded_skip_unless_allowed();
	found_exactly(CARRIER_IPV4, true);
}

static void with_a_port_filter_only_its_sockets_are_measured_on_ipv6(void **state)
{
	(void)state;
	recorded_skip_unless_allowed();
	found_exactly(CARRIER_IPV6, true);
}

static void with_a_port_filter_ipv4_on_an_ipv6_socket_is_measured(void **state)
{
	(void)state;
	recorded_skip_unless_allowed();
	found_exactly(CARRIER_IPV4_ON_IPV6, true);
}

static void a_filter_on_another_port_measures_nothing(void **state)
{
	struct recorded recorded;

	(void)state;
	recorded_skip_unless_allowed();
	recorded = capture_traffic(CARRIER_IPV4, true, true);
	assert_int_equal(recorded_integer(&recorded, "select count(*) from spike"), 0);
	assert_int_equal(recorded_integer(&recorded, "select count(*) from socket"), 0);
	assert_int_equal(recorded_integer(&recorded, "select count(*) > 0 from poll"), 1);
	recorded_remove(&recorded);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_spikes_on_ipv4_are_found_exactly),
		cmocka_unit_test(known_spikes_on_ipv6_are_found_exactly),
		cmocka_unit_test(known_spikes_of_ipv4_on_an_ipv6_socket_are_found_exactly),
		cmocka_unit_test(with_a_port_filter_only_its_sockets_are_measured_on_ipv4),
		cmocka_unit_test(with_a_port_filter_only_its_sockets_are_measured_on_ipv6),
		cmocka_unit_test(with_a_port_filter_ipv4_on_an_ipv6_socket_is_measured),
		cmocka_unit_test(a_filter_on_another_port_measures_nothing),
	};

	if (argc == 5 && strcmp(argv[1], "traffic") == 0)
		return traffic_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
