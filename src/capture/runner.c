/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/runner.h"

#include "base/clock.h"
#include "capture/batch.h"
#include "source/source.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

#define WAKE_SIGNAL SIGUSR1

static void wake_handle(int signal_number)
{
	(void)signal_number;
}

int runner_prepare(void)
{
	struct sigaction action = { .sa_handler =
					    wake_handle }; /* no SA_RESTART: it must end a sleep */

	return sigaction(WAKE_SIGNAL, &action, NULL) < 0 ? -errno : 0;
}

int runner_turn(struct runner *runner, uint64_t scheduled_ns, uint64_t missed_turns,
		uint64_t passed_ns, uint64_t *ret_rows)
{
	struct batch *batch = batch_new(runner->index);
	struct sink sink = { .context = batch, .take = batch_take };
	uint64_t cpu_ns = clock_thread_cpu_ns();
	struct turn turn = { 0 };
	int error;

	if (!batch)
		return failure_set(&runner->failure, ENOMEM, "out of memory");
	batch->turn = true;
	batch->scheduled_ns = scheduled_ns;
	batch->missed_turns = missed_turns;
	batch->start_ns = clock_monotonic_ns();
	error = source_read(runner->source, &sink, &turn, &runner->failure);
	batch->end_ns = clock_monotonic_ns();
	batch->cpu_ns = clock_thread_cpu_ns() - cpu_ns;
	batch->rows_read = turn.rows_read;
	batch->passed_ns = runner->promises && !passed_ns ? turn.passed_ns : passed_ns;
	atomic_fetch_add(&runner->turns, 1);
	atomic_fetch_add(&runner->missed_turns, missed_turns);
	atomic_fetch_add(&runner->cpu_ns, batch->cpu_ns);
	if (ret_rows)
		*ret_rows = turn.rows_read;
	channel_put(runner->channel, batch);
	return error;
}

int runner_pass(struct runner *runner, uint64_t passed_ns)
{
	struct batch *batch = batch_new(runner->index);

	if (!batch)
		return -ENOMEM;
	batch->passed_ns = passed_ns;
	channel_put(runner->channel, batch);
	return 0;
}

static void *runner_run(void *context)
{
	struct runner *runner = context;

	while (!atomic_load(&runner->stop) && runner->schedule.next_ns < runner->end_ns) {
		uint64_t scheduled_ns, missed_turns;

		if (schedule_wait(&runner->schedule, &clock_monotonic, &scheduled_ns,
				  &missed_turns) != 0)
			continue; /* a signal: look whether it means the end */
		if (scheduled_ns >= runner->end_ns)
			break;
		if (runner->waits && channel_full(runner->channel))
			continue;
		runner->error = runner_turn(runner, scheduled_ns, missed_turns,
					    runner->promises ? 0 : runner->schedule.next_ns, NULL);
		if (runner->error)
			break;
	}
	atomic_store(&runner->ended, true);
	return NULL;
}

static int runner_prioritise(struct runner *runner, pthread_attr_t *attributes)
{
	struct sched_param parameters = { .sched_priority = (int)runner->realtime_priority };
	int error;

	if (!runner->realtime_priority)
		return 0;
	error = pthread_attr_setinheritsched(attributes, PTHREAD_EXPLICIT_SCHED);
	if (!error)
		error = pthread_attr_setschedpolicy(attributes, SCHED_FIFO);
	if (!error)
		error = pthread_attr_setschedparam(attributes, &parameters);
	return error;
}

int runner_start(struct runner *runner, uint64_t first_ns, uint64_t period_ns, uint64_t end_ns,
		 struct failure *failure)
{
	pthread_attr_t attributes;
	int error;

	schedule_start_jittered(&runner->schedule, first_ns, period_ns, runner->jitter,
				runner->seed);
	runner->end_ns = end_ns;
	pthread_attr_init(&attributes);
	error = runner_prioritise(runner, &attributes);
	if (!error)
		error = pthread_create(&runner->thread, &attributes, runner_run, runner);
	pthread_attr_destroy(&attributes);
	if (error == EPERM)
		return failure_set(
			failure, error,
			"real-time priority %u is refused to this user: leave --realtime out, or run it as root",
			runner->realtime_priority);
	if (error)
		return failure_set(failure, error, "a thread can't be started: %s",
				   strerror(error));
	runner->started = true;
	return 0;
}

void runner_join(struct runner *runner)
{
	const struct timespec pause = { .tv_nsec = NS_PER_MS };

	if (!runner->started)
		return;
	atomic_store(&runner->stop, true);
	/* Again and again: a signal that comes between the look at stop and the sleep would be
	 * lost. */
	while (!atomic_load(&runner->ended)) {
		pthread_kill(runner->thread, WAKE_SIGNAL);
		nanosleep(&pause, NULL);
	}
	pthread_join(runner->thread, NULL);
	runner->started = false;
}
