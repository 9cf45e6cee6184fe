/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/csv_field.h"

#include <csv.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void csv_print_field(const char *text, FILE *out)
{
	size_t bytes;

	if (!text)
		return;
	bytes = strlen(text);
	/* Spaces at an end are the field's by RFC 4180, but many readers trim them unless quoted. */
	if (bytes == 0 || strpbrk(text, ",\"\r\n") || text[0] == ' ' || text[bytes - 1] == ' ')
		csv_fwrite(out, text, bytes);
	else
		fwrite(text, 1, bytes, out);
}

/* Past the digits at text; NULL where there is none. */
static const char *digits_skip(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits ? text + digits : NULL;
}

/* The C library's parsers skip spaces and know more forms than we write: this looks at the form
 * first. */
static const char *integer_skip(const char *text)
{
	return digits_skip(*text == '-' ? text + 1 : text);
}

static bool real_is_plain(const char *text)
{
	const char *at = integer_skip(text);

	if (at && *at == '.')
		at = digits_skip(at + 1);
	if (at && (*at == 'e' || *at == 'E'))
		at = digits_skip(at[1] == '-' || at[1] == '+' ? at + 2 : at + 1);
	return at && !*at;
}

int csv_read_integer(const char *text, int64_t *ret_value)
{
	const char *end = integer_skip(text);
	long long value;

	if (!end || *end)
		return -EINVAL;
	errno = 0;
	value = strtoll(text, NULL, 10);
	if (errno == ERANGE)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int csv_read_real(const char *text, double *ret_value)
{
	double value;

	if (!real_is_plain(text))
		return -EINVAL;
	errno = 0;
	value = strtod(text, NULL);
	/* ERANGE alone is no reason: glibc sets it for numbers below DBL_MIN that it reads well. */
	if (!isfinite(value) || (errno == ERANGE && value == 0))
		return -ERANGE;
	*ret_value = value;
	return 0;
}
