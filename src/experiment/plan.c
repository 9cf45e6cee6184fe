/* SPDX-License-Identifier: BSD-2-Clause */
#include "experiment/plan.h"

#include "base/clock.h"
#include "base/random.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All trials run in network namespaces of their own, so the port is free. */
#define PORT "23300"

/* A poll walks the namespace's hash: with few buckets and few sockets a millisecond is kept. */
enum { SMALL_HASH = 1024, REQUEST_BYTES = 300, CAP = 128 };

struct maker {
	const struct experiment_options *options;
	const struct loader *loader;
	struct plan *plan;
};

static struct trial *trial_add(struct maker *maker, unsigned block, const char *treatment)
{
	struct plan *plan = maker->plan;
	struct trial *trial = realloc(plan->trial, (plan->trials + 1) * sizeof(*trial));

	if (!trial)
		return NULL;
	plan->trial = trial;
	trial += plan->trials++;
	*trial = (struct trial){ .block = block, .hash_buckets = SMALL_HASH };
	snprintf(trial->treatment, sizeof(trial->treatment), "%s", treatment);
	return trial;
}

struct load_shape {
	const char *rate; /* as --rate takes it */
	uint64_t length_ns; /* of all its steps, or where the rate does not say */
	uint64_t connections;
	uint64_t in_flight; /* 0: no cap */
	uint64_t service_us; /* of the built-in server: what a request takes */
};

static void load_fill(const struct maker *maker, struct trial *trial,
		      const struct load_shape *shape)
{
	struct words *load = &trial->load;

	trial->connections = shape->connections;
	trial->length_ns = shape->length_ns;
	if (maker->loader->script) {
		words_add_all(load, maker->loader->script, "--json", "--port", PORT);
		words_add_all(load, "--rate", shape->rate, "--time");
	} else {
		words_add_all(&trial->server, maker->loader->binary, "load", "server", "-p", PORT);
		words_add(&trial->server, "--service");
		words_add(&trial->server, "%" PRIu64 "us", shape->service_us);
		words_add_all(load, maker->loader->binary, "load", "client", "--json", "-p", PORT);
		words_add_all(load, "--rate", shape->rate, "-d");
	}
	words_add(load, "%" PRIu64 "ms", shape->length_ns / NS_PER_MS);
	words_add(load, "--connections");
	words_add(load, "%" PRIu64, shape->connections);
	words_add(load, "--in-flight");
	words_add(load, "%" PRIu64, shape->in_flight);
	words_add(load, "--size");
	words_add(load, "%d", REQUEST_BYTES);
}

static void pollers_add(struct trial *trial, const char *const *poller)
{
	for (; *poller; poller++)
		words_add_all(&trial->capture, "--poll", *poller);
}

/* The steps of the post's load on one server, up to some 90 % of what it can do on two processors
 * that also run the load. */
struct ladder {
	const char *server; /* NULL: any other */
	unsigned warm_per_s, warm_s; /* the first step, which no finding counts: windows grow, and a
					JVM compiles */
	unsigned unseen_s; /* how much of that goes by before the capture begins */
	unsigned rate[7]; /* requests a second, to 0 */
	unsigned quick_rate[4];
};

static const struct ladder ladders[] = {
	/* The built-in server takes 50 us a request and a timer's slack: never 20,000 a second. */
	{ .server = "builtin",
	  .warm_per_s = 500,
	  .warm_s = 10,
	  .rate = { 500, 1000, 2000, 3000, 4000, 8000, 0 },
	  .quick_rate = { 1000, 3000, 22000, 0 } },
	/* It starts in 10 s, and does 9,000 requests a second at first, 50,000 after a minute. */
	{ .server = "cassandra",
	  .warm_per_s = 5000,
	  .warm_s = 50,
	  .unseen_s = 50,
	  .rate = { 5000, 10000, 20000, 30000, 40000, 50000, 0 },
	  .quick_rate = { 5000, 10000, 20000, 0 } },
	/* INSERTs, each a transaction of one process for each connection. */
	{ .server = "postgresql",
	  .warm_per_s = 2500,
	  .warm_s = 10,
	  .rate = { 2500, 5000, 10000, 20000, 30000, 40000, 0 },
	  .quick_rate = { 2500, 10000, 30000, 0 } },
	{ .warm_per_s = 5000,
	  .warm_s = 10,
	  .rate = { 5000, 10000, 20000, 40000, 60000, 80000, 0 },
	  .quick_rate = { 5000, 20000, 60000, 0 } },
};

