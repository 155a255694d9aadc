#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# Readers of every kind, alone and chained, behind every engine and release
# method. Each is fed numbered words: not one may be wrong at the end.

load ../lib/helpers
loud=yes limit=30

# About 48 MiB, so that a ring of any size turns over, and no round number of
# pages, so that the last piece is an odd one.
WORDS=$((48 * 131072 + 12345))
LESS=$((12 * 131072 + 12345))
FEW=$((4 * 131072 + 123))

setup_file()
{
	cd "$BATS_FILE_TMPDIR" || return
	words $WORDS >words
	words $LESS >less
	words $FEW >few
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	W=$BATS_FILE_TMPDIR/words L=$BATS_FILE_TMPDIR/less
	F=$BATS_FILE_TMPDIR/few
	export W L F WORDS LESS FEW
	bad=() tried=0
}

# What a file and a pipe can be carried with to a pipe. drain is not among
# them: it is the one promise that the user makes.
from_file=(
	""
	"-B 4M"
	"-B 4M --release=fence"
	"-B 4M --release=fresh"
	"--engine=ring"
	"--engine=ring --release=fence --chunk-size=100k"
	"--engine=ring --release=fresh --chunk-size=4097"
	"--engine=mmap"
	"--engine=splice"
	"--engine=copy"
	"-C -B 4M"
)
from_pipe=(
	""
	"--pipe-size=0"
	"-B 4M --engine=ring"
	"-B 4M --engine=ring --release=fence"
	"-B 4M --engine=ring --release=fresh"
	"--engine=ring --release=fence"
	"--engine=splice"
	"--engine=splice --pipe-size=4096"
	"--engine=copy"
	"-C -B 4M"
)

# A few of them, for readers that take their time.
some=("" "-B 4M --engine=ring --release=fence" \
    "-B 4M --engine=ring --release=fresh" "--engine=splice")

# gets_all READER: everything above into that reader, 0 words wrong.
gets_all()
{
	local o

	for o in "${from_file[@]}"; do
		one "zpipe $o \$W | $1 | check $WORDS"
	done
	for o in "${from_pipe[@]}"; do
		one "words $WORDS | zpipe $o | $1 | check $WORDS"
	done
	all_right
}

# gets_some READER [FILE N]: the same with less of everything.
gets_some()
{
	local o file=${2:-\$L} n=${3:-$LESS}

	for o in "${some[@]}"; do
		one "zpipe $o $file | $1 | check $n"
		one "words $n | zpipe $o | $1 | check $n"
	done
	all_right
}

@test "a reader that copies gets every word" {
	gets_all cat
}

# Buffers that were filled long before they could be sent once left no time
# for the readers and the fence: 17 of the 25 were late.
@test "a slow chain costs hardly any fresh pages" {
	local o renewed

	for o in "zpipe --release=fence --explain \$W" \
	    "words $WORDS | zpipe --engine=ring --release=fence --explain"; do
		tried=$((tried + 1))
		try 30 "$o | splicer | splicer | slow | check $WORDS"
		ended 0
		[[ $stderr =~ ([0-9]+)\ fences,\ .*\ ([0-9]+)\ renewed ]] ||
			fail "no counts" "$(outcome)"
		renewed=${BASH_REMATCH[2]}
		[ "${BASH_REMATCH[1]}" -ge 4 ] || note "$o: too few fences"
		[ "$renewed" -le 5 ] || note "$o: $renewed renewed"
	done
	all_right
}

@test "a slow reader gets every word" {
	gets_all slow
}

@test "a very slow reader gets every word" {
	gets_some "slow 20000" '$F' $FEW
}

@test "a reader that takes byte by byte gets every word" {
	n=$((2 * 131072 + 12345))
	words $n >words
	gets_some bytewise "$PWD/words" $n
}

@test "a reader that leaves its pages half read gets every word" {
	gets_all "bytewise 4095"
}

@test "a reader that splices into a private pipe gets every word" {
	gets_all splicer
}

@test "three readers that splice, in a row, get every word" {
	gets_all "splicer | splicer | splicer"
}

@test "six readers that splice, before a slow one, get every word" {
	gets_all "splicer|splicer|splicer|splicer|splicer|splicer|slow 100"
}

