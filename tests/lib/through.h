/* SPDX-License-Identifier: ISC */
/* through: stdin to stdout by way of a socket, in which the pages wait. */
#ifndef THROUGH_H
#define THROUGH_H

#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Sleeps now and then, and writes what it gets to stdout. */
__attribute__((noreturn)) static void
peer(int fd)
{
	static char buf[256 * 1024];
	ssize_t n;

	usleep(50000);
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t at = 0, done; at < n; at += done)
			if ((done = write(STDOUT_FILENO, buf + at,
				 (size_t)(n - at))) == -1)
				err(1, "stdout");
		usleep(500);
	}
	if (n == -1)
		err(1, "peer");
	exit(0);
}

/* Splices stdin into ends[1]; a peer has ends[0]. Returns our exit status. */
static int
splice_through(int ends[2])
{
	pid_t pid = fork();
	ssize_t n;
	int status;

	if (pid == -1)
		err(1, "fork");
	if (pid == 0) {
		close(ends[1]);
		close(STDIN_FILENO);
		peer(ends[0]);
	}
	close(ends[0]);
	close(STDOUT_FILENO);
	while ((n = splice(STDIN_FILENO, NULL, ends[1], NULL, 1 << 20, 0)) > 0)
		continue;
	if (n == -1)
		err(1, "splice");
	close(ends[1]);
	if (waitpid(pid, &status, 0) == -1)
		err(1, "waitpid");
	return status != 0;
}

#endif
