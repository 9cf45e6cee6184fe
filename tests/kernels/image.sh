#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# image.sh BUILD IMAGE: an initramfs that holds the binary and the test programs of BUILD, the live tests, real servers and what all of
# them need, from this machine. From the project's root.
set -eu
build=$1
image=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"

# Where Debian keeps what only root is thought to need.
PATH=$PATH:/usr/sbin:/sbin
commands="awk basename bash cat chmod chown cmp comm cp cut date dd diff dirname env expr false find grep head id ip kill ln ls mkdir mktemp mount mv nohup nproc nsenter od
	printf ps pwd readlink rm rmdir sed seq setpriv sh sha256sum sleep sort sqlite3 stat sync sysctl tail tee test timeout touch tr true umount uname uniq unshare wc
	xargs bpftool redis-check-rdb redis-benchmark nginx wrk"

# libraries_add PATH: those that the program names
libraries_add()
{
	ldd "$1" 2>/dev/null | grep -oE '/[^ ]+' | while read -r library; do
		[ -e "$root$library" ] || { mkdir -p "$root$(dirname "$library")" && cp -L "$library" "$root$library"; }
	done
}

# add PATH: the file, under the same path, and the libraries that it names
add()
{
	[ ! -e "$root$1" ] || return 0
	mkdir -p "$root$(dirname "$1")"
	cp -L "$1" "$root$1"
	libraries_add "$1"
}

mkdir -p "$root/usr/bin" "$root/usr/sbin" "$root/usr/lib" "$root/usr/lib64" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/run" "$root/etc" "$root/var/log/nginx" \
	"$root/var/lib/nginx"
for folder in bin sbin lib lib64; do ln -s usr/$folder "$root/$folder"; done
for command in $commands; do
	path=$(command -v "$command") || {
		echo "image: $command is not installed" >&2
		exit 1
	}
	# A shell has some of its own.
	[ "${path#/}" != "$path" ] || path=/usr/bin/$command
	# Where the guest looks, and mounts nothing.
	cp -L "$path" "$root/usr/bin/$command"
	libraries_add "$path"
done
# Its own shell, for what this machine has no command of: mounting, and the end.
add "$(command -v busybox)"
# Libraries of the programs, which tree.sh puts where they are run.
for program in "$build/pollgap" "$build"/tests/live_* "$build"/tests/bench_*; do
	if [ -x "$program" ] && [ -f "$program" ]; then libraries_add "$program"; fi
done
tests/kernels/tree.sh "$build" "$root"
(cd "$root" && find . | cpio -o -H newc 2>/dev/null) | gzip -1 >"$image.new"
mv "$image.new" "$image"
