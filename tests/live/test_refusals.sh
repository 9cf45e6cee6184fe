#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_refusals.sh BINARY SCRATCH: captures that cannot be, and disks that fill up: a status, one line, and no file that
# should not be there.
set -u
binary=$1
scratch=$2
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

# refused WHAT WORDS ARG...: status 1, one line with these words, no file.
refused()
{
	what=$1
	words=$2
	shift 2
	rm -f "$scratch/new.db"
	"$binary" capture -o "$scratch/new.db" "$@" >/dev/null 2>"$scratch/err"
	equals "$what is status 1" $? 1
	equals "$what: one line" "$(wc -l <"$scratch/err")" 1
	grep -q "$words" "$scratch/err"
	ok $? "$what: the line says '$words'"
	equals "$what: no file" "$(ls "$scratch" | grep -c '^new.db')" 0
}

"$binary" check >/dev/null 2>&1 || { echo "1..0 # SKIP $("$binary" check 2>&1 | tail -n 1)"; exit 77; }
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
	equals "another user than root is status 1" $? 1
	equals "another user: one line" "$(wc -l <"$scratch/err")" 1
	grep -q "sudo" "$scratch/err"
	ok $? "another user: the line says what to do"
	equals "another user: no file" "$(ls "$open" | grep -c '^new.db')" 0
else
	number=$((number + 1))
	echo "ok $number - another user than root # SKIP setpriv (util-linux) is missing"
fi
rm -r "$open"

# A disk that is full at once, and one that fills up.
mkdir -p "$scratch/disk"
if mount -t tmpfs -o size=64k none "$scratch/disk" 2>/dev/null; then
	"$binary" capture -o "$scratch/disk/new.db" -d 1s >/dev/null 2>"$scratch/err"
	equals "a full disk is status 1" $? 1
	equals "a full disk: one line" "$(grep -c "disk is full" "$scratch/err")/$(wc -l <"$scratch/err")" 1/1
	equals "a full disk: no file" "$(ls "$scratch/disk" | grep -c '^new.db')" 0
	mount -o remount,size=1m "$scratch/disk"
	"$binary" capture -o "$scratch/disk/new.db" -d 30s --poll proc:20ms --softnet 1ms >/dev/null 2>"$scratch/err"
	equals "a disk that fills up is status 1" $? 1
	equals "a disk that fills up: one line" "$(grep -c "disk is full" "$scratch/err")/$(wc -l <"$scratch/err")" 1/1
	cp "$scratch/disk/new.db"* "$scratch/"
	equals "what was committed stays" \
		"$(sqlite3 "$scratch/new.db" 'PRAGMA integrity_check; SELECT ended FROM completeness; SELECT count(*) > 100 FROM softnet_sample' | tr '\n' ' ')" \
		"ok 0 1 "
	umount "$scratch/disk"
else
	number=$((number + 1))
	echo "ok $number - a full disk # SKIP a tmpfs can't be mounted here"
fi
echo "1..$number"
