#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# The command line: what is refused and how, and what zpipe says about itself.

load ../lib/helpers
with=(words)	# refused

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	words 20000 >words
	bad=() tried=0
}

@test "a size that is not a size is refused with its option and its value" {
	for v in -1 0x10 1e3 99999999999999999999 "" " 4k" "4k " 4kk 4x k . \
	    1.5.2 +4k 4,5k 0.5.k nan inf "4 k" 1..5k 16E; do
		refused "--buffer-size" "--buffer-size=$v"
		refused "'$v'" "--buffer-size=$v"
		refused "--chunk-size" "--chunk-size=$v"
		refused "'$v'" "--chunk-size=$v"
		refused "--pipe-size" "--pipe-size=$v"
		refused "'$v'" "--pipe-size=$v"
		refused "'$v'" -B "$v"
	done
	all_right
}

@test "a size that is too small or too large is refused" {
	refused "--chunk-size" --chunk-size=0
	refused "--chunk-size" --chunk-size=4095
	refused "'4095'" --chunk-size=4095
	for option in buffer-size chunk-size pipe-size; do
		refused "--$option" --$option=16777216T
		refused "--$option" --$option=18446744073709551616
		refused "--$option" --$option=18446744073709551615
		refused "--$option" --$option=9999999999T
	done
	all_right
}

@test "sizes take decimals and the letters k, M, G and T" {
	for option in -B64k -B65536 -B0.5M -B1.5M -B8M -B0.01G -B16384k \
	    -B0.0625M --chunk-size=4k --chunk-size=4096 --chunk-size=0.5M \
	    --chunk-size=1M --pipe-size=0 --pipe-size=4k --pipe-size=64k \
	    --pipe-size=0.25M --pipe-size=4097 "-B 4M" "--buffer-size 4M" \
	    --buffer-size=0.001T; do
		tried=$((tried + 1))
		try 5 "zpipe $option words | check 20000"
		if [ "$status" -ne 0 ]; then
			note "$option: $(outcome)"
		fi
	done
	all_right
}

@test "an unknown option is refused with its name" {
	refused --no-such-option --no-such-option
	refused -j -j
	refused --no-such --no-such=4
	refused --enginn --enginn=ring
	refused --Engine --Engine=ring
	all_right
}

@test "an option without the value that it needs is refused" {
	for option in -B --buffer-size --chunk-size --pipe-size --engine \
	    --release -o --output --tee --append --exec --fd --lag \
	    --output-error; do
		tried=$((tried + 1))
		try 5 "zpipe words $option"
		[ "$status,$output" = 1, ] &&
		    [[ $stderr == zpipe:*"$option"* ]] &&
		    [ "$(wc -l <<<"$stderr")" -eq 1 ] ||
			note "$option: $(outcome)"
	done
	all_right
}

@test "an engine or a release method that does not exist is refused" {
	refused "--engine" --engine=foo
	refused "foo" --engine=foo
	refused "--engine" --engine=
	refused "--engine" --engine=Ring
	refused "--engine" --engine=rin
	refused "--engine" --engine=ringx
	refused "--release" --release=foo
	refused "foo" --release=foo
	refused "--release" --release=
	all_right
	# What would be right is said too.
	try 5 "zpipe --engine=foo words"
	one_line "ring.*splice"
	try 5 "zpipe --release=foo words"
	one_line "fence.*fresh"
}

@test "a release method is refused with an engine that has none" {
	for e in mmap splice range copy; do
		for r in fence fresh drain; do
			refused "--release" --engine=$e --release=$r
			refused "$e" --engine=$e --release=$r
			refused "--release" --release=$r --engine=$e
		done
	done
	all_right
}

@test "no-splice is refused with an engine that splices" {
	for e in splice range mmap; do
		refused "--engine=$e" -C --engine=$e
		refused "--engine=$e" --engine=$e --no-splice
	done
	all_right
	for e in auto ring copy; do
		try 5 "zpipe -C --engine=$e words | check 20000"
		ended 0
	done
}

