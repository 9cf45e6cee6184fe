#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# bench.sh BINARY FOLDER [ROUNDS]: what a capture costs and keeps up with. FOLDER holds bench_attach, bench_programs, empty.bpf.o,
# naive.bpf.o and, if it is there, nginx. Beside a capture stand two yardsticks: naive.bpf.c and, if bpftrace is there, peaks.bt.
# Figures of a row come from interleaved rounds of this one run, in an order that changes from round to round: their median, and
# the lowest and highest of them.
set -eu
binary=$1
folder=$2
rounds=${3:-7}
scratch=$(mktemp -d)
. tests/live/redis.sh
started=
mounted=

clean_up()
{
	trap '' INT TERM
	for pid in $started; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	[ -z "$mounted" ] || umount "$mounted" || true
	rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# What is started beside the loads ends with the shell that started it, however that ends: a capture that is left over would
# run beside all that is measured later.
beside="setpriv --pdeathsig TERM"

"$binary" check >/dev/null 2>&1 || { echo "bench: a capture is not possible here: see '$binary check'" >&2; exit 1; }

# spread FILE [FORMAT]: "MEDIAN (LOWEST to HIGHEST)" of its numbers
spread()
{
	sort -n "$1" | awk -v f="${2:-%.3f}" '{ v[NR] = $1 } END { printf f " (" f " to " f ")\n",
		(v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2, v[1], v[NR] }'
}

row()
{
	printf '| %-78s | %s |\n' "$1" "$2"
}

query()
{
	sqlite3 "$scratch/file.db" "$1"
}

# The loads. Each prints what it did a second.
redis()
{
	redis-benchmark -p 23031 -c 50 -P "$1" -d 300 -n "$2" -t set --csv 2>/dev/null | tail -n 1 | cut -d, -f2 | tr -d '"'
}

load_redis_1() { redis 1 100000; }
load_redis_16() { redis 16 1000000; }
load_nginx() { wrk -t 1 -c 50 -d 4s http://127.0.0.1:23041/ | awk '/^Requests\/sec/ { print $2 }'; }

# With nothing, with programs that do nothing on the hooks of a capture, with a capture as it is by default, one with --trace, and
# the yardsticks: with_MODE PORT COMMAND... runs the command under it.
with_nothing()
{
	shift
	"$@"
}

# attached OBJECT COMMAND...
attached()
{
	: >"$scratch/attached"
	$beside "$folder/bench_attach" "$folder/$1" >"$scratch/attached" &
	attach=$!
	shift
	until grep -q attached "$scratch/attached"; do sleep 0.05; done
	"$@"
	kill $attach
	wait $attach 2>/dev/null || true
}

with_empty()
{
	shift
	attached empty.bpf.o "$@"
}

with_naive()
{
	shift
	attached naive.bpf.o "$@"
}

with_bpftrace()
{
	shift
	: >"$scratch/attached"
	$beside bpftrace -o "$scratch/peaks" "$(dirname "$0")/peaks.bt" >"$scratch/attached" 2>&1 &
	attach=$!
	sleep 3
	"$@"
	kill -INT $attach
	wait $attach 2>/dev/null || true
	grep -q '^@rx_queue' "$scratch/peaks" || { echo "bench: bpftrace measured nothing: $(cat "$scratch/attached")" >&2; exit 1; }
}

with_trace()
{
	with_capture "$@" --trace
}

# with_capture PORT LOAD [OPTION]...: under a capture with these options
with_capture()
{
	captured_port=$1
	captured_load=$2
	shift 2
	rm -f "$scratch/file.db"
	$beside "$binary" capture -o "$scratch/file.db" -p "$captured_port" "$@" >/dev/null 2>&1 &
	capture=$!
	sleep 0.5
	"$captured_load"
	kill -INT $capture
	wait $capture || true
}

# turned N WORD...: the words, from the nth on and round
turned()
{
	turns=$(($1 % ($# - 1)))
	shift
	while [ $turns -gt 0 ]; do
		first=$1
		shift
		set -- "$@" "$first"
		turns=$((turns - 1))
	done
	echo "$@"
}

# title MODE
title()
{
	case $1 in
	empty) echo "empty programs" ;;
	capture) echo "a capture" ;;
	trace) echo "a capture with --trace" ;;
	naive) echo "the naive program" ;;
	bpftrace) echo "bpftrace" ;;
	esac
}

