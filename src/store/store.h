/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_STORE_H
#define POLLGAP_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct failure;
struct store;
struct store_row;

/*
 * One SQLite file. The only folder that knows SQLite. Every function returns 0 (or what it says) or
 * -errno with the reason in failure. Text and blobs are copied. Ids are the caller's:
 * store_next_ids() says from where they are free.
 */

/* First free id of each kind; a capture counts on from there. */
struct store_ids {
	int64_t capture_id;
	int64_t socket_id;
	int64_t spike_id;
	int64_t poller_id;
	int64_t poll_id;
};

struct capture_row {
	int64_t capture_id;
	const char *capture_uuid; /* RFC 9562 version 4, as text */
	const char *label; /* NULL: none */
	const char *host;
	const char *boot_id;
	const char *kernel_release;
	const char *machine; /* x86_64 */
	const char *backend;
	const char *command_line;
	const char *tool_version;
	const char *ports; /* as given: "6379,6380", NULL: all */
	int64_t pid; /* --pid; 0: NULL */
	int64_t netns_inode;
	int64_t cpus; /* online */
	int64_t summary_period_ns;
	int64_t min_spike_ns;
	bool traced;
	int64_t start_ns;
	int64_t start_utc_ns;
};

struct socket_row {
	int64_t socket_id;
	int64_t capture_id;
	int64_t cookie; /* 0: seen by a poller only, or a listener: stored as NULL */
	int64_t inode; /* 0: NULL */
	int64_t netns_inode;
	int64_t family; /* AF_INET or AF_INET6: stored as 4 or 6 */
	const char *local_address; /* as inet_ntop() writes it */
	int64_t local_port;
	const char *remote_address;
	int64_t remote_port;
	int64_t first_ns; /* birth; the capture's start if it is older */
	bool older; /* than the capture */
};

/* Of one of both kinds; the other one is 0. */
struct threshold {
	int64_t bytes;
	int64_t percent; /* of sk_rcvbuf or sk_sndbuf */
};

static inline struct threshold threshold_of(uint32_t value, bool in_percent)
{
	struct threshold threshold = { .bytes = value };

	if (in_percent)
		threshold = (struct threshold){ .percent = value };
	return threshold;
}

struct summary_row {
	int64_t socket_id;
	const char *gauge;
	int64_t start_ns;
	int64_t end_ns;
	int64_t peak_bytes;
	int64_t peak_ns;
	double mean_bytes; /* time-weighted */
	int64_t events;
};

struct spike_row {
	int64_t spike_id;
	int64_t socket_id;
	int64_t capture_id;
	const char *gauge;
	struct threshold threshold;
	int64_t threshold_start_bytes; /* what it came to when the spike began */
	int64_t start_ns;
	int64_t end_ns;
	int64_t peak_bytes;
	int64_t peak_ns;
	int64_t limit_bytes;
	int64_t events;
	int64_t area_byte_us;
	bool left_censored;
	bool right_censored;
};

struct spike_bin_row {
	int64_t socket_id;
	int64_t capture_id;
	const char *gauge;
	struct threshold threshold;
	int64_t duration_from_ns;
	int64_t duration_to_ns;
	int64_t spikes;
	int64_t duration_sum_ns;
	int64_t peak_bytes;
};

struct spike_seen_row {
	int64_t spike_id;
	int64_t poller_id;
	int64_t polled_peak_bytes;
	int64_t samples; /* that saw it */
};

/* Folded spikes that a poller saw: a replay's that keeps counts. */
struct spike_bin_seen_row {
	int64_t poller_id;
	const char *gauge;
	struct threshold threshold;
	int64_t duration_from_ns; /* the decade */
	int64_t duration_to_ns;
	int64_t spikes;
};

struct poller_row {
	int64_t poller_id;
	int64_t capture_id;
	const char *source;
	int64_t period_ns;
	int64_t phase_ns; /* first turn after the capture's start */
	const char *jitter; /* "none", "uniform" or "poisson"; NULL: none */
	int64_t seed; /* of the jitter */
	const char *read_mode; /* "row", "page", "message", "socket" */
	int64_t priority; /* SCHED_FIFO, 0: ordinary */
	int64_t start_ns; /* it was on schedule from here on, */
	uint32_t gauges; /* bit per enum gauge that the source reads: stored in poller_gauge */
	bool simulated; /* a replay's */
};

/* What is known of a poller only at the end. ambiguous counts are per gauge and threshold:
 * store_put_ambiguous(). */
