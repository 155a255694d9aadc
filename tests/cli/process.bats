#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# zpipe and other processes: the commands that it waits for, the processes that
# it looks at, and those that ask it something.

load ../lib/helpers

setup_file()
{
	words 1050001 >"$BATS_FILE_TMPDIR/words"
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	W=$BATS_FILE_TMPDIR/words
	export W
	printf 'few\n' >few
	bad=() tried=0
	own_sockets
}

teardown()
{
	rm -rf "$XDG_RUNTIME_DIR"
}

# ---- commands ---------------------------------------------------------------

@test "a command that SIGPIPE kills has failed while its reader is there" {
	for m in in out both; do
		for to in "| cat" ">f" "| { sleep 0.2; cat; }"; do
			ends 16 '^zpipe: sh: killed by signal 13' \
			    "zpipe -M $m -- sh -c 'kill -PIPE \$\$' <few $to
			    exit \${PIPESTATUS[0]}"
		done
		ends 16 '^zpipe: sh: killed by signal 13' \
		    "mkfifo p; cat p & zpipe -M $m -- sh -c 'cat; kill -PIPE \
		    \$\$' <few >p; r=\$?; rm p; exit \$r"
		# what it writes to is not its stdout
		ends 16 '^zpipe: sh: killed by signal 13' \
		    "mkfifo p; true <p & exec 7>p; wait; rm p; zpipe -M $m -- \
		    sh -c 'echo x >&7; exec yes >&7' <few >f"
	done
	ends 16 'killed by signal 13' "zpipe -X --exec='kill -PIPE \$\$' few"
	all_right
}

@test "a command whose reader has left may die of it" {
	one 'zpipe -M in -- yes <few | head -n 1 >f; exit ${PIPESTATUS[0]}'
	one 'mkfifo p; head -n 1 p >f & zpipe -M in -- yes <few >p; r=$?
	    rm p; exit $r'
	for m in out both; do
		ends 141 '' "zpipe -M $m -- yes <few | head -n 1 >f
		    exit \${PIPESTATUS[0]}"
		one "zpipe -M $m -S -s 10 -- yes <few >f && cmp f <(yes | head \
		    -c 10)"
	done
	all_right
}

@test "commands are waited for whatever SIGCHLD was, all of them" {
	for o in --ignore-signal=CHLD --block-signal=CHLD; do
		for i in {1..8}; do
			for m in in out both; do
				one "env $o zpipe -M $m -- cat <few | cmp - few"
				one "env $o zpipe -M $m -- true <few"
				ends 16 'exit status 3$' \
				    "env $o zpipe -M $m -- sh -c 'exit 3' <few"
			done
			one "env $o zpipe -X --exec=true few"
		done
		# the fence's child
		one "env $o zpipe --engine=ring --release=fence $W | cmp - $W"
	done
	one 'bash -c "trap \"\" CHLD; zpipe -M in -- true <few"'
	all_right
}

@test "a pidfile is there as long as a command or a process is watched" {
	# zpipe in the background is $z
	at_work='until [ -s pid ]; do sleep 0.02; done; [ $(<pid) = $z ] || exit'
	for m in in out both; do
		one "mkfifo p; zpipe -P pid -M $m -- cat <p >f & z=\$!
		    exec 7>p; $at_work; exec 7>&-; rm p
		    wait \$z && [ ! -e pid ]"
	done
	for o in -d -Q; do
		one "zpipe -L 1k -P other $W >f 2>err & o=\$!
		    until [ -s other ]; do sleep 0.02; done
		    zpipe -P pid $o \$o -nb -i 0.1 2>seen & z=\$!; $at_work
		    until [ -s seen ]; do sleep 0.02; done
		    kill \$o; wait \$z && [ ! -e pid ] || exit
		    while [ -e other ]; do sleep 0.02; done"
		one "zpipe -L 1k -P other $W >f 2>err & o=\$!
		    until [ -s other ]; do sleep 0.02; done
		    zpipe -P pid $o \$o 2>seen & z=\$!; $at_work
		    disown \$o; kill \$z; wait \$z; kill \$o
		    while [ -e other ]; do sleep 0.02; done; [ ! -e pid ]"
	done
	ends 2 '^zpipe: --pidfile: no/pid: No such file' 'zpipe -P no/pid -d $$'
	all_right
}

# ---- the files of any process -----------------------------------------------

