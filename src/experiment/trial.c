/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* pipe2() */
#include "experiment/trial.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/failure.h"
#include "experiment/small_netns.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RESULT_BYTES_MAX = 1 << 20, PATH_BYTES = 128 };

/* The files of a stage. */
static const char result_name[] = "result";
static const char complaint_name[] = "complaint";
static const char server_name[] = "server";
static const char beside_name[] = "beside";

static void stage_path(const struct stage *stage, const char *name, char *path)
{
	snprintf(path, PATH_BYTES, "%s/%s", stage->folder, name);
}

int stage_begin(struct stage *stage, struct failure *failure)
{
	snprintf(stage->folder, sizeof(stage->folder), "/tmp/pollgap-experiment-XXXXXX");
	if (!mkdtemp(stage->folder))
		return failure_set(failure, errno, "%s can't be made: %s", stage->folder,
				   strerror(errno));
	return 0;
}

static void stage_clear(const struct stage *stage)
{
	static const char *const name[] = { result_name, complaint_name, server_name, beside_name };
	char path[PATH_BYTES];

	for (unsigned index = 0; index < 4; index++) {
		stage_path(stage, name[index], path);
		unlink(path);
	}
}

void stage_end(struct stage *stage)
{
	stage_clear(stage);
	rmdir(stage->folder);
}

