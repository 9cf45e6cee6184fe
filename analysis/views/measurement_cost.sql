-- SPDX-License-Identifier: BSD-2-Clause
-- What the measurement itself cost in CPU time. probe: the kernel times the probe's programs in stretches; their mean is
-- carried over to the whole capture. Without such a stretch the probe's cost is not known, and has no row. cpu_share is of
-- one CPU. Pollers of one source and period are told apart by their poller_id: proc:1s#2. What a
-- replay simulated never ran.
CREATE VIEW measurement_cost AS
WITH span AS MATERIALIZED (
	SELECT capture_id, end_ns - start_ns AS capture_ns
	FROM capture_span
), cost AS (
	SELECT
		span.capture_id,
		'probe' AS source,
		NULL AS poller_id,
		CAST(sum(run_ns) * (capture_ns * 1.0 / sum(end_ns - start_ns)) AS INTEGER) AS cpu_ns,
		CAST(sum(runs) * (capture_ns * 1.0 / sum(end_ns - start_ns)) AS INTEGER) AS events_or_polls
	FROM span
	JOIN probe_timing ON probe_timing.capture_id = span.capture_id
	GROUP BY span.capture_id
	HAVING sum(end_ns - start_ns) > 0
	UNION ALL
	SELECT
		capture_id,
		-- || binds tighter than /.
		source || ':' || CASE
		WHEN period_ns % 1000000000 = 0 THEN (period_ns / 1000000000) || 's'
		WHEN period_ns % 1000000 = 0 THEN (period_ns / 1000000) || 'ms'
		WHEN period_ns % 1000 = 0 THEN (period_ns / 1000) || 'us'
		ELSE period_ns || 'ns'
		END
		|| CASE WHEN count(*) OVER (PARTITION BY capture_id, source, period_ns) > 1 THEN '#' || poller_id ELSE '' END,
		poller_id,
		cpu_ns,
		polls
	FROM poller_run
	WHERE poller_id IN (SELECT poller_id FROM poller WHERE simulated = 0)
	UNION ALL
	SELECT capture_id, thread, NULL, cpu_ns, turns
	FROM thread_cpu
)
SELECT
	cost.capture_id,
	cost.source,
	cost.poller_id,
	cost.cpu_ns,
	cost.events_or_polls,
	cost.cpu_ns * 1.0 / nullif(span.capture_ns, 0) AS cpu_share
FROM cost
JOIN span ON span.capture_id = cost.capture_id;