struct poll_row {
	int64_t poll_id;
	int64_t poller_id;
	int64_t scheduled_ns;
	int64_t start_ns;
	int64_t end_ns;
	int64_t rows_read;
	int64_t cpu_ns;
	int64_t missed_turns; /* right before this one */
};

struct sample_row {
	int64_t poll_id;
	int64_t socket_id;
	int64_t read_start_ns;
	int64_t read_end_ns;
	int64_t rx_queue_bytes; /* -1: NULL (a listener has none) */
	int64_t tx_queue_bytes; /* -1: NULL */
	int64_t accept_queue_connections; /* -1: NULL (not a listener) */
	int64_t rmem_bytes; /* -1: NULL (the source does not show it) */
	int64_t backlog_bytes; /* -1: NULL */
	int64_t state; /* the kernel's number, 1 ESTABLISHED … */
};

struct softnet_row {
	int64_t capture_id;
	int64_t cpu;
	int64_t time_ns;
	int64_t processed;
	int64_t dropped;
	int64_t time_squeeze;
	int64_t received_rps;
	int64_t flow_limit_count;
	int64_t backlog_packets; /* -1: NULL, as are the next two */
	int64_t input_packets;
	int64_t process_packets;
};

/* Events of one socket, or of one CPU's backlog, as trace/trace_block.h codes them. */
struct trace_block_row {
	int64_t socket_id; /* or the CPU */
	int64_t capture_id; /* written only, of a CPU's */
	int64_t first_ns;
	int64_t last_ns;
	int64_t events;
	const void *block;
	size_t block_bytes;
	int64_t socket_first_ns; /* read only: of the socket */
};

struct blog_row {
	int64_t socket_id;
	int64_t start_ns;
	int64_t end_ns;
	int64_t peak_bytes;
	int64_t kept_peak_bytes;
	int64_t total_bytes;
	int64_t rx_total_bytes;
	int64_t rmem_total_bytes;
	int64_t packets;
};

struct accept_spike_row {
	int64_t capture_id;
	int64_t socket_id; /* the listener */
	int64_t threshold_connections;
	int64_t start_ns;
	int64_t end_ns;
	int64_t peak_connections;
	int64_t limit_connections;
	int64_t peak_ns;
	bool left_censored;
	bool right_censored;
};

struct softnet_spike_row {
	int64_t capture_id;
	int64_t cpu;
	int64_t threshold_packets;
	int64_t start_ns;
	int64_t end_ns;
	int64_t peak_packets;
	int64_t peak_ns;
	bool left_censored;
	bool right_censored;
};

/* One stretch in which the kernel timed the probe's programs: bpf_enable_stats(BPF_STATS_RUN_TIME).
 */
struct probe_timing_row {
	int64_t capture_id;
	int64_t start_ns;
	int64_t end_ns;
	int64_t runs; /* all programs */
	int64_t run_ns;
};

/* The gauges' names by enum gauge: "rx_queue", "tx_queue", "rmem". */
const char *store_gauge_name(unsigned gauge);

/*
 * Opens path for a capture: creates it (mode 0600, owned by SUDO_UID:SUDO_GID where those are set
 * and we are root), or takes a file of ours of this schema version. Anything else is refused and
 * left untouched: -EEXIST. Another capture writing into it: -EBUSY. WAL, synchronous NORMAL; a
 * transaction is open from here on.
 */
int store_create(const char *path, struct store **ret_store, struct failure *failure);

/* Before a capture writes: the views' indexes would cost it time with every row. store_complete()
 * builds them. */
int store_drop_indexes(struct store *store, struct failure *failure);

/* Opens path for reading only. Works beside a running capture, and on a read-only file system. */
int store_open(const char *path, struct store **ret_store, struct failure *failure);

/* Takes back a file that this store created, as if store_create() had never been; a file that
 * existed stays. */
void store_abandon(struct store *store);

void store_closep(struct store **store);

int store_next_ids(struct store *store, struct store_ids *ret_ids, struct failure *failure);

int store_put_capture(struct store *store, const struct capture_row *row, struct failure *failure);
int store_put_threshold(struct store *store, int64_t capture_id, struct threshold threshold,
			struct failure *failure);
int store_put_socket(struct store *store, const struct socket_row *row, struct failure *failure);
int store_put_owner(struct store *store, int64_t socket_id, int64_t inode, int64_t pid,
		    const char *comm, struct failure *failure);
int store_put_death(struct store *store, int64_t socket_id, int64_t last_ns,
		    struct failure *failure);
