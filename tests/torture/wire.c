/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "tests/torture/shared.h"
#include "tests/torture/wire.h"

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

static void
make_tcp(int fd[2])
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	fd[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (door == -1 || fd[1] == -1 ||
	    bind(door, (struct sockaddr *)&sin, len) == -1 ||
	    listen(door, 1) == -1 ||
	    getsockname(door, (struct sockaddr *)&sin, &len) == -1 ||
	    connect(fd[1], (struct sockaddr *)&sin, len) == -1 ||
	    (fd[0] = accept(door, NULL, NULL)) == -1)
		broken("loopback");
	close(door);
}

static void
make_pty(int fd[2])
{
	struct termios tio;
	const char *name;

	fd[0] = posix_openpt(O_RDWR | O_NOCTTY);
	if (fd[0] == -1 || grantpt(fd[0]) == -1 || unlockpt(fd[0]) == -1 ||
	    (name = ptsname(fd[0])) == NULL ||
	    (fd[1] = open(name, O_RDWR | O_NOCTTY)) == -1 ||
	    tcgetattr(fd[1], &tio) == -1)
		broken("a terminal");
	cfmakeraw(&tio);
	if (tcsetattr(fd[1], TCSANOW, &tio) == -1)
		broken("a terminal");
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
		make_tcp(fd);
		break;
	case W_PTY:
		make_pty(fd);
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
