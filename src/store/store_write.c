/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/failure.h"
#include "store/statement.h"
#include "store/store_private.h"

#include <string.h>
#include <sys/socket.h>

static const char *const gauge_name[] = { "rx_queue", "tx_queue", "rmem" };

const char *store_gauge_name(unsigned gauge)
{
	return gauge < sizeof(gauge_name) / sizeof(gauge_name[0]) ? gauge_name[gauge] : NULL;
}

int store_put_capture(struct store *store, const struct capture_row *row, struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_CAPTURE, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":capture_id", row->capture_id);
	bind_text(&binding, ":capture_uuid", row->capture_uuid);
	bind_text(&binding, ":label", row->label);
	bind_text(&binding, ":host", row->host);
	bind_text(&binding, ":boot_id", row->boot_id);
	bind_text(&binding, ":kernel_release", row->kernel_release);
	bind_text(&binding, ":machine", row->machine);
	bind_integer(&binding, ":cpus", row->cpus);
	bind_text(&binding, ":backend", row->backend);
	bind_text(&binding, ":command_line", row->command_line);
	bind_text(&binding, ":tool_version", row->tool_version);
	bind_text(&binding, ":ports", row->ports);
	bind_integer_or_null(&binding, ":pid", row->pid, 0);
	bind_integer(&binding, ":netns_inode", row->netns_inode);
	bind_integer(&binding, ":summary_period_ns", row->summary_period_ns);
	bind_integer(&binding, ":min_spike_ns", row->min_spike_ns);
	bind_integer(&binding, ":traced", row->traced);
	bind_integer(&binding, ":start_ns", row->start_ns);
	bind_integer(&binding, ":start_utc_ns", row->start_utc_ns);
	return statement_end(&binding, failure);
}

static void bind_threshold(struct binding *binding, struct threshold threshold)
{
	bind_integer(binding, ":threshold_bytes", threshold.bytes);
	bind_integer(binding, ":threshold_percent", threshold.percent);
}

int store_put_threshold(struct store *store, int64_t capture_id, struct threshold threshold,
			struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_THRESHOLD, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":capture_id", capture_id);
	bind_threshold(&binding, threshold);
	return statement_end(&binding, failure);
}

int store_put_socket(struct store *store, const struct socket_row *row, struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_SOCKET, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":socket_id", row->socket_id);
	bind_integer(&binding, ":capture_id", row->capture_id);
	bind_integer_or_null(&binding, ":cookie", row->cookie, 0);
	bind_integer_or_null(&binding, ":inode", row->inode, 0);
	bind_integer_or_null(&binding, ":netns", row->netns_inode, 0);
	bind_integer(&binding, ":family", row->family == AF_INET6 ? 6 : 4);
	bind_text(&binding, ":local_address", row->local_address);
	bind_integer(&binding, ":local_port", row->local_port);
	bind_text(&binding, ":remote_address", row->remote_address);
	bind_integer(&binding, ":remote_port", row->remote_port);
	bind_integer(&binding, ":first_ns", row->first_ns);
	bind_integer(&binding, ":older", row->older);
	return statement_end(&binding, failure);
}

int store_put_owner(struct store *store, int64_t socket_id, int64_t inode, int64_t pid,
		    const char *comm, struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_OWNER, &binding, failure);

	if (error)
		return error;
	bind_integer_or_null(&binding, ":inode", inode, 0);
	bind_integer_or_null(&binding, ":pid", pid, 0);
	bind_text(&binding, ":comm", comm);
	bind_integer(&binding, ":socket_id", socket_id);
	return statement_end(&binding, failure);
}

int store_put_death(struct store *store, int64_t socket_id, int64_t last_ns,
		    struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_DEATH, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":last_ns", last_ns);
	bind_integer(&binding, ":socket_id", socket_id);
	return statement_end(&binding, failure);
}

int store_put_summary(struct store *store, const struct summary_row *row, struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_SUMMARY, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":socket_id", row->socket_id);
	bind_text(&binding, ":gauge", row->gauge);
	bind_integer(&binding, ":start_ns", row->start_ns);
	bind_integer(&binding, ":end_ns", row->end_ns);
	bind_integer(&binding, ":peak_bytes", row->peak_bytes);
	bind_integer(&binding, ":peak_ns", row->peak_ns);
	bind_real(&binding, ":mean_bytes", row->mean_bytes);
	bind_integer(&binding, ":events", row->events);
	return statement_end(&binding, failure);
}

