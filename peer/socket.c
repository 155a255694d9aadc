/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/socket.h>

#include "base/fd.h"
#include "base/retry.h"
#include "peer/remote.h"
#include "peer/socket.h"

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
socket_connect(const struct sockaddr_un *sun)
{
	int fd = socket_new(), r;

	if (fd == -1)
		return -1;
	do
		r = connect(fd, (const struct sockaddr *)sun, sizeof(*sun));
	while (retry(r));
	if (r == -1)
		fd_close(&fd);
	return fd;
}
