/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_JUDGE_PRIVATE_H
#define POLLGAP_JUDGE_PRIVATE_H

#include "capture/judge.h"

#include <stdbool.h>
#include <stdint.h>

/* A closed spike that waits until every poller has passed its end. */
struct waiting {
	struct record_spike spike;
	struct judge_socket *socket;
	struct waiting *key_next; /* of the same socket, gauge and threshold, by end */
	struct waiting *key_previous;
	struct waiting *next; /* of all, as they came */
	unsigned holds; /* samples that are not decided between this spike and the next one */
	bool due; /* every poller has passed it: it waits for its holds only */
	struct judge_sight sight[];
};

/*
 * A sample that shows the threshold reached after the last closed spike's end: the spike that it
 * saw is still open, and not known yet.
 */
struct pending_sample {
	uint64_t read_end_ns;
	uint32_t value_bytes;
	uint32_t samples;
};

enum {
	/* Beyond so many the older half is taken together: they are inside one open spike unless
	 * they contradict the series. */
	PENDING_MAX = 64,
	/* In per cent, before a spike is known to have begun: any of them may be inside one that
	 * is told late, so that the older half is given up. */
	PENDING_UNKNOWN_MAX = 512,
};

struct pending {
	struct pending_sample *sample;
	unsigned samples;
	unsigned room;
	uint64_t given_up_ns; /* read_end_ns of the last sample that was given up; 0: none was */
	/* The one sample that touched closed spikes and reached beyond the last one's end: the next
	 * one decides. */
	struct waiting *best; /* NULL: there is none */
	uint64_t best_overlap_ns;
	uint64_t read_start_ns;
	uint64_t read_end_ns;
	uint32_t value_bytes;
	bool ambiguous; /* it touched more than one already */
};

/* One socket, gauge and threshold. */
struct key {
	struct waiting *first;
	struct waiting *last;
	uint64_t last_end_ns; /* of the last spike that closed */
	uint64_t open_start_ns; /* of the open spike, where thresholds are in per cent */
	uint32_t open_threshold_bytes; /* 0: none is open */
	struct pending *pending; /* one for each poller, NULL until needed */
};

struct judge_socket {
	void *owner;
	struct key key[GAUGES][THRESHOLDS_MAX];
};

struct judge {
	struct judge_options options;
	judge_verdict *verdict;
	void *context;
	struct waiting *first;
	struct waiting *last;
	struct waiting *spare; /* freed ones, to be used again */
	uint64_t waiting;
	uint64_t ambiguous[POLLERS_MAX][GAUGES][THRESHOLDS_MAX];
	uint64_t unexplained[POLLERS_MAX][GAUGES][THRESHOLDS_MAX];
	uint64_t undecided;
};

static inline bool judge_in_percent(const struct judge *judge)
{
	return judge->options.threshold_bytes[0] == 0;
}

/* judge.c: hands the spike over; it waits no more. */
int waiting_judge(struct judge *judge, struct waiting *waiting);
void waiting_seen(struct waiting *waiting, unsigned poller, uint32_t value_bytes, uint32_t samples);
/* For how long a window touches it. */
uint64_t overlap_ns(const struct waiting *waiting, uint64_t read_start_ns, uint64_t read_end_ns);

/* judge_pending.c. */
int pending_release(struct judge *judge, struct pending *pending, unsigned poller, unsigned gauge,
		    unsigned threshold_index);
int pending_decide(struct judge *judge, struct pending *pending, unsigned poller,
		   struct waiting *next);
void pending_close(struct judge *judge, struct pending *pending, unsigned poller,
		   struct waiting *closed);
/* A spike in per cent has begun: what can't have seen it is dropped. */
void pending_open(struct pending *pending, uint64_t start_ns, uint32_t threshold_bytes);
/* unknown: nothing says yet that a spike has begun. */
int pending_add(struct pending *pending, const struct judge_sample *sample, uint32_t value_bytes,
		bool unknown);

#endif
