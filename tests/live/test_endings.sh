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
for backend in fentry kprobe; do
	"$binary" capture -o "$scratch/new.db" --backend $backend -d 1s >/dev/null 2>"$scratch/err"
	tap_equal "$backend is refused with status 1" 1 $?
	tap_equal "and one line" 1 "$(wc -l <"$scratch/err")"
	tap_equal "and no file" 0 "$(ls "$scratch" | grep -c '^new.db')"
done

rm -f "$file"
"$binary" capture -o "$file" --poll proc:100ms >/dev/null 2>&1 &
pid=$!
sleep 3
"$binary" capture -o "$file" -d 1s >/dev/null 2>"$scratch/err"
tap_equal "a file that is being written is refused" 1 $?
tap_equal "with one line" 1 "$(grep -c 'another capture' "$scratch/err")"
kill -KILL "$pid"
wait "$pid" 2>/dev/null
tap_equal "a killed capture's file opens, and says that it did not end" \
	"0|0" "$(query 'SELECT complete, ended FROM completeness')"
tap_equal "it holds all but the last second or so" 1 "$(query 'SELECT count(*) > 5 FROM poll')"
tap_done
