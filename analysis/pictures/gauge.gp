# SPDX-License-Identifier: BSD-2-Clause
set logscale xy
set xrange [10:*]
set yrange [10:*]
set format '10^{%L}'
set xlabel 'bytes queued when a packet came, mean of a second'
set ylabel "the post's gauge at the same instants, bytes"
plot data.'/gauge' using ($1 < 1 ? 1 : $1):($2 < 1 ? 1 : $2) with points pt 7 ps 0.6 lc rgb '#b00000' title 'a socket, a second', \
	x with lines lw 2 dt 2 lc rgb '#000000' title 'equal'
