/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <unistd.h>

#include "tests/torture/shared.h"
#include "tests/torture/wire.h"
#include "tests/lib/ends.h"

enum {
	HIGH = 64 /* our descriptors are out of the way of zpipe's */
};

int
high(int fd)
{
	int up = fcntl(fd, F_DUPFD_CLOEXEC, HIGH);

	if (fd == -1 || up == -1)
		broken("a descriptor");
	close(fd);
	return up;
}

void
keep_only(int a, int b, int c)
{
	for (int fd = HIGH; fd < HIGH + 100; fd++)
		if (fd != a && fd != b && fd != c)
			close(fd);
}

void
make_wire(struct plan *p, enum wire kind, int fd[2])
{
	static const int types[] = { [W_UNIX] = SOCK_STREAM,
		[W_SEQPACKET] = SOCK_SEQPACKET,
		[W_DGRAM] = SOCK_DGRAM };
	struct dice *d = &p->dice;
	int size;

	switch (kind) {
	case W_PIPE:
	case W_RECORDS:
		if (pipe2(fd, kind == W_PIPE ? 0 : O_DIRECT) == -1)
			broken("pipe");
		if (chance(d, 50))
			(void)fcntl(fd[0], F_SETPIPE_SZ, 4096 << below(d, 9));
		break;
	case W_TCP:
		if (ends_tcp(fd, 0) == -1)
			broken("loopback");
		break;
	case W_PTY:
		if (ends_pty(fd) == -1)
			broken("a terminal");
		break;
	default:
		if (socketpair(AF_UNIX, types[kind], 0, fd) == -1)
			broken("socketpair");
		if (kind == W_UNIX && chance(d, 50)) {
			size = 4096 << below(d, 9);
			(void)setsockopt(fd[1], SOL_SOCKET, SO_SNDBUF, &size,
			    sizeof(size));
		}
	}
	fd[0] = high(fd[0]);
	fd[1] = high(fd[1]);
}
