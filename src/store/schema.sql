-- SPDX-License-Identifier: BSD-2-Clause
-- A pollgap file. Tables hold observations, and the judgement who saw which spike, which is made while the capture runs;
-- whatever can be computed from them is a view (analysis/views).
--
-- Times are nanoseconds on CLOCK_MONOTONIC of the captured host (…_ns), sizes are bytes (…_bytes). Ids are unique in the
-- file, so that captures of many hosts can stand in one.

-- "pgap" in ASCII, so that file(1) and pollgap know the file.
PRAGMA application_id = 0x70676170;
PRAGMA user_version = 3;

-- One run of pollgap capture.
CREATE TABLE capture (
	capture_id INTEGER PRIMARY KEY,
	capture_uuid TEXT NOT NULL UNIQUE, -- RFC 9562, version 4
	label TEXT, -- --label
	host TEXT NOT NULL,
	boot_id TEXT NOT NULL, -- CLOCK_MONOTONIC compares within one boot only
	kernel_release TEXT NOT NULL,
	machine TEXT NOT NULL, -- x86_64
	cpus INTEGER NOT NULL, -- online at the start
	backend TEXT NOT NULL, -- the set of hooks that measured
	command_line TEXT NOT NULL,
	tool_version TEXT NOT NULL,
	ports TEXT, -- -p, as "6379,6380"; NULL: all
	pid INTEGER, -- --pid; NULL: every process's sockets
	netns_inode INTEGER NOT NULL, -- the network namespace that was measured and polled
	summary_period_ns INTEGER NOT NULL,
	min_spike_ns INTEGER NOT NULL, -- a shorter spike that no poller saw is folded into spike_bin
	traced INTEGER NOT NULL DEFAULT 0 CHECK (traced IN (0, 1)), -- every change is in trace_block
	start_ns INTEGER NOT NULL, -- changes count from here
	end_ns INTEGER, -- NULL: it runs, or it was killed
	start_utc_ns INTEGER NOT NULL, -- the same instants since 1970 in UTC
	end_utc_ns INTEGER
) STRICT;

-- A set of trials: pollgap experiment.
CREATE TABLE experiment (
	experiment_id INTEGER PRIMARY KEY,
	name TEXT NOT NULL, -- blog, hash, intervals, overhead
	server TEXT NOT NULL, -- builtin, or a workload's name
	server_version TEXT, -- as it says itself; NULL: built in
	quick INTEGER NOT NULL CHECK (quick IN (0, 1)), -- shorter, with fewer repetitions
	seed INTEGER NOT NULL, -- of the order of a block's trials
	command_line TEXT NOT NULL,
	tool_version TEXT NOT NULL,
	start_utc_ns INTEGER NOT NULL,
	end_utc_ns INTEGER -- NULL: it runs, or it was cut short
) STRICT;

-- What of the machine bears on an experiment's results: kernel, processor, sysctls.
CREATE TABLE experiment_fact (
	experiment_id INTEGER NOT NULL REFERENCES experiment,
	name TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY (experiment_id, name)
) STRICT, WITHOUT ROWID;

-- One run of a load, under what measures it, in a network namespace of its own.
CREATE TABLE trial (
	trial_id INTEGER PRIMARY KEY,
	experiment_id INTEGER NOT NULL REFERENCES experiment,
	block INTEGER NOT NULL, -- each treatment is once in each, in an order that was drawn
	treatment TEXT NOT NULL, -- what sets it apart from the others of its block
	hash_buckets INTEGER NOT NULL, -- of the namespace's hash of TCP sockets
	connections INTEGER NOT NULL, -- of the load
	capture_id INTEGER REFERENCES capture, -- NULL: nothing measured, or it failed before
	replay_capture_id INTEGER REFERENCES capture, -- of the simulated pollers; NULL: there are none
	command_line TEXT NOT NULL,
	start_ns INTEGER NOT NULL,
	end_ns INTEGER NOT NULL,
	failure TEXT, -- why it failed; NULL: it came to its end
	result TEXT -- what the load printed, JSON (view trial_step); NULL: nothing
) STRICT;