@test "a forced engine that does not fit is refused before a byte is written" {
	try 5 'cat words | zpipe --engine=mmap | cat; exit "${PIPESTATUS[1]}"'
	ended 1
	one_line '^zpipe: --engine=mmap: stdin: '
	[ -z "$output" ]

	try 5 'cat words | zpipe --engine=range | cat; exit "${PIPESTATUS[1]}"'
	ended 1
	one_line '^zpipe: --engine=range: '
	[ -z "$output" ]

	try 5 'zpipe --engine=range words | cat; exit "${PIPESTATUS[0]}"'
	ended 1
	one_line '^zpipe: --engine=range: '
	[ -z "$output" ]

	try 5 'zpipe --engine=mmap words >out'
	ended 1
	one_line '^zpipe: --engine=mmap: '
	[ ! -s out ]
}

@test "a usage error wins even where nothing could be written or read" {
	try 5 'zpipe --engine=foo missing >/dev/full'
	ended 1
	one_line engine
	try 5 'zpipe --engine=foo >&- <&-'
	ended 1
	one_line engine
}

@test "help goes to stdout, names every option, and fits the terminal" {
	for o in --help -h; do
		try 5 "zpipe $o"
		ended 0
		quiet
		for option in --engine --release --no-splice --buffer-size \
		    --chunk-size --pipe-size --explain --probe --quiet --help \
		    --version -C -B -q -h -V; do
			[[ $output == *"$option"* ]] ||
				fail "no $option in the help" "$output"
		done
		if grep -E '.{81}' <<<"$output"; then
			fail "a line is longer than 80 columns"
		fi
	done
	[[ $output == *zpipe*OPTION*FILE* ]] || fail "no usage" "$output"
}

@test "version goes to stdout, one line of name and number" {
	for o in --version -V; do
		try 5 "zpipe $o"
		ended 0
		quiet
		[[ ${lines[0]} =~ ^zpipe\ [0-9v] ]] || fail "$(outcome)"
	done
}

@test "help, version and probe that cannot be written are failures" {
	for o in --help --version --probe; do
		try 10 "zpipe $o >/dev/full"
		[ "$status" -ne 0 ] || fail "$o: $(outcome)"
		one_line '^zpipe: stdout: '
	done
}

@test "probe says what the kernel and the limits allow" {
	try 10 "zpipe --probe"
	ended 0
	quiet
	for word in "$(uname -r)" pipe 'huge page' release fence; do
		[[ ${output,,} == *$word* ]] ||
			fail "no word about $word" "$output"
	done
	[[ $output == *"$(cat /proc/sys/fs/pipe-max-size)"* ]] ||
		fail "not how large a pipe may be" "$output"
}

@test "probe leaves the input alone" {
	try 10 'echo hello | { zpipe --probe >/dev/null; cat; }'
	ended 0
	[ "$output" = hello ] || fail "$(outcome)"
}

@test "explain says which engine each input got, and why" {
	echo small >small
	try 5 'zpipe --explain words small words | cat >/dev/null'
	ended 0
	form='^zpipe: (words|small): engine [a-z]+, release ([a-z]+|-): .+'
	mapfile -t chosen < <(grep engine <<<"$stderr")
	[ "${#chosen[@]}" -eq 3 ] || fail "$(outcome)"
	for line in "${chosen[@]}"; do
		[[ $line =~ $form ]] || fail "not of the form: $line"
	done
	[[ ${chosen[0]} == "zpipe: words: engine ring, release "* ]]
	[[ ${chosen[1]} == "zpipe: small: engine copy, release -: "* ]]
	[[ ${chosen[2]} == "zpipe: words: engine ring, release "* ]]
}