static const struct ladder *ladder_of(const char *server)
{
	const struct ladder *ladder = ladders;

	while (ladder->server && strcmp(ladder->server, server) != 0)
		ladder++;
	return ladder;
}

/* As --rate takes them. Returns how long they are. */
static uint64_t steps_write(char *text, size_t text_bytes, const struct ladder *ladder, bool quick)
{
	const unsigned *rate = quick ? ladder->quick_rate : ladder->rate;
	unsigned step_s = quick ? 3 : 10, warm_s = quick && !ladder->unseen_s ? 3 : ladder->warm_s;
	int length = snprintf(text, text_bytes, "%u:%us", ladder->warm_per_s, warm_s);
	uint64_t length_s = warm_s;

	for (; *rate && length < (int)text_bytes; rate++) {
		length += snprintf(text + length, text_bytes - (size_t)length, ",%u:%us", *rate,
				   step_s);
		length_s += step_s;
	}
	return length_s * NS_PER_S;
}

/* The post's load: a write-heavy client whose rate goes up in steps, at most 128 requests in flight
 * on a connection; and the same without the cap. */
static int blog_make(struct maker *maker)
{
	static const char *const poller[] = { "proc:1s", "proc:100ms", "proc:10ms", "proc:1ms",
					      NULL };
	const struct ladder *ladder = ladder_of(maker->options->server);
	unsigned blocks = maker->options->quick ? 1 : 6;
	char steps[160];
	uint64_t length_ns = steps_write(steps, sizeof(steps), ladder, maker->options->quick);

	for (unsigned block = 1; block <= blocks; block++) {
		for (unsigned capped = 0; capped < 2; capped++) {
			struct load_shape shape = {
				.rate = steps,
				.length_ns = length_ns,
				.connections = 2,
				.in_flight = capped ? CAP : 0,
				.service_us = 50,
			};
			struct trial *trial =
				trial_add(maker, block, capped ? "128 in flight" : "no cap");

			if (!trial)
				return -ENOMEM;
			load_fill(maker, trial, &shape);
			words_add_all(&trial->capture, "-p", PORT, "--blog", "--softnet", "100ms",
				      "--threshold", "1K,4K,16K,64K,256K");
			if (ladder->unseen_s) {
				words_add(&trial->capture, "--warm-up");
				words_add(&trial->capture, "%us", ladder->unseen_s);
			}
			pollers_add(trial, poller);
		}
	}
	return 0;
}

/* Miss ratios of real pollers and of replayed ones over the same spikes, fixed and drawn turns. */
static int intervals_make(struct maker *maker)
{
	static const char *const poller[] = { "proc:200us", "sock_diag:1ms", "proc:2ms",
					      "proc:10ms",  "proc:50ms",     "proc:200ms",
					      "proc:1s",    "proc:10s",	     NULL };
	static const char *const aliased_poller[] = { "proc:1ms", "proc:10ms", "proc:100ms", NULL };
	static const char replay_periods[] =
		"200us,500us,1ms,2ms,5ms,10ms,20ms,50ms,100ms,200ms,500ms,1s,2s,5s,10s";
	uint64_t length_ns = (maker->options->quick ? 6ULL : 60ULL) * NS_PER_S;
	unsigned blocks = maker->options->quick ? 1 : 5;
	/* Seven tenths of what the built-in server can do, so that queues rise and fall: each
	 * request is a spike, of 1 ms and, where others wait before it, more. */
	struct load_shape shape = {
		.rate = maker->loader->script ? "20000" : "700",
		.length_ns = length_ns,
		.connections = 8,
		.in_flight = CAP,
		.service_us = 1000,
	};

	for (unsigned block = 1; block <= blocks; block++) {
		struct trial *trial = trial_add(maker, block, "load");

		if (!trial)
			return -ENOMEM;
		load_fill(maker, trial, &shape);
		words_add_all(&trial->capture, "-p", PORT, "--trace", "--threshold",
			      "256,1K,4K,16K,64K");
		pollers_add(trial, poller);
		words_add_all(&trial->replay, "--poll", replay_periods, "--repeat", "20", "--keep",
			      "counts");
		/* Bursts that keep step with the polls. */
		for (unsigned drawn = 0; drawn < 2; drawn++) {
			trial = trial_add(maker, block, drawn ? "in step, drawn turns" : "in step");
			if (!trial)
				return -ENOMEM;
			trial->length_ns = length_ns;
			trial->connections = 1;
			trial->resultless = true;
			words_add_all(&trial->load, maker->loader->binary, "load", "spikes",
				      "--every", "100ms", "--pause", "2ms", "--size", "64K",
				      "--count");
			words_add(&trial->load, "%" PRIu64,
				  (uint64_t)(length_ns / (100ULL * NS_PER_MS)));
			words_add_all(&trial->capture, "--jitter", drawn ? "uniform" : "none",
				      "--threshold", "16K");
			pollers_add(trial, aliased_poller);
		}
	}
	return 0;
}

