/* SPDX-License-Identifier: ISC */
/*
 * tcp: splices stdin to a loopback TCP socket. The peer sleeps now and then,
 * so that the pages wait in the socket, and writes what it gets to stdout.
 */
#include "config.h"

#include "tests/lib/ends.h"
#include "tests/lib/through.h"

int
main(void)
{
	int fd[2];

	if (ends_tcp(fd, 4 << 20) == -1)
		err(1, "loopback");
	return splice_through(fd);
}