@test "explain shows the engine that the table promises" {
	say='sed -n "s/^zpipe: stdin: engine \([a-z]*\), release.*/\1/p" err'

	try 5 "zpipe --explain <words 2>err | cat >/dev/null; $say"
	[ "$output" = ring ] || fail "file to pipe: $(outcome)"
	try 5 "cat words | zpipe --explain 2>err | cat >/dev/null; $say"
	[ "$output" = splice ] || fail "pipe to pipe: $(outcome)"
	try 5 "zpipe --explain <words 2>err >out; $say"
	# range where the file system shares blocks, copy where it does not
	[[ $output == range || $output == copy ]] ||
		fail "file to file: $(outcome)"
	try 5 "cat words | zpipe --explain 2>err >out; $say"
	[ "$output" = splice ] || fail "pipe to file: $(outcome)"
	try 5 "cat words | zpipe --explain 2>err >/dev/null; $say"
	[ "$output" = splice ] || fail "pipe to null: $(outcome)"
	try 5 "zpipe --explain <words 2>err >/dev/null; $say"
	[ "$output" = splice ] || fail "file to null: $(outcome)"
	try 5 "trap '' PIPE; zpipe --explain </dev/zero 2>err |
	    head -c 1 >/dev/null; $say"
	[ "$output" = ring ] || fail "device to pipe: $(outcome)"
	try 5 "zpipe --explain -C <words 2>err | cat >/dev/null; $say"
	[[ $output =~ ^(ring|copy)$ ]] || fail "no-splice: $(outcome)"
	try 5 "cat words | zpipe --explain -C 2>err | cat >/dev/null; $say"
	[[ $output =~ ^(ring|copy)$ ]] || fail "no-splice: $(outcome)"
}

@test "explain is not lost when the reader leaves" {
	for o in "" --engine=ring --engine=copy --engine=splice; do
		for _ in 1 2 3 4 5; do
			try 5 "zpipe --explain $o /dev/zero |
			    head -c 1 >/dev/null; exit \${PIPESTATUS[0]}"
			ended 141
			one_line '^zpipe: /dev/zero: engine [a-z]+, release '
		done
	done
}

@test "explain shows a forced engine and release method" {
	for o in "ring --release=fence" "ring --release=fresh" \
	    "ring --release=drain" mmap splice copy; do
		try 5 "zpipe --explain --engine=$o words | check 20000"
		ended 0
		[[ $stderr == "zpipe: words: engine ${o%% *}, "* ]] ||
			fail "$o: $(outcome)"
		case $o in
		*--release=*)
			[[ ${stderr_lines[0]} == *"release ${o##*=}: "* ]] ||
				fail "$o: $(outcome)" ;;
		*)
			[[ ${stderr_lines[0]} == *"release -: "* ]] ||
				fail "$o: $(outcome)" ;;
		esac
	done
}

@test "options and files may be mixed, and -- ends the options" {
	echo one >-B
	try 5 'zpipe words --engine=copy -- -B | cmp - <(cat words ./-B)'
	ended 0
	try 5 'zpipe -- -B'
	ended 0
	[ "$output" = one ] || fail "$(outcome)"
}

# raw FILE: it has a byte that a terminal would act on.
raw()
{
	grep -qP '[\x00-\x09\x0b-\x1f\x7f\x9b]' "$1"
}

@test "no message has a control character of a name" {
	evil=$'\033[31mred\nzpipe: fake\302\233m\x7f'
	for script in 'zpipe "$1"' 'zpipe "$1/x"' 'zpipe -o "$1/x" words' \
	    'zpipe -s "$1" words' 'zpipe "--no$1" words' 'zpipe -d "=$1"' \
	    'zpipe -X --tee=/nodir/"$1" words' 'zpipe --size=@"$1" words' \
	    'zpipe -X --exec="exit 3 # $1" words' 'zpipe -U "$1/x" words' \
	    'zpipe -P "$1/x" words' 'zpipe -M in -- "./$1" <words' \
	    'zpipe -F "%{$1}" words' 'zpipe --engine="$1" words' \
	    'cp words "$1"; zpipe --explain "$1"' \
	    'cp words "$1"; zpipe "$1" >>"$1"' \
	    'zpipe --tee="$1" --tee="$1" words' \
	    'exec -a "$1" "$ZPIPE" nothing'; do
		for LC_ALL in C C.UTF-8; do
			tried=$((tried + 1))
			limited 5 "($script) 2>err >/dev/null" "$evil" &&
			    [[ $script != *explain* ]] &&
			    note "$script: status 0"
			if [ ! -s err ] || raw err || [ "$(wc -l <err)" -ne 1 ]
			then
				note "$script: $(od -c err | head -5)"
			fi
			rm -f "$evil"
		done
	done
	all_right

	try 5 'zpipe "$1"' $'a\033b'
	lines_are "zpipe: 'a'\$'\\033''b': No such file or directory"
	LC_ALL=C.UTF-8 try 5 'zpipe "$1"' $'\303\244 \033'
	lines_are "zpipe: '"$'\303\244'" '\$'\\033': No such file or directory"
}

