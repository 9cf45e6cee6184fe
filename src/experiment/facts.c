/* SPDX-License-Identifier: BSD-2-Clause */
#include "experiment/facts.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Those that a trial's own namespace takes from the machine's; what it has anew (somaxconn,
 * tcp_moderate_rcvbuf) is the kernel's default there. */
static const char *const sysctls[] = {
	"net/core/netdev_budget",      "net/core/netdev_budget_usecs",
	"net/core/netdev_max_backlog", "net/core/rmem_max",
	"net/core/wmem_max",	       "net/ipv4/tcp_rmem",
	"net/ipv4/tcp_wmem",	       "net/ipv4/tcp_congestion_control",
};

/* A line, without its end, tabs as spaces. */
static int line_read(const char *path, const char *begin, char *line, size_t line_bytes)
{
	_cleanup_(fclosep) FILE *file = fopen(path, "re");

	while (file && fgets(line, (int)line_bytes, file)) {
		line[strcspn(line, "\n")] = '\0';
		for (char *tab = line; (tab = strchr(tab, '\t'));)
			*tab = ' ';
		if (strncmp(line, begin, strlen(begin)) == 0)
			return 0;
	}
	return -1;
}

static int machine_facts(int (*each)(void *context, const char *name, const char *value),
			 void *context)
{
	char line[256], count[32];
	struct utsname name;
	const char *model;
	int error = 0;

	if (uname(&name) == 0) {
		error = each(context, "kernel", name.release);
		if (!error)
			error = each(context, "machine", name.machine);
	}
	snprintf(count, sizeof(count), "%ld", sysconf(_SC_NPROCESSORS_ONLN));
	if (!error)
		error = each(context, "processors", count);
	if (!error && line_read("/proc/cpuinfo", "model name", line, sizeof(line)) == 0) {
		model = strchr(line, ':');
		error = each(context, "processor", model ? model + 2 : line);
	}
	/* user nice system idle iowait irq softirq steal, in ticks since boot: proc_stat(5) */
	if (!error && line_read("/proc/stat", "cpu ", line, sizeof(line)) == 0)
		error = each(context, "cpu_ticks", line + strlen("cpu "));
	return error;
}

int experiment_facts(int (*each)(void *context, const char *name, const char *value), void *context)
{
	int error = machine_facts(each, context);

	for (unsigned index = 0; index < sizeof(sysctls) / sizeof(sysctls[0]) && !error; index++) {
		char path[96], line[256];

		snprintf(path, sizeof(path), "/proc/sys/%s", sysctls[index]);
		if (line_read(path, "", line, sizeof(line)) == 0)
			error = each(context, sysctls[index], line);
	}
	return error;
}
