/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/units.h"

#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t base; /* one of it in base units */
};

/*
 * Ascending, each a multiple of the one before it: the largest that divides a value gives its
 * shortest form.
 */
static const struct unit time_units[] = {
	{ "ns", 1 },	   { "us", NS_PER_US },	     { "ms", NS_PER_MS },
	{ "s", NS_PER_S }, { "m", 60LL * NS_PER_S }, { "h", 3600LL * NS_PER_S },
	{ NULL, 0 },
};

static const struct unit size_units[] = {
	{ "", 1 }, { "K", 1 << 10 }, { "M", 1 << 20 }, { "G", 1 << 30 }, { NULL, 0 },
};

static const struct unit time_units_read[] = {
	{ "ns", 1 },	   { "us", NS_PER_US },	       { "ms", NS_PER_MS },
	{ "s", NS_PER_S }, { "min", 60LL * NS_PER_S }, { "h", 3600LL * NS_PER_S },
	{ NULL, 0 },
};

static const struct unit size_units_read[] = {
	{ "B", 1 },
	{ "KiB", 1ULL << 10 },
	{ "MiB", 1ULL << 20 },
	{ "GiB", 1ULL << 30 },
	{ "TiB", 1ULL << 40 },
	{ "PiB", 1ULL << 50 },
	{ "EiB", 1ULL << 60 },
	{ NULL, 0 },
};

/*
 * Reads leading digits. Returns what follows them, NULL where there are none; *ret_fits says if
 * they fit.
 */
static const char *digits_parse(const char *text, uint64_t *ret_value, bool *ret_fits)
{
	const char *c = text;
	uint64_t value = 0;
	bool overflow = false;

	for (; *c >= '0' && *c <= '9'; c++) {
		overflow |= __builtin_mul_overflow(value, 10, &value);
		overflow |= __builtin_add_overflow(value, (uint64_t)(*c - '0'), &value);
	}
	*ret_value = value;
	*ret_fits = !overflow;
	return c == text ? NULL : c;
}

static int quantity_parse(const char *text, const struct unit *units, uint64_t *ret_value)
{
	uint64_t count;
	uint64_t value;
	bool fits;
	const char *rest = digits_parse(text, &count, &fits);

	while (rest && units->name && strcmp(rest, units->name) != 0)
		units++;
	if (!rest || !units->name)
		return -EINVAL;
	if (!fits || __builtin_mul_overflow(count, units->base, &value))
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int time_parse(const char *text, uint64_t *ret_ns)
{
	if (strcmp(text, "0") == 0) {
		*ret_ns = 0;
		return 0;
	}
	return quantity_parse(text, time_units, ret_ns);
}

int size_parse(const char *text, uint64_t *ret_bytes)
{
	return quantity_parse(text, size_units, ret_bytes);
}

int port_parse(const char *text, uint16_t *ret_port)
{
	uint64_t port;
	bool fits;
	const char *rest = digits_parse(text, &port, &fits);

	if (!rest || *rest)
		return -EINVAL;
	if (!fits || port < 1 || port > UINT16_MAX)
		return -ERANGE;
	*ret_port = (uint16_t)port;
	return 0;
}

static const char *quantity_format(uint64_t value, const struct unit *units, char *text)
{
	const struct unit *unit = units;

	while (unit[1].name && value % unit[1].base == 0)
		unit++;
	snprintf(text, UNITS_TEXT_BYTES, "%" PRIu64 "%s", value / unit->base, unit->name);
	return text;
}

const char *time_format(uint64_t time_ns, char *text)
{
	return time_ns ? quantity_format(time_ns, time_units, text) : strcpy(text, "0");
}

const char *size_format(uint64_t size_bytes, char *text)
{
	return size_bytes ? quantity_format(size_bytes, size_units, text) : strcpy(text, "0");
}

/* value in hundredths of the unit, rounded to three digits. */
static uint64_t hundredths_round(uint64_t value, uint64_t unit)
{
	uint64_t whole = value / unit;
	uint64_t rest = value % unit;
	uint64_t thousandths;
	unsigned step;

	/* So that rest * 1000 fits: units go up to 2^60, and a thousandth needs only ten bits. */
	for (; unit > 1ULL << 50; unit >>= 1)
		rest >>= 1;
	thousandths = whole * 1000 + rest * 1000 / unit;
	step = thousandths < 10000 ? 10 : thousandths < 100000 ? 100 : 1000;
	return (thousandths + step / 2) / step * step / 10;
}

static const char *quantity_read(uint64_t value, const struct unit *units, char *text)
{
	const struct unit *unit = units;
	uint64_t hundredths;
	int digits;

	while (unit[1].name && value >= unit[1].base)
		unit++;
	hundredths = hundredths_round(value, unit->base);
	/* 999,999 ns rounds up to 1 ms, not to 1000 us. */
	if (unit[1].name && hundredths / 100 >= unit[1].base / unit->base) {
		unit++;
		hundredths = 100;
	}
	digits = hundredths % 100 == 0 ? 0 : hundredths % 10 == 0 ? 1 : 2;
	if (digits == 0)
		snprintf(text, UNITS_TEXT_BYTES, "%" PRIu64 " %s", hundredths / 100, unit->name);
	else
		snprintf(text, UNITS_TEXT_BYTES, "%" PRIu64 ".%0*" PRIu64 " %s", hundredths / 100,
			 digits, hundredths % 100 / (digits == 1 ? 10 : 1), unit->name);
	return text;
}

const char *time_read(uint64_t time_ns, char *text)
{
	return quantity_read(time_ns, time_units_read, text);
}

const char *size_read(uint64_t size_bytes, char *text)
{
	return quantity_read(size_bytes, size_units_read, text);
}

const char *count_read(uint64_t count, char *text)
{
	char digits[UNITS_TEXT_BYTES];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, count);
	char *out = text;

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	*out = '\0';
	return text;
}
