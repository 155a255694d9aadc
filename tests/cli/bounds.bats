#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# Ends and stops at the bounds of a page, a block, a buffer and a pipe, and
# just beside them; and what must have arrived when something fails.

load ../lib/helpers

setup_file()
{
	W=$BATS_FILE_TMPDIR/words
	words 2097152 >"$W" # 16 MiB
	export W
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	bad=() tried=0
	# a page, SHORT and a pipe, a buffer, the ring at first; with THOROUGH
	# also SHARE, a buffer of copy, a chunk and a bank
	bounds="4096 65536 2097152 12582912"
	bounds+=${THOROUGH:+ 16384 131072 1048576 6291456}
	engines=("" --engine=ring --engine=copy --engine=splice)
}

# near: the bounds, and one less and one more
near()
{
	local n

	for n in $bounds; do
		echo "$((n - 1)) $n $((n + 1))"
	done
}

@test "files end where they end, on every engine" {
	for n in $(near); do
		head -c "$n" "$W" >f
		for o in "${engines[@]}" --engine=mmap -l --release=fresh; do
			one "zpipe $o f | cmp - f"
			[[ $o == *mmap ]] || one "cat f | zpipe $o | cmp - f"
		done
		for o in "" --engine=range --engine=copy -K -O "-K -O"; do
			one "zpipe $o f >g && cmp f g"
			one "zpipe $o -o h f && cmp f h; rm h"
		done
		one "zpipe --tee=g f | cmp - f && cmp f g"
	done
	all_right
}

@test "stop-at-size stops there, and not a byte is taken from the next" {
	for n in $(near); do
		for o in "${engines[@]}" "--tee=g"; do
			[ "$o" = --tee=g ] && g="cmp g <(head -c $n $W)" || g=:
			one "{ zpipe $o -S -s $n | cmp - <(head -c $n $W)
			    $g && head -c 9 >next; } <$W &&
			    cmp next <(tail -c +$((n + 1)) $W | head -c 9)"
			[[ $o == --tee* ]] && continue
			one "cat $W | { zpipe $o -S -s $n | cmp - <(head -c $n $W)
			    head -c 9 >next; cat >/dev/null; } &&
			    cmp next <(tail -c +$((n + 1)) $W | head -c 9)"
		done
		one "zpipe -S -s $n $W >f && cmp f <(head -c $n $W)"
	done
	all_right
}

@test "holes begin and end at any bound" {
	for n in $(near); do
		{
			head -c "$n" "$W"
			head -c "$n" /dev/zero
			head -c 100 "$W"
			head -c "$n" /dev/zero
		} >f
		for o in -O "-O -K" "-O --engine=ring" "-O --chunk-size=4k"; do
			one "zpipe $o f >g && cmp f g"
			one "cat f | zpipe $o -o h && cmp f h; rm h"
			# what was there is punched or written over
			one "cat $W >old; zpipe $o f 1<>old; cmp old <(cat f
			    tail -c +$(($(stat -c %s f) + 1)) $W)"
		done
	done
	all_right
}

@test "lines are counted, and end, at any bound" {
	for n in $bounds; do
		# lines of 64 bytes: one ends at each bound
		yes "$(printf '%063d' 7)" | head -c "$n" >f
		l=$((n / 64))
		for o in "" --engine=ring --engine=copy; do
			one "[ \$(zpipe $o -lnb -i 100 f 2>&1 >/dev/null |
			    tail -n 1) = $l ]"
			for k in $((l - 1)) $l $((l + 1)); do
				one "{ zpipe $o -l -S -s $k >g; cat >h; } <f
				    cat g h | cmp - f && cmp g <(head -n $k f)"
				one "cat f | zpipe $o -l -S -s $k |
				    cmp - <(head -n $k f)"
			done
		done
	done
	all_right
}

@test "the display counts what readers have taken, at any bound" {
	for n in $(near); do
		head -c "$n" "$W" >f
		for o in "" --engine=splice --engine=copy; do
			one "[ \"\$( { zpipe $o -nb -i 100 f | cat >g; } 2>&1 |
			    tail -n 1)\" = $n ] && cmp f g"
		done
		one "[ \"\$( { cat f | zpipe -nb -i 100 --tee=h | cat >g; } 2>&1 |
		    tail -n 1)\" = $n ] && cmp f g && cmp f h"
	done
	all_right
}

@test "all that was read before a read error arrives, also at a slow reader" {
	need strace
	for o in "" --engine=ring --engine=copy --engine=splice -l "-L 1G" \
	    --release=fresh "--exec='cat >f'"; do
		for k in 1 2 3 6; do
			for reader in "cat" "slow 20" "splicer | splicer"; do
				ends 16 "^zpipe: $W: Input/output error$" \
				    "strace -qq -o trace -P $W -e \
				    trace=read,splice -e \
				    inject=read,splice:error=EIO:when=$k+ \
				    zpipe $o $W | $reader >got
				    r=\${PIPESTATUS[0]}
				    sum=\$(awk '/= [0-9]+\$/ { s += \$NF } \
				    END { print s + 0 }' trace)
				    [ \$(stat -c %s got) = \$sum ] &&
				    cmp -n \$sum got $W &&
				    { [ ! -e f ] || cmp f got; } && exit \$r"
				rm -f f
			done
		done
	done
	all_right
}