int store_put_spike(struct store *store, const struct spike_row *row, struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_SPIKE, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":spike_id", row->spike_id);
	bind_integer(&binding, ":socket_id", row->socket_id);
	bind_integer(&binding, ":capture_id", row->capture_id);
	bind_text(&binding, ":gauge", row->gauge);
	bind_threshold(&binding, row->threshold);
	bind_integer(&binding, ":threshold_start_bytes", row->threshold_start_bytes);
	bind_integer(&binding, ":start_ns", row->start_ns);
	bind_integer(&binding, ":end_ns", row->end_ns);
	bind_integer(&binding, ":peak_bytes", row->peak_bytes);
	bind_integer(&binding, ":peak_ns", row->peak_ns);
	bind_integer(&binding, ":limit_bytes", row->limit_bytes);
	bind_integer(&binding, ":events", row->events);
	bind_integer(&binding, ":area_byte_us", row->area_byte_us);
	bind_integer(&binding, ":left_censored", row->left_censored);
	bind_integer(&binding, ":right_censored", row->right_censored);
	return statement_end(&binding, failure);
}

int store_put_spike_bin(struct store *store, const struct spike_bin_row *row,
			struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_SPIKE_BIN, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":socket_id", row->socket_id);
	bind_integer(&binding, ":capture_id", row->capture_id);
	bind_text(&binding, ":gauge", row->gauge);
	bind_threshold(&binding, row->threshold);
	bind_integer(&binding, ":duration_from_ns", row->duration_from_ns);
	bind_integer(&binding, ":duration_to_ns", row->duration_to_ns);
	bind_integer(&binding, ":spikes", row->spikes);
	bind_integer(&binding, ":duration_sum_ns", row->duration_sum_ns);
	bind_integer(&binding, ":peak_bytes", row->peak_bytes);
	return statement_end(&binding, failure);
}

int store_put_spike_seen(struct store *store, const struct spike_seen_row *row,
			 struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_SPIKE_SEEN, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":spike_id", row->spike_id);
	bind_integer(&binding, ":poller_id", row->poller_id);
	bind_integer(&binding, ":polled_peak_bytes", row->polled_peak_bytes);
	bind_integer(&binding, ":samples", row->samples);
	return statement_end(&binding, failure);
}

static int put_poller_gauge(struct store *store, int64_t poller_id, const char *gauge,
			    struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_POLLER_GAUGE, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":poller_id", poller_id);
	bind_text(&binding, ":gauge", gauge);
	return statement_end(&binding, failure);
}

int store_put_spike_bin_seen(struct store *store, const struct spike_bin_seen_row *row,
			     struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_SPIKE_BIN_SEEN, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":poller_id", row->poller_id);
	bind_text(&binding, ":gauge", row->gauge);
	bind_threshold(&binding, row->threshold);
	bind_integer(&binding, ":duration_from_ns", row->duration_from_ns);
	bind_integer(&binding, ":duration_to_ns", row->duration_to_ns);
	bind_integer(&binding, ":spikes", row->spikes);
	return statement_end(&binding, failure);
}

int store_put_poller(struct store *store, const struct poller_row *row, struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_POLLER, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":poller_id", row->poller_id);
	bind_integer(&binding, ":capture_id", row->capture_id);
	bind_text(&binding, ":source", row->source);
	bind_integer(&binding, ":period_ns", row->period_ns);
	bind_integer(&binding, ":phase_ns", row->phase_ns);
	bind_text(&binding, ":jitter", row->jitter ? row->jitter : "none");
	if (row->jitter && strcmp(row->jitter, "none") != 0)
		bind_integer(&binding, ":seed", row->seed);
	bind_text(&binding, ":read_mode", row->read_mode);
	bind_integer(&binding, ":priority", row->priority);
	bind_integer(&binding, ":start_ns", row->start_ns);
	bind_integer(&binding, ":simulated", row->simulated);
	error = statement_end(&binding, failure);
	for (unsigned gauge = 0; store_gauge_name(gauge) && !error; gauge++) {
		if (row->gauges >> gauge & 1)
			error = put_poller_gauge(store, row->poller_id, store_gauge_name(gauge),
						 failure);
	}
	return error;
}

int store_put_poller_end(struct store *store, int64_t poller_id, int64_t end_ns,
			 struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_POLLER_END, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":end_ns", end_ns);
	bind_integer(&binding, ":poller_id", poller_id);
	return statement_end(&binding, failure);
}

