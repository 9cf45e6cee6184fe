# SPDX-License-Identifier: BSD-2-Clause
# pollgap check: the text and the JSON tell the same, and the exit status is the verdict.
. tests/harness/tap.sh

binary=$1
scratch=$2

"$binary" check >"$scratch/check.txt" 2>"$scratch/stderr"
status=$?
"$binary" check --json >"$scratch/check.json" 2>>"$scratch/stderr"
json_status=$?

# query SQL, with each object of the JSON array as a row of "item"
query()
{
	sqlite3 -separator ' ' :memory: "WITH item AS (SELECT value ->> 'kind' AS kind, value ->> 'name' AS name,
		value ->> 'allowed' AS allowed, json_type(value, '$.allowed') AS allowed_type, value ->> 'reason' AS reason,
		value ->> 'cure' AS cure FROM json_each(readfile('$scratch/check.json'))) $1"
}

tap_equal "nothing on stderr" "" "$(cat "$scratch/stderr")"
tap_equal "the JSON is valid" 1 "$(sqlite3 :memory: "SELECT json_valid(readfile('$scratch/check.json'))")"
tap_equal "text and JSON end with the same status" $status $json_status
tap_equal "the status is the verdict" $((1 - status)) "$(query "SELECT allowed FROM item WHERE kind = 'verdict' AND name = 'capture'")"
tap_equal "every backend is named, in the order of trying" "tp_btf
fentry
kprobe" "$(query "SELECT name FROM item WHERE kind = 'backend'")"
tap_equal "the poller is named" proc "$(query "SELECT name FROM item WHERE kind = 'poller' AND name = 'proc'")"
tap_equal "allowed is true or false" 0 "$(query "SELECT count(*) FROM item WHERE allowed_type NOT IN ('true', 'false')")"
tap_equal "what is not allowed has a reason" 0 "$(query "SELECT count(*) FROM item WHERE NOT allowed AND reason = ''")"
tap_equal "a capture is possible where any backend is" "$(query "SELECT max(allowed) FROM item WHERE kind = 'backend'")" \
	"$(query "SELECT allowed FROM item WHERE kind = 'verdict' AND name = 'capture'")"
tap_equal "the text names the same items" "$(query "SELECT kind, name, iif(allowed, 'yes', 'no') FROM item")" \
	"$(awk -F '  +' '/^[a-z]/ { print $1, $2, $3 }' "$scratch/check.txt")"

# Without privileges there is no capture; setpriv is part of every Debian.
if [ "$(id -u)" -ne 0 ]; then
	tap_skip "an ordinary user is told what to do" "needs root, to become an ordinary user"
elif ! command -v setpriv >/dev/null; then
	tap_skip "an ordinary user is told what to do" "needs setpriv"
else
	# Where that user gets at it: the project may lie in a home that is closed to others.
	open=$(mktemp -d)
	cp "$binary" "$open/pollgap"
	chmod 755 "$open" "$open/pollgap"
	said=$(cd / && setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --no-new-privs \
		"$open/pollgap" check 2>&1)
	tap_equal "an ordinary user gets status 1" 1 $?
	rm -rf "$open"
	[ -n "$(echo "$said" | grep -E '^verdict +capture +no')" ] && [ -n "$(echo "$said" | grep -i -E 'sudo|root|cap_')" ]
	tap_case $? "an ordinary user is told what to do" "$said"
fi

tap_done
