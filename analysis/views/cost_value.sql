-- SPDX-License-Identifier: BSD-2-Clause
-- What each way of measuring costs and what it shows: one row per server, way, measure and repetition (block). Of experiment overhead:
-- the throughput of a closed loop, and latencies at 20,000 requests a second, over those of the same block with nothing, which has to
-- have kept that rate. Of
-- experiment blog with the cap: what share of a processor a poller took ('aggregate': the probe), and what share it saw of the
-- spikes of 16 KiB and more. Quick experiments count only where there is no other of their name and server.
CREATE VIEW cost_value AS
WITH chosen AS MATERIALIZED (
	SELECT experiment_id, name, server
	FROM experiment
	WHERE quick = (SELECT min(quick) FROM experiment AS other WHERE other.name = experiment.name AND other.server = experiment.server)
), way (place, way, source) AS (
	VALUES (1, 'empty programs', NULL), (2, 'the post''s probe', NULL), (3, 'aggregate', 'probe'), (4, 'trace', NULL),
		(5, 'aggregate, proc:1s', 'proc:1s'), (6, 'aggregate, proc:100ms', 'proc:100ms'), (7, 'aggregate, proc:10ms', 'proc:10ms'),
		(8, 'aggregate, proc:1ms', 'proc:1ms'), (9, 'aggregate, sock_diag:10ms', NULL), (10, 'aggregate, iter:10ms', NULL),
		(11, 'a naive tracer', NULL)
), loaded AS MATERIALIZED (
	SELECT trial_step.*
	FROM trial_step
	JOIN chosen USING (experiment_id)
	WHERE chosen.name = 'overhead'
), measured AS (
	SELECT way.place, way.way, load.key AS load, with_it.server, with_it.block,
		with_it.achieved_per_s * 1.0 / plain.achieved_per_s AS throughput, with_it.p50_ns * 1.0 / plain.p50_ns AS p50,
		with_it.p99_ns * 1.0 / plain.p99_ns AS p99, with_it.p99_9_ns * 1.0 / plain.p99_9_ns AS p99_9
	FROM way
	JOIN json_each('{"closed": ": closed loop", "open": ": 20,000 a second"}') AS load
	JOIN loaded AS with_it ON with_it.treatment = way.way || load.value
	JOIN loaded AS plain ON plain.experiment_id = with_it.experiment_id AND plain.block = with_it.block
		AND plain.treatment = 'nothing' || load.value
		AND (plain.rate_per_s IS NULL OR plain.achieved_per_s >= 0.99 * plain.rate_per_s)
), polled AS (
	SELECT trial.capture_id, trial.block, chosen.server
	FROM trial
	JOIN chosen USING (experiment_id)
	WHERE chosen.name = 'blog' AND trial.treatment = '128 in flight' AND trial.failure IS NULL
)
SELECT server, place, way, 1 AS measure_place, 'throughput' AS measure, block, throughput AS value
FROM measured
WHERE load = 'closed' AND throughput IS NOT NULL
UNION ALL
SELECT server, place, way, 2, 'p50', block, p50
FROM measured
WHERE load = 'open' AND p50 IS NOT NULL
UNION ALL
SELECT server, place, way, 3, 'p99', block, p99
FROM measured
WHERE load = 'open' AND p99 IS NOT NULL
UNION ALL
SELECT server, place, way, 4, 'p99.9', block, p99_9
FROM measured
WHERE load = 'open' AND p99_9 IS NOT NULL
UNION ALL
SELECT polled.server, way.place, way.way, 5, 'share of a processor', polled.block, cost.cpu_share
FROM way
JOIN measurement_cost AS cost ON cost.source = way.source
JOIN polled USING (capture_id)
UNION ALL
SELECT polled.server, way.place, way.way, 6, 'share of the spikes seen', polled.block, 1 - summary.miss_ratio
FROM way
JOIN measurement_cost AS cost ON cost.source = way.source
JOIN polled USING (capture_id)
JOIN missed_spike_summary AS summary ON summary.capture_id = cost.capture_id AND summary.poller_id = cost.poller_id
WHERE summary.gauge = 'rx_queue' AND summary.threshold_bytes = 16384 AND summary.miss_ratio IS NOT NULL;
