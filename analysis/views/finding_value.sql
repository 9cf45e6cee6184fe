-- SPDX-License-Identifier: BSD-2-Clause
-- What the claims F1 to F8 of the 2017 post come to in this file's experiments: one row per claim, measure, server and repetition
-- (block). 'pollgap report --findings' takes their medians and gives verdicts. Requests are of 300 bytes. F1, F2, F3, F5 and F6 (but its
-- fourth measure) leave out the first step of a load, which is warm-up; F4, F8 and that one are of whole captures. F7's latencies count only
-- where the load without a capture kept its rate. Quick experiments count only where there is no other of their name and server.
CREATE VIEW finding_value AS
WITH chosen AS MATERIALIZED (
	SELECT experiment_id
	FROM experiment
	WHERE quick = (SELECT min(quick) FROM experiment AS other WHERE other.name = experiment.name AND other.server = experiment.server)
), queue AS MATERIALIZED (
	SELECT * FROM trial_queue WHERE experiment = 'blog' AND step > 1 AND experiment_id IN chosen
), last_step AS (
	SELECT trial_id, max(step) AS step FROM trial_step WHERE experiment = 'blog' GROUP BY trial_id
), peak AS (
	SELECT trial_id, experiment_id, server, block, treatment, side, gauge, max(peak_bytes) AS peak_bytes
	FROM queue
	GROUP BY trial_id, side, gauge
), blog_trial AS (
	SELECT trial.*, experiment.server
	FROM trial
	JOIN experiment USING (experiment_id)
	WHERE experiment.name = 'blog' AND trial.failure IS NULL AND experiment_id IN chosen
), warm AS MATERIALIZED (
	SELECT trial_id, start_ns FROM trial_step WHERE experiment = 'blog' AND step = 2
), polled AS (
	SELECT blog_trial.server, blog_trial.block, summary.*
	FROM blog_trial
	JOIN missed_spike_summary AS summary USING (capture_id)
	JOIN poller USING (poller_id)
	WHERE blog_trial.treatment = '128 in flight' AND poller.source = 'proc' AND poller.period_ns = 1000000000
		AND summary.gauge = 'rx_queue' AND summary.threshold_bytes = 16384
)
SELECT 'F1' AS finding, 1 AS place, 'peak receive queue at the highest rate over that at the lowest' AS measure, 'ratio' AS unit, high.server, high.block,
	high.peak_bytes * 1.0 / low.peak_bytes AS value
FROM queue AS high
JOIN last_step USING (trial_id, step)
JOIN queue AS low ON low.trial_id = high.trial_id AND low.step = 2 AND low.side = 'server' AND low.gauge = 'rx_queue'
WHERE high.side = 'server' AND high.gauge = 'rx_queue' AND high.treatment = '128 in flight'
UNION ALL
SELECT 'F2', 1, 'requests queued at the peak, on one socket', 'requests', server, block, peak_bytes / 300.0
FROM peak
WHERE side = 'server' AND gauge = 'rx_queue' AND treatment = '128 in flight'
UNION ALL
SELECT 'F2', 2, 'bytes queued at the peak, on one socket', 'bytes', server, block, peak_bytes
FROM peak
WHERE side = 'server' AND gauge = 'rx_queue' AND treatment = '128 in flight'
UNION ALL
SELECT 'F2', 3, 'the post''s gauge at its peak, on one socket', 'bytes', blog_trial.server, blog_trial.block, max(blog_summary.peak_bytes)
FROM blog_trial
JOIN capture USING (capture_id)
JOIN socket USING (capture_id)
JOIN blog_summary USING (socket_id)
JOIN warm ON warm.trial_id = blog_trial.trial_id AND blog_summary.start_ns >= warm.start_ns
WHERE blog_trial.treatment = '128 in flight' AND socket.local_port = CAST(capture.ports AS INTEGER)
GROUP BY blog_trial.trial_id
UNION ALL
SELECT 'F2', 4, 'the post''s gauge over the bytes queued, of all packets', 'ratio', blog_trial.server, blog_trial.block,
	sum(blog_summary.total_bytes) * 1.0 / sum(blog_summary.rx_total_bytes)