# throughput LOAD PORT NAME MODE...: the ratios' rows
throughput()
{
	load=$1
	port=$2
	name=$3
	shift 3
	round=0
	while [ $round -lt "$rounds" ]; do
		for mode in $(turned $round nothing "$@"); do
			"with_$mode" "$port" "load_$load" >"$scratch/$mode"
		done
		for mode in "$@"; do
			echo "$(cat "$scratch/$mode") $(cat "$scratch/nothing")" | awk '{ print $1 / $2 }' >>"$scratch/$load.$mode"
		done
		round=$((round + 1))
	done
	for mode in "$@"; do
		row "$name: throughput with $(title "$mode") over without" "$(spread "$scratch/$load.$mode")"
	done
}

# What BPF programs take for a request, timed by the kernel: all of them that the mode has loaded.
requests=150000

load_timed()
{
	: >"$scratch/timing"
	$beside "$folder/bench_programs" "$last_program" >"$scratch/timing" &
	programs=$!
	until grep -q timing "$scratch/timing"; do sleep 0.05; done
	redis-benchmark -p 23031 -c 50 -P 1 -d 300 -n $requests -t set >/dev/null 2>&1
	kill $programs
	wait $programs || true
}

# program_costs MODE...: ns a request over what empty programs take as often
program_costs()
{
	round=0
	while [ $round -lt "$rounds" ]; do
		for mode in $(turned $round empty "$@"); do
			last_program=$("$folder/bench_programs" last)
			"with_$mode" 23031 load_timed
			awk 'NF == 4 { runs += $2; ns += $3 } END { print runs, ns }' "$scratch/timing" >"$scratch/$mode"
			# Of the two hooks that bpftrace has, too.
			awk -v mode="$mode" 'NF == 4 && (mode == "bpftrace" || $1 ~ /_(enqu|enqueue|ack)$/) { runs += $2; ns += $3 }
				END { print runs ? ns / runs : 0 }' "$scratch/timing" >"$scratch/$mode.run"
		done
		for mode in "$@"; do
			cat "$scratch/$mode" "$scratch/empty" | awk -v n=$requests 'NR == 1 { runs = $1; ns = $2 } NR == 2 { print (ns - runs * $2 / $1) / n }' \
				>>"$scratch/costs.$mode"
			echo "$(cat "$scratch/$mode.run") $(cat "$scratch/empty.run")" | awk '{ print $1 - $2 }' >>"$scratch/runs.$mode"
		done
		round=$((round + 1))
	done
	for mode in "$@"; do
		row "ns a request (redis) over empty programs: $(title "$mode")" "$(spread "$scratch/costs.$mode" %.0f)"
	done
	for mode in "$@"; do
		[ "$mode" = naive ] || row "ns a run on the two hooks that bpftrace uses, over an empty program: $(title "$mode")" "$(spread "$scratch/runs.$mode" %.0f)"
	done
}

# program_time NAME ARGUMENTS...: ns a run of a capture's program over an empty one on the same hooks, both timed by the kernel
# in the same stretches. The arguments are the capture's; the empty programs, those named in $hooks.
program_time()
{
	name=$1
	shift
	round=0
	while [ $round -lt "$rounds" ]; do
		: >"$scratch/attached"
		# shellcheck disable=SC2086
		$beside "$folder/bench_attach" "$folder/empty.bpf.o" $hooks >"$scratch/attached" &
		attach=$!
		until grep -q attached "$scratch/attached"; do sleep 0.05; done
		rm -f "$scratch/file.db"
		"$binary" capture -o "$scratch/file.db" -p 23031 "$@" -- \
			redis-benchmark -p 23031 -c 50 -P 1 -d 300 -n 150000 -t set >/dev/null 2>&1
		kill $attach
		wait $attach || true
		query "SELECT sum(run_ns) * 1.0 / sum(runs) FROM probe_timing" >"$scratch/probe"
		awk 'NF == 3 { runs += $2; ns += $3 } END { print ns / runs }' "$scratch/attached" >"$scratch/empty"
		cat "$scratch/probe" >>"$scratch/$name.probe"
		cat "$scratch/empty" >>"$scratch/$name.empty"
		echo "$(cat "$scratch/probe") $(cat "$scratch/empty")" | awk '{ print $1 - $2 }' >>"$scratch/$name.over"
		round=$((round + 1))
	done
}

redis_find || { echo "bench: $redis_missing" >&2; exit 1; }
$beside "$redis" --port 23031 --save '' --appendonly no --bind 127.0.0.1 >/dev/null 2>&1 &
started="$started $!"
$beside "$binary" load server -p 23032 >/dev/null &
load_server=$!
started="$started $load_server"
nginx=$(command -v "$folder/nginx" || command -v nginx || true)
if [ -n "$nginx" ] && command -v wrk >/dev/null; then
	cat >"$scratch/nginx.conf" <<EOT
