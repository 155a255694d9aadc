/* SPDX-License-Identifier: ISC */
/*
 * writer: writes to a descriptor without blocking, and without changing its
 * flags, which other processes share.
 */
#ifndef BASE_WRITER_H
#define BASE_WRITER_H

#include <sys/stat.h>
#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

struct writer {
	int fd;    /* the caller's; -1: not open */
	int to;    /* where writes go: fd, or the same file reopened */
	int flags; /* of fd (F_GETFL, fcntl(2)) */
	mode_t mode;
	bool tty;
	bool own;         /* `to` is O_NONBLOCK and not shared */
	bool tried;       /* writer_reopen() has run */
	unsigned careful; /* small writes before that */
};
#define WRITER_INITIALIZER         \
	{                          \
		.fd = -1, .to = -1 \
	}

/*
 * Borrows fd, and fills *st by fstat(2). 0, or -1 with errno: EBADF also if it
 * is not open for writing.
 */
int writer_open(struct writer *, int fd, struct stat *st);

/*
 * Reopens the file now, once, instead of after a few small writes. False if
 * that fails, as for sockets and most devices.
 */
bool writer_reopen(struct writer *);

/*
 * Writes up to n bytes and returns how many, or -1 with errno: EAGAIN if it is
 * full, until POLLOUT. Blocks only on disks, on devices other than terminals,
 * and on pipes and terminals that cannot be reopened, which get at most
 * PIPE_BUF bytes after POLLOUT.
 */
ssize_t writer_write(struct writer *, const void *, size_t n);

/* Whether POLLOUT is set now. */
bool writer_ready(const struct writer *);

/* Closes what was reopened. 0, or -1 with errno, maybe of an earlier write. */
int writer_close(struct writer *);

#endif
