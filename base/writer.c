/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/refuse.h"
#include "base/retry.h"
#include "base/writer.h"

/*
 * Reopening takes 30 us, too long for a few small writes: a poll(2) before each
 * of the first ones is cheaper.
 */
enum {
	CAREFUL = 8
};

int
writer_open(struct writer *w, int fd, struct stat *st)
{
	int flags = fcntl(fd, F_GETFL);

	*w = (struct writer)WRITER_INITIALIZER;
	if (flags == -1 || fstat(fd, st) == -1)
		return -1;
	if ((flags & O_ACCMODE) == O_RDONLY)
		return refuse(EBADF);
	w->fd = w->to = fd;
	w->flags = flags;
	w->mode = st->st_mode;
	w->tty = S_ISCHR(st->st_mode) && isatty(fd);
	return 0;
}

/*
 * Another user's terminal (sudo, su) cannot be opened by its name, but the
 * controlling terminal always can, as /dev/tty (tty(4)). To open the master of
 * a terminal again makes a new terminal.
 */
static int
reopen_tty(int fd)
{
	const int flags = O_WRONLY | O_NONBLOCK;
	unsigned number;
	int own;

	if (ioctl(fd, TIOCGPTN, &number) == 0)
		return -1;
	own = path_reopen(fd, flags);
	if (own == -1 && tcgetpgrp(fd) != -1)
		own = fd_open("/dev/tty", flags);
	return own;
}

bool
writer_reopen(struct writer *w)
{
	int own = -1;

	if (w->tried)
		return w->own;
	w->tried = true;
	if (S_ISFIFO(w->mode)) /* O_DIRECT: in packet mode (pipe(7)) */
		own = path_reopen(w->fd,
		    O_WRONLY | O_NONBLOCK | (w->flags & O_DIRECT));
	else if (w->tty)
		own = reopen_tty(w->fd);
	if (own == -1)
		return false;
	w->to = own;
	w->own = true;
	return true;
}

ssize_t
writer_write(struct writer *w, const void *p, size_t n)
{
	bool device = S_ISCHR(w->mode) && !w->tty;

	if (S_ISSOCK(w->mode))
		return send(w->fd, p, n, MSG_DONTWAIT);
	if (!S_ISFIFO(w->mode) && !S_ISCHR(w->mode))
		return write(w->fd, p, n);
	/* O_NONBLOCK of a shared description may be cleared by others */
	if (!device && !w->own && (n > PIPE_BUF || w->careful++ == CAREFUL))
		writer_reopen(w);
	if (!device && w->own)
		return write(w->to, p, n);
	if (!writer_ready(w))
		return refuse(EAGAIN);
	/* a device is never reopened, and the size of a write may matter */
	return write(w->fd, p, device || n < PIPE_BUF ? n : PIPE_BUF);
}

bool
writer_ready(const struct writer *w)
{
	struct pollfd p = { w->fd, POLLOUT, 0 };

	/* if poll itself fails, the next call will say more */
	return poll(&p, 1, 0) != 0;
}

int
writer_close(struct writer *w)
{
	int r = w->to != w->fd ? retry_close(w->to) : 0;

	*w = (struct writer)WRITER_INITIALIZER;
	return r;
}
