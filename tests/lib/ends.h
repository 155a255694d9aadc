/* SPDX-License-Identifier: ISC */
/*
 * ends: pairs of descriptors that are connected: fd[0] is to be read from and
 * fd[1] to be written to. 0, or -1 with errno.
 */
#ifndef ENDS_H
#define ENDS_H

#include <sys/socket.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

/* A connection over loopback, with buffers of that size; 0: as they come. */
__attribute__((unused)) static int
ends_tcp(int fd[2], int size)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	fd[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (size > 0) {
		(void)setsockopt(fd[1], SOL_SOCKET, SO_SNDBUF, &size,
		    sizeof(size));
		(void)setsockopt(door, SOL_SOCKET, SO_RCVBUF, &size,
		    sizeof(size));
	}
	if (door == -1 || fd[1] == -1 ||
	    bind(door, (struct sockaddr *)&sin, len) == -1 ||
	    listen(door, 1) == -1 ||
	    getsockname(door, (struct sockaddr *)&sin, &len) == -1 ||
	    connect(fd[1], (struct sockaddr *)&sin, len) == -1 ||
	    (fd[0] = accept4(door, NULL, NULL, SOCK_CLOEXEC)) == -1)
		return -1;
	return close(door);
}

/* A raw terminal: its master, and itself. */
__attribute__((unused)) static int
ends_pty(int fd[2])
{
	struct termios tio;
	const char *name;

	fd[0] = posix_openpt(O_RDWR | O_NOCTTY);
	if (fd[0] == -1 || grantpt(fd[0]) == -1 || unlockpt(fd[0]) == -1 ||
	    (name = ptsname(fd[0])) == NULL ||
	    (fd[1] = open(name, O_RDWR | O_NOCTTY)) == -1 ||
	    tcgetattr(fd[1], &tio) == -1)
		return -1;
	cfmakeraw(&tio);
	return tcsetattr(fd[1], TCSANOW, &tio);
}

#endif
