/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/session.h"

#include "base/clock.h"
#include "capture/progress.h"
#include "capture/agreement.h"
#include "capture/session_private.h"
#include "capture/waiting.h"
#include "source/probe.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

enum {
	TICK_NS = 50 * NS_PER_MS,
	TICKS_PER_S = 20,
};

/* How long the kernel's last records may take to reach the writer. */
#define DRAIN_NS (30ULL * NS_PER_S)

/* The programs are timed for one tick in each second, a different one each time: a fixed one could
 * beat with the load. */
struct timing {
	struct probe_timing stretch;
	unsigned tick; /* of the running second */
	unsigned chosen;
	bool counts;
	bool refused; /* the kernel doesn't let us count: the cost is not known then */
};

static void timing_end(struct timing *timing, struct session *session)
{
	if (!timing->counts)
		return;
	timing->counts = false;
	if (probe_timing_end(session->probe, &timing->stretch) == 0)
		writer_put_timing(session->writer, &timing->stretch);
}

static void timing_tick(struct timing *timing, struct session *session, uint64_t now_ns)
{
	timing_end(timing, session);
	if (timing->tick == timing->chosen && !timing->refused) {
		timing->refused = probe_timing_begin(session->probe, &timing->stretch) != 0;
		timing->counts = !timing->refused;
	}
	if (++timing->tick == TICKS_PER_S) {
		timing->tick = 0;
		timing->chosen = (unsigned)(now_ns / NS_PER_US % TICKS_PER_S);
	}
}

/* Waits for the next tick. Returns the signal that came, or 0. */
static int tick_wait(const sigset_t *signals, uint64_t wake_ns)
{
	uint64_t now_ns = clock_monotonic_ns();
	uint64_t wait_ns = wake_ns > now_ns ? wake_ns - now_ns : 0;
	struct timespec wait = { .tv_sec = (time_t)(wait_ns / NS_PER_S),
				 .tv_nsec = (long)(wait_ns % NS_PER_S) };
	int number = sigtimedwait(signals, NULL, &wait);

	return number > 0 ? number : 0;
}

static bool session_broken(struct session *session)
{
	if (writer_failed(session->writer))
		return true;
	for (unsigned index = 0; index < session->runners; index++) {
		const struct runner *runner = &session->runner[index];

		if (atomic_load(&runner->ended) && runner->error)
			return true;
	}
	return false;
}

static bool session_over(struct session *session, int signal_number, uint64_t now_ns)
{
	return signal_number == SIGINT || signal_number == SIGTERM || signal_number == SIGHUP ||
	       child_ended(&session->child) || session_broken(session) ||
	       (session->end_ns && now_ns >= session->end_ns);
}

/* Until its time is over, its command has ended, or a signal says so. */
static void session_wait(struct session *session, const sigset_t *signals)
{
	struct progress progress = progress_begin(session->options->verbose);
	uint64_t tick_ns = clock_monotonic_ns();
	struct timing timing = { .chosen = 1 };
	unsigned ticks = 0;

	for (;;) {
		uint64_t now_ns, wake_ns = tick_ns + TICK_NS;
		int number;

		if (session->end_ns && wake_ns > session->end_ns)
			wake_ns = session->end_ns;
		number = tick_wait(signals, wake_ns);
		now_ns = clock_monotonic_ns();
		if (session_over(session, number, now_ns))
			break;
		if (now_ns < tick_ns + TICK_NS)
			continue; /* a signal that does not matter */
		tick_ns = now_ns;
		timing_tick(&timing, session, now_ns);
		if (++ticks % TICKS_PER_S == 0) {
			struct writer_progress state = writer_progress(session->writer);

			progress_show(&progress, now_ns, session->start_ns, session->end_ns,
				      &state);
		}
	}
	timing_end(&timing, session);
	progress_end(&progress);
}

/* Takes what the ring holds, no faster than the writer: each turn promises only what it knows
 * itself. */
static int session_empty_ring(struct session *session, struct failure *failure)
{
	const struct timespec pause = { .tv_nsec = NS_PER_MS };
	struct runner *probe = &session->runner[RUNNER_OF_PROBE];
	uint64_t give_up_ns = clock_monotonic_ns() + DRAIN_NS;
	uint64_t rows = 0;
	int error = 0;

	while (!error && (rows || !probe_drained(session->probe))) {
		if (clock_monotonic_ns() > give_up_ns)
			return failure_set(
				failure, ETIMEDOUT,
				"the kernel's last records can't be had: the ring buffer does not empty");
		rows = 0;
		if (!channel_full(session->channel))
			error = runner_turn(probe, session->end_ns, 0, 0, &rows);
		if (!error && !rows)
			nanosleep(&pause, NULL);
	}
	if (error && probe->failure.text[0])
		*failure = probe->failure;
	return error;
}

