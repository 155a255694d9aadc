/* SPDX-License-Identifier: ISC */
/*
 * feed KIND SIZE COUNT COMMAND [ARG]...: runs the command with a stdin of that
 * kind, and sends it COUNT records of SIZE bytes, together what `words` writes.
 * Ends with the status of the command, or 128 and the signal that killed it.
 *
 *	seqpacket	SOCK_SEQPACKET (AF_UNIX)
 *	dgram		SOCK_DGRAM (AF_UNIX), ended by an empty datagram
 *	packets		a pipe in packet mode (O_DIRECT) on both sides
 *	late		the same, but only the writer has asked for it
 *	reset		TCP, ended by a reset when all has been received
 *	unixreset	SOCK_STREAM (AF_UNIX), closed with bytes unread
 */
#include "config.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *kind;

static int
is(const char *name)
{
	return strcmp(kind, name) == 0;
}

/* A connection over loopback: what we write to ends[1] is read from ends[0]. */
static void
tcp_pair(int ends[2])
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ends[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (door == -1 || ends[1] == -1 ||
	    bind(door, (struct sockaddr *)&sin, len) == -1 ||
	    listen(door, 1) == -1 ||
	    getsockname(door, (struct sockaddr *)&sin, &len) == -1 ||
	    connect(ends[1], (struct sockaddr *)&sin, len) == -1 ||
	    (ends[0] = accept4(door, NULL, NULL, SOCK_CLOEXEC)) == -1)
		err(2, "tcp");
	close(door);
}

static void
open_ends(int ends[2])
{
	int type = is("seqpacket") ? SOCK_SEQPACKET :
	    is("dgram")            ? SOCK_DGRAM :
				     SOCK_STREAM;
	int r = 0;

	if (is("reset"))
		tcp_pair(ends);
	else if (is("packets"))
		r = pipe2(ends, O_CLOEXEC | O_DIRECT);
	else if (is("late"))
		r = pipe2(ends, O_CLOEXEC) == -1 ?
		    -1 :
		    fcntl(ends[1], F_SETFL, O_DIRECT);
	else
		r = socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends);
	/* it comes back to us, and we do not read it */
	if (r == 0 && is("unixreset") && write(ends[0], "x", 1) != 1)
		r = -1;
	if (r == -1)
		err(2, "%s", kind);
}

/* The bytes of the stream from `off` on. */
static void
make(char *buf, size_t n, uint64_t off)
{
	for (size_t i = 0; i < n; i++, off++)
		buf[i] = (char)(off / 8 >> off % 8 * 8);
}

static void
send_all(int fd, size_t size, unsigned long count)
{
	struct linger now = { 1, 0 };
	char *buf = malloc(size + 1);
	uint64_t off = 0;
	int unsent = 1;

	if (buf == NULL)
		err(2, "malloc");
	for (; count > 0; count--, off += size) {
		make(buf, size, off);
		for (size_t at = 0; at < size;) {
			ssize_t n = write(fd, buf + at, size - at);

			if (n == -1)
				return; /* the command has its reasons */
			at += (size_t)n;
		}
	}
	free(buf);
	if (is("dgram"))
		(void)send(fd, "", 0, 0);
	if (!is("reset"))
		return;
	while (unsent > 0 && ioctl(fd, SIOCOUTQ, &unsent) == 0)
		usleep(1000);
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

int
main(int argc, char *argv[])
{
	int ends[2], status;
	pid_t pid;

	if (argc < 5)
		errx(2, "usage: feed KIND SIZE COUNT COMMAND [ARG]...");
	kind = argv[1];
	open_ends(ends);
	pid = fork();
	if (pid == -1)
		err(2, "fork");
	if (pid == 0) {
		dup2(ends[0], STDIN_FILENO);
		execvp(argv[4], argv + 4);
		err(127, "%s", argv[4]);
	}
	close(ends[0]);
	close(STDOUT_FILENO); /* the command's alone */
	signal(SIGPIPE, SIG_IGN);
	send_all(ends[1], strtoul(argv[2], NULL, 10),
	    strtoul(argv[3], NULL, 10));
	close(ends[1]);
	if (waitpid(pid, &status, 0) == -1)
		err(2, "waitpid");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}
