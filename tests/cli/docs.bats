#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# What is written about zpipe is true: the examples run, the options are all
# there, the map names every file, and the source keeps the rules of the house.

load ../lib/helpers

SRCDIR=${SRCDIR:-$BATS_TEST_DIRNAME/../..}
MAN=$SRCDIR/man/zpipe.1

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	bad=() tried=0
}

# What the examples work on, and stand-ins: a directory for each machine, a
# camera, and a viewer that looks up when all has been recorded.
furnish()
{
	local live=10

	words 400000 >disk.img
	for month in jan feb mar; do
		echo "a line of $month" >$month.log
	done
	mkdir -p src bin backup mirror
	words 100000 >src/words
	printf '#!/bin/sh\ncd "$1" && shift && exec sh -c "$*"\n' >bin/ssh
	printf '#!/bin/sh\nexec words %d\n' $((live * 400000)) >bin/curl
	printf '#!/bin/sh\nwhile [ "$(stat -c %%s live.ts)" -lt %d ]; do
		sleep 0.02; done\nexec cat >seen.ts\n' \
	    $((live * 400000 * 8)) >bin/ffplay
	mkfifo bin/idle
	printf '#!/bin/bash\nread -r -t 2 <>bin/idle 3<disk.img\nexit 0\n' >bin/cp
	chmod +x bin/*
	PATH=$PWD/bin:$PATH
}

# A cp that runs for two seconds, and is called so before this returns.
start_cp()
{
	bin/cp 3>&- &
	wait_until "[ \"\$(cat /proc/$!/comm)\" = cp ]"
}

# The stream was recorded to its end, and the viewer has missed some of it.
recorded()
{
	curl >all.ts
	same all.ts live.ts
	[ "$(stat -c %s seen.ts)" -lt "$(stat -c %s all.ts)" ] ||
		fail "the viewer has missed nothing"
	cat "$@" | grep -q '^zpipe: --exec=ffplay -: [0-9]* bytes dropped' ||
		fail "what was dropped is not said" "$(cat "$@")"
}

# What the examples of the display leave behind.
displayed()
{
	local file

	for file in shown.img numbers.img backup/slow.img night.img asked.img \
	    from-pv.img saved.img; do
		same disk.img $file
	done
	for file in silent.gz first.gz second.gz seen.gz two.gz; do
		same disk.img <(gzip -dc $file)
	done
	same src/words <(gzip -dc sized.gz | tar -xOf - src/words)
	same src/words <(tar -xOf backup/sized.tar src/words)
	same <(cat jan.log feb.log) two.log
	grep -q '/s\] \[=*>\] 100%' shown.log ||
		fail "no last line" "$(cat shown.log)"
	[ "$(tail -n 1 percent)" = 100 ] ||
		fail "no percentages" "$(cat percent)"
	cat man.*.err | grep -q '^0:00:00 .*B by [a-z]* *=*>$' ||
		fail "no line of one's own" "$(cat man.*.err)"
}

# man_examples: a file man.N for each display in the manual's DESCRIPTION and
# EXAMPLES
man_examples()
{
	awk '/^\.Sh/ { on = $2 == "DESCRIPTION" || $2 == "EXAMPLES" }
	    on && /^\.Bd -literal/ { n++; show = 1; next }
	    /^\.Ed/ { show = 0 }
	    on && show { print >("man." n) }' "$MAN"
	sed -i 's/^\$ //; s/\\-/-/g; s/\\e/\\/g' man.*
}

# readme_examples: a file readme.N for each block that is marked to be run
readme_examples()
{
	awk '/^<!-- run -->$/ { marked = 1; next }
	    /^```/ && show { show = marked = 0; next }
	    /^```sh$/ && marked { n++; show = 1; next }
	    show { print >("readme." n) }' "$SRCDIR/README.md"
}

# run_examples FILE...: each of them ends with status 0
run_examples()
{
	local file

	for file; do
		tried=$((tried + 1))
		! grep -q 'zpipe -d =cp' "$file" || start_cp
		timeout -k 1 30 bash -e -u -o pipefail "$file" \
		    >"$file.out" 2>"$file.err" </dev/null 3>&- ||
			note "$file: status $?: $(cat "$file" "$file.err")"
	done
	all_right
}

@test "every example in the manual runs" {
	furnish
	man_examples
	[ "$(grep -c '^\.Bd -literal' "$MAN")" -eq "$(find . -name 'man.*' |
	    wc -l)" ] || fail "there are displays outside these sections"
	run_examples man.*
	same disk.img backup/disk.img
	same disk.img mirror/disk.img
	same disk.img backup/both.img
	same disk.img mirror/both.img
	same both.sha256 <(sha256sum <disk.img)
	same disk.img <(gzip -dc disk.img.gz)
	same disk.img <(gzip -dc drain.gz)
	same disk.img copy.img
	same copy.sha256 <(sha256sum <disk.img)
	same feb.log <(echo "a line of feb")
	same disk.img kept.img
	same disk.img <(gzip -dc later.gz)
	same src.tar backup/src.tar
	same src/words <(tar -xOf src.tar src/words)
	recorded man.*.err
	same <(cat jan.log feb.log mar.log) quarter.log
	same src/words <(tar -xzOf src.tar.gz src/words)
	displayed
	cat man.*.err | grep -q '^zpipe: disk.img: engine ring' ||
		fail "--explain named no ring" "$(cat man.*.err)"
	grep -qE '^zpipe: 0 bytes .* s, .*/s, engine ' man.*.err ||
		fail "SIGUSR1 printed no counts" "$(cat man.*.err)"
	grep -q '^release ' man.*.out || fail "--probe named no release method"
}

