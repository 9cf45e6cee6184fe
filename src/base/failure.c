/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/failure.h"

#include <stdarg.h>
#include <stdio.h>

int failure_set(struct failure *failure, int error, const char *format, ...)
{
	va_list arguments;

	if (!failure)
		return -error;
	va_start(arguments, format);
	vsnprintf(failure->text, sizeof(failure->text), format, arguments);
	va_end(arguments);

	/* It is shown as one line, whatever a file's name holds. */
	for (char *c = failure->text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return -error;
}
