/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"
#include "base/failure.h"
#include "source/proc_tcp.h"
#include "tests/unit/collect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * The fixtures were taken from a 6.18 kernel: a network namespace with sockets in every state,
 * SYN_RECV by a forged SYN.
 */

static struct collected got;
static struct collected other;

static struct source *source_open(const char *tcp_path, const char *tcp6_path, bool page_reads)
{
	const struct proc_tcp_options options = {
		.tcp_path = tcp_path,
		.tcp6_path = tcp6_path,
		.page_reads = page_reads,
	};
	struct failure failure = { { 0 } };
	struct source *source = NULL;

	assert_int_equal(proc_tcp_open(&options, &source, &failure), 0);
	assert_string_equal(failure.text, "");
	return source;
}

static uint64_t turn_run(struct source *source, struct collected *collected)
{
	struct sink sink = collect_sink(collected);
	struct failure failure = { { 0 } };
	struct turn turn = { 0 };

	assert_int_equal(source_read(source, &sink, &turn, &failure), 0);
	return turn.rows_read;
}

/* One turn over fixtures; NULL: no such file. Returns how many lines could not be parsed. */
static uint64_t fixtures_read(const char *tcp, const char *tcp6, bool page_reads,
			      struct collected *collected)
{
	struct source *source =
		source_open(fixture(tcp), tcp6 ? fixture(tcp6) : "/nonexistent/tcp6", page_reads);
	uint64_t unparsed;

	turn_run(source, collected);
	unparsed = proc_tcp_unparsed(source);
	source_closep(&source);
	return unparsed;
}

static void row_expect(const struct sample *sample, uint8_t state, uint16_t local_port,
		       uint16_t remote_port, uint32_t rx_queue_bytes, uint32_t tx_queue_bytes,
		       uint64_t inode)
{
	assert_int_equal(sample->state, state);
	assert_int_equal(sample->local_port, local_port);
	assert_int_equal(sample->remote_port, remote_port);
	assert_int_equal(sample->rx_queue_bytes, rx_queue_bytes);
	assert_int_equal(sample->tx_queue_bytes, tx_queue_bytes);
	assert_int_equal(sample->inode, inode);
}

static void ipv4_rows_of_every_state_are_parsed(void **state)
{
	static const uint8_t loopback[16] = { 127, 0, 0, 1 };
	static const uint8_t forged[16] = { 198, 51, 100, 9 };

	(void)state;
	assert_int_equal(fixtures_read("proc_tcp/tcp", NULL, false, &got), 0);
	assert_int_equal(got.count, 16);
	row_expect(&got.sample[0], 10, 7001, 0, 3, 0,
		   17110); /* a listener with three connections to accept */
	row_expect(&got.sample[1], 1, 40001, 7001, 0, 0, 17112);
	row_expect(&got.sample[2], 1, 40002, 7001, 0, 3782144, 17114);
	row_expect(&got.sample[3], 6, 40003, 7001, 0, 0, 0); /* TIME_WAIT: a short row */
	row_expect(&got.sample[4], 5, 40004, 7001, 0, 0, 17118);
	row_expect(&got.sample[8], 1, 7001, 40002, 128512, 0, 17115);
	row_expect(&got.sample[9], 3, 7001, 40021, 0, 0, 0); /* SYN_RECV: a short row */
	row_expect(&got.sample[10], 1, 7001, 40001, 12345, 0, 17113);
	row_expect(&got.sample[14], 8, 7001, 40004, 1, 0, 17119); /* a FIN counts as a byte */
	assert_int_equal(got.sample[1].family, AF_INET);
	assert_memory_equal(got.sample[1].local_address, loopback, 16);
	assert_memory_equal(got.sample[9].remote_address, forged, 16);
}

static void what_is_left_of_a_closed_socket_is_no_socket_in_fin_wait2(void **state)
{
	static const char row[] =
		"   3: 0100007F:A616 0100007F:5A4F 05 00000000:00000000 03:0000171C 00000000     0        0 0 3 000000008ba070c7";
	struct sample sample;

	(void)state;
	assert_int_equal(proc_tcp_parse(row, sizeof(row) - 1, AF_INET, &sample), PROC_TCP_ROW);
	row_expect(&sample, SAMPLE_TIME_WAIT, 42518, 23119, 0, 0, 0);
}

