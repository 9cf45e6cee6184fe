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
commands="awk basename bash cat chmod chown cmp comm cp cut date dd diff dirname env expr false find grep head id ip kill ln ls mkdir mktemp mount mv nproc nsenter od
	printf ps pwd readlink rm rmdir sed seq setpriv sh sha256sum sleep sort sqlite3 stat sync sysctl tail tee test timeout touch tr true umount uname uniq unshare wc
	xargs bpftool redis-check-rdb redis-benchmark nginx wrk"

# add PATH: the file, under the same path, and the libraries that it names
add()
{
	[ ! -e "$root$1" ] || return 0
	mkdir -p "$root$(dirname "$1")"
	cp -L "$1" "$root$1"
	ldd "$1" 2>/dev/null | grep -oE '/[^ ]+' | while read -r library; do
		[ -e "$root$library" ] || { mkdir -p "$root$(dirname "$library")" && cp -L "$library" "$root$library"; }
	done
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
	add "$path"
	[ "${path%/*}" = /usr/bin ] || [ "${path%/*}" = /bin ] || ln -sf "$path" "$root/usr/bin/$command"
done
# Its own shell, for what this machine has no command of: mounting, and the end.
add "$(command -v busybox)"
echo "root:x:0:0:root:/root:/bin/sh" >"$root/etc/passwd"
echo "nogroup:x:65534:" >"$root/etc/group"
echo "nobody:x:65534:65534:nobody:/:/bin/false" >>"$root/etc/passwd"
echo "127.0.0.1 localhost" >"$root/etc/hosts"

mkdir -p "$root/pollgap/build/tests"
cp -r tests analysis "$root/pollgap"
rm -rf "$root/pollgap/analysis/figures" "$root/pollgap/tests/fuzz"
add "$(cd "$build" && pwd)/pollgap"
cp "$build/pollgap" "$root/pollgap/build/pollgap.real"
for program in "$build"/tests/live_*; do
	[ -x "$program" ] && [ -f "$program" ] || continue
	add "$(cd "$(dirname "$program")" && pwd)/${program##*/}"
	mv "$root$(cd "$(dirname "$program")" && pwd)/${program##*/}" "$root/pollgap/build/tests"
done
# So that each test meets the backend that it is run for, and no other.
cat >"$root/pollgap/build/pollgap" <<'EOF'
#!/bin/sh
if [ "$1" = capture ]; then
	shift
	exec "${0%/*}/pollgap.real" capture --backend "${POLLGAP_TEST_BACKEND:-auto}" "$@"
fi
exec "${0%/*}/pollgap.real" "$@"
EOF
chmod 755 "$root/pollgap/build/pollgap"
cp tests/kernels/init "$root/init"
chmod 755 "$root/init"
(cd "$root" && find . | cpio -o -H newc 2>/dev/null) | gzip -1 >"$image.new"
mv "$image.new" "$image"