/* In the new process: never returns. */
static void word_execute(char *const *word, const char *out_path, const char *complaint_path)
{
	int out = open(out_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int complaint = open(complaint_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	/* What runs beside a trial ends with the experiment, however that ends. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (!word[0] || out < 0 || complaint < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(complaint, STDERR_FILENO) < 0)
		_exit(126);
	execvp(word[0], word);
	fprintf(stderr, "%s can't be started: %s\n", word[0], strerror(errno));
	_exit(127);
}

static pid_t word_start(const struct stage *stage, char *const *word, const char *out_name)
{
	char out_path[PATH_BYTES], complaint_path[PATH_BYTES];
	pid_t pid;

	if (out_name[0] == '/')
		snprintf(out_path, sizeof(out_path), "%s", out_name);
	else
		stage_path(stage, out_name, out_path);
	stage_path(stage, complaint_name, complaint_path);
	pid = fork();
	if (pid == 0)
		word_execute(word, out_path, complaint_path);
	return pid;
}

/* Its exit status as a shell gives it; -EINTR where a signal for this process came first, which the
 * child has had, too. */
static int word_wait(pid_t pid, bool *ret_interrupted)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return 127;
		*ret_interrupted = true;
		kill(pid, SIGTERM);
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void word_stop(pid_t pid)
{
	bool ignored;

	if (pid <= 0)
		return;
	kill(pid, SIGTERM);
	word_wait(pid, &ignored);
}

/* All of a stage's file; NULL: it is not there, or too long. */
static char *file_read(const struct stage *stage, const char *name)
{
	_cleanup_(fclosep) FILE *file = NULL;
	char path[PATH_BYTES];
	char *text = malloc(RESULT_BYTES_MAX + 1);
	size_t bytes;

	stage_path(stage, name, path);
	file = fopen(path, "re");
	if (!file || !text) {
		free(text);
		return NULL;
	}
	bytes = fread(text, 1, RESULT_BYTES_MAX, file);
	text[bytes] = '\0';
	return text;
}

/* The load's result is the part in braces; a workload may say more before. */
static char *result_take(const struct stage *stage)
{
	char *text = file_read(stage, result_name);
	char *begin = text ? strchr(text, '{') : NULL;
	char *end = text ? strrchr(text, '}') : NULL;
	char *result = begin && end > begin ? strndup(begin, (size_t)(end - begin) + 1) : NULL;

	free(text);
	return result;
}

/* The last line that was complained is what the user is told. */
static void reason_take(const struct stage *stage, const char *what, int status,
			struct outcome *outcome)
{
	char *text = file_read(stage, complaint_name);
	char *line = text, *end;

	if (text) {
		end = text + strlen(text);
		while (end > text && end[-1] == '\n')
			*--end = '\0';
		line = strrchr(text, '\n');
		line = line ? line + 1 : text;
	}
	snprintf(outcome->reason, sizeof(outcome->reason), "%s ended with status %d%s%.400s", what,
		 status, line && *line ? ": " : "", line ? line : "");
	free(text);
}

/* The load alone, or under a capture, with what it prints kept apart from what that prints. */
static int load_words(const struct stage *stage, const struct trial *trial, struct words *words)
{
	char result_path[PATH_BYTES];

	stage_path(stage, result_name, result_path);
	if (trial->capture.words) {
		words_add_all(words, stage->binary, "capture", "-o", stage->path, "--label",
			      stage->label);
		words_add_words(words, &trial->capture);
		words_add_all(words, "--", "sh", "-c", "exec \"$@\" >\"$0\"", result_path);
	}
	words_add_words(words, &trial->load);
	return words->failed ? -ENOMEM : 0;
}

static int replay_words(const struct stage *stage, const struct trial *trial, struct words *words)
{
	words_add_all(words, stage->binary, "replay", stage->path);
	words_add_words(words, &trial->replay);
	return words->failed ? -ENOMEM : 0;
}

/* The built-in server says when it listens, a yardstick when it is attached. */
static bool says(const struct stage *stage, const char *name, const char *word)
{
	for (unsigned turn = 0; turn < 100; turn++) {
		char *text = file_read(stage, name);
		bool said = text && strstr(text, word);

		free(text);
		if (said)
			return true;
		clock_sleep_until_ns(clock_monotonic_ns() + 20ULL * NS_PER_MS);
	}
	return false;
}

static void words_run(const struct stage *stage, const struct words *words, const char *what,
		      const char *out_name, struct outcome *outcome)
{
	pid_t pid = word_start(stage, words->word, out_name);
	int status = pid < 0 ? 126 : word_wait(pid, &outcome->interrupted);

	if (outcome->interrupted)
		snprintf(outcome->reason, sizeof(outcome->reason), "interrupted");
	else if (status)
		reason_take(stage, what, status, outcome);
}

static void trial_play(const struct stage *stage, const struct trial *trial,
		       const struct words *load, const struct words *replay,
		       struct outcome *outcome)
{
	pid_t server = 0, beside = 0;

	if (trial->server.words) {
		server = word_start(stage, trial->server.word, server_name);
		if (server < 0 || !says(stage, server_name, "listening"))
			reason_take(stage, "the built-in server", 1, outcome);
	}
	if (trial->beside.words && !outcome->reason[0]) {
		beside = word_start(stage, trial->beside.word, beside_name);
		if (beside < 0 || !says(stage, beside_name, "attached"))
			reason_take(stage, "the yardstick", 1, outcome);
	}
	if (!outcome->reason[0])
		words_run(stage, load, trial->capture.words ? "the capture" : "the load",
			  trial->capture.words ? "/dev/null" : result_name, outcome);
	outcome->result = result_take(stage);
	if (!outcome->reason[0] && !outcome->result && !trial->resultless)
		snprintf(outcome->reason, sizeof(outcome->reason), "the load printed no result");
	if (!outcome->reason[0] && trial->replay.words)
		words_run(stage, replay, "the replay", "/dev/null", outcome);
	word_stop(beside);
	word_stop(server);
}

/* What ran, as a shell would take it but for the quoting: the server and the yardstick beside all
 * else. NULL: out of memory. */
static char *trial_line(const struct trial *trial, const struct words *load,
			const struct words *replay)
{
	struct words all = { 0 };
	char *line;

	words_add_words(&all, &trial->server);
	if (trial->server.words)
		words_add(&all, "&");
	words_add_words(&all, &trial->beside);
	if (trial->beside.words)
		words_add(&all, "&");
	words_add_words(&all, load);
	if (trial->replay.words) {
		words_add(&all, ";");
		words_add_words(&all, replay);
	}
	line = all.failed ? NULL : words_line(all.word);
	words_free(&all);
	return line;
}

int trial_run(const struct stage *stage, const struct trial *trial, struct outcome *ret_outcome,
	      struct failure *failure)
{
	struct outcome outcome = { .start_ns = clock_monotonic_ns() };
	struct words load = { 0 }, replay = { 0 };
	int error = small_netns_enter(trial->hash_buckets, failure);

	if (error)
		return error;
	stage_clear(stage);
	if (load_words(stage, trial, &load) < 0 || replay_words(stage, trial, &replay) < 0)
		error = failure_set(failure, ENOMEM, "out of memory");
	else
		trial_play(stage, trial, &load, &replay, &outcome);
	outcome.end_ns = clock_monotonic_ns();
	outcome.command_line = error ? NULL : trial_line(trial, &load, &replay);
	words_free(&load);
	words_free(&replay);
	*ret_outcome = outcome;
	return error;
}

void outcome_free(struct outcome *outcome)
{
	free(outcome->command_line);
	free(outcome->result);
	*outcome = (struct outcome){ 0 };
}