@test "every marked example in the README runs" {
	furnish
	readme_examples
	[ "$(grep -c '^<!-- run -->$' "$SRCDIR/README.md")" -eq \
	    "$(find . -name 'readme.*' | wc -l)" ] ||
		fail "a mark without a block"
	run_examples readme.*
	same disk.img copy.img
	same copy.sha256 <(sha256sum <disk.img)
	same disk.img backup/disk.img
	same disk.img mirror/disk.img
	same <(cat jan.log feb.log mar.log) all.log
	same disk.img shown.img
	same disk.img slow.img
	same disk.img night.img
	same disk.img <(gzip -dc silent.gz)
	same <(cat jan.log feb.log) two.log
	[ "$(tail -n 1 percent)" = 100 ] || fail "$(cat percent)"
	recorded readme.*.err
}

@test "the picture in the README is a line of the display" {
	sed -n 's/^<text [^>]*>\(.*\)<\/text>$/\1/p' \
	    "$SRCDIR/man/progress.svg" | sed 's/&gt;/>/g' >shown
	tail -n 1 shown |
	    grep -qE '^ *[0-9.]+[KMG]iB [0-9:]+ \[.*/s\] \[=*> *\]' ||
		fail "$(cat shown)"
	grep -qF "    $(tail -n 1 shown)" "$SRCDIR/README.md" ||
		fail "the text in the README is another one" "$(cat shown)"
	"$SRCDIR/man/screenshot" <shown >again.svg
	same again.svg "$SRCDIR/man/progress.svg"
}

@test "the files that the README and CONTRIBUTING link to are there" {
	local file

	for file in $(grep -hoE '\]\([^):]+\)' "$SRCDIR/README.md" \
	    "$SRCDIR/CONTRIBUTING.md" | tr -d '])('); do
		tried=$((tried + 1))
		[ -e "$SRCDIR/$file" ] || note "$file"
	done
	all_right
}

@test "the manual has every option of --help, and no other" {
	"$ZPIPE" --help >help
	# An option's line begins with two spaces and a letter, or with six.
	sed -nE 's/^ {2}(-[A-Za-z0-9]), (--[a-z0-9-]+).*/\1 \2/p
	    s/^ {6}(--[a-z0-9-]+).*/\1/p' help | tr ' ' '\n' | sort >in.help
	awk '/^\.It Fl/ {
		for (i = 2; i <= NF; i++) {
			if ($i != "Fl")
				continue
			if ($(i + 1) == "Fl")
				print "--" $(i + 2)
			else if ($(i - 1) != "Fl")
				print "-" $(i + 1)
		}
	    }' "$MAN" | sort >in.man
	[ -s in.help ] || fail "no options found in --help"
	diff in.help in.man >&2 || fail "--help (<) and the manual (>) differ"
}

