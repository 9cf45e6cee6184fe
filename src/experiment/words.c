/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* vasprintf() */
#include "experiment/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void words_add(struct words *words, const char *format, ...)
{
	va_list arguments;
	char *word;

	va_start(arguments, format);
	if (words->words >= WORDS_MAX || vasprintf(&word, format, arguments) < 0)
		words->failed = true;
	else
		words->word[words->words++] = word;
	va_end(arguments);
}

void words_add_array(struct words *words, const char *const *word)
{
	for (; *word; word++)
		words_add(words, "%s", *word);
}

void words_add_words(struct words *words, const struct words *more)
{
	for (unsigned index = 0; index < more->words; index++)
		words_add(words, "%s", more->word[index]);
}

char *words_line(char *const *word)
{
	size_t bytes = 1;
	char *line, *end;

	for (unsigned index = 0; word[index]; index++)
		bytes += strlen(word[index]) + 1;
	line = malloc(bytes);
	if (!line)
		return NULL;
	end = line;
	*end = '\0';
	for (unsigned index = 0; word[index]; index++)
		end += sprintf(end, "%s%s", index ? " " : "", word[index]);
	return line;
}

void words_free(struct words *words)
{
	while (words->words)
		free(words->word[--words->words]);
}