-- From which value on a socket's queue has a spike. A threshold is in bytes, or else in per cent of the limit: sk_rcvbuf
-- (rx_queue, rmem) or sk_sndbuf (tx_queue). All of one capture are of one kind; the other column is 0, here and below.
CREATE TABLE capture_threshold (
	capture_id INTEGER NOT NULL REFERENCES capture,
	threshold_bytes INTEGER NOT NULL,
	threshold_percent INTEGER NOT NULL,
	PRIMARY KEY (capture_id, threshold_bytes, threshold_percent)
) STRICT, WITHOUT ROWID;

-- From which value on the queues of connections (accept_queue) and packets (softnet_backlog) have spikes.
CREATE TABLE capture_level (
	capture_id INTEGER NOT NULL REFERENCES capture,
	gauge TEXT NOT NULL CHECK (gauge IN ('accept_queue', 'softnet_backlog')),
	threshold INTEGER NOT NULL,
	PRIMARY KEY (capture_id, gauge, threshold)
) STRICT, WITHOUT ROWID;

-- One connection, or one listener.
CREATE TABLE socket (
	socket_id INTEGER PRIMARY KEY,
	capture_id INTEGER NOT NULL REFERENCES capture,
	cookie INTEGER, -- SO_COOKIE; NULL: only a poller has seen it (listeners)
	inode INTEGER, -- NULL: no process held it when it was seen
	netns INTEGER, -- inode of its network namespace
	family INTEGER NOT NULL CHECK (family IN (4, 6)), -- IPv4 carried by an IPv6 socket is 6
	local_address TEXT NOT NULL,
	local_port INTEGER NOT NULL,
	remote_address TEXT NOT NULL,
	remote_port INTEGER NOT NULL,
	pid INTEGER, -- the process that was last seen to read or write
	comm TEXT,
	first_ns INTEGER NOT NULL, -- birth, or the capture's start
	last_ns INTEGER, -- death; NULL: it outlived the capture
	older INTEGER NOT NULL CHECK (older IN (0, 1)) -- than the capture
) STRICT;

-- One gauge of one socket in one summary period. The first and last period of a socket may be shorter than the others; a
-- gauge that stayed at 0 has no row.
CREATE TABLE queue_summary (
	socket_id INTEGER NOT NULL REFERENCES socket,
	gauge TEXT NOT NULL CHECK (gauge IN ('rx_queue', 'tx_queue', 'rmem')),
	start_ns INTEGER NOT NULL,
	end_ns INTEGER NOT NULL,
	peak_bytes INTEGER NOT NULL,
	peak_ns INTEGER NOT NULL, -- when the peak was first reached; start_ns if it was reached before the period
	mean_bytes REAL NOT NULL, -- weighted by time
	events INTEGER NOT NULL -- changes
) STRICT;

-- One spike: a maximal interval [start_ns, end_ns) in which a gauge was at or above a threshold.
CREATE TABLE spike (
	spike_id INTEGER PRIMARY KEY,
	socket_id INTEGER NOT NULL REFERENCES socket,
	capture_id INTEGER NOT NULL REFERENCES capture,
	gauge TEXT NOT NULL,
	threshold_bytes INTEGER NOT NULL,
	threshold_percent INTEGER NOT NULL,
	threshold_start_bytes INTEGER NOT NULL, -- what it came to when the spike began, and the spike's until its end
	start_ns INTEGER NOT NULL,
	end_ns INTEGER NOT NULL,
	peak_bytes INTEGER NOT NULL,
	peak_ns INTEGER NOT NULL,
	limit_bytes INTEGER NOT NULL, -- sk_rcvbuf (rx_queue, rmem) or sk_sndbuf (tx_queue) at the peak
	events INTEGER NOT NULL, -- changes within it
	area_byte_us INTEGER NOT NULL, -- the gauge's integral over it, in bytes x microseconds
	left_censored INTEGER NOT NULL CHECK (left_censored IN (0, 1)), -- open when its socket was first seen
	right_censored INTEGER NOT NULL CHECK (right_censored IN (0, 1)) -- still open when the capture ended
) STRICT;

