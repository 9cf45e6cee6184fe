#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_export.sh BINARY SCRATCH: tables out as CSV and back in as they were; broken CSV leaves the file as it was.
set -u
. tests/harness/tap.sh
binary=$1
scratch=$2
file=$scratch/file.db
back=$scratch/back.db

rm -rf "${scratch:?}"/*

# An empty file of ours, and in each table two rows of hard values: what each column's type and checks allow.
printf 'capture_id,cause,count\n' >"$scratch/loss.csv"
"$binary" import "$file" "$scratch/loss.csv"
tap_equal "a file is made where there is none" 0 $?
tap_equal "its owner's alone" 600 "$(stat -c %a "$file")"

value()
{
	# value COLUMN TYPE ROW
	case "$1:$2" in
	*capture_id:* | experiment_id:* | socket_id:* | spike_id:* | poller_id:* | poll_id:*) echo "$3" ;;
	family:*) echo 4 ;;
	gauge:*) if [ "$table" = capture_level ]; then echo "'accept_queue'"; else echo "'rx_queue'"; fi ;;
	read_mode:*) echo "'row'" ;;
	jitter:*) echo "'uniform'" ;;
	cause:*) if [ "$table" = time_squeeze ]; then echo "'time'"; else echo "'a, \"b\"' || char(10) || 'c$3'"; fi ;;
	left_censored:* | right_censored:* | older:* | traced:* | simulated:* | quick:*) echo 1 ;;
	*:BLOB) if [ "$3" = 1 ]; then echo "x'00ff2c220a'"; else echo "x''"; fi ;;
	capture_uuid:*) echo "'u$3'" ;;
	label:*) if [ "$3" = 1 ]; then echo NULL; else echo "''"; fi ;;
	*:INTEGER) if [ "$3" = 1 ]; then echo 9223372036854775807; else echo "(-9223372036854775807 - 1)"; fi ;;
	*:REAL) if [ "$3" = 1 ]; then echo 0.1; else echo 1e300; fi ;;
	*) if [ "$3" = 1 ]; then echo "' Ä, \"quoted\"' || char(13) || char(10) || 'two lines '"; else echo "''"; fi ;;
	esac
}

tables=$(sqlite3 "$file" "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name")
for table in $tables; do
	for row in 1 2; do
		values=$(sqlite3 -separator ' ' "$file" "SELECT name, type FROM pragma_table_info('$table')" |
			while read -r column type; do printf '%s, ' "$(value "$column" "$type" $row)"; done)
		sqlite3 "$file" "PRAGMA foreign_keys = OFF; INSERT INTO $table VALUES (${values%, })" || echo "# $table: $values"
	done
done
tap_equal "every table has rows to carry" 2 "$(for table in $tables; do sqlite3 "$file" "SELECT count(*) FROM $table"; done | sort -u)"

# Back in an order that has references before what they refer to.
mkdir "$scratch/csv"
for table in $tables; do
	"$binary" export "$file" "$table" -o "$scratch/csv/$table.csv" || echo "# $table can't be exported"
done
"$binary" import "$back" "$scratch"/csv/*.csv
tap_equal "all tables are read back" 0 $?
for table in $tables; do
	tap_equal "$table is as it was, types and all" "0 0 2 " "$(sqlite3 "$file" "ATTACH '$back' AS back;
		SELECT count(*) FROM (SELECT * FROM main.$table EXCEPT SELECT * FROM back.$table);
		SELECT count(*) FROM (SELECT * FROM back.$table EXCEPT SELECT * FROM main.$table);
		SELECT count(*) FROM back.$table" | tr '\n' ' ')"
	"$binary" export "$back" "$table" | cmp -s - "$scratch/csv/$table.csv"
	tap_case $? "$table gives the same CSV again"
done
tap_equal "views and indexes are there" \
	"index|1 view|1 " \
	"$(sqlite3 "$back" "SELECT type, count(*) > 5 FROM sqlite_master WHERE type <> 'table' GROUP BY type" | tr '\n' ' ')"
for view in $(sqlite3 "$file" "SELECT name FROM sqlite_master WHERE type = 'view'"); do
	[ "$("$binary" export "$back" "$view" | head -n 1)" = "$(sqlite3 "$file" \
		"SELECT group_concat(name, ',') FROM pragma_table_info('$view')")" ]
	tap_case $? "view $view is exported with its columns"
done
tap_equal "--list names them all" "$(sqlite3 "$file" "SELECT count(*) FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite%'")" \
	"$("$binary" export "$file" --list | wc -l)"

"$binary" export "$file" nothing >"$scratch/out" 2>"$scratch/err"
tap_equal "an unknown name is status 1, one line" 1/1/1 "$?/$(wc -l <"$scratch/err")/$(grep -c "'nothing'" "$scratch/err")"
"$binary" export "$file" socket -o "$file" >/dev/null 2>"$scratch/err"
tap_equal "the file itself is not written over" 1/1 "$?/$(wc -l <"$scratch/err")"
"$binary" export "$file" capture -o /dev/full >/dev/null 2>"$scratch/err"
tap_equal "a full disk is status 1, one line" 1/1 "$?/$(wc -l <"$scratch/err")"

# broken WHAT WORDS CSV_FILE [TABLE]: one line with these words, the file as it was.
broken()
{
	before=$(sha256sum <"$back")
	"$binary" import "$back" "$3" --table "${4:-loss}" >"$scratch/out" 2>"$scratch/err"
	tap_equal "$1 is status 1, one line" 1/1 "$?/$(wc -l <"$scratch/err")"
	grep -qF -e "$2" "$scratch/err"
	tap_case $? "$1: it says '$2'"
	grep -qF -e "$2" "$scratch/err" || sed 's/^/# /' "$scratch/err"
	tap_equal "$1: the file is as it was" "$before/0" "$(sha256sum <"$back")/$(ls "$scratch" | grep -c importing)"
}

csv=$scratch/broken.csv
head='capture_id,cause,count'
printf '%s\n7,a,1\n7,b,12' "$head" >"$csv"
broken "a cut file" "row 3, column 3" "$csv"
printf '%s\n7,a,1\n7,"b' "$head" >"$csv"
broken "a file cut within quotes" "row 3, column 2" "$csv"
printf '%s\n7,a\n' "$head" >"$csv"
broken "a row that is too short" "row 2, column 3" "$csv"
printf '%s\n7,a,1,9\n' "$head" >"$csv"
broken "a row that is too long" "row 2, column 4" "$csv"
printf '%s\n7,a,9223372036854775808\n' "$head" >"$csv"
broken "a number out of range" "row 2, column 3 (count): the integer does not fit" "$csv"
printf '%s\n7,a,1.5\n' "$head" >"$csv"
broken "a number that is no integer" "row 2, column 3 (count)" "$csv"
# number WHAT WORDS TEXT: in a column of integers and in one of real numbers.
number()
{
	printf '%s\n7,a,"%s"\n' "$head" "$3" >"$csv"
	broken "$1 among integers" "row 2, column 3 (count): it is no integer" "$csv"
	printf 'socket_id,gauge,start_ns,end_ns,peak_bytes,peak_ns,mean_bytes,events\n1,rx_queue,1,2,3,4,"%s",5\n' "$3" >"$csv"
	broken "$1 among reals" "row 2, column 7 (mean_bytes): $2" "$csv" queue_summary
}
number "a number too large" "the number does not fit 64 bits" 1e999
number "a number too small" "the number does not fit 64 bits" -1e-999
number "no number" "it is no decimal number" nan
number "infinity" "it is no decimal number" -inf
number "a hexadecimal number" "it is no decimal number" 0x10
number "a tabulator before a number" "it is no decimal number" "$(printf '\t7')"
printf '%s\n7,"a"b,1\n' "$head" >"$csv"
broken "a quote where none may be" "row 2, column 2" "$csv"
printf '%s\n7,a\0b,1\n' "$head" >"$csv"
broken "an embedded NUL" "row 2, column 2 (cause): there is a NUL" "$csv"
printf 'capture_id,cause\n7,a\n' >"$csv"
broken "a header without a column" "row 1, column 3" "$csv"
printf 'capture_id,cause,cause\n7,a,1\n' >"$csv"
broken "a header that names a column twice" "row 1, column 3: this column is named twice" "$csv"
printf 'capture_id,cause,number\n7,a,1\n' >"$csv"
broken "a header with another column" "row 1, column 3" "$csv"
printf 'socket_id,first_ns,last_ns,events,block\n1,1,2,3,00f\n' >"$scratch/trace_block.csv"
broken "half a byte" "row 2, column 5 (block): it is no pairs of hexadecimal digits" "$scratch/trace_block.csv" trace_block
: >"$csv"
broken "an empty file" "it must begin with the column names" "$csv"
printf '%s\n7,,1\n' "$head" >"$csv"
broken "a NULL where none may be" "row 2: NOT NULL constraint failed: loss.cause" "$csv"
printf '%s\n1,x,1\n1,x,2\n' "$head" >"$csv"
broken "a key that is there twice" "row 3: UNIQUE constraint failed" "$csv"
printf '%s\n7,a,1\n' "$head" >"$csv"
broken "a reference to nothing" "refers to a row that table capture does not have" "$csv"
broken "a view" "a view can't be imported" "$csv" completeness
broken "a table that is not there" "there is no table 'nothing'" "$csv" nothing
printf 'capture_id,gauge,threshold\n1,blue,3\n' >"$csv"
broken "a value that a check forbids" "row 2: CHECK constraint failed" "$csv" capture_level
{
	printf '%s\n7,"' "$head"
	head -c 100000000 /dev/zero | tr '\0' x
	printf '",1\n'
} >"$csv"
broken "100 MB on one line" "row 2, column 2 (cause): the row is longer than 1 MiB" "$csv"
rm "$csv"
broken "a file that is not there" "can't be read" "$csv"

printf 'experiment_id,name,server,quick,seed,command_line,tool_version,start_utc_ns\n7,blog,s,0,1,c,v,5\n' | "$binary" import "$back" - --table experiment
tap_equal "a column that may be NULL, or has a default, may be missing" "0/blog|NULL" \
	"$?/$(sqlite3 "$back" "SELECT name, quote(end_utc_ns) FROM experiment WHERE experiment_id = 7")"
sqlite3 "$back" "DELETE FROM experiment WHERE experiment_id = 7"
printf '%s\n1,stdin,7\n' "$head" | "$binary" import "$back" - --table loss
tap_equal "standard input is read" 0/7 "$?/$(sqlite3 "$back" "SELECT count FROM loss WHERE cause = 'stdin'")"
printf 'cause,count,capture_id\n"other order",8,1\n' | "$binary" import "$back" - --table loss
tap_equal "columns may come in any order" 0/8 "$?/$(sqlite3 "$back" "SELECT count FROM loss WHERE cause = 'other order'")"
printf '%s\n9,a,1\n' "$head" | "$binary" import "$scratch/none.db" - --table loss 2>/dev/null
tap_equal "a refused import leaves no new file" 1/0 "$?/$(ls "$scratch" | grep -c none)"
echo "not ours" >"$scratch/text"
"$binary" import "$scratch/text" "$scratch/loss.csv" 2>"$scratch/err"
tap_equal "a file that is not ours is left alone" "1/1/not ours" "$?/$(wc -l <"$scratch/err")/$(cat "$scratch/text")"
for wrong in "" "$file" "$file a b --table loss" "$file -"; do
	"$binary" import $wrong >/dev/null 2>"$scratch/err"
	tap_equal "wrong usage: import $wrong" 2/1 "$?/$(wc -l <"$scratch/err")"
done
for wrong in "" "$file" "$file socket more" "$file --list more"; do
	"$binary" export $wrong >/dev/null 2>"$scratch/err"
	tap_equal "wrong usage: export $wrong" 2/1 "$?/$(wc -l <"$scratch/err")"
done
# A killed writer's file: its log holds rows that the file does not.
cp datasets/demo-small.db "$scratch/killed.db"
sqlite3 "$scratch/killed.db" "PRAGMA journal_mode = WAL" >/dev/null
mkfifo "$scratch/hold"
sqlite3 "$scratch/killed.db" <"$scratch/hold" >/dev/null 2>&1 &
killed=$!
exec 8>"$scratch/hold"
echo "PRAGMA wal_autocheckpoint = 0; INSERT INTO loss VALUES (1, 'in the log', 5);" >&8
turn=0
until [ -s "$scratch/killed.db-wal" ] || [ $turn -eq 100 ]; do
	sleep 0.1
	turn=$((turn + 1))
done
kill -9 $killed
exec 8>&-
wait $killed 2>/dev/null
printf 'capture_id,cause,count\n1,imported,7\n' >"$scratch/more.csv"
"$binary" import "$scratch/killed.db" "$scratch/more.csv" --table loss
tap_equal "into a killed writer's file: status 0, and no log is left" 0/0 "$?/$(ls "$scratch" | grep -c 'killed.db-')"
tap_equal "it is whole, with what was in the log, and what was imported" \
	"ok 12 " "$(sqlite3 "$scratch/killed.db" "PRAGMA integrity_check; SELECT sum(count) FROM loss WHERE cause IN ('in the log', 'imported')" | tr '\n' ' ')"

# The blog's two files.
cp datasets/demo-small.db "$scratch/blog.db"
"$binary" export "$scratch/blog.db" --blog >"$scratch/out" 2>&1
tap_equal "a capture without the blog's gauge has no such files: status 1, and what to do" "1/1/pollgap export: $scratch/blog.db does not have the blog's gauge: capture with --blog" \
	"$?/$(wc -l <"$scratch/out")/$(cat "$scratch/out")"
sqlite3 "$scratch/blog.db" "INSERT INTO blog_summary SELECT 1, start_ns, start_ns + 2000000000, 5504, 0, 40880, 20, 30, 12 FROM capture;
	INSERT INTO socket SELECT 999999, 1, 7, 8, 9, 6, '::1', 1, '::1', 2, NULL, NULL, 0, NULL, 0;
	INSERT INTO blog_summary SELECT 999999, start_ns, start_ns + 2000000000, 1, 1, 1, 1, 1, 1 FROM capture"
seconds=$(sqlite3 "$scratch/blog.db" "SELECT start_utc_ns / 1000000000 + 2 FROM capture")
clock=$(date -u -d "@$seconds" +%H:%M:%S)
"$binary" export "$scratch/blog.db" --blog
tap_equal "--blog writes the peak of each IPv4 socket beside FILE" "0/time,epoch_s,local,remote,bytes
$clock,$seconds,127.0.0.1:7001,127.0.0.1:37386,5504" "$?/$(cat "$scratch/blog-peak.csv")"
"$binary" export "$scratch/blog.db" --blog -o "$scratch/named"
tap_equal "and the total, by whatever name" "0/time,epoch_s,local,remote,bytes
$clock,$seconds,127.0.0.1:7001,127.0.0.1:37386,40880" "$?/$(cat "$scratch/named-total.csv")"

tap_done