worker_processes 1;
daemon off;
pid $scratch/nginx.pid;
error_log $scratch/nginx.log;
events { worker_connections 1024; }
http {
	access_log off;
	keepalive_requests 1000000000;
	client_body_temp_path $scratch/body;
	proxy_temp_path $scratch/proxy;
	fastcgi_temp_path $scratch/fastcgi;
	uwsgi_temp_path $scratch/uwsgi;
	scgi_temp_path $scratch/scgi;
	server { listen 127.0.0.1:23041; location / { return 200 "0123456789012345678901234567890123456789"; } }
}
EOT
	$beside "$nginx" -p "$scratch" -e "$scratch/nginx.log" -c "$scratch/nginx.conf" >/dev/null 2>&1 &
	started="$started $!"
fi
sleep 1

row "what, in $rounds rounds" "median (lowest to highest)"
row "---" "---"
hooks="empty_enqueue empty_ack empty_read empty_send empty_transmit empty_state empty_destroy"
program_time tcp --backlog-threshold 0
hooks=
program_time all
program_time traced --trace --ring 64M
row "an empty program, ns a run with the kernel's timing in it" "$(spread "$scratch/all.empty" %.0f)"
row "the probe's programs over an empty one, ns a run, all hooks" "$(spread "$scratch/all.over" %.0f)"
row "the same without the CPUs' backlog (--backlog-threshold 0)" "$(spread "$scratch/tcp.over" %.0f)"
row "the same of a capture with --trace, all its hooks" "$(spread "$scratch/traced.over" %.0f)"
yardsticks=naive
# bpftrace knows tracepoints by tracefs, which not every system mounts.
tracing=/sys/kernel/tracing
if command -v bpftrace >/dev/null && [ ! -e $tracing/events ] && mount -t tracefs tracefs $tracing 2>/dev/null; then mounted=$tracing; fi
if command -v bpftrace >/dev/null && [ -e $tracing/events ]; then
	yardsticks="naive bpftrace"
elif command -v bpftrace >/dev/null; then
	row "bpftrace" "not measured: tracefs can't be mounted"
else
	row "bpftrace" "not measured: it is not installed"
fi
# shellcheck disable=SC2086
program_costs capture trace $yardsticks
throughput redis_1 23031 "redis, 50 connections" empty capture
throughput redis_16 23031 "redis, 50 connections, pipeline 16" empty capture
if [ -s "$scratch/nginx.pid" ]; then
	# shellcheck disable=SC2086
	throughput nginx 23041 "nginx + wrk, 50 connections" empty capture trace $yardsticks
else
	row "nginx + wrk" "not measured: they are not installed"
fi

round=0
while [ $round -lt "$rounds" ]; do
	rm -f "$scratch/file.db"
	"$binary" capture -o "$scratch/file.db" -p 23032 --threshold 1,64,128,256,300,600,1K,2K --poll proc:100ms -- \
		"$binary" load client -p 23032 --rate 150000:3s --connections 50 >/dev/null 2>&1
	query "SELECT ((SELECT count(*) FROM spike) + (SELECT ifnull(sum(spikes), 0) FROM spike_bin)) * 1e6
		/ (end_ns - start_ns) FROM capture" >>"$scratch/spikes"
	query "SELECT ifnull((SELECT sum(count) FROM loss WHERE cause NOT LIKE 'missed%'), 0)" >>"$scratch/lost"
	round=$((round + 1))
done
row "thousand spikes a second judged and stored, beside the load that makes them" "$(spread "$scratch/spikes" %.0f)"
row "observations lost in these captures, but for missed turns" "$(spread "$scratch/lost" %.0f)"

# A load beyond what the two processors can do: as many events as there can be.
round=0
while [ $round -lt "$rounds" ]; do
	rm -f "$scratch/file.db"
	"$binary" capture -o "$scratch/file.db" -p 23032 --trace --ring 64M --poll proc:100ms -- \
		"$binary" load client -p 23032 --rate 300000:3s --connections 50 >/dev/null 2>&1
	query "SELECT (SELECT sum(events) FROM trace_block) * 1e6 / (end_ns - start_ns) FROM capture" >>"$scratch/events"
	query "SELECT ifnull((SELECT sum(count) FROM loss WHERE cause NOT LIKE 'missed%'), 0)" >>"$scratch/events.lost"
	round=$((round + 1))
