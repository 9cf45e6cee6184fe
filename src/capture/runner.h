/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_RUNNER_H
#define POLLGAP_RUNNER_H

#include "base/failure.h"
#include "source/schedule.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct channel;
struct source;

/* A thread of its own that reads one source, turn by turn, on an absolute schedule. */
struct runner {
	/* Set by the caller before runner_start(). */
	unsigned index; /* batch.runner */
	struct source *source;
	struct channel *channel;
	unsigned realtime_priority; /* SCHED_FIFO; 0: ordinary */
	enum jitter jitter;
	uint64_t seed; /* of the jitter */
	bool promises; /* the source itself says what it has passed (the probe); else the next
			  turn's time is it */
	bool waits; /* it lets a turn go by while the channel is full, rather than lose what it
		       reads */
	/* Its own. */
	struct schedule schedule;
	pthread_t thread;
	bool started;
	atomic_bool stop; /* no turn begins after this is set */
	atomic_bool ended;
	uint64_t end_ns; /* no turn is due at or after this */
	atomic_ullong turns;
	atomic_ullong missed_turns;
	atomic_ullong cpu_ns; /* of all turns */
	struct failure failure; /* why it ended early; read it after runner_join() */
	atomic_int error; /* set before ended is */
};

/* Its first turn is due at first_ns, and none at or after end_ns (UINT64_MAX: until runner_join()).
 * Returns 0 or -errno. */
int runner_start(struct runner *runner, uint64_t first_ns, uint64_t period_ns, uint64_t end_ns,
		 struct failure *failure);

/* Ends it, out of its sleep too, and waits for the turn that runs. */
void runner_join(struct runner *runner);

/* One turn by the calling thread; the last ones of a capture are. passed_ns: what the batch
 * promises. */
int runner_turn(struct runner *runner, uint64_t scheduled_ns, uint64_t missed_turns,
		uint64_t passed_ns, uint64_t *ret_rows);

/* A batch without a turn: the source has passed this time. */
int runner_pass(struct runner *runner, uint64_t passed_ns);

/* The signal that ends a runner's sleep gets a handler that does nothing. Once, before the first
 * runner. */
int runner_prepare(void);

#endif
