/* SPDX-License-Identifier: ISC */
/*
 * lend: a command with sockets and terminals among its open descriptors.
 *
 *	lend KIND:FD:FILE[:BYTES]... -- COMMAND [ARG]...
 *
 * KIND is unix (a stream), tcp or pty (a raw terminal); the command has one end
 * as descriptor FD. What comes out at the other end goes to FILE, all of it or
 * so many BYTES, after which that end hangs up. A FILE that is "-" stands for
 * a peer that never reads. Ends as the command does, once all has been read.
 */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/ends.h"

#define MOST 16
#define HIGH 100 /* out of the way of every FD */

static struct loan {
	char kind[8];
	char file[200];
	int fd;
	int ours;
	int theirs;
	unsigned long bytes;
	pid_t pid;
} loans[MOST];

static char buf[256 * 1024];

/* Moves a descriptor up, so that no FD is taken. */
static int
high(int fd)
{
	int up = fcntl(fd, F_DUPFD_CLOEXEC, HIGH);

	if (fd == -1 || up == -1)
		err(125, "descriptor");
	close(fd);
	return up;
}

static void
make(struct loan *l, const char *spec)
{
	int fd[2] = { -1, -1 };

	l->bytes = (unsigned long)-1;
	if (sscanf(spec, "%7[a-z]:%d:%199[^:]:%lu", l->kind, &l->fd, l->file,
		&l->bytes) < 3 ||
	    l->fd < 0 || l->fd >= HIGH)
		errx(125, "%s: not KIND:FD:FILE[:BYTES]", spec);
	if (strcmp(l->kind, "tcp") == 0) {
		if (ends_tcp(fd, 0) == -1)
			err(125, "loopback");
	} else if (strcmp(l->kind, "pty") == 0) {
		if (ends_pty(fd) == -1)
			err(125, "terminal");
	} else if (strcmp(l->kind, "unix") != 0)
		errx(125, "%s: no such kind", spec);
	else if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == -1)
		err(125, "socketpair");
	l->ours = high(fd[0]);
	l->theirs = high(fd[1]);
}

/* The other end: reads to the end, or until it has had enough. */
static void
take(const struct loan *l)
{
	unsigned long left = l->bytes;
	ssize_t n = 0;
	int fd;

	if (strcmp(l->file, "-") == 0)
		for (;;)
			pause();
	fd = open(l->file, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (fd == -1)
		err(125, "%s", l->file);
	while (left > 0 &&
	    (n = read(l->ours, buf, left < sizeof(buf) ? left : sizeof(buf))) >
		0) {
		left -= (unsigned long)n;
		for (ssize_t at = 0, done; at < n; at += done)
			if ((done = write(fd, buf + at, (size_t)(n - at))) ==
			    -1)
				err(125, "%s", l->file);
	}
	/* A terminal that was closed says EIO. */
	if (n == -1 && errno != EIO)
		err(125, "%s", l->kind);
	exit(0);
}

int
main(int argc, char *argv[])
{
	int n = 0, status, one;
	pid_t pid;

	while (++n < argc && strcmp(argv[n], "--") != 0) {
		if (n > MOST)
			errx(125, "too many");
		make(&loans[n - 1], argv[n]);
	}
	if (n < 2 || n + 1 >= argc)
		errx(125, "usage: lend KIND:FD:FILE[:BYTES]... -- COMMAND");
	argv += n + 1;
	n--;
	for (int i = 0; i < n; i++) {
		if ((loans[i].pid = fork()) == -1)
			err(125, "fork");
		if (loans[i].pid > 0)
			continue;
		for (int k = 0; k < n; k++) {
			close(loans[k].theirs);
			if (k != i)
				close(loans[k].ours);
		}
		take(&loans[i]);
	}
	if ((pid = fork()) == -1)
		err(125, "fork");
	if (pid == 0) {
		for (int i = 0; i < n; i++)
			if (dup2(loans[i].theirs, loans[i].fd) == -1)
				err(125, "dup2");
		execvp(argv[0], argv);
		err(127, "%s", argv[0]);
	}
	for (int i = 0; i < n; i++) {
		close(loans[i].theirs);
		close(loans[i].ours);
	}
	if (waitpid(pid, &status, 0) == -1)
		err(125, "waitpid");
	for (int i = 0; i < n; i++) {
		if (strcmp(loans[i].file, "-") == 0)
			kill(loans[i].pid, SIGTERM);
		else if (waitpid(loans[i].pid, &one, 0) == -1 || one != 0)
			errx(125, "%s: the other end failed", loans[i].kind);
	}
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
	}
	return WEXITSTATUS(status);
}
