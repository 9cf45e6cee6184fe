#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_situations.sh BINARY SCRATCH: captures in the situations that users bring: other traffic's truth, namespaces, several
# captures, transfers that began before, clocks that step, readers that stay.
set -u
. tests/harness/tap.sh
binary=$1
scratch=$2
file=$scratch/file.db
one=pollgap-one-$$
two=pollgap-two-$$
started=

clean_up()
{
	for pid in $started; do
		kill "$pid" 2>/dev/null
	done
	ip netns del $one 2>/dev/null
	ip netns del $two 2>/dev/null
}
trap clean_up EXIT

"$binary" check >/dev/null 2>&1 || tap_skip_all "$("$binary" check 2>&1 | tail -n 1)"
rm -f "$scratch"/*

. tests/live/noted.sh

for family in ipv4 ipv6 mapped; do
	rm -f "$file" "$scratch/spikes.csv"
	"$binary" capture -o "$file" -p 23023 --min-spike 0 --threshold 1,300,4K,64K,256K -- sh -c \
		"'$binary' load spikes -p 23023 --family $family --size-range 1:1M --pause-range 10us:3ms --count 300 --seed 7 >'$scratch/spikes.csv'" \
		>/dev/null 2>"$scratch/err"
	as_noted "300 drawn blocks over $family" 600
done

# Thresholds in per cent of the limit. 'load spikes' sets it by its largest block, so a first run tells it; then blocks at the
# edge of each threshold, beside the same largest one.
per_cent()
{
	rm -f "$file"
	"$binary" capture -o "$file" -p 23028 --min-spike 0 --threshold 5%,10% -- \
		sh -c "sleep 0.2; '$binary' load spikes -p 23028 --size $1 --pause 1ms --count 3" >/dev/null 2>"$scratch/err"
}
per_cent 30000
limit=$(sqlite3 "$file" "SELECT max(limit_bytes) FROM spike WHERE gauge = 'rx_queue'")
low=$(((limit * 5 + 99) / 100))
high=$(((limit * 10 + 99) / 100))
per_cent $((low - 1)),$low,$((high - 1)),$high,30000
tap_equal "thresholds of 5 % and 10 % of the limit are reached by the bytes that they come to, and by no byte less" \
	"5|$low|$low|$limit|3 5|$low|$((high - 1))|$limit|3 5|$low|$high|$limit|3 5|$low|30000|$limit|3 10|$high|$high|$limit|3 10|$high|30000|$limit|3 " \
	"$(sqlite3 "$file" "SELECT threshold_percent, threshold_start_bytes, peak_bytes, limit_bytes, count(*) FROM spike WHERE gauge = 'rx_queue'
		GROUP BY 1, 2, 3, 4 ORDER BY 1, 3" | tr '\n' ' ')"
tap_equal "and the views tell them apart" "0|5|12 0|10|6 " "$(sqlite3 "$file" "SELECT threshold_bytes, threshold_percent, spikes FROM missed_spike_summary
	WHERE gauge = 'rx_queue' ORDER BY 2" | tr '\n' ' ')"
"$binary" report "$file" | grep -q '^ *10 %'
tap_case $? "as does the report"

# Through a veth, with the capture in the server's namespace, from outside.
if ip netns add $one 2>/dev/null && ip netns add $two && ip link add pgveth1 netns $one type veth peer name pgveth2 netns $two; then
	ip -n $one addr add 10.23.7.1/24 dev pgveth1 && ip -n $one link set pgveth1 up
	ip -n $two addr add 10.23.7.2/24 dev pgveth2 && ip -n $two link set pgveth2 up
	rm -f "$file"
	ip netns exec $one "$binary" load server -p 23024 --bind 10.23.7.1 --service 1ms >/dev/null &
	started="$started $!"
	sleep 0.5
	"$binary" capture -o "$file" --netns $one --threshold 1K --min-spike 0 --poll proc:5ms -- \
		ip netns exec $two "$binary" load client -p 23024 --rate 3000:1s --connections 3 10.23.7.1 >/dev/null 2>"$scratch/err"
	tap_equal "in a namespace, over a veth: its sockets alone" \
		"3|23024|10.23.7.1|10.23.7.2" \
		"$(sqlite3 "$file" "SELECT count(*), min(local_port), max(local_address), max(remote_address) FROM socket WHERE remote_port > 0")"
	[ "$(sqlite3 "$file" "SELECT count(*) FROM spike WHERE gauge = 'rx_queue' AND peak_bytes % 300 = 0")" -gt 3 ]
	tap_case $? "their queues of whole requests have spikes"
	[ "$(sqlite3 "$file" "SELECT sum(seen) FROM missed_spike_summary WHERE gauge = 'rx_queue'")" -gt 0 ]
	tap_case $? "and the poller is in there, too"
else
	tap_skip "a network namespace over a veth" "it can't be made here"
fi

# Two captures at once, of the same traffic.
"$binary" capture -o "$scratch/left.db" -p 23025 --min-spike 0 --poll proc:10ms -- \
	"$binary" capture -o "$scratch/right.db" -p 23025 --min-spike 0 --poll proc:10ms -- \
	"$binary" load spikes -p 23025 --size 3K,30K,300K --pause 1ms --count 23 >/dev/null 2>"$scratch/err"
tap_equal "two captures at once, one within the other, end well" 0 $?
sql="SELECT gauge, threshold_bytes, count(*), sum(peak_bytes) FROM spike WHERE gauge <> 'rmem' GROUP BY 1, 2"
tap_equal "both found the same spikes" "$(sqlite3 "$scratch/right.db" "$sql")" "$(sqlite3 "$scratch/left.db" "$sql")"
tap_equal "which are the traffic's" \
	"4096|46 16384|46 65536|23 262144|23 " \
	"$(sqlite3 "$scratch/left.db" "SELECT threshold_bytes, count(*) FROM spike WHERE gauge = 'rx_queue' GROUP BY 1" | tr '\n' ' ')"

# A queue that stands when the capture begins, and one that stands when it ends.
"$binary" load spikes -p 23026 --size 100K --pause 2s --count 2 >"$scratch/spikes.csv" &
started="$started $!"
sleep 0.5
rm -f "$file"
"$binary" capture -o "$file" -p 23026 -d 2s --poll proc:50ms >/dev/null 2>&1
tap_equal "a queue from before is a left-censored spike, one to the end a right-censored one" \
	"102400|1|0 102400|0|1 " "$(sqlite3 "$file" "SELECT peak_bytes, left_censored, right_censored FROM spike WHERE gauge = 'rx_queue' AND
		threshold_bytes = 65536 ORDER BY start_ns" | tr '\n' ' ')"
tap_equal "the first one begins with the capture" \
	3 "$(sqlite3 "$file" "SELECT count(*) FROM spike JOIN capture USING (capture_id) WHERE left_censored AND
		spike.start_ns = capture.start_ns AND gauge = 'rx_queue'")"

# --pid: the sockets of one process. Those of others come and go; that they have gone must be known, or every later scan
# would seem to have skipped them.
rm -f "$file"
"$binary" load server -p 23029 >/dev/null &
server=$!
started="$started $server"
sleep 0.3
"$binary" capture -o "$file" --pid "$server" --threshold 1 --min-spike 0 --poll proc:20ms -- sh -c "
	for turn in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
		'$binary' load spikes -p 23030 --size 5000 --pause 1us --count 1
	done
	'$binary' load client -p 23029 --rate 1000:1s --connections 7" >/dev/null 2>"$scratch/err"
tap_equal "with --pid there are the process's sockets alone" "7|23029|23029" \
	"$(sqlite3 "$file" "SELECT count(*), min(local_port), max(local_port) FROM socket WHERE remote_port > 0")"
tap_equal "and their spikes" "7|1" "$(sqlite3 "$file" "SELECT count(DISTINCT socket_id), count(*) > 700 FROM spike WHERE gauge = 'rx_queue'")"
[ "$(sqlite3 "$file" 'SELECT rows_skipped FROM scan_fault')" -lt 30 ]
tap_case $? "scans are not said to skip what is gone" "$(sqlite3 "$file" 'SELECT rows_skipped FROM scan_fault') rows"
kill "$server"
wait "$server"

# A step of the wall clock: times are on CLOCK_MONOTONIC, so nothing moves.
now=$(date +%s)
if date -s "@$now" >/dev/null 2>&1; then
	rm -f "$file"
	"$binary" capture -o "$file" --poll proc:50ms -- sh -c "sleep 0.5; date -s '+100 seconds' >/dev/null; sleep 0.5; date -s '-100 seconds' >/dev/null; sleep 0.5" \
		>/dev/null 2>"$scratch/err"
	tap_equal "a clock that steps does not end a capture" 0/0 "$?/$(wc -c <"$scratch/err")"
	tap_equal "and its polls keep their period" 0 "$(sqlite3 "$file" \
		"SELECT count(*) FROM (SELECT start_ns - lag(start_ns) OVER (ORDER BY start_ns) AS gap FROM poll) WHERE gap < 0 OR gap > 5000000000")"
	tap_equal "and its length is the monotonic one" 1 "$(sqlite3 "$file" \
		"SELECT end_ns - start_ns BETWEEN 1400000000 AND 20000000000 FROM capture")"
else
	tap_skip "a clock that steps" "this machine's clock can't be set"
fi

# A reader that keeps the file open, and asks now and then; and a copy of the file as it is.
rm -f "$file"
"$binary" load server -p 23027 >/dev/null &
started="$started $!"
mkfifo "$scratch/questions"
"$binary" capture -o "$file" -p 23027 --threshold 1 --min-spike 0 --poll proc:5ms -- \
	"$binary" load client -p 23027 --rate 20000:6s --connections 20 >/dev/null 2>"$scratch/err" &
capture=$!
sleep 2
sqlite3 "$file" <"$scratch/questions" >"$scratch/answers" 2>&1 &
reader=$!
exec 9>"$scratch/questions"
for turn in 1 2 3 4 5; do
	echo "SELECT count(*) > 0 FROM poll;" >&9
	sleep 0.7
done
cp "$file" "$scratch/copy.db"
[ ! -e "$file-wal" ] || cp "$file-wal" "$scratch/copy.db-wal"
written=$(sqlite3 "$file" "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
wal=$(stat -c %s "$file-wal" 2>/dev/null || echo 0)
wait $capture
tap_equal "a capture with a reader ends well" 0 $?
exec 9>&-
wait $reader
tap_equal "the reader had its answers" 1 "$(sort -u "$scratch/answers")"
# One that is never begun anew holds every page that was ever written.
[ "$wal" -lt "$written" ]
tap_case $? "the WAL is smaller than what was written"
echo "# WAL $wal of $written bytes"
tap_equal "a copy of the live file is whole" \
	"ok 0 1 " "$(sqlite3 "$scratch/copy.db" 'PRAGMA integrity_check; SELECT ended FROM completeness; SELECT count(*) > 100 FROM spike' | tr '\n' ' ')"
"$binary" report "$file" | head -n 1 >/dev/null
tap_equal "a report's reader may leave early" 0 $?
tap_done
