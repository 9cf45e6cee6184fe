/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks of known size that stand in a receive queue for a known time are found, exactly, whatever carries them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/failure.h"
#include "capture/session.h"
#include "capture/options.h"
#include "traffic.h"

#include <sqlite3.h>
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

struct found {
	struct block block[BLOCKS];
	sqlite3 *db;
	char path[64];
	char blocks_path[64];
};

static int64_t query(struct found *found, const char *sql)
{
	sqlite3_stmt *statement;
	int64_t value;

	assert_int_equal(sqlite3_prepare_v2(found->db, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return value;
}

static void capture_run(struct found *found, enum carrier carrier, bool filter, bool other_port)
{
	char carrier_text[8], fd_text[16];
	char program[] = "/proc/self/exe", word[] = "traffic";
	char *command[] = { program, word, carrier_text, fd_text, found->blocks_path, NULL };
	struct capture_options options = {
		.path = found->path,
		.command = command,
		.command_line = command,
		.poller = { { .source = "proc", .period_ns = 100000000 } },
		.pollers = 1,
		.softnet_period_ns = 1000000000,
		.threshold_bytes = { 4096, 16384, 65536, 262144 },
		.thresholds = 4,
		.summary_period_ns = 1000000000,
		.min_spike_ns = 1000000,
		.backend = "auto",
		.ring_bytes = 1 << 24,
	};
	struct failure failure = { 0 };
	int64_t capture_id = 0;
	uint16_t port;
	int fd = traffic_listen(carrier, &port);
	int status;

	snprintf(found->path, sizeof(found->path), "/tmp/pollgap-live-%d.db", (int)getpid());
	snprintf(found->blocks_path, sizeof(found->blocks_path), "/tmp/pollgap-live-%d.blocks", (int)getpid());
	unlink(found->path);
	snprintf(carrier_text, sizeof(carrier_text), "%d", carrier);
	snprintf(fd_text, sizeof(fd_text), "%d", fd);
	if (filter) {
		options.port[0] = other_port ? (uint16_t)(port == 1 ? 2 : 1) : port;
		options.ports = 1;
	}
	status = session_run(&options, &capture_id, &failure);
	close(fd);
	if (status != 0)
		fail_msg("capture: status %d: %s", status, failure.text);
	assert_int_equal(sqlite3_open_v2(found->path, &found->db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
}

static void found_close(struct found *found)
{
	sqlite3_close(found->db);
	unlink(found->path);
	unlink(found->blocks_path);
}

static void blocks_read(struct found *found)
{
	FILE *file = fopen(found->blocks_path, "r");

	assert_non_null(file);
	assert_int_equal(fread(found->block, sizeof(found->block[0]), BLOCKS, file), BLOCKS);
	fclose(file);
}

/* The one rx_queue spike of this block and threshold has exactly its peak, and its edges lie where the test saw them. */
static void assert_block(struct found *found, const struct block *block, uint32_t threshold)
{
	char sql[512];

	snprintf(sql, sizeof(sql),
		 "select count(*) from spike where gauge = 'rx_queue' and threshold_bytes = %u "
		 "and start_ns between %lld and %lld and end_ns between %lld and %lld "
		 "and peak_bytes = %lld and not left_censored and not right_censored",
		 threshold, (long long)block->before_send_ns, (long long)block->arrived_ns,
		 (long long)block->before_read_ns, (long long)block->after_read_ns, (long long)block->bytes);
	if (query(found, sql) != 1)
		fail_msg("%lld bytes at threshold %u: %lld spikes", (long long)block->bytes, threshold,
			 (long long)query(found, sql));
}

/* The sender's queue reached what it sent, after it began to send and before it was read. */
static void assert_sent(struct found *found, const struct block *block)
{
	char sql[384];

	snprintf(sql, sizeof(sql),
		 "select count(*) from queue_summary where gauge = 'tx_queue' and peak_bytes >= %lld and start_ns <= %lld "
		 "and end_ns >= %lld",
		 (long long)block->bytes, (long long)block->before_send_ns, (long long)block->before_send_ns);
	assert_true(query(found, sql) >= 1);
}

static void found_exactly(enum carrier carrier, bool filter)
{
	struct found found = { 0 };
	unsigned expected = 0;

	capture_run(&found, carrier, filter, false);
	blocks_read(&found);
	for (unsigned index = 0; index < BLOCKS; index++) {
		for (unsigned level = 0; level < 4; level++) {
			if (found.block[index].bytes < threshold_bytes[level])
				continue;
			assert_block(&found, &found.block[index], threshold_bytes[level]);
			expected++;
		}
	}
	assert_int_equal(expected, 5 + 3 + 2 + 1);
	assert_sent(&found, &found.block[0]);
	/* Nothing lost, but for turns that a busy machine kept from the poller. */
	assert_int_equal(query(&found, "select coalesce(sum(count), 0) from loss where cause not like 'missed_turns%'"), 0);
	if (filter)
		assert_int_equal(query(&found, "select count(*) from socket where cookie is not null"), 2);
	assert_int_equal(query(&found, carrier == CARRIER_IPV4 ? "select count(distinct family) from socket "
								 "where cookie is not null and family = 6" :
								 "select count(distinct family) - 1 from socket "
								 "where cookie is not null and family = 6"),
			 0);
	found_close(&found);
}

static void skip_unless_allowed(void)
{
	const char *refusal = traffic_refusal();

	if (refusal) {
		print_message("# %s\n", refusal);
		skip();
	}
}

static void known_spikes_on_ipv4_are_found_exactly(void **state)
{
	(void)state;
	skip_unless_allowed();
	found_exactly(CARRIER_IPV4, false);
}

static void known_spikes_on_ipv6_are_found_exactly(void **state)
{
	(void)state;
	skip_unless_allowed();
	found_exactly(CARRIER_IPV6, false);
}

static void known_spikes_of_ipv4_on_an_ipv6_socket_are_found_exactly(void **state)
{
	(void)state;
	skip_unless_allowed();
	found_exactly(CARRIER_IPV4_ON_IPV6, false);
}

static void with_a_port_filter_only_its_sockets_are_measured_on_ipv4(void **state)
{
	(void)state;
	skip_unless_allowed();
	found_exactly(CARRIER_IPV4, true);
}

static void with_a_port_filter_only_its_sockets_are_measured_on_ipv6(void **state)
{
	(void)state;
	skip_unless_allowed();
	found_exactly(CARRIER_IPV6, true);
}

static void with_a_port_filter_ipv4_on_an_ipv6_socket_is_measured(void **state)
{
	(void)state;
	skip_unless_allowed();
	found_exactly(CARRIER_IPV4_ON_IPV6, true);
}

static void a_filter_on_another_port_measures_nothing(void **state)
{
	struct found found = { 0 };

	(void)state;
	skip_unless_allowed();
	capture_run(&found, CARRIER_IPV4, true, true);
	assert_int_equal(query(&found, "select count(*) from spike"), 0);
	assert_int_equal(query(&found, "select count(*) from socket"), 0);
	assert_int_equal(query(&found, "select count(*) > 0 from poll"), 1);
	found_close(&found);
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