@test "a reader that tees and holds sees no byte change" {
	gets_all teehold
}

@test "a reader that splices to a TCP socket gets every word" {
	gets_all tcp
}

@test "a reader that splices to a UNIX socket gets every word" {
	gets_all unixsock
}

@test "a reader that splices to a file gets every word" {
	gets_all spool
}

@test "a reader that takes pages by vmsplice gets every word" {
	gets_all vmspliceuser
}

@test "a reader that resizes the pipe gets every word" {
	gets_all resize
}

@test "readers of all kinds in one chain get every word" {
	gets_all "splicer | teehold | unixsock | resize | splicer | tcp"
}

@test "pv and uutils cat, which splice, get every word" {
	need pv
	need_uutils
	gets_all "pv -q | $uu | splicer | pv -q | $uu"
}

@test "GNU cat, tee and gzip get every word" {
	need gzip tee
	gets_all "cat | tee out"
	bad=() tried=0
	gets_some "gzip -1 | gzip -d" '$F' $FEW
}

@test "nc gets every word" {
	need nc
	nc -h 2>&1 | grep -q 'OpenBSD netcat' ||
		skip "this nc is not the OpenBSD one"
	for o in "${some[@]}"; do
		one "rm -f s; nc -dlU s | check $WORDS & p=\$!
		    until [ -S s ]; do sleep 0.02; done
		    zpipe $o \$W | splicer | nc -NU s && wait \$p"
		one "rm -f s; nc -dlU s | check $WORDS & p=\$!
		    until [ -S s ]; do sleep 0.02; done
		    words $WORDS | zpipe $o | nc -NU s && wait \$p"
	done
	all_right
}

@test "socat gets every word" {
	need socat
	for o in "${some[@]}"; do
		one "rm -f s; socat -u UNIX-LISTEN:s - | check $WORDS & p=\$!
		    zpipe $o \$W | splicer |
		    socat -u - UNIX-CONNECT:s,retry=100,interval=0.02 &&
		    wait \$p"
		one "rm -f s; socat -u UNIX-LISTEN:s - | check $WORDS & p=\$!
		    words $WORDS | zpipe $o |
		    socat -u - UNIX-CONNECT:s,retry=100,interval=0.02 &&
		    wait \$p"
	done
	all_right
}

@test "zpipe behind zpipe behind zpipe gets every word" {
	for a in "${from_file[@]}"; do
		one "zpipe $a \$W | zpipe | splicer |
		    zpipe --engine=ring -B 4M | splicer |
		    zpipe --engine=splice | check $WORDS"
	done
	for a in "${from_pipe[@]}"; do
		one "words $WORDS | zpipe $a | splicer | zpipe $a | splicer |
		    zpipe $a | check $WORDS"
	done
	all_right
}

@test "a reader that leaves has had the right words until then" {
	for o in "${from_file[@]}"; do
		one "zpipe $o \$W | leave 20000000 | check 2500000
		    [ \"\${PIPESTATUS[*]}\" = '141 0 0' ]"
	done
	for o in "${from_pipe[@]}"; do
		one "words $WORDS | zpipe $o | splicer | leave 20000000 |
		    check 2500000
		    case \${PIPESTATUS[*]:1:4} in
		    '141 141 0 0' | '141 1 0 0') ;;
		    *) false ;;
		    esac"
	done
	all_right
}

