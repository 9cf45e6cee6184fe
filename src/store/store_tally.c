/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* asprintf() */
#include "base/cleanup.h"
#include "base/failure.h"
#include "store/embedded.h"
#include "store/store_private.h"
#include "store/tally.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a report needs beside the file: the program's own views, and the tally under them. */

static int tally_put(sqlite3_stmt *put, const struct tally_kind *kind, const struct tally_run *run,
		     const struct tally_cell *cell, size_t decade)
{
	sqlite3_bind_int64(put, 1, kind->capture_id);
	sqlite3_bind_int64(put, 2, run->poller_id);
	sqlite3_bind_text(put, 3, tally_gauge_name[kind->gauge], -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 4, kind->threshold_bytes);
	sqlite3_bind_int64(put, 5, kind->threshold_percent);
	sqlite3_bind_int64(put, 6, tally_decade_start_ns(decade));
	sqlite3_bind_int64(put, 7,
			   decade == TALLY_DECADES - 1 ? INT64_MAX :
							 tally_decade_start_ns(decade + 1));
	sqlite3_bind_int64(put, 8, cell->spikes);
	sqlite3_bind_int64(put, 9, cell->seen);
	sqlite3_bind_double(put, 10, run->kept_period_ns);
	sqlite3_bind_int64(put, 11, cell->shorter);
	sqlite3_bind_int64(put, 12, cell->shorter_sum_ns);
	sqlite3_step(put);
	return sqlite3_reset(put);
}

static int cells_write(struct store *store, const struct tally *tally, struct failure *failure)
{
	_cleanup_(statement_freep) sqlite3_stmt *put = NULL;
	int error = store_prepare(
		store,
		"INSERT INTO temp.spike_tally VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 * ?11 - ?12)",
		&put, failure);

	for (size_t place = 0; place < tally->groups && !error; place++) {
		const struct tally_group *group = &tally->group[place];

		for (size_t at = 0; at < group->runs * TALLY_DECADES && !error; at++) {
			size_t index = at / TALLY_DECADES, decade = at % TALLY_DECADES;
			const struct tally_cell *cell = &tally_cells(tally, group, decade)[index];

			if (cell->spikes &&
			    tally_put(put, &group->kind, &tally->run[group->first + index], cell,
				      decade) != SQLITE_OK)
				error = store_error(store, "writing", failure);
		}
	}
	return error;
}

static int missed_put(sqlite3_stmt *put, const struct tally_kind *kind, const struct tally_run *run)
{
	sqlite3_bind_int64(put, 1, run->poller_id);
	sqlite3_bind_text(put, 2, tally_gauge_name[kind->gauge], -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 3, kind->threshold_bytes);
	sqlite3_bind_int64(put, 4, kind->threshold_percent);
	sqlite3_bind_int64(put, 5, run->missed_id);
	sqlite3_step(put);
	return sqlite3_reset(put);
}

static int missed_write(struct store *store, const struct tally *tally, struct failure *failure)
{
	_cleanup_(statement_freep) sqlite3_stmt *put = NULL;
	int error = store_prepare(
		store, "INSERT INTO temp.longest_missed_spike VALUES (?1, ?2, ?3, ?4, ?5)", &put,
		failure);

	for (size_t place = 0; place < tally->groups && !error; place++) {
		const struct tally_group *group = &tally->group[place];

		for (size_t index = 0; index < group->runs && !error; index++) {
			const struct tally_run *run = &tally->run[group->first + index];

			if (run->missed_id && missed_put(put, &group->kind, run) != SQLITE_OK)
				error = store_error(store, "writing", failure);
		}
	}
	return error;
}

/* The program's view, for this connection alone. kind: "VIEW", or "TABLE" for its rows of now. */
static int view_make(struct store *store, const char *text, const char *kind,
		     struct failure *failure)
{
	static const char create[] = "CREATE VIEW ";
	_cleanup_(freep) char *sql = NULL;
	const char *rest = strstr(text, create);

	if (!rest)
		return failure_set(failure, EINVAL, "a view of this program begins with '%.40s'",
				   text);
	if (asprintf(&sql, "CREATE TEMP %s %s", kind, rest + strlen(create)) < 0) {
		sql = NULL;
		return failure_set(failure, ENOMEM, "out of memory");
	}
	return store_execute(store, sql, failure);
}

/* Nearly every other one reads it, and it takes all polls to know. */
static const char *view_kind(const char *name)
{
	return strcmp(name, "view/poller_run") == 0 ? "TABLE" : "VIEW";
}

static int views_make(struct store *store, struct failure *failure)
{
	/* Types as the view's columns have them. With one for a duration, the spikes' index, which
	 * is on an expression, would not be used. */
	int error = store_execute(
		store,
		"CREATE TEMP TABLE spike_tally (capture_id INTEGER, poller_id INTEGER, gauge TEXT, threshold_bytes INTEGER,"
		" threshold_percent INTEGER, duration_from_ns, duration_to_ns, spikes, seen, unseen_phase_ns);"
		"CREATE TEMP TABLE longest_missed_spike (poller_id INTEGER, gauge TEXT, threshold_bytes INTEGER,"
		" threshold_percent INTEGER, spike_id INTEGER)",
		failure);

	for (size_t index = 0; index < embedded_sql_count && !error; index++) {
		const struct embedded_sql *embedded = &embedded_sql[index];

		if (strncmp(embedded->name, "view/", strlen("view/")) == 0 &&
		    strcmp(embedded->name, "view/spike_tally") != 0)
			error = view_make(store, embedded->text, view_kind(embedded->name),
					  failure);
	}
	if (!error)
		error = store_execute(
			store,
			"CREATE UNIQUE INDEX temp.poller_run_by_id ON poller_run (poller_id)",
			failure);
	return error;
}

int store_tally(struct store *store, struct failure *failure)
{
	_cleanup_(tally_freep) struct tally tally = { 0 };
	int error = store_execute(store, "PRAGMA temp_store = MEMORY; SAVEPOINT tally", failure);

	if (error)
		return error;
	error = views_make(store, failure);
	if (!error)
		error = tally_count(store, &tally, failure);
	if (!error)
		error = cells_write(store, &tally, failure);
	if (!error)
		error = missed_write(store, &tally, failure);
	if (error)
		sqlite3_exec(store->db, "ROLLBACK TO tally", NULL, NULL, NULL);
	sqlite3_exec(store->db, "RELEASE tally", NULL, NULL, NULL);
	return error;
}

int store_keep_view(struct store *store, const char *view, struct failure *failure)
{
	char name[64];
	char drop[64];
	int error;

	snprintf(name, sizeof(name), "view/%s", view);
	snprintf(drop, sizeof(drop), "DROP VIEW temp.%s", view);
	error = store_execute(store, drop, failure);
	return error ? error : view_make(store, embedded_find(name), "TABLE", failure);
}