/* What a poll costs by the number of sockets and of the hash's buckets. Which sockets there are is
 * the load's, so no port is chosen that any of them has: no sample is kept. */
static int hash_make(struct maker *maker)
{
	static const char *const poller[] = { "proc:500ms", "sock_diag:500ms", "iter:500ms", NULL };
	static const unsigned full_buckets[] = { 1024, 16384, 262144, 0 };
	static const unsigned quick_buckets[] = { 1024, 262144, 0 };
	/* Each end is one process: 20,000 descriptors are all that some machines allow even root. */
	static const unsigned full_connections[] = { 1, 500, 5000, 10000, 19900, 0 };
	static const unsigned quick_connections[] = { 1, 5000, 0 };
	const unsigned *buckets = maker->options->quick ? quick_buckets : full_buckets;
	const unsigned *connections = maker->options->quick ? quick_connections : full_connections;
	unsigned blocks = maker->options->quick ? 1 : 5;

	for (unsigned block = 1; block <= blocks; block++) {
		for (unsigned hash = 0; buckets[hash]; hash++) {
			for (unsigned count = 0; connections[count]; count++) {
				struct load_shape shape = {
					.rate = "100",
					.length_ns = 5ULL * NS_PER_S,
					.connections = connections[count],
					.in_flight = CAP,
				};
				char treatment[TREATMENT_BYTES];
				struct trial *trial;

				snprintf(treatment, sizeof(treatment), "%u buckets, %u sockets",
					 buckets[hash], connections[count] * 2);
				trial = trial_add(maker, block, treatment);
				if (!trial)
					return -ENOMEM;
				load_fill(maker, trial, &shape);
				trial->hash_buckets = buckets[hash];
				words_add_all(&trial->capture, "-p", "1");
				pollers_add(trial, poller);
			}
		}
	}
	return 0;
}

/* What measures, and what it is given: a capture's options, or else a yardstick's program. */
struct treatment {
	const char *name;
	const char *option[8];
	const char *yardstick;
};

static const struct treatment treatments[] = {
	{ .name = "nothing" },
	{ .name = "aggregate", .option = { "--poll", "proc:1h", NULL } },
	{ .name = "trace", .option = { "--poll", "proc:1h", "--trace", NULL } },
	{ .name = "aggregate, proc:1s", .option = { "--poll", "proc:1s", NULL } },
	{ .name = "aggregate, proc:100ms", .option = { "--poll", "proc:100ms", NULL } },
	{ .name = "aggregate, proc:10ms", .option = { "--poll", "proc:10ms", NULL } },
	{ .name = "aggregate, proc:1ms", .option = { "--poll", "proc:1ms", NULL } },
	{ .name = "aggregate, sock_diag:10ms", .option = { "--poll", "sock_diag:10ms", NULL } },
	{ .name = "aggregate, iter:10ms", .option = { "--poll", "iter:10ms", NULL } },
	{ .name = "empty programs", .yardstick = "empty.bpf.o" },
	{ .name = "the post's probe", .yardstick = "post.bpf.o" },
	{ .name = "a naive tracer", .yardstick = "naive.bpf.o" },
};