# ---- what pv takes ----------------------------------------------------------

@test "no value that pv takes is an error" {
	for o in "-B 0" "-B 1" "-B 1024" "-B 1.5k" "-L 0" "-L 00" "-L 0.0" \
	    "-i 0" "-i 0.01" "-i 1000" "-i 99999999999999999999" \
	    "-w 0" "-w 1" "-w 5000" "-w 4294967296" "-H 0" "-H 5000" \
	    "-m 0" "-m 100000" "-m 99999999999999999999" \
	    "-A 0" "-A 257" "-A 5000" "-D 0" "-D 99999999999999999999" \
	    "-s 0" "-Z 0" "-Z 1" "-E -Z 0" "-J 0" "-J 1" "-N ''" "-F ''" \
	    "-u nonsense" "-u ''" "-x nonsense" "-x ''" "-x ,window," \
	    "--sparse-output"; do
		one "zpipe $o words | cmp - words"
		one "cat words | zpipe $o | cmp - words"
		one "zpipe -f $o words 2>/dev/null | cmp - words"
	done
	all_right
}

@test "what is not a number is still one line with option and value" {
	for o in -B --chunk-size -J -L -s -Z -i -D -m -w -H -A; do
		for v in x -1 1e3 0x10 "" 1x " 1" 1. 1..2; do
			refused "'$v'" "$o" "$v"
		done
	done
	refused "at least 4k" --chunk-size=4095
	refused "less than 8E" -s 8E
	all_right
}

# shown PATTERN OPTION...: the last line of a display that is no terminal.
shown()
{
	local want=$1

	shift
	tried=$((tried + 1))
	try 10 'zpipe "$@" words 2>&1 >/dev/null | tail -n 1' "$@"
	[[ $output =~ ^$want$ ]] || note "$*: wanted '$want'" "$(outcome)"
}

@test "what is out of range is the nearest that is not" {
	local all='.{80}'

	shown '.{4096}' -f -w 5000
	shown "$all" -f -w 0
	shown '         :.*' -f -N ''
	shown '' -f -F ''
	shown '.*=+>.*100%.*' -f -s 0 -u nonsense
	shown 100 -n -s 0
	words 20000 | tail -c 256 | tr -c '[:print:]' . >last
	shown "$(sed 's/[].*[\\^$+?(){}|]/\\&/g' last)" -f -A 5000 -w 300
	all_right
}

@test "an interval of 0 draws ten times a second" {
	# it takes a second and a half; a busy machine may miss some of them
	try 10 'zpipe -nb -i 0 -L 100k words 2>&1 >/dev/null | wc -l'
	[ "$output" -ge 4 ] && [ "$output" -le 25 ] || fail "$(outcome)"
}

@test "-L 0 sets no limit, and lifts that of a running zpipe" {
	head -c 30000000 /dev/zero >z
	one 'zpipe -L 0 z | cmp - z'
	one 'zpipe -L 1k -L 0 z | cmp - z'
	one 'zpipe -L 1k z >out & z=$!; zpipe -R $z -L 0 && wait $z && cmp out z'
	all_right
}

@test "-Z is a wish to go on after errors, as in pv" {
	need strace
	eio="strace -o /dev/null -P $PWD/words -e trace=read -e \
	    inject=read:error=EIO:when=1..2"
	for o in "-Z 512" "-E -Z 512" "-E -Z 0"; do
		ends 16 "words: .*: $([[ $o = *512 ]] && echo 512 || echo 4096) bytes at 0 are NULs" \
		    "$eio zpipe --engine=copy $o words >out; st=\$?
		    cmp -s <(tail -c 20000 out) <(tail -c 20000 words) ||
		    exit 99; exit \$st"
	done
	ends 16 'words: Input/output error' \
	    "$eio zpipe --engine=copy -Z 0 words >out"
	all_right
}

