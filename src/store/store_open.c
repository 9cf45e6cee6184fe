/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/cleanup.h"
#include "base/failure.h"
#include "store/embedded.h"
#include "store/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Offset of application_id in a database's header:
 * https://www.sqlite.org/fileformat2.html#application_id */
enum { HEADER_BYTES = 100, APPLICATION_ID_OFFSET = 68, USER_VERSION_OFFSET = 60 };

const char *embedded_find(const char *name)
{
	for (size_t index = 0; index < embedded_sql_count; index++) {
		if (strcmp(embedded_sql[index].name, name) == 0)
			return embedded_sql[index].text;
	}
	return NULL;
}

int store_error(const struct store *store, const char *what, struct failure *failure)
{
	int code = sqlite3_errcode(store->db);

	switch (code & 0xff) {
	case SQLITE_FULL:
		return failure_set(
			failure, ENOSPC,
			"%s: the disk is full; what was committed is kept. Free space, or choose another -o FILE",
			store->path);
	case SQLITE_NOMEM:
		return failure_set(failure, ENOMEM, "%s: out of memory", store->path);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return failure_set(
			failure, EBUSY,
			"%s is locked by another program: close it, or choose another FILE",
			store->path);
	case SQLITE_READONLY:
		return failure_set(failure, EROFS, "%s can't be written: choose another -o FILE",
				   store->path);
	default:
		/* An I/O error on a full disk comes as SQLITE_IOERR_…, with errno beside it. */
		if (sqlite3_system_errno(store->db) == ENOSPC)
			return failure_set(
				failure, ENOSPC,
				"%s: the disk is full; what was committed is kept. Free space, or choose "
				"another -o FILE",
				store->path);
		return failure_set(failure, EIO, "%s: %s failed: %s", store->path, what,
				   sqlite3_errmsg(store->db));
	}
}

int store_execute(struct store *store, const char *sql, struct failure *failure)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ?
		       0 :
		       store_error(store, "writing", failure);
}

int64_t store_pragma(sqlite3 *db, const char *pragma)
{
	sqlite3_stmt *statement;
	int64_t value = -1;

	if (sqlite3_prepare_v2(db, pragma, -1, &statement, NULL) != SQLITE_OK)
		return -1;
	if (sqlite3_step(statement) == SQLITE_ROW)
		value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return value;
}

static uint32_t big_endian(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

/*
 * Looks at the file before SQLite does, which would recover, lock or create things beside it. cure:
 * what to do where it is not ours.
 */
static int file_check(int fd, const char *path, const char *cure, struct failure *failure)
{
	unsigned char header[HEADER_BYTES];
	struct stat status;

	if (fstat(fd, &status) < 0)
		return failure_set(failure, errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(status.st_mode))
		return failure_set(failure, EEXIST, "%s is no regular file: %s", path, cure);
	if (pread(fd, header, sizeof(header), 0) != sizeof(header) ||
	    memcmp(header, "SQLite format 3", sizeof("SQLite format 3")) != 0)
		return failure_set(failure, EEXIST, "%s is no pollgap file: %s", path, cure);
	if (big_endian(header + APPLICATION_ID_OFFSET) != STORE_APPLICATION_ID)
		return failure_set(failure, EEXIST, "%s is another program's SQLite file: %s", path,
				   cure);
	if (big_endian(header + USER_VERSION_OFFSET) != STORE_USER_VERSION)
		return failure_set(failure, EEXIST,
				   "%s is a pollgap file of version %u, this is version %d: %s",
				   path, big_endian(header + USER_VERSION_OFFSET),
				   STORE_USER_VERSION, cure);
	return 0;
}

/* Takes the descriptor over: *lock_fd is -1 afterwards. */
static int store_new(const char *path, int *lock_fd, struct store **ret_store,
		     struct failure *failure)
{
	struct store *store = calloc(1, sizeof(*store));

	if (store)
		store->path = strdup(path);
	if (!store || !store->path) {
		free(store);
		return failure_set(failure, ENOMEM, "out of memory");
	}
	store->lock_fd = *lock_fd;
	*lock_fd = -1;
	*ret_store = store;
	return 0;
}

/* A number from the environment, as sudo sets it; -1 for anything else. */
static long sudo_id(const char *name)
{
	const char *text = getenv(name);
	char *end;
	long id;

	if (!text || !*text || strspn(text, "0123456789") != strlen(text))
		return -1;
	errno = 0;
	id = strtol(text, &end, 10);
	return errno || id > INT32_MAX ? -1 : id;
}

/* The file is the user's who called sudo. */
static int file_give(int fd, const char *path, struct failure *failure)
{
	long user = sudo_id("SUDO_UID"), group = sudo_id("SUDO_GID");

	if (geteuid() != 0 || user < 0 || group < 0)
		return 0;
	if (fchown(fd, (uid_t)user, (gid_t)group) < 0)
		return failure_set(failure, errno, "%s can't be given to user %ld: %s", path, user,
				   strerror(errno));
	return 0;
}

/* *ret_created: it did not exist before. */
static int file_create(const char *path, int *ret_fd, bool *ret_created, struct failure *failure)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	*ret_created = fd >= 0;
	/* O_NONBLOCK: opening a FIFO must not wait. */
	if (fd < 0 && errno == EEXIST)
		fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == EISDIR)
		return failure_set(failure, EEXIST, "%s is a directory: choose another -o FILE",
				   path);
	if (fd < 0)
		return failure_set(failure, errno,
				   "%s can't be written: %s: choose another -o FILE", path,
				   strerror(errno));
	*ret_fd = fd;
	return 0;
}

