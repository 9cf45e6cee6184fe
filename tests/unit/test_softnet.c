/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"
#include "base/failure.h"
#include "source/cpu_list.h"
#include "source/softnet.h"
#include "tests/unit/collect.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * The fixture with 15 columns is from a 6.18 kernel; those with 11 and 13 are written after
 * softnet_seq_show(), v4.15 and v5.10.
 */

static struct collected got;

static int turn_run(const char *path, const char *online_path, struct failure *failure)
{
	struct sink sink = collect_sink(&got);
	struct source *source = NULL;
	struct turn turn = { 0 };
	int error;

	assert_int_equal(softnet_open(path, online_path, &source, failure), 0);
	error = source_read(source, &sink, &turn, failure);
	assert_int_equal(turn.rows_read, got.count);
	source_closep(&source);
	return error;
}

static void counters_expect(size_t i, uint32_t cpu, uint64_t processed, uint64_t dropped,
			    uint64_t time_squeeze, uint64_t received_rps, uint64_t flow_limit_count)
{
	assert_int_equal(got.reading[i].cpu, cpu);
	assert_int_equal(got.reading[i].processed, processed);
	assert_int_equal(got.reading[i].dropped, dropped);
	assert_int_equal(got.reading[i].time_squeeze, time_squeeze);
	assert_int_equal(got.reading[i].received_rps, received_rps);
	assert_int_equal(got.reading[i].flow_limit_count, flow_limit_count);
}

static void gauges_expect(size_t i, int64_t backlog_packets, int64_t input_packets,
			  int64_t process_packets)
{
	assert_int_equal(got.reading[i].backlog_packets, backlog_packets);
	assert_int_equal(got.reading[i].input_packets, input_packets);
	assert_int_equal(got.reading[i].process_packets, process_packets);
}

static void fifteen_columns_hold_all_gauges(void **state)
{
	uint64_t start_ns = clock_monotonic_ns();

	(void)state;
	assert_int_equal(turn_run(fixture("softnet/columns_15"), "/nonexistent", NULL), 0);
	assert_int_equal(got.count, 2);
	counters_expect(0, 0, 283617, 0, 0, 0, 0);
	counters_expect(1, 1, 286157, 0, 2, 0, 0);
	gauges_expect(0, 0, 0, 0);
	assert_true(got.reading[0].time_ns >= start_ns);
	assert_int_equal(got.reading[1].time_ns, got.reading[0].time_ns);
}

static void every_column_lands_in_its_field(void **state)
{
	static const char text[] =
		"00000001 00000002 00000003 00000004 00000005 00000006 00000007 00000008 00000009 "
		"0000000a 0000000b 0000000c 0000000d 0000000e 0000000f\n";
	struct softnet_line line;

	(void)state;
	assert_int_equal(softnet_parse(text, sizeof(text) - 1, &line), 0);
	assert_int_equal(line.columns, 15);
	assert_int_equal(line.processed, 1);
	assert_int_equal(line.dropped, 2);
	assert_int_equal(line.time_squeeze, 3);
	assert_int_equal(line.received_rps, 10);
	assert_int_equal(line.flow_limit_count, 11);
	assert_int_equal(line.backlog_packets, 12);
	assert_int_equal(line.cpu, 13);
	assert_int_equal(line.input_packets, 14);
	assert_int_equal(line.process_packets, 15);
}

static void thirteen_columns_name_the_cpu_and_an_offline_one_has_no_line(void **state)
{
	(void)state;
	assert_int_equal(turn_run(fixture("softnet/columns_13"), "/nonexistent", NULL), 0);
	assert_int_equal(got.count, 3);
	counters_expect(0, 0, 22520769, 3, 17, 5, 0);
	counters_expect(1, 2, 12648430, 0, 2, 9, 1);
	counters_expect(2, 3, 43, 0, 0, 0, 0);
	gauges_expect(0, 7, -1, -1);
	gauges_expect(2, 31, -1, -1);
}

