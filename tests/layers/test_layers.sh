# SPDX-License-Identifier: BSD-2-Clause
# Dependencies point one way. The check is tried on planted includes first: one that lets everything pass would be worthless.
. tests/harness/tap.sh

check()
{
	awk -f tests/layers/check.awk
}

# planted FILE INCLUDE EXPECTED: what the check says to one include; EXPECTED "" means that it is allowed.
planted()
{
	tap_equal "${3:-allowed}: $1 ${2#\#}" "$3" "$(echo "$1:$2" | check | sed 's/^[^:]*: //; s/: #.*//')"
}

planted src/base/units.c '#include "base/clock.h"' ""
planted src/base/units.c '#include "store/store.h"' "base must not know store"
planted src/base/units.c '#include "source/source.h"' "base must not know source"
planted src/store/store.c '#include <sqlite3.h>' ""
planted src/store/store.c '#include "source/source.h"' "store must not know source"
planted src/store/store.c '#include "capture/options.h"' "store must not know capture"
planted src/store/store.c '#include "bpf/record.h"' "store must not know bpf"
planted src/source/probe.c '#include "store/store.h"' "source must not know store"
planted src/source/probe.c '#include "bpf/record.h"' ""
planted src/source/probe.c '#include "pollgap.skel.h"' ""
planted src/source/probe.c '#include "source/backend.h"' ""
planted src/source/probe.c '#include "source/source.h"' ""
planted src/source/probe.c '#include "source/softnet.h"' "sources must not know each other"
planted src/source/softnet.c '#include "source/proc_tcp.h"' "sources must not know each other"
planted src/source/softnet.c '#include "source/backend.h"' "sources must not know each other"
planted src/source/softnet.c '#include "source/schedule.h"' ""
planted src/source/proc_tcp_parse.c '#include "source/proc_tcp.h"' ""
planted src/source/proc_tcp.c '#  include   "capture/session.h"' "source must not know capture"
planted src/capture/session.c '#include "source/probe.h"' ""
planted src/capture/session.c '#include "store/store.h"' ""
planted src/capture/session.c '#include "report/report.h"' "capture must not know report"
planted src/capture/session.c '#include "cmd/options.h"' "capture must not know cmd"
planted src/capture/session.c '#include <sqlite3.h>' "only the store knows SQLite"
planted src/report/text.c '#include "store/store.h"' ""
planted src/report/text.c '#include "capture/options.h"' "report must not know capture"
planted src/report/text.c '#include "source/source.h"' "report must not know source"
planted src/report/text.c '#include "text.h"' "write it from src/ or from the root"
planted src/report/text.c '#include "../store/store.h"' "write it from src/ or from the root"
planted src/load/client.c '#include "base/clock.h"' ""
planted src/load/client.c '#include "load/rate.h"' ""
planted src/load/client.c '#include "source/source.h"' "load must not know source"
planted src/load/client.c '#include "store/store.h"' "load must not know store"
planted src/load/client.c '#include "report/json.h"' "load must not know report"
planted src/load/client.c '#include "capture/session.h"' "load must not know capture"
planted src/report/text.c '#include "load/histogram.h"' "report must not know load"
planted src/trace/trace_block.c '#include <zstd.h>' ""
planted src/trace/trace_block.c '#include "base/cleanup.h"' ""
planted src/trace/trace_columns.c '#include "bpf/record.h"' ""
planted src/trace/trace_block.c '#include "store/store.h"' "trace must not know store"
planted src/trace/trace_block.c '#include "capture/batch.h"' "trace must not know capture"
planted src/store/store.c '#include "trace/trace_block.h"' "store must not know trace"
planted src/store/store.c '#include <zstd.h>' "only the trace knows zstd"
planted src/cmd/load.c '#include "load/client.h"' ""
planted src/cmd/main.c '#include "capture/session.h"' ""
planted src/cmd/main.c '#include "sqlite3.h"' "only the store knows SQLite"
planted src/other/x.c '#include "base/clock.h"' "not in a folder that the layers know"
planted src/base/units.c '#include HEADER' "not an include that can be followed"

# grep's own part is tried too: an include with blanks in odd places, in a header.
scratch=$2/planted
mkdir -p "$scratch/src/base"
printf ' #\tinclude "cmd/command.h"\n' >"$scratch/src/base/odd.h"
includes()
{
	(cd "$1" && find src -name '*.[ch]' -exec grep -HE '^[[:space:]]*#[[:space:]]*include' {} +)
}
tap_equal "an include in a planted tree is found" "base must not know cmd" \
	"$(includes "$scratch" | check | sed 's/^[^:]*: //; s/: .*//')"

found=$(includes . | wc -l)
[ "$found" -gt 100 ]
tap_case $? "the project's includes are found" "only $found of them"

complaints=$(includes . | check)
tap_case $? "the project's includes point one way" "$complaints"

# The kernel side shares headers with the program, and nothing else.
foreign=$(sed -nE 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"(.*)".*/\1/p' bpf/*.[ch] | sort -u | while read -r name; do
	[ -e "bpf/$name" ] && [ "$name" = "$(basename "$name")" ] || echo "$name"
done)
[ -z "$foreign" ]
tap_case $? "bpf/ includes its own headers alone" "$foreign"

tap_done
