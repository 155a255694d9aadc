/* SPDX-License-Identifier: ISC */
/*
 * splicer [SIZE]: splices stdin into a private pipe (SIZE bytes, default
 * 1 MiB), keeps that as full as it can, and splices from there to stdout. The
 * pages of whoever wrote into stdin live on in the private pipe, while
 * FIONREAD on stdin says that they have been read.
 */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define PIECE 65536

/* Fills the private pipe. Returns 0 at the end of the input, else 1. */
static int
fill(int fd)
{
	for (;;) {
		struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
		struct pollfd out = { .fd = fd, .events = POLLOUT };
		ssize_t n;

		if (poll(&out, 1, 0) == 0)
			return 1; /* full */
		if (poll(&in, 1, -1) == -1)
			err(1, "poll");
		n = splice(STDIN_FILENO, NULL, fd, NULL, 1 << 20,
		    SPLICE_F_NONBLOCK);
		if (n == 0)
			return 0;
		if (n == -1 && errno != EAGAIN)
			err(1, "splice from stdin");
	}
}

/* Passes on at most len bytes. Returns 0 if there was nothing to pass on. */
static int
pass(int fd, size_t len)
{
	ssize_t n = splice(fd, NULL, STDOUT_FILENO, NULL, len, 0);

	if (n == -1)
		err(1, "splice to stdout");
	return n > 0;
}

int
main(int argc, char *argv[])
{
	int size = argc > 1 ? atoi(argv[1]) : 1 << 20;
	int hold[2];

	if (pipe(hold) == -1)
		err(1, "pipe");
	if (fcntl(hold[1], F_SETPIPE_SZ, size) == -1)
		warn("the private pipe stays small");
	while (fill(hold[1]))
		pass(hold[0], PIECE);
	close(hold[1]);
	while (pass(hold[0], PIECE))
		continue;
	return 0;
}