static void eleven_columns_are_numbered_by_the_cpus_online(void **state)
{
	(void)state;
	assert_int_equal(
		turn_run(fixture("softnet/columns_11"), fixture("softnet/online_0_2-3"), NULL), 0);
	assert_int_equal(got.count, 3);
	counters_expect(0, 0, 22520769, 3, 17, 5, 0);
	counters_expect(1, 2, 12648430, 0, 2, 9, 1);
	counters_expect(2, 3, 43, 0, 0, 0, 0);
	gauges_expect(1, -1, -1, -1);
}

static void lines_that_do_not_match_the_cpus_online_are_not_guessed(void **state)
{
	struct failure failure = { { 0 } };

	(void)state;
	assert_int_equal(turn_run(fixture("softnet/columns_11"), fixture("softnet/online_0-1"),
				  &failure),
			 -EAGAIN);
	assert_int_equal(got.count, 0);
	assert_non_null(strstr(failure.text, "cannot tell which CPU"));
	assert_int_equal(turn_run(fixture("softnet/columns_11"), "/nonexistent", &failure),
			 -ENOENT);
}

static void other_forms_are_refused_and_change_nothing(void **state)
{
	static const char good[] =
		"00000001 00000002 00000003 00000004 00000005 00000006 00000007 00000008 00000009 "
		"0000000a 0000000b";
	static const struct {
		size_t at;
		char with;
	} faults[] = { { 0, 'g' },  { 8, '0' },	  { 8, '\t' }, { 7, ' ' },
		       { 97, '-' }, { 50, '\0' }, { 1, 'x' } };
	struct softnet_line line = { .columns = 99 };
	char broken[sizeof(good)];

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		memcpy(broken, good, sizeof(good));
		broken[faults[i].at] = faults[i].with;
		assert_int_equal(softnet_parse(broken, sizeof(good) - 1, &line), -EINVAL);
	}
	assert_int_equal(softnet_parse(good, 0, &line), -EINVAL);
	assert_int_equal(softnet_parse(good, 97, &line), -EINVAL);
	assert_int_equal(softnet_parse(good, 89, &line), -EINVAL); /* ten columns */
	assert_int_equal(line.columns, 99);
	assert_int_equal(softnet_parse(good, sizeof(good) - 1, &line), 0);
	assert_int_equal(line.columns, 11);
}

static void another_number_of_columns_fails_and_names_the_file(void **state)
{
	struct failure failure = { { 0 } };

	(void)state;
	assert_int_equal(turn_run(fixture("softnet/columns_12"), NULL, &failure), -EINVAL);
	assert_int_equal(got.count, 0);
	assert_non_null(strstr(failure.text, "softnet/columns_12: a line is not of a known form"));
	assert_int_equal(softnet_open("/nonexistent/softnet", NULL, NULL, &failure), -ENOENT);
	assert_non_null(strstr(failure.text, "cannot open /nonexistent/softnet: No such file"));
}

static void copy_over(const char *from, const char *to)
{
	FILE *in = fopen(from, "r");
	FILE *out = fopen(to, "w");
	int c;

	assert_non_null(in);
	assert_non_null(out);
	while ((c = fgetc(in)) != EOF)
		fputc(c, out);
	fclose(in);
	assert_int_equal(fclose(out), 0);
}

static void counters_go_on_where_they_wrap_and_where_they_begin_anew(void **state)
{
	char path[] = "/tmp/pollgap-test-XXXXXX";
	int fd = mkstemp(path);
	struct sink sink = collect_sink(&got);
	struct source *source = NULL;
	struct turn turn;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	copy_over(fixture("softnet/wrap_before"), path);
	assert_int_equal(softnet_open(path, NULL, &source, NULL), 0);
	assert_int_equal(source_read(source, &sink, &turn, NULL), 0);
	copy_over(fixture("softnet/wrap_after"), path);
	assert_int_equal(source_read(source, &sink, &turn, NULL), 0);
	source_closep(&source);
	unlink(path);
	assert_int_equal(got.count, 2);
	counters_expect(0, 0, 4294967280, 4294967295, 2147483648, 1000, 17);
	/* Wrapped by 33, by 1; went on by 3; fell from 1000 to 1: a new beginning; stayed. */
	counters_expect(1, 0, 4294967313, 4294967296, 2147483651, 1001, 17);
}

