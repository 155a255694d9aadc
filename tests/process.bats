#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# zpipe and other processes: the commands that it waits for, the processes that
# it looks at, and those that ask it something.

load helpers

setup_file()
{
	PATH=${ZOO:-$BATS_TEST_DIRNAME/zoo}:$PATH
	words 1050001 >"$BATS_FILE_TMPDIR/words"
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	W=$BATS_FILE_TMPDIR/words
	export W
	printf 'few\n' >few
	bad=() tried=0
	# short enough for the address of a socket, wherever the tests are
	XDG_RUNTIME_DIR=$(mktemp -d /tmp/zpipe-test.XXXXXX)
	export XDG_RUNTIME_DIR
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
		    kill \$o; wait \$z && [ ! -e pid ]"
		one "zpipe -L 1k -P other $W >f 2>err & o=\$!
		    until [ -s other ]; do sleep 0.02; done
		    zpipe -P pid $o \$o 2>seen & z=\$!; $at_work
		    disown \$o; kill \$z; wait \$z; kill \$o; [ ! -e pid ]"
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
