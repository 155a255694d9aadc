/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/socket.h>

#include <errno.h>

#include "base/retry.h"
#include "peer/remote.h"
#include "peer/socket.h"

int
socket_refuse(int error)
{
	errno = error;
	return -1;
}

int
socket_new(void)
{
	return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
}

/* The kernel counts its own overhead as well. */
void
socket_make_room(int fd)
{
	int size = 2 * REMOTE_MAX;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

int
socket_connect(int fd, const struct sockaddr_un *sun)
{
	int r;

	do
		r = connect(fd, (const struct sockaddr *)sun, sizeof(*sun));
	while (retry(r));
	return r;
}