static void ipv6_rows_and_ipv4_on_an_ipv6_socket_are_parsed(void **state)
{
	static const uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 };
	static const uint8_t documentation[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 9 };
	static const uint8_t loopback[16] = { [15] = 1 };

	(void)state;
	assert_int_equal(fixtures_read("proc_tcp/tcp_cut_line", "proc_tcp/tcp6", false, &got), 1);
	assert_int_equal(got.count, 8);
	row_expect(&got.sample[2], 10, 7006, 0, 0, 0, 17111);
	row_expect(&got.sample[3], 1, 7006, 40007, 333, 0, 17123);
	row_expect(&got.sample[4], 3, 7006, 40022, 0, 0, 0);
	row_expect(&got.sample[6], 6, 40008, 7006, 0, 0, 0);
	row_expect(&got.sample[7], 1, 7006, 40006, 777, 0, 17121);
	assert_int_equal(got.sample[3].family, AF_INET6);
	assert_memory_equal(got.sample[3].remote_address, mapped, 16);
	assert_memory_equal(got.sample[4].remote_address, documentation, 16);
	assert_memory_equal(got.sample[7].local_address, loopback, 16);
}

static void a_line_that_is_cut_within_the_inode_is_no_row(void **state)
{
	(void)state;
	assert_int_equal(fixtures_read("proc_tcp/tcp_cut_line", NULL, false, &got), 1);
	assert_int_equal(got.count, 2);
	assert_int_equal(fixtures_read("proc_tcp/tcp_cut_line", NULL, true, &got), 1);
	assert_int_equal(got.count, 2);
}

static void an_overlong_line_is_one_loss_and_the_next_is_read(void **state)
{
	(void)state;
	assert_int_equal(fixtures_read("proc_tcp/tcp_overlong_line", NULL, false, &got), 1);
	assert_int_equal(got.count, 2);
	row_expect(&got.sample[0], 10, 7001, 0, 3, 0, 17110);
	row_expect(&got.sample[1], 1, 7001, 40001, 12345, 0, 17113);
	assert_int_equal(fixtures_read("proc_tcp/tcp_overlong_line", NULL, true, &got), 1);
	assert_int_equal(got.count, 2);
}

static void garbage_is_counted_and_rows_around_it_are_read(void **state)
{
	(void)state;
	assert_int_equal(fixtures_read("proc_tcp/tcp_garbage", NULL, false, &got), 11);
	assert_int_equal(got.count, 2);
	row_expect(&got.sample[0], 10, 7001, 0, 3, 0, 17110);
	row_expect(&got.sample[1], 1, 7001, 40001, 12345, 0, 17113);
}

/* Everything but the windows. */
static void rows_expect_same(const struct collected *left, const struct collected *right)
{
	assert_int_equal(left->count, right->count);
	for (size_t i = 0; i < left->count; i++) {
		struct sample a = left->sample[i];
		struct sample b = right->sample[i];

		a.read_start_ns = b.read_start_ns = a.read_end_ns = b.read_end_ns = 0;
		assert_memory_equal(&a, &b, sizeof(a));
	}
}

static void reads_of_rows_and_of_pages_give_the_same_rows(void **state)
{
	static const char *const files[] = { "tcp", "tcp_cut_line", "tcp_overlong_line",
					     "tcp_garbage" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		char name[64];
		uint64_t unparsed;

		snprintf(name, sizeof(name), "proc_tcp/%s", files[i]);
		unparsed = fixtures_read(name, "proc_tcp/tcp6", false, &got);
		assert_int_equal(fixtures_read(name, "proc_tcp/tcp6", true, &other), unparsed);
		rows_expect_same(&got, &other);
		assert_true(got.count >= 8);
	}
}

/* A file of so many rows, so many bytes wide; remote port and rx_queue are the row's number. */
static void rows_write(const char *path, int rows, int width)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, "%-*s\n", width - 1,
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when");
	for (int i = 0; i < rows; i++) {
		char row[256];

		snprintf(
			row, sizeof(row),
			"%4d: 0100007F:1B59 0100007F:%04X 01 00000000:%08X 00:00000000 00000000     0        0 %d 1 "
			"0000000090b99c7f 20 0 0 11 -1",
			i, (unsigned)i, (unsigned)i, 100000 + i);
		fprintf(file, "%-*s\n", width - 1, row);
	}
	assert_int_equal(fclose(file), 0);
}

static void rows_expect_numbered(const struct collected *collected, size_t rows)
{
	assert_int_equal(collected->count, rows);
	for (size_t i = 0; i < rows; i++)
		row_expect(&collected->sample[i], 1, 7001, (uint16_t)i, (uint32_t)i, 0, 100000 + i);
}

static void windows_expect_ordered(const struct collected *collected, uint64_t start_ns,
				   uint64_t end_ns)
{
	for (size_t i = 0; i < collected->count; i++) {
		assert_true(collected->sample[i].read_start_ns >= start_ns);
		assert_true(collected->sample[i].read_end_ns >= collected->sample[i].read_start_ns);
		assert_true(collected->sample[i].read_end_ns <= end_ns);
		start_ns = collected->sample[i].read_start_ns;
	}
}

