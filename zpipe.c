/* SPDX-License-Identifier: ISC */
/*
 * zpipe: a zero-copy cat, tee and pv.
 *
 * The map. Each part includes only headers of parts below it (tests/rooms).
 *
 *	zpipe.c		main()
 *	job/		what one invocation does: transfer, store first, run a
 *			command between two pipes, watch another process, query
 *			or change another zpipe and answer one, report
 *	opts.c		the command line: the table of options
 *	opts/		how an option's value is parsed; abbreviated and
 *			mistyped names; the settings
 *	msg/		messages on stderr, and the exit status
 *	pump/		chooses the engine for each input, steps it, sleeps
 *	engine/		how bytes travel: ring and copy (carry), splice, tee,
 *			range, mmap; and what they share: the flow, the rate
 *			limit, the scan of the bytes
 *	buf.c		the ring: fill, sent, drained, released
 *	fence.c		when a buffer may be rewritten: methods, fence, probe
 *	io/		where bytes come from and go to: files, commands
 *	show/		the display: meter, line, fields, terminal
 *	peer/		other processes: the socket between two zpipes, the
 *			files a process has open, how it ended
 *	base/		clock, numbers, paths, descriptors, pid files
 *
 * Only this file, job/ and the files of the options print errors, through
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

/* For --help and the like: a transfer does not use stdio. */
static void
flush_stdout(void)
{
	if (fflush(stdout) == EOF || ferror(stdout))
		msg_errno(STATUS_MOVE, "stdout");
}

/*
 * Opens /dev/null in place of closed standard descriptors, so that no
 * descriptor of ours takes their number; it fails with EBADF, as they did.
 * Returns a bit for each.
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
		else
			job_transfer(&j);
		break;
	}
	job_die_of_signal(&j);
	opts_release(&o);
	return msg_status();
}
