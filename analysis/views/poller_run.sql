-- SPDX-License-Identifier: BSD-2-Clause
-- How each poller really ran: from when to when it was on schedule, its polls, and the period that it kept. A killed
-- capture notes no end: its pollers ran until their last poll ended. Fewer than two polls keep no period: the one asked
-- for stands in.
CREATE VIEW poller_run AS
SELECT
	poller.capture_id,
	poller.poller_id,
	poller.source,
	poller.period_ns,
	poller.start_ns,
	ifnull(poller.end_ns, max(poll.end_ns)) AS end_ns,
	count(poll.poll_id) AS polls,
	ifnull(
		(max(poll.start_ns) - min(poll.start_ns)) * 1.0 / nullif(count(poll.poll_id) - 1, 0),
		poller.period_ns * 1.0
	) AS kept_period_ns,
	ifnull(sum(poll.cpu_ns), 0) AS cpu_ns
FROM poller
LEFT JOIN poll ON poll.poller_id = poller.poller_id
GROUP BY poller.poller_id;