# ---- abbreviations ----------------------------------------------------------

@test "a long option may be abbreviated to what no other begins with" {
	for o in --prog "--rate-l 1G" --rate-l=1G --buffer-s=64k --buffer-s=64K \
	    "--engin ring" --engin=ring "--eng copy" --numer --siz=1M \
	    --pipe=64k "--name --prog" "--progr --nam x" --spars; do
		one "zpipe -q $o words | cmp - words"
	done
	one 'zpipe -f --name=x --byt words 2>&1 >/dev/null | grep -q "x:"'
	one 'zpipe --vers | grep -c "^zpipe "'
	one 'zpipe --hel | grep -c -e --engine'
	# an exact name wins, and the last of several counts
	one 'zpipe -f --rate words 2>&1 >/dev/null | grep -q B/s'
	one 'zpipe --stop --size=5 --siz=7 words | [ $(wc -c) = 7 ]'
	one 'cp words ./--prog; zpipe -- --prog | cmp - words'
	one 'cp words ./--prog; POSIXLY_CORRECT=1 zpipe words --prog |
	    cmp - <(cat words words)'
	all_right
}

@test "an ambiguous abbreviation is refused, and the candidates are named" {
	for o in --r --r=5; do
		try 5 "zpipe $o words"
		ended 1
		lines_are "zpipe: --r: ambiguous: --rate, --rate-limit,\
 --release, --remote"
		[ -z "$output" ]
	done
	refused '--e: ambiguous: --engine, --error-skip-block, --eta' --e
	refused '--rat: ambiguous: --rate, --rate-limit' --rat
	refused '--buffer: ambiguous: --buffer-percent, --buffer-size' --buffer=4k
	refused '--w: ambiguous: --wait, --watchfd, --width' --w
	all_right
}

@test "an unknown option is told with the nearest that exists" {
	for o in --progrss:progress --porgress:progress --bufer-size=4k:buffer-size \
	    --buffer_size=4k:buffer-size --ratelimit:rate-limit \
	    --qiuet:quiet --intervall=1:interval --heigth=4:height; do
		name=${o%%:*}
		refused "unknown option ${name%%=*}: did you mean \
--${o#*:}?" "$name"
	done
	for o in -j -pj --xyzzy --nonsense --=5; do
		refused "unknown option $o: " $o
	done
	ends 1 '^zpipe: --engine: requires a value$' 'zpipe words --engine'
	ends 1 '^zpipe: --eng: requires a value$' 'zpipe words --eng'
	ends 1 '^zpipe: -pN: requires a value$' 'zpipe words -pN'
	refused '--progress: takes no value' --progress=5
	refused '--progress: takes no value' --prog=5
	all_right
}

# ---- sizes ------------------------------------------------------------------

