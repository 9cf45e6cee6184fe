/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "source/cpu_list.h"
#include "source/softnet.h"

#include <string.h>

static void line_check(const char *text, size_t text_bytes)
{
	struct softnet_line line = { .columns = 99 };
	char columns[3][32];

	if (softnet_parse(text, text_bytes, &line) != 0) {
		FUZZ_EXPECT(line.columns == 99);
		return;
	}
	FUZZ_EXPECT(line.columns == 11 || line.columns == 13 || line.columns == 15);
	/* What was read is what is printed, but for the letters' case. */
	snprintf(columns[0], sizeof(columns[0]), "%08x %08x %08x", line.processed, line.dropped,
		 line.time_squeeze);
	snprintf(columns[1], sizeof(columns[1]), "%08x %08x", line.received_rps,
		 line.flow_limit_count);
	FUZZ_EXPECT(strncasecmp(text, columns[0], 26) == 0);
	FUZZ_EXPECT(strncasecmp(text + 81, columns[1], 17) == 0);
	FUZZ_EXPECT(line.columns > 11 || (line.backlog_packets == 0 && line.cpu == 0));
	FUZZ_EXPECT(line.columns > 13 || (line.input_packets == 0 && line.process_packets == 0));
}

static void list_check(const char *text)
{
	static struct cpu_list list;

	if (cpu_list_parse(text, &list) != 0)
		return;
	FUZZ_EXPECT(list.cpus > 0 && list.cpus <= CPUS_MAX);
	for (size_t i = 1; i < list.cpus; i++)
		FUZZ_EXPECT(list.cpu[i] > list.cpu[i - 1]);
	FUZZ_EXPECT(list.cpu[list.cpus - 1] < CPUS_MAX);
}

/* The input as a series of values of one counter: its total never falls. */
static void counter_check(const uint8_t *data, size_t data_bytes)
{
	struct softnet_counter counter = { 0 };
	uint64_t total = 0;

	for (size_t i = 0; i + sizeof(uint32_t) <= data_bytes; i += sizeof(uint32_t)) {
		uint32_t value;
		uint64_t counted;

		memcpy(&value, data + i, sizeof(value));
		counted = softnet_count(&counter, value);
		FUZZ_EXPECT(counted >= total && counted - total <= UINT32_MAX && counted >= value);
		total = counted;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	char *text = malloc(data_bytes + 1);

	FUZZ_EXPECT(text);
	memcpy(text, data, data_bytes);
	text[data_bytes] = '\0';
	line_check((const char *)data, data_bytes);
	list_check(text);
	counter_check(data, data_bytes);
	free(text);
	return 0;
}
