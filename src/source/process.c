/* SPDX-License-Identifier: BSD-2-Clause */
#include "source/process.h"

#include "base/cleanup.h"
#include "base/failure.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct owned_inodes {
	char directory[32]; /* /proc/PID/fd */
	void *tree; /* tsearch(3), of uint64_t */
};

static void directory_closep(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static int inode_compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a;
	uint64_t right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static int inode_add(struct owned_inodes *owned, uint64_t inode)
{
	uint64_t *key;
	void *node;

	if (owned_inodes_have(owned, inode))
		return 0;
	key = malloc(sizeof(*key));
	if (!key)
		return -ENOMEM;
	*key = inode;
	node = tsearch(key, &owned->tree, inode_compare);
	if (!node)
		free(key);
	return node ? 0 : -ENOMEM;
}

int owned_inodes_refresh(struct owned_inodes *owned)
{
	_cleanup_(directory_closep) DIR *directory = opendir(owned->directory);
	const struct dirent *entry;
	int error = 0;

	while (directory && !error && (entry = readdir(directory))) {
		char path[sizeof(owned->directory) + sizeof(entry->d_name) + 1];
		static const char prefix[] = "socket:[";
		char target[64];
		ssize_t bytes;

		snprintf(path, sizeof(path), "%s/%s", owned->directory, entry->d_name);
		bytes = readlink(path, target, sizeof(target) - 1);
		if (bytes <= 0)
			continue;
		target[bytes] = '\0';
		if (strncmp(target, prefix, strlen(prefix)) == 0)
			error = inode_add(owned, strtoull(target + strlen(prefix), NULL, 10));
	}
	return error;
}

int owned_inodes_new(uint32_t pid, struct owned_inodes **ret_owned, struct failure *failure)
{
	struct owned_inodes *owned = calloc(1, sizeof(*owned));
	int error;

	if (!owned)
		return failure_set(failure, ENOMEM, "out of memory");
	snprintf(owned->directory, sizeof(owned->directory), "/proc/%" PRIu32 "/fd", pid);
	if (access(owned->directory, R_OK) < 0) {
		error = errno;
		owned_inodes_freep(&owned);
		return failure_set(failure, error,
				   "--pid %" PRIu32 ": its sockets can't be read: %s", pid,
				   error == ENOENT ? "there is no such process" : strerror(error));
	}
	error = owned_inodes_refresh(owned);
	if (error) {
		owned_inodes_freep(&owned);
		return failure_set(failure, -error, "out of memory");
	}
	*ret_owned = owned;
	return 0;
}

void owned_inodes_freep(struct owned_inodes **owned)
{
	if (!*owned)
		return;
	while ((*owned)->tree) {
		uint64_t *key = *(uint64_t **)(*owned)->tree;

		tdelete(key, &(*owned)->tree, inode_compare);
		free(key);
	}
	free(*owned);
	*owned = NULL;
}

bool owned_inodes_have(const struct owned_inodes *owned, uint64_t inode)
{
	return tfind(&inode, &owned->tree, inode_compare) != NULL;
}
