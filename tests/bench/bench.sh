#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# bench.sh BINARY [ROUNDS]: what a capture costs and keeps up with, as ratios within one run, with their spread. Each round
# runs the load without and with a capture, in an order that changes from round to round.
set -eu
binary=$1
rounds=${2:-7}
scratch=$(mktemp -d)
server_pid=
redis_pid=

clean_up()
{
	trap '' INT TERM
	for pid in $server_pid $redis_pid; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT

"$binary" check >/dev/null 2>&1 || { echo "bench: a capture is not possible here: see '$binary check'" >&2; exit 1; }

port=23031
"$binary" load server -p 23032 >/dev/null &
server_pid=$!
redis-server --port $port --save '' --appendonly no --bind 127.0.0.1 >/dev/null 2>&1 &
redis_pid=$!
sleep 1

# benchmark PIPELINE REQUESTS: requests a second
benchmark()
{
	redis-benchmark -p $port -c 50 -P "$1" -d 300 -n "$2" -t set --csv 2>/dev/null | tail -n 1 | cut -d, -f2 | tr -d '"'
}

# with_capture PIPELINE REQUESTS: the same beside a capture of that port
with_capture()
{
	rm -f "$scratch/file.db"
	"$binary" capture -o "$scratch/file.db" -p $port >/dev/null 2>&1 &
	capture=$!
	sleep 0.5
	benchmark "$1" "$2"
	kill -INT $capture
	wait $capture || true
}

# ratios FILE: "MEDIAN (LOWEST to HIGHEST)" of its numbers
ratios()
{
	sort -n "$1" | awk '{ v[NR] = $1 } END { printf "%.3f (%.3f to %.3f)\n", (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2, v[1], v[NR] }'
}

row()
{
	printf '%-66s %s\n' "$1" "$2"
}

row "what, in $rounds rounds" "median (lowest to highest)"
for pipeline in 1 16; do
	requests=$((pipeline == 1 ? 100000 : 1000000))
	round=0
	while [ $round -lt "$rounds" ]; do
		if [ $((round % 2)) -eq 0 ]; then
			without=$(benchmark $pipeline $requests)
			with=$(with_capture $pipeline $requests)
		else
			with=$(with_capture $pipeline $requests)
			without=$(benchmark $pipeline $requests)
		fi
		echo "$with $without" | awk '{ print $1 / $2 }' >>"$scratch/redis.$pipeline"
		round=$((round + 1))
	done
	row "redis, pipeline $pipeline: throughput with a capture over without" "$(ratios "$scratch/redis.$pipeline")"
done

round=0
while [ $round -lt "$rounds" ]; do
	rm -f "$scratch/file.db"
	"$binary" capture -o "$scratch/file.db" -p 23032 --threshold 1,64,128,256,300,600,1K,2K --poll proc:100ms -- \
		"$binary" load client -p 23032 --rate 150000:2s --connections 50 >/dev/null 2>&1
	sqlite3 "$scratch/file.db" "SELECT ((SELECT count(*) FROM spike) + (SELECT ifnull(sum(spikes), 0) FROM spike_bin)) * 1e9
		/ (end_ns - start_ns) / 1000 FROM capture" >>"$scratch/spikes"
	sqlite3 "$scratch/file.db" "SELECT ifnull((SELECT sum(count) FROM loss WHERE cause NOT LIKE 'missed%'), 0)" >>"$scratch/lost"
	sqlite3 "$scratch/file.db" "SELECT cpu_ns * 1.0 / events_or_polls FROM measurement_cost WHERE source = 'probe'" >>"$scratch/probe"
	round=$((round + 1))
done
row "thousand spikes a second judged and stored, beside the load" "$(ratios "$scratch/spikes")"
row "of these captures' records, lost" "$(ratios "$scratch/lost")"
row "probe, ns for each run of a program, the kernel's timing in it" "$(ratios "$scratch/probe")"

# 9,000 connections, both ends here: 18,000 sockets.
rm -f "$scratch/file.db"
ulimit -n 20000 2>/dev/null || true
kill $server_pid
wait $server_pid 2>/dev/null || true
"$binary" load server -p 23033 >/dev/null &
server_pid=$!
sleep 0.3
"$binary" load client -p 23033 --connections 9000 --rate 9000:12s >/dev/null &
load=$!
sleep 4
"$binary" capture -o "$scratch/file.db" -p 23033 -d 6s --poll proc:50ms >/dev/null 2>&1 &
capture=$!
sleep 5
memory=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' /proc/$capture/status)
wait $capture || true
wait $load || true
row "memory with $(sqlite3 "$scratch/file.db" 'SELECT count(*) FROM socket') sockets, MiB after 5 s" $((memory / 1024))
row "thousand samples a second taken from them" "$(sqlite3 "$scratch/file.db" \
	'SELECT round((SELECT count(*) FROM sample) * 1e6 / (end_ns - start_ns)) FROM capture')"
