/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/units.h"

#include "base/failure.h"

#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static void times_are_read_with_every_unit(void **state)
{
	static const struct {
		const char *text;
		uint64_t time_ns;
	} cases[] = {
		{ "10ns", 10 },
		{ "50us", 50000 },
		{ "250ms", 250000000 },
		{ "1s", 1000000000 },
		{ "2m", 120000000000 },
		{ "1h", 3600000000000 },
		{ "0", 0 },
		{ "0s", 0 },
		{ "007s", 7000000000 },
		{ "18446744073709551615ns", UINT64_MAX },
		{ "18446744073s", 18446744073000000000U },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t time_ns = 99;

		assert_int_equal(time_parse(cases[i].text, &time_ns), 0);
		assert_int_equal(time_ns, cases[i].time_ns);
	}
}

static void times_of_another_form_are_refused_and_change_nothing(void **state)
{
	static const char *const cases[] = {
		"",
		"1",
		"00",
		"s",
		"-1s",
		"+1s",
		" 1s",
		"1s ",
		"1 s",
		"1.5s",
		"1S",
		"1sec",
		"1s1s",
		"0x1s",
		"1e3s",
		"1d",
		"99999999999999999999",
		"99999999999999999999x",
		"\xc2\xb5s",
		"1\xc2\xb5s",
		"1K",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t time_ns = 99;

		assert_int_equal(time_parse(cases[i], &time_ns), -EINVAL);
		assert_int_equal(time_ns, 99);
	}
}

static void times_that_do_not_fit_are_out_of_range(void **state)
{
	static const char *const cases[] = {
		"18446744073709551616ns", "18446744074s",	   "5124096h",
		"99999999999999999999ns", "18446744073709551615s",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t time_ns = 99;

		assert_int_equal(time_parse(cases[i], &time_ns), -ERANGE);
		assert_int_equal(time_ns, 99);
	}
}

static void sizes_are_read_in_powers_of_1024(void **state)
{
	uint64_t size_bytes = 99;

	(void)state;
	assert_int_equal(size_parse("300", &size_bytes), 0);
	assert_int_equal(size_bytes, 300);
	assert_int_equal(size_parse("4K", &size_bytes), 0);
	assert_int_equal(size_bytes, 4096);
	assert_int_equal(size_parse("3M", &size_bytes), 0);
	assert_int_equal(size_bytes, 3145728);
	assert_int_equal(size_parse("1G", &size_bytes), 0);
	assert_int_equal(size_bytes, 1073741824);
	assert_int_equal(size_parse("0", &size_bytes), 0);
	assert_int_equal(size_bytes, 0);
	assert_int_equal(size_parse("17179869183G", &size_bytes), 0);
	assert_int_equal(size_bytes, 18446744072635809792U);
}

static void sizes_of_another_form_or_too_large_are_told_apart(void **state)
{
	uint64_t size_bytes = 99;

	(void)state;
	assert_int_equal(size_parse("4k", &size_bytes), -EINVAL);
	assert_int_equal(size_parse("4KB", &size_bytes), -EINVAL);
	assert_int_equal(size_parse("-4K", &size_bytes), -EINVAL);
	assert_int_equal(size_parse("", &size_bytes), -EINVAL);
	assert_int_equal(size_parse("K", &size_bytes), -EINVAL);
	assert_int_equal(size_parse("4K,16K", &size_bytes), -EINVAL);
	assert_int_equal(size_parse("17179869184G", &size_bytes), -ERANGE);
	assert_int_equal(size_parse("18446744073709551616", &size_bytes), -ERANGE);
	assert_int_equal(size_bytes, 99);
}

static void ports_go_from_1_to_65535(void **state)
{
	uint16_t port = 99;

	(void)state;
	assert_int_equal(port_parse("0", &port), -ERANGE);
	assert_int_equal(port_parse("65536", &port), -ERANGE);
	assert_int_equal(port_parse("18446744073709551617", &port), -ERANGE);
	assert_int_equal(port_parse("", &port), -EINVAL);
	assert_int_equal(port_parse("-1", &port), -EINVAL);
	assert_int_equal(port_parse("http", &port), -EINVAL);
	assert_int_equal(port_parse("80 ", &port), -EINVAL);
	assert_int_equal(port, 99);
	assert_int_equal(port_parse("1", &port), 0);
	assert_int_equal(port, 1);
	assert_int_equal(port_parse("6379", &port), 0);
	assert_int_equal(port, 6379);
	assert_int_equal(port_parse("65535", &port), 0);
	assert_int_equal(port, 65535);
}

