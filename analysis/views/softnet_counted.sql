-- SPDX-License-Identifier: BSD-2-Clause
-- The counters of softnet_stat before and after, beside the events that they count: a difference of counters says how
-- many, the events say when. The first reading comes up to one sampling period after the capture's start, so events
-- before it are counted apart; the last one comes when the capture is over, and events are measured until then.
CREATE VIEW softnet_counted AS
WITH ends AS (
	SELECT capture_id, cpu, min(time_ns) AS first_ns, max(time_ns) AS last_ns
	FROM softnet_sample
	GROUP BY capture_id, cpu
)
SELECT
	ends.capture_id,
	ends.cpu,
	ends.first_ns,
	ends.last_ns,
	after.time_squeeze - before.time_squeeze AS squeezes_counted,
	(
		SELECT count(*)
		FROM time_squeeze
		WHERE time_squeeze.capture_id = ends.capture_id
			AND time_squeeze.cpu = ends.cpu
			AND time_squeeze.time_ns BETWEEN ends.first_ns AND ends.last_ns
	) AS squeezes_measured,
	(
		SELECT count(*)
		FROM time_squeeze
		WHERE time_squeeze.capture_id = ends.capture_id
			AND time_squeeze.cpu = ends.cpu
			AND time_squeeze.time_ns < ends.first_ns
	) AS squeezes_before,
	after.dropped - before.dropped AS drops_counted,
	(
		SELECT ifnull(sum(backlog_drop.packets), 0)
		FROM backlog_drop
		WHERE backlog_drop.capture_id = ends.capture_id
			AND backlog_drop.cpu = ends.cpu
			AND backlog_drop.start_ns BETWEEN ends.first_ns AND ends.last_ns
	) AS drops_measured
FROM ends
JOIN softnet_sample AS before
	ON before.capture_id = ends.capture_id AND before.cpu = ends.cpu AND before.time_ns = ends.first_ns
JOIN softnet_sample AS after
	ON after.capture_id = ends.capture_id AND after.cpu = ends.cpu AND after.time_ns = ends.last_ns;