@test "watchfd shows numbers in columns, and nothing raw of a name" {
	sleep 20 7<few & p=$!
	sleep 20 12<few & q=$!
	until [ /proc/$p/fd/7 -ef few ] && [ /proc/$q/fd/12 -ef few ]; do
		sleep 0.02
	done
	# bats itself has descriptors that they inherit
	zpipe -f -b -i 0.1 -d $p $q 2>both & z=$!
	zpipe -n -i 0.1 -d $p 2>one & y=$!
	until [ "$(wc -l <both)" -gt 2 ] && [ "$(wc -l <one)" -gt 2 ]; do
		sleep 0.02
	done
	kill $p $q
	wait $z $y
	grep -q "^$(printf %8d:%4d:few: $p 7) " both || fail "$(cat both)"
	grep -q "^$(printf %8d:%4d:few: $q 12) " both || fail "$(cat both)"
	grep -qx '   7:few: 0' one || fail "$(cat one)"
}

@test "a name with control characters reaches no terminal as it is" {
	local name=$'z\e[31m\302\233y'

	cp "$(command -v sleep)" "$name"
	"./$name" 20 7<"$name" & p=$!
	until [ "/proc/$p/fd/7" -ef "$name" ]; do sleep 0.02; done
	for l in C C.UTF-8; do
		: >"seen.$l"
		LC_ALL=$l zpipe -f -b -i 0.1 -d "=$name" 2>"seen.$l" & z+=($!)
		LC_ALL=$l zpipe -f -b -i 0.1 -N "$name" -d $p:7 2>"one.$l" &
		z+=($!)
		until grep -q ' 7:z' "seen.$l" && [ -s "one.$l" ]; do
			sleep 0.02
		done
	done
	kill $p
	wait "${z[@]}"
	zpipe -d "=$name" 2>seen.gone || [ $? -eq 2 ]
	! LC_ALL=C grep -l $'[\e\302\233]' seen.* one.*
}

