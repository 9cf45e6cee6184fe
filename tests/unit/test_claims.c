/* SPDX-License-Identifier: BSD-2-Clause */
/* What an interval says of a claim, and what the verdicts of several servers come to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/claims.h"

#include <string.h>

static const struct claim *claim_named(const char *name)
{
	const struct claim *claim = claims;

	while (claim->name && strcmp(claim->name, name) != 0)
		claim++;
	assert_non_null(claim->name);
	return claim;
}

static enum verdict judge(const char *name, int64_t place, double low, double high)
{
	const struct rule *rule = claim_rule(claim_named(name), place);
	const struct estimate estimate = {
		.median = (low + high) / 2, .low = low, .high = high, .values = 6, .interval = true
	};

	assert_non_null(rule);
	return rule_judge(rule, &estimate, NULL);
}

static enum verdict judge_back_pressure(double low, double high, double lag_low)
{
	const struct rule *rule = claim_rule(claim_named("F6"), 2);
	const struct estimate estimate = {
		.median = low, .low = low, .high = high, .values = 6, .interval = true
	};
	const struct estimate lag = {
		.median = 1, .low = lag_low, .high = 1, .values = 6, .interval = true
	};

	assert_non_null(rule);
	return rule_judge(rule, &estimate, &lag);
}

static void the_whole_interval_decides(void **state)
{
	(void)state;
	assert_int_equal(judge("F2", 1, 150, 250), VERDICT_CONFIRMED);
	assert_int_equal(judge("F2", 1, 128, 128), VERDICT_REFUTED);
	assert_int_equal(judge("F2", 1, 251, 300), VERDICT_REFUTED);
	assert_int_equal(judge("F2", 1, 149, 200), VERDICT_NOT_SETTLED);
	assert_int_equal(judge("F2", 1, 200, 251), VERDICT_NOT_SETTLED);
	assert_int_equal(judge("F1", 1, 1, 1), VERDICT_REFUTED);
	assert_int_equal(judge("F5", 2, 128, 128), VERDICT_REFUTED);
	assert_int_equal(judge("F5", 1, 128, 128), VERDICT_CONFIRMED);
}

static void a_load_without_back_pressure_tests_nothing(void **state)
{
	(void)state;
	assert_int_equal(judge_back_pressure(60e3, 190e3, 0.95), VERDICT_UNTESTED);
	assert_int_equal(judge_back_pressure(60e3, 190e3, 0.85), VERDICT_REFUTED);
	assert_int_equal(judge("F6", 2, 60e3, 190e3), VERDICT_REFUTED);
	assert_int_equal(judge_back_pressure(160e3, 540e3, 0.95), VERDICT_NOT_SETTLED);
	assert_int_equal(judge_back_pressure(4e6, 4.2e6, 0.2), VERDICT_CONFIRMED);
}

static void few_repetitions_settle_nothing(void **state)
{
	const struct estimate estimate = { .median = 200, .low = 200, .high = 200, .values = 5 };

	(void)state;
	assert_int_equal(rule_judge(claim_rule(claim_named("F2"), 1), &estimate, NULL),
			 VERDICT_TOO_FEW);
}

static void measures_without_a_rule_have_none(void **state)
{
	(void)state;
	assert_null(claim_rule(claim_named("F2"), 2));
	assert_null(claim_rule(claim_named("F8"), 0));
}

static void servers_that_differ_make_a_condition(void **state)
{
	const struct {
		unsigned servers[VERDICTS];
		const char *text;
	} cases[] = {
		{ { [VERDICT_CONFIRMED] = 3 }, "confirmed" },
		{ { [VERDICT_CONFIRMED] = 3, [VERDICT_UNTESTED] = 1 }, "confirmed" },
		{ { [VERDICT_CONFIRMED] = 3, [VERDICT_REFUTED] = 1 },
		  "confirmed with a condition: it depends on the server" },
		{ { [VERDICT_CONFIRMED] = 3, [VERDICT_NOT_SETTLED] = 1 },
		  "confirmed with a condition: not on every server" },
		{ { [VERDICT_REFUTED] = 2 }, "refuted" },
		{ { [VERDICT_REFUTED] = 2, [VERDICT_TOO_FEW] = 1 }, "refuted where it is settled" },
		{ { [VERDICT_NOT_SETTLED] = 1, [VERDICT_UNTESTED] = 1 }, "not settled" },
		{ { [VERDICT_UNTESTED] = 2 }, "can't be tested here" },
	};

	(void)state;
	for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
		assert_string_equal(verdict_of_all(cases[index].servers), cases[index].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_interval_decides),
		cmocka_unit_test(a_load_without_back_pressure_tests_nothing),
		cmocka_unit_test(few_repetitions_settle_nothing),
		cmocka_unit_test(measures_without_a_rule_have_none),
		cmocka_unit_test(servers_that_differ_make_a_condition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
