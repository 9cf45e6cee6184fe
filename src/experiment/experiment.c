/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* pipe2() */
#include "experiment/experiment.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/failure.h"
#include "base/units.h"
#include "experiment/facts.h"
#include "experiment/trial.h"
#include "store/store_experiment.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, VERSION_BYTES = 256 };

/* What a trial takes besides its load: to begin and end a capture. */
#define TRIAL_EXTRA_NS (2ULL * NS_PER_S)

struct run {
	const struct experiment_options *options;
	struct stage stage;
	struct plan plan;
	struct failure *failure;
	int64_t experiment_id;
	unsigned failed;
	char binary[PATH_BYTES];
	char script[PATH_BYTES];
	char version[VERSION_BYTES];
};

static void interrupted(int signal_number)
{
	(void)signal_number; /* waitpid() returns with EINTR */
}

/* Where the workloads are: as named, or beside the folder that the binary was built in. */
static int script_find(struct run *run, struct loader *ret_loader)
{
	char folder[PATH_BYTES];

	ret_loader->binary = run->binary;
	ret_loader->script = NULL;
	if (strcmp(run->options->server, "builtin") == 0)
		return 0;
	if (run->options->workloads) {
		snprintf(folder, sizeof(folder), "%s", run->options->workloads);
	} else {
		char copy[PATH_BYTES];

		snprintf(copy, sizeof(copy), "%s", run->binary);
		snprintf(folder, sizeof(folder), "%.3900s/../analysis/workloads", dirname(copy));
	}
	snprintf(run->script, sizeof(run->script), "%.3900s/%.64s", folder, run->options->server);
	if (strchr(run->options->server, '/') || access(run->script, X_OK) < 0)
		return failure_set(
			run->failure, ENOENT,
			"there is no workload '%s' in %s: name one of its scripts, or 'builtin'; --workloads says where they are",
			run->options->server, folder);
	ret_loader->script = run->script;
	return 0;
}

/* In the new process: never returns. */
static void version_execute(const struct run *run, int answer_fd)
{
	if (dup2(answer_fd, STDOUT_FILENO) >= 0 && dup2(answer_fd, STDERR_FILENO) >= 0)
		execl(run->script, run->script, "--version", (char *)NULL);
	_exit(127);
}

/* The script's first line and its status. */
static int version_read(struct run *run)
{
	_cleanup_(fclosep) FILE *answer = NULL;
	int fd[2], status;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		version_execute(run, fd[1]);
	close(fd[1]);
	answer = fdopen(fd[0], "r");
	if (!answer || !fgets(run->version, sizeof(run->version), answer))
		run->version[0] = '\0';
	run->version[strcspn(run->version, "\n")] = '\0';
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -ECHILD;
	return status == 0 ? 0 : -ENOENT;
}

/* A workload that can't run here says so now, not in each of its trials. */
static int version_ask(struct run *run)
{
	if (!run->script[0] || version_read(run) == 0)
		return 0;
	return failure_set(run->failure, ENOENT, "%s",
			   run->version[0] ? run->version : "the workload does not answer");
}

static uint64_t time_left_ns(const struct plan *plan, unsigned from)
{
	uint64_t left_ns = 0;

	for (unsigned index = from; index < plan->trials; index++)
		left_ns += plan->trial[index].length_ns + TRIAL_EXTRA_NS;
	return left_ns;
}

static void progress_show(const struct run *run, unsigned index)
{
	const struct trial *trial = &run->plan.trial[index];
	char left[UNITS_TEXT_BYTES];

	fprintf(stderr, "[%u/%u] block %u, %s; about %s left\n", index + 1, run->plan.trials,
		trial->block, trial->treatment, time_read(time_left_ns(&run->plan, index), left));
}

