/* SPDX-License-Identifier: ISC */
/*
 * unixsock: splices stdin to an AF_UNIX stream socket. The peer sleeps now and
 * then, so that the pages wait in the socket, and writes what it gets to
 * stdout.
 */
#include "config.h"

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char buf[256 * 1024];

static void
peer(int fd)
{
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

int
main(void)
{
	int size = 4 << 20, status;
	int pair[2];
	pid_t pid;
	ssize_t n;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
		err(1, "socketpair");
	(void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		close(pair[0]);
		close(STDIN_FILENO);
		peer(pair[1]);
	}
	close(pair[1]);
	close(STDOUT_FILENO);
	while ((n = splice(STDIN_FILENO, NULL, pair[0], NULL, 1 << 20, 0)) > 0)
		continue;
	if (n == -1)
		err(1, "splice");
	close(pair[0]);
	if (waitpid(pid, &status, 0) == -1)
		err(1, "waitpid");
	return status != 0;
}
