#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_endings.sh BINARY SCRATCH: how captures end, in order and out of it, and how they are refused.
set -u
. tests/harness/tap.sh
binary=$1
scratch=$2
file=$scratch/endings.db

query()
{
	sqlite3 "$file" "$1"
}

"$binary" check >/dev/null 2>&1 || tap_skip_all "$("$binary" check 2>&1 | tail -n 1)"
rm -f "$scratch"/*

"$binary" capture -o "$file" >"$scratch/out" 2>"$scratch/err" &
pid=$!
sleep 2
kill -INT "$pid"
wait "$pid"
tap_equal "SIGINT ends a capture with status 0" 0 $?
tap_equal "its end is in the file" 1 "$(query 'SELECT ended FROM completeness')"
tap_equal "one single file is left" 1 "$(ls "$scratch" | grep -c '^endings.db')"
tap_equal "the file is its owner's alone" 600 "$(stat -c %a "$file")"
tap_equal "the file is whole" ok "$(query 'PRAGMA integrity_check; PRAGMA foreign_key_check')"
grep -q "What the pollers missed" "$scratch/out"
tap_case $? "it ends with the report's first table"

"$binary" capture -o "$scratch/term.db" >/dev/null 2>&1 &
pid=$!
sleep 1
kill -TERM "$pid"
wait "$pid"
tap_equal "SIGTERM ends a capture with status 0" 0 $?
tap_equal "in order" 1 "$(sqlite3 "$scratch/term.db" 'SELECT ended FROM completeness')"

"$binary" capture -o "$scratch/short.db" -- true >/dev/null 2>&1
tap_equal "its command runs from when the pollers do" 1 \
	"$(sqlite3 "$scratch/short.db" 'SELECT poller.end_ns >= poller.start_ns AND capture.end_ns >= poller.start_ns FROM poller JOIN capture USING (capture_id)')"

nohup "$binary" capture -o "$scratch/nohup.db" -d 2s >/dev/null 2>&1 &
pid=$!
sleep 0.7
kill -HUP "$pid"
wait "$pid"
tap_equal "under nohup SIGHUP does not end it" 1 "$(sqlite3 "$scratch/nohup.db" 'SELECT ended AND end_ns - start_ns >= 2000000000 FROM completeness JOIN capture')"
"$binary" capture -o "$scratch/hang-up.db" -d 20s >/dev/null 2>&1 &
pid=$!
sleep 0.7
kill -HUP "$pid"
wait "$pid"
tap_equal "else it does, in order" 1 "$(sqlite3 "$scratch/hang-up.db" 'SELECT ended AND end_ns - start_ns < 20000000000 FROM completeness JOIN capture')"
"$binary" capture -o "$scratch/pipe.db" --verbose -d 3s 2>&1 >/dev/null | head -n 1 >/dev/null
tap_equal "a closed progress line does not end it" 1 "$(sqlite3 "$scratch/pipe.db" 'SELECT ended AND end_ns - start_ns >= 3000000000 FROM completeness JOIN capture')"

"$binary" capture -o "$file" --label second -- sh -c 'exit 7' >/dev/null 2>&1
tap_equal "a capture has its command's status" 7 $?
tap_equal "a second capture goes into the same file" \
	"2|2|2" "$(query 'SELECT count(*), count(DISTINCT capture_uuid), sum(end_ns IS NOT NULL) FROM capture')"
"$binary" capture -o "$file" -- sh -c 'kill -9 $$' >/dev/null 2>&1
tap_equal "a command that a signal ended gives 128 and its number" 137 $?

before=$(sha256sum <"$file")
"$binary" capture -o "$file" -- "$scratch/there-is-none" >/dev/null 2>"$scratch/err"
tap_equal "a command that can't be started is status 1" 1 $?
tap_equal "with one line" 1 "$(wc -l <"$scratch/err")"
tap_equal "and the file is as it was" 3 "$(query 'SELECT count(*) FROM capture')"
"$binary" capture -o "$scratch/new.db" -- "$scratch/there-is-none" >/dev/null 2>&1
tap_equal "a refused capture leaves no file behind" 0 "$(ls "$scratch" | grep -c '^new.db')"

echo "not ours" >"$scratch/text"
"$binary" capture -o "$scratch/text" -d 1s >/dev/null 2>"$scratch/err"
tap_equal "a file that is not ours is status 1" 1 $?
tap_equal "and untouched" "not ours" "$(cat "$scratch/text")"
tap_equal "with one line" 1 "$(wc -l <"$scratch/err")"
# Each backend, as check says of it.
for item in $("$binary" check | awk '$1 == "backend" { print $2 ":" $3 }'); do
	backend=${item%:*}
	"$binary" capture -o "$scratch/new.db" --backend "$backend" -d 1s >/dev/null 2>"$scratch/err"
	status=$?
	if [ "${item#*:}" = yes ]; then
		tap_equal "$backend is taken, and the file names it" "0 $backend" "$status $(sqlite3 "$scratch/new.db" 'SELECT backend FROM capture')"
		rm -f "$scratch"/new.db*
	else
		tap_equal "$backend is refused with status 1" 1 $status
		tap_equal "and one line" 1 "$(wc -l <"$scratch/err")"
		tap_equal "and no file" 0 "$(ls "$scratch" | grep -c '^new.db')"
	fi
done

# A command that warms up runs before the capture does; without that it begins when the capture has.
for warm_up in 0 1s; do
	rm -f "$file"
	"$binary" load server -p 23018 >/dev/null 2>&1 &
	server=$!
	sleep 0.3
	"$binary" capture -o "$file" -p 23018 --warm-up $warm_up -- sh -c "exec '$binary' load client -p 23018 --rate 100:2s --json >'$scratch/client'" >/dev/null 2>&1
	tap_equal "--warm-up $warm_up: the capture ends as its command does" 0 $?
	kill $server
	wait $server
	begun_ns=$(sed -n 's/^ *"start_ns": \([0-9]*\).*/\1/p' "$scratch/client" | head -n 1)
	tap_equal "--warm-up $warm_up: which comes first" $([ $warm_up = 0 ] && echo 1/0 || echo 0/1) \
		"$(query "SELECT start_ns < $begun_ns FROM capture")/$(query "SELECT min(older) FROM socket WHERE remote_port = 23018")"
