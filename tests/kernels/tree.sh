#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# tree.sh BUILD ROOT: puts the binary and the test programs of BUILD, the live tests and the first process into an initramfs's folder ROOT.
# From the project's root.
set -eu
build=$1
root=$2

echo "root:x:0:0:root:/root:/bin/sh" >"$root/etc/passwd"
echo "nobody:x:65534:65534:nobody:/:/bin/false" >>"$root/etc/passwd"
echo "nogroup:x:65534:" >"$root/etc/group"
echo "127.0.0.1 localhost" >"$root/etc/hosts"
mkdir -p "$root/pollgap/build/tests"
cp -r tests analysis "$root/pollgap"
rm -rf "$root/pollgap/analysis/figures" "$root/pollgap/tests/fuzz"
cp "$build/pollgap" "$root/pollgap/build/pollgap.real"
for program in "$build"/tests/live_* "$build"/tests/bench_attach "$build"/tests/bench_programs; do
	if [ -x "$program" ] && [ -f "$program" ]; then cp "$program" "$root/pollgap/build/tests"; fi
done
cp "$build/tests/empty_kinds.bpf.o" "$root/pollgap/build/tests"
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
