/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/csv_field.h"

#include <errno.h>
#include <float.h>

static double real_of(const char *text)
{
	double value = 99;

	assert_int_equal(csv_read_real(text, &value), 0);
	return value;
}

static void expect_real_refused(const char *text, int error)
{
	double value = 99;

	assert_int_equal(csv_read_real(text, &value), error);
	assert_true(value == 99);
}

static void expect_integer_refused(const char *text, int error)
{
	int64_t value = 99;

	assert_int_equal(csv_read_integer(text, &value), error);
	assert_int_equal(value, 99);
}

static void decimal_numbers_are_read(void **state)
{
	(void)state;
	assert_true(real_of("0") == 0);
	assert_true(real_of("-12.5") == -12.5);
	assert_true(real_of("1e300") == 1e300);
	assert_true(real_of("25E-1") == 2.5);
	assert_true(real_of("1.7976931348623157e+308") == DBL_MAX);
	assert_true(real_of("4.9406564584124654e-324") == DBL_TRUE_MIN);
}

static void what_is_no_plain_decimal_number_is_refused(void **state)
{
	static const char *const texts[] = {
		"",    "-",  "nan", "inf", "-Infinity", "0x10", "0x1p4", " 1",	"\t1",
		"\n1", "1 ", "+1",  "1e",  "1e+",	"1.",	".5",	 "--1", "1,5",
	};

	(void)state;
	for (size_t index = 0; index < sizeof(texts) / sizeof(texts[0]); index++) {
		expect_real_refused(texts[index], -EINVAL);
		expect_integer_refused(texts[index], -EINVAL);
	}
	expect_integer_refused("1.5", -EINVAL);
	expect_integer_refused("1e3", -EINVAL);
}

static void numbers_out_of_range_are_refused(void **state)
{
	int64_t value = 0;

	(void)state;
	expect_real_refused("1e999", -ERANGE);
	expect_real_refused("-1e309", -ERANGE);
	expect_real_refused("1e-999", -ERANGE);
	expect_integer_refused("9223372036854775808", -ERANGE);
	expect_integer_refused("-9223372036854775809", -ERANGE);
	assert_int_equal(csv_read_integer("-9223372036854775808", &value), 0);
	assert_true(value == INT64_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decimal_numbers_are_read),
		cmocka_unit_test(what_is_no_plain_decimal_number_is_refused),
		cmocka_unit_test(numbers_out_of_range_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
