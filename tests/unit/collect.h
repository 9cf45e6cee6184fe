/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_TEST_COLLECT_H
#define POLLGAP_TEST_COLLECT_H

#include "source/source.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

/*
 * The build may say where the fixtures lie; a test that is run from the project's root finds them
 * by itself.
 */
#ifndef FIXTURES_DIR
#define FIXTURES_DIR "tests/fixtures"
#endif

enum { COLLECT_MAX = 4001 };

/* What a source handed over. */
struct collected {
	size_t count;
	struct sample sample[COLLECT_MAX];
	struct softnet_reading reading[COLLECT_MAX];
};

static inline int collect_take(void *context, enum observation kind, const void *item,
			       size_t item_bytes)
{
	struct collected *collected = context;

	assert_true(collected->count < COLLECT_MAX);
	if (kind == OBSERVE_SAMPLE) {
		assert_int_equal(item_bytes, sizeof(struct sample));
		memcpy(&collected->sample[collected->count], item, item_bytes);
	} else {
		assert_int_equal(kind, OBSERVE_SOFTNET);
		assert_int_equal(item_bytes, sizeof(struct softnet_reading));
		memcpy(&collected->reading[collected->count], item, item_bytes);
	}
	collected->count++;
	return 0;
}

static inline struct sink collect_sink(struct collected *collected)
{
	collected->count = 0;
	return (struct sink){ .context = collected, .take = collect_take };
}

/* A path below the fixtures, good until the second call after. */
static inline const char *fixture(const char *name)
{
	static char path[2][512];
	static unsigned turn;

	turn ^= 1;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", FIXTURES_DIR, name);
	return path[turn];
}

#endif
