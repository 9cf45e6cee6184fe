/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/statement.h"
#include "store/store_private.h"

/* What is counted in connections, packets and rows, and which sockets are not the capture's. */

int store_put_level(struct store *store, int64_t capture_id, const char *gauge, int64_t threshold,
		    struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_LEVEL, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":capture_id", capture_id);
	bind_text(&binding, ":gauge", gauge);
	bind_integer(&binding, ":threshold", threshold);
	return statement_end(&binding, failure);
}

int store_put_trace_block(struct store *store, const struct trace_block_row *row,
			  struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_TRACE_BLOCK, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":socket_id", row->socket_id);
	bind_integer(&binding, ":first_ns", row->first_ns);
	bind_integer(&binding, ":last_ns", row->last_ns);
	bind_integer(&binding, ":events", row->events);
	bind_blob(&binding, ":block", row->block, row->block_bytes);
	return statement_end(&binding, failure);
}

int store_put_softnet_trace_block(struct store *store, const struct trace_block_row *row,
				  struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_SOFTNET_TRACE_BLOCK, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":capture_id", row->capture_id);
	bind_integer(&binding, ":cpu", row->socket_id);
	bind_integer(&binding, ":first_ns", row->first_ns);
	bind_integer(&binding, ":last_ns", row->last_ns);
	bind_integer(&binding, ":events", row->events);
	bind_blob(&binding, ":block", row->block, row->block_bytes);
	return statement_end(&binding, failure);
}

int store_put_blog(struct store *store, const struct blog_row *row, struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_BLOG, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":socket_id", row->socket_id);
	bind_integer(&binding, ":start_ns", row->start_ns);
	bind_integer(&binding, ":end_ns", row->end_ns);
	bind_integer(&binding, ":peak_bytes", row->peak_bytes);
	bind_integer(&binding, ":kept_peak_bytes", row->kept_peak_bytes);
	bind_integer(&binding, ":total_bytes", row->total_bytes);
	bind_integer(&binding, ":rx_total_bytes", row->rx_total_bytes);
	bind_integer(&binding, ":rmem_total_bytes", row->rmem_total_bytes);
	bind_integer(&binding, ":packets", row->packets);
	return statement_end(&binding, failure);
}

int store_put_accept_spike(struct store *store, const struct accept_spike_row *row,
			   struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_ACCEPT_SPIKE, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":capture_id", row->capture_id);
	bind_integer(&binding, ":socket_id", row->socket_id);
	bind_integer(&binding, ":threshold_connections", row->threshold_connections);
	bind_integer(&binding, ":start_ns", row->start_ns);
	bind_integer(&binding, ":end_ns", row->end_ns);
	bind_integer(&binding, ":peak_connections", row->peak_connections);
	bind_integer(&binding, ":limit_connections", row->limit_connections);
	bind_integer(&binding, ":peak_ns", row->peak_ns);
	bind_integer(&binding, ":left_censored", row->left_censored);
	bind_integer(&binding, ":right_censored", row->right_censored);
	return statement_end(&binding, failure);
}

int store_put_softnet_spike(struct store *store, const struct softnet_spike_row *row,
			    struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_SOFTNET_SPIKE, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":capture_id", row->capture_id);
	bind_integer(&binding, ":cpu", row->cpu);
	bind_integer(&binding, ":threshold_packets", row->threshold_packets);
	bind_integer(&binding, ":start_ns", row->start_ns);
	bind_integer(&binding, ":end_ns", row->end_ns);
	bind_integer(&binding, ":peak_packets", row->peak_packets);
	bind_integer(&binding, ":peak_ns", row->peak_ns);
	bind_integer(&binding, ":left_censored", row->left_censored);
	bind_integer(&binding, ":right_censored", row->right_censored);
	return statement_end(&binding, failure);
}

int store_put_squeeze(struct store *store, int64_t capture_id, int64_t cpu, int64_t time_ns,
		      const char *cause, struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_SQUEEZE, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":capture_id", capture_id);
	bind_integer(&binding, ":cpu", cpu);
	bind_integer(&binding, ":time_ns", time_ns);
	bind_text(&binding, ":cause", cause);
	return statement_end(&binding, failure);
}

int store_put_drop(struct store *store, int64_t capture_id, int64_t cpu, int64_t start_ns,
		   int64_t end_ns, int64_t packets, struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_DROP, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":capture_id", capture_id);
	bind_integer(&binding, ":cpu", cpu);
	bind_integer(&binding, ":start_ns", start_ns);
	bind_integer(&binding, ":end_ns", end_ns);
	bind_integer(&binding, ":packets", packets);
	return statement_end(&binding, failure);
}

int store_put_poll_rows(struct store *store, int64_t poll_id, int64_t rows_skipped,
			int64_t rows_repeated, struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_POLL_ROWS, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":poll_id", poll_id);
	bind_integer(&binding, ":rows_skipped", rows_skipped);
	bind_integer(&binding, ":rows_repeated", rows_repeated);
	return statement_end(&binding, failure);
}

int store_put_foreign(struct store *store, int64_t socket_id, struct failure *failure)
{
	struct binding binding;
	int error = store_execute(
		store,
		"CREATE TEMP TABLE IF NOT EXISTS foreign_socket (socket_id INTEGER PRIMARY KEY) STRICT",
		failure);

	if (!error)
		error = statement_begin(store, PUT_FOREIGN, &binding, failure);
	if (error)
		return error;
	store->foreign = true;
	bind_integer(&binding, ":socket_id", socket_id);
	return statement_end(&binding, failure);
}
