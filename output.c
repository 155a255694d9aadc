/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "output.h"

static enum output_kind
kind_of(const struct stat *st, int fd)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFIFO:
		return OUTPUT_PIPE;
	case S_IFSOCK:
		return OUTPUT_SOCKET;
	case S_IFCHR:
		if (st->st_rdev == makedev(1, 3))
			return OUTPUT_NULL;
		return isatty(fd) ? OUTPUT_TTY : OUTPUT_CHAR;
	default:
		return OUTPUT_FILE;
	}
}

int
output_init(struct output *o, int fd, const char *name)
{
	int flags = fcntl(fd, F_GETFL);

	*o = (struct output)OUTPUT_INITIALIZER;
	if (flags == -1 || fstat(fd, &o->st) == -1)
		return -1;
	if ((flags & O_ACCMODE) == O_RDONLY) {
		errno = EBADF;
		return -1;
	}
	o->name = name;
	o->fd = fd;
	o->kind = kind_of(&o->st, fd);
	o->append = (flags & O_APPEND) != 0;
	o->vmsplices = o->kind == OUTPUT_PIPE;
	/* what is non-blocking already needs no description of its own */
	o->tried_own = (flags & O_NONBLOCK) != 0;
	if (o->tried_own)
		o->own = fd;
	return 0;
}

/*
 * So many small writes are made with a poll(2) in front of each, before it is
 * worth while to reopen the descriptor: /proc takes 30 us to look it up.
 */
enum {
	CAREFUL = 8
};

/*
 * A description of our own, so that write(2) need not block and O_NONBLOCK is
 * not forced on those who share the old one. Sockets cannot be reopened; the
 * master of a terminal, or another device, may well be a different one then.
 */
static bool
may_reopen(const struct output *o)
{
	unsigned number;

	return o->kind == OUTPUT_PIPE ||
	    (o->kind == OUTPUT_TTY && ioctl(o->fd, TIOCGPTN, &number) == -1);
}

static void
reopen(struct output *o)
{
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)];

	o->tried_own = true;
	if (!may_reopen(o))
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", o->fd);
	o->own = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

bool
output_ready(const struct output *o)
{
	struct pollfd p = { o->fd, POLLOUT, 0 };

	/* if poll itself fails, the next call will say more */
	return poll(&p, 1, 0) != 0;
}

ssize_t
output_write(struct output *o, const void *p, size_t n)
{
	switch (o->kind) {
	case OUTPUT_FILE:
	case OUTPUT_NULL:
		return write(o->fd, p, n);
	case OUTPUT_SOCKET:
		return send(o->fd, p, n, MSG_DONTWAIT);
	case OUTPUT_PIPE:
	case OUTPUT_TTY:
	case OUTPUT_CHAR:
		break;
	}
	if (!o->tried_own && (n > PIPE_BUF || o->careful++ == CAREFUL))
		reopen(o);
	if (o->own != -1)
		return write(o->own, p, n);
	if (!output_ready(o)) {
		errno = EAGAIN;
		return -1;
	}
	return write(o->fd, p, n < PIPE_BUF ? n : PIPE_BUF);
}

/*
 * Sandboxes and kernels that have no vmsplice: gVisor ENOSYS, Podman and
 * firejail EPERM, a named FIFO on kernels that made it a wrapper of pwritev2
 * EOPNOTSUPP. ENOMEM and EFAULT are no reason to lose the transfer either:
 * whatever is wrong, write(2) will say so.
 */
ssize_t
output_share(struct output *o, const void *p, size_t n)
{
	struct iovec v = { (void *)(uintptr_t)p, n };
	ssize_t r = vmsplice(o->fd, &v, 1, SPLICE_F_NONBLOCK);

	if (r != -1 || errno == EAGAIN || errno == EINTR || errno == EPIPE)
		return r;
	o->vmsplices = false;
	o->refused = errno;
	errno = EOPNOTSUPP;
	return -1;
}

size_t
output_unread(const struct output *o)
{
	int n;

	if (o->kind != OUTPUT_PIPE || ioctl(o->fd, FIONREAD, &n) == -1)
		return 0;
	return (size_t)n;
}

int
output_drain(struct output *o)
{
	int n = 0;

	if (o->kind == OUTPUT_PIPE) {
		if (!output_ready(o))
			return 0;
		if (ioctl(o->fd, FIONREAD, &n) == -1)
			return -1;
	}
	/* other writers, or bytes from before, only make the bound smaller */
	if ((uint64_t)n <= o->sent && o->sent - (uint64_t)n > o->drained)
		o->drained = o->sent - (uint64_t)n;
	return 0;
}

bool
output_watchable(const struct output *o)
{
	return o->kind == OUTPUT_PIPE || o->kind == OUTPUT_SOCKET ||
	    o->kind == OUTPUT_TTY;
}

int
output_lost(const struct output *o)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (o->kind == OUTPUT_TTY)
		return EIO;
	if (o->kind == OUTPUT_SOCKET &&
	    getsockopt(o->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 &&
	    error != 0)
		return error;
	return EPIPE;
}

int
output_close(struct output *o)
{
	int r = 0;

	if (o->own != -1 && o->own != o->fd)
		close(o->own);
	if (o->fd != -1)
		r = close(o->fd);
	o->fd = o->own = -1;
	return r;
}

void
pipe_grow(int fd, size_t size)
{
	int now = fcntl(fd, F_GETPIPE_SZ);

	if (size > INT_MAX / 2)
		size = INT_MAX / 2 + 1;
	/* unprivileged, beyond the limits: EPERM. Half is still better. */
	for (; now != -1 && size > (size_t)now; size /= 2)
		if (fcntl(fd, F_SETPIPE_SZ, (int)size) != -1)
			return;
}
