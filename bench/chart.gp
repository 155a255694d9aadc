# SPDX-License-Identifier: ISC
#
# chart.gp: draws what bench/run has measured.
#
#   gnuplot -c chart.gp SPEEDS ROWS OUTPUT.svg MACHINE
#
# SPEEDS: label, GB/s, kind (0 another program, 1 zpipe, 2 the limit)
# ROWS:   label, ">=" or "<=", target, measured, how far beyond the target
# Both are separated by tabs. Bars lie on their sides, so that their labels
# can be read; the first line of a file is the top bar.

speeds = ARG1
rows = ARG2
machine = ARG4

set terminal svg size 900,820 font "Helvetica,Arial,sans-serif,14" \
    background rgb "#ffffff"
set output ARG3
set datafile separator "\t"
set encoding utf8

stats speeds using 2 nooutput
most = STATS_max
bars = STATS_records
stats rows using 5 nooutput
pairs = STATS_records

array colour[3] = [0x9aa5b1, 0x1f6fb5, 0xd5dbe1]
ours(far) = far >= 1 ? 0x2e8b57 : 0xd9822b
sign(op) = op eq ">=" ? "≥" : "≤"
# 1.25 and not 1.25000, 24.3 and not 24.3203; the unit stays
short(figure) = sprintf("%.3g", real(word(figure, 1))) . \
    (words(figure) > 1 ? " " . word(figure, 2) : "")

set tics nomirror scale 0.5 textcolor rgb "#333333"
set border 1 linecolor rgb "#999999"
set grid xtics linecolor rgb "#e4e8ec" linetype 1
set style fill solid noborder
unset key
set lmargin at screen 0.40
set rmargin at screen 0.95

set multiplot

set label 1 "{/=18 file to pipe, GB/s}" at screen 0.02, screen 0.965 left \
    textcolor rgb "#222222"
set label 2 machine at screen 0.98, screen 0.965 right textcolor rgb "#666666"
set tmargin at screen 0.935
set bmargin at screen 0.575
set yrange [bars - 0.4:-0.6]
set xrange [0:most * 1.12]
plot speeds using (0):0:(0):2:($0 - 0.36):($0 + 0.36): \
    (colour[int($3) + 1]):ytic(1) with boxxyerror linecolor rgb variable, \
    speeds using 2:0:(sprintf("%.1f", $2)) with labels left offset 0.5 \
    textcolor rgb "#333333"

unset label 2
set label 1 "{/=18 promised and measured}" at screen 0.02, screen 0.49 left
set label 3 "times better than promised (zpipe / yardstick)" \
    at screen 0.98, screen 0.49 right textcolor rgb "#666666"
set tmargin at screen 0.46
set bmargin at screen 0.05
set yrange [pairs - 0.4:-0.6]
set logscale x 2
set xrange [0.25:8]
set xtics ("¼" 0.25, "½" 0.5, "as promised" 1, "2" 2, "4" 4, "8" 8)
set ytics font ",12" scale 0
set arrow 1 from 1, graph 0 to 1, graph 1 nohead front \
    linecolor rgb "#666666"
clip(far) = far > 6 ? 6 : far < 0.26 ? 0.26 : far
plot rows using (1):0:(clip($5) < 1 ? clip($5) : 1): \
    (clip($5) < 1 ? 1 : clip($5)):($0 - 0.34):($0 + 0.34):(ours($5)): \
    ytic(1) with boxxyerror linecolor rgb variable, \
    rows using (clip($5) < 1 ? 1 : clip($5)):0: \
    (sprintf("%s (%s %s)", short(stringcolumn(4)), \
    sign(stringcolumn(2)), stringcolumn(3))) with labels left \
    offset 0.5 font ",12" textcolor rgb "#333333"

unset multiplot