int store_put_summary(struct store *store, const struct summary_row *row, struct failure *failure);
int store_put_spike(struct store *store, const struct spike_row *row, struct failure *failure);
/* Replaces the bin's row, if there is one: the caller holds the running sums. */
int store_put_spike_bin(struct store *store, const struct spike_bin_row *row,
			struct failure *failure);
int store_put_spike_seen(struct store *store, const struct spike_seen_row *row,
			 struct failure *failure);
int store_put_spike_bin_seen(struct store *store, const struct spike_bin_seen_row *row,
			     struct failure *failure);
int store_put_poller(struct store *store, const struct poller_row *row, struct failure *failure);
int store_put_poll(struct store *store, const struct poll_row *row, struct failure *failure);
int store_put_sample(struct store *store, const struct sample_row *row, struct failure *failure);
int store_put_softnet(struct store *store, const struct softnet_row *row, struct failure *failure);
int store_put_trace_block(struct store *store, const struct trace_block_row *row,
			  struct failure *failure);
int store_put_softnet_trace_block(struct store *store, const struct trace_block_row *row,
				  struct failure *failure);
int store_put_blog(struct store *store, const struct blog_row *row, struct failure *failure);
int store_put_accept_spike(struct store *store, const struct accept_spike_row *row,
			   struct failure *failure);
int store_put_softnet_spike(struct store *store, const struct softnet_spike_row *row,
			    struct failure *failure);
/* cause: "budget" or "time". */
int store_put_squeeze(struct store *store, int64_t capture_id, int64_t cpu, int64_t time_ns,
		      const char *cause, struct failure *failure);
int store_put_drop(struct store *store, int64_t capture_id, int64_t cpu, int64_t start_ns,
		   int64_t end_ns, int64_t packets, struct failure *failure);
/* store_finish() takes the socket out again, and all that belongs to it. */
int store_put_foreign(struct store *store, int64_t socket_id, struct failure *failure);
/* A poll's rows that its scan skipped and repeated, once they are known. */
int store_put_poll_rows(struct store *store, int64_t poll_id, int64_t rows_skipped,
			int64_t rows_repeated, struct failure *failure);
/* gauge: "accept_queue" or "softnet_backlog". */
int store_put_level(struct store *store, int64_t capture_id, const char *gauge, int64_t threshold,
		    struct failure *failure);
int store_put_probe_timing(struct store *store, const struct probe_timing_row *row,
			   struct failure *failure);

/* These replace the row of the same key, so that they can be brought up to date each second. */
int store_put_ambiguous(struct store *store, int64_t poller_id, const char *gauge,
			struct threshold threshold, int64_t samples, struct failure *failure);
/* CPU time of our own threads that are no poller: "collector", "writer", "softnet". */
int store_put_thread_cpu(struct store *store, int64_t capture_id, const char *thread,
			 int64_t cpu_ns, int64_t turns, struct failure *failure);
int store_put_loss(struct store *store, int64_t capture_id, const char *cause, int64_t count,
		   struct failure *failure);
/* Sets the poller's end_ns: it was on schedule until then. */
/* Of a poller whose polls are not all in table poll: how many there were. */
int store_put_poller_polls(struct store *store, int64_t poller_id, int64_t polls,
			   struct failure *failure);

int store_put_poller_end(struct store *store, int64_t poller_id, int64_t end_ns,
			 struct failure *failure);

/* Commits what was put since the last commit and begins a new transaction. */
int store_commit(struct store *store, struct failure *failure);

/* Writes the capture's end, commits, builds the indexes, leaves one single file (no WAL beside it).
 */
int store_finish(struct store *store, int64_t capture_id, int64_t end_ns, int64_t end_utc_ns,
		 struct failure *failure);

/*
 * Has this program's own views answer, whatever views the file was made with, and what they count
 * of spikes counted once, for all of them: to be called before the first store_query() that asks
 * for missed spikes, and once. It changes nothing in the file. Returns 0 or -errno.
 */
int store_tally(struct store *store, struct failure *failure);

/* After it: computes a view once for all queries to come. A view knows nothing of the capture that
 * is asked for, and does all of them each time. */
int store_keep_view(struct store *store, const char *view, struct failure *failure);

/*
 * Runs a query of the embedded ones (src/store/query/NAME.sql) and calls each() with each row.
 * :capture_id is bound where the query names it; capture_id 0 means all. each() returns 0 to go on,
 * or -errno to stop. Returns 0 or -errno.
 */
