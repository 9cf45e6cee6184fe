/* SPDX-License-Identifier: BSD-2-Clause */
/* The instant at which a measurement ends parts what happened before it from what happened after
 * it, beside traffic that does not stop for it. What changed between an early start and its telling
 * can't be seen from here: the walk dates what it finds at the start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/failure.h"
#include "source/backend.h"
#include "source/probe.h"
#include "traffic.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MEASURED_NS = 53 * NS_PER_MS, ENDINGS = 7 };

struct echo {
	int client;
	int server;
	pthread_t thread;
	atomic_bool stop;
};

/* One byte there, one byte back, without a pause. */
static void *echo_run(void *context)
{
	struct echo *echo = context;
	char byte = 'x';

	while (!atomic_load(&echo->stop)) {
		if (write(echo->client, &byte, 1) != 1 || read(echo->server, &byte, 1) != 1)
			break;
		if (write(echo->server, &byte, 1) != 1 || read(echo->client, &byte, 1) != 1)
			break;
	}
	return NULL;
}

/* What was told of spikes and periods, beside the beginning and the end of it all. */
struct told {
	uint64_t start_ns;
	uint64_t stop_ns;
	uint64_t last_ns; /* the last spike's end */
	unsigned spikes;
	unsigned late; /* by the probe's own count */
	unsigned outside; /* begin before the start, or end after the end, or before they begin */
};

static void told_stretch(struct told *told, uint64_t start_ns, uint64_t peak_ns, uint64_t end_ns)
{
	if (start_ns < told->start_ns || peak_ns < start_ns || end_ns < peak_ns ||
	    end_ns > told->stop_ns)
		told->outside++;
	if (end_ns > told->last_ns)
		told->last_ns = end_ns;
}

static int told_take(void *context, enum observation kind, const void *item, size_t item_bytes)
{
	const struct record_header *header = item;
	const struct record_spike *spike = item;
	const struct record_backlog *backlog = item;
	const struct record_summary *summary = item;
	struct told *told = context;

	assert_int_equal(kind, OBSERVE_RECORD);
	assert_true(item_bytes >= sizeof(*header));
	switch (header->type) {
	case RECORD_SPIKE:
		told->spikes++;
		told_stretch(told, spike->start_ns, spike->peak_ns, spike->end_ns);
		break;
	case RECORD_BACKLOG:
		told->spikes++;
		told_stretch(told, backlog->start_ns, backlog->peak_ns, backlog->end_ns);
		break;
	case RECORD_SUMMARY:
		told_stretch(told, summary->start_ns, summary->peak_ns, summary->end_ns);
		break;
	default:
		break;
	}
	return 0;
}

static struct source *probe_new(uint16_t port)
{
	struct failure failure = { 0 };
	struct source *source = NULL;
	struct stat netns;
	struct probe_options options = {
		.backend = backend_find(getenv("POLLGAP_TEST_BACKEND") ?: "tp_btf"),
		.threshold = { 1 },
		.thresholds = 1,
		.port = { port },
		.ports = 1,
		.backlog_threshold_packets = { 1 },
		.backlog_thresholds = 1,
		.summary_period_ns = 11 * NS_PER_MS,
		.ring_bytes = 1 << 24,
	};

	assert_int_equal(stat("/proc/self/ns/net", &netns), 0);
	options.netns_inode = (uint32_t)netns.st_ino;
	if (probe_open(&options, &source, &failure) != 0)
		fail_msg("%s", failure.text);
	return source;
}

static int count_late(void *context, const char *cause, uint64_t count)
{
	struct told *told = context;

	if (strcmp(cause, "told_late") == 0)
		told->late = (unsigned)count;
	return 0;
}

/* A measurement beside the traffic. Its end is asked for as one that is over already. */
static struct told measure(uint16_t port)
{
	_cleanup_(source_closep) struct source *probe = probe_new(port);
	struct told told = { 0 };
	const struct sink sink = { .context = &told, .take = told_take };
	struct failure failure = { 0 };
	struct turn turn;
	uint64_t asked_ns;

	probe_wake(probe);
	assert_int_equal(probe_start(probe, &told.start_ns, &failure), 0);
	assert_true(told.start_ns <= clock_monotonic_ns());
	clock_sleep_until_ns(told.start_ns + MEASURED_NS);
	asked_ns = clock_monotonic_ns() - NS_PER_MS;
	told.stop_ns = probe_stop(probe, asked_ns);
	assert_true(told.stop_ns > asked_ns);

	assert_int_equal(probe_stop(probe, told.stop_ns + NS_PER_S), told.stop_ns);
	clock_sleep_until_ns(told.stop_ns);
	while (!probe_drained(probe))
		assert_int_equal(source_read(probe, &sink, &turn, &failure), 0);
	assert_int_equal(probe_collect(probe, &failure), 0);
	while (!probe_drained(probe))
		assert_int_equal(source_read(probe, &sink, &turn, &failure), 0);
	probe_losses(probe, count_late, &told);
	return told;
}

static void nothing_is_told_of_what_lies_beyond_the_end(void **state)
{
	struct echo echo = { .stop = false };
	unsigned late = 0;
	uint16_t port;
	int fd;

	(void)state;
	if (traffic_refusal()) {
		print_message("# %s\n", traffic_refusal());
		skip();
	}
	fd = traffic_listen(CARRIER_IPV4, &port);
	echo.client = traffic_connect(CARRIER_IPV4, fd, &echo.server);
	assert_int_equal(pthread_create(&echo.thread, NULL, echo_run, &echo), 0);
	for (unsigned ending = 0; ending < ENDINGS; ending++) {
		struct told told = measure(port);

		assert_true(told.spikes > 100);
		assert_true(told.last_ns > told.start_ns);
		late += told.late;
		if (!told.late)
			assert_int_equal(told.outside, 0);
	}
	/* A thread that loses its processor right before it tells the programs says so. */
	assert_true(late <= 1);
	atomic_store(&echo.stop, true);
	pthread_join(echo.thread, NULL);
	close(echo.client);
	close(echo.server);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_told_of_what_lies_beyond_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
