/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "base/failure.h"
#include "source/sock_diag.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void sample_check(const struct sample *sample)
{
	static const uint8_t zero[12];

	FUZZ_EXPECT(sample->family == AF_INET || sample->family == AF_INET6);
	FUZZ_EXPECT(sample->state != 10 || sample->tx_queue_bytes == 0);
	FUZZ_EXPECT(sample->has_rmem == 1 ||
		    (sample->rmem_bytes == 0 && sample->backlog_bytes == 0));
	FUZZ_EXPECT(sample->family == AF_INET6 ||
		    (memcmp(sample->local_address + 4, zero, sizeof(zero)) == 0 &&
		     memcmp(sample->remote_address + 4, zero, sizeof(zero)) == 0));
}

/* The input is one row, and in memory of its own, so that a read beyond it is seen. */
static void row_check(const uint8_t *data, size_t data_bytes)
{
	struct sample sample = { .inode = 99, .family = 99 };
	uint8_t *row = malloc(data_bytes + 1);

	FUZZ_EXPECT(row);
	memcpy(row + 1, data, data_bytes);
	if (sock_diag_parse(row + 1, data_bytes, &sample) == 0)
		sample_check(&sample);
	else
		FUZZ_EXPECT(sample.inode == 99 && sample.family == 99);
	free(row);
}

static int sample_take(void *context, enum observation kind, const void *item, size_t item_bytes)
{
	struct sample sample;

	FUZZ_EXPECT(kind == OBSERVE_SAMPLE && item_bytes == sizeof(sample));
	memcpy(&sample, item, sizeof(sample));
	FUZZ_EXPECT(sample.read_start_ns > 0 && sample.read_start_ns <= sample.read_end_ns);
	sample_check(&sample);
	++*(uint64_t *)context;
	return 0;
}

/* The input is what the kernel answers to the first request; the second is never answered. */
static void answer_check(const uint8_t *data, size_t data_bytes)
{
	const struct sock_diag_options options = { 0 };
	uint64_t taken = 0;
	struct sink sink = { .context = &taken, .take = sample_take };
	struct failure failure = { { 0 } };
	struct source *source = NULL;
	struct turn turn;
	int pair[2];

	FUZZ_EXPECT(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	FUZZ_EXPECT(sock_diag_open_on(pair[0], &options, &source, NULL) == 0);
	if (data_bytes > 0)
		FUZZ_EXPECT(send(pair[1], data, data_bytes, 0) == (ssize_t)data_bytes);
	FUZZ_EXPECT(source_read(source, &sink, &turn, &failure) < 0 && failure.text[0]);
	FUZZ_EXPECT(turn.rows_read == taken && taken <= data_bytes / 88);
	source_closep(&source);
	close(pair[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	if (data_bytes > SOCK_DIAG_RECEIVE_BYTES_MAX)
		return 0;
	row_check(data, data_bytes);
	answer_check(data, data_bytes);
	return 0;
}
