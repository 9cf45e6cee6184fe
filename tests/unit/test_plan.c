/* SPDX-License-Identifier: BSD-2-Clause */
#include "experiment/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static const struct loader builtin = { .binary = "/pollgap" };
static const struct loader script = { .binary = "/pollgap", .script = "/workloads/redis" };

static struct plan planned(const char *name, const struct loader *loader, uint32_t seed)
{
	const struct experiment_options options = { .name = name,
						    .server = loader->script ? "redis" : "builtin",
						    .quick = true,
						    .seed = seed };
	struct plan plan;

	assert_int_equal(plan_make(&options, loader, &plan), 0);
	assert_true(plan.trials > 1);
	return plan;
}

static unsigned times_in_block(const struct plan *plan, unsigned block, const char *treatment)
{
	unsigned times = 0;

	for (unsigned index = 0; index < plan->trials; index++)
		times += plan->trial[index].block == block &&
			 strcmp(plan->trial[index].treatment, treatment) == 0;
	return times;
}

static void each_treatment_is_once_in_each_block(void **state)
{
	static const char *const name[] = { "blog", "hash", "intervals", "overhead" };

	(void)state;
	for (unsigned experiment = 0; experiment < 4; experiment++) {
		struct plan plan = planned(name[experiment], &builtin, 3);

		for (unsigned index = 0; index < plan.trials; index++) {
			unsigned last = plan.trial[plan.trials - 1].block;

			for (unsigned block = 1; block <= last; block++)
				assert_int_equal(times_in_block(&plan, block,
								plan.trial[index].treatment),
						 1);
		}
		plan_free(&plan);
	}
}

static bool same_order(const struct plan *left, const struct plan *right)
{
	assert_int_equal(left->trials, right->trials);
	for (unsigned index = 0; index < left->trials; index++) {
		if (strcmp(left->trial[index].treatment, right->trial[index].treatment) != 0)
			return false;
	}
	return true;
}

static void the_order_follows_from_the_seed(void **state)
{
	struct plan plan = planned("overhead", &builtin, 1);
	struct plan again = planned("overhead", &builtin, 1);
	struct plan other = planned("overhead", &builtin, 2);

	(void)state;
	assert_true(same_order(&plan, &again));
	assert_false(same_order(&plan, &other));
	plan_free(&plan);
	plan_free(&again);
	plan_free(&other);
}

/* A workload's script brings its own server. */
static void the_built_in_load_has_a_server_of_its_own(void **state)
{
	struct plan plan = planned("blog", &builtin, 1);

	(void)state;
	assert_string_equal(plan.trial[0].server.word[0], "/pollgap");
	assert_string_equal(plan.trial[0].load.word[0], "/pollgap");
	plan_free(&plan);
	plan = planned("blog", &script, 1);
	assert_int_equal(plan.trial[0].server.words, 0);
	assert_string_equal(plan.trial[0].load.word[0], "/workloads/redis");
	plan_free(&plan);
}

static const char *word_after(const struct words *words, const char *name)
{
	for (size_t index = 0; index + 1 < words->words; index++) {
		if (strcmp(words->word[index], name) == 0)
			return words->word[index + 1];
	}
	return "";
}

/* Cassandra's first step goes by before the capture begins. */
static void a_load_begins_with_a_step_of_warm_up(void **state)
{
	const struct experiment_options options = { .name = "blog", .server = "cassandra" };
	struct plan plan = planned("blog", &builtin, 1);

	(void)state;
	assert_string_equal(word_after(&plan.trial[0].load, "--rate"),
			    "500:3s,1000:3s,3000:3s,22000:3s");
	assert_string_equal(word_after(&plan.trial[0].load, "-d"), "12000ms");
	assert_string_equal(word_after(&plan.trial[0].capture, "--warm-up"), "");
	plan_free(&plan);
	assert_int_equal(plan_make(&options, &script, &plan), 0);
	assert_string_equal(word_after(&plan.trial[0].load, "--rate"),
			    "5000:50s,5000:10s,10000:10s,20000:10s,30000:10s,40000:10s,50000:10s");
	assert_string_equal(word_after(&plan.trial[0].load, "--time"), "110000ms");
	assert_string_equal(word_after(&plan.trial[0].capture, "--warm-up"), "50s");
	plan_free(&plan);
}

static void an_experiment_that_there_is_not_is_refused(void **state)
{
	const struct experiment_options options = { .name = "blogs" };
	struct plan plan;

	(void)state;
	assert_int_equal(plan_make(&options, &builtin, &plan), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_treatment_is_once_in_each_block),
		cmocka_unit_test(the_order_follows_from_the_seed),
		cmocka_unit_test(the_built_in_load_has_a_server_of_its_own),
		cmocka_unit_test(a_load_begins_with_a_step_of_warm_up),
		cmocka_unit_test(an_experiment_that_there_is_not_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
