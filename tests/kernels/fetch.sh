#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# fetch.sh NAME CACHE: leaves the newest image of Debian's kernel NAME (5.10, 6.1, 6.12 or 7.3, or arm64: 6.12) at CACHE/vmlinuz-NAME, those of its modules that
# the tests need as an archive at CACHE/modules-NAME, and its package's name and version in CACHE/package-NAME. Nothing is installed: apt works on lists of its own. What is in the cache already is taken as it is.
set -eu
. "$(dirname "$0")/apt.sh"
name=$1
cache=$2
architecture=amd64

case $name in
5.10) suites="bullseye bullseye-security" ;;
6.1) suites="bookworm bookworm-security" ;;
6.12) suites="trixie trixie-security" ;;
7.3) suites="trixie-backports" ;;
arm64) suites="trixie trixie-security" architecture=arm64 ;;
*)
	echo "fetch: there is no kernel '$name' here: 5.10, 6.1, 6.12, 7.3 and arm64 are" >&2
	exit 2
	;;
esac
[ ! -s "$cache/vmlinuz-$name" ] || exit 0
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
# What an interrupted run may have left.
rm -rf "$cache/apt-$name" "$cache/vmlinuz-$name.new"
# shellcheck disable=SC2086 # a list
apt_begin "$cache/apt-$name" $architecture $suites

# depends PACKAGE PATTERN: the first of its dependencies that fits
depends()
{
	apt-cache show --no-all-versions "$1" | sed -n 's/^Depends: //p' | grep -oE "$2[^ ,]*" | head -n 1
}

package=$(depends linux-image-cloud-$architecture 'linux-image-[0-9]')
[ -n "$package" ] || { echo "fetch: the lists of Debian's $suites name no image that linux-image-cloud-$architecture needs" >&2; exit 1; }
case $name,$package in
arm64,linux-image-6.12.* | "$name,linux-image-$name."*) ;;
*)
	echo "fetch: Debian's $suites has $package, which is not $name" >&2
	exit 77
	;;
esac
# Newer packages of images hold none, but need others that do.
packages=$(for part in binary modules; do depends "$package" "linux-$part-[0-9]" || true; done)
for part in ${packages:-$package}; do
	(cd "$apt/archives" && apt_quietly download "$part")
	dpkg -x "$apt/archives/$part"_*.deb "$apt/package"
done
find "$apt/package" -name 'vmlinuz*' -type f | head -n 1 | while read -r image; do cp "$image" "$cache/vmlinuz-$name.new"; done
[ -s "$cache/vmlinuz-$name.new" ] || { echo "fetch: $package holds no image" >&2; exit 1; }
mkdir -p "$apt/root/modules"
for module in inet_diag tcp_diag veth sch_netem; do
	file=$(find "$apt/package" -name "$module.ko*" -type f | head -n 1)
	case $file in
	*.ko) cp "$file" "$apt/root/modules" ;;
	*.ko.xz) xz -dc "$file" >"$apt/root/modules/$module.ko" ;;
	*.ko.zst) zstd -qdc "$file" >"$apt/root/modules/$module.ko" ;;
	esac
done
(cd "$apt/root" && find . | cpio -o -H newc 2>/dev/null) >"$cache/modules-$name"
echo "$package $(apt-cache show --no-all-versions "$package" | sed -n 's/^Version: //p')" >"$cache/package-$name"
mv "$cache/vmlinuz-$name.new" "$cache/vmlinuz-$name"
rm -rf "$apt"
