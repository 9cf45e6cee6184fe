-- SPDX-License-Identifier: BSD-2-Clause
-- What each poller's scans got wrong: /proc/net/tcp goes by position, so a socket that comes or goes meanwhile shifts the
-- others. rows_skipped: sockets that lived all through a scan and were not in it; rows_repeated: rows of sockets that the
-- scan had shown already. rows_sampled: the rows that the capture kept of the same scans.
CREATE VIEW scan_fault AS
WITH kept AS (
	SELECT poll_id, count(*) AS rows_sampled
	FROM sample
	GROUP BY poll_id
)
SELECT
	poller.capture_id,
	poller.poller_id,
	count(*) AS polls,
	sum(ifnull(kept.rows_sampled, 0)) AS rows_sampled,
	sum(poll.rows_skipped) AS rows_skipped,
	sum(poll.rows_repeated) AS rows_repeated,
	sum(poll.rows_skipped > 0) AS polls_that_skipped,
	sum(poll.rows_repeated > 0) AS polls_that_repeated
FROM poll
JOIN poller ON poller.poller_id = poll.poller_id
LEFT JOIN kept ON kept.poll_id = poll.poll_id
WHERE poll.rows_skipped IS NOT NULL
GROUP BY poller.capture_id, poller.poller_id;
