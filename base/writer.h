/* SPDX-License-Identifier: ISC */
/*
 * writer: a descriptor that is written without blocking. Its flags are never
 * changed, since other processes share them.
 */
#ifndef BASE_WRITER_H
#define BASE_WRITER_H

#include <sys/stat.h>
#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

struct writer {
	int fd;    /* the caller's; -1: not open */
	int to;    /* what is written: fd, or the same opened again */
	int flags; /* of that (F_GETFL, fcntl(2)) */
	mode_t mode;
	bool tty;
	bool own;         /* that is O_NONBLOCK, and nobody shares it */
	bool tried;       /* to reopen it */
	unsigned careful; /* small writes without that */
};
#define WRITER_INITIALIZER         \
	{                          \
		.fd = -1, .to = -1 \
	}

/*
 * fd is borrowed; *st is what fstat(2) says of it. 0, or -1 with errno: EBADF
 * also if it is not open for writing.
 */
int writer_open(struct writer *, int fd, struct stat *st);

/*
 * Gets a description of our own now, and not only after a few small writes.
 * Sockets and most devices cannot be reopened. False if there is none; it is
 * tried once.
 */
bool writer_reopen(struct writer *);

/*
 * Takes up to n bytes and returns how many it took, or -1 with errno: EAGAIN if
 * it is full: poll for POLLOUT. It blocks only on disks, on devices that are no
 * terminals, and on pipes and terminals that cannot be reopened (and then
 * writes no more than PIPE_BUF after POLLOUT).
 */
ssize_t writer_write(struct writer *, const void *, size_t n);

/* POLLOUT is set now. */
bool writer_ready(const struct writer *);

/*
 * Closes what is our own, but not fd. 0, or -1 with errno, which may be of an
 * earlier write (close(2)).
 */
int writer_close(struct writer *);

#endif
