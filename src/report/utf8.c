/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/utf8.h"

#include <stdbool.h>

struct range {
	uint32_t first;
	uint32_t last;
};

/* Combining marks and invisible characters of the scripts that names are likely to hold: Unicode
 * 15, general category Mn. */
static const struct range zero_width[] = {
	{ 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd }, { 0x064b, 0x065f },
	{ 0x200b, 0x200f }, { 0x202a, 0x202e }, { 0x2060, 0x2064 }, { 0x20d0, 0x20f0 },
	{ 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff },
};

/* East Asian Width W and F: Unicode 15, EastAsianWidth.txt, in blocks. */
static const struct range double_width[] = {
	{ 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0x33ff }, { 0x3400, 0x4dbf },
	{ 0x4e00, 0x9fff },   { 0xa000, 0xa4cf },   { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff },
	{ 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f },
	{ 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};

static bool range_holds(const struct range *ranges, size_t count, uint32_t code_point)
{
	for (size_t i = 0; i < count; i++)
		if (code_point >= ranges[i].first && code_point <= ranges[i].last)
			return true;
	return false;
}

/* Bytes that a well-formed character with this first byte takes, and the least code point that
 * needs so many; 0: none. */
static size_t character_bytes(unsigned char first, uint32_t *ret_bits, uint32_t *ret_least)
{
	if (first < 0x80) {
		*ret_bits = first;
		*ret_least = 0;
		return 1;
	}
	if (first >= 0xc2 && first < 0xe0) {
		*ret_bits = first & 0x1f;
		*ret_least = 0x80;
		return 2;
	}
	if (first >= 0xe0 && first < 0xf0) {
		*ret_bits = first & 0x0f;
		*ret_least = 0x800;
		return 3;
	}
	if (first >= 0xf0 && first < 0xf5) {
		*ret_bits = first & 0x07;
		*ret_least = 0x10000;
		return 4;
	}
	return 0;
}

size_t utf8_decode(const char *text, uint32_t *ret_code_point)
{
	uint32_t code_point = 0;
	uint32_t least = 0;
	size_t bytes = character_bytes((unsigned char)text[0], &code_point, &least);

	*ret_code_point = UTF8_REPLACEMENT;
	if (bytes == 0)
		return 1;
	/* The terminating NUL is no continuation byte, so this never reads past the end. */
	for (size_t i = 1; i < bytes; i++) {
		unsigned char next = (unsigned char)text[i];

		if ((next & 0xc0) != 0x80)
			return 1;
		code_point = code_point << 6 | (next & 0x3f);
	}
	if (code_point < least || code_point > 0x10ffff ||
	    (code_point >= 0xd800 && code_point <= 0xdfff))
		return 1;
	*ret_code_point = code_point;
	return bytes;
}

size_t utf8_width(const char *text)
{
	size_t width = 0;

	while (*text) {
		uint32_t code_point;

		text += utf8_decode(text, &code_point);
		if (range_holds(zero_width, sizeof(zero_width) / sizeof(zero_width[0]), code_point))
			continue;
		width++;
		if (range_holds(double_width, sizeof(double_width) / sizeof(double_width[0]),
				code_point))
			width++;
	}
	return width;
}

void utf8_print(FILE *out, const char *text)
{
	while (*text) {
		uint32_t code_point;
		size_t bytes = utf8_decode(text, &code_point);
		bool control = code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);

		if (control || code_point == UTF8_REPLACEMENT)
			fputs("\xef\xbf\xbd", out);
		else
			fwrite(text, 1, bytes, out);
		text += bytes;
	}
}
