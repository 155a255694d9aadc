#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# What a person sees of a transfer, and what a script does: every option of the
# display, terminals, readers that stall, windows that change, jobs that stop.

load ../lib/helpers
loud=yes limit=20

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	seq -f %09.0f 16000 >data	# 160000 bytes, 16000 lines
	bad=() tried=0
	tmux=()
}

teardown()
{
	[ ${#tmux[@]} -eq 0 ] || "${tmux[@]}" kill-server 2>/dev/null || :
}

# ---- off a terminal ---------------------------------------------------------

# shows PATTERN OPTION...: the last line is like the pattern, all of it.
shows()
{
	local want=$1

	shift
	tried=$((tried + 1))
	# bats takes the blanks off both ends
	try 10 'zpipe -f "$@" data 2>err >/dev/null' "$@"
	line=$(tail -n 1 err)
	[ "$status" -eq 0 ] && [[ $line =~ ^$want$ ]] ||
		note "$*: wanted '$want': status $status, $(cat err)"
}

utf8()
{
	[ "$(LC_ALL=C.UTF-8 locale charmap 2>/dev/null)" = UTF-8 ] ||
		skip "there is no locale C.UTF-8"
}

# A number of four columns, and of a rate.
number='[ 0-9][ 0-9.]{2}[0-9]'
rate="${number}[ kKMGT]i?B/s"

@test "-p is a bar and a percentage" {
	shows '\[=+>] 100%' -p
	shows '\[=*> *]   1%' -p -s 10M
	shows '\[=+> *]  50%' --progress --size=320000
	shows '\[=+] 200%' -ps 80000
	all_right
}

@test "-t is the time" {
	shows '0:00:00' -t
	shows '0:00:00' --timer
	all_right
}

@test "-e is the time that is left, and nothing at the end" {
	shows ' {11}' -e -i 0.1 -s 100M -L 400k
	grep -Eq '^ETA 0:0[1-9]:[0-9][0-9]$' err || fail "no ETA" "$(cat err)"
	all_right
}

@test "-I is the time of day of the end, with a date if that is far" {
	try 10 'zpipe -fI -i 0.1 -s 100G -L 400k data >/dev/null'
	[[ $stderr =~ FIN\ 20[0-9-]{8}\ [0-9][0-9]:[0-5][0-9]:[0-5][0-9] ]] ||
		fail "no date" "$(outcome)"
	shows 'FIN [0-2][0-9]:[0-5][0-9]:[0-5][0-9]' --fineta
	# now, give or take a few seconds, also at midnight
	now=$(date +%s)
	then=$(date -d "${line#FIN }" +%s)
	[ -n "$then" ] || fail "no time" "$line"
	off=$(((now - then + 86400) % 86400))
	[ $off -lt 20 ] || fail "$line is off by $off s"
	all_right
}

@test "-r is the rate, and -a the average" {
	shows "\[$rate]" -r
	shows "\($rate\)" -a
	shows "\[$rate] \($rate\)" --average-rate --rate
	shows "\[ ?3?[0-9.]+KiB/s]" -rL 300k
	all_right
}

@test "-b is how much, -8 in bits, -k in thousands" {
	shows ' 156KiB' -b
	shows '1.22Mib' -b8
	shows ' 160kB' -bk
	shows '1.28Mb' --bytes --bits --si
	shows ' 156KiB' -bs 1M
	all_right
}

@test "-8 and -k change rates, and -k the sizes on the command line" {
	shows "1.22Mib \[${number}[KMGT]ib/s]" -r8
	shows '1.22Mib' -8
	shows "\[${number}[kMGT]B/s]" -rk
	shows '\[=+>] 100%' -pk -s 160k
	shows '\[=+> *]  97%' -ps 160k
	shows '\[=+>] 100%' -ps 160k -k
	all_right
}

@test "-T is how full the ring is; a template shows where there is none" {
	shows '\{  0%}' -T
	shows '\{-\|\|-}' -T --engine=splice
	shows '\{-\|\|-}' -F %T
	try 5 'cat data | zpipe -fF %T 2>err | cat >/dev/null'
	[ "$(tail -n 1 err)" = "{----}" ] || fail "no splice" "$(cat err)"
	truncate -s 20M big
	try 10 'zpipe -fT -i 0.1 --engine=copy big 2>err | {
	    for i in {1..400}; do
		grep -q "{ *[1-9][0-9]*%}" err && break; sleep 0.02; done
	    cat >/dev/null; }'
	grep -Eq '^\{ *[1-9][0-9]*%}$' err || fail "never full" "$(cat err)"
	all_right
}

@test "-A is the last bytes, dots for what cannot be seen" {
	shows '6000\.' -A 5
	shows '00016000\.' --last-written=9
	try 10 'printf "\033[31mx\377\tz" | zpipe -fA 12 >/dev/null'
	lines_are '....[31mx..z'
	all_right
}

@test "-F says what is shown" {
	shows '< 156KiB%0:00:00>' -F '<%b%%%t>'
	shows '> 156KiB 0:00:00 \[.*' --format='>%b %t %r' -w 20
	shows "x\[$rate]y\($rate\)z" -F 'x%ry%az'
	all_right
}

@test "-n is a percentage on each line, which never falls, and 100 at last" {
	try 10 'zpipe -n -i 0.1 -L 400k data >/dev/null'
	[[ $stderr =~ ^([0-9]+$'\n'){2,}100$ ]] || fail "lines" "$(outcome)"
	sort -nc <<<"$stderr" || fail "it falls" "$(outcome)"
	try 10 'zpipe -nbtr -i 0.1 -L 400k data >/dev/null'
	[[ $stderr =~ ^([0-9]+\.[0-9]{4}\ [0-9]+\ [0-9]+\.[0-9]{4}($'\n'|$)){3,} ]] ||
		fail "fields" "$(outcome)"
	[ "$(cut -d ' ' -f 2 <<<"$stderr" | tail -n 1)" = 160000 ] ||
		fail "count" "$(outcome)"
	cut -d ' ' -f 1 <<<"$stderr" | sort -gc || fail "time" "$(outcome)"
	shows 160000 -nb
	shows '0\.[0-9]{4} 100' -nt
	shows 1280000 -nb8
	all_right
}

@test "-q shows nothing, whatever else is asked for" {
	one '[ -z "$(zpipe -qf -ptebar data 2>&1 >/dev/null)" ]'
	one '[ -z "$(zpipe -n -q data 2>&1 >/dev/null)" ]'
	one '[ -z "$(zpipe --quiet -fv -i 0.1 -L 500k data 2>&1 >/dev/null)" ]'
	all_right
}

@test "-W starts the clock with the first byte" {
	try 10 '{ sleep 0.8; cat data; } | zpipe -Wnt -L 1M >/dev/null'
	[[ $stderr == 0.[0-5]* ]] || fail "too long" "$(outcome)"
	try 10 '{ sleep 0.8; cat data; } | zpipe -nt -L 1M >/dev/null'
	[[ ${stderr##*$'\n'} != 0.[0-7]* ]] || fail "too short" "$(outcome)"
	shows ' 156KiB' -Wb
}

@test "-D shows nothing for so long" {
	try 10 'zpipe -fb -D 5 -i 0.1 -L 500k data >/dev/null'
	quiet
	try 10 'zpipe -nt --delay-start=0.5 -i 0.1 -L 180k data >/dev/null'
	[[ ${stderr%%$'\n'*} != 0.[0-4]* ]] || fail "too early" "$(outcome)"
	[[ $stderr == *$'\n'* ]] || fail "nothing" "$(outcome)"
}

@test "-s is what is expected: a size, or that of a file" {
	truncate -s 640000 other
	shows '25' -n -s 640000
	shows '25' -n --size=@other
	shows '50' -n -l -s 32000
	all_right
}

@test "-s @DIR is all files below it, of several names only one" {
	mkdir -p dir/below
	head -c 200000 /dev/zero >dir/a
	ln dir/a dir/below/b
	ln -s ../data dir/c
	ln -s dir link
	cp data dir/below/.d
	for d in dir dir/ link ./dir/below/..; do
		shows '44' -n -s "@$d"
	done
	mkdir empty
	one 'zpipe -S -s @empty data | cmp - /dev/null'
	one 'zpipe -S -s @dir /dev/zero | [ $(wc -c) -eq 360000 ]'
	all_right
}

@test "-g makes the bar show the rate where the size is unknown" {
	try 10 'cat data | zpipe -fpg -i 0.1 -L 500k >/dev/null'
	[[ $stderr =~ \[=+\>\ *\]/\ ?[0-9.]+KiB/s ]] ||
		fail "no gauge" "$(outcome)"
	try 10 'cat data | zpipe -fp >/dev/null'
	[[ $stderr == *'<=>'* && $stderr != *%* ]] ||
		fail "a gauge" "$(outcome)"
	shows '\[=+>] 100%' -pg
}

@test "-l counts lines, and -0 those that end with a NUL" {
	shows '16\.0k' -bl
	shows '16000' -nb --line-mode
	shows '0' -nb0
	tr '\n' '\0' <data >nuls && mv nuls data
	shows '16000' -nb --null
	all_right
}

@test "-l and -0 know how many there are where all inputs are files" {
	printf 'a\nb' >odd
	shows '100' -nl
	shows '\[=+>] 100%' -lp
	shows '100' -nl odd odd
	printf 'x' >>data
	tr '\n' '\0' <data >nuls
	one '[ "$(zpipe -n0 nuls 2>&1 >/dev/null)" = 100 ]'
	one '[ "$({ read -r; zpipe -nl; } <data 2>&1 >/dev/null)" = 100 ]'
	one '[ "$({ read -r; zpipe -nl - odd; } <data 2>&1 >/dev/null)" = 100 ]'
	one 'zpipe -nl -i 0.1 -L 40000 data 2>&1 >/dev/null |
	    awk "{ n[NR] = \$1 } END { exit !(NR > 2 && n[1] > 5 &&
		n[1] < 80 && n[NR] == 100) }"'
	# where one of them is a stream or a device, nobody knows
	one '[[ $(cat data | zpipe -lfp odd - 2>&1 >/dev/null) != *%* ]]'
	one '[[ $(zpipe -lfp odd /dev/null 2>&1 >/dev/null) != *%* ]]'
	# but one that is missing has no lines
	one '[[ $(zpipe -lfp odd none 2>&1 >/dev/null) == *100%* ]]'
	all_right
}

# reads TIMES OPTION...: the file is opened so often.
reads()
{
	local n

	tried=$((tried + 1))
	strace -f -o calls -e trace=openat zpipe "${@:2}" data >copy \
	    2>err </dev/null
	n=$(grep -c '"data"' calls)
	[ "$n" -eq "$1" ] || note "${*:2}: $n times"
	cmp -s data copy || note "${*:2}: other bytes"
}

@test "lines are counted beforehand only if what is shown depends on it" {
	need strace
	timeout 10 strace -o calls zpipe -q </dev/null || skip "no strace here"
	reads 1 -l
	reads 1 -lS
	reads 1 -lp
	reads 1 -lfbtr
	reads 1 -lfp -s 10
	reads 1 -lfpq
	reads 1 -fp
	reads 2 -lfp
	reads 2 -lfe
	reads 2 -lf
	reads 2 -ln
	reads 2 -lfS
	reads 2 -lfF '%{bar-block}'
	all_right
}

@test "-S with -l and no -s does not cut a line without an end" {
	printf 'a\nb' >odd
	one 'zpipe -lS odd data odd | cmp - <(cat odd data odd)'
	one '[ "$(zpipe -nlS odd 2>&1 >copy)" = 100 ] && cmp copy odd'
	one '{ read -r; zpipe -lS; } <data | cmp - <(tail -n +2 data)'
	all_right
}

@test "a signal while lines are counted ends it, and leaves the output" {
	truncate -s 1T huge 2>/dev/null || skip "no file of a terabyte here"
	for o in -lf -lfp -ln "-l0fbe -U -" "-lfp --exec=cat" "-lfpP p"; do
		tried=$((tried + 1))
		echo old >out
		try 5 "signalled INT true zpipe $o -o out huge; r=\$?
		    [ \$(cat out) = old ] && [ ! -e p ] && exit \$r"
		[ "$status" -eq 130 ] && [ -n "$stderr" ] &&
		    [ "$(wc -l <<<"$stderr")" -eq 1 ] ||
			note "$o: $(outcome)"
	done
	try 10 'zpipe -lfp huge 2>err & p=$!; wait_until "catches $p TSTP"
	    kill -TSTP $p; wait_until "grep -q ^State:.T /proc/$p/status"
	    kill -USR1 $p; kill -CONT $p; wait_until "grep -q bytes err"
	    kill -TERM $p; wait $p 2>/dev/null; r=$?; cat err >&2
	    exit $r'
	ended 143
	[[ $stderr == *'0 bytes'* ]] || fail "not asked" "$(outcome)"
	all_right
}

@test "-i is the time between two updates" {
	try 10 'zpipe -nb -i 0.2 -L 160k data >/dev/null'
	n=$(wc -l <<<"$stderr")
	[ "$n" -ge 3 ] && [ "$n" -le 6 ] || fail "$n updates" "$(outcome)"
	try 10 'zpipe -nb -L 400k data >/dev/null'
	lines_are 160000
}

@test "-m is how far the average looks back" {
	try 10 '{ cat data; sleep 1.5; } >fed & wait; exec 3< <(cat data
	    sleep 1.5); tee >(zpipe -f -F %a -m 1 -i 0.1 2>short >/dev/null) \
	    <&3 | zpipe -f -F %a -m 30 -i 0.1 2>long >/dev/null; sleep 0.1'
	tail -n 2 short | head -n 1 | grep -q '^(0.00  B/s)$' ||
		fail "it looks too far back" "$(cat short)"
	! grep -q '^(0.00' long || fail "it forgets" "$(cat long)"
}

@test "-w is the width of the line, which is cut or filled" {
	for w in 20 40 79 200; do
		tried=$((tried + 1))
		try 5 "zpipe -f -w $w data 2>err >/dev/null"
		line=$(cat err)
		[ ${#line} -eq $w ] || note "-w $w: ${#line}"
	done
	try 5 "zpipe -f data 2>err >/dev/null"
	line=$(cat err)
	[ ${#line} -eq 80 ] || note "none: ${#line}"
	all_right
}

@test "-N is the name at the left" {
	shows '      foo:  156KiB' -bN foo
	shows 'a long name of mine:  156KiB' -b --name='a long name of mine'
	all_right
}

@test "-u is the look of the bar; in the C locale it is always plain" {
	utf8
	for style in plain block granular shaded; do
		tried=$((tried + 1))
		try 5 "zpipe -fp -w 30 -s 290k -u $style data >/dev/null"
		[ "$stderr" = '[===========>           ]  53%' ] ||
			note "C, $style: $stderr"
		try 5 "LC_ALL=C.UTF-8 \
		    zpipe -fp -w 30 -s 290k -u $style data >/dev/null"
		case $style in
		plain) want='[===========>           ]  53%' ;;
		block) want='[████████████           ]  53%' ;;
		granular) want='[████████████▍          ]  53%' ;;
		shaded) want='[████████████▒░░░░░░░░░░]  53%' ;;
		esac
		[ "$stderr" = "$want" ] || note "UTF-8, $style: $stderr"
	done
	all_right
}

@test "-v says at the end how the rate has varied" {
	f='[0-9]+\.[0-9]{3}'
	for unit in '' 8:b l:lines; do
		tried=$((tried + 1))
		try 5 "zpipe -fv${unit%:*} -i 0.1 -L 50k -s 9k -S data >/dev/null"
		[[ ${stderr##*$'\n'} =~ ^rate\ min/avg/max/mdev\ =\ $f/$f/$f/$f\ (B|b|lines)/s$ ]] ||
			{ note "$unit: $(outcome)"; continue; }
		[ -z "$unit" ] || [ "${BASH_REMATCH[1]}" = "${unit#*:}" ] ||
			note "$unit: ${BASH_REMATCH[1]}"
		tail -n 1 <<<"$stderr" | tr / ' ' |
		    awk '{ exit !($7 <= $8 && $8 <= $9) }' ||
			note "$unit: in no order: $stderr"
	done
	all_right
}

@test "-f is needed where there is no terminal, and no control character comes" {
	try 5 'zpipe -ptebarIT -v -c -i 0.1 -L 500k data >/dev/null'
	quiet
	try 5 'zpipe -cfx windowtitle -N "$(printf "n\033\007\177")" -i 0.1 \
	    -F "%N%{sgr:red,bold}%b%{sgr:reset}%p" -L 500k data >/dev/null'
	[ -n "$stderr" ] || fail "nothing" "$(outcome)"
	! LC_ALL=C grep -q '[[:cntrl:]]' <<<"$stderr" ||
		fail "control characters" "$(cat -v <<<"$stderr")"
}

@test "-x shows it in the process title" {
	try 30 'zpipe -fbN seen -x processtitle -i 0.1 -L 5k data >/dev/null \
	    2>err & p=$!
	wait_until "grep -qx zpipe /proc/$p/comm && grep -qa seen:.*iB \
	    /proc/$p/cmdline"
	tr "\0" " " </proc/$p/cmdline; kill $p; wait; cat err >&2'
	[[ $output == *seen:*iB* ]] || fail "no title" "$(outcome)"
	[[ $stderr != *zpipe:* ]] || fail "a complaint" "$(outcome)"
}

@test "-x with a format of its own leaves the line alone" {
	try 30 'zpipe -fb -x proc:"at %b of it" -i 0.1 -L 5k data >/dev/null \
	    2>err & p=$!
	wait_until "grep -qa at.*iB.of.it /proc/$p/cmdline && grep -q iB err"
	tr "\0" " " </proc/$p/cmdline; kill $p; wait; cat err >&2'
	[[ $output == *"at "*"iB of it"* ]] || fail "no title" "$(outcome)"
	[[ $stderr != *"of it"* && $stderr == *iB* ]] ||
		fail "another line" "$(outcome)"
}

@test "the line's length does not change while the figures do" {
	{
		head -c 900k /dev/zero; sleep 0.25
		head -c 98k /dev/zero; sleep 0.25
		head -c 3M /dev/zero; sleep 0.25
		head -c 5M /dev/zero; sleep 0.25
		head -c 40M /dev/zero; sleep 0.25
		head -c 3k /dev/zero; sleep 0.15
	} | tee >(zpipe -f -i 0.1 -btrae 2>a >/dev/null; : >ended) |
	    zpipe -f -i 0.1 -ptebarTN x -s 60M 2>b >/dev/null
	for ((i = 0; i < 100; i++)); do
		[ ! -e ended ] || break
		sleep 0.02
	done
	for f in a b; do
		[ "$(wc -l <$f)" -ge 8 ] || fail "few lines" "$(cat $f)"
		[ "$(awk '{ print length }' $f | sort -u | wc -l)" = 1 ] ||
			fail "lengths differ" "$(cat $f)"
	done
	[ "$(awk '{ print length }' b | sort -u)" = 80 ]
}

@test "what is shown is what the readers took" {
	truncate -s 500k half
	try 10 'zpipe -nb -i 0.1 -s 10M half 2>err | {
	    wait_until '\''[ "$(wc -l <err)" -ge 4 ]'\''
	    cp err before; cat >/dev/null; }'
	ended 0
	[ "$(sort -u before)" = 0 ] || fail "before it read" "$(cat before)"
	[ "$(tail -n 1 err)" = 512000 ] || fail "at the end" "$(cat err)"
}

@test "the line goes on while the input is idle, and while nobody reads" {
	mkfifo fifo in
	try 10 'zpipe -nb -i 0.1 <in 2>idle >/dev/null & exec 3>in
	    zpipe -nt -i 0.1 -o fifo data 2>alone &
	    for i in {1..500}; do
		[ "$(wc -l <idle)" -lt 3 ] || [ "$(wc -l <alone)" -lt 3 ] ||
		    break; sleep 0.02; done
	    cp idle idle.3; cp alone alone.3; exec 3>&-; cat fifo; wait'
	[ "$(sort -u idle.3)" = 0 ] || fail "idle" "$(cat idle.3)"
	[ "$(wc -l <alone.3)" -ge 3 ] || fail "no reader" "$(cat alone.3)"
	[ "$output" = "$(cat data)" ] || fail "other bytes"
}

@test "template: the engine, the outputs, the last bytes and the last line" {
	try 10 'zpipe -f -i 0.1 -F "%{engine}|%6A|%12L|%{outputs}" -L 400k \
	    -o a -o b --engine=copy data'
	[[ ${stderr##*$'\n'} =~ ^copy\ *\|16000\.\|000016000\ {3}\|a\ +0%\ +closed,\ b\ +0%\ +closed$ ]] ||
		fail "other fields" "$(outcome)"
	same a data && same b data
	shows '000016000 *' -F %L
	shows ' 156KiB' -F '%{transferred}'
	shows '100%' -F '%{progress-amount-only}'
	shows '=+>' -F '%{progress-bar-only}'
	shows '=+>x=+>' -w 21 -F '%{bar-plain}x%{progress-bar-only}'
	shows '' -F ''
	all_right
}

# Every other thing that wakes it up moves data, or comes once.
@test "waiting costs one wake-up for each line" {
	need strace
	timeout 10 strace -o calls zpipe -q </dev/null || skip "no strace here"
	printf x >x
	# four at a time; what else wakes them up moves data, or comes once
	CALLS=poll,ppoll,epoll_wait,select,pselect6,clock_nanosleep \
	    timeout 20 bash -c 'counted() { strace -f -o $1 -e trace=$CALLS \
		zpipe -fb -i 1 "${@:2}" 2>$1.err; }
	    sleep 3.2 | counted idle >idle.out &
	    sleep 3.2 | counted wait -W >wait.out &
	    counted reader x | sleep 3.2 &
	    counted readers -e "sleep 3.2" -o - x | sleep 3.2 &
	    wait' 3>&-
	for t in idle wait reader readers; do
		tried=$((tried + 1))
		# poll(..., 0) does not sleep
		n=$(grep '^[0-9]* *[a-z]' $t | grep -cv ', 0) *=')
		drawn=$(wc -l <$t.err)
		[ "$drawn" -ge 3 ] || [ $t = wait ] || note "$t: no lines"
		[ "$n" -le $((drawn + 5)) ] || note "$t: $n calls, $drawn lines"
	done
	all_right
}

@test "a reader of small pieces is not looked at after each of them" {
	need strace
	timeout 10 strace -o calls zpipe -q </dev/null || skip "no strace here"
	head -c 30000 data >some
	from=$SECONDS
	timeout 20 bash -c 'strace -o calls -e trace=ppoll zpipe -f -i 5 some \
	    2>/dev/null | for i in {1..150}; do head -c 200; sleep 0.01; done \
	    >taken' 3>&-
	same taken some
	# ten looks a second at most, where a busy machine makes it slower
	[ "$(grep -c ppoll calls)" -lt $((60 + 10 * (SECONDS - from - 2))) ] ||
		fail "looks" "$(cat calls)"
}

@test "it ends when the last byte has been taken, not a line later" {
	head -c 5000 data >some
	for o in "zpipe" "zpipe -e cat" "env --ignore-signal=IO zpipe" \
	    "env --block-signal=IO zpipe"; do
		tried=$((tried + 1))
		timeout 10 bash -c '{ '"$o"' -fp -i 30 some 2>/dev/null
		    echo ended >>log; } | { sleep 0.3; head -c 5000 >taken
		    sleep 1.5; echo left >>log; }' 3>&-
		[ "$(cat log)" = "$(printf 'ended\nleft')" ] ||
			note "'$o': $(cat log)"
		rm -f log
	done
	all_right
}

@test "a quick reader is not waited for any longer than it takes" {
	truncate -s 20M big
	timeout 60 bash -c 'took() {
		local b=${EPOCHREALTIME/./}
		zpipe $* big 2>/dev/null | cat >/dev/null
		us=$((${EPOCHREALTIME/./} - b))
	    }
	    for i in {1..10}; do
		took -q; q=$us; took -fp -i 30; echo $((us - q))
	    done >more' 3>&-
	# microseconds; of ten, the median
	median=$(sort -n more | sed -n 5p)
	[ "$median" -lt 50000 ] || fail "later by" "$(cat more)"
}

@test "no signal is asked for on a descriptor that others share" {
	head -c 500 data >some # too few to reopen the pipe for writing
	timeout 10 bash -c '{ zpipe -fp -i 30 some 2>/dev/null &
	    wait_until "asleep $!"; cat /proc/$BASHPID/fdinfo/1 >&4; : >looked
	    wait; } | { wait_until "[ -e looked ]"; cat >taken; }' \
	    4>info 3>&-
	same taken some
	# O_ASYNC
	grep -q ^flags: info && ! grep -Eq '^flags:.*[2367][0-7]{4}$' info ||
		fail "flags" "$(cat info)"
}

# The seconds that the last `times` says of the commands that were run.
spent()
{
	awk -F '[ms ]+' 'END { print $1 * 60 + $2 + $3 * 60 + $4 }' "$1"
}

@test "a reader of single bytes does not wake it up for each" {
	head -c 60000 data >some
	timeout 10 bash -c '{ zpipe -fp some 2>/dev/null; times >zpipe; } | {
	    sleep 0.3; dd bs=1 status=none >taken; times >reader; }' 3>&-
	timeout 10 bash -c '{ zpipe -fp some 2>/dev/null; times >once; } |
	    cat >all' 3>&-
	same taken some
	# woken for each, it takes as long as the reader does
	awk "BEGIN { exit !($(spent zpipe) - $(spent once) < \
	    $(spent reader) / 3) }" ||
		fail "$(cat zpipe)" "reader: $(cat reader)"
}

# ---- pv's place -------------------------------------------------------------

# tests/cli/fields.pv is what pv 1.12 shows.
@test "alias pv=zpipe: each option shows pv's fields, in pv's order" {
	"$BATS_TEST_DIRNAME/fields" "$ZPIPE" >fields
	[ "$(wc -l <fields)" -gt 120 ] || fail "too few" "$(cat fields)"
	diff "$BATS_TEST_DIRNAME/fields.pv" fields >&2 ||
		fail "pv (<) and zpipe (>) differ"
}

@test "-U that is ended in its first half tells of that one" {
	try 10 'timeout -s INT --preserve-status 0.7 zpipe -U - -L 50k data \
	    >/dev/null'
	[ "$status" -eq 130 ] && [[ $stderr =~ interrupt:\ [1-9][0-9]{3,} ]] ||
		fail "no bytes" "$(outcome)"
	try 10 'timeout -s INT --preserve-status 0.7 zpipe -fbU - -L 50k -i 0.1 \
	    data >/dev/null'
	[ "$status" -eq 130 ] && [[ ${stderr##*$'\n'} == *"(input): "*.*KiB ]] ||
		fail "no bytes" "$(outcome)"
}

@test "-U ends the line of its first half, and begins another" {
	try 10 'zpipe -fbU - -i 0.1 -L 500k data >/dev/null'
	[[ $stderr == *"(input):  156KiB"$'\n'*"156KiB" ]] ||
		fail "other lines" "$(outcome)"
	[ "$(grep -c '156KiB' <<<"$stderr")" -eq 2 ] ||
		fail "more ends" "$(outcome)"
}

# ---- what is refused --------------------------------------------------------

@test "a value that makes no sense is refused: one line, status 1, no byte" {
	for o in -A-1 -A1.5 -Ax -F% -F%z '-F%{' '-F%{x}' '-F%{sgr:plaid}' \
	    -D-1 -D0.0000001 -Dx -D -s1x -s-1 -s@nosuch -i-1 -i1e3 -ix -i \
	    -m-1 -mx -w-1 -w1.5 -wx -H-1 -H10k -Hx -N -u -x -xwindow:%q \
	    --bytes=1 --numeric=x -j --width --format; do
		tried=$((tried + 1))
		# the last of all has no value
		try 5 'zpipe data "$1" | cat; exit "${PIPESTATUS[0]}"' "$o"
		case $status,$output,$stderr in
		1,,zpipe:\ *)
			[ "$(wc -l <<<"$stderr")" -eq 1 ] ||
				note "$o: $(outcome)" ;;
		*)
			note "$o: $(outcome)" ;;
		esac
	done
	for o in -A -D -s -i -m -w -H; do
		one "zpipe $o '' data >out 2>err
		    [ \$? = 1 -a ! -s out -a \$(wc -l <err) = 1 ]"
	done
	all_right
}

# ---- a terminal, byte for byte ----------------------------------------------

# on_terminal SECONDS SCRIPT: as try, on a terminal of 80 columns. What comes
# to it is in the file shown, and control characters are like ^M in $seen.
on_terminal()
{
	need script stty
	printf 'stty rows 24 cols 80 -onlcr\n%s\n' "$2" >job
	try "$1" 'SHELL=/bin/bash script -qec "bash job" /dev/null >shown'
	seen=$(cat -v shown)
}

@test "a transfer of less than a second leaves the terminal as it is" {
	on_terminal 10 'zpipe -L 500k data </dev/null >/dev/null'
	ended 0
	[ ! -s shown ] || fail "something came" "$seen"
}

@test "from the first second on a terminal gets pv's default line" {
	on_terminal 10 'zpipe -L 120k data </dev/null >/dev/null'
	ended 0
	[[ $seen =~ ^\^M\ ?[0-9.]+KiB\ 0:00:01\ \[\ ?[0-9.]+KiB/s\]\ \[=+\>\ *\]\ +[0-9]+%\ ETA\ 0:00:00\^M\ 156KiB\ 0:00:01\ \[\ ?[0-9.]+KiB/s\]\ \[=+\>\]\ 100%\ {12}$ ]] ||
		fail "another line" "$seen"
	[ "$(tail -c 1 shown | od -An -c)" = '  \n' ] || fail "no newline"
}

@test "with an option the line is there at once, and a last one however short" {
	on_terminal 10 'zpipe -b data >/dev/null'
	[ "$seen" = '^M0.00  B^M 156KiB' ] || fail "another line" "$seen"
	[ "$(tail -c 1 shown | od -An -c)" = '  \n' ] || fail "no newline"
}

@test "colours come to a terminal, and end with the line" {
	on_terminal 10 'zpipe -F "%{sgr:red,bold}%b%{sgr:reset}" data >/dev/null'
	[[ $seen == '^M^[[31;1m0.00  B^[[0m'*'^M^[[31;1m 156KiB^[[0m'* ]] ||
		fail "other bytes" "$seen"
	on_terminal 10 'zpipe -F "%{sgr:green}%b" data >/dev/null'
	[ "$seen" = '^M^[[32m0.00  B^[[0m^M^[[32m 156KiB^[[0m' ] ||
		fail "other bytes" "$seen"
}

@test "-q leaves the terminal alone, and -W does as long as there is no byte" {
	on_terminal 10 'zpipe -q -L 140k data >/dev/null; sleep 0.5 | zpipe -Wb'
	[ ! -s shown ] || fail "something came" "$seen"
}

@test "a reader that leaves ends it, though the line waits for readers" {
	on_terminal 10 'head -c 1000 data >small; zpipe -p small | sleep 0.5
	    echo "${PIPESTATUS[0]} over"'
	[[ $seen == *"0 over" ]] || fail "it stays" "$(outcome)" "$seen"
	[[ $seen == *'  0%'* && $seen != *100%* ]] || fail "what was read" "$seen"
}

@test "a terminal that takes nothing does not stop the data" {
	on_terminal 20 'p=$PPID
	    until [ "$(cat /proc/$p/comm)" = script ]; do
		p=$(sed "s/.*) . \([0-9]*\) .*/\1/" /proc/$p/stat); done
	    kill -STOP $p
	    timeout 10 zpipe -w 4096 -p -i 0.1 -L 200k data >out; echo $? >rc
	    kill -CONT $p'
	[ "$(cat rc)" = 0 ] || fail "status" "$(cat rc)"
	same out data
}

@test "a message clears the line first, and has a line of its own" {
	on_terminal 10 'zpipe -b -L 500k data nosuch data >/dev/null; echo $?'
	[[ $seen =~ ^\^M0\.00\ \ B(\^M[^$'\n']*)?\^M\^\[\[Kzpipe:\ nosuch:\ No\ such\ file\ or\ directory$'\n'\^M[^$'\n']*312KiB$'\n'2$ ]] ||
		fail "mixed" "$seen"
}

# ---- a terminal that can be looked at ---------------------------------------

# window COLUMNS ROWS: a shell in a terminal of that size.
window()
{
	need tmux
	export TMUX_TMPDIR=$BATS_TEST_TMPDIR
	unset TMUX
	tmux=(env LC_ALL=C.UTF-8 tmux -u -L "zp$$" -f /dev/null)
	"${tmux[@]}" new-session -d -x "$1" -y "$2" \
	    "env PS1='ready> ' LC_ALL=C bash --norc --noprofile" 3>&- ||
		skip "tmux does not run here"
	await 10 '^ready>'
}

screen()
{
	"${tmux[@]}" capture-pane -p
}

# await SECONDS PATTERN: until a line of the screen is like that.
await()
{
	local end=$((SECONDS + $1 + 1))

	until screen | grep -Eq -- "$2"; do
		[ $SECONDS -lt $end ] || fail "no '$2' on:" "$(screen)" || return
		sleep 0.05
	done
}

# await_file SECONDS FILE
await_file()
{
	local end=$((SECONDS + $1 + 1))

	until [ -s "$2" ]; do
		[ $SECONDS -lt $end ] || fail "no $2:" "$(screen)" || return
		sleep 0.05
	done
}

# typed COMMAND: one that begins with clear finds nothing that was there before,
# so that nobody takes that for what it prints.
typed()
{
	case $1 in
	clear*) "${tmux[@]}" send-keys -R ;;
	esac
	"${tmux[@]}" send-keys -l "$1"
	"${tmux[@]}" send-keys Enter
}

keys()
{
	"${tmux[@]}" send-keys "$@"
}

@test "the bar follows the window, no line is wider, and -w wins" {
	window 80 24
	typed 'clear; zpipe -ptb -i 0.2 -L 10k data >/dev/null'
	await 5 '^.{78,80}%$'
	"${tmux[@]}" resize-window -x 50 -y 24
	await 5 '^.{48}[0-9]%$'
	"${tmux[@]}" resize-window -x 100 -y 24
	await 5 '^.{98}[0-9]%$'
	keys C-c
	await 5 '^ready> *$'
	typed 'clear; zpipe -ptb -w 40 -i 0.2 -L 10k data >/dev/null'
	await 5 '^.{38}[0-9]%$'
	"${tmux[@]}" resize-window -x 60 -y 24
	sleep 0.3
	await 5 '^.{38}[0-9]%$'
	keys C-c
}

@test "C-z gives the prompt, fg goes on, and the time between does not count" {
	window 80 24
	typed 'clear; stty -a >before; zpipe -tb -i 0.1 -L 40k data >/dev/null'
	await 5 'KiB 0:00:0[0-9]'
	keys C-z
	await 5 'Stopped'
	typed 'stty -a >stopped'
	await_file 5 stopped
	same before stopped
	screen | grep 'KiB 0:00:0' | tail -n 1 >stood
	sleep 2.2
	typed 'clear; fg; stty -a >after'
	await 5 'KiB 0:00:0[0-9]'
	was=$(sed 's/.*0:00:0\([0-9]\).*/\1/' stood)
	now=$(screen | sed -n 's/.*KiB 0:00:0\([0-9]\).*/\1/p' | tail -n 1)
	[ "$now" -le $((was + 1)) ] || fail "$was, then $now"
	await 10 ' 156KiB 0:00:0[3-5]'
	await_file 5 after
	same before after
}

@test "a job in the background draws nothing until it is in the foreground" {
	window 80 24
	typed 'clear; zpipe -bN job -i 0.1 -L 60k data >/dev/null & sleep 0.6
	    echo here'
	await 5 '^here'
	! screen | grep -q 'job: ' || fail "it draws" "$(screen)"
	typed 'fg'
	await 5 ' job:.*KiB'
	keys C-c
}

@test "C-c and TERM end it with a last line and a clean prompt" {
	window 80 24
	typed 'clear; stty -a >before; zpipe -bt -i 0.1 -L 9k data >/dev/null'
	await 5 'KiB 0:00:00'
	keys C-c
	await 5 '^ready> *$'
	typed 'echo status $?; stty -a >after'
	await 5 '^status 130'
	screen | grep -Eq 'KiB 0:00:0[0-9]' || fail "no line" "$(screen)"
	await_file 5 after
	same before after
	typed 'clear; zpipe -bP p -i 0.1 -L 9k data >/dev/null; echo status $?'
	await_file 5 p
	await 5 '^ *[0-9.]+KiB *$'
	kill -TERM "$(cat p)"
	await 5 '^status 143'
	screen | grep -Eq '^ *[0-9.]+KiB *$' || fail "no line" "$(screen)"
	rm -f p
	typed 'clear; zpipe -qbP p -L 9k data >/dev/null'
	await_file 5 p
	keys C-c
	# bash has dropped what came behind
	await 5 '^ready> *$'
	typed 'echo status $?'
	await 5 '^status 130'
	! screen | grep -Eq 'iB|interrupt' || fail "not quiet" "$(screen)"
}

titled()
{
	for ((i = 0; i < 50; i++)); do
		t=$("${tmux[@]}" display-message -p '#{pane_title}')
		# shellcheck disable=SC2053 # a pattern
		[[ $t != $1 ]] || return 0
		sleep 0.05
	done
	fail "the title is '$t'"
}

@test "-x shows it in the title of the window" {
	window 80 24
	typed 'zpipe -bN titled -x windowtitle data >/dev/null; echo over'
	await 5 '^over'
	titled '*titled:*KiB*'
	typed 'zpipe -b -x "window,proc:only %b" data >/dev/null; echo ended'
	await 5 '^ended'
	titled 'only *KiB'
	typed 'zpipe -lF %b -x "window:%{progress-amount-only} of it" data \
	    >/dev/null; echo counted'
	await 5 '^counted'
	titled '100% of it'
}

@test "-c: three on one terminal have a row each, and the prompt is below" {
	window 80 24
	typed 'clear; zpipe -cbN one -i 0.2 -L 99k data | zpipe -cbN two -i 0.2 |
	    zpipe -cbN three -i 0.2 >/dev/null; echo below'
	await 10 '^below'
	for n in one two three; do
		[ "$(screen | grep -Ec "^ *$n: +156KiB")" = 1 ] ||
			fail "$n" "$(screen)"
	done
	[ "$(screen | grep -n '^below' | cut -d : -f 1)" -gt \
	    "$(screen | grep -n 156KiB | tail -n 1 | cut -d : -f 1)" ] ||
		fail "the prompt is not below" "$(screen)"
	typed 'clear; zpipe -cbP p -N dead -i 0.1 -L 9k data >/dev/null'
	await_file 5 p
	await 5 'dead: '
	kill -KILL "$(cat p)"
	await 5 'Killed'
	typed 'clear; zpipe -cbN next data >/dev/null; echo below'
	await 5 '^below'
	[ "$(screen | grep -c 'next:  156KiB')" = 1 ] || fail "next" "$(screen)"
}

@test "-H is the height of a picture of several lines" {
	window 80 24
	cp data more
	typed 'sleep 30 3<data 4<more & echo $! >pid'
	await_file 5 pid
	typed 'clear; timeout --foreground 5 zpipe -d $(cat pid) -i 0.1'
	await 5 '^ *4:more: '
	screen | grep -Eq '^ *3:data: ' || fail "no two rows" "$(screen)"
	keys C-c
	typed 'clear; timeout --foreground 5 zpipe -d $(cat pid) -H 2 -i 0.1'
	await 5 '^ *[34]:[dm].*: '
	sleep 0.3 # some more updates
	[ "$(screen | grep -Ec '^ *[34]:')" -eq 1 ] ||
		fail "more rows" "$(screen)"
	keys C-c
	typed 'kill %%'
}

# ---- somebody else has the terminal -----------------------------------------

@test "nothing is drawn by default where stdin or stdout is a terminal" {
	on_terminal 10 'cat data | zpipe -L 120k'
	ended 0
	tr -d '\r' <shown | cmp - data >&2 || fail "stdout" "$(outcome)"
	on_terminal 10 'zpipe -L 120k data >out'
	ended 0
	[ ! -s shown ] || fail "stdin" "$seen"
	same out data
	# if it is asked for, it is
	on_terminal 10 'zpipe -b data >/dev/null'
	[[ $seen == *' 156KiB'* ]] || fail "stdin, -b" "$seen"
	head -c 100 data >few
	on_terminal 10 'zpipe -b few </dev/null'
	[[ $seen == *' 100  B'* ]] || fail "stdout, -b" "$seen"
}


title()
{
	tr -d '\0' </proc/"$(cat p)"/cmdline
}

# goes_on: some more drawings have been due; the title of the process tells.
goes_on()
{
	local was i n

	for n in 1 2 3; do
		was=$(title)
		for ((i = 0; i < 250; i++)); do
			[ "$(title)" = "$was" ] || break
			sleep 0.02
		done
		[ $i -lt 250 ] || fail "it stands still" "$was" || return
	done
}

# prompted MODE [OPTION]: beside a transfer, somebody sets the terminal to that
# mode and shows something, until there is a file go.
prompted()
{
	rm -f go p asks
	cat >job <<-'EOF'
	zpipe -bN bar -x proc:%b -P p -i 0.1 $2 -L 9k data >/dev/null &
	until [ -s p ] && grep -qa iB /proc/$(cat p)/cmdline; do sleep 0.02; done
	stty $1; printf 'Password: '; echo >asks
	until [ -e go ]; do sleep 0.05; done
	stty sane; [ "$1" = -echo ] || echo; wait
	EOF
	typed "clear; bash job '$1' $2"
	await_file 10 asks && await 10 'Password: *'
}

@test "nothing is drawn over a prompt or a pager, and it goes on below" {
	window 80 24
	for mode in -echo -icanon 'raw -echo'; do
		prompted "$mode"
		screen >before
		goes_on
		[ "$(screen)" = "$(cat before)" ] ||
			fail "$mode: drawn over" "$(screen)"
		: >go
		await 5 '^ +bar: +[0-9.]+KiB *$'
		screen | grep -q '^ *bar: .*Password: *$' ||
			fail "$mode: wiped" "$(screen)"
		# where the prompt has ended: no row is left empty
		[ "$(screen | sed -n '/Password/,/bar: [^P]*$/p' | wc -l)" = 2 ] ||
			fail "$mode: rows" "$(screen)"
		keys C-c
		await 5 '^ready> *$'
	done
}

@test "less has the terminal to itself" {
	need less
	window 80 24
	cat >job <<-'EOF'
	zpipe -bN bar -x proc:%b -P p -i 0.1 -L 9k data >/dev/null &
	until [ -s p ] && grep -qa iB /proc/$(cat p)/cmdline; do sleep 0.02; done
	LESS= less data; wait
	EOF
	typed 'clear; bash job'
	await 10 '^000000023$'
	screen >before
	goes_on
	[ "$(screen)" = "$(cat before)" ] || fail "drawn over" "$(screen)"
	keys q
	await 5 '^ +bar: +[0-9.]+KiB *$'
	keys C-c
}

@test "the last line is not drawn over a prompt, but messages are" {
	window 80 24
	cat >job <<-'EOF'
	stty -echo; printf 'Password: '
	zpipe -b9v -x window data >/dev/null; echo "$?" >end
	zpipe -b data nosuch >/dev/null; stty sane
	EOF
	typed 'clear; bash job'
	await 10 '^Password: zpipe: nosuch: No such file'
	[ "$(cat end)" = 0 ] || fail "status" "$(cat end)"
	! screen | grep -q iB || fail "drawn" "$(screen)"
}

@test "-f draws over a prompt" {
	window 80 24
	prompted -echo -f
	await 5 '^ +bar: +[0-9.]+KiB'
	screen >before
	goes_on
	[ "$(screen)" != "$(cat before)" ] || fail "not drawn" "$(screen)"
	: >go
	keys C-c
}

@test "-f draws from the background, and tostop does not stop it" {
	window 80 24
	for tostop in -tostop tostop; do
		typed "clear; stty $tostop; zpipe -fbvN job -i 0.1 -L 90k data \
		    nosuch data >/dev/null & wait \$!; echo \"$tostop: \$?\""
		await 15 "^$tostop: 2 *\$"
		screen | grep -q '^zpipe: nosuch: No such file' ||
			fail "$tostop: no message" "$(screen)"
		screen | grep -q 'job:  312KiB' ||
			fail "$tostop: no line" "$(screen)"
		screen | grep -q '^rate min' ||
			fail "$tostop: no rates" "$(screen)"
	done
	# a message is not lost for a display that is not drawn
	typed 'clear; zpipe -b nosuch data >/dev/null & wait $!; echo "gave $?"'
	await 5 '^gave 2 *$'
	screen | grep -q '^zpipe: nosuch: No such' || fail "lost" "$(screen)"
	! screen | grep -q '^ *156KiB' || fail "drawn" "$(screen)"
	# timeout(1) makes a group of its own
	typed 'clear; timeout 20 zpipe -fbN timed -i 0.1 data >/dev/null'
	await 5 'timed:  156KiB'
}

@test "-W counts from the first byte that a reader has taken" {
	head -c 5000 data >few
	for o in data few; do
		tried=$((tried + 1))
		try 15 'zpipe -Wnbt -i 0.1 '$o' 2>err | { sleep 1.2
		    cp err before; cat >/dev/null; }'
		[ ! -s before ] || note "$o: too early: $(cat before)"
		[[ $(tail -n 1 err) == 0.[0-4]*" $(wc -c <$o)" ]] ||
			note "$o: $(cat err)"
	done
	# a reader that comes late and then takes its time
	try 15 'zpipe -Wnbt -i 0.1 few 2>err | { sleep 1; head -c 1000
	    sleep 1; cat; } >/dev/null'
	[[ $(tail -n 1 err) == [01].[0-9]*" 5000" ]] || note "$(cat err)"
	[ "$(tail -n 1 err | cut -c 1-3)" != 0.0 ] || note "$(cat err)"
	# one that takes nothing is shown nothing
	try 10 'zpipe -Wfb few | sleep 0.3'
	[ -z "$stderr" ] || note "shown: $(outcome)"
	all_right
}

# ---- how the rate has varied ------------------------------------------------

# spread_of OPTION...: min, avg, max and mdev of the rates.
spread_of()
{
	zpipe -fv "$@" 2>&1 >/dev/null | sed -n 's,.*mdev = \(.*\) B/s,\1,p' |
		tr / ' '
}

@test "-v: what is shorter than an interval does not count as one" {
	truncate -s 8M big
	# about two intervals, and on a terminal a line at once
	spread_of -L 4M big >rates
	spread_of -L 4M big | cat >>rates
	on_terminal 10 'zpipe -v -L 4M big >/dev/null'
	sed -n 's,.*mdev = \(.*\) B/s.*,\1,p' shown | tr / ' ' >>rates
	awk '{ r = 4 * 1048576; good += $1 > r * .8 && $2 > r * .9 &&
	    $2 < r * 1.1 && $3 < r * 1.25 && $1 <= $2 && $2 <= $3 }
	    END { exit good != 3 }' rates || fail "not near 4M" "$(cat rates)"
	truncate -s 300k short
	spread_of -L 1M short >rates
	awk '{ exit !($1 == $2 && $2 == $3 && $4 == 0 && $1 > 5e5) }' rates ||
		fail "not one rate" "$(cat rates)"
}

@test "-v is a whole line on a narrow terminal, below what others show" {
	on_terminal 10 'stty cols 30; zpipe -bv data >/dev/null'
	[[ $seen =~ ' 156KiB'$'\n'\^Mrate\ min/avg/max/mdev\ =\ [0-9./]+\ B/s$ ]] ||
		fail "cut" "$seen"
	window 40 24
	typed 'clear; zpipe -cvbN one -L 150k -i 0.2 data | \
	    zpipe -cbN two -i 0.2 -L 60k >/dev/null; echo below'
	await 10 '^below'
	screen >shown
	[ "$(grep -Ec '^ *(one|two): +156KiB *$' shown)" = 2 ] ||
		fail "rows" "$(cat shown)"
	[ "$(grep -c : shown)" = 2 ] || fail "more rows" "$(cat shown)"
	tr -d '\n' <shown | grep -Eq 'mdev = [0-9./]+ B/s *below' ||
		fail "the rates" "$(cat shown)"
}

# ---- the progress in the terminal's tab -------------------------------------

@test "-9 and %{progress-conemu}: OSC 9;4 to a terminal, removed at the end" {
	end='\^\[\]9;4;0;0\^\[\\$'
	for o in -9 '-F "%{progress-conemu}%b"' '-b9 -c' '-x window:%{progress-conemu}'; do
		tried=$((tried + 1))
		on_terminal 10 "zpipe $o -i 0.1 -L 400k data >/dev/null"
		[[ $seen == *'^[]9;4;1;0^[\'*'^[]9;4;1;100^[\'* ]] &&
		    [[ $seen =~ \]9\;4\;1\;[1-9][0-9]?\^ ]] &&
		    [[ $seen =~ $end ]] || note "$o: $seen"
		tried=$((tried + 1))
		on_terminal 10 "cat data | zpipe $o >/dev/null"
		[[ $seen == *'^[]9;4;3;0^[\'* && $seen != *'9;4;1'* ]] &&
		    [[ $seen =~ $end ]] || note "$o: $seen"
	done
	# alone, it does not choose what the line has
	on_terminal 10 'zpipe -9 data >/dev/null'
	[[ $seen == *0:00:00*100%* ]] || note "other fields: $seen"
	all_right
}

@test "-9 leaves nothing behind when it is interrupted or stopped" {
	for sig in INT TERM HUP; do
		tried=$((tried + 1))
		on_terminal 10 "timeout --foreground -s $sig 0.5 \
		    zpipe -b9 -i 0.1 -L 50k data >/dev/null"
		[[ $seen == *'9;4;1;'*'^[]9;4;0;0^[\' ]] || note "$sig: $seen"
	done
	tried=$((tried + 1))
	on_terminal 10 'zpipe -b9 -i 0.1 -L 50k data | sleep 0.4'
	[[ $seen == *'9;4;1;'*'^[]9;4;0;0^[\' ]] || note "PIPE: $seen"
	tried=$((tried + 1))
	# the shell goes on when the job has stopped
	on_terminal 10 'set -m
	    { until [ -s p ] && grep -qa iB /proc/$(cat p)/cmdline; do
		sleep 0.02; done; kill -TSTP $(cat p); } &
	    zpipe -b9 -x proc -i 0.1 -L 50k -P p data >/dev/null
	    printf STOPPED; kill -KILL $(cat p)' 2>/dev/null
	[[ $seen == *'9;4;1;'*'^[]9;4;0;0^[\'*STOPPED* ]] || note "TSTP: $seen"
	all_right
}

@test "-9 reaches nothing but a terminal" {
	for o in -9 -f9 -n9 '-fF %{progress-conemu}|%b' -f9pterab; do
		tried=$((tried + 1))
		zpipe $o data >out 2>err
		same out data
		! grep -q $'\e' err || note "$o: $(cat -v err)"
		zpipe $o data 2>&1 >out | grep -q $'\e' && note "$o: a pipe"
	done
	on_terminal 10 'zpipe -n9 data >/dev/null; zpipe -q9 data >/dev/null'
	[[ $seen != *9\;4* ]] || note "-n or -q: $seen"
	all_right
}

# ---- what comes from outside ------------------------------------------------

# clean FILE: nothing in it controls a terminal but what zpipe means to.
clean()
{
	LC_ALL=C sed -e 's/\x1b\[[0-9;]*[ABJKm]//g' \
	    -e 's/\x1b\]2;[^\x1b\x07]*\x07//g' \
	    -e 's/\x1b\]9;4;[0-9;]*\x1b\\//g' "$1" |
		LC_ALL=C tr -d '\r\n' | LC_ALL=C grep -aqP \
		    "[\\x00-\\x1f\\x7f]|${2:-[\\x80-\\x9f]}" || return 0
	fail "$3:" "$(cat -v "$1")"
}

@test "no control character of a name, a line or a byte reaches the terminal" {
	# ESC and C1, as a byte and as a character; BEL, backspace, DEL, newline
	evil=$'e\e]0;evil\a\e[2J\x9b31m\xc2\x9b31m\xc2\x85\b\x7f\nx\xe2\x80\xae'
	printf '%s\n%s\n' "$evil" "$evil" >lines
	cp lines "$evil"
	for locale in C C.UTF-8; do
		[ $locale = C ] && c1='[\x80-\x9f]' || c1='\xc2[\x80-\x9f]'
		for o in '-bN "$evil"' '-F "%{outputs}" -o "$evil"' '-F "$evil%b"' \
		    '-A 90' '-F "%L|%20L|%90A"' '-N "$evil" -x window' \
		    '-b -x "window:$evil %L"' '-F "%{outputs}" --exec "cat >x; : \"$evil\""' \
		    '-cN "$evil"' '-bN "$evil" -w 9' '-fnF "%N%L%{outputs}" -N "$evil"'
		do
			printf '%s' "evil=$(printf %q "$evil")
			    LC_ALL=$locale zpipe $o lines >/dev/null" >cmd
			on_terminal 10 '. ./cmd'
			clean shown "$c1" "$locale $o"
			[ -s shown ] || fail "nothing: $o"
		done
		# the files and the name of another process
		printf '%s' "evil=$(printf %q "$evil")
		    sleep 20 3<\"\$evil\" & p=\$!
		    until [ -e /proc/\$p/fd/3 ]; do sleep 0.02; done
		    LC_ALL=$locale timeout --foreground 0.3 zpipe -d \$p -i 0.1
		    LC_ALL=$locale timeout --foreground 0.3 zpipe -d \$p:3 -N \"\$evil\"
		    kill \$p" >cmd
		on_terminal 10 '. ./cmd'
		clean shown "$c1" "$locale -d"
		[[ $seen == *3:* ]] || fail "no row" "$seen"
		# another zpipe's
		printf '%s' "evil=$(printf %q "$evil")
		    LC_ALL=$locale zpipe -qN \"\$evil\" -L 2 lines >/dev/null & p=\$!
		    sleep 0.3
		    LC_ALL=$locale timeout --foreground 0.3 zpipe -Q \$p -bA 20
		    kill \$p" >cmd
		on_terminal 10 '. ./cmd'
		clean shown "$c1" "$locale -Q"
		[[ $seen == *evil*:* ]] || fail "no name" "$seen"
	done
}

# ---- errors of its own writes -----------------------------------------------

@test "a write of the display that fails costs a drawing, and nothing else" {
	need strace
	timeout 10 strace -o calls zpipe -q </dev/null || skip "no strace here"
	for e in EINTR EAGAIN EIO ENOSPC EPIPE; do
		for when in 1 2 4 5 6 1+; do
			tried=$((tried + 1))
			: >err
			r=0
			timeout 10 strace -o calls -P "$PWD/err" -e trace=write \
			    -e inject=write:error=$e:when=$when zpipe -fbv \
			    -i 0.1 -L 500k -o out data 2>err || r=$?
			[ $r = 0 ] && cmp -s out data || note "$e $when: $r"
			[ $when = 1+ ] || { grep -q '^ 156KiB$' err &&
			    [[ $(tail -n 1 err) == 'rate min'* ]]; } ||
				note "$e $when: $(cat err)"
			rm -f out
		done
	done
	all_right
}

@test "another user's terminal that takes nothing does not stop the data" {
	nobody=$(as_nobody)
	[ -n "$nobody" ] || skip "this needs root"
	need setpriv
	chmod a+r data
	cp "$(command -v zpipe)" zp && chmod a+rx . zp
	$nobody ./zp data | cmp - data || skip "nobody cannot run it here"
	on_terminal 20 'p=$PPID
	    until [ "$(cat /proc/$p/comm)" = script ]; do
		p=$(sed "s/.*) . \([0-9]*\) .*/\1/" /proc/$p/stat); done
	    kill -STOP $p
	    timeout --foreground 10 '"$nobody"' ./zp -w 3001 -p -i 0.1 -L 55k \
		data >out; echo $? >rc
	    kill -CONT $p'
	[ "$(cat rc)" = 0 ] || fail "status" "$(cat rc)"
	same out data
}

@test "-9 with --query and --watchfd: of the one that is shown" {
	on_terminal 10 'zpipe -q -L 200k data >/dev/null & zpipe -9Q $! -i 0.1
	    wait'
	[[ $seen == *'^[]9;4;1;'* && $seen == *'^[]9;4;0;0^[\'* ]] ||
		fail "--query: $seen"
	on_terminal 10 'exec 7<data; dd bs=1000 count=1 status=none <&7 >f
	    sleep 0.5 & zpipe -9 -d $!:7 -i 0.1; wait'
	[[ $seen == *'^[]9;4;1;'* && $seen == *'^[]9;4;0;0^[\'* ]] ||
		fail "--watchfd: $seen"
}
