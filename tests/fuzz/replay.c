/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "base/cleanup.h"

#include <dirent.h>

/*
 * Runs a fuzz target once on each file of a folder: what was found once stays fixed, under any
 * compiler.
 */

enum { INPUT_BYTES_MAX = 1 << 20 };

/* Memory of just the input's size, so that a sanitizer sees a byte read too many. */
static int file_replay(const char *path)
{
	_cleanup_(fclosep) FILE *file = fopen(path, "rb");
	_cleanup_(freep) uint8_t *room = malloc(INPUT_BYTES_MAX);
	_cleanup_(freep) uint8_t *data = NULL;
	size_t data_bytes;

	if (!file || !room)
		return -1;
	data_bytes = fread(room, 1, INPUT_BYTES_MAX, file);
	data = malloc(data_bytes ? data_bytes : 1);
	if (ferror(file) || !data)
		return -1;
	for (size_t i = 0; i < data_bytes; i++)
		data[i] = room[i];
	LLVMFuzzerTestOneInput(data, data_bytes);
	return 0;
}

static int folder_replay(const char *folder, DIR *entries)
{
	const struct dirent *entry;
	char path[4096];
	int inputs = 0;

	while ((entry = readdir(entries))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (file_replay(path) != 0) {
			fprintf(stderr, "cannot read %s\n", path);
			return -1;
		}
		inputs++;
	}
	return inputs;
}

int main(int argc, char **argv)
{
	DIR *entries = argc == 2 ? opendir(argv[1]) : NULL;
	int inputs;

	if (!entries) {
		fprintf(stderr, "usage: %s FOLDER, a folder of inputs that can be read\n", argv[0]);
		return 2;
	}
	inputs = folder_replay(argv[1], entries);
	closedir(entries);
	printf("%d inputs of %s\n", inputs, argv[1]);
	return inputs > 0 ? 0 : 1;
}
