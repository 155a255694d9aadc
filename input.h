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
#include <stdint.h>

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
	int given;      /* the stdin that fd reads another way; or -1 */
	bool owned;     /* we opened it, we close it */
	bool direct;    /* O_DIRECT is on */
	size_t block;   /* input_skip(): so much is tried by itself; or 0 */
	size_t careful; /* bytes to be read block by block, behind an error */
};
#define INPUT_INITIALIZER             \
	{                             \
		.fd = -1, .given = -1 \
	}

/*
 * Opens the operand; "-" is stdin, which is borrowed. 0, or -1 with errno
 * (EISDIR for a directory, EBADF if it is open for writing only) and
 * nothing to close. Opening a FIFO blocks until
 * it has a writer; a signal ends that with EINTR.
 */
int input_open(struct input *, const char *operand);

/*
 * Reads past the page cache from now on (O_DIRECT, open(2)), if this is a file
 * or a block device that can. A stdin is read by a description of our own, and
 * stands where we have read to when it is closed.
 */
void input_direct(struct input *);

/*
 * After an error of input_read(), with in->block: passes over what is left of
 * a block of that size, but at most `most` bytes, and returns how many; 0 if
 * the block is to be read by itself first. -1 with errno as it was if nothing
 * can be skipped: the input has no position, or no more to come.
 */
ssize_t input_skip(struct input *, size_t most);

/* The last n bytes have not been read after all; nothing if it cannot seek. */
void input_back(const struct input *, size_t n);

/* What the operand would be if it were opened; -1 with errno as stat(2). */
int input_peek(const char *operand, enum input_kind *);

/*
 * At most n bytes, as read(2): 0 is the end. It blocks only on disks and on
 * what poll(2) has wrongly called readable; EAGAIN where the descriptor came
 * to us non-blocking, or another reader was faster at a socket.
 */
ssize_t input_read(struct input *, void *, size_t n);

/* poll(2) can tell when there is something to read. */
bool input_pollable(const struct input *);

/* Bytes that can be read at once from a pipe (FIONREAD), 0 if unknown. */
size_t input_pending(const struct input *);

/* 0, or -1 with errno: then the descriptor is closed all the same. */
int input_close(struct input *);

#endif
