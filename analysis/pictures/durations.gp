# SPDX-License-Identifier: BSD-2-Clause
set logscale x
set logscale y
set yrange [0.7:*]
set xrange [*<0.01:2000<*]
set xlabel 'duration, ms (poll periods are marked)'
set ylabel 'spikes of 16 KiB and more'
set style fill solid 0.3 border lc rgb '#000000'
set for [at in '1 10 100 1000'] arrow from at, graph 0 to at, graph 1 nohead front dt 2 lw 1.5 lc rgb '#b00000'
plot data.'/durations' using (sqrt($1*$2)):($3):($1):($2):(0.7):3 with boxxyerror fc rgb '#cccccc' title 'all', \
	data.'/durations' using (sqrt($1*$2)):($4):($1):($2):(0.7):($4 > 0 ? $4 : 0.7) with boxxyerror fs pattern 2 fc rgb '#000000' title 'seen by a 10 ms poller'