@test "a reader that never reads and leaves ends it, as it does cat" {
	for o in "${from_file[@]}"; do
		one "zpipe $o \$W | never 0.1
		    [ \"\${PIPESTATUS[*]}\" = '141 0' ]"
	done
	for o in "${from_pipe[@]}"; do
		one "words $WORDS | zpipe $o | never 0.1
		    [ \"\${PIPESTATUS[*]:1:2}\" = '141 0' ]"
	done
	all_right
}

@test "many files of odd sizes, one after the other, make one stream" {
	split -b 3000017 "$W" part.
	split -b 50021 "$F" small.
	for o in "" "-B 4M" "-B 4M --release=fresh" --engine=mmap \
	    --engine=splice --engine=copy --chunk-size=4097; do
		one "zpipe $o part.* | splicer | splicer | check $WORDS"
		one "zpipe $o small.* | splicer | check $FEW"
	done
	all_right
}

@test "small pieces that come one by one are right behind a holding reader" {
	# dd's odd blocks: nothing is aligned, and pieces must be gathered.
	for o in "" --engine=ring "--engine=ring --release=fresh -B 4M" \
	    "--engine=ring --release=fence -B 4M" --engine=copy; do
		one "dd if=\$L bs=1001 status=none | zpipe $o | splicer |
		    splicer | splicer | check $LESS"
		one "dd if=\$L bs=5003 status=none | zpipe $o | teehold |
		    check $LESS"
	done
	all_right
}

@test "input that stops and goes on is right behind a holding reader" {
	for o in "" --engine=ring "--engine=ring --release=fresh -B 4M" \
	    "--engine=ring --release=fence -B 4M"; do
		one "slow 10000 700001 <\$L | zpipe $o | splicer | splicer |
		    check $LESS"
	done
	all_right
}

@test "files are written right by every engine that can" {
	for o in "" --engine=range --engine=splice --engine=copy \
	    --engine=ring "--engine=ring --release=fresh -B 4M" -C; do
		one "zpipe $o \$W >out && cmp out \$W"
		one "zpipe $o - <\$L >out && cmp out \$L"
	done
	for o in "" --engine=splice --engine=copy --engine=ring -C; do
		one "words $LESS | zpipe $o >out && cmp out \$L"
	done
	# The kernel refuses to splice or to copy a range to the end of a file
	# that is open for appending: what was forced may fail, but do no harm.
	for o in "" --engine=copy --engine=ring -C; do
		one "echo 1234567 >out; zpipe $o \$L >>out &&
		    tail -c +9 out | cmp - \$L"
		one "echo 1234567 >out; words $LESS | zpipe $o >>out &&
		    tail -c +9 out | cmp - \$L"
	done
	for o in --engine=range --engine=splice; do
		one "echo 1234567 >out; zpipe $o \$L >>out
		    case \$? in
		    0) tail -c +9 out | cmp - \$L ;;
		    16) [ \$(<out) = 1234567 ] ;;
		    *) false ;;
		    esac"
	done
	all_right
}

@test "short counts of every call change no byte" {
	shortio true || skip "shortio knows x86-64 only, and needs ptrace"
	for o in "${from_file[@]}"; do
		one "shortio zpipe $o \$W | splicer | splicer | check $WORDS"
	done
	for o in "${from_pipe[@]}"; do
		one "words $LESS | shortio zpipe $o | splicer | splicer |
		    check $LESS"
	done
	for o in "" --engine=range --engine=splice --engine=copy; do
		one "shortio zpipe $o \$F >out && cmp out \$F"
	done
	all_right
}

@test "a block of the ring is never shown to a later reader of its pages" {
	# The pages outlive zpipe: it has left before they are read.
	for o in "" "-B 4M" "-B 4M --release=fresh" --engine=mmap \
	    --engine=splice; do
		one "rm -f left; { zpipe $o \$F; : >left; } |
		    splicer 4194304 | { wait_until '[ -e left ]'; check $FEW; }"
	done
	all_right
}

# What follows is the reason for all of the above.

@test "drain is right behind a reader that copies" {
	for o in "" "-B 4M" --engine=ring; do
		one "zpipe --release=drain $o \$W | cat | check $WORDS"
		one "zpipe --release=drain $o \$W | vmspliceuser | check $WORDS"
		one "words $WORDS | zpipe --release=drain $o | slow |
		    check $WORDS"
	done
	all_right
}

@test "drain is wrong behind six readers that splice, as the manual says" {
	chain="splicer|splicer|splicer|splicer|splicer|splicer|slow 100"
	try 10 'zpipe --engine=ring --release=drain "$F" | cat >/dev/null'
	[ "$status" -ne 16 ] || skip "no vmsplice here: $stderr"
	for _ in 1 2 3 4 5; do
		try 30 "zpipe -B 4M --release=drain \$W | $chain |
		    check $WORDS"
		[[ $stderr =~ ^0\ of ]] || break
	done
	[[ $stderr =~ ^[1-9][0-9]*\ of\ $WORDS\ words\ wrong$ ]] ||
		fail "the hazard was never seen, so nothing shows that the" \
		    "other tests could see it" "$(outcome)"
	echo "# drain: $stderr" >&3
}
