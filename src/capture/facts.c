/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/facts.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <unistd.h>

static int uuid_make(char *ret_uuid)
{
	unsigned char byte[16];
	unsigned place = 0;

	if (getrandom(byte, sizeof(byte), 0) != sizeof(byte))
		return -errno;
	byte[6] = (byte[6] & 0x0f) | 0x40; /* version 4 */
	byte[8] = (byte[8] & 0x3f) | 0x80; /* variant 10 */
	for (unsigned index = 0; index < sizeof(byte); index++) {
		if (index == 4 || index == 6 || index == 8 || index == 10)
			ret_uuid[place++] = '-';
		snprintf(ret_uuid + place, 3, "%02x", byte[index]);
		place += 2;
	}
	return 0;
}

static void boot_id_read(char *text, size_t text_bytes)
{
	_cleanup_(fclosep) FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	text[0] = '\0';
	if (file && fgets(text, (int)text_bytes, file))
		text[strcspn(text, "\n")] = '\0';
}

int facts_read(struct facts *ret_facts)
{
	struct facts facts = { 0 };
	struct utsname names;
	int error = uuid_make(facts.capture_uuid);

	if (error)
		return error;
	if (uname(&names) < 0)
		return -errno;
	snprintf(facts.host, sizeof(facts.host), "%.64s", names.nodename);
	snprintf(facts.kernel_release, sizeof(facts.kernel_release), "%.64s", names.release);
	snprintf(facts.machine, sizeof(facts.machine), "%.64s", names.machine);
	boot_id_read(facts.boot_id, sizeof(facts.boot_id));
	facts.cpus = sysconf(_SC_NPROCESSORS_ONLN);
	*ret_facts = facts;
	return 0;
}

static void word_append(char *text, size_t text_bytes, const char *piece, size_t piece_bytes)
{
	size_t used_bytes = strlen(text);

	if (used_bytes + piece_bytes + 1 > text_bytes)
		piece_bytes = text_bytes - used_bytes - 1;
	memcpy(text + used_bytes, piece, piece_bytes);
	text[used_bytes + piece_bytes] = '\0';
}

static void word_quote(char *text, size_t text_bytes, const char *word)
{
	bool plain = word[0] && !word[strcspn(word, " \t\n'\"\\$`&|;<>()*?[]#~{}!")];

	if (plain) {
		word_append(text, text_bytes, word, strlen(word));
		return;
	}
	word_append(text, text_bytes, "'", 1);
	for (; *word; word++)
		word_append(text, text_bytes, *word == '\'' ? "'\\''" : word,
			    *word == '\'' ? 4 : 1);
	word_append(text, text_bytes, "'", 1);
}

void command_line_join(char *const *words, char *text, size_t text_bytes)
{
	text[0] = '\0';
	for (unsigned index = 0; words && words[index]; index++) {
		if (index)
			word_append(text, text_bytes, " ", 1);
		word_quote(text, text_bytes, words[index]);
	}
}

void ports_join(const unsigned short *port, unsigned ports, char *text, size_t text_bytes)
{
	text[0] = '\0';
	for (unsigned index = 0; index < ports; index++) {
		char piece[8];

		snprintf(piece, sizeof(piece), "%s%u", index ? "," : "", port[index]);
		word_append(text, text_bytes, piece, strlen(piece));
	}
}