@test "drain is right for readers that copy, whatever they take at a time" {
	for n in 4095 4096 4097 1 65535; do
		count=$((n == 1 ? 3000000 : 16777216))
		one "head -c $count $W >part; zpipe --release=drain -B 4M part |
		    dd bs=$n status=none | cmp - part"
	done
	all_right
}

@test "drain without FIONREAD is not trusted" {
	need strace
	# so the readers may splice
	one "strace -qq -o /dev/null -e inject=ioctl:error=ENOTTY zpipe \
	    --engine=ring --release=drain -B 4M $W | splicer | splicer |
	    splicer | splicer | cmp - $W"
	all_right
}

@test "blocks are shared with -S and several inputs, and not with -L" {
	need mkfs.xfs
	mkdir fs
	truncate -s 400M image && mkfs.xfs -q image
	mount -o loop image fs 2>/dev/null || skip "no loop mount is allowed here"
	cp "$W" fs/a
	head -c 5000001 "$W" >fs/b
	one "zpipe -S -s 16777216 fs/a >fs/x && cmp fs/a fs/x"
	one "zpipe -S -s 9999999 fs/a >fs/x && cmp fs/x <(head -c 9999999 $W)"
	one "zpipe -S -s 16777217 fs/a fs/b >fs/x &&
	    cmp fs/x <(cat fs/a fs/b | head -c 16777217)"
	one "zpipe fs/a fs/b fs/a >fs/x && cat fs/a fs/b fs/a | cmp - fs/x"
	one "zpipe -o fs/y fs/a fs/b && cat fs/a fs/b | cmp - fs/y"
	one "zpipe -L 100M fs/a >fs/x && cmp fs/a fs/x"
	one "{ zpipe; echo behind; } <fs/a >fs/x; cmp fs/x <(cat fs/a; echo behind)"
	one "{ zpipe -S -s 8192 >fs/x; zpipe >fs/y; } <fs/a
	    cat fs/x fs/y | cmp - fs/a"
	# in which order is nobody's promise
	one "{ for i in 1 2 3 4; do zpipe fs/a & done; wait; } >fs/x
	    cmp <(od -An -v -tx8 -w8 fs/x | sort) \
	    <(od -An -v -tx8 -w8 fs/a fs/a fs/a fs/a | sort)"
	one "sync fs/x; zpipe fs/a >fs/z && sync fs/z &&
	    [ \$(filefrag -v fs/z | grep -c shared) -gt 0 ]"
	umount fs
	all_right
}

@test "a rate that is lowered while the reader stalls holds when it goes on" {
	mkfifo go
	for o in "" --engine=copy --engine=splice; do
		tried=$((tried + 1))
		rm -f got
		try 10 "zpipe $o --pipe-size=0 -L 50M -q <$W | { read -r x <go
		    cat >got; } & z=\$(jobs -p %1)
		    until p=\$(pgrep -P \$\$ zpipe); do sleep 0.01; done
		    sleep 0.3; until zpipe -R \$p -L 10k; do sleep 0.05; done
		    echo >go; sleep 1; kill \$p; wait
		    stat -c %s got"
		# the pipe, what the ring holds of the old allowance, a second
		[ "${output:-0}" -lt 200000 ] || note "$o: $(outcome)"
	done
	all_right
}

# ---- outputs that lag, at the bound of a buffer

@test "lag=detach keeps an output that has just the bytes of the boundary" {
	command -v perl >/dev/null || skip "perl is not installed"
	head -c 364544 "$W" >part # two buffers of 128 KiB, and a part of one
	mkfifo a b
	for from in part "<part" "< <(cat part)"; do
		tried=$((tried + 1))
		rm -f got
		# a holds half a buffer and nobody reads it: when the ring is
		# full, what is left of that buffer is passed over. b has been
		# given all of it, so it is not behind, and reads later.
		try 10 "exec 5<>a 6<>b
		    perl -e 'fcntl(STDIN, 1031, 65536) or die' <&5 &&
		    perl -e 'fcntl(STDIN, 1031, 131072) or die' <&6 || exit 99
		    { wait_until '[ -e got ] && cmp -s got part'
		    exec head -c 364544; } <&6 >late & p=\$!
		    zpipe --engine=copy --lag=detach --pipe-size=0 -B 256k \
		    -o got -o a -o b $from; r=\$?
		    wait_until '! kill -0 \$p' 5; cmp got part; cmp late part
		    exit \$r"
		[ "$status" -eq 16 ] && [ -z "$output" ] &&
		    [[ $stderr == "zpipe: a: detached after 65536 bytes"* ]] &&
		    [ "$(wc -l <<<"$stderr")" -eq 1 ] ||
			note "$from: $(outcome)"
	done
	all_right
}

