/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "base/units.h"

#include <errno.h>
#include <string.h>

typedef int (*quantity_parse)(const char *text, uint64_t *ret_value);
typedef const char *(*quantity_print)(uint64_t value, char *text);

/*
 * What is refused changes nothing; what is read and printed exactly is read back, and never becomes
 * longer.
 */
static void quantity_check(const char *text, quantity_parse parse, quantity_print format,
			   quantity_print rounded)
{
	char exact[UNITS_TEXT_BYTES];
	char words[UNITS_TEXT_BYTES];
	uint64_t value = 99;
	uint64_t back = 0;
	int error = parse(text, &value);

	FUZZ_EXPECT(error == 0 || error == -EINVAL || error == -ERANGE);
	FUZZ_EXPECT(error == 0 || value == 99);
	if (error)
		return;
	FUZZ_EXPECT(parse(format(value, exact), &back) == 0 && back == value);
	FUZZ_EXPECT(strlen(exact) <= strlen(text));
	FUZZ_EXPECT(strlen(rounded(value, words)) < UNITS_TEXT_BYTES && strchr(words, ' '));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	char *text = malloc(data_bytes + 1);
	char words[UNITS_TEXT_BYTES];
	uint16_t port = 0;
	uint64_t value;

	FUZZ_EXPECT(text);
	memcpy(text, data, data_bytes);
	text[data_bytes] = '\0';
	quantity_check(text, time_parse, time_format, time_read);
	quantity_check(text, size_parse, size_format, size_read);
	FUZZ_EXPECT((port_parse(text, &port) == 0) == (port > 0));
	if (data_bytes >= sizeof(value)) {
		/* Any number can be printed, not only those that can be typed. */
		memcpy(&value, data, sizeof(value));
		FUZZ_EXPECT(strlen(time_read(value, words)) > 0 &&
			    strlen(words) < UNITS_TEXT_BYTES);
		FUZZ_EXPECT(strlen(size_read(value, words)) > 0 &&
			    strlen(words) < UNITS_TEXT_BYTES);
		FUZZ_EXPECT(strlen(count_read(value, words)) > 0 &&
			    strlen(words) < UNITS_TEXT_BYTES);
	}
	free(text);
	return 0;
}
