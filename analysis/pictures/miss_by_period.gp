# SPDX-License-Identifier: BSD-2-Clause
set logscale x
set xlabel 'poll period, ms'
set ylabel 'share of the spikes of rx\_queue that were missed'
set yrange [0:1]
plot data.'/replayed' using 1:3 with lines lw 2 lc rgb '#888888' title 'theory, 1 - min(1, d/T)', \
	data.'/replayed' using 1:2 with points pt 6 ps 1.2 lw 2 lc rgb '#000000' title 'replay', \
	data.'/polled' using 1:2:4:5 with yerrorbars pt 7 ps 0.8 lw 2 lc rgb '#b00000' title 'real pollers, 95 % interval'
