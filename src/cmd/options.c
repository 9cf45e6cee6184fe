/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* strchrnul() */
#include "cmd/options.h"

#include "base/units.h"
#include "capture/options.h"
#include "capture/poller_kind.h"
#include "cmd/usage.h"
#include "source/backend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The kernel wants whole pages; beyond 1G the reader, not the room, is what is too small. */
#define RING_BYTES_MIN (4ULL << 10)
#define RING_BYTES_MAX (1ULL << 30)

#define POLL_PERIOD_MAX_NS (3600ULL * NS_PER_S)

enum { ITEM_BYTES = 64, LEVELS_MAX = 8, LEVEL_MAX = 1000000 };

/* allowed: what would have been right. */
static int wrong(const char *name, const char *text, const char *allowed)
{
	return usage_wrong("capture", "%s '%s': %s", name, text, allowed);
}

int option_parse_time(const char *name, const char *text, uint64_t min_ns, uint64_t max_ns,
		      uint64_t *ret_ns)
{
	char min[UNITS_TEXT_BYTES];
	char max[UNITS_TEXT_BYTES];
	uint64_t time_ns;

	if (time_parse(text, &time_ns) == 0 && time_ns >= min_ns && time_ns <= max_ns) {
		*ret_ns = time_ns;
		return 0;
	}
	return usage_wrong(
		"capture",
		"%s '%s': allowed is a time from %s to %s, written like 50us, 250ms, 1s or 2m",
		name, text, time_format(min_ns, min), time_format(max_ns, max));
}

int option_parse_number(const char *command, const char *name, const char *text, unsigned min,
			unsigned max, unsigned *ret_number)
{
	uint64_t number = 0;
	const char *c = text;

	for (; *c >= '0' && *c <= '9' && number <= max; c++)
		number = number * 10 + (uint64_t)(*c - '0');
	if (c == text || *c || number < min || number > max)
		return usage_wrong(command, "%s '%s': allowed is a number from %u to %u", name,
				   text, min, max);
	*ret_number = (unsigned)number;
	return 0;
}

int option_parse_ring(const char *name, const char *text, uint32_t *ret_bytes)
{
	uint64_t bytes;

	if (size_parse(text, &bytes) < 0 || bytes < RING_BYTES_MIN || bytes > RING_BYTES_MAX ||
	    bytes & (bytes - 1))
		return wrong(name, text, "allowed is a power of two from 4K to 1G");
	*ret_bytes = (uint32_t)bytes;
	return 0;
}

int option_parse_backend(const char *name, const char *text, const char **ret_backend)
{
	char names[ITEM_BYTES] = "auto";
	size_t bytes = strlen(names);

	if (strcmp(text, "auto") == 0 || backend_find(text)) {
		*ret_backend = text;
		return 0;
	}
	for (const struct backend *backend = backends; backend->name && bytes < sizeof(names);
	     backend++)
		bytes += (size_t)snprintf(names + bytes, sizeof(names) - bytes, ", %s",
					  backend->name);
	return usage_wrong("capture", "%s '%s': allowed are %s", name, text, names);
}

/*
 * Copies the list's next item and moves *list behind it, to NULL after the last one. Returns 0, or
 * -EINVAL for one that is empty or longer than any number.
 */
static int item_next(const char **list, char *ret_item)
{
	const char *end = strchrnul(*list, ',');
	size_t bytes = (size_t)(end - *list);

	if (bytes == 0 || bytes >= ITEM_BYTES)
		return -EINVAL;
	memcpy(ret_item, *list, bytes);
	ret_item[bytes] = '\0';
	*list = *end ? end + 1 : NULL;
	return 0;
}

/* Returns 0; -EEXIST, -ENOSPC, or what port_parse() returns. */
static int port_add(const char *item, struct capture_options *options)
{
	uint16_t port;
	int error = port_parse(item, &port);

	if (error < 0)
		return error;
	for (unsigned i = 0; i < options->ports; i++) {
		if (options->port[i] == port)
			return -EEXIST;
	}
	if (options->ports == PORTS_MAX)
		return -ENOSPC;
	options->port[options->ports++] = port;
	return 0;
}

int option_add_ports(const char *name, const char *text, struct capture_options *options)
{
	struct capture_options added = *options;
	const char *rest = text;
	char item[ITEM_BYTES];
	int error = 0;

	while (rest && error == 0) {
		error = item_next(&rest, item);
		if (error == 0)
			error = port_add(item, &added);
	}
	if (error == -EEXIST)
		return wrong(name, text, "a port is named twice");
	if (error == -ENOSPC)
		return usage_wrong("capture", "%s '%s': allowed are up to %d ports", name, text,
				   PORTS_MAX);
	if (error < 0)
		return wrong(name, text,
			     "allowed are port numbers from 1 to 65535, with commas between them");
	*options = added;
	return 0;
}

/* "50%": 1 to 100. */
static int percent_parse(const char *item, uint64_t *ret_percent)
{
	char *end;
	unsigned long percent;

	if (*item < '0' || *item > '9')
		return -EINVAL;
	errno = 0;
	percent = strtoul(item, &end, 10);
	if (strcmp(end, "%") != 0)
		return -EINVAL;
	if (errno || percent > 100)
		return -ERANGE;
	*ret_percent = percent;
	return 0;
}

/* Keeps the list ascending. Returns 0; -EEXIST, -ENOSPC, -ERANGE, -EXDEV where sizes and per cent
 * are mixed, or what size_parse() returns. */
