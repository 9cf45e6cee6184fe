/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_PLAN_H
#define POLLGAP_PLAN_H

#include "experiment/experiment.h"
#include "experiment/words.h"

#include <stddef.h>

enum { TREATMENT_BYTES = 48 };

/* One run: a load, and what measures it. */
struct trial {
	unsigned block; /* counted from 1: each treatment is once in each */
	char treatment[TREATMENT_BYTES]; /* what sets it apart from the others of its block */
	uint64_t hash_buckets; /* of the network namespace that it runs in */
	uint64_t connections; /* of the load */
	uint64_t length_ns; /* of the load by its plan */
	struct words server; /* of the built-in load; none: the load brings its own */
	struct words load; /* prints its result as JSON, */
	bool resultless; /* or what nobody needs */
	struct words beside; /* says "attached" and runs until it is ended; none: nothing does */
	struct words capture; /* options of 'pollgap capture', none: nothing measures */
	struct words replay; /* options of 'pollgap replay' afterwards, none: no replay */
};

struct plan {
	struct trial *trial;
	unsigned trials;
};

/* How loads are made: the binary and the workload's script. */
struct loader {
	const char *binary;
	const char *script; /* NULL: the built-in server and client */
};

/* The names of all experiments, for people: "blog, hash, intervals, overhead". */
extern const char plan_names[];

/* -ENOENT: no experiment has this name. */
int plan_make(const struct experiment_options *options, const struct loader *loader,
	      struct plan *ret_plan);

void plan_free(struct plan *plan);

#endif
