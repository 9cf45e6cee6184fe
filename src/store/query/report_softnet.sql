-- SPDX-License-Identifier: BSD-2-Clause
-- Each CPU's counters at its first and last sampling, and their sum in a row without a CPU.
WITH edge AS (
	SELECT cpu, min(time_ns) AS first_ns, max(time_ns) AS last_ns
	FROM softnet_sample
	WHERE capture_id = :capture_id
	GROUP BY cpu
), counter AS (
	SELECT
		edge.cpu,
		after.processed - before.processed AS processed,
		before.dropped AS dropped_before,
		after.dropped AS dropped_after,
		before.time_squeeze AS squeeze_before,
		after.time_squeeze AS squeeze_after
	-- In this order: SQLite would take all pairs of samples first.
	FROM edge
	CROSS JOIN softnet_sample AS before
		ON before.capture_id = :capture_id AND before.cpu = edge.cpu AND before.time_ns = edge.first_ns
	CROSS JOIN softnet_sample AS after
		ON after.capture_id = :capture_id AND after.cpu = edge.cpu AND after.time_ns = edge.last_ns
), listed AS (
	SELECT cpu, processed, dropped_before, dropped_after, squeeze_before, squeeze_after FROM counter
	UNION ALL
	SELECT NULL, sum(processed), sum(dropped_before), sum(dropped_after), sum(squeeze_before), sum(squeeze_after)
	FROM counter
	GROUP BY NULL -- no sum of no rows
)
SELECT
	cpu,
	processed,
	dropped_before,
	dropped_after,
	dropped_after - dropped_before AS dropped,
	squeeze_before,
	squeeze_after,
	squeeze_after - squeeze_before AS squeeze
FROM listed
ORDER BY cpu IS NULL, cpu;
