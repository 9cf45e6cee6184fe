# SPDX-License-Identifier: BSD-2-Clause
# The command line: what is wrong is refused in one line that quotes it, before anything is done.
. tests/harness/tap.sh

binary=$1
scratch=$2
file=$scratch/never-written.db
rm -f "$file"

# run ARGUMENT...: leaves $status, $stdout and $stderr
run()
{
	"$binary" "$@" >"$scratch/stdout" 2>"$scratch/stderr" </dev/null
	status=$?
	stderr=$(cat "$scratch/stderr")
}

# refused OFFENDER ARGUMENT...
refused()
{
	offender=$1
	shift
	run "$@"
	wrong=
	[ $status -eq 2 ] || wrong="$wrong; status $status"
	[ -s "$scratch/stdout" ] && wrong="$wrong; something on stdout"
	[ "$(wc -l <"$scratch/stderr")" -eq 1 ] || wrong="$wrong; not one line"
	case $stderr in
	*"$offender"*) ;;
	*) wrong="$wrong; it does not quote $offender" ;;
	esac
	case $stderr in
	"pollgap: "* | "pollgap $1: "*) ;;
	*) wrong="$wrong; it does not say who speaks" ;;
	esac
	[ -e "$file" ] && wrong="$wrong; a file was written"
	name=$(printf ' %s' "$@" | tr '\n' '?' | sed "s|$file|FILE|" | cut -c 1-100)
	[ -z "$wrong" ]
	tap_case $? "refused: pollgap$name" "${wrong#; }: $stderr"
}

# helped NEEDLE ARGUMENT...: the help goes to stdout and holds NEEDLE
helped()
{
	needle=$1
	shift
	run "$@"
	[ $status -eq 0 ] && [ ! -s "$scratch/stderr" ] && grep -q -e "$needle" "$scratch/stdout"
	tap_case $? "helped: pollgap $*" "status $status: $stderr"
}

while IFS= read -r line; do
	case $line in
	'#'*) continue ;;
	esac
	offender=${line%% | *}
	set -f
	# Split at blanks, on purpose.
	set -- ${line#* | }
	set +f
	for argument; do
		shift
		[ "$argument" = FILE ] && argument=$file
		set -- "$@" "$argument"
	done
	refused "$offender" "$@"
done <tests/cli/wrong_usage.txt

# What a table split at blanks can't hold.
refused "which command"
refused "''" ""
refused "''" capture -o ""
refused "''" capture -o "$file" -d ""
refused "' 1s'" capture -o "$file" -d " 1s"
refused "''" capture -o "$file" -p ""
refused "'80 81'" capture -o "$file" -p "80 81"
refused "''" capture -o "$file" --threshold ""
refused "''" capture -o "$file" --poll ""
refused "''" capture -o "$file" --label ""
refused "'one?two'" capture -o "$file" -d "one
two"
refused "'one?two'" "one
two"
refused "'one?two'" report one --format "one
two"
long=$(printf '%5000s' '' | tr ' ' 7)
refused "'$long'" capture -o "$file" -p "$long"
refused "'$long'" capture -o "$file" --threshold "$long"
refused "'proc:$long'" capture -o "$file" --poll "proc:$long"

helped 'capture  ' --help
helped '--json' check --help
helped '--min-spike' capture --help
helped '--warm-up' capture --help
helped '--threshold' capture -o "$file" --help
helped '--format' report --help
helped '^pollgap [0-9]*\.[0-9]*\.[0-9]*$' --version

# A help that can't be written is a failure: /dev/full takes nothing.
if [ -w /dev/full ]; then
	"$binary" capture --help >/dev/full 2>"$scratch/stderr"
	tap_equal "help into a full disk fails" 1 $?
else
	tap_skip "help into a full disk fails" "no /dev/full here"
fi

tap_done
