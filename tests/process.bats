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