@test "watchfd ends with a verdict, for each process" {
	for end in "kill -9 \$p; want='killed by signal 9 (Killed)'" \
	    "kill \$p; want='killed by signal 15 (Terminated)'" \
	    "rm -f go; want='ended, exit status 3'"; do
		one ": >seen; : >go; bash -c 'while [ -e go ]; do sleep 0.02
		    done; exit 3' 7<few & p=\$!
		    until [ /proc/\$p/fd/7 -ef few ]; do sleep 0.02; done
		    zpipe -f -b -i 0.1 -d \$p 2>seen & z=\$!
		    until grep -q 7:few: seen; do sleep 0.02; done
		    disown \$p; $end; wait \$z || exit
		    [ \"\$(tail -n 1 seen)\" = \
		    \"zpipe: --watchfd: process \$p: \$want\" ]"
	done
	one ": >seen; sleep 20 7<few & p=\$!; sleep 20 7<few & q=\$!
	    until [ /proc/\$p/fd/7 -ef few ] && [ /proc/\$q/fd/7 -ef few ]
	    do sleep 0.02; done
	    zpipe -f -b -i 0.1 -d \$p \$q:7 2>seen & z=\$!
	    until grep -q \$q: seen; do sleep 0.02; done; disown \$p \$q
	    kill -9 \$p; kill -1 \$q; wait \$z
	    [ \"\$(tail -n 2 seen)\" = \
	    \"zpipe: --watchfd: process \$p: killed by signal 9 (Killed)
zpipe: --watchfd: process \$q: killed by signal 1 (Hangup)\" ]"
	one ": >seen; : >go; bash -c 'while [ -e go ]; do sleep 0.02; done
	    exec 7<&-; sleep 20' 7<few & p=\$!
	    until [ /proc/\$p/fd/7 -ef few ]; do sleep 0.02; done
	    zpipe -f -b -i 0.1 -d \$p:7 2>seen & z=\$!
	    until [ -s seen ]; do sleep 0.02; done; rm go; wait \$z || exit
	    tail -n 1 seen | grep -qx 'zpipe: --watchfd: process '\$p': descrip.*'"
	# figures for a program are that and nothing else
	one ": >seen; sleep 20 7<few & p=\$!
	    until [ /proc/\$p/fd/7 -ef few ]; do sleep 0.02; done
	    zpipe -n -i 0.1 -d \$p:7 2>seen & z=\$!
	    until [ -s seen ]; do sleep 0.02; done; disown \$p; kill -9 \$p
	    wait \$z && ! grep -v '^0$' seen"
	all_right
}

# ---- another zpipe ----------------------------------------------------------

# What zpipe -Q has shown of $z, which runs: $OPTIONS.
asked='asked() { : >seen; zpipe -Q $z -f -i 0.1 "$@" 2>seen & y=$!
    until [ -s seen ]; do sleep 0.02; done; }
    verdict() { wait $y || exit; [ "$(tail -n 1 seen)" = \
	"zpipe: --query: process $z: $1" ] || { cat seen; exit 1; }; };'

@test "query shows a percentage and the time left of a quiet zpipe too" {
	for o in -q "" "-q -n" "-q -Y"; do
		for in in "$W" "$W few $W" "- <$W" "- few <$W"; do
			one "$asked zpipe $o -L 4M $in >f 2>err & z=\$!
			    asked -F '%{progress-amount-only} %e'
			    until grep -Eq '^ *[1-9][0-9]?% ETA 0:00:0' seen
			    do sleep 0.02; done; zpipe -R \$z -L 0; wait \$z \$y
			    grep -q '^100%' seen"
		done
	done
	# where stdin stood at first counts
	one "$asked (head -c 4200004 >/dev/null; exec zpipe -q -L 4M) <$W >f & z=\$!
	    asked -n; sort -nc seen || exit; zpipe -R \$z -L 0; wait \$z \$y
	    grep -qx '1\\?[0-9]' seen; grep -qx 100 seen"
	# nobody walks a directory or reads a file for it, nor waits for a FIFO
	one "$asked mkfifo p; exec 7<>p; zpipe -q -L 1M few p >f & z=\$!
	    until [ -s f ]; do sleep 0.02; done; timeout 1 zpipe -Q \$z -n -b \
	    -i 0.1 2>seen; kill \$z; [ -s seen ]"
	need strace
	strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
	one "strace -qq -y -f -o trace -e trace=openat,newfstatat,getdents64 zpipe \
	    -q -l -L 40k $W $PWD >f 2>err & s=\$!
	    until z=\$(pgrep -P \$s) && [ -s f ]; do sleep 0.02; done
	    timeout 1 zpipe -Q \$z -f -b -i 0.1 2>seen; kill \$z; wait
	    [ -s seen ] && ! grep \"getdents64([0-9]*<$PWD>\" trace &&
	    [ \$(grep -c 'openat.*/words' trace) = 1 ]"
	all_right
}

@test "query ends with the last figures and a verdict" {
	one "$asked zpipe -L 4M $W >f & z=\$!; asked -b; zpipe -R \$z -L 0
	    wait \$z; verdict 'ended, exit status 0'
	    tail -n 2 seen | grep -q '^8.01MiB'"
	one "$asked zpipe -L 1M $W >f & z=\$!; asked; disown \$z; kill -9 \$z
	    verdict 'killed by signal 9 (Killed)'"
	one "$asked zpipe -L 1M $W nope >f 2>err & z=\$!; asked
	    zpipe -R \$z -L 0; verdict 'ended, exit status 2'"
	one "$asked { zpipe -L 1M $W & echo \$! >z; wait; } | head -c 200000 \
	    >f & until [ -s z ]; do sleep 0.02; done; z=\$(<z); asked
	    verdict 'killed by signal 13 (Broken pipe)'"
	# it listens no more, but lives
	one "$asked zpipe -L 1M $W >f & z=\$!; asked; kill -STOP \$z
	    rm \$XDG_RUNTIME_DIR/zpipe/\$z.sock
	    verdict 'lost: it no longer answers'; kill -9 \$z"
	all_right
}

@test "query and remote find it in every place, and root another user's" {
	local run d=/tmp/zpipe-64322

	one "env -u XDG_RUNTIME_DIR zpipe -L 1k $W >f & z=\$!
	    zpipe -R \$z -L 2k && timeout 0.5 zpipe -Q \$z; zpipe -R \$z -L 0 &&
	    wait \$z"
	one "zpipe -L 1k $W >f & z=\$!
	    env -u XDG_RUNTIME_DIR zpipe -R \$z -L 0 && wait \$z"
	[ "$(id -u)" -eq 0 ] || skip "only root can be two users"
	need setpriv
	run="setpriv --reuid=64322 --regid=64322 --clear-groups"
	[ ! -e $d ] && $run "$ZPIPE" --version >/dev/null ||
		skip "another user cannot run it"
	one "env -u XDG_RUNTIME_DIR $run zpipe -L 1k <$W 2>err >f & z=\$!
	    zpipe -R \$z -L 0 && wait \$z && cmp f $W"
	mkdir "$XDG_RUNTIME_DIR/its"
	chmod 755 "$XDG_RUNTIME_DIR"
	chown 64322 "$XDG_RUNTIME_DIR/its"
	one "XDG_RUNTIME_DIR=\$XDG_RUNTIME_DIR/its $run zpipe -L 1k <$W \
	    2>err >f & z=\$!; zpipe -R \$z -L 0 && wait \$z && cmp f $W"
	rm -rf $d
	all_right
}

@test "remote refuses what would be without effect, and names it" {
	local o quiet="zpipe -q -L 1k $W >f & z=\$!; zpipe -R \$z -L 2k || exit 9;"

	for o in --progress --timer --eta --fineta --rate --average-rate \
	    --bytes --buffer-percent --numeric --gauge --last-written=3 \
	    --format=%b --bar-style=block --interval=2 --width=60 \
	    --height=9 --extra-display=windowtitle \
	    --extra-display=processtitle; do
		ends 1 "^zpipe: --remote: ${o%%=*}: process [0-9]+ [a-z]" \
		    "$quiet zpipe -R \$z $o; r=\$?; kill \$z; exit \$r"
	done
	ends 1 '^zpipe: --remote: --size: process [0-9]+ stops at the size' \
	    "zpipe -L 1k -S -s 5000 $W >f & z=\$!; zpipe -R \$z -s 10
	    r=\$?; wait \$z && [ \$(stat -c %s f) = 5000 ] && exit \$r"
	for o in "-A 5" "-F %5A" "-F %L"; do
		ends 1 '^zpipe: --remote: --(last|form)[a-z-]*: process [0-9]+ d' \
		    "cat $W | zpipe -f -b -L 10k 2>err >f & z=\$!
		    until [ \$(wc -c <f) -gt 1000 ]; do sleep 0.02; done
		    zpipe -R \$z $o; r=\$?; zpipe -R \$z -L 0; exit \$r"
	done
	# nothing of it is changed then
	one "$quiet zpipe -R \$z -L 0 -p 2>err; s=\$(stat -c %s f); sleep 0.3
	    [ \$((\$(stat -c %s f) - s)) -lt 2000 ]; r=\$?; kill \$z; exit \$r"
	for o in --quiet --wait --force --cursor --line-mode --skip-errors \
	    --stop-at-size --no-splice --stats --sync --delay-start=1 \
	    --output=f --store-and-forward=f --pidfile=f --engine=ring; do
		ends 1 "^zpipe: --remote: ${o%%=*} cannot be changed" \
		    "$quiet zpipe -R \$z -t $o; r=\$?; kill \$z; exit \$r"
	done
	ends 1 '^zpipe: --remote: name an option to change$' 'zpipe -R $$'
	ends 1 '^zpipe: --remote: name an option to change$' 'zpipe -R $$ -k'
	all_right
}

@test "remote changes the title, the ring, and what query shows" {
	one "zpipe -x proc:old -L 1k $W >f & z=\$!
	    zpipe -R \$z -x 'processtitle:%{progress-amount-only} new %b' || exit
	    until tr '\\0' ' ' </proc/\$z/cmdline | grep -q '0% new'
	    do sleep 0.02; done; zpipe -R \$z -L 0 && wait \$z"
	# a reader that holds what it got lets the ring grow
	one "cat $W $W $W | zpipe --lag=drop -B 8M -L 200M 2>err |
	    { sleep 1; cat; } >f & until z=\$(pgrep -g 0 -x zpipe); do
	    sleep 0.02; done; until zpipe -R \$z -B 16M; do sleep 0.05; done \
	    2>err2; wait"
	one "$asked zpipe -q -L 1k $W >f & z=\$!; zpipe -R \$z -N other -8 &&
	    asked -b; until grep -q 'other: .*[0-9][KM]\\?i\\?b *$' seen
	    do sleep 0.02; done; zpipe -R \$z -L 0; wait \$z"
	all_right
}

# In messages.py: talk(PID, BYTES) sends them to a zpipe, and returns what it
# answers; message() and change() make such bytes; item() an option of a change.
messages()
{
	cat >messages.py <<'END'
import os, socket, struct
QUERY, AWAIT, CHANGE, REPORT, DONE, REFUSED = 1, 2, 3, 4, 5, 6
def address(pid):
    return '%s/zpipe/%d.sock' % (os.environ['XDG_RUNTIME_DIR'], pid)
def talk(pid, data):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(9)
    s.connect(address(pid))
    s.send(data)
    return s.recv(65536)
def message(type, body=b'', version=1):
    return struct.pack('<IHHI', 0x7a706970, version, type,
        12 + len(body)) + body
def item(option, number, text=b''):
    return struct.pack('<cQH', option, number, len(text)) + text
def change(*items):
    return message(CHANGE, struct.pack('<H', len(items)) + b''.join(items))
def refusal(why):
    return message(REFUSED, struct.pack('<H', len(why) + 1) +
        why.encode() + b'\0')
END
}

@test "repeated changes take no memory" {
	need python3
	[ "${SANITIZED:-no}" = no ] || skip "the sanitizers keep what is freed"
	messages
	cat >many <<'END'
import sys
from messages import *
pid, n = int(sys.argv[1]), int(sys.argv[2])
for i in range(n):
    name = b'n' * 200 + b'%d\0' % i
    assert talk(pid, change(item(b'N', 0, name))) == message(DONE)
END
	one "zpipe -q -L 1k $W >f & z=\$!; zpipe -R \$z -N x -L 1k || exit
	    rss() { awk '/^VmRSS/ { print \$2 }' /proc/\$z/status; }
	    python3 many \$z 500 || exit; r=\$(rss); python3 many \$z 20000 || exit
	    [ \$((\$(rss) - r)) -lt 500 ] || { echo \$r \$(rss); exit 1; }
	    kill \$z"
	all_right
}

@test "what no zpipe would send is refused, and changes nothing" {
	need python3
	messages
	cat >odd <<'END'
import sys
from messages import *
pid = int(sys.argv[1])
for data in (b'query', b'-L\0000\0', b'-s\0@/\0', message(0), message(7),
        message(REPORT, b'x' * 999), message(DONE), refusal('no'),
        change(item(b'L', 0)) + b'x', change(item(b'L', 0))[:-1],
        change(item(b'N', 0, b'new')), change(item(b'N', 0, b'n\0w\0')),
        change(*[item(b'L', 0)] * 33)):
    answer = talk(pid, data)
    assert answer == b'', (data, answer)
for odd in (item(b'L', 1 << 63), item(b'L', 0, b'0\0'), item(b'i', 99999),
        item(b'i', 600000001), item(b'm', 1 << 62), item(b'B', 65535),
        item(b'w', 4097), item(b'H', 0), item(b'A', 0), item(b'A', 257),
        item(b'u', 4), item(b'x', 4), item(b'8', 2), item(b'N', 0),
        item(b'N', 1, b'new\0'), item(b's', 0, b'@/\0'),
        item(b'F', 0), item(b'F', 0, b'%{x\0'), item(b'x', 1, b'%{x\0'),
        item(b'h', 1), item(b'o', 0, b'f\0'), item(b'k', 1), item(b'\0', 1)):
    answer = talk(pid, change(item(b'L', 0), item(b'N', 0, b'new\0'), odd))
    assert answer == refusal('process %d: Invalid argument' % pid), (odd,
        answer)
END
	one "zpipe -q -L 1k -N old $W >f & z=\$!; zpipe -R \$z -L 1k || exit
	    python3 odd \$z || exit; [ \$(stat -c %s f) -lt 20000 ] || exit
	    zpipe -Q \$z -b -f -i 0.1 2>seen &
	    until grep -q old: seen; do sleep 0.02; done 2>/dev/null
	    zpipe -R \$z -L 0; wait \$z && cmp f $W"
	all_right
}

@test "another version of the protocol is refused by name, on both sides" {
	local o

	need python3
	messages
	cat >newer <<'END'
import sys
from messages import *
pid = int(sys.argv[1])
for version in (0, 2, 65535):
    answer = talk(pid, message(77, b'whatever', version))
    assert answer == refusal('process %d speaks version 1 of the control '
        'protocol' % pid), answer
END
	cat >listens <<'END'
from messages import *
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
os.makedirs(os.path.dirname(address(0)), exist_ok=True)
s.bind(address(os.getpid()))
s.listen()
open('listening', 'w').close()
while True:
    peer = s.accept()[0]
    peer.recv(65536)
    peer.send(message(77, b'whatever', 2))
    peer.close()
END
	one "zpipe -q -L 1k $W >f & z=\$!; zpipe -R \$z -L 1k || exit
	    python3 newer \$z && zpipe -R \$z -L 0 && wait \$z && cmp f $W"
	for o in "-R \$z -L 1" "-Q \$z"; do
		ends 1 "^zpipe: --(remote|query): process [0-9]+ speaks version\
 2 of the control protocol, and this zpipe speaks version 1$" \
		    "umask 077; rm -f listening; python3 listens & z=\$!
		    wait_until '[ -e listening ]'; zpipe $o; r=\$?
		    kill \$z; exit \$r"
	done
	all_right
}