enum {
	TREATMENTS = sizeof(treatments) / sizeof(treatments[0]),
	QUICK_TREATMENTS = 4,
	YARDSTICKS = 3
};

static void treatment_apply(const struct maker *maker, const struct treatment *treatment,
			    struct trial *trial)
{
	if (treatment->yardstick) {
		words_add(&trial->beside, "%s/bench_attach", maker->options->yardsticks);
		words_add(&trial->beside, "%s/%s", maker->options->yardsticks,
			  treatment->yardstick);
	}
	if (!treatment->option[0])
		return;
	words_add_all(&trial->capture, "-p", PORT);
	words_add_array(&trial->capture, treatment->option);
}

/* Throughput of a closed loop, and latency at a fixed rate. */
static int overhead_make(struct maker *maker)
{
	unsigned blocks = maker->options->quick ? 2 : 10;
	unsigned count = maker->options->quick	    ? QUICK_TREATMENTS :
			 maker->options->yardsticks ? TREATMENTS :
						      TREATMENTS - YARDSTICKS;
	uint64_t length_ns = (maker->options->quick ? 2ULL : 3ULL) * NS_PER_S;

	for (unsigned block = 1; block <= blocks; block++) {
		for (unsigned index = 0; index < count * 2; index++) {
			const struct treatment *treatment = &treatments[index / 2];
			bool closed = index % 2 == 0;
			struct load_shape shape = {
				.rate = closed ? "max" : "20000",
				.length_ns = length_ns,
				.connections = 16,
				.in_flight = closed ? 1 : CAP,
			};
			char name[TREATMENT_BYTES];
			struct trial *trial;

			snprintf(name, sizeof(name), "%s: %s", treatment->name,
				 closed ? "closed loop" : "20,000 a second");
			trial = trial_add(maker, block, name);
			if (!trial)
				return -ENOMEM;
			load_fill(maker, trial, &shape);
			treatment_apply(maker, treatment, trial);
		}
	}
	return 0;
}

static const struct {
	const char *name;
	int (*make)(struct maker *maker);
} experiments[] = {
	{ "blog", blog_make },
	{ "intervals", intervals_make },
	{ "hash", hash_make },
	{ "overhead", overhead_make },
};

const char plan_names[] = "blog, hash, intervals, overhead";

/* Fisher and Yates, within each block. */
static void plan_shuffle(struct plan *plan, uint64_t seed)
{
	for (unsigned first = 0, end; first < plan->trials; first = end) {
		for (end = first; end < plan->trials; end++) {
			if (plan->trial[end].block != plan->trial[first].block)
				break;
		}
		for (unsigned index = end; index > first + 1; index--) {
			unsigned other =
				first + (unsigned)(random_share(&seed) * (double)(index - first));
			struct trial trial = plan->trial[index - 1];

			plan->trial[index - 1] = plan->trial[other];
			plan->trial[other] = trial;
		}
	}
}

int plan_make(const struct experiment_options *options, const struct loader *loader,
	      struct plan *ret_plan)
{
	struct plan plan = { 0 };
	struct maker maker = { options, loader, &plan };
	int error = -ENOENT;

	for (unsigned index = 0; index < sizeof(experiments) / sizeof(experiments[0]); index++) {
		if (strcmp(experiments[index].name, options->name) == 0)
			error = experiments[index].make(&maker);
	}
	for (unsigned index = 0; index < plan.trials && !error; index++) {
		const struct trial *trial = &plan.trial[index];

		if (trial->server.failed || trial->load.failed || trial->capture.failed ||
		    trial->replay.failed || trial->beside.failed)
			error = -ENOMEM;
	}
	if (error) {
		plan_free(&plan);
		return error;
	}
	plan_shuffle(&plan, options->seed);
	*ret_plan = plan;
	return 0;
}

void plan_free(struct plan *plan)
{
	while (plan->trials) {
		struct trial *trial = &plan->trial[--plan->trials];

		words_free(&trial->server);
		words_free(&trial->load);
		words_free(&trial->capture);
		words_free(&trial->replay);
		words_free(&trial->beside);
	}
	free(plan->trial);
	plan->trial = NULL;
}