static void exact_forms_are_the_shortest(void **state)
{
	char text[UNITS_TEXT_BYTES];

	(void)state;
	assert_string_equal(time_format(0, text), "0");
	assert_string_equal(time_format(1, text), "1ns");
	assert_string_equal(time_format(250000000, text), "250ms");
	assert_string_equal(time_format(1500000000, text), "1500ms");
	assert_string_equal(time_format(90000000000, text), "90s");
	assert_string_equal(time_format(120000000000, text), "2m");
	assert_string_equal(time_format(3600000000000, text), "1h");
	assert_string_equal(time_format(UINT64_MAX, text), "18446744073709551615ns");
	assert_string_equal(size_format(0, text), "0");
	assert_string_equal(size_format(300, text), "300");
	assert_string_equal(size_format(16384, text), "16K");
	assert_string_equal(size_format(1536, text), "1536");
	assert_string_equal(size_format(1048576, text), "1M");
	assert_string_equal(size_format(1099511627776, text), "1024G");
}

static void exact_forms_are_read_back(void **state)
{
	char text[UNITS_TEXT_BYTES];
	uint64_t value = 1;

	(void)state;
	for (int i = 0; i < 4001; i++) {
		uint64_t back = 0;

		assert_int_equal(time_parse(time_format(value, text), &back), 0);
		assert_int_equal(back, value);
		assert_int_equal(size_parse(size_format(value, text), &back), 0);
		assert_int_equal(back, value);
		/* Covers every magnitude, round values too. */
		value = i % 3 ? value * 10 : value * 6364136223846793005U + 1442695040888963407U;
		value = value ? value : 1;
	}
}

static void times_for_reading_have_three_digits(void **state)
{
	char text[UNITS_TEXT_BYTES];

	(void)state;
	assert_string_equal(time_read(0, text), "0 ns");
	assert_string_equal(time_read(999, text), "999 ns");
	assert_string_equal(time_read(1000, text), "1 us");
	assert_string_equal(time_read(1234, text), "1.23 us");
	assert_string_equal(time_read(1235, text), "1.24 us");
	assert_string_equal(time_read(1050, text), "1.05 us");
	assert_string_equal(time_read(12340, text), "12.3 us");
	assert_string_equal(time_read(12350, text), "12.4 us");
	assert_string_equal(time_read(212000000, text), "212 ms");
	assert_string_equal(time_read(211500000, text), "212 ms");
	assert_string_equal(time_read(9995000, text), "10 ms");
	assert_string_equal(time_read(999499999, text), "999 ms");
	assert_string_equal(time_read(999500000, text), "1 s");
	assert_string_equal(time_read(59900000000, text), "59.9 s");
	assert_string_equal(time_read(90000000000, text), "1.5 min");
	assert_string_equal(time_read(UINT64_MAX, text), "5124096 h");
}

static void sizes_for_reading_have_three_digits(void **state)
{
	char text[UNITS_TEXT_BYTES];

	(void)state;
	assert_string_equal(size_read(0, text), "0 B");
	assert_string_equal(size_read(1023, text), "1023 B");
	assert_string_equal(size_read(1024, text), "1 KiB");
	assert_string_equal(size_read(1536, text), "1.5 KiB");
	assert_string_equal(size_read(122880, text), "120 KiB");
	assert_string_equal(size_read(1048575, text), "1 MiB");
	assert_string_equal(size_read(1047552, text), "1023 KiB");
	assert_string_equal(size_read(UINT64_MAX, text), "16 EiB");
	assert_string_equal(size_read(1300000000000000000, text), "1.13 EiB");
}

static void counts_have_a_comma_every_three_digits(void **state)
{
	char text[UNITS_TEXT_BYTES];

	(void)state;
	assert_string_equal(count_read(0, text), "0");
	assert_string_equal(count_read(999, text), "999");
	assert_string_equal(count_read(1000, text), "1,000");
	assert_string_equal(count_read(84120, text), "84,120");
	assert_string_equal(count_read(UINT64_MAX, text), "18,446,744,073,709,551,615");
}

static void a_failure_is_one_line_and_returns_its_error(void **state)
{
	struct failure failure = { { 0 } };
	char long_text[701];

	(void)state;
	assert_int_equal(failure_set(&failure, ENOENT, "cannot open %s", "a\nb\033[2J"), -ENOENT);
	assert_string_equal(failure.text, "cannot open a?b?[2J");
	assert_int_equal(failure_set(NULL, EPERM, "dropped"), -EPERM);

	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	assert_int_equal(failure_set(&failure, E2BIG, "%s", long_text), -E2BIG);
	assert_int_equal(strlen(failure.text), 511);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_read_with_every_unit),
		cmocka_unit_test(times_of_another_form_are_refused_and_change_nothing),
		cmocka_unit_test(times_that_do_not_fit_are_out_of_range),
		cmocka_unit_test(sizes_are_read_in_powers_of_1024),
		cmocka_unit_test(sizes_of_another_form_or_too_large_are_told_apart),
		cmocka_unit_test(ports_go_from_1_to_65535),
		cmocka_unit_test(exact_forms_are_the_shortest),
		cmocka_unit_test(exact_forms_are_read_back),
		cmocka_unit_test(times_for_reading_have_three_digits),
		cmocka_unit_test(sizes_for_reading_have_three_digits),
		cmocka_unit_test(counts_have_a_comma_every_three_digits),
		cmocka_unit_test(a_failure_is_one_line_and_returns_its_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
