# SPDX-License-Identifier: BSD-2-Clause
# For test_*.sh, to be sourced with binary, scratch and file set, and query() defined.

# follows WHAT EVENTS: what the kernel aggregated follows from the events of the trace, all of it and nothing else.
follows()
{
	tap_equal "$1: nothing was lost" "" "$(query "SELECT cause, count FROM loss WHERE cause NOT LIKE 'missed%' AND cause NOT LIKE 'recursion_misses%'
		AND cause NOT IN ('kprobe_misses', 'unseen_packets', ${known_gaps:-''})")"
	"$binary" export "$file" event -o "$scratch/event.csv"
	tap_equal "$1: the events are as many as the changes counted" "$(query 'SELECT sum(events) FROM queue_summary')" \
		"$(query 'SELECT sum(events) FROM trace_block')"
	[ "$(query 'SELECT sum(events) FROM trace_block')" -gt "$2" ]
	tap_case $? "$1: there are more than $2"
	tap_equal "$1: each is exported" "$(query 'SELECT sum(events) FROM trace_block')" "$(($(wc -l <"$scratch/event.csv") - 1))"
	query "DROP TABLE IF EXISTS change; CREATE TABLE change (socket_id INTEGER, time_ns INTEGER, gauge TEXT, value_bytes INTEGER)"
	sqlite3 -csv "$file" ".import --skip 1 $scratch/event.csv change"
	# A spike: from an event that reaches the threshold to the next one that leaves it.
	query "CREATE INDEX change_by_socket ON change (socket_id, gauge, time_ns);
		CREATE TABLE derived AS
		WITH edge AS (
			SELECT socket_id, gauge, threshold_bytes, change.rowid AS place, time_ns, value_bytes, value_bytes >= threshold_bytes AS above,
				lag(value_bytes >= threshold_bytes, 1, 0) OVER series AS was_above
			FROM change CROSS JOIN capture_threshold
			WINDOW series AS (PARTITION BY socket_id, gauge, threshold_bytes ORDER BY change.rowid)
		), run AS (
			SELECT *, sum(above <> was_above) OVER (PARTITION BY socket_id, gauge, threshold_bytes ORDER BY place) AS number
			FROM edge
		)
		SELECT socket_id, gauge, threshold_bytes, min(time_ns) AS start_ns,
			lead(min(time_ns)) OVER (PARTITION BY socket_id, gauge, threshold_bytes ORDER BY number) AS end_ns,
			max(value_bytes) AS peak_bytes, count(*) AS events, max(above) AS above
		FROM run GROUP BY socket_id, gauge, threshold_bytes, number"
	columns="socket_id, gauge, threshold_bytes, start_ns, end_ns, peak_bytes, events"
	found="SELECT $columns FROM spike WHERE NOT left_censored AND NOT right_censored
		AND end_ns < ifnull((SELECT last_ns FROM socket WHERE socket.socket_id = spike.socket_id), (SELECT end_ns FROM capture))"
	tap_equal "$1: each spike follows from the events" 0 "$(query "SELECT count(*) FROM ($found EXCEPT SELECT $columns FROM derived WHERE above)")"
	tap_equal "$1: and there is no other" \
		0 "$(query "SELECT count(*) FROM (SELECT $columns FROM derived WHERE above AND end_ns IS NOT NULL EXCEPT SELECT $columns FROM spike)")"
	[ "$(query "SELECT count(*) FROM ($found)")" -gt 100 ]
	tap_case $? "$1: there are more than 100"
	# A step is a value, in force until the next one.
	query "DROP TABLE IF EXISTS step; CREATE TABLE step AS SELECT socket_id, gauge, time_ns, value_bytes, lead(time_ns, 1, 9223372036854775807) OVER (PARTITION BY socket_id, gauge ORDER BY rowid)
		AS next_ns FROM change; CREATE INDEX step_by_socket ON step (socket_id, gauge, time_ns)"
	tap_equal "$1: each summary's peak is its steps' highest" "" "$(query "SELECT * FROM (SELECT queue_summary.*, (
		SELECT max(value_bytes) FROM step WHERE step.socket_id = queue_summary.socket_id AND step.gauge = queue_summary.gauge
			AND (next_ns > start_ns OR time_ns >= start_ns) AND (time_ns < end_ns OR time_ns = end_ns AND end_ns = last_ns)) AS highest
		FROM queue_summary JOIN socket USING (socket_id)) WHERE peak_bytes <> ifnull(highest, 0) LIMIT 10")"
	# An area as a sum of whole numbers, but for what its mean as a float leaves of it.
	tap_equal "$1: and its mean that of the area under them" "" "$(query "SELECT * FROM (SELECT *, mean_bytes * (end_ns - start_ns) AS told, (
		SELECT ifnull(sum(value_bytes * (min(next_ns, end_ns) - max(time_ns, start_ns))), 0) FROM step
			WHERE step.socket_id = queue_summary.socket_id AND step.gauge = queue_summary.gauge AND time_ns < end_ns AND next_ns > start_ns) AS area
		FROM queue_summary) WHERE abs(told - area) > 1 + area / 1e12 LIMIT 10")"
	# The kernel side's running area is in whole byte microseconds, and each period's end rounds it.
	tap_equal "$1: each spike's area is that under its steps" "" "$(query "SELECT * FROM (SELECT spike.*, (
		SELECT sum(value_bytes * (min(next_ns, spike.end_ns) - max(time_ns, spike.start_ns))) FROM step
			WHERE step.socket_id = spike.socket_id AND step.gauge = spike.gauge AND time_ns < spike.end_ns AND next_ns > spike.start_ns) / 1000.0 AS area
		FROM spike) AS found JOIN capture USING (capture_id)
		WHERE abs(area_byte_us - area) > 2 + (found.end_ns - found.start_ns) / summary_period_ns LIMIT 10")"
	# A socket's last change may be that of its death, which ends its last period.
	tap_equal "$1: and its events are as many" "" "$(query "SELECT *, (SELECT max(time_ns) FROM change WHERE change.socket_id = counted.socket_id
			AND time_ns <= end_ns) FROM (SELECT queue_summary.*, first_ns, last_ns, (
		SELECT count(*) FROM change WHERE change.socket_id = queue_summary.socket_id AND change.gauge = queue_summary.gauge
			AND time_ns >= start_ns AND (time_ns < end_ns OR time_ns = end_ns AND end_ns = last_ns)) AS traced
		FROM queue_summary JOIN socket USING (socket_id)) AS counted WHERE events <> traced")"
	tap_equal "$1: every sample of a measured connection is judged" \
		0 "$(query 'SELECT count(*) FROM sample JOIN socket USING (socket_id) JOIN capture USING (capture_id)
			WHERE cookie IS NOT NULL AND rx_queue_bytes IS NOT NULL AND rx_agrees IS NULL AND read_end_ns <= capture.end_ns')"
	# A hook and its change are two instants, and a thread may lose its processor between them: see README, limits. An event that went by unseen,
	# by the capture's own count, hides its value and has the next one dated late.
	tap_equal "$1: but for 1 in 1,000 they agree, and two for each event that went by" 0 "$(query "SELECT count(*) FROM agreement
		WHERE samples - agreeing > samples / 1000 + 2 * (SELECT ifnull(sum(count), 0) FROM loss WHERE cause IN ('recursion_misses', 'kprobe_misses', 'unseen_packets'))")"
	query "SELECT '# ' || source || ' ' || gauge || ': ' || agreeing || ' of ' || samples || ' agree' FROM agreement JOIN poller USING (poller_id)"
}
