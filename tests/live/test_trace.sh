#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_trace.sh BINARY SCRATCH: a traced capture holds every change; its spikes and summaries follow from its events, row for
# row; its samples agree with them.
set -u
. tests/harness/tap.sh
binary=$1
scratch=$2
file=$scratch/file.db
started=

clean_up()
{
	for pid in $started; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
}
trap clean_up EXIT

"$binary" check >/dev/null 2>&1 || tap_skip_all "$("$binary" check 2>&1 | tail -n 1)"
rm -f "$scratch"/*

query()
{
	sqlite3 "$file" "$1"
}

. tests/live/follows.sh

"$binary" load server -p 23035 >/dev/null &
started="$started $!"
sleep 0.3
"$binary" capture -o "$file" -p 23035 --trace --min-spike 0 --threshold 1,300,1K,4K --poll proc:20ms --poll sock_diag:5ms -- \
	"$binary" load client -p 23035 --rate 20000:3s --connections 20 >/dev/null 2>"$scratch/err"
follows "requests" 100000
one=$(query 'SELECT socket_id FROM trace_block GROUP BY socket_id ORDER BY sum(events) DESC LIMIT 1')
from=$(query "SELECT first_ns + (last_ns - first_ns) / 3 FROM trace_block WHERE socket_id = $one LIMIT 1")
to=$((from + 100000000))
"$binary" export "$file" event --socket "$one" --from "$from" --to "$to" -o "$scratch/zoom.csv"
tap_equal "a zoom is those rows of all" "socket_id,time_ns,gauge,value_bytes
$(awk -F, -v s="$one" -v f="$from" -v t="$to" '$1 == s && $2 >= f && $2 < t' "$scratch/event.csv")" "$(cat "$scratch/zoom.csv")"

# The extension shows the same rows, and reads what was asked for alone.
extension=$(dirname "$binary")/pollgap_event
with_extension()
{
	sqlite3 -csv "$file" -cmd ".load $extension" "$1"
}
# sqlite3 is not built with the sanitizers, and refuses what is.
case $(sqlite3 :memory: ".load $extension" 2>&1) in
*"ASan runtime"*)
	for what in "the extension shows every event" "a zoom, too" "in whatever order" "and a bound that is no integer" "a broken block is an error"; do
		tap_skip "$what" "sqlite3 can't load what is built with AddressSanitizer"
	done
	;;
*)
	tap_equal "the extension shows every event" "$(tail -n +2 "$scratch/event.csv" | tr -d '\r' | cksum)" "$(with_extension 'SELECT * FROM event' | cksum)"
	tap_equal "a zoom, too" "$(tail -n +2 "$scratch/zoom.csv")" \
		"$(with_extension "SELECT * FROM event WHERE socket_id = $one AND time_ns >= $from AND time_ns < $to")"
	tap_equal "in whatever order" "$(awk -F, '$3 == "rmem" { n++; sum += $4 } END { printf "%d,%d", n, sum }' "$scratch/event.csv")" \
		"$(with_extension "SELECT count(*), sum(value_bytes) FROM event JOIN socket USING (socket_id) WHERE gauge = 'rmem'")"
	tap_equal "and a bound that is no integer" "$(awk -F, -v f="$from" 'NR > 1 && $2 <= f' "$scratch/event.csv" | wc -l)" \
		"$(with_extension "SELECT count(*) FROM event WHERE time_ns <= $from + 0.5")"
	sqlite3 "$file" "UPDATE trace_block SET block = x'00' WHERE socket_id = $one"
	with_extension "SELECT count(*) FROM event WHERE socket_id = $one" >"$scratch/out" 2>&1
	tap_case $(($? == 0)) "a broken block is an error"
	;;
esac

rm -f "$file"
"$binary" capture -o "$file" -p 23036 --trace --min-spike 0 --threshold 1,300,4K,64K,256K --poll sock_diag:2ms -- \
	sh -c "'$binary' load spikes -p 23036 --size-range 1:1M --pause-range 10us:3ms --count 300 --seed 11 >'$scratch/spikes.csv'" \
	>/dev/null 2>"$scratch/err"
follows "blocks" 1000

# Each block stood from its arrival to its reading, and its sender knows both to some us. A bin is 12 % wide.
tap_equal "what was read is what was sent" "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR > 1 { sum += $at["bytes"] } END { printf "%d", sum }' "$scratch/spikes.csv")" \
	"$(query "SELECT bytes_read FROM waiting_time JOIN socket USING (socket_id) WHERE local_port = 23036")"
longest=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR > 1 { w = $at["read_end_ns"] - $at["send_start_ns"]; if (w > m) m = w }
	END { printf "%d", m }' "$scratch/spikes.csv")
shortest=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR > 1 { w = $at["read_start_ns"] - $at["arrived_ns"]; if (NR == 2 || w > m) m = w }
	END { printf "%d", m }' "$scratch/spikes.csv")
tap_equal "and stood no longer than the longest block was on its way, and as long as it paused" \
	1 "$(query "SELECT max_ns <= $longest * 1.13 AND max_ns >= $shortest FROM waiting_time JOIN socket USING (socket_id) WHERE local_port = 23036")"
tap_equal "percentiles ascend" 0 "$(query "SELECT count(*) FROM waiting_time WHERE NOT (p50_ns <= p90_ns AND p90_ns <= p99_ns AND p99_ns <= p999_ns AND
	p999_ns <= max_ns AND mean_ns <= max_ns)")"

rm -f "$file"
"$binary" capture -o "$file" -p 23036 -d 200ms >/dev/null 2>&1
"$binary" export "$file" event >"$scratch/out" 2>&1
tap_equal "a file without a trace says so" "1/pollgap export: the file holds no events: capture with --trace" "$?/$(cat "$scratch/out")"
tap_done
