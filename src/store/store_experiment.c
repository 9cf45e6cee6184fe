/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/store_experiment.h"

#include "base/cleanup.h"
#include "base/failure.h"
#include "store/statement.h"
#include "store/store_private.h"

#include <errno.h>

struct fact_sink {
	struct store *store;
	int64_t experiment_id;
	struct failure *failure;
};

static int fact_put(void *context, const char *name, const char *value)
{
	const struct fact_sink *sink = context;
	struct binding binding;
	int error = statement_begin(sink->store, PUT_EXPERIMENT_FACT, &binding, sink->failure);

	if (error)
		return error;
	bind_integer(&binding, ":experiment_id", sink->experiment_id);
	bind_text(&binding, ":name", name);
	bind_text(&binding, ":value", value);
	return statement_end(&binding, sink->failure);
}

static int experiment_put(struct store *store, struct experiment_row *row, struct failure *failure)
{
	struct binding binding;
	int64_t last =
		store_pragma(store->db, "SELECT ifnull(max(experiment_id), 0) FROM experiment");
	int error;

	if (last < 0)
		return store_error(store, "reading", failure);
	row->experiment_id = last + 1;
	error = statement_begin(store, PUT_EXPERIMENT, &binding, failure);
	if (error)
		return error;
	bind_integer(&binding, ":experiment_id", row->experiment_id);
	bind_text(&binding, ":name", row->name);
	bind_text(&binding, ":server", row->server);
	bind_text(&binding, ":server_version", row->server_version);
	bind_integer(&binding, ":quick", row->quick);
	bind_integer(&binding, ":seed", row->seed);
	bind_text(&binding, ":command_line", row->command_line);
	bind_text(&binding, ":tool_version", row->tool_version);
	bind_integer(&binding, ":start_utc_ns", row->start_utc_ns);
	return statement_end(&binding, failure);
}

/* Keeps what was put, or takes all of it back. */
static int turn_end(struct store *store, int error, struct failure *failure)
{
	if (!error)
		error = store_complete(store, failure);
	if (error)
		store_abandon(store);
	else
		store_closep(&store);
	return error;
}

int store_experiment_begin(const char *path, struct experiment_row *row,
			   int (*facts)(int (*each)(void *context, const char *name,
						    const char *value),
					void *context),
			   struct failure *failure)
{
	struct store *store;
	int error = store_create(path, &store, failure);

	if (error)
		return error;
	error = experiment_put(store, row, failure);
	if (!error)
		error = facts(fact_put, &(struct fact_sink){ store, row->experiment_id, failure });
	return turn_end(store, error, failure);
}

int store_experiment_trial(const char *path, const struct trial_row *row, struct failure *failure)
{
	struct binding binding;
	struct store *store;
	int error = store_create(path, &store, failure);

	if (error)
		return error;
	error = statement_begin(store, PUT_TRIAL, &binding, failure);
	if (!error) {
		bind_integer(&binding, ":experiment_id", row->experiment_id);
		bind_integer(&binding, ":block", row->block);
		bind_text(&binding, ":treatment", row->treatment);
		bind_integer(&binding, ":hash_buckets", row->hash_buckets);
		bind_integer(&binding, ":connections", row->connections);
		bind_integer_or_null(&binding, ":capture_id", row->capture_id, 0);
		bind_integer_or_null(&binding, ":replay_capture_id", row->replay_capture_id, 0);
		bind_text(&binding, ":command_line", row->command_line);
		bind_integer(&binding, ":start_ns", row->start_ns);
		bind_integer(&binding, ":end_ns", row->end_ns);
		bind_text(&binding, ":failure", row->failure);
		bind_text(&binding, ":result", row->result);
		error = statement_end(&binding, failure);
	}
	return turn_end(store, error, failure);
}

int store_experiment_end(const char *path, int64_t experiment_id, int64_t end_utc_ns,
			 struct failure *failure)
{
	struct binding binding;
	struct store *store;
	int error = store_create(path, &store, failure);

	if (error)
		return error;
	error = statement_begin(store, PUT_EXPERIMENT_END, &binding, failure);
	if (!error) {
		bind_integer(&binding, ":end_utc_ns", end_utc_ns);
		bind_integer(&binding, ":experiment_id", experiment_id);
		error = statement_end(&binding, failure);
	}
	return turn_end(store, error, failure);
}

int store_last_capture(const char *path, int64_t *ret_capture_id, struct failure *failure)
{
	_cleanup_(store_closep) struct store *store = NULL;
	struct store_ids ids = { 0 };
	int error = store_open(path, &store, failure);

	if (!error)
		error = store_next_ids(store, &ids, failure);
	if (!error)
		*ret_capture_id = ids.capture_id - 1;
	return error;
}