static void a_fall_is_a_wrap_only_where_the_step_is_below_half_the_range(void **state)
{
	struct softnet_counter counter = { 0 };

	(void)state;
	assert_int_equal(softnet_count(&counter, 0x80000001), 0x80000001);
	assert_int_equal(softnet_count(&counter, 0), 0x100000000); /* a step of 2^31 - 1 */
	counter = (struct softnet_counter){ 0 };
	assert_int_equal(softnet_count(&counter, 0x80000000), 0x80000000);
	assert_int_equal(softnet_count(&counter, 0),
			 0x80000000); /* a step of 2^31 would be too far */
	assert_int_equal(softnet_count(&counter, 7), 0x80000007);
	counter = (struct softnet_counter){ 0 };
	assert_int_equal(softnet_count(&counter, 5), 5);
	assert_int_equal(softnet_count(&counter, 0xfffffff5),
			 0xfffffff5); /* a rise is what it is, however far */
}

static void more_cpus_than_a_page_holds_are_all_read(void **state)
{
	char path[] = "/tmp/pollgap-test-XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");

	(void)state;
	assert_non_null(file);
	for (unsigned cpu = 0; cpu < 501; cpu++)
		fprintf(file,
			"%08x 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 "
			"00000000 00000000 %08x\n",
			cpu * 3, cpu);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(turn_run(path, NULL, NULL), 0);
	unlink(path);
	assert_int_equal(got.count, 501);
	for (unsigned cpu = 0; cpu < 501; cpu++)
		counters_expect(cpu, cpu, cpu * 3, 0, 0, 0, 0);
}

static void lists_of_cpus_are_read(void **state)
{
	static const char *const wrong[] = { "",
					     ",",
					     "0-",
					     "-3",
					     "3-1",
					     "1,1",
					     "2,1",
					     "0,",
					     "0 1",
					     "0-3x",
					     "8192",
					     "0-8192",
					     "99999999999999999999",
					     "0\n\n",
					     "a" };
	struct cpu_list list;

	(void)state;
	assert_int_equal(cpu_list_parse("0-3,5,7-8\n", &list), 0);
	assert_int_equal(list.cpus, 7);
	assert_int_equal(list.cpu[3], 3);
	assert_int_equal(list.cpu[4], 5);
	assert_int_equal(list.cpu[6], 8);
	assert_int_equal(cpu_list_parse("0-8191", &list), 0);
	assert_int_equal(list.cpus, 8192);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(cpu_list_parse(wrong[i], &list), -EINVAL);
}

static void this_machines_own_counters_are_read(void **state)
{
	struct failure failure = { { 0 } };
	int error;

	(void)state;
	if (access("/proc/net/softnet_stat", R_OK) != 0)
		skip();
	error = turn_run(NULL, NULL, &failure);
	assert_string_equal(failure.text, "");
	assert_int_equal(error, 0);
	assert_int_equal(got.count, sysconf(_SC_NPROCESSORS_ONLN));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fifteen_columns_hold_all_gauges),
		cmocka_unit_test(every_column_lands_in_its_field),
		cmocka_unit_test(thirteen_columns_name_the_cpu_and_an_offline_one_has_no_line),
		cmocka_unit_test(eleven_columns_are_numbered_by_the_cpus_online),
		cmocka_unit_test(lines_that_do_not_match_the_cpus_online_are_not_guessed),
		cmocka_unit_test(other_forms_are_refused_and_change_nothing),
		cmocka_unit_test(another_number_of_columns_fails_and_names_the_file),
		cmocka_unit_test(counters_go_on_where_they_wrap_and_where_they_begin_anew),
		cmocka_unit_test(a_fall_is_a_wrap_only_where_the_step_is_below_half_the_range),
		cmocka_unit_test(more_cpus_than_a_page_holds_are_all_read),
		cmocka_unit_test(lists_of_cpus_are_read),
		cmocka_unit_test(this_machines_own_counters_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
