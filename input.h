/* SPDX-License-Identifier: ISC */
/*
 * input: one operand, or stdin. It knows what it is and how to read it; it
 * prints nothing and never changes the flags of a descriptor that it was
 * given.
 */
#ifndef INPUT_H
#define INPUT_H

#include <sys/stat.h>
#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

enum input_kind {
	INPUT_FILE, /* a regular file; may well be one of /proc */
	INPUT_BLOCK,
	INPUT_PIPE, /* a FIFO as well */
	INPUT_SOCKET,
	INPUT_TTY,
	INPUT_CHAR, /* any other character device */
};

struct input {
	const char *name; /* for messages; not ours */
	struct stat st;
	enum input_kind kind;
	off_t left; /* bytes to its end, -1 if nobody can say */
	int fd;
	bool owned; /* we opened it, we close it */
};
#define INPUT_INITIALIZER \
	{                 \
		.fd = -1  \
	}

/*
 * Opens the operand; "-" is stdin, which is borrowed. 0, or -1 with errno
 * (EISDIR for a directory, EBADF if it is open for writing only) and
 * nothing to close. Opening a FIFO blocks until
 * it has a writer; a signal ends that with EINTR.
 */
int input_open(struct input *, const char *operand);

/* What the operand would be if it were opened; -1 with errno as stat(2). */
int input_peek(const char *operand, enum input_kind *);

/*
 * At most n bytes, as read(2): 0 is the end. It blocks only on disks and on
 * what poll(2) has wrongly called readable; EAGAIN where the descriptor came
 * to us non-blocking, or another reader was faster at a socket.
 */
ssize_t input_read(const struct input *, void *, size_t n);

/* poll(2) can tell when there is something to read. */
bool input_pollable(const struct input *);

/* Bytes that can be read at once from a pipe (FIONREAD), 0 if unknown. */
size_t input_pending(const struct input *);

/* 0, or -1 with errno: then the descriptor is closed all the same. */
int input_close(struct input *);

#endif