done
row "thousand events a second kept in a trace, beside the load that makes them" "$(spread "$scratch/events" %.0f)"
row "observations lost in these captures, but for missed turns" "$(spread "$scratch/events.lost" %.0f)"

# seconds COMMAND...: how long it takes
seconds()
{
	begin=$(date +%s%N)
	"$@" >/dev/null
	end=$(date +%s%N)
	echo "$begin $end" | awk '{ print ($2 - $1) / 1e9 }'
}

rm -f "$scratch/file.db"
"$binary" capture -o "$scratch/file.db" -p 23032 --trace --ring 64M --poll proc:100ms -- \
	"$binary" load client -p 23032 --rate 60000:10s --connections 20 >/dev/null 2>&1
events=$(query 'SELECT sum(events) FROM trace_block')
row "bytes a value in the trace, index and all, of $events values" "$(query "SELECT round(sum(pgsize) * 1.0 / $events, 2) FROM dbstat WHERE name GLOB 'trace_block*'")"
row "observations lost in this capture, but for missed turns" "$(query "SELECT ifnull(sum(count), 0) FROM loss WHERE cause NOT LIKE 'missed%'")"
round=0
while [ $round -lt "$rounds" ]; do
	seconds "$binary" export "$scratch/file.db" event | awk -v n="$events" '{ print n / $1 / 1e6 }' >>"$scratch/export"
	cp "$scratch/file.db" "$scratch/replay.db"
	seconds "$binary" replay "$scratch/replay.db" --poll 1s --repeat 1000 | awk -v n="$events" '{ print $1 * 1e7 / n }' >>"$scratch/replay"
	round=$((round + 1))
done
row "million values a second exported as CSV" "$(spread "$scratch/export" %.1f)"
row "seconds to replay 1,000 phases of a 1 s poller over 10,000,000 values" "$(spread "$scratch/replay" %.2f)"
rm -f "$scratch/file.db" "$scratch/replay.db"
"$binary" capture -o "$scratch/file.db" -d 100ms --poll proc:50ms >/dev/null 2>&1
sqlite3 "$scratch/file.db" "SELECT 'DELETE FROM ' || name || ';' FROM sqlite_schema WHERE type = 'table'" | sqlite3 "$scratch/file.db"
sqlite3 "$scratch/file.db" <"$(dirname "$0")/large_capture.sql" >/dev/null
round=0
while [ $round -lt "$rounds" ]; do
	seconds "$binary" report "$scratch/file.db" >>"$scratch/report"
	round=$((round + 1))
done
row "seconds to report on $(query 'SELECT count(*) FROM spike') spikes" "$(spread "$scratch/report" %.2f)"
kill $load_server
wait $load_server 2>/dev/null || true

# 10,000 connections, both ends here: 20,000 sockets, for 60 s.
rm -f "$scratch/file.db"
ulimit -n 25000 2>/dev/null || true
$beside "$binary" load server -p 23033 >/dev/null &
started="$started $!"
sleep 0.3
$beside "$binary" load client -p 23033 --connections 10000 --rate 5000:75s >/dev/null &
load=$!
started="$started $load"
sleep 8
round=0
while [ $round -lt "$rounds" ]; do
	rm -f "$scratch/file.db"
	"$binary" capture -o "$scratch/file.db" -p 23033 -d 2s --poll sock_diag:20ms >/dev/null 2>&1
	query "SELECT (SELECT count(*) FROM sample) * 1e6 / (end_ns - start_ns) FROM capture" >>"$scratch/samples"
	query "SELECT ifnull((SELECT sum(count) FROM loss WHERE cause NOT LIKE 'missed%'), 0)" >>"$scratch/samples.lost"
	round=$((round + 1))
done
kill $load
wait $load 2>/dev/null || true
$beside "$binary" load client -p 23033 --connections 10000 --rate 5000:80s >/dev/null &
load=$!
started="$started $load"
sleep 8
rm -f "$scratch/file.db"
$beside "$binary" capture -o "$scratch/file.db" -p 23033 -d 60s --poll proc:1s >/dev/null 2>&1 &
capture=$!
sleep 59
memory=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' /proc/$capture/status)
wait $capture || true
kill $load
wait $load 2>/dev/null || true
row "thousand samples a second stored, one sock_diag poller of 20,000 sockets" "$(spread "$scratch/samples" %.0f)"
row "observations lost in these captures, but for missed turns" "$(spread "$scratch/samples.lost" %.0f)"
row "MiB of memory, at most, of a 60 s capture of $(query 'SELECT count(*) FROM socket') sockets, one proc poller at 1 s" "$((memory / 1024))"