@test "the groups of --help are those of the manual" {
	"$ZPIPE" --help | sed -nE 's/^([A-Z][a-z ]+)$/\1/; t group
	    s/^ +(-., )?(--[a-z0-9-]+).*/\2/; t option
	    b
	    :group
	    h; b
	    :option
	    G; s/(.*)\n(.*)/\2: \1/p' | sort >in.help
	awk '/^\.S[sh] / { group = substr($0, 5); gsub("\"", "", group) }
	    /^\.It Fl/ {
		for (i = 2; i < NF; i++)
			if ($i == "Fl" && $(i + 1) == "Fl")
				print group ": --" $(i + 2)
	    }' "$MAN" | sort >in.man
	[ "$(wc -l <in.help)" -gt 50 ] || fail "no groups found in --help"
	diff in.help in.man >&2 || fail "--help (<) and the manual (>) differ"
}

@test "the manual has every engine and every release method" {
	for name in auto ring mmap splice range copy fence fresh drain; do
		tried=$((tried + 1))
		grep -qE "^\.(It )?Cm $name( |\$)" "$MAN" || note "$name"
	done
	all_right
}

@test "the manual has every mode of --lag and --output-error" {
	for mode in wait drop detach warn warn-nopipe exit exit-nopipe; do
		tried=$((tried + 1))
		grep -qx "\.It Cm $mode" "$MAN" || note "$mode"
	done
	all_right
}

# A sequence of the FORMAT section on each line; a number or a list that it
# may have is an example's.
sequences()
{
	awk '/^\.Sh/ { on = $2 == "FORMAT" }
	    on && /^\.It Cm/ { print }' "$MAN" |
	    sed 's/^\.It Cm//; s/\\&//g
		s/ Ns Ar n Ns Cm /4/g; s/ Ns Ar list Ns Cm /bold,red/' |
	    tr -s ' ,' '\n' | sed -n '
		/^bold$/d
		s/^red}$//
		s/^%{sgr:bold$/%{sgr:bold}/
		/^%/p'
}

@test "every format sequence in the manual is one" {
	local sequence

	for sequence in $(sequences); do
		tried=$((tried + 1))
		"$ZPIPE" -F "$sequence" </dev/null 2>err ||
			note "$sequence: $(cat err)"
	done
	all_right
}

@test "the manual has every format sequence" {
	local known='%p %{progress} %{progress-bar-only}
	    %{progress-amount-only} %{progress-conemu} %{bar-plain}
	    %{bar-block} %{bar-granular}
	    %{bar-shaded} %t %{timer} %e %{eta} %I %{fineta} %r %{rate} %a
	    %{average-rate} %b %{bytes} %{transferred} %T %{buffer-percent}
	    %A %{last-written} %4A %4{last-written} %L %{previous-line} %4L
	    %4{previous-line} %N %{name} %{ratio} %{engine} %{outputs}
	    %{sgr:bold} %%'

	diff <(tr -s ' \t' '\n\n' <<<"$known" | sort) <(sequences | sort) >&2 ||
		fail "known sequences (<) and the manual (>) differ"
}

@test "the manual has every bar style, place and side at its option" {
	local option names name

	while read -r option names; do
		sed -n "/^\.It Fl $option /,/^\.It Fl [^$option]/p" "$MAN" >item
		for name in $names; do
			tried=$((tried + 1))
			grep -qE "^\.(.* )?Cm $name( |\$)" item ||
				note "-$option: $name"
		done
	done <<-END
		u plain block granular shaded
		x windowtitle processtitle
		M in out both
	END
	all_right
}

