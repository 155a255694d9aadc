#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# The command line: what is refused and how, and what zpipe says about itself.

load helpers

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	words 20000 >words
	bad=() tried=0
}

# refused PATTERN OPTION...: one line that has the pattern, status 1, and not a
# byte on stdout. From a file and into a pipe, unless the test says otherwise.
refused()
{
	local want=$1

	shift
	tried=$((tried + 1))
	try 5 'zpipe "$@" words | cat; exit "${PIPESTATUS[0]}"' "$@"
	case $status,$output,$stderr in
	1,,zpipe:\ *)
		if [ "$(wc -l <<<"$stderr")" -ne 1 ] ||
		    [[ $stderr != *$want* ]]; then
			note "$*: wanted one line with '$want': $stderr"
		fi ;;
	*)
		note "$*: $(outcome | tr '\n' ' ')" ;;
	esac
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
	refused "--buffer-size" --buffer-size=0
	refused "'1k'" --buffer-size=1k
	refused "--buffer-size" --buffer-size=65535
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
	refused --engin --engin=ring
	all_right
}

@test "an option without the value that it needs is refused" {
	for option in -B --buffer-size --chunk-size --pipe-size --engine \
	    --release; do
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
