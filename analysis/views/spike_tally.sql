-- SPDX-License-Identifier: BSD-2-Clause
-- What the views of missed spikes add up: of a gauge and threshold, how many spikes of each decade of duration each poller
-- ran through, and how many of them it saw; uncensored ones, listed and folded together. unseen_phase_ns is the sum of
-- max(0, kept period - duration): over the period and the spikes it is what a poller with a random phase misses. Decades
-- without a spike have no row. The last one is open, so its end is the highest integer. A folded spike is in the decade in
-- which its bin begins, and counts with the mean duration of its bin; every poller missed it, but where a replay counted who
-- saw it. A report makes the same rows in one pass over the spikes (src/store/tally.c, tests/unit/test_tally.c holds them equal).
--
-- LIMIT -1, here and in the views that read this one: SQLite 3.37 puts even a MATERIALIZED part into each place that reads
-- it, and computes it there anew; one with a limit it leaves alone.
CREATE VIEW spike_tally AS
WITH decade (digits, duration_from_ns, duration_to_ns) AS MATERIALIZED (
	VALUES
		(3, 0, 1000),
		(4, 1000, 10000),
		(5, 10000, 100000),
		(6, 100000, 1000000),
		(7, 1000000, 10000000),
		(8, 10000000, 100000000),
		(9, 100000000, 1000000000),
		(10, 1000000000, 10000000000),
		(11, 10000000000, 100000000000),
		(12, 100000000000, 1000000000000),
		(13, 1000000000000, 9223372036854775807)
), ran AS MATERIALIZED (
	-- Pollers that ran at the same time and read the same gauges share what is counted of a whole decade; of a part of one,
	-- if they kept the same period, too, as those of a replay do.
	SELECT
		capture_id,
		poller_id,
		start_ns,
		end_ns,
		kept_period_ns,
		min(poller_id) OVER (PARTITION BY capture_id, start_ns, end_ns, gauges) AS whole_id,
		min(poller_id) OVER (PARTITION BY capture_id, start_ns, end_ns, gauges, kept_period_ns) AS part_id
	FROM (
		SELECT
			poller_run.*,
			(SELECT group_concat(gauge) FROM poller_gauge WHERE poller_gauge.poller_id = poller_run.poller_id) AS gauges
		FROM poller_run
	)
), run AS MATERIALIZED (
	-- place is poller, threshold, gauge and decade as one number: sorting a million of them takes half the time.
	SELECT
		ran.*,
		poller_gauge.gauge,
		capture_threshold.threshold_bytes,
		capture_threshold.threshold_percent,
		decade.*,
		(ran.poller_id << 44) + ((capture_threshold.threshold_bytes + capture_threshold.threshold_percent) << 9)
			+ (instr('rx_queue tx_queue rmem', poller_gauge.gauge) << 4) + decade.digits AS place
	FROM ran
	CROSS JOIN poller_gauge ON poller_gauge.poller_id = ran.poller_id
	CROSS JOIN capture_threshold ON capture_threshold.capture_id = ran.capture_id
	CROSS JOIN decade
	LIMIT -1
), piece AS MATERIALIZED (
	-- A decade, and of one in which the kept period lies, the part below that.
	SELECT run.*, whole_id AS sharer_id, 0 AS is_part, duration_to_ns AS below_ns
	FROM run
	UNION ALL
	SELECT run.*, part_id, 1, kept_period_ns
	FROM run
	WHERE duration_from_ns < kept_period_ns AND duration_to_ns > kept_period_ns
), counted AS MATERIALIZED (
	-- "SPIKES DURATION_SUM_NS": one pass over an index for both figures; a GROUP BY over spikes x pollers takes twice the time.
	SELECT
		piece.place,
		piece.place + ((piece.sharer_id - piece.poller_id) << 44) AS shared_place,
		piece.is_part,
		piece.is_part OR piece.duration_to_ns <= piece.kept_period_ns AS is_shorter,
		CASE WHEN piece.poller_id = piece.sharer_id THEN (
			SELECT count(*) || ' ' || ifnull(sum(spike.end_ns - spike.start_ns), 0)
			FROM spike
			WHERE spike.capture_id = piece.capture_id
				AND spike.gauge = piece.gauge
				AND spike.threshold_bytes = piece.threshold_bytes
				AND spike.threshold_percent = piece.threshold_percent
				AND spike.left_censored = 0
				AND spike.right_censored = 0
				AND spike.end_ns - spike.start_ns >= piece.duration_from_ns
				AND spike.end_ns - spike.start_ns < piece.below_ns
				AND spike.start_ns >= piece.start_ns
				AND spike.end_ns <= piece.end_ns
		) END AS tally
	FROM piece
	LIMIT -1
), listed AS (
	-- Each sharer has the one tally of those that share it.
	SELECT place, is_part, is_shorter, max(tally) OVER (PARTITION BY is_part, shared_place) AS tally
	FROM counted
), bin AS MATERIALIZED (
	-- Over all sockets first: a replay may have a thousand pollers.
	SELECT
		capture_id,
		gauge,
		threshold_bytes,
		threshold_percent,
		min(max(length(duration_from_ns), 3), 13) AS digits,
		sum(spikes) AS spikes,
		sum(duration_sum_ns) AS duration_sum_ns
	FROM spike_bin
	GROUP BY capture_id, gauge, threshold_bytes, threshold_percent, duration_from_ns
), tally AS (
	SELECT
		place,
		(1 - is_part) * CAST(tally AS INTEGER) AS spikes,
		0 AS seen,
		is_shorter * CAST(tally AS INTEGER) AS shorter,
		is_shorter * CAST(substr(tally, instr(tally, ' ')) AS INTEGER) AS shorter_sum_ns
	FROM listed
	UNION ALL
	-- A whole number has as many digits as its decade says.
	SELECT
		(spike_seen.poller_id << 44) + ((spike.threshold_bytes + spike.threshold_percent) << 9)
			+ (instr('rx_queue tx_queue rmem', spike.gauge) << 4)
			+ min(max(length(spike.end_ns - spike.start_ns), 3), 13) AS place,
		0,
		count(*),
		0,
		0
	FROM spike_seen
	CROSS JOIN spike ON spike.spike_id = spike_seen.spike_id
	CROSS JOIN ran ON ran.poller_id = spike_seen.poller_id
	WHERE spike.left_censored = 0
		AND spike.right_censored = 0
		AND spike.start_ns >= ran.start_ns
		AND spike.end_ns <= ran.end_ns
	GROUP BY 1
	UNION ALL
	SELECT
		(poller_id << 44) + ((threshold_bytes + threshold_percent) << 9)
			+ (instr('rx_queue tx_queue rmem', gauge) << 4)
			+ decade.digits,
		0,
		spike_bin_seen.spikes,
		0,
		0
	FROM spike_bin_seen
	JOIN decade ON decade.duration_from_ns = spike_bin_seen.duration_from_ns
	UNION ALL
	SELECT
		run.place,
		bin.spikes,
		0,
		iif(run.kept_period_ns * bin.spikes > bin.duration_sum_ns, bin.spikes, 0),
		iif(run.kept_period_ns * bin.spikes > bin.duration_sum_ns, bin.duration_sum_ns, 0)
	FROM run
	CROSS JOIN bin
		ON bin.capture_id = run.capture_id
		AND bin.gauge = run.gauge
		AND bin.threshold_bytes = run.threshold_bytes
		AND bin.threshold_percent = run.threshold_percent
		AND bin.digits = run.digits
), total AS (
	SELECT place, sum(spikes) AS spikes, sum(seen) AS seen, sum(shorter) AS shorter, sum(shorter_sum_ns) AS shorter_sum_ns
	FROM tally
	GROUP BY place
	HAVING sum(spikes) > 0
)
SELECT
	run.capture_id,
	run.poller_id,
	run.gauge,
	run.threshold_bytes,
	run.threshold_percent,
	run.duration_from_ns,
	run.duration_to_ns,
	total.spikes,
	total.seen,
	run.kept_period_ns * total.shorter - total.shorter_sum_ns AS unseen_phase_ns
FROM total
CROSS JOIN run ON run.place = total.place;