int store_query(struct store *store, const char *query_name, int64_t capture_id,
		int (*each)(void *context, const struct store_row *row), void *context,
		struct failure *failure);

int store_row_columns(const struct store_row *row);
const char *store_row_name(const struct store_row *row, int column);
bool store_row_is_null(const struct store_row *row, int column);
bool store_row_is_number(const struct store_row *row, int column);
/* NULL for an SQL NULL; valid until each() returns. */
const char *store_row_text(const struct store_row *row, int column);
int64_t store_row_integer(const struct store_row *row, int column);
double store_row_real(const struct store_row *row, int column);
/* The column's place by its name, or -ENOENT. */
int store_row_column(const struct store_row *row, const char *name);

struct waiting_row {
	int64_t socket_id;
	int64_t wait_from_ns;
	int64_t wait_to_ns;
	int64_t bytes;
};

int store_put_waiting(struct store *store, const struct waiting_row *row, struct failure *failure);

/* Which events: with from_ns <= time < to_ns. */
struct trace_range {
	int64_t socket_id; /* 0: of all sockets, */
	int64_t capture_id; /* of this capture, 0: of all captures */
	int64_t from_ns;
	int64_t to_ns;
	bool of_cpus; /* of the CPUs' backlog: socket_id does not count */
};

/* The blocks that may hold such events, by socket (or CPU), then by time. */
struct trace_cursor;

int trace_cursor_open(struct store *store, const struct trace_range *range,
		      struct trace_cursor **ret_cursor, struct failure *failure);
void trace_cursor_closep(struct trace_cursor **cursor);
/* Returns 1 and a row, which is valid until the next call; 0 after the last one; or -errno. */
int trace_cursor_next(struct trace_cursor *cursor, struct trace_block_row *ret_row,
		      struct failure *failure);

/* The sockets of a capture that the kernel side and a poller have seen, for the caller to free. */
int store_polled_sockets(struct store *store, int64_t capture_id, int64_t **ret_socket_id,
			 size_t *ret_sockets, struct failure *failure);

struct polled_sample {
	int64_t sample_id; /* the row */
	int64_t read_start_ns;
	int64_t read_end_ns;
	int64_t value_bytes[3]; /* by enum gauge; -1: NULL */
	int agrees[3]; /* 0, 1; -1: NULL */
};

/*
 * A socket's samples in order of time, up to room of them: the first ones for *ret_samples = 0,
 * else those after sample[*ret_samples - 1]. *ret_samples = 0: there are no more.
 */
int store_samples_after(struct store *store, int64_t socket_id, struct polled_sample *sample,
			size_t room, size_t *ret_samples, struct failure *failure);
int store_put_agreement(struct store *store, const struct polled_sample *sample,
			struct failure *failure);

/* A traced capture that came to its end. */
struct replay_source {
	int64_t capture_id;
	int64_t start_ns;
	int64_t end_ns;
	int64_t end_utc_ns;
	int64_t min_spike_ns;
	uint32_t threshold_bytes[8]; /* ascending */
	unsigned thresholds; /* 0: they are in per cent */
};

/* capture_id 0: the last one. -ENODATA: there is none. */
int store_replay_source(struct store *store, int64_t capture_id, struct replay_source *ret_source,
			struct failure *failure);

struct replay_row {
	int64_t source_id; /* the capture that is replayed */
	int64_t capture_id; /* the replay's own */
	const char *capture_uuid;
	const char *command_line;
	const char *tool_version;
	int64_t socket_offset; /* what is added to a socket's id for its copy's */
	bool summaries; /* are copied, too */
};

/* Puts the replay's capture, with copies of the source's sockets. */
int store_replay_begin(struct store *store, const struct replay_row *row, struct failure *failure);

struct replay_socket {
	int64_t socket_id; /* in the source */
	int64_t first_ns;
	int64_t last_ns; /* INT64_MAX: it outlived the capture */
	bool older; /* than the capture */
};

/*
 * The limit at the peak of a spike of the capture's whose peak was at that very instant; 0 where
 * it lists none.
 */
int store_replay_limit(struct store *store, int64_t socket_id, const char *gauge, int64_t peak_ns,
		       int64_t *ret_limit_bytes, struct failure *failure);

/* The source's connections, for the caller to free. */
int store_replay_sockets(struct store *store, int64_t capture_id, struct replay_socket **ret_socket,
			 size_t *ret_sockets, struct failure *failure);

#endif