-- Spikes shorter than capture.min_spike_ns which no poller saw, folded by their duration: 20 bins to a decade.
CREATE TABLE spike_bin (
	socket_id INTEGER NOT NULL REFERENCES socket,
	capture_id INTEGER NOT NULL REFERENCES capture,
	gauge TEXT NOT NULL,
	threshold_bytes INTEGER NOT NULL,
	threshold_percent INTEGER NOT NULL,
	duration_from_ns INTEGER NOT NULL, -- [from, to)
	duration_to_ns INTEGER NOT NULL,
	spikes INTEGER NOT NULL,
	duration_sum_ns INTEGER NOT NULL,
	peak_bytes INTEGER NOT NULL, -- the highest
	PRIMARY KEY (socket_id, gauge, threshold_bytes, threshold_percent, duration_from_ns)
) STRICT, WITHOUT ROWID;

-- Folded spikes that a poller saw: only of a replay that keeps counts, which folds all but the censored ones. By decade of
-- duration, those of missed_spike_by_duration; a folded spike is in the decade in which its bin begins.
CREATE TABLE spike_bin_seen (
	poller_id INTEGER NOT NULL REFERENCES poller,
	gauge TEXT NOT NULL,
	threshold_bytes INTEGER NOT NULL,
	threshold_percent INTEGER NOT NULL,
	duration_from_ns INTEGER NOT NULL, -- [from, to)
	duration_to_ns INTEGER NOT NULL,
	spikes INTEGER NOT NULL,
	PRIMARY KEY (poller_id, gauge, threshold_bytes, threshold_percent, duration_from_ns)
) STRICT, WITHOUT ROWID;

-- One poller of a capture.
CREATE TABLE poller (
	poller_id INTEGER PRIMARY KEY,
	capture_id INTEGER NOT NULL REFERENCES capture,
	source TEXT NOT NULL, -- proc, sock_diag, iter; replay
	period_ns INTEGER NOT NULL, -- as asked for; what it kept follows from its polls
	phase_ns INTEGER NOT NULL, -- its first turn was due so long after start_ns; with jitter, the first one was drawn from there on
	jitter TEXT NOT NULL DEFAULT 'none' CHECK (jitter IN ('none', 'uniform', 'poisson')), -- how turns are drawn: one from each period, or gaps of that mean
	seed INTEGER, -- of the jitter: the same one draws the same turns
	read_mode TEXT NOT NULL CHECK (read_mode IN ('row', 'page', 'message', 'socket', 'instant')), -- what is read in one window
	priority INTEGER NOT NULL, -- SCHED_FIFO, 0: ordinary
	start_ns INTEGER NOT NULL, -- it was on schedule from here
	end_ns INTEGER, -- to here; NULL: the capture was killed
	simulated INTEGER NOT NULL DEFAULT 0 CHECK (simulated IN (0, 1)), -- by a replay: it never ran
	polls INTEGER, -- where counts alone are kept: how many; the first and the last are in table poll. NULL: all are
	polls_cpu_ns INTEGER, -- and what all of them took,
	polls_missed_turns INTEGER -- and the turns that went by before them; NULL: none did, or all polls are kept
) STRICT;

-- The gauges that a poller's source reads: only of these can it see or miss a spike.
CREATE TABLE poller_gauge (
	poller_id INTEGER NOT NULL REFERENCES poller,
	gauge TEXT NOT NULL,
	PRIMARY KEY (poller_id, gauge)
) STRICT, WITHOUT ROWID;

-- Who saw which spike. A poller that was running and has no row missed it.
CREATE TABLE spike_seen (
	spike_id INTEGER NOT NULL REFERENCES spike,
	poller_id INTEGER NOT NULL REFERENCES poller,
	polled_peak_bytes INTEGER NOT NULL, -- the highest value that it read
	samples INTEGER NOT NULL, -- that saw it
	PRIMARY KEY (spike_id, poller_id)
) STRICT, WITHOUT ROWID;

-- Samples that touched more than one spike of a gauge and threshold.
CREATE TABLE ambiguous (
	poller_id INTEGER NOT NULL REFERENCES poller,
	gauge TEXT NOT NULL,
	threshold_bytes INTEGER NOT NULL,
	threshold_percent INTEGER NOT NULL,
	samples INTEGER NOT NULL,
	PRIMARY KEY (poller_id, gauge, threshold_bytes, threshold_percent)
) STRICT, WITHOUT ROWID;

