#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_pollers.sh BINARY SCRATCH: the kinds of pollers side by side: they read the same sockets, the same values, in the same
# namespace, and a trace explains each of them.
set -u
. tests/harness/tap.sh
. tests/live/redis.sh
binary=$1
scratch=$2
file=$scratch/file.db
netns=pollgap-pollers-$$
started=

clean_up()
{
	for pid in $started; do
		kill "$pid" 2>/dev/null
	done
	ip netns del "$netns" 2>/dev/null
}
trap clean_up EXIT

query()
{
	sqlite3 "$file" "$1"
}

"$binary" check >/dev/null 2>&1 || tap_skip_all "$("$binary" check 2>&1 | tail -n 1)"
"$binary" check | grep -q '^poller *iter *yes' || tap_skip_all "$("$binary" check | grep '^poller *iter')"
rm -f "$scratch"/*

# Blocks that stand for 60 ms each, so that each poller reads each of them; of every family.
for family in ipv4 ipv6 mapped; do
	rm -f "$file"
	"$binary" capture -o "$file" -p 23041 --min-spike 0 --threshold 1K --poll proc:10ms --poll sock_diag:10ms --poll iter:10ms -- sh -c \
		"'$binary' load spikes -p 23041 --family $family --size-range 1K:100K --pause 60ms --count 20 --seed 5 >'$scratch/spikes.csv'" \
		>"$scratch/out" 2>"$scratch/err"
	tap_equal "$family: each kind of poller sees all 20 blocks" "iter|20 proc|20 sock_diag|20 " \
		"$(query "SELECT source, seen FROM missed_spike_summary JOIN poller USING (poller_id) WHERE gauge = 'rx_queue' ORDER BY 1" | tr '\n' ' ')"
	sqlite3 -csv "$file" ".import $scratch/spikes.csv noted" >/dev/null
	tap_equal "$family: and reads the bytes that stood there" "iter|20 proc|20 sock_diag|20 " \
		"$(query "SELECT source, count(DISTINCT sequence) FROM poller JOIN poll USING (poller_id) JOIN sample USING (poll_id) JOIN noted
			ON sample.read_start_ns > CAST(arrived_ns AS INTEGER) AND sample.read_end_ns < CAST(noted.read_start_ns AS INTEGER)
				AND rx_queue_bytes = CAST(bytes AS INTEGER) GROUP BY 1 ORDER BY 1" | tr '\n' ' ')"
	tap_equal "$family: iter and sock_diag read the same memory" 1 \
		"$(query "SELECT (SELECT max(rmem_bytes) FROM sample JOIN poll USING (poll_id) WHERE poller_id = 2) = (SELECT max(rmem_bytes) FROM sample JOIN poll USING (poll_id) WHERE poller_id = 3)")"
done
tap_equal "a sample of iter is read within less time than one of proc" 1 \
	"$(query "SELECT avg(read_end_ns - read_start_ns) FILTER (WHERE poller_id = 3) < avg(read_end_ns - read_start_ns) FILTER (WHERE poller_id = 1)
		FROM sample JOIN poll USING (poll_id)")"

# A walk over more sockets than one read(2) holds rows of: each once, none left out.
"$binary" load server -p 23042 >/dev/null &
started="$started $!"
sleep 0.3
rm -f "$file"
"$binary" capture -o "$file" -p 23042 --poll proc:200ms --poll sock_diag:200ms --poll iter:200ms -- \
	"$binary" load client -p 23042 --rate 2000:3s --connections 2500 >/dev/null 2>"$scratch/err"
tap_equal "5,000 sockets and the listener: each kind reads all of them" "iter|5001 proc|5001 sock_diag|5001 " \
	"$(query "SELECT source, max(rows) FROM poller JOIN (SELECT poller_id, poll_id, count(*) AS rows FROM poll JOIN sample USING (poll_id)
		GROUP BY 2) USING (poller_id) GROUP BY 1 ORDER BY 1" | tr '\n' ' ')"
tap_equal "once all are there and none has gone, none is repeated or skipped" "iter|0|0|1 proc|0|0|1 sock_diag|0|0|1 " \
	"$(query "SELECT source, sum(rows_repeated), sum(rows_skipped), count(*) > 3 FROM poll JOIN poller USING (poller_id)
		WHERE poll.start_ns > (SELECT max(first_ns) FROM socket) AND poll.end_ns < (SELECT min(last_ns) FROM socket)
		GROUP BY 1 ORDER BY 1" | tr '\n' ' ')"
tap_equal "a listener's row is one of connections" "1 1 1 " \
	"$(query "SELECT count(DISTINCT socket_id) FROM sample JOIN poll USING (poll_id) WHERE state = 10 AND accept_queue_connections IS NOT NULL
		GROUP BY poller_id" | tr '\n' ' ')"

# In a namespace: what is read there is of it, though the poller's thread was born outside.
if ip netns add "$netns" 2>/dev/null && ip netns exec "$netns" ip link set lo up; then
	rm -f "$file"
	"$binary" capture -o "$file" --netns "$netns" --min-spike 0 --threshold 1K --poll proc:10ms --poll iter:10ms -- \
		ip netns exec "$netns" "$binary" load spikes -p 23043 --size 30000 --pause 60ms --count 10 >/dev/null 2>"$scratch/err"
	tap_equal "in a namespace: both see its spikes" "proc|10 iter|10 " \
		"$(query "SELECT source, seen FROM missed_spike_summary JOIN poller USING (poller_id) WHERE gauge = 'rx_queue' ORDER BY poller_id" | tr '\n' ' ')"
	tap_equal "in a namespace: and no socket of another one" "0" \
		"$(query "SELECT count(*) FROM sample JOIN socket USING (socket_id) WHERE 23043 NOT IN (local_port, remote_port)")"
else
	tap_skip "in a namespace" "one can't be made here"
fi

# All three beside a trace of a real server: it explains every value, and nothing is lost.
if redis_find; then
	"$redis" --port 23044 --save '' --appendonly no >/dev/null &
	started="$started $!"
	sleep 0.5
	rm -f "$file"
	"$binary" capture -o "$file" -p 23044 --trace --poll proc:100ms --poll sock_diag:50ms --poll iter:50ms -- \
		redis-benchmark -p 23044 -q -t set -n 200000 -c 20 -P 16 >/dev/null 2>"$scratch/err"
	tap_equal "redis, pipelined: every sample of every kind agrees with the trace" "1|1.0 2|1.0 3|1.0 " \
		"$(query "SELECT poller_id, min(agreement_ratio) FROM agreement GROUP BY 1" | tr '\n' ' ')"
	tap_equal "redis, pipelined: of each kind, rmem where it reads it" "8" "$(query "SELECT count(*) FROM agreement WHERE samples > 20")"
	query "SELECT '# ' || source || ' ' || gauge || ': ' || samples || ' samples, ' || agreeing || ' agree' FROM agreement JOIN poller USING (poller_id)"
	tap_equal "redis, pipelined: and the capture is complete" "1 " "$(query "SELECT complete, (SELECT group_concat(cause || ' ' || count) FROM loss) FROM completeness" | tr '|' ' ')"
else
	tap_skip "redis, pipelined" "$redis_missing"
fi
tap_done
