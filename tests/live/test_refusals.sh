#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_refusals.sh BINARY SCRATCH: captures that cannot be, and disks that fill up: a status, one line, and no file that
# should not be there.
set -u
. tests/harness/tap.sh
binary=$1
scratch=$2

# refused WHAT WORDS ARG...: status 1, one line with these words, no file.
refused()
{
	what=$1
	words=$2
	shift 2
	rm -f "$scratch/new.db"
	"$binary" capture -o "$scratch/new.db" "$@" >/dev/null 2>"$scratch/err"
	tap_equal "$what is status 1" 1 $?
	tap_equal "$what: one line" 1 "$(wc -l <"$scratch/err")"
	grep -q "$words" "$scratch/err"
	tap_case $? "$what: the line says '$words'"
	tap_equal "$what: no file" 0 "$(ls "$scratch" | grep -c '^new.db')"
}

"$binary" check >/dev/null 2>&1 || tap_skip_all "$("$binary" check 2>&1 | tail -n 1)"
rm -rf "${scratch:?}"/*

refused "a namespace that is not there" "ip netns list" --netns no-such-namespace -d 1s
refused "a file that is no namespace" "can't be entered" --netns /proc/version -d 1s
refused "a process that is not there" "there is no such process" --pid 2147483647 -d 1s

# A user who is not root, with the binary where that user can run it.
open=$(mktemp -d)
chmod 777 "$open"
cp "$binary" "$open/pollgap"
if command -v setpriv >/dev/null; then
	(cd "$open" && setpriv --reuid 65534 --regid 65534 --clear-groups ./pollgap capture -o new.db -d 1s) \
		>/dev/null 2>"$scratch/err"
	tap_equal "another user than root is status 1" 1 $?
	tap_equal "another user: one line" 1 "$(wc -l <"$scratch/err")"
	grep -q "sudo" "$scratch/err"
	tap_case $? "another user: the line says what to do"
	tap_equal "another user: no file" 0 "$(ls "$open" | grep -c '^new.db')"
else
	tap_skip "another user than root" "setpriv (util-linux) is missing"
fi
rm -r "$open"

# A disk that is full at once, and one that fills up.
mkdir -p "$scratch/disk"
if mount -t tmpfs -o size=64k none "$scratch/disk" 2>/dev/null; then
	"$binary" capture -o "$scratch/disk/new.db" -d 1s >/dev/null 2>"$scratch/err"
	tap_equal "a full disk is status 1" 1 $?
	tap_equal "a full disk: one line" 1/1 "$(grep -c "disk is full" "$scratch/err")/$(wc -l <"$scratch/err")"
	tap_equal "a full disk: no file" 0 "$(ls "$scratch/disk" | grep -c '^new.db')"
	mount -o remount,size=1m "$scratch/disk"
	# A port that nobody uses: the machine's other traffic could fill the disk before the first commit.
	"$binary" capture -o "$scratch/disk/new.db" -p 23020 -d 30s --poll proc:20ms --softnet 1ms >/dev/null 2>"$scratch/err"
	tap_equal "a disk that fills up is status 1" 1 $?
	tap_equal "a disk that fills up: one line" 1/1 "$(grep -c "disk is full" "$scratch/err")/$(wc -l <"$scratch/err")"
	cp "$scratch/disk/new.db"* "$scratch/"
	tap_equal "what was committed stays" \
		"ok 0 1 " \
		"$(sqlite3 "$scratch/new.db" 'PRAGMA integrity_check; SELECT ended FROM completeness; SELECT count(*) > 100 FROM softnet_sample' | tr '\n' ' ')"
	umount "$scratch/disk"
else
	tap_skip "a full disk" "a tmpfs can't be mounted here"
fi
tap_done
