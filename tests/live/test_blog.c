/* SPDX-License-Identifier: BSD-2-Clause */
/* The blog's gauge, sk_rmem_alloc + skb->data_len before a packet is queued, against what the
 * socket itself says of its memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recorded.h"
#include "traffic.h"

#include "base/clock.h"

#include <err.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { PACKETS = 3 };

static const size_t packet_bytes[PACKETS] = { 1000, 300, 7000 };

static void send_packet(int client, int server, size_t bytes, int queued_wanted)
{
	static const char zeros[8192];
	int queued = 0;

	if (send(client, zeros, bytes, 0) != (ssize_t)bytes)
		err(2, "send");
	while (queued < queued_wanted) {
		if (ioctl(server, FIONREAD, &queued) < 0)
			err(2, "FIONREAD");
	}
}

static uint32_t rmem_bytes(int fd)
{
	uint32_t memory[SK_MEMINFO_VARS] = { 0 };
	socklen_t memory_bytes = sizeof(memory);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &memory_bytes) < 0)
		err(2, "SO_MEMINFO");
	return memory[SK_MEMINFO_RMEM_ALLOC];
}

/* The command: argv is packets, the listening descriptor, the file for what the memory was before
 * each packet. Nobody reads, so each packet finds those before it. */
static int packets_main(char **argv)
{
	FILE *file = fopen(argv[3], "w");
	int server, client = traffic_connect(CARRIER_IPV4, atoi(argv[2]), &server), queued = 0;

	for (unsigned index = 0; index < PACKETS && file; index++) {
		fprintf(file, "%u\n", rmem_bytes(server));
		queued += (int)packet_bytes[index];
		send_packet(client, server, packet_bytes[index], queued);
	}
	return !file || fclose(file) != 0 ? 2 : 0;
}

static struct recorded capture_packets(void)
{
	struct recorded recorded = recorded_new();
	char program[] = "/proc/self/exe", word[] = "packets", fd_text[16];
	char *command[] = { program, word, fd_text, recorded.notes_path, NULL };
	struct capture_options options = recorded_options(&recorded);
	uint16_t port;
	int fd = traffic_listen(CARRIER_IPV4, &port);

	snprintf(fd_text, sizeof(fd_text), "%d", fd);
	options.command = command;
	options.command_line = command;
	options.port[0] = port;
	options.ports = 1;
	options.blog = true;
	/* One period for all of it, so that one row holds the sums. */
	options.summary_period_ns = 10 * (uint64_t)NS_PER_S;
	recorded_capture(&recorded, &options);
	close(fd);
	return recorded;
}

static void notes_read(const struct recorded *recorded, uint32_t *ret_rmem_bytes)
{
	FILE *file = fopen(recorded->notes_path, "r");

	assert_non_null(file);
	for (unsigned index = 0; index < PACKETS; index++)
		assert_int_equal(fscanf(file, "%u", &ret_rmem_bytes[index]), 1);
	fclose(file);
}

/* The row of the receiving socket: its packets carried data. */
static int64_t row_integer(const struct recorded *recorded, const char *column)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "select %s from blog_summary where rx_total_bytes > 0", column);
	return recorded_integer(recorded, sql);
}

static void the_gauge_is_what_the_socket_says_before_each_packet(void **state)
{
	uint32_t before_bytes[PACKETS];
	int64_t rmem_sum_bytes = 0, rest_bytes;
	struct recorded recorded;

	(void)state;
	recorded_skip_unless_allowed();
	recorded = capture_packets();
	notes_read(&recorded, before_bytes);
	for (unsigned index = 0; index < PACKETS; index++)
		rmem_sum_bytes += before_bytes[index];
	recorded_expect_no_losses(&recorded);
	assert_int_equal(row_integer(&recorded, "count(*)"), 1);
	/* The FIN, which finds all three, may be one more packet. */
	assert_in_range(row_integer(&recorded, "packets"), PACKETS, PACKETS + 1);
	rest_bytes = row_integer(&recorded, "rx_total_bytes") - (0 + 1000 + 1300);
	assert_true(rest_bytes == (row_integer(&recorded, "packets") > PACKETS ? 8300 : 0));
	assert_true(row_integer(&recorded, "rmem_total_bytes") >= rmem_sum_bytes);
	if (rest_bytes == 0) {
		assert_int_equal(row_integer(&recorded, "rmem_total_bytes"), rmem_sum_bytes);
		/* What the packet adds is its paged part: none of it, or all. */
		rest_bytes = row_integer(&recorded, "peak_bytes") - before_bytes[PACKETS - 1];
		assert_true(rest_bytes == 0 || rest_bytes == (int64_t)packet_bytes[PACKETS - 1]);
	}
	assert_true(row_integer(&recorded, "kept_peak_bytes <= peak_bytes"));
	recorded_remove(&recorded);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_gauge_is_what_the_socket_says_before_each_packet),
	};

	if (argc == 4 && strcmp(argv[1], "packets") == 0)
		return packets_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