static int trial_keep(struct run *run, const struct trial *trial, const struct outcome *outcome,
		      int64_t before)
{
	struct trial_row row = {
		.experiment_id = run->experiment_id,
		.block = trial->block,
		.treatment = trial->treatment,
		.hash_buckets = (int64_t)trial->hash_buckets,
		.connections = (int64_t)trial->connections,
		.command_line = outcome->command_line ? outcome->command_line : "",
		.start_ns = (int64_t)outcome->start_ns,
		.end_ns = (int64_t)outcome->end_ns,
		.failure = outcome->reason[0] ? outcome->reason : NULL,
		.result = outcome->result,
	};
	int64_t last = 0;
	int error = store_last_capture(run->options->path, &last, run->failure);

	if (error)
		return error;
	if (trial->capture.words && last > before)
		row.capture_id = before + 1;
	if (row.capture_id && last > before + 1)
		row.replay_capture_id = last;
	return store_experiment_trial(run->options->path, &row, run->failure);
}

static int trials_run(struct run *run)
{
	struct outcome outcome = { 0 };
	int error = 0;

	for (unsigned index = 0; index < run->plan.trials && !error; index++) {
		const struct trial *trial = &run->plan.trial[index];
		int64_t before;
		bool stopped;

		progress_show(run, index);
		error = store_last_capture(run->options->path, &before, run->failure);
		if (!error)
			error = trial_run(&run->stage, trial, &outcome, run->failure);
		if (error)
			break;
		if (outcome.reason[0]) {
			run->failed++;
			fprintf(stderr, "pollgap experiment: block %u, %s failed: %s\n",
				trial->block, trial->treatment, outcome.reason);
		}
		error = trial_keep(run, trial, &outcome, before);
		stopped = outcome.interrupted;
		outcome_free(&outcome);
		if (stopped && !error)
			return failure_set(run->failure, EINTR,
					   "interrupted: %s holds the %u trials until then",
					   run->options->path, index + 1);
	}
	return error;
}

static int run_begin(struct run *run)
{
	char *line = words_line(run->options->command_line);
	struct experiment_row row = {
		.name = run->options->name,
		.server = run->options->server,
		.server_version = run->version[0] ? run->version : NULL,
		.quick = run->options->quick,
		.seed = (int64_t)run->options->seed,
		.command_line = line ? line : "",
		.tool_version = POLLGAP_VERSION,
		.start_utc_ns = clock_anchor_read().utc_ns,
	};
	int error =
		store_experiment_begin(run->options->path, &row, experiment_facts, run->failure);

	run->experiment_id = row.experiment_id;
	free(line);
	return error;
}

/* A trial ends with Ctrl-C, and is kept. */
static void signals_catch(void)
{
	struct sigaction action = { .sa_handler = interrupted };

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

int experiment_run(const struct experiment_options *options, struct failure *failure)
{
	struct run run = { .options = options, .failure = failure };
	struct loader loader;
	ssize_t bytes = readlink("/proc/self/exe", run.binary, sizeof(run.binary) - 1);
	int error;

	if (bytes < 0)
		return failure_set(failure, errno, "/proc/self/exe: %s", strerror(errno));
	error = script_find(&run, &loader);
	if (!error)
		error = version_ask(&run);
	if (error)
		return error;
	error = plan_make(options, &loader, &run.plan);
	if (error == -ENOENT)
		return failure_set(failure, ENOENT, "there is no experiment '%s': allowed are %s",
				   options->name, plan_names);
	if (error)
		return failure_set(failure, -error, "out of memory");
	run.stage = (struct stage){ .binary = run.binary,
				    .path = options->path,
				    .label = options->name };
	error = stage_begin(&run.stage, failure);
	if (!error) {
		signals_catch();
		error = run_begin(&run);
		if (!error)
			error = trials_run(&run);
		if (!error)
			error = store_experiment_end(options->path, run.experiment_id,
						     clock_anchor_read().utc_ns, failure);
		stage_end(&run.stage);
	}
	plan_free(&run.plan);
	return error ? error : (int)run.failed;
}
