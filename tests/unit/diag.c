/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/diag.h"

#include "base/clock.h"
#include "base/failure.h"
#include "source/sock_diag.h"
#include "tests/unit/collect.h"

#include <sys/socket.h>

uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t cookie_bytes = sizeof(cookie);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &cookie_bytes), 0);
	return cookie;
}

struct source *diag_open(uint16_t port)
{
	const struct sock_diag_options options = {
		.filter = { .port = { port }, .ports = port != 0 }, /* 0: all */
	};
	struct failure failure = { { 0 } };
	struct source *source = NULL;

	assert_int_equal(sock_diag_open(&options, &source, &failure), 0);
	return source;
}

void diag_poll(struct source *source, struct collected *got)
{
	struct sink sink = collect_sink(got);
	struct failure failure = { { 0 } };
	struct turn turn;
	uint64_t start_ns = clock_monotonic_ns();

	assert_int_equal(source_read(source, &sink, &turn, &failure), 0);
	assert_string_equal(failure.text, "");
	assert_true(turn.rows_read >= got->count);
	for (size_t i = 0; i < got->count; i++) {
		assert_true(got->sample[i].read_start_ns >= start_ns);
		assert_true(got->sample[i].read_end_ns >= got->sample[i].read_start_ns);
		assert_true(got->sample[i].read_end_ns <= clock_monotonic_ns());
	}
	assert_int_equal(sock_diag_interrupted(source), 0);
}

const struct sample *sample_of(const struct collected *got, int fd)
{
	const struct sample *found = NULL;
	uint64_t cookie = cookie_of(fd);

	for (size_t i = 0; i < got->count; i++) {
		if (got->sample[i].cookie != cookie)
			continue;
		assert_null(found);
		found = &got->sample[i];
	}
	return found;
}
