# SPDX-License-Identifier: BSD-2-Clause
# Points are moved a little apart to both sides of their period.
set logscale x
set xrange [0.5:200]
set yrange [0:1]
set xlabel 'poll period, ms'
set ylabel 'share of the bursts that were missed'
plot data.'/step_fixed' using ($1*0.8):2 with points pt 7 ps 1.1 lc rgb '#b00000' title 'fixed turns', \
	data.'/step_drawn' using 1:2 with points pt 6 ps 1.3 lw 2 lc rgb '#0050b0' title 'drawn turns', \
	data.'/step_drawn' using ($1*1.25):3 with points pt 2 ps 1.3 lw 2 lc rgb '#000000' title 'theory, 1 - min(1, d/T)'
