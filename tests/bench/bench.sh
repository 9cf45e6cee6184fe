#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# bench.sh BINARY FOLDER [ROUNDS]: what a capture costs and keeps up with. FOLDER holds bench_attach, empty.bpf.o and, if it is
# there, nginx. Figures of a row come from interleaved rounds of this one run, in an order that changes from round to round:
# their median, and the lowest and highest of them.
set -eu
binary=$1
folder=$2
rounds=${3:-7}
scratch=$(mktemp -d)
started=

clean_up()
{
	trap '' INT TERM
	for pid in $started; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT

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

# With nothing, with programs that do nothing on the hooks of a capture, with a capture as it is by default.
with_nothing() { "load_$1"; }

with_empty()
{
	: >"$scratch/attached"
	"$folder/bench_attach" "$folder/empty.bpf.o" >"$scratch/attached" &
	attach=$!
	until grep -q attached "$scratch/attached"; do sleep 0.05; done
	"load_$1"
	kill $attach
	wait $attach 2>/dev/null || true
}

with_capture()
{
	rm -f "$scratch/file.db"
	"$binary" capture -o "$scratch/file.db" -p "$2" >/dev/null 2>&1 &
	capture=$!
	sleep 0.5
	"load_$1"
	kill -INT $capture
	wait $capture || true
}

# throughput LOAD PORT: the two ratios' rows, and how the losses compare
throughput()
{
	round=0
	while [ $round -lt "$rounds" ]; do
		case $((round % 3)) in
		0) order="nothing empty capture" ;;
		1) order="capture nothing empty" ;;
		2) order="empty capture nothing" ;;
		esac
		for mode in $order; do
			"with_$mode" "$1" "$2" >"$scratch/$mode"
		done
		echo "$(cat "$scratch/empty") $(cat "$scratch/nothing")" | awk '{ print $1 / $2 }' >>"$scratch/$1.empty"
		echo "$(cat "$scratch/capture") $(cat "$scratch/nothing")" | awk '{ print $1 / $2 }' >>"$scratch/$1.capture"
		round=$((round + 1))
	done
	row "$3: throughput with empty programs over without" "$(spread "$scratch/$1.empty")"
	row "$3: throughput with a capture over without" "$(spread "$scratch/$1.capture")"
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
		"$folder/bench_attach" "$folder/empty.bpf.o" $hooks >"$scratch/attached" &
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

redis-server --port 23031 --save '' --appendonly no --bind 127.0.0.1 >/dev/null 2>&1 &
started="$started $!"
"$binary" load server -p 23032 >/dev/null &
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
	"$nginx" -p "$scratch" -e "$scratch/nginx.log" -c "$scratch/nginx.conf" >/dev/null 2>&1 &
	started="$started $!"
fi
sleep 1

row "what, in $rounds rounds" "median (lowest to highest)"
row "---" "---"
hooks="empty_enqueue empty_ack empty_read empty_send empty_transmit empty_state empty_destroy"
program_time tcp --backlog-threshold 0
hooks=
program_time all
row "an empty program, ns a run with the kernel's timing in it" "$(spread "$scratch/all.empty" %.0f)"
row "the probe's programs over an empty one, ns a run, all hooks" "$(spread "$scratch/all.over" %.0f)"
row "the same without the CPUs' backlog (--backlog-threshold 0)" "$(spread "$scratch/tcp.over" %.0f)"
throughput redis_1 23031 "redis, 50 connections"
throughput redis_16 23031 "redis, 50 connections, pipeline 16"
if [ -s "$scratch/nginx.pid" ]; then
	throughput nginx 23041 "nginx + wrk, 50 connections"
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
kill $load_server
wait $load_server 2>/dev/null || true

# 10,000 connections, both ends here: 20,000 sockets, for 60 s.
rm -f "$scratch/file.db"
ulimit -n 25000 2>/dev/null || true
"$binary" load server -p 23033 >/dev/null &
started="$started $!"
sleep 0.3
"$binary" load client -p 23033 --connections 10000 --rate 5000:75s >/dev/null &
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
"$binary" load client -p 23033 --connections 10000 --rate 5000:80s >/dev/null &
load=$!
started="$started $load"
sleep 8
rm -f "$scratch/file.db"
"$binary" capture -o "$scratch/file.db" -p 23033 -d 60s --poll proc:1s >/dev/null 2>&1 &
capture=$!
sleep 59
memory=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' /proc/$capture/status)
wait $capture || true
kill $load
wait $load 2>/dev/null || true
row "thousand samples a second stored, one sock_diag poller of 20,000 sockets" "$(spread "$scratch/samples" %.0f)"
row "observations lost in these captures, but for missed turns" "$(spread "$scratch/samples.lost" %.0f)"
row "MiB of memory, at most, of a 60 s capture of $(query 'SELECT count(*) FROM socket') sockets, one proc poller at 1 s" "$((memory / 1024))"
