#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_endings.sh BINARY SCRATCH: how captures end, in order and out of it, and how they are refused.
set -u
binary=$1
scratch=$2
file=$scratch/endings.db
number=0

ok()
{
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then echo "ok $number - $2"; else echo "not ok $number - $2"; fi
}

# equals WHAT GOT WANTED
equals()
{
	[ "$2" = "$3" ]
	ok $? "$1"
	[ "$2" = "$3" ] || echo "# got '$2', not '$3'"
}

query()
{
	sqlite3 "$file" "$1"
}

"$binary" check >/dev/null 2>&1 || { echo "1..0 # SKIP $("$binary" check 2>&1 | tail -n 1)"; exit 77; }
rm -f "$scratch"/*

"$binary" capture -o "$file" >"$scratch/out" 2>"$scratch/err" &
pid=$!
sleep 2
kill -INT "$pid"
wait "$pid"
equals "SIGINT ends a capture with status 0" $? 0
equals "its end is in the file" "$(query 'SELECT ended FROM completeness')" 1
equals "one single file is left" "$(ls "$scratch" | grep -c '^endings.db')" 1
equals "the file is its owner's alone" "$(stat -c %a "$file")" 600
equals "the file is whole" "$(query 'PRAGMA integrity_check; PRAGMA foreign_key_check')" ok
grep -q "What the pollers missed" "$scratch/out"
ok $? "it ends with the report's first table"

"$binary" capture -o "$scratch/term.db" >/dev/null 2>&1 &
pid=$!
sleep 1
kill -TERM "$pid"
wait "$pid"
equals "SIGTERM ends a capture with status 0" $? 0
equals "in order" "$(sqlite3 "$scratch/term.db" 'SELECT ended FROM completeness')" 1

"$binary" capture -o "$file" --label second -- sh -c 'exit 7' >/dev/null 2>&1
equals "a capture has its command's status" $? 7
equals "a second capture goes into the same file" \
	"$(query 'SELECT count(*), count(DISTINCT capture_uuid), sum(end_ns IS NOT NULL) FROM capture')" "2|2|2"
"$binary" capture -o "$file" -- sh -c 'kill -9 $$' >/dev/null 2>&1
equals "a command that a signal ended gives 128 and its number" $? 137

before=$(sha256sum <"$file")
"$binary" capture -o "$file" -- "$scratch/there-is-none" >/dev/null 2>"$scratch/err"
equals "a command that can't be started is status 1" $? 1
equals "with one line" "$(wc -l <"$scratch/err")" 1
equals "and the file is as it was" "$(query 'SELECT count(*) FROM capture')" 3
"$binary" capture -o "$scratch/new.db" -- "$scratch/there-is-none" >/dev/null 2>&1
equals "a refused capture leaves no file behind" "$(ls "$scratch" | grep -c '^new.db')" 0

echo "not ours" >"$scratch/text"
"$binary" capture -o "$scratch/text" -d 1s >/dev/null 2>"$scratch/err"
equals "a file that is not ours is status 1" $? 1
equals "and untouched" "$(cat "$scratch/text")" "not ours"
equals "with one line" "$(wc -l <"$scratch/err")" 1
for backend in fentry kprobe; do
	"$binary" capture -o "$scratch/new.db" --backend $backend -d 1s >/dev/null 2>"$scratch/err"
	equals "$backend is refused with status 1" $? 1
	equals "and one line" "$(wc -l <"$scratch/err")" 1
	equals "and no file" "$(ls "$scratch" | grep -c '^new.db')" 0
done

rm -f "$file"
"$binary" capture -o "$file" --poll proc:100ms >/dev/null 2>&1 &
pid=$!
sleep 3
"$binary" capture -o "$file" -d 1s >/dev/null 2>"$scratch/err"
equals "a file that is being written is refused" $? 1
equals "with one line" "$(grep -c 'another capture' "$scratch/err")" 1
kill -KILL "$pid"
wait "$pid" 2>/dev/null
equals "a killed capture's file opens, and says that it did not end" \
	"$(query 'SELECT complete, ended FROM completeness')" "0|0"
equals "it holds all but the last second or so" "$(query 'SELECT count(*) > 5 FROM poll')" 1
echo "1..$number"
