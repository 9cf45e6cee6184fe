#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_workloads.sh BINARY SCRATCH: each workload under a capture: all that it asked for was answered, the kernel side saw it, and
# nothing is left behind.
set -u
. tests/harness/tap.sh
binary=$1
scratch=$2
file=$scratch/file.db
export POLLGAP="$binary"

"$binary" check >/dev/null 2>&1 || tap_skip_all "$("$binary" check 2>&1 | tail -n 1)"
rm -rf "${scratch:?}"/*

# listening PORT
listening()
{
	grep -qi "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$1") [0-9A-F]*:0000 0A" /proc/net/tcp
}


port=23120
for name in redis memcached nginx postgresql cassandra; do
	port=$((port + 1))
	rm -f "$file"
	"$binary" capture -o "$file" -p $port --min-spike 0 --threshold 1,300 -- analysis/workloads/$name --port $port --rate 2000 --time 1s --size 300 \
		>"$scratch/out" 2>"$scratch/err"
	status=$?
	if [ $status -eq 77 ]; then
		tap_skip "$name" "$(grep -E 'is not (installed|in)\>' "$scratch/err")"
		continue
	fi
	tap_equal "$name: the capture leaves with the workload's status" 0 $status
	grep -Eq '^all .* 2000 +2000 +0 ' "$scratch/out"
	tap_case $? "$name: what was asked was answered" "$(cat "$scratch/out" "$scratch/err")"
	[ "$(sqlite3 "$file" "SELECT count(*) FROM spike JOIN socket USING (socket_id) WHERE local_port = $port AND gauge = 'rx_queue'")" -gt 20 ]
	tap_case $? "$name: its receive queue was measured"
	if [ $name != postgresql ] && [ $name != cassandra ]; then
		# Most find the queue empty. Not all: nginx reads 1 KiB at a time, so where several requests wait, what is left of one
		# stands below the next; and a FIN's byte is in rx_queue until the end of the stream is read.
		tap_equal "$name: requests of 300 bytes" 1 "$(sqlite3 "$file" "SELECT count(*) > 1000 AND sum(peak_bytes = 300) * 2 > count(*) FROM spike
			JOIN socket USING (socket_id) WHERE local_port = $port AND gauge = 'rx_queue' AND threshold_bytes = 1")"
	fi
	! listening $port
	tap_case $? "$name: the server has gone"
done

"$binary" load server -p 23130 >/dev/null 2>&1 &
server=$!
sleep 0.3
analysis/workloads/redis --port 23130 >"$scratch/out" 2>&1
tap_equal "a port that is taken is refused" "1/1" "$?/$(grep -c 'port 23130 is taken' "$scratch/out")"
kill $server
wait $server 2>/dev/null
analysis/workloads/redis --sice 3 >"$scratch/out" 2>&1
tap_equal "an option that is none is refused" "2/1" "$?/$(grep -c "no option '--sice'" "$scratch/out")"

if [ "$(id -u)" -eq 0 ] && ip netns add "pollgap-try-$$" 2>/dev/null; then
	ip netns del "pollgap-try-$$"
	rm -f "$file"
	before=$(ip netns list)
	"$binary" capture -o "$file" --poll proc:50ms -d 500ms >/dev/null 2>&1
	analysis/workloads/in-netns "$binary" capture -o "$file" --poll proc:50ms -d 500ms >/dev/null 2>&1
	tap_equal "in a namespace with a small hash" 0 $?
	tap_equal "a poll of /proc/net/tcp takes less time there" 1 "$(sqlite3 "$file" 'SELECT avg(cpu_ns) FILTER (WHERE capture_id = 2) <
		avg(cpu_ns) FILTER (WHERE capture_id = 1) FROM poll JOIN poller USING (poller_id)')"
	analysis/workloads/in-netns sh -c 'exit 7'
	tap_equal "its command's status is its own" 7 $?
	tap_equal "and no namespace is left" "$before" "$(ip netns list)"
else
	tap_skip "in a namespace with a small hash" "no network namespace can be made here"
fi
tap_done