int store_put_poller_polls(struct store *store, int64_t poller_id, int64_t polls,
			   struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_POLLER_POLLS, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":polls", polls);
	bind_integer(&binding, ":poller_id", poller_id);
	return statement_end(&binding, failure);
}

int store_put_poll(struct store *store, const struct poll_row *row, struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_POLL, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":poll_id", row->poll_id);
	bind_integer(&binding, ":poller_id", row->poller_id);
	bind_integer(&binding, ":scheduled_ns", row->scheduled_ns);
	bind_integer(&binding, ":start_ns", row->start_ns);
	bind_integer(&binding, ":end_ns", row->end_ns);
	bind_integer(&binding, ":rows_read", row->rows_read);
	bind_integer(&binding, ":cpu_ns", row->cpu_ns);
	bind_integer(&binding, ":missed_turns", row->missed_turns);
	return statement_end(&binding, failure);
}

int store_put_sample(struct store *store, const struct sample_row *row, struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_SAMPLE, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":poll_id", row->poll_id);
	bind_integer(&binding, ":socket_id", row->socket_id);
	bind_integer(&binding, ":read_start_ns", row->read_start_ns);
	bind_integer(&binding, ":read_end_ns", row->read_end_ns);
	bind_integer_or_null(&binding, ":rx_queue_bytes", row->rx_queue_bytes, -1);
	bind_integer_or_null(&binding, ":tx_queue_bytes", row->tx_queue_bytes, -1);
	bind_integer_or_null(&binding, ":accept_queue_connections", row->accept_queue_connections,
			     -1);
	bind_integer_or_null(&binding, ":rmem_bytes", row->rmem_bytes, -1);
	bind_integer_or_null(&binding, ":backlog_bytes", row->backlog_bytes, -1);
	bind_integer(&binding, ":state", row->state);
	return statement_end(&binding, failure);
}

int store_put_softnet(struct store *store, const struct softnet_row *row, struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_SOFTNET, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":capture_id", row->capture_id);
	bind_integer(&binding, ":cpu", row->cpu);
	bind_integer(&binding, ":time_ns", row->time_ns);
	bind_integer(&binding, ":processed", row->processed);
	bind_integer(&binding, ":dropped", row->dropped);
	bind_integer(&binding, ":time_squeeze", row->time_squeeze);
	bind_integer(&binding, ":received_rps", row->received_rps);
	bind_integer(&binding, ":flow_limit_count", row->flow_limit_count);
	bind_integer_or_null(&binding, ":backlog_packets", row->backlog_packets, -1);
	bind_integer_or_null(&binding, ":input_packets", row->input_packets, -1);
	bind_integer_or_null(&binding, ":process_packets", row->process_packets, -1);
	return statement_end(&binding, failure);
}

int store_put_probe_timing(struct store *store, const struct probe_timing_row *row,
			   struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_PROBE_TIMING, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":capture_id", row->capture_id);
	bind_integer(&binding, ":start_ns", row->start_ns);
	bind_integer(&binding, ":end_ns", row->end_ns);
	bind_integer(&binding, ":runs", row->runs);
	bind_integer(&binding, ":run_ns", row->run_ns);
	return statement_end(&binding, failure);
}

int store_put_ambiguous(struct store *store, int64_t poller_id, const char *gauge,
			struct threshold threshold, int64_t samples, struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_AMBIGUOUS, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":poller_id", poller_id);
	bind_text(&binding, ":gauge", gauge);
	bind_threshold(&binding, threshold);
	bind_integer(&binding, ":samples", samples);
	return statement_end(&binding, failure);
}

int store_put_thread_cpu(struct store *store, int64_t capture_id, const char *thread,
			 int64_t cpu_ns, int64_t turns, struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_THREAD_CPU, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":capture_id", capture_id);
	bind_text(&binding, ":thread", thread);
	bind_integer(&binding, ":cpu_ns", cpu_ns);
	bind_integer(&binding, ":turns", turns);
	return statement_end(&binding, failure);
}

int store_put_loss(struct store *store, int64_t capture_id, const char *cause, int64_t count,
		   struct failure *failure)
{
	struct binding binding;
	int error = statement_begin(store, PUT_LOSS, &binding, failure);

	if (error)
		return error;
	bind_integer(&binding, ":capture_id", capture_id);
	bind_text(&binding, ":cause", cause);
	bind_integer(&binding, ":count", count);
	return statement_end(&binding, failure);
}
