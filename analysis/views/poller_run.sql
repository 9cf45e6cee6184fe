-- SPDX-License-Identifier: BSD-2-Clause
-- How each poller really ran: from when to when it was on schedule, its polls, and the period that it kept. A killed
-- capture notes no end: its pollers ran until their last poll ended. Fewer than two polls keep no period: the one asked
-- for stands in. Turns it missed are counted twice: by its schedule, which counts those that went by before each poll, and
-- by real time, which counts the turns that were due until its end; the last ones, which no poll came after, are in the
-- second alone; of a poller with jitter real time can't tell them. rows_read and mean_poll_ns are of the polls that table poll has.
CREATE VIEW poller_run AS
SELECT
	poller.capture_id,
	poller.poller_id,
	poller.source,
	poller.period_ns,
	poller.start_ns,
	ifnull(poller.end_ns, max(poll.end_ns)) AS end_ns,
	ifnull(poller.polls, count(poll.poll_id)) AS polls,
	ifnull(
		(max(poll.start_ns) - min(poll.start_ns)) * 1.0 / nullif(ifnull(poller.polls, count(poll.poll_id)) - 1, 0),
		poller.period_ns * 1.0
	) AS kept_period_ns,
	ifnull(ifnull(poller.polls_cpu_ns, sum(poll.cpu_ns)), 0) AS cpu_ns,
	ifnull(ifnull(poller.polls_missed_turns, sum(poll.missed_turns)), 0) AS missed_by_schedule,
	CASE poller.jitter WHEN 'none' THEN max(
		0,
		(ifnull(poller.end_ns, max(poll.end_ns)) - poller.start_ns - poller.phase_ns + poller.period_ns - 1) / poller.period_ns
	) - ifnull(poller.polls, count(poll.poll_id)) END AS missed_by_time,
	ifnull(sum(poll.rows_read), 0) AS rows_read,
	sum(poll.end_ns - poll.start_ns) / nullif(count(poll.poll_id), 0) AS mean_poll_ns
FROM poller
LEFT JOIN poll ON poll.poller_id = poller.poller_id
GROUP BY poller.poller_id;
