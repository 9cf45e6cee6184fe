# SPDX-License-Identifier: BSD-2-Clause
# The counting itself: what ctest prints, in; sums and reasons, out.
. tests/harness/tap.sh

scratch=$2

# count_is NAME EXPECTED_STATUS EXPECTED_OUTPUT, with the output of ctest on stdin
count_is()
{
	actual=$(awk -f tests/harness/count.awk)
	actual="status $?
$actual"
	tap_equal "$1" "status $2
$3" "$actual"
}

count_is "cases are counted, not programs" 0 "unit.two                             3 passed
unit.one                             1 passed
4 passed, 0 failed, 0 skipped" <<'EOT'
1: Test command: /build/two
1: 1..3
1: ok 1 - first
1: ok 2 - second
1: ok 3 - third
1/2 Test #1: unit.two .........................   Passed    0.01 sec
2: 1..1
2: ok 1 - only
2/2 Test #2: unit.one .........................   Passed    0.01 sec
ctest: 0
EOT

count_is "of a program that fails, all is shown but what passed" 1 "unit.two                             1 passed, 1 failed (Failed)
    1..2
    not ok 2 - second
    # 0x1 != 0x2
1 passed, 1 failed, 0 skipped" <<'EOT'
1: 1..2
1: ok 1 - first
1: not ok 2 - second
1: # 0x1 != 0x2
1/1 Test #1: unit.two .........................***Failed    0.01 sec
ctest: 8
EOT

count_is "a skipped case is counted as skipped, with its reason, as cmocka and as TAP write it" 0 "live.skips                           1 passed, 2 skipped
    skipped: walks_a_socket: needs root
    skipped: no IPv6 here
1 passed, 0 failed, 2 skipped" <<'EOT'
1: 1..3
1: ok 1 - first
1: # needs root
1: not ok 2 # SKIP walks_a_socket
1: ok 3 - third # SKIP no IPv6 here
1/1 Test #1: live.skips .......................   Passed    0.01 sec
ctest: 0
EOT

count_is "a program that cannot run here is one skipped case" 0 "live.all                             0 passed, 1 skipped
    skipped: needs root
0 passed, 0 failed, 1 skipped" <<'EOT'
1: 1..0 # SKIP needs root
1/1 Test #1: live.all .........................***Skipped   0.00 sec
ctest: 0
EOT

count_is "cases that a crash has kept from running count as failed" 1 "unit.crash                           1 passed, 4 failed (Exception: SegFault)
    1..5
1 passed, 4 failed, 0 skipped" <<'EOT'
1: 1..5
1: ok 1 - first
1/1 Test #1: unit.crash .......................***Exception: SegFault  0.00 sec
ctest: 8
EOT

count_is "a program that exits as if all were well before its plan is done has failed" 1 "unit.short                           1 passed, 2 failed (its output says so)
    1..3
1 passed, 2 failed, 0 skipped" <<'EOT'
1: 1..3
1: ok 1 - first
1/1 Test #1: unit.short .......................   Passed    0.00 sec
ctest: 0
EOT

count_is "a program that fails without a word is a failed case" 1 "unit.mute                            0 passed, 1 failed (Timeout)
0 passed, 1 failed, 0 skipped" <<'EOT'
1/1 Test #1: unit.mute ........................***Timeout 300.01 sec
ctest: 8
EOT

count_is "a program that was not built is a failed case" 1 "unit.absent                          0 passed, 1 failed (Not Run)
0 passed, 1 failed, 0 skipped" <<'EOT'
Could not find executable /build/absent
1/1 Test #1: unit.absent ......................***Not Run   0.00 sec
ctest: 8
EOT

count_is "two builds are one sum" 0 "== plain
unit.one                             1 passed
== sanitized
unit.one                             1 passed
2 passed, 0 failed, 0 skipped" <<'EOT'
== plain
1: 1..1
1: ok 1 - only
1/1 Test #1: unit.one .........................   Passed    0.01 sec
ctest: 0
== sanitized
1: 1..1
1: ok 1 - only
1/1 Test #1: unit.one .........................   Passed    0.01 sec
ctest: 0
EOT

count_is "a ctest that fails for a reason of its own is a failure" 1 "ctest ended with status 1
0 passed, 1 failed, 0 skipped" <<'EOT'
No test configuration file found!
ctest: 1
EOT

count_is "no ctest at all is a failure" 1 "the tests did not run to their end
0 passed, 1 failed, 0 skipped" </dev/null

# The whole way: a script of three cases under the helpers that every test script here uses.
cat >"$scratch/three.sh" <<'EOT'
. tests/harness/tap.sh
tap_case 0 first
tap_equal second 23 29
tap_skip third "no such thing here"
tap_done
EOT
tap_equal "a script's cases come out as TAP" "ok 1 - first
not ok 2 - second
# expected: 23
# but is: 29
ok 3 - third # SKIP no such thing here
1..3
1" "$(sh "$scratch/three.sh"; echo $?)"

tap_done
