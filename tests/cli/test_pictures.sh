#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_pictures.sh BINARY SCRATCH: each data set gives its pictures, without a word of gnuplot's.
. tests/harness/tap.sh

binary=$1
scratch=$2
export POLLGAP="$binary"
command -v gnuplot >/dev/null || tap_skip_all "gnuplot is not installed: Debian's package gnuplot-nox has it"
rm -rf "${scratch:?}"/*

# pictures DATASET NAME...
pictures()
{
	set_name=$1
	shift
	zstd -q -d "datasets/$set_name.db.zst" -o "$scratch/$set_name.db"
	analysis/pictures/draw "$scratch/$set_name.db" "$scratch/$set_name" >"$scratch/out" 2>"$scratch/err"
	tap_equal "$set_name: draws" 0/0 "$?/$(wc -c <"$scratch/err")"
	for name; do
		# A picture with nothing in it is smaller: axes alone come to 5 to 9 kB.
		[ "$(head -c 4 "$scratch/$set_name/$name.png" | tail -c 3)" = PNG ] && [ "$(stat -c %s "$scratch/$set_name/$name.png")" -gt 10000 ] &&
			tail -n 3 "$scratch/$set_name/$name.svg" | grep -q '</svg>'
		tap_case $? "$set_name: $name" "$(ls -l "$scratch/$set_name"; cat "$scratch/err")"
	done
	tap_equal "$set_name: and no other" $# "$(ls "$scratch/$set_name" | grep -c svg)"
}

for server in builtin redis nginx memcached postgresql cassandra; do
	pictures blog-$server peak_by_second durations cost gauge
done
for server in builtin redis nginx memcached postgresql; do
	pictures overhead-$server overhead
done
pictures hash-builtin hash
pictures intervals-builtin miss_by_period in_step
pictures trace-redis zoom
tap_done