-- One read of all sockets by one poller.
CREATE TABLE poll (
	poll_id INTEGER PRIMARY KEY,
	poller_id INTEGER NOT NULL REFERENCES poller,
	scheduled_ns INTEGER NOT NULL,
	start_ns INTEGER NOT NULL,
	end_ns INTEGER NOT NULL,
	rows_read INTEGER NOT NULL, -- as the kernel printed them: of every state and port
	cpu_ns INTEGER NOT NULL,
	missed_turns INTEGER NOT NULL, -- turns that went by right before this one
	rows_skipped INTEGER, -- sockets that lived all through the scan and are not in it; NULL: not known
	rows_repeated INTEGER -- rows of sockets that this scan had shown already
) STRICT;

-- One socket's row in one poll. Rows in TIME_WAIT, and of connections that are still being made, have no queues: they are
-- counted in poll.rows_read and not kept.
CREATE TABLE sample (
	poll_id INTEGER NOT NULL REFERENCES poll,
	socket_id INTEGER NOT NULL REFERENCES socket,
	read_start_ns INTEGER NOT NULL, -- the window of the system call that read the socket
	read_end_ns INTEGER NOT NULL,
	rx_queue_bytes INTEGER, -- NULL: a listener
	tx_queue_bytes INTEGER,
	accept_queue_connections INTEGER, -- what a listener's row shows as its rx_queue; NULL: a connection
	rmem_bytes INTEGER, -- NULL: the poller's source does not show it
	backlog_bytes INTEGER, -- memory of packets that wait while the application holds the socket (sk_backlog.len); NULL likewise
	state INTEGER NOT NULL, -- as printed: 1 ESTABLISHED … 10 LISTEN
	rx_agrees INTEGER, -- NULL: no trace was kept
	tx_agrees INTEGER,
	rmem_agrees INTEGER
) STRICT;

-- One CPU's line of /proc/net/softnet_stat. Counters run on over the kernel's 32 bits.
CREATE TABLE softnet_sample (
	capture_id INTEGER NOT NULL REFERENCES capture,
	cpu INTEGER NOT NULL,
	time_ns INTEGER NOT NULL,
	processed INTEGER NOT NULL,
	dropped INTEGER NOT NULL,
	time_squeeze INTEGER NOT NULL,
	received_rps INTEGER NOT NULL,
	flow_limit_count INTEGER NOT NULL,
	backlog_packets INTEGER, -- NULL: this kernel does not print it
	input_packets INTEGER,
	process_packets INTEGER
) STRICT;

-- One spike of a listener's accept queue: connections that wait for accept(2).
CREATE TABLE accept_spike (
	capture_id INTEGER NOT NULL REFERENCES capture,
	socket_id INTEGER NOT NULL REFERENCES socket,
	threshold_connections INTEGER NOT NULL,
	start_ns INTEGER NOT NULL,
	end_ns INTEGER NOT NULL,
	peak_connections INTEGER NOT NULL,
	limit_connections INTEGER NOT NULL, -- the listener's, as listen(2) set it; the queue may exceed it by one
	peak_ns INTEGER NOT NULL,
	left_censored INTEGER NOT NULL CHECK (left_censored IN (0, 1)), -- open when the capture began
	right_censored INTEGER NOT NULL CHECK (right_censored IN (0, 1)) -- still open when it ended
) STRICT;

-- One spike of a CPU's backlog: packets that wait in its softnet_data.
CREATE TABLE softnet_spike (
	capture_id INTEGER NOT NULL REFERENCES capture,
	cpu INTEGER NOT NULL,
	threshold_packets INTEGER NOT NULL,
	start_ns INTEGER NOT NULL,
	end_ns INTEGER NOT NULL,
	peak_packets INTEGER NOT NULL,
	peak_ns INTEGER NOT NULL,
	left_censored INTEGER NOT NULL CHECK (left_censored IN (0, 1)),
	right_censored INTEGER NOT NULL CHECK (right_censored IN (0, 1))
) STRICT;

