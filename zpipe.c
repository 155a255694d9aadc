/* SPDX-License-Identifier: ISC */
/*
 * zpipe: a zero-copy cat, tee and pv.
 *
 * The map; an arrow never points up. tests/rooms holds the code against it.
 *
 *	zpipe.c		main(): the kinds of work, and the status
 *	job/		what one invocation does: transfer, store first, run a
 *			command between two pipes, watch another process, ask
 *			or change another zpipe, be asked or changed, report
 *	opts.c		the command line: the table of options
 *	opts/		what a row of it says about a value; names, abbreviated
 *			or mistyped; the settings that they come to
 *	msg/		messages on stderr, and the exit status
 *	pump/		chooses the engine for each input, steps it, sleeps
 *	engine/		how bytes travel: ring and copy (carry), splice, tee,
 *			range, mmap; and what they share: the flow, the rate
 *			limit, the scan of the bytes
 *	buf.c		the ring: fill, sent, drained, released
 *	fence.c		what lets a buffer be rewritten: methods, fence, probe
 *	io/		where bytes come from and go to: input, output,
 *			which may be a file or a command
 *	show/		what a person sees: meter, line, fields, terminal
 *	peer/		other processes: the socket between two zpipes, the
 *			files of any process, how it has ended
 *	base/		clock, numbers, paths, descriptors, pid files
 *
 * Only this file, job/ and the files of the options report errors, through
 * msg.c; the others return -1 with errno, or the name of the step that failed.
 * Each header is the contract of its file.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "job/job.h"
#include "msg/msg.h"
#include "opts.h"

/* For what stdio has printed; the bytes of a transfer go another way. */
static void
flush_stdout(void)
{
	if (fflush(stdout) == EOF || ferror(stdout))
		msg_errno(STATUS_MOVE, "stdout");
}

/*
 * What is closed becomes a /dev/null that fails in the same way (EBADF), so
 * that none of our own descriptors ends up as somebody's stdout. Returns a bit
 * for each of them.
 */
static unsigned
open_standard(void)
{
	unsigned closed = 0;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF) {
			closed |= 1u << fd;
			if (open("/dev/null",
				fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
				_exit(STATUS_MOVE);
		}
	return closed;
}

int
main(int argc, char *argv[])
{
	struct opts o;
	struct job j = JOB_INITIALIZER;
	unsigned closed = open_standard();

	switch (opts_parse(&o, argc, argv)) {
	case OPTS_USAGE:
		break;
	case OPTS_EXIT:
		flush_stdout();
		break;
	case OPTS_RUN:
		job_init(&j, &o, closed);
		if ((o.tune.display.extra & EXTRA_PROCESS) != 0)
			setproctitle_init(argc, argv, environ);
		if (o.probe) {
			job_print_probe();
			flush_stdout();
		} else if (o.watches || o.query != 0 || o.remote != 0)
			job_follow(&j);
		else if (o.monitor == MONITOR_NONE || job_stand_beside(&j))
			job_transfer(&j);
		break;
	}
	job_die_of_signal(&j);
	opts_release(&o);
	return msg_status();
}