static void temporary_name(char *path)
{
	int fd;

	strcpy(path, "/tmp/pollgap-test-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
}

static void rows_of_any_width_are_put_together_over_reads(void **state)
{
	static const int widths[] = { 137, 149, 150, 151, 177, 211, 299, 301 };
	char path[64];

	(void)state;
	temporary_name(path);
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		for (int page_reads = 0; page_reads < 2; page_reads++) {
			struct source *source;

			rows_write(path, 1501, widths[i]);
			source = source_open(path, "/nonexistent/tcp6", page_reads);
			for (int turn = 0; turn < 3; turn++) {
				uint64_t start_ns = clock_monotonic_ns();

				assert_int_equal(turn_run(source, &got), 1501);
				rows_expect_numbered(&got, 1501);
				windows_expect_ordered(&got, start_ns, clock_monotonic_ns());
			}
			assert_int_equal(proc_tcp_unparsed(source), 0);
			source_closep(&source);
		}
	}
	unlink(path);
}

static void each_row_read_has_a_window_of_its_own(void **state)
{
	char path[64];
	struct source *source;

	(void)state;
	temporary_name(path);
	rows_write(path, 301, 150);
	source = source_open(path, "/nonexistent/tcp6", false);
	for (int turn = 0; turn < 3; turn++) {
		turn_run(source, &got);
		for (size_t i = 1; i < got.count; i++)
			assert_true(got.sample[i].read_start_ns >= got.sample[i - 1].read_end_ns);
	}
	source_closep(&source);
	unlink(path);
}

static void rows_of_one_page_share_its_window(void **state)
{
	char path[64];
	struct source *source;

	(void)state;
	temporary_name(path);
	rows_write(path, 101, 150);
	source = source_open(path, "/nonexistent/tcp6", true);
	turn_run(source, &got);
	source_closep(&source);
	unlink(path);
	assert_int_equal(got.count, 101);
	/*
	 * 4096 = 27 * 150 + 46: with the header, row 26 begins in the first page and row 27 in the
	 * second.
	 */
	assert_int_equal(got.sample[0].read_start_ns, got.sample[26].read_start_ns);
	assert_int_equal(got.sample[0].read_end_ns, got.sample[26].read_end_ns);
	assert_true(got.sample[27].read_start_ns >= got.sample[26].read_end_ns);
	assert_int_equal(got.sample[27].read_end_ns, got.sample[53].read_end_ns);
	assert_true(got.sample[54].read_start_ns >= got.sample[53].read_end_ns);
}

static void rows_that_come_and_go_between_turns_are_all_read(void **state)
{
	static const int rows[] = { 0, 1, 0, 2, 1, 3, 47, 46, 301, 300, 9, 0, 31 };
	static const int widths[] = { 150, 177 };
	char path[64];

	(void)state;
	temporary_name(path);
	for (size_t w = 0; w < 2; w++) {
		struct source *source;

		rows_write(path, 5, widths[w]);
		source = source_open(path, "/nonexistent/tcp6", false);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			rows_write(path, rows[i], widths[w]);
			assert_int_equal(turn_run(source, &got), rows[i]);
			rows_expect_numbered(&got, (size_t)rows[i]);
		}
		source_closep(&source);
	}
	unlink(path);
}

static void a_line_longer_than_all_room_is_one_loss_too(void **state)
{
	char path[64];
	FILE *file;

	(void)state;
	temporary_name(path);
	rows_write(path, 3, 150);
	file = fopen(path, "a");
	assert_non_null(file);
	for (int i = 0; i < 100001; i++)
		fputc('7', file);
	fputc('\n', file);
	fclose(file);
	for (int page_reads = 0; page_reads < 2; page_reads++) {
		struct source *source = source_open(path, "/nonexistent/tcp6", page_reads);

		assert_int_equal(turn_run(source, &got), 3);
		assert_int_equal(proc_tcp_unparsed(source), 1);
		source_closep(&source);
	}
	unlink(path);
}

static void ports_are_kept_whether_local_or_remote(void **state)
{
	const struct proc_tcp_options options = {
		.tcp_path = fixture("proc_tcp/tcp"),
		.tcp6_path = fixture("proc_tcp/tcp6"),
		.port = { 40002, 40007 },
		.ports = 2,
	};
	struct source *source;

	(void)state;
	assert_int_equal(proc_tcp_open(&options, &source, NULL), 0);
	assert_int_equal(turn_run(source, &got), 22);
	assert_int_equal(got.count, 4);
	row_expect(&got.sample[0], 1, 40002, 7001, 0, 3782144, 17114);
	row_expect(&got.sample[1], 1, 7001, 40002, 128512, 0, 17115);
	row_expect(&got.sample[2], 1, 40007, 7006, 0, 0, 17122);
	row_expect(&got.sample[3], 1, 7006, 40007, 333, 0, 17123);
	source_closep(&source);
}

