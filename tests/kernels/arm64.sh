#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# arm64.sh BUILD CACHE: cross-compiles into BUILD-arm64 and makes of it, with Debian's arm64 packages, an initramfs at BUILD/kernels/arm64.root.
# Nothing of them is installed; the packages are kept in CACHE. Needs gcc-aarch64-linux-gnu and libc6-dev-arm64-cross. From the
# project's root. Debian 13's libbpf is newer than what this machine may have: so this is also where the newer one is built with.
set -euo pipefail
. tests/kernels/apt.sh
build=$1
mkdir -p "$2/arm64"
apt=$(cd "$2/arm64" && pwd)
root=$apt/root

# What the build needs, and what the tests do.
packages="busybox-static bash dash coreutils grep sed mawk findutils diffutils util-linux mount iproute2 procps sqlite3 redis-tools nginx-light wrk bpftool
	libc6-dev libbpf-dev libelf-dev libcsv-dev libsqlite3-dev libzstd-dev libcmocka-dev"

if [ "$(cat "$root/complete" 2>/dev/null)" != "$packages" ]; then
	rm -f "$apt"/archives/*.deb
	apt_begin "$apt" arm64 trixie
	# shellcheck disable=SC2086 # a list
	apt_quietly --download-only install $packages
	rm -rf "$root"
	mkdir -p "$root"/usr/{bin,sbin,lib} "$root"/{proc,sys,dev,tmp,run,etc,var/log/nginx,var/lib/nginx}
	for folder in bin sbin lib; do ln -s usr/$folder "$root/$folder"; done
	for package in "$apt"/archives/*.deb; do
		dpkg --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C "$root"
	done
	ln -sf dash "$root/usr/bin/sh"
	ln -sf mawk "$root/usr/bin/awk"
	rm -rf "$root"/usr/share/{doc,man,locale,info} "$root"/var/{cache,lib}/dpkg
	# A package's links to its libraries may begin at /, which is not where they are.
	find "$root" -type l -lname '/*' | while read -r link; do
		ln -sfn "$(realpath -ms --relative-to="$(dirname "$link")" "$root$(readlink "$link")")" "$link"
	done
	echo "$packages" >"$root/complete"
fi

unset APT_CONFIG
cmake --fresh -S . -B "$build-arm64" -DCMAKE_TOOLCHAIN_FILE="$PWD/cmake/Arm64.cmake" -DCMAKE_SYSROOT="$root" >"$apt/log" 2>&1 &&
	cmake --build "$build-arm64" --parallel "$(nproc)" >>"$apt/log" 2>&1 || { tail -n 30 "$apt/log" >&2; exit 1; }

# A copy without what only the build needs.
image=$(mktemp -d)
trap 'rm -rf "$image"' EXIT
cp -a "$root/." "$image"
rm -rf "$image/usr/include" "$image"/usr/lib/aarch64-linux-gnu/*.a "$image"/usr/lib/aarch64-linux-gnu/perl* "$image/usr/share/perl"*
tests/kernels/tree.sh "$build-arm64" "$image"
(cd "$image" && find . | cpio -o -H newc 2>/dev/null) | gzip -1 >"$build/kernels/arm64.root"
