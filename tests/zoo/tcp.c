/* SPDX-License-Identifier: ISC */
/*
 * tcp: splices stdin to a loopback TCP socket. The peer sleeps now and then,
 * so that the pages wait in the socket, and writes what it gets to stdout.
 */
#include "config.h"

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
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
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int size = 4 << 20, status;
	int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid;
	ssize_t n;

	if (door == -1 || fd == -1)
		err(1, "socket");
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	(void)setsockopt(door, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(door, (struct sockaddr *)&sin, len) == -1 ||
	    listen(door, 1) == -1 ||
	    getsockname(door, (struct sockaddr *)&sin, &len) == -1 ||
	    connect(fd, (struct sockaddr *)&sin, len) == -1)
		err(1, "loopback");
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		close(fd);
		if ((fd = accept(door, NULL, NULL)) == -1)
			err(1, "accept");
		close(STDIN_FILENO);
		peer(fd);
	}
	close(STDOUT_FILENO);
	while ((n = splice(STDIN_FILENO, NULL, fd, NULL, 1 << 20, 0)) > 0)
		continue;
	if (n == -1)
		err(1, "splice");
	close(fd);
	if (waitpid(pid, &status, 0) == -1)
		err(1, "waitpid");
	return status != 0;
}
