/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * attach [-g CGROUP] FILE.bpf.o [PROGRAM...]: attaches the programs named, or every one of the
 * file, to the control group of that folder where it is given one, says "attached", and detaches
 * them on SIGTERM or SIGINT; meanwhile it takes what comes out of the ring buffer "events", if
 * there is one. Then it prints one line a program: its name, how often it ran while the kernel
 * timed it (kernel.bpf_stats_enabled, or somebody's BPF_ENABLE_STATS), and the ns of all those
 * runs.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINKS_MAX = 32 };

static int print_runs(const struct bpf_object *object)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
	{
		struct bpf_prog_info info = { 0 };
		uint32_t info_bytes = sizeof(info);

		if (!bpf_program__autoload(program))
			continue;
		if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &info_bytes) < 0)
			return -errno;
		printf("%s %" PRIu64 " %" PRIu64 "\n", bpf_program__name(program),
		       (uint64_t)info.run_cnt, (uint64_t)info.run_time_ns);
	}
	return 0;
}

static int event_take(void *context, void *event, size_t event_bytes)
{
	(void)event;
	(void)event_bytes;
	++*(uint64_t *)context;
	return 0;
}

/* Takes events until a signal comes; how many is not told. */
static void events_take(const struct bpf_object *object, const sigset_t *signals)
{
	const struct bpf_map *map = bpf_object__find_map_by_name(object, "events");
	const struct timespec at_once = { 0 };
	struct ring_buffer *ring;
	uint64_t events = 0;

	ring = map ? ring_buffer__new(bpf_map__fd(map), event_take, &events, NULL) : NULL;
	if (!ring)
		return;
	while (sigtimedwait(signals, NULL, &at_once) < 0)
		ring_buffer__poll(ring, 50);
	ring_buffer__free(ring);
}

static void wait_for_the_end(const struct bpf_object *object)
{
	sigset_t signals;
	int number;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	puts("attached");
	fflush(stdout);
	if (bpf_object__find_map_by_name(object, "events"))
		events_take(object, &signals);
	else
		sigwait(&signals, &number);
}

/* cgroup_fd: -1 where there is none. */
static int attach_all(struct bpf_object *object, int cgroup_fd, struct bpf_link **link,
		      unsigned *links)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
	{
		if (!bpf_program__autoload(program))
			continue;
		if (*links == LINKS_MAX)
			return -E2BIG;
		link[*links] = cgroup_fd >= 0 ? bpf_program__attach_cgroup(program, cgroup_fd) :
						bpf_program__attach(program);
		if (!link[*links])
			return -errno;
		(*links)++;
	}
	return 0;
}

/* Those that are not named are not even loaded. */
static int choose(struct bpf_object *object, char **name)
{
	struct bpf_program *program;

	if (!*name)
		return 0;
	bpf_object__for_each_program(program, object) bpf_program__set_autoload(program, false);
	for (; *name; name++) {
		program = bpf_object__find_program_by_name(object, *name);
		if (!program)
			return -ENOENT;
		bpf_program__set_autoload(program, true);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct bpf_link *link[LINKS_MAX];
	struct bpf_object *object;
	unsigned links = 0;
	int cgroup_fd = -1;
	int error;

	if (argc > 3 && strcmp(argv[1], "-g") == 0) {
		cgroup_fd = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (cgroup_fd < 0) {
			fprintf(stderr, "attach: %s: %s\n", argv[2], strerror(errno));
			return 1;
		}
		argc -= 2;
		argv += 2;
	}
	if (argc < 2) {
		fprintf(stderr, "usage: attach [-g CGROUP] FILE.bpf.o [PROGRAM...]\n");
		return 2;
	}
	object = bpf_object__open_file(argv[1], NULL);
	if (!object) {
		fprintf(stderr, "attach: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	error = choose(object, argv + 2);
	if (!error)
		error = bpf_object__load(object);
	if (!error)
		error = attach_all(object, cgroup_fd, link, &links);
	if (!error) {
		wait_for_the_end(object);
		error = print_runs(object);
	}
	while (links > 0)
		bpf_link__destroy(link[--links]);
	bpf_object__close(object);
	if (cgroup_fd >= 0)
		close(cgroup_fd);
	if (error)
		fprintf(stderr, "attach: %s: %s\n", argv[1], strerror(-error));
	return error ? 1 : 0;
}
