/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_STORE_PRIVATE_H
#define POLLGAP_STORE_PRIVATE_H

#include "store/store.h"

#include <sqlite3.h>

/* As in schema.sql. */
enum { STORE_APPLICATION_ID = 0x70676170, STORE_USER_VERSION = 3 };

/* Statements prepared once, nearly all of which write: statement.c has their texts. */
enum statement {
	PUT_CAPTURE,
	PUT_THRESHOLD,
	PUT_SOCKET,
	PUT_OWNER,
	PUT_DEATH,
	PUT_SUMMARY,
	PUT_SPIKE,
	PUT_SPIKE_BIN,
	PUT_SPIKE_SEEN,
	PUT_SPIKE_BIN_SEEN,
	PUT_POLLER,
	PUT_POLLER_GAUGE,
	PUT_POLLER_END,
	PUT_POLLER_POLLS,
	PUT_POLL,
	PUT_SAMPLE,
	PUT_POLL_ROWS,
	PUT_LEVEL,
	PUT_ACCEPT_SPIKE,
	PUT_SOFTNET_SPIKE,
	PUT_BLOG,
	PUT_TRACE_BLOCK,
	PUT_SOFTNET_TRACE_BLOCK,
	PUT_WAITING,
	PUT_AGREEMENT,
	PUT_SQUEEZE,
	PUT_DROP,
	PUT_FOREIGN,
	PUT_SOFTNET,
	PUT_PROBE_TIMING,
	PUT_AMBIGUOUS,
	PUT_THREAD_CPU,
	PUT_LOSS,
	PUT_CAPTURE_END,
	PUT_EXPERIMENT,
	PUT_EXPERIMENT_FACT,
	PUT_EXPERIMENT_END,
	PUT_TRIAL,
	GET_REPLAY_LIMIT,
	STATEMENTS,
};

struct store {
	sqlite3 *db;
	char *path;
	int lock_fd; /* holds the writers' lock; closed after the database, or SQLite's own locks
			would go with it */
	bool created; /* by this store: store_abandon() may take it back */
	bool writes;
	bool foreign; /* temp.foreign_socket has rows */
	sqlite3_stmt *statement[STATEMENTS];
};

/* Sets the reason and returns -errno for what SQLite answered. what: "writing", "reading". */
int store_error(const struct store *store, const char *what, struct failure *failure);

/* Commits, builds the indexes, and leaves one single file. */
int store_complete(struct store *store, struct failure *failure);

/* Takes a file away, and what SQLite keeps beside it. */
void store_remove(const char *path);

/* Runs statements that return no rows. */
int store_execute(struct store *store, const char *sql, struct failure *failure);

/* Prepares a statement that reads, or writes into what is this connection's alone. */
int store_prepare(struct store *store, const char *sql, sqlite3_stmt **ret_statement,
		  struct failure *failure);

static inline void statement_freep(sqlite3_stmt **statement)
{
	sqlite3_finalize(*statement);
}

/* PRAGMA name, as a number; -1 where it can't be read. */
int64_t store_pragma(sqlite3 *db, const char *pragma);

#endif
