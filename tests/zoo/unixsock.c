/* SPDX-License-Identifier: ISC */
/*
 * unixsock: splices stdin to an AF_UNIX stream socket. The peer sleeps now and
 * then, so that the pages wait in the socket, and writes what it gets to
 * stdout.
 */
#include "config.h"

#include <sys/socket.h>

#include "tests/lib/through.h"

int
main(void)
{
	int size = 4 << 20, fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == -1)
		err(1, "socketpair");
	(void)setsockopt(fd[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return splice_through(fd);
}