@test "the manual has every exit status" {
	for value in $(sed -nE 's/^\tSTATUS_[A-Z]+ = ([1-9][0-9]*).*/\1/p' \
	    "$SRCDIR/msg/msg.h"); do
		tried=$((tried + 1))
		grep -qx "\.It $value" "$MAN" || note "$value"
	done
	all_right
}

@test "the manual has no faults that mandoc can find" {
	need mandoc
	mandoc -Tlint -Wwarning "$MAN" >&2
}


@test "includes, the map and the length of files are as the rooms have it" {
	"$SRCDIR/tests/rooms" "$SRCDIR" >&2
}

@test "rooms sees what must not be" {
	mkdir -p base io
	printf '/*\n *\tio/\tx\n *\tbase/\tx\n */\n' >zpipe.c
	echo '#include "io/out.h"' >base/in.h
	echo '#include "base/in.h"' >io/out.h
	: >extra.c
	run "$SRCDIR/tests/rooms" .
	[ "$status" -eq 1 ] && [[ $output == *"extra.c: is in no room"* ]] &&
	    [[ $output == *"base/in.h: base may not include io/out.h"* ]] &&
	    [[ $output == *"base/in.h: io/out.h stands above it"* ]] &&
	    [[ $output == *"a circle: base/in io/out"* ]] || fail "$output"
	seq 701 >io/long.c
	: >msg.c
	mkdir show
	run "$SRCDIR/tests/rooms" .
	[[ $output == *"io/long.c: 701 lines"* ]] &&
	    [[ $output == *"msg.c: is not in the map"* ]] &&
	    [[ $output == *"show/: is not in the map"* ]] || fail "$output"
}

@test "only zpipe.c, opts.c, job and msg print errors" {
	for file in "$SRCDIR"/*.c "$SRCDIR"/*/*.c; do
		case ${file#"$SRCDIR"/} in
		zpipe.c | opts.c | opts/* | job/* | msg/* | bench/* | tests/*)
			continue ;;
		esac
		tried=$((tried + 1))
		! grep -nE '\<(v?warnx?|v?errx?|perror|v?dprintf) *\(|stderr' \
		    "$file" >found || note "${file##*/}: $(cat found)"
	done
	all_right
}

@test "no function is over 60 lines (of a test 90), no file over 80 columns" {
	local most
	for file in "$SRCDIR"/*.[ch] "$SRCDIR"/*/*.[ch] \
	    "$SRCDIR"/tests/*/*.[ch]; do
		[ "${file##*/}" != config.h ] || continue
		most=60
		[[ $file != */tests/* ]] || most=90
		tried=$((tried + 1))
		expand "$file" | awk -v most=$most '
		    /^[a-z_0-9]+\(/ { name = $1; first = NR }
		    /^}/ && name != "" && NR - first > most {
			print name, NR - first, "lines"
		    }
		    /^}/ { name = "" }
		    length > 80 { print "line", NR }' >found
		[ ! -s found ] || note "${file##*/}: $(cat found)"
	done
	all_right
}

@test "every file says its licence, and config.h is the first include" {
	for file in "$SRCDIR"/*.[ch] "$SRCDIR"/*/*.[ch] \
	    "$SRCDIR"/tests/{cli,lib,unit,zoo}/*.* "$SRCDIR"/tests/rooms \
	    "$SRCDIR"/{bootstrap,.ci/run,bench/run,man/screenshot} \
	    "$SRCDIR"/{configure.ac,Makefile.am,man/zpipe.1} \
	    "$SRCDIR"/build-aux/{bats-tap,git-version}; do
		case $file in
		*/config.h | *.o | *.log | *.trs) continue ;;
		esac
		tried=$((tried + 1))
		head -n 2 "$file" | grep -q 'SPDX-License-Identifier: ISC' ||
			note "${file##*/}: no SPDX line"
		[[ $file != *.c ]] ||
		    [ "$(grep -m 1 '^#include' "$file")" = \
			'#include "config.h"' ] ||
			note "${file##*/}: config.h is not the first include"
	done
	all_right
}