static int threshold_add(const char *item, struct capture_options *options)
{
	bool in_percent = strchr(item, '%');
	unsigned at = options->thresholds;
	uint64_t value;
	int error = in_percent ? percent_parse(item, &value) : size_parse(item, &value);

	if (error < 0)
		return error;
	if (value == 0 || value > UINT32_MAX)
		return -ERANGE;
	if (options->thresholds && options->thresholds_in_percent != in_percent)
		return -EXDEV;
	while (at > 0 && options->threshold[at - 1] >= value)
		at--;
	if (at < options->thresholds && options->threshold[at] == value)
		return -EEXIST;
	if (options->thresholds == THRESHOLDS_MAX)
		return -ENOSPC;
	memmove(&options->threshold[at + 1], &options->threshold[at],
		(options->thresholds - at) * sizeof(options->threshold[0]));
	options->threshold[at] = (uint32_t)value;
	options->thresholds++;
	options->thresholds_in_percent = in_percent;
	return 0;
}

int option_add_thresholds(const char *name, const char *text, struct capture_options *options)
{
	struct capture_options added = *options;
	const char *rest = text;
	char item[ITEM_BYTES];
	int error = 0;

	while (rest && error == 0) {
		error = item_next(&rest, item);
		if (error == 0)
			error = threshold_add(item, &added);
	}
	if (error == -EEXIST)
		return wrong(name, text, "a threshold is named twice");
	if (error == -EXDEV)
		return wrong(name, text, "sizes and per cent can't stand in one capture");
	if (error == -ENOSPC)
		return usage_wrong("capture", "%s '%s': allowed are up to %d thresholds", name,
				   text, THRESHOLDS_MAX);
	if (error < 0)
		return wrong(
			name, text,
			"allowed are sizes from 1 byte to below 4G, such as 300, 4K or 1M, or per cent of the limit from "
			"1% to 100%, with commas between them");
	*options = added;
	return 0;
}

/* Puts a number into an ascending list. Returns 0; -EINVAL, -EEXIST or -ENOSPC. */
static int level_add(const char *item, uint32_t *level, unsigned max, unsigned *levels)
{
	unsigned at = *levels;
	char *end;
	unsigned long number = strtoul(item, &end, 10);

	if (item[0] < '0' || item[0] > '9' || *end || number == 0 || number > LEVEL_MAX)
		return -EINVAL;
	while (at > 0 && level[at - 1] >= number)
		at--;
	if (at < *levels && level[at] == number)
		return -EEXIST;
	if (*levels == max)
		return -ENOSPC;
	memmove(&level[at + 1], &level[at], (*levels - at) * sizeof(level[0]));
	level[at] = (uint32_t)number;
	++*levels;
	return 0;
}

int option_parse_levels(const char *name, const char *text, uint32_t *ret_level, unsigned max,
			unsigned *ret_levels)
{
	uint32_t level[LEVELS_MAX];
	unsigned levels = 0;
	const char *rest = text;
	char item[ITEM_BYTES];
	int error = 0;

	if (strcmp(text, "0") == 0) {
		*ret_levels = 0;
		return 0;
	}
	while (rest && error == 0) {
		error = item_next(&rest, item);
		if (error == 0)
			error = level_add(item, level, max, &levels);
	}
	if (error == -EEXIST)
		return wrong(name, text, "a number is named twice");
	if (error == -ENOSPC)
		return usage_wrong("capture", "%s '%s': allowed are up to %u numbers", name, text,
				   max);
	if (error < 0)
		return wrong(
			name, text,
			"allowed are numbers from 1 to 1000000, with commas between them, or 0");
	memcpy(ret_level, level, levels * sizeof(level[0]));
	*ret_levels = levels;
	return 0;
}

/* period and mode are the poller's parts behind the source; mode is NULL where there is none. */
static int poller_parse(const char *name, const char *text, const struct poller_kind *kind,
			const char *period, const char *mode, struct poller_options *ret_poller)
{
	struct poller_options poller = { .source = kind->name };

	if (mode && strcmp(kind->name, "proc") != 0)
		return wrong(name, text, "only proc has ways to read");
	if (mode && strcmp(mode, "page") != 0 && strcmp(mode, "row") != 0)
		return wrong(name, text,
			     "after the period, allowed is 'page' or 'row': what one read takes");
	poller.page_reads = mode && strcmp(mode, "page") == 0;
	if (strcmp(period, "min") != 0 &&
	    (time_parse(period, &poller.period_ns) < 0 || poller.period_ns < POLL_PERIOD_MIN_NS ||
	     poller.period_ns > POLL_PERIOD_MAX_NS))
		return wrong(
			name, text,
			"allowed is a period from 200us to 1h, such as proc:100ms, or proc:min");
	*ret_poller = poller;
	return 0;
}

int option_add_poller(const char *name, const char *text, struct capture_options *options)
{
	const struct poller_kind *kind;
	char parts[ITEM_BYTES];
	size_t text_bytes = strlen(text) + 1;
	char *period;
	char *mode;
	int status;

	if (text_bytes > sizeof(parts))
		return wrong(name, text, "allowed is SOURCE:PERIOD, such as proc:100ms");
	memcpy(parts, text, text_bytes);
	period = strchr(parts, ':');
	if (!period)
		return wrong(name, text, "allowed is SOURCE:PERIOD, such as proc:100ms");
	*period++ = '\0';
	mode = strchr(period, ':');
	if (mode)
		*mode++ = '\0';
	kind = poller_kind_find(parts);
	if (!kind)
		return wrong(name, text,
			     "there is no such source; allowed are proc, sock_diag and iter");
	if (options->pollers == POLLERS_MAX)
		return usage_wrong("capture", "%s '%s': allowed are up to %d pollers", name, text,
				   POLLERS_MAX);
	status = poller_parse(name, text, kind, period, mode, &options->poller[options->pollers]);
	if (status == 0)
		options->pollers++;
	return status;
}
