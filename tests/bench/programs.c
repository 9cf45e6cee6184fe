/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * programs last: prints the highest id of a BPF program that the kernel has now.
 * programs ID: has the kernel time BPF programs, says "timing", and on SIGTERM or SIGINT prints one
 * line a program that was loaded after ID: its name, how often it ran, the ns of those runs, and
 * its type (enum bpf_prog_type).
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint32_t last_id(void)
{
	uint32_t id = 0;

	while (bpf_prog_get_next_id(id, &id) == 0)
		;
	return id;
}

static int print_program(uint32_t id)
{
	struct bpf_prog_info info = { 0 };
	uint32_t info_bytes = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id), error;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno; /* it has gone meanwhile */
	error = bpf_obj_get_info_by_fd(fd, &info, &info_bytes);
	close(fd);
	if (error < 0)
		return -errno;
	printf("%s %" PRIu64 " %" PRIu64 " %" PRIu32 "\n", info.name, (uint64_t)info.run_cnt,
	       (uint64_t)info.run_time_ns, info.type);
	return 0;
}

static void wait_for_the_end(void)
{
	sigset_t signals;
	int number;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	puts("timing");
	fflush(stdout);
	sigwait(&signals, &number);
}

int main(int argc, char **argv)
{
	uint32_t id;
	int fd, error = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: programs last|ID\n");
		return 2;
	}
	if (strcmp(argv[1], "last") == 0) {
		printf("%" PRIu32 "\n", last_id());
		return 0;
	}
	fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (fd < 0) {
		fprintf(stderr, "programs: the kernel can't time BPF programs: %s\n",
			strerror(errno));
		return 1;
	}
	wait_for_the_end();
	id = (uint32_t)strtoul(argv[1], NULL, 10);
	while (!error && bpf_prog_get_next_id(id, &id) == 0)
		error = print_program(id);
	close(fd);
	return error ? 1 : 0;
}
