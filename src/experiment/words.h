/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_WORDS_H
#define POLLGAP_WORDS_H

#include <stdbool.h>
#include <stddef.h>

enum { WORDS_MAX = 192 };

/* A command line that grows. All-zero is empty; word[] ends with NULL. */
struct words {
	char *word[WORDS_MAX + 1];
	unsigned words;
	bool failed; /* one found no room, or no memory */
};

void words_add(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Several at once: words_add_all(words, "-o", path). */
#define words_add_all(words, ...) words_add_array(words, (const char *const[]){ __VA_ARGS__, NULL })

/* Up to a NULL. */
void words_add_array(struct words *words, const char *const *word);

/* All of another's. */
void words_add_words(struct words *words, const struct words *more);

/* One line for people, words parted by a space; to be freed. NULL: out of memory. */
char *words_line(char *const *word);

void words_free(struct words *words);

#endif