static int store_make_schema(struct store *store, struct failure *failure)
{
	int error = store_execute(store, embedded_find("schema"), failure);

	for (size_t index = 0; index < embedded_sql_count && !error; index++) {
		if (strncmp(embedded_sql[index].name, "view/", strlen("view/")) == 0)
			error = store_execute(store, embedded_sql[index].text, failure);
	}
	return error;
}

/* The schema goes in before WAL does: whoever opens the file while the capture runs sees at its
 * head that it is ours. */
static int store_begin_writing(struct store *store, struct failure *failure)
{
	int error = 0;

	if (sqlite3_open_v2(store->path, &store->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		return store_error(store, "opening", failure);
	sqlite3_busy_timeout(store->db, 10000);
	if (store->created) {
		error = store_execute(store, "BEGIN IMMEDIATE", failure);
		if (!error)
			error = store_make_schema(store, failure);
		if (!error)
			error = store_execute(store, "COMMIT", failure);
	}
	if (error)
		return error;
	/* A killed program loses nothing that was committed. What a power failure takes is not
	 * waited for before the capture's end (store_complete()): a disk that is slow to flush held
	 * the writer up for 0.3 s at a time, and once until the ring buffer was full. */
	return store_execute(store,
			     "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;"
			     "PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;"
			     "PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE;",
			     failure);
}

static int lock_take(int fd, const char *path, struct failure *failure)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return failure_set(failure, EBUSY,
			   "another capture writes into %s: choose another -o FILE, or wait for it",
			   path);
}

int store_create(const char *path, struct store **ret_store, struct failure *failure)
{
	_cleanup_(closep) int fd = -1;
	struct store *store = NULL;
	bool created;
	int error = file_create(path, &fd, &created, failure);

	if (error)
		return error;
	error = created ? file_give(fd, path, failure) :
			  file_check(fd, path, "choose another -o FILE", failure);
	if (!error)
		error = lock_take(fd, path, failure);
	if (!error)
		error = store_new(path, &fd, &store, failure);
	if (error || !store) {
		if (created)
			unlink(path);
		return error;
	}
	store->created = created;
	store->writes = true;
	error = store_begin_writing(store, failure);
	if (error) {
		store_abandon(store);
		return error;
	}
	*ret_store = store;
	return 0;
}

int store_open(const char *path, struct store **ret_store, struct failure *failure)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct store *store = NULL;
	int error;

	if (fd < 0)
		return failure_set(failure, errno, "%s can't be read: %s", path, strerror(errno));
	error = file_check(fd, path, "name a file that 'pollgap capture' wrote", failure);
	if (!error)
		error = store_new(path, &fd, &store, failure);
	if (error || !store)
		return error;
	if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
		error = store_error(store, "opening", failure);
		store_closep(&store);
		return error;
	}
	sqlite3_busy_timeout(store->db, 10000);
	*ret_store = store;
	return 0;
}

static void file_remove(const char *path, const char *suffix)
{
	char name[4096];

	if (snprintf(name, sizeof(name), "%s%s", path, suffix) < (int)sizeof(name))
		unlink(name);
}

void store_remove(const char *path)
{
	file_remove(path, "");
	file_remove(path, "-wal");
	file_remove(path, "-shm");
	file_remove(path, "-journal");
}

void store_abandon(struct store *store)
{
	char *path = store->created ? strdup(store->path) : NULL;
	bool leave_wal = !store->created && store->db;

	if (store->db)
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	if (leave_wal)
		sqlite3_exec(store->db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
	store_closep(&store);
	if (path)
		store_remove(path);
	free(path);
}

void store_closep(struct store **store)
{
	if (!*store)
		return;
	for (unsigned index = 0; index < STATEMENTS; index++)
		sqlite3_finalize((*store)->statement[index]);
	sqlite3_close((*store)->db);
	/* Last: closing any descriptor of the file drops this process's locks on it. */
	if ((*store)->lock_fd >= 0)
		close((*store)->lock_fd);
	free((*store)->path);
	free(*store);
	*store = NULL;
}