/* The kernel's last records. Those of open spikes find room in the ring only if it is empty. */
static int session_drain(struct session *session, struct failure *failure)
{
	int error = session_empty_ring(session, failure);

	if (!error)
		error = session_enter(session, failure);
	if (!error)
		error = probe_collect(session->probe, failure);
	session_leave(session);
	if (!error)
		error = session_empty_ring(session, failure);
	if (error)
		atomic_store(&session->runner[RUNNER_OF_PROBE].error, error);
	return error;
}

/* Why a runner ended before its time, if one did. */
static int session_runner_error(const struct session *session, struct failure *failure)
{
	for (unsigned index = 0; index < session->runners; index++) {
		if (session->runner[index].error) {
			*failure = session->runner[index].failure;
			return session->runner[index].error;
		}
	}
	return 0;
}

/* Sets the end, has every source hand over its last, and the writer finish. */
static int session_end(struct session *session, struct failure *failure)
{
	struct clock_anchor anchor;
	struct failure later;
	int error, writer_error;

	/* What a duration has set is known to the programs already. */
	if (!session->end_ns || clock_monotonic_ns() < session->end_ns)
		session->end_ns = probe_stop(session->probe, 0);
	clock_sleep_until_ns(session->end_ns);
	for (unsigned index = 0; index < session->runners; index++)
		runner_join(&session->runner[index]);
	error = session_runner_error(session, failure);
	/* What the kernel side has measured is kept whatever befell a poller. Before it the
	 * counters' last values, so that before and after can be told. */
	if (!error)
		error = runner_turn(&session->runner[RUNNER_OF_SOFTNET], session->end_ns, 0,
				    session->end_ns, NULL);
	writer_error = session_drain(session, error ? &later : failure);
	if (!error)
		error = writer_error;
	for (unsigned index = 0; index < session->runners; index++)
		runner_pass(&session->runner[index], UINT64_MAX);
	channel_close(session->channel);
	writer_error = writer_join(session->writer, session->end_ns, failure);
	if (writer_error)
		return writer_error;
	anchor = clock_anchor_read();
	if (!error && session->options->trace)
		error = agreement_write(session->store, session->ids.capture_id, session->end_ns,
					failure);
	if (!error && session->options->trace)
		error = waiting_write(session->store, session->ids.capture_id, failure);
	writer_error = store_finish(
		session->store, session->ids.capture_id, (int64_t)session->end_ns,
		anchor.utc_ns - (int64_t)(anchor.monotonic_ns - session->end_ns), failure);
	return error ? error : writer_error;
}

/* The signals that end a capture, and the one that says that its command has ended. A signal that
 * is blocked comes although it is ignored, and nohup(1) has SIGHUP ignored. */
static void signals_block(sigset_t *ret_signals, sigset_t *ret_before)
{
	struct sigaction hang_up = { 0 };

	sigemptyset(ret_signals);
	sigaddset(ret_signals, SIGINT);
	sigaddset(ret_signals, SIGTERM);
	if (sigaction(SIGHUP, NULL, &hang_up) == 0 && hang_up.sa_handler != SIG_IGN)
		sigaddset(ret_signals, SIGHUP);
	sigaddset(ret_signals, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, ret_signals, ret_before);
}

static int session_work(struct session *session, const sigset_t *signals, bool *ret_begun,
			struct failure *failure)
{
	int error = session_open(session, failure);

	if (!error)
		error = session_begin(session, failure);
	if (error)
		return error;
	*ret_begun = true;
	session_wait(session, signals);
	return session_end(session, failure);
}

int session_run(const struct capture_options *options, int64_t *ret_capture_id,
		struct failure *failure)
{
	struct session session = { .options = options, .home_fd = -1, .netns_fd = -1 };
	sigset_t signals, before;
	bool begun = false;
	int error = runner_prepare();

	if (error)
		return failure_set(failure, -error, "a signal handler can't be set: %s",
				   strerror(-error));
	signals_block(&signals, &before);
	error = session_work(&session, &signals, &begun, failure);
	session_close(&session, begun);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		return error;
	*ret_capture_id = session.ids.capture_id;
	return session.child.pid ? session.child.status : 0;
}
