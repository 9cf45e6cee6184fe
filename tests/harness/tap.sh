# SPDX-License-Identifier: BSD-2-Clause
# For test scripts, to be sourced: cases in TAP, one line each.

tap_cases=0
tap_failures=0

# tap_case STATUS NAME [DETAIL]: NAME passed if STATUS is 0; DETAIL, of any number of lines, is shown where it did not.
tap_case()
{
	tap_cases=$((tap_cases + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_cases - $2"
		return
	fi
	tap_failures=$((tap_failures + 1))
	echo "not ok $tap_cases - $2"
	printf '%s\n' "${3-}" | sed 's/^/# /'
}

# tap_equal NAME EXPECTED ACTUAL
tap_equal()
{
	tap_status=0
	[ "$2" = "$3" ] || tap_status=1
	tap_case $tap_status "$1" "expected: $2
but is: $3"
}

# tap_skip NAME REASON
tap_skip()
{
	tap_cases=$((tap_cases + 1))
	echo "ok $tap_cases - $1 # SKIP $2"
}

# tap_skip_all REASON
tap_skip_all()
{
	echo "1..0 # SKIP $1"
	exit 77
}

# The plan comes last; exits.
tap_done()
{
	echo "1..$tap_cases"
	[ "$tap_cases" -gt 0 ] && [ "$tap_failures" -eq 0 ]
	exit
}
