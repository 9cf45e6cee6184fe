# SPDX-License-Identifier: BSD-2-Clause
set termoption noenhanced
set multiplot layout 1,2
unset key
set grid xtics ytics lc rgb '#dddddd'
set yrange [11.6:0.4]
set arrow from 1, graph 0 to 1, graph 1 nohead lc rgb '#888888' dt 2
set lmargin screen 0.28
set rmargin screen 0.60
set xtics 0.2
set xlabel 'throughput over that with nothing'
plot data.'/overhead' using 3:1:4:5:ytic(2) with xerrorbars pt 7 lw 2 lc rgb '#0050b0'
set lmargin screen 0.66
set rmargin screen 0.97
set ytics 1
set format y ''
set logscale x 2
set xtics auto
set xlabel 'p99 over that with nothing'
plot data.'/overhead' using 6:1:7:8 with xerrorbars pt 6 lw 2 lc rgb '#b00000'
unset multiplot