static int refuse_take(void *context, enum observation kind, const void *item, size_t item_bytes)
{
	(void)kind, (void)item, (void)item_bytes;
	return ++*(int *)context == 5 ? -ENOSPC : 0;
}

static void a_sink_that_is_full_ends_the_turn(void **state)
{
	struct source *source = source_open(fixture("proc_tcp/tcp"), "/nonexistent/tcp6", false);
	int taken = 0;
	const struct sink sink = { .context = &taken, .take = refuse_take };
	struct turn turn = { 0 };

	(void)state;
	assert_int_equal(source_read(source, &sink, &turn, NULL), -ENOSPC);
	assert_int_equal(turn.rows_read, 5);
	assert_int_equal(turn_run(source, &got), 16);
	source_closep(&source);
}

static void a_file_that_cannot_be_opened_or_read_is_named(void **state)
{
	struct proc_tcp_options options = { .tcp_path = "/nonexistent/tcp" };
	const struct sink sink = { .context = &got, .take = collect_take };
	struct failure failure = { { 0 } };
	struct source *source = NULL;
	struct turn turn;

	(void)state;
	assert_int_equal(proc_tcp_open(&options, &source, &failure), -ENOENT);
	assert_null(source);
	assert_non_null(strstr(failure.text, "/nonexistent/tcp: No such file"));
	options.tcp_path = "/";
	assert_int_equal(proc_tcp_open(&options, &source, &failure), 0);
	assert_int_equal(source_read(source, &sink, &turn, &failure), -EISDIR);
	assert_string_equal(failure.text, "cannot read /: Is a directory");
	source_closep(&source);
	options.ports = 17;
	assert_int_equal(proc_tcp_open(&options, &source, &failure), -EINVAL);
}

/*
 * How many read(2) calls and their likes this process has made; -1 where the kernel does not count
 * them.
 */
static long read_calls(void)
{
	FILE *file = fopen("/proc/self/io", "r");
	char line[128];
	long calls = -1;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "syscr: %ld", &calls) == 1)
			break;
	if (file)
		fclose(file);
	return calls;
}

static void from_the_second_turn_on_no_read_is_spent_on_the_end(void **state)
{
	struct source *source = source_open(fixture("proc_tcp/tcp"), "/nonexistent/tcp6", false);
	long calls[4];
	long counting;

	(void)state;
	if (read_calls() < 0)
		skip();
	counting = read_calls();
	counting = read_calls() - counting; /* what the counting itself costs */
	for (int i = 0; i < 3; i++) {
		calls[i] = read_calls();
		turn_run(source, &got);
	}
	calls[3] = read_calls();
	source_closep(&source);
	assert_int_equal(calls[1] - calls[0] - counting, 18); /* a header, 16 rows, the end */
	assert_int_equal(calls[2] - calls[1] - counting, 17);
	assert_int_equal(calls[3] - calls[2] - counting, 17);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_rows_of_every_state_are_parsed),
		cmocka_unit_test(what_is_left_of_a_closed_socket_is_no_socket_in_fin_wait2),
		cmocka_unit_test(ipv6_rows_and_ipv4_on_an_ipv6_socket_are_parsed),
		cmocka_unit_test(a_line_that_is_cut_within_the_inode_is_no_row),
		cmocka_unit_test(an_overlong_line_is_one_loss_and_the_next_is_read),
		cmocka_unit_test(garbage_is_counted_and_rows_around_it_are_read),
		cmocka_unit_test(reads_of_rows_and_of_pages_give_the_same_rows),
		cmocka_unit_test(rows_of_any_width_are_put_together_over_reads),
		cmocka_unit_test(each_row_read_has_a_window_of_its_own),
		cmocka_unit_test(rows_of_one_page_share_its_window),
		cmocka_unit_test(rows_that_come_and_go_between_turns_are_all_read),
		cmocka_unit_test(a_line_longer_than_all_room_is_one_loss_too),
		cmocka_unit_test(ports_are_kept_whether_local_or_remote),
		cmocka_unit_test(a_sink_that_is_full_ends_the_turn),
		cmocka_unit_test(a_file_that_cannot_be_opened_or_read_is_named),
		cmocka_unit_test(from_the_second_turn_on_no_read_is_spent_on_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