FROM blog_trial
JOIN capture USING (capture_id)
JOIN socket USING (capture_id)
JOIN blog_summary USING (socket_id)
JOIN warm ON warm.trial_id = blog_trial.trial_id AND blog_summary.start_ns >= warm.start_ns
WHERE blog_trial.treatment = '128 in flight' AND socket.local_port = CAST(capture.ports AS INTEGER)
GROUP BY blog_trial.trial_id
HAVING sum(blog_summary.rx_total_bytes) > 0
UNION ALL
SELECT 'F3', 1, 'the client''s peak receive queue over the server''s', 'ratio', client.server, client.block,
	client.peak_bytes * 1.0 / peak.peak_bytes
FROM peak AS client
JOIN peak USING (trial_id, gauge)
WHERE client.side = 'client' AND peak.side = 'server' AND gauge = 'rx_queue' AND client.treatment = '128 in flight'
UNION ALL
SELECT 'F4', 1, 'time_squeeze events in a run', 'events', server, block,
	(SELECT count(*) FROM time_squeeze WHERE time_squeeze.capture_id = blog_trial.capture_id)
FROM blog_trial
WHERE treatment = '128 in flight'
UNION ALL
SELECT 'F4', 2, 'the same by the counter, read before and after', 'events', blog_trial.server, blog_trial.block, sum(counted.squeezes_counted)
FROM blog_trial
JOIN softnet_counted AS counted USING (capture_id)
WHERE blog_trial.treatment = '128 in flight'
GROUP BY blog_trial.trial_id
UNION ALL
SELECT 'F5', 1, 'requests queued at the peak, on one socket, with 128 in flight at most', 'requests', server, block, peak_bytes / 300.0
FROM peak
WHERE side = 'server' AND gauge = 'rx_queue' AND treatment = '128 in flight'
UNION ALL
SELECT 'F5', 2, 'the same without the cap', 'requests', server, block, peak_bytes / 300.0
FROM peak
WHERE side = 'server' AND gauge = 'rx_queue' AND treatment = 'no cap'
UNION ALL
SELECT 'F5', iif(treatment = 'no cap', 4, 3), iif(treatment = 'no cap', 'the same without the cap', 'requests in flight on one connection, by the client''s own count'),
	'requests', server, block, max(in_flight_peak)
FROM trial_step
WHERE experiment = 'blog' AND step > 1 AND experiment_id IN chosen AND in_flight_peak IS NOT NULL
GROUP BY trial_id
UNION ALL
SELECT 'F6', 1, 'the client''s peak send queue without the cap over that with it', 'ratio', free.server, free.block,
	free.peak_bytes * 1.0 / capped.peak_bytes
FROM peak AS free
JOIN peak AS capped ON capped.experiment_id = free.experiment_id AND capped.block = free.block AND capped.side = 'client' AND capped.gauge = 'tx_queue'
	AND capped.treatment = '128 in flight'
WHERE free.treatment = 'no cap' AND free.side = 'client' AND free.gauge = 'tx_queue'
UNION ALL
SELECT 'F6', 2, 'the client''s peak send queue without the cap', 'bytes', server, block, peak_bytes
FROM peak
WHERE treatment = 'no cap' AND side = 'client' AND gauge = 'tx_queue'
UNION ALL
SELECT 'F6', 3, 'the server''s peak receive queue without the cap', 'bytes', server, block, peak_bytes
FROM peak
WHERE treatment = 'no cap' AND side = 'server' AND gauge = 'rx_queue'
UNION ALL
SELECT 'F6', 4, 'the server''s highest receive queue until the client''s send queue first held 256 KiB', 'bytes', full.server, full.block,
	max(queue_summary.peak_bytes)
FROM (
	SELECT blog_trial.*, min(spike.start_ns) AS full_ns
	FROM blog_trial
	JOIN spike USING (capture_id)
	JOIN capture USING (capture_id)
	JOIN socket USING (socket_id)
	WHERE blog_trial.treatment = 'no cap' AND spike.gauge = 'tx_queue' AND spike.threshold_bytes = 262144
		AND socket.remote_port = CAST(capture.ports AS INTEGER)
	GROUP BY blog_trial.trial_id
) AS full
JOIN capture USING (capture_id)
JOIN socket USING (capture_id)
JOIN queue_summary USING (socket_id)
WHERE socket.local_port = CAST(capture.ports AS INTEGER) AND queue_summary.gauge = 'rx_queue' AND queue_summary.peak_ns <= full.full_ns
GROUP BY full.trial_id
UNION ALL
SELECT 'F6', 5, 'p99 latency at the highest rate without the cap over that with it', 'ratio', free.server, free.block, free.p99_ns * 1.0 / capped.p99_ns
FROM trial_step AS free
JOIN last_step USING (trial_id, step)
JOIN trial_step AS capped ON capped.experiment_id = free.experiment_id AND capped.block = free.block AND capped.step = free.step
	AND capped.treatment = '128 in flight'
