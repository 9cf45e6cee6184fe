/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* memfd_create() */
#include "tests/fuzz/fuzz.h"

#include "source/proc_tcp.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SAMPLES_MAX = 64 };

struct samples {
	size_t count;
	struct sample sample[SAMPLES_MAX];
};

static int sample_take(void *context, enum observation kind, const void *item, size_t item_bytes)
{
	struct samples *samples = context;
	struct sample sample;

	FUZZ_EXPECT(kind == OBSERVE_SAMPLE && item_bytes == sizeof(sample));
	memcpy(&sample, item, sizeof(sample));
	FUZZ_EXPECT(sample.read_start_ns > 0 && sample.read_start_ns <= sample.read_end_ns);
	sample.read_start_ns = sample.read_end_ns = 0;
	if (samples->count < SAMPLES_MAX)
		samples->sample[samples->count] = sample;
	samples->count++;
	return 0;
}

/* The input is one line: what is refused changes nothing, and padding changes nothing either. */
static void line_check(const uint8_t *data, size_t data_bytes, uint16_t family)
{
	struct sample sample = { .inode = 99 };
	struct sample padded = { .inode = 99 };
	char text[512];
	int kind = proc_tcp_parse((const char *)data, data_bytes, family, &sample);

	FUZZ_EXPECT(kind == PROC_TCP_ROW || kind == PROC_TCP_HEADER || kind < 0);
	FUZZ_EXPECT(kind == PROC_TCP_ROW || sample.inode == 99);
	if (kind != PROC_TCP_ROW)
		return;
	FUZZ_EXPECT(sample.family == family && sample.read_start_ns == 0 &&
		    sample.read_end_ns == 0);
	if (data_bytes > 300)
		return;
	memset(text, ' ', sizeof(text));
	memcpy(text, data, data_bytes);
	if (memchr(data, '\n', data_bytes))
		return;
	FUZZ_EXPECT(proc_tcp_parse(text, data_bytes + 7, family, &padded) == PROC_TCP_ROW);
	FUZZ_EXPECT(memcmp(&sample, &padded, sizeof(sample)) == 0);
}

/* The input is a file, polled twice: the second turn knows how long the file was. */
static uint64_t file_poll(const char *path, bool page_reads, struct samples *ret_samples)
{
	/* The same file stands for both families; the first cannot be read as a row of the second. */
	const struct proc_tcp_options options = { .tcp_path = path,
						  .tcp6_path = path,
						  .page_reads = page_reads };
	struct source *source = NULL;
	uint64_t unparsed = 0;

	FUZZ_EXPECT(proc_tcp_open(&options, &source, NULL) == 0);
	for (int i = 0; i < 2; i++) {
		struct sink sink = { .context = ret_samples, .take = sample_take };
		struct turn turn;

		ret_samples->count = 0;
		FUZZ_EXPECT(source_read(source, &sink, &turn, NULL) == 0);
		FUZZ_EXPECT(turn.rows_read == ret_samples->count);
		FUZZ_EXPECT(i == 0 || proc_tcp_unparsed(source) == 2 * unparsed);
		unparsed = proc_tcp_unparsed(source);
	}
	source_closep(&source);
	return unparsed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	static struct samples by_row;
	static struct samples by_page;
	char path[64];
	int fd;
	size_t kept;

	line_check(data, data_bytes, AF_INET);
	line_check(data, data_bytes, AF_INET6);

	fd = memfd_create("fuzz", MFD_CLOEXEC);
	FUZZ_EXPECT(fd >= 0 && write(fd, data, data_bytes) == (ssize_t)data_bytes);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	FUZZ_EXPECT(file_poll(path, false, &by_row) == file_poll(path, true, &by_page));
	close(fd);
	FUZZ_EXPECT(by_row.count == by_page.count);
	kept = by_row.count < SAMPLES_MAX ? by_row.count : SAMPLES_MAX;
	FUZZ_EXPECT(memcmp(by_row.sample, by_page.sample, kept * sizeof(struct sample)) == 0);
	return 0;
}