@test "sizes have the units of dd, and -k is about plain letters only" {
	for pair in 1k:1024 1K:1024 1kB:1000 1KB:1000 1KiB:1024 1kiB:1024 \
	    0.1M:104857 0.1m:104857 0.1MB:100000 0.1MiB:104857 \
	    0.0001G:107374 0.0001g:107374 0.0001GB:100000 \
	    0.0000001T:109951 0.0000001TB:100000 0.0000001TiB:109951 \
	    0.0000000001P:112589 0.0000000001PB:100000 \
	    0.0000000000001E:115292 0.0000000000001EB:100000; do
		one "zpipe -S -s ${pair%:*} /dev/zero | [ \$(wc -c) = ${pair#*:} ]"
	done
	for pair in 1k:1000 1kB:1000 1KiB:1024 0.1M:100000 0.1MB:100000 \
	    0.1MiB:104857; do
		one "zpipe -k -S -s ${pair%:*} /dev/zero |
		    [ \$(wc -c) = ${pair#*:} ]"
		one "zpipe -S -s ${pair%:*} -k /dev/zero |
		    [ \$(wc -c) = ${pair#*:} ]"
	done
	for o in -B --chunk-size -J -L -s -Z; do
		one "zpipe $o 100kB words | cmp - words"
		one "zpipe $o 1MiB words | cmp - words"
		refused "'4b'" $o 4b
		refused "'4kb'" $o 4kb
		refused "'4ki'" $o 4ki
		refused "'4KIB'" $o 4KIB
		refused "'4p'" $o 4p
		refused "'16EiB'" $o 16EiB
	done
	all_right
}

@test "every decimal of a size counts, or it is refused" {
	head -c 1200000 /dev/zero >z
	for pair in 1.5k:1536 1.1k:1126 1.0009765625k:1025 \
	    1.00000095367431640625M:1048577 0.00000001T:10995 \
	    0.001000001G:1073742 1.50000000000000000k:1536; do
		one "zpipe -S -s ${pair%:*} z | [ \$(wc -c) = ${pair#*:} ]"
	done
	for o in -B --chunk-size -J -L -s -Z; do
		for v in 0.5 100000.5 0.0001k 100.0001k 1000.23456789k \
		    1.0000001M; do
			refused "'$v' is not a whole number" $o $v
		done
	done
	for v in 0.0000001 2.1234567; do
		refused "'$v' is too precise" -D $v
	done
	refused "'0.1000001'" -i 0.1000001
	one 'zpipe -i 0.500000000 -D 0.000001 words | cmp - words'
	all_right
}

# ---- the size of several inputs ---------------------------------------------

@test "what cannot be read does not cost the percentage of the rest" {
	mkdir dir
	mkfifo fifo
	nobody=$(as_nobody)
	echo secret >secret
	chmod 0 secret
	chmod 755 "$BATS_TEST_TMPDIR"
	for more in missing dir missing/x secret "missing dir secret"; do
		for o in -n -nl; do
			name=${more%% *}
			for s in "$nobody zpipe $o words $more words" \
			    "$nobody zpipe $o $more words words" \
			    "$nobody zpipe $o words words $more"; do
				tried=$((tried + 1))
				try 8 "$s >out"
				[ "$status" -eq 2 ] &&
				    [ "$(grep -cx 100 <<<"$stderr")" = 1 ] &&
				    [[ $stderr == *"zpipe: $name: "* ]] &&
				    cmp -s out <(cat words words) ||
					note "$s: $(outcome)"
			done
		done
	done
	# it goes up all the way, and the time that is left is known
	one "zpipe -n -i 0.1 -L 200k words missing words 2>err >out
	    grep -v zpipe err >all; sort -cn all && [ \$(tail -n 1 all) = 100 ]"
	one "zpipe -f -i 0.1 -L 200k words missing words 2>err >out
	    tr '\r' '\n' <err | grep -q ETA"
	all_right
}

@test "a stream among them still means that the size is not known" {
	try 8 'zpipe -f -p words <(cat words) missing 2>err >out; tail -n 1 err'
	[[ $output != *%* ]] || fail "$(outcome)"
	try 8 'cat words | zpipe -f -p missing - words 2>err >out; tail -n 1 err'
	[[ $output != *%* ]] || fail "$(outcome)"
}

@test "-S without -s stops at the sum of what is there, and says the rest" {
	mkdir dir
	for s in "words missing" "missing words" "dir words missing"; do
		tried=$((tried + 1))
		try 8 "zpipe -S $s | cmp - words; exit \${PIPESTATUS[0]}"
		[ "$status" = 2 ] && [[ $stderr == *"zpipe: missing: No such"* ]] ||
			note "$s: $(outcome)"
		try 8 "zpipe -l -S $s | cmp - words; exit \${PIPESTATUS[0]}"
		[ "$status" = 2 ] && [[ $stderr == *"zpipe: missing: No such"* ]] ||
			note "-l $s: $(outcome)"
	done
	ends 2 'missing: No such file' 'zpipe -S missing'
	all_right
}

@test "stdin that is given twice counts once" {
	for o in -n -nl; do
		one "zpipe $o - words - <words 2>err >out &&
		    cmp out <(cat words words) && grep -qx 100 err"
	done
	all_right
}