WHERE free.experiment = 'blog' AND free.treatment = 'no cap' AND free.experiment_id IN chosen
UNION ALL
SELECT 'F6', 6, 'the server''s peak receive queue without the cap over the most bytes in flight', 'ratio', peak.server, peak.block,
	peak.peak_bytes / (300.0 * flight.in_flight_peak)
FROM peak
JOIN (
	SELECT trial_id, max(in_flight_peak) AS in_flight_peak FROM trial_step WHERE experiment = 'blog' AND step > 1 GROUP BY trial_id
) AS flight USING (trial_id)
WHERE peak.treatment = 'no cap' AND peak.side = 'server' AND peak.gauge = 'rx_queue' AND flight.in_flight_peak > 0
UNION ALL
SELECT 'F7', 1, 'throughput under a capture over that without', 'ratio', plain.server, plain.block,
	measured.achieved_per_s * 1.0 / plain.achieved_per_s
FROM trial_step AS plain
JOIN trial_step AS measured ON measured.experiment_id = plain.experiment_id AND measured.block = plain.block
	AND measured.treatment = 'aggregate: closed loop'
WHERE plain.treatment = 'nothing: closed loop' AND plain.experiment_id IN chosen
UNION ALL
SELECT 'F7', 2, 'p99 latency under a capture over that without', 'ratio', plain.server, plain.block, measured.p99_ns * 1.0 / plain.p99_ns
FROM trial_step AS plain
JOIN trial_step AS measured ON measured.experiment_id = plain.experiment_id AND measured.block = plain.block
	AND measured.treatment = 'aggregate: 20,000 a second'
WHERE plain.treatment = 'nothing: 20,000 a second' AND plain.achieved_per_s >= 0.99 * plain.rate_per_s AND plain.experiment_id IN chosen
UNION ALL
SELECT 'F7', 3, 'throughput under the post''s probe, rebuilt, over that without', 'ratio', plain.server, plain.block,
	measured.achieved_per_s * 1.0 / plain.achieved_per_s
FROM trial_step AS plain
JOIN trial_step AS measured ON measured.experiment_id = plain.experiment_id AND measured.block = plain.block
	AND measured.treatment = 'the post''s probe: closed loop'
WHERE plain.treatment = 'nothing: closed loop' AND plain.experiment_id IN chosen
UNION ALL
SELECT 'F8', 1, 'share of the spikes of 16 KiB and more that a 1 s poller of /proc/net/tcp missed', 'share', server, block, miss_ratio
FROM polled
WHERE miss_ratio IS NOT NULL
UNION ALL
SELECT 'F8', 2, 'spikes of 16 KiB and more', 'spikes', server, block, spikes
FROM polled
UNION ALL
SELECT 'F8', 3, 'poll period that would show 95 % of them', 'ns', polled.server, polled.block, needed.period_ns
FROM polled
JOIN period_needed AS needed ON needed.capture_id = polled.capture_id AND needed.gauge = 'rx_queue' AND needed.threshold_bytes = 16384
	AND needed.target_ratio = 0.95
WHERE needed.period_ns IS NOT NULL
UNION ALL
SELECT 'F8', 4, 'share of a processor that polling at that period would take', 'share', polled.server, polled.block,
	cost.cpu_ns * 1.0 / cost.events_or_polls / needed.period_ns
FROM polled
JOIN period_needed AS needed ON needed.capture_id = polled.capture_id AND needed.gauge = 'rx_queue' AND needed.threshold_bytes = 16384
	AND needed.target_ratio = 0.95
JOIN measurement_cost AS cost ON cost.capture_id = polled.capture_id AND cost.source = 'proc:10ms'
WHERE needed.period_ns IS NOT NULL AND cost.events_or_polls > 0
UNION ALL
SELECT 'F8', 5, 'share of a processor that the probe took', 'share', polled.server, polled.block, cost.cpu_share
FROM polled
JOIN measurement_cost AS cost ON cost.capture_id = polled.capture_id AND cost.source = 'probe';
