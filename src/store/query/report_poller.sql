-- SPDX-License-Identifier: BSD-2-Clause
-- The pollers of a capture, the slowest first, with the schedule that they kept.
SELECT
	poller.poller_id,
	poller.source,
	poller.period_ns,
	poller.read_mode,
	poller.priority,
	poller_run.polls,
	-- One poll alone keeps no period.
	iif(poller_run.polls > 1, poller_run.kept_period_ns, NULL) AS kept_period_ns,
	poller_run.missed_by_schedule AS missed_turns,
	poller_run.rows_read,
	poller_run.mean_poll_ns,
	poller_run.cpu_ns
FROM poller
JOIN poller_run ON poller_run.poller_id = poller.poller_id
WHERE poller.capture_id = :capture_id
ORDER BY poller.period_ns DESC, poller.poller_id;