@test "with lag a reader has time at the end as long as it takes something" {
	head -c 1M "$W" >part
	mkfifo p
	for o in --lag=drop --lag=detach; do
		# it takes longer than the second that one gets that does not
		one "slow 50000 32768 <p >got & zpipe $o --pipe-size=0 -B 4M \
		    --tee=p part >fast; r=\$?; wait; cmp fast part &&
		    cmp got part && exit \$r"
	done
	all_right
}

@test "a limit is no lag with a buffer that is full of what it holds back" {
	head -c 1M "$W" >part
	for o in --lag=drop --lag=detach; do
		for e in "" --engine=copy --engine=ring; do
			one "cat part | zpipe $o $e -B 256k -L 3M -q |
			    cmp - part"
		done
	done
	all_right
}

@test "what takes nothing for ever is an error, not a wait" {
	need strace
	head -c 100000 "$W" >part
	for to in ">f" ">/dev/null" "-o f" "| cat >f"; do
		ends 16 '^zpipe: (stdout|f): Input/output error( after 0 bytes)?$' \
		    "strace -qq -o /dev/null -e inject=write:retval=0:when=1 \
		    zpipe --engine=copy part $to; exit \${PIPESTATUS[0]}"
	done
	all_right
}

@test "rates that are smaller than any buffer are kept" {
	printf 'a\nb\nc\nd\n' >lines
	for from in lines "< <(cat lines)"; do
		one "zpipe -l -L 3 $from | cmp - lines"
		one "zpipe --engine=copy -L 3 -S -s 3 $from |
		    cmp - <(head -c 3 lines)"
	done
	all_right
}

@test "a peer that reads nothing stops neither the display nor the end" {
	for k in tcp unix; do
		for o in "" --engine=copy; do
			tried=$((tried + 1))
			rm -f err
			# the last lines are the same: it is full, and awake
			try 8 "cat /dev/zero | lend $k:5:- -- zpipe $o -X --fd=5 \
			    -nb -i 0.05 2>err & wait_until '[ -e err ] &&
			    [ \$(tail -n 5 err | sort -u | wc -l) = 1 ] &&
			    [ \$(wc -l <err) -gt 9 ]' 5; r=\$?
			    pkill -g 0 -x zpipe; wait; exit \$r"
			[ "$status" -eq 0 ] || note "$k $o: $(outcome)"
		done
	done
	all_right
}

@test "a limit holds where blocks could be shared" {
	need mkfs.xfs
	mkdir fs
	truncate -s 400M image && mkfs.xfs -q image
	mount -o loop image fs 2>/dev/null || skip "no loop mount is allowed here"
	head -c 4M "$W" >fs/a
	for from in "fs/a >fs/x" "-o fs/x fs/a" "<fs/a >fs/x"; do
		tried=$((tried + 1))
		try 5 "s=\${EPOCHREALTIME/.}; zpipe -L 8M $from
		    cmp fs/a fs/x && [ \$((\${EPOCHREALTIME/.} - s)) -gt 400000 ]"
		[ "$status" -eq 0 ] || note "$from: $(outcome)"
	done
	umount fs
	all_right
}

# ---- what changes, leaves or comes late

@test "a ring that is made larger by -R takes more at once" {
	one "{ head -c 6M $W; : >done; } | zpipe -q --engine=ring -B 1M |
	    { wait_until '[ -e done ]'; cmp - <(head -c 6M $W); } & j=\$!
	    wait_until 'z=\$(pgrep -o -g 0 -x zpipe)'
	    until zpipe -R \$z -B 16M 2>/dev/null; do sleep 0.05; done
	    wait \$j"
	all_right
}

@test "the display counts past what a reader has lost" {
	for o in "" --engine=copy; do
		rm -f fed
		one "{ cat $W; : >fed; } | zpipe --lag=drop $o -B 1M -nb -i 100 \
		    2>err | { wait_until '[ -e fed ]'; cat >got; }
		    [ \$(stat -c %s got) -lt 16777216 ] && grep -qx 16777216 err"
	done
	all_right
}

@test "a FIFO gets its reader and the end, also if there was nothing to read" {
	mkfifo p
	for run in "missing" "-S -s 0 $W" "/dev/null"; do
		one "zpipe -o p $run 2>/dev/null & z=\$!
		    wait_until '! kill -0 \$z || asleep \$z'
		    timeout 5 cat p | cmp - /dev/null; r=\$?; wait; exit \$r"
	done
	all_right
}

@test "a reader that has left is no error before the input has had its time" {
	# of a busy machine's tries one is fast enough
	one "for i in {1..8}; do { echo x; sleep 0.2; } |
	    zpipe -nf -i 0.1 2>/dev/null | head -n 1 >/dev/null && exit 0
	    done; exit 1"
	all_right
}

@test "an output of records gets one for each read, also when it is slow" {
	command -v perl >/dev/null || skip "perl is not installed"
	one "feed packets 1000 60 perl -e \
	    'fcntl(STDOUT, 4, 040001) or die; exec @ARGV' \
	    zpipe --pipe-size=0 | { sleep 0.3; perl -e \
	    'while ((\$n = sysread(STDIN, \$x, 65536)) > 0) {
	    \$n == 1000 or die \$n; \$k++ } \$k == 60 or die \$k'; }"
	all_right
}
