/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_FUZZ_H
#define POLLGAP_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * libFuzzer's entry point: clang -fsanitize=fuzzer,address,undefined, or replay.c over a corpus
 * with any compiler.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

/* As assert(), but in every build. */
#define FUZZ_EXPECT(condition)                                                                  \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                \
		}                                                                               \
	} while (0)

#endif