-- One round of receiving that was cut short with packets left: what softnet_stat counts as time_squeeze. These and drops are
-- measured until the counters' last reading, which comes right after the capture's end.
CREATE TABLE time_squeeze (
	capture_id INTEGER NOT NULL REFERENCES capture,
	cpu INTEGER NOT NULL,
	time_ns INTEGER NOT NULL,
	cause TEXT NOT NULL CHECK (cause IN ('budget', 'time')) -- netdev_budget packets done, or netdev_budget_usecs over
) STRICT;

-- A run of packets that a CPU's full backlog dropped, none queued between them: what softnet_stat counts as dropped.
CREATE TABLE backlog_drop (
	capture_id INTEGER NOT NULL REFERENCES capture,
	cpu INTEGER NOT NULL,
	start_ns INTEGER NOT NULL, -- the first one
	end_ns INTEGER NOT NULL, -- the last one
	packets INTEGER NOT NULL
) STRICT;

-- The gauge of a post of 2017 over one summary period (--blog): sk_rmem_alloc + skb->data_len as it stood before each packet
-- was queued, in state ESTABLISHED. It mixes memory and bytes; the sums of rx_queue and rmem are of the same instants.
CREATE TABLE blog_summary (
	socket_id INTEGER NOT NULL REFERENCES socket,
	start_ns INTEGER NOT NULL,
	end_ns INTEGER NOT NULL,
	peak_bytes INTEGER NOT NULL,
	kept_peak_bytes INTEGER NOT NULL, -- as that program kept it: it compared sk_rmem_alloc alone with the last peak
	total_bytes INTEGER NOT NULL, -- summed over the packets
	rx_total_bytes INTEGER NOT NULL,
	rmem_total_bytes INTEGER NOT NULL,
	packets INTEGER NOT NULL
) STRICT;

-- Every change of a socket's gauges, of a traced capture: stretches of events, each compressed. 'pollgap export FILE event' and the
-- SQLite extension pollgap_event read them.
CREATE TABLE trace_block (
	socket_id INTEGER NOT NULL REFERENCES socket,
	first_ns INTEGER NOT NULL, -- of its first event
	last_ns INTEGER NOT NULL, -- of its last one
	events INTEGER NOT NULL,
	block BLOB NOT NULL
) STRICT;

-- Changes of one CPU's backlog, in packets, of a traced capture: a stretch of them, coded likewise. 'pollgap export FILE
-- softnet_event' reads them.
CREATE TABLE softnet_trace_block (
	capture_id INTEGER NOT NULL REFERENCES capture,
	cpu INTEGER NOT NULL,
	first_ns INTEGER NOT NULL, -- of its first event
	last_ns INTEGER NOT NULL, -- of its last one
	events INTEGER NOT NULL,
	block BLOB NOT NULL
) STRICT;

-- How long the bytes that were read from a socket had stood in its receive queue, of a traced capture: 20 bins to a decade.
CREATE TABLE waiting_bin (
	socket_id INTEGER NOT NULL REFERENCES socket,
	wait_from_ns INTEGER NOT NULL, -- [from, to)
	wait_to_ns INTEGER NOT NULL,
	bytes INTEGER NOT NULL,
	PRIMARY KEY (socket_id, wait_from_ns)
) STRICT, WITHOUT ROWID;

-- A stretch in which the kernel timed the probe's programs (BPF_STATS_RUN_TIME); timing costs too, so it is not always on.
CREATE TABLE probe_timing (
	capture_id INTEGER NOT NULL REFERENCES capture,
	start_ns INTEGER NOT NULL,
	end_ns INTEGER NOT NULL,
	runs INTEGER NOT NULL,
	run_ns INTEGER NOT NULL
) STRICT;

-- CPU time of pollgap's threads that are no poller: collector (drains the kernel's records), writer, softnet.
CREATE TABLE thread_cpu (
	capture_id INTEGER NOT NULL REFERENCES capture,
	thread TEXT NOT NULL,
	cpu_ns INTEGER NOT NULL,
	turns INTEGER NOT NULL,
	PRIMARY KEY (capture_id, thread)
) STRICT, WITHOUT ROWID;

-- What went missing, by cause. No row: nothing did.
CREATE TABLE loss (
	capture_id INTEGER NOT NULL REFERENCES capture,
	cause TEXT NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY (capture_id, cause)
) STRICT, WITHOUT ROWID;
