/* SPDX-License-Identifier: BSD-2-Clause */
#include "source/cpu_list.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>

enum { LIST_BYTES_MAX = 65536 };

/* Digits of a number below CPUS_MAX. Returns what follows them, or NULL. */
static const char *number_parse(const char *text, unsigned *ret_number)
{
	const char *c = text;
	unsigned number = 0;

	for (; *c >= '0' && *c <= '9' && number < CPUS_MAX; c++)
		number = number * 10 + (unsigned)(*c - '0');
	*ret_number = number;
	return c == text || number >= CPUS_MAX ? NULL : c;
}

/* "5" or "0-3", from lowest on. */
static const char *range_parse(const char *text, unsigned lowest, unsigned *ret_first,
			       unsigned *ret_last)
{
	const char *rest = number_parse(text, ret_first);

	*ret_last = *ret_first;
	if (rest && *rest == '-')
		rest = number_parse(rest + 1, ret_last);
	return rest && *ret_first >= lowest && *ret_last >= *ret_first ? rest : NULL;
}

int cpu_list_parse(const char *text, struct cpu_list *ret_list)
{
	const char *rest = text;
	unsigned first;
	unsigned last = 0;

	ret_list->cpus = 0;
	do {
		rest = range_parse(rest, ret_list->cpus ? last + 1 : 0, &first, &last);
		if (!rest)
			return -EINVAL;
		for (unsigned cpu = first; cpu <= last; cpu++)
			ret_list->cpu[ret_list->cpus++] = (uint16_t)cpu;
	} while (*rest++ == ',');
	rest--;
	if (*rest == '\n')
		rest++;
	return *rest ? -EINVAL : 0;
}

int cpu_list_read(const char *path, struct cpu_list *ret_list)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_(freep) char *text = NULL;
	ssize_t got;

	if (fd < 0)
		return -errno;
	text = malloc(LIST_BYTES_MAX);
	if (!text)
		return -ENOMEM;
	got = read(fd, text, LIST_BYTES_MAX - 1);
	if (got < 0)
		return -errno;
	text[got] = '\0';
	return cpu_list_parse(text, ret_list);
}
