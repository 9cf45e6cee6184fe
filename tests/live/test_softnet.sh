#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_softnet.sh BINARY SCRATCH: the CPUs' backlog, squeezes and drops, made by small limits, beside the kernel's counters.
set -u
. tests/harness/tap.sh
binary=$1
scratch=$2
file=$scratch/softnet.db
budget=$(cat /proc/sys/net/core/netdev_budget)
backlog=$(cat /proc/sys/net/core/netdev_max_backlog)
server_pid=

clean_up()
{
	[ -z "$server_pid" ] || kill "$server_pid"
	echo "$budget" >/proc/sys/net/core/netdev_budget
	echo "$backlog" >/proc/sys/net/core/netdev_max_backlog
}

"$binary" check >/dev/null 2>&1 || tap_skip_all "$("$binary" check 2>&1 | tail -n 1)"
rm -f "$scratch"/*
if ! echo "$budget" 2>/dev/null >/proc/sys/net/core/netdev_budget; then
	tap_skip_all "net.core.netdev_budget can't be set here"
fi
trap clean_up EXIT

# Rounds of two packets are cut short wherever there are more. Many connections make several packets wait at once.
echo 2 >/proc/sys/net/core/netdev_budget
"$binary" load server -p 23028 >/dev/null &
server_pid=$!
sleep 0.3
"$binary" capture -o "$file" --softnet 10ms --backlog-threshold 1,2,4 -- \
	"$binary" load client -p 23028 --rate 50000:2s --connections 50 >/dev/null 2>"$scratch/err"
tap_equal "a capture with a small budget ends well" 0 $?
[ "$(sqlite3 "$file" "SELECT count(*) FROM time_squeeze")" -gt 0 ]
tap_case $? "squeezes were measured"
tap_equal "as many as the counter counted between its readings" \
	0 "$(sqlite3 "$file" 'SELECT sum(squeezes_measured - squeezes_counted) FROM softnet_counted')"
[ "$(sqlite3 "$file" "SELECT count(*) FROM time_squeeze WHERE cause = 'budget'")" -gt 0 ]
tap_case $? "rounds ran out of budget"
[ "$(sqlite3 "$file" "SELECT count(*) FROM softnet_spike WHERE threshold_packets = 1")" -gt 1000 ]
tap_case $? "packets waited in the backlog"
tap_equal "no spike has less than its threshold, or ends before it begins" 0 "$(sqlite3 "$file" \
	"SELECT count(*) FROM softnet_spike WHERE peak_packets < threshold_packets OR end_ns < start_ns OR peak_ns NOT BETWEEN start_ns AND end_ns")"
tap_equal "spikes of one CPU and threshold don't overlap" 0 "$(sqlite3 "$file" "SELECT count(*) FROM (SELECT start_ns,
	lag(end_ns) OVER (PARTITION BY cpu, threshold_packets ORDER BY start_ns) AS last_ns FROM softnet_spike) WHERE start_ns < last_ns")"
# One reading when it begins, one when it is over: both count.
rm -f "$file"
"$binary" capture -o "$file" --softnet 1h -- \
	"$binary" load client -p 23028 --rate 50000:700ms --connections 50 >/dev/null 2>"$scratch/err"
tap_equal "a capture shorter than its sampling period has two readings" 2 "$(sqlite3 "$file" 'SELECT count(DISTINCT time_ns) FROM softnet_sample')"
[ "$(sqlite3 "$file" 'SELECT sum(squeezes_counted) FROM softnet_counted')" -gt 0 ]
tap_case $? "squeezes are counted between them"
tap_equal "and as many measured" 0 "$(sqlite3 "$file" 'SELECT sum(squeezes_measured - squeezes_counted) FROM softnet_counted')"
tap_equal "the query beside the captures lists each squeeze once" "$(sqlite3 "$file" 'SELECT count(*) FROM time_squeeze')" \
	"$(sqlite3 "$file" <analysis/queries/time_squeeze.sql | wc -l)"
tap_equal "the report says the same" \
	"$(sqlite3 "$file" 'SELECT sum(squeezes_counted) FROM softnet_counted')" \
	"$("$binary" report "$file" | awk '/packet queues/ { on = 1 } on && $1 == "all" { gsub(",", "", $NF); print $NF; exit }')"
echo "$budget" >/proc/sys/net/core/netdev_budget

# A backlog of no room: the second packet that waits is dropped, and sent again. A bulk transfer's packets come in bursts.
kill "$server_pid"
"$binary" load server -p 23029 --size 1M >/dev/null &
server_pid=$!
sleep 0.3
echo 0 >/proc/sys/net/core/netdev_max_backlog
rm -f "$file"
"$binary" capture -o "$file" --softnet 10ms --backlog-threshold 1 -- \
	"$binary" load client -p 23029 --size 1M --rate max -d 2s --connections 8 --in-flight 4 >/dev/null 2>"$scratch/err"
echo "$backlog" >/proc/sys/net/core/netdev_max_backlog
if [ "$(sqlite3 "$file" 'SELECT sum(drops_counted) FROM softnet_counted')" -gt 0 ]; then
	[ "$(sqlite3 "$file" 'SELECT sum(drops_measured) FROM softnet_counted')" -gt 0 ]
	tap_case $? "drops were measured"
	# A reading and an event a moment apart may fall on either side of each other: only those within 1 ms of the first or
	# last reading may. The counter has a few more than were measured where a process runs no BPF programs: README, limits.
	tap_equal "no drop was measured that the counter did not count" 0 "$(sqlite3 "$file" "SELECT count(*) FROM softnet_counted AS counted
		WHERE drops_measured - drops_counted > (
			SELECT ifnull(sum(packets), 0) FROM backlog_drop WHERE backlog_drop.cpu = counted.cpu
				AND (abs(start_ns - first_ns) < 1000000 OR abs(start_ns - last_ns) < 1000000))")"
	sqlite3 "$file" "SELECT '# CPU ' || cpu || ': counted ' || drops_counted || ', measured ' || drops_measured FROM softnet_counted"
else
	tap_skip "drops were measured" "the kernel dropped nothing"
fi

# Every change of a traced capture: the spikes that follow from the changes are those that the kernel side made of them.
kill "$server_pid"
"$binary" load server -p 23031 --size 100K >/dev/null &
server_pid=$!
sleep 0.3
rm -f "$file"
"$binary" capture -o "$file" -p 23031 --trace --backlog-threshold 1,2,4 -- \
	"$binary" load client -p 23031 --size 100K --rate max -d 1s --connections 8 --in-flight 4 >/dev/null 2>"$scratch/err"
"$binary" export "$file" softnet_event >"$scratch/events.csv"
tap_equal "changes of the backlog are exported, as many as are in the file" \
	"cpu,time_ns,backlog_packets|$(sqlite3 "$file" 'SELECT sum(events) FROM softnet_trace_block')" \
	"$(head -n 1 "$scratch/events.csv")|$(sed 1d "$scratch/events.csv" | wc -l)"
cat >"$scratch/derive.sql" <<EOT
CREATE TEMP TABLE event (cpu INTEGER, time_ns INTEGER, packets INTEGER);
.import --csv --skip 1 $scratch/events.csv event
CREATE TEMP TABLE derived AS
WITH edge AS (
	SELECT cpu, threshold, time_ns, packets, packets >= threshold AS above,
		ifnull(lag(packets >= threshold) OVER (PARTITION BY cpu, threshold ORDER BY event.rowid), 0) AS was_above
	FROM event, (SELECT 1 AS threshold UNION SELECT 2 UNION SELECT 4)
), numbered AS (
	SELECT *, sum(above AND NOT was_above) OVER (PARTITION BY cpu, threshold ORDER BY time_ns, above DESC ROWS UNBOUNDED PRECEDING) AS spike
	FROM edge
)
SELECT cpu, threshold, min(time_ns) AS start_ns, max(time_ns) FILTER (WHERE NOT above) AS end_ns, max(packets) AS peak
FROM numbered
WHERE above OR was_above
GROUP BY cpu, threshold, spike;
CREATE TEMP TABLE made AS SELECT cpu, threshold_packets, start_ns, end_ns, peak_packets FROM softnet_spike WHERE left_censored + right_censored = 0;
DELETE FROM derived WHERE end_ns IS NULL OR start_ns = (SELECT start_ns FROM capture);
SELECT count(*) > 1000 FROM made;
SELECT count(*) FROM (SELECT * FROM made EXCEPT SELECT * FROM derived);
SELECT count(*) FROM (SELECT * FROM derived EXCEPT SELECT * FROM made);
EOT
tap_equal "the spikes that follow from them are the file's, row for row" "1 0 0 " "$(sqlite3 "$file" <"$scratch/derive.sql" 2>&1 | tr '\n' ' ')"
tap_equal "nothing of them was lost" 0 "$(sqlite3 "$file" "SELECT count(*) FROM loss WHERE cause LIKE 'ring%' OR cause LIKE 'writer%'")"
tap_done