done
rm -f "$file"
"$binary" capture -o "$file" --warm-up 10s -- sh -c 'exit 3' >/dev/null 2>"$scratch/err"
tap_equal "a command that ends within --warm-up fails the capture, in one line" 1/1/0 "$?/$(grep -c 'status 3' "$scratch/err")/$(ls "$scratch" | grep -c endings.db)"

# Not before a poller's first turn is due must a spike wait for it: one of them reads every ten minutes.
rm -f "$file"
"$binary" capture -o "$file" -p 23019 --threshold 1 --min-spike 0 --poll proc:100ms --poll proc:10m >/dev/null 2>&1 &
pid=$!
sleep 1
"$binary" load spikes -p 23019 --size 5000 --pause 5ms --count 700 >/dev/null &
load_pid=$!
sleep 2.5
"$binary" capture -o "$file" -d 1s >/dev/null 2>"$scratch/err"
tap_equal "a file that is being written is refused" 1 $?
tap_equal "with one line" 1 "$(grep -c 'another capture' "$scratch/err")"
kill -0 "$load_pid"
tap_case $? "the load goes on until the kill"
killed_ns=$(date +%s%N)
kill -KILL "$pid"
wait "$pid" 2>/dev/null
wait "$load_pid"
tap_equal "a killed capture's file opens, and says that it did not end" \
	"0|0" "$(query 'SELECT complete, ended FROM completeness')"
# SQLite's integers hold both clocks.
tap_equal "it holds all polls and spikes but those of the last second or so" "1|1" \
	"$(query "SELECT (SELECT max(end_ns) FROM poll) - start_ns + start_utc_ns > $killed_ns - 2000000000,
		(SELECT max(end_ns) FROM spike) - start_ns + start_utc_ns > $killed_ns - 2000000000 FROM capture")"
tap_equal "and from the beginning on" 1 "$(query "SELECT max(gap_ns) < 500000000 FROM (SELECT start_ns - lag(start_ns) OVER (ORDER BY start_ns) AS gap_ns FROM spike)")"
tap_done
