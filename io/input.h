/* SPDX-License-Identifier: ISC */
/*
 * input: one operand, or stdin. It knows what it is and how to read it; it
 * prints nothing and never changes the flags of a descriptor that it was
 * given.
 */
#ifndef IO_INPUT_H
#define IO_INPUT_H

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
	off_t left; /* bytes to its end when it was opened, -1 if unknown */
	int fd;
	int given;      /* the borrowed one that fd reads another way; or -1 */
	bool owned;     /* we opened it, we close it */
	bool direct;    /* O_DIRECT is on */
	size_t block;   /* the caller's: what input_skip() passes over; or 0 */
	size_t careful; /* bytes to be read block by block, behind an error */
	size_t record;  /* a read with less room may lose bytes, or fail */
	bool packets; /* a socket, or a pipe, each read of which is a record */
	ssize_t next; /* of a socket: the bytes of the next record, or -1 */
	off_t at;     /* where the region of input_reserve() begins */
	size_t reserved; /* and the bytes of it that are still to be taken */
};
#define INPUT_INITIALIZER                         \
	{                                         \
		.fd = -1, .given = -1, .next = -1 \
	}

/* The operand as messages have it: "stdin" for "-". */
const char *input_name(const char *operand);

/*
 * The descriptor of ours that the operand names, which is not opened again: 0
 * for "-", or see path_descriptor(); -1 if it is something else.
 */
int input_descriptor(const char *operand);

/*
 * Opens the operand, or borrows the descriptor that it names. 0, or -1 with
 * errno (EISDIR for a directory, EBADF if it is not open for reading) and
 * nothing to close. It does not wait for the writer of a FIFO: poll(2) reports
 * nothing before there has been one, and read(2) must not be tried until then.
 * Opening a device may block; a signal ends that with EINTR.
 */
int input_open(struct input *, const char *operand);

/*
 * Reads past the page cache from now on (O_DIRECT, open(2)), if this is a file
 * or a block device that can. A descriptor that was borrowed is read by a
 * description of our own, and stands where we have read to when it is closed.
 */
void input_direct(struct input *);

/*
 * After an error of input_read(), with in->block: passes over what is left of
 * a block of that size, but at most `most` bytes, and returns how many, which
 * end at in->at; 0 if the block is to be read by itself first. -1 if the input
 * has no position, or no more to come. errno stays as it was.
 */
ssize_t input_skip(struct input *, size_t most);

/*
 * For files and block devices, whose position other processes may share, where
 * it is known only afterwards how much is wanted. input_look() reads, as
 * input_read(), and takes nothing. input_take() takes the first n of all the
 * bytes that it gave and returns n, or -1 with errno: EINTR if another process
 * has moved the position, so that the bytes are to be looked at again, EBUSY if
 * it did so in a way that cannot be undone.
 */
ssize_t input_look(struct input *, void *, size_t n);
ssize_t input_take(struct input *, size_t n, size_t all);

/*
 * read(2) locks the position of a file, which other processes may share;
 * splice(2), copy_file_range(2) and mmap(2) do not. So they take their bytes
 * from a region that lseek(2), which does, has reserved: n bytes from in->at
 * on, of which in->reserved are left; fewer than asked for at the end of the
 * file, none behind it. If some of a region is left, that is kept, whatever n
 * is. 0, or -1 with errno.
 *
 * Whoever takes bytes calls input_took(). input_read() takes what is left
 * first. input_give_back() moves the position back to what is left; false if
 * somebody has moved it meanwhile, and then it stays. input_close() calls that.
 */
int input_reserve(struct input *, size_t n);
void input_took(struct input *, size_t n);
bool input_give_back(struct input *);

/*
 * The bytes of the next record of a socket that has them (in->packets); 0 is
 * the end. -1 with errno as recv(2), which may be reported only once.
 */
ssize_t input_next_record(struct input *);

/*
 * Whether a pipe is known not to be in packet mode (O_DIRECT, pipe(7)), where
 * the bytes that a read has no room for are lost. What is in it may not tell.
 * Takes nothing out of it, and sets in->packets if it is in that mode.
 */
bool input_is_stream(struct input *);

/*
 * Whether nothing more is to come for certain: a pipe that is empty and has no
 * writer, a stream socket that the peer has shut down, a file whose position
 * is at its end. Never blocks, and takes nothing.
 */
bool input_ended(const struct input *);

/* The largest record that one read may give; 0 or 1 without any. */
size_t input_largest(const struct input *);

/* What the operand would be if it were opened; -1 with errno as stat(2). */
int input_peek(const char *operand, enum input_kind *);

/*
 * Whether input_open() would succeed, judged without opening the operand: 0, or
 * -1 with the errno that it would have. It waits for nobody.
 */
int input_readable(const char *operand);

/*
 * At most n bytes, as read(2): 0 is the end. It blocks only on disks and on
 * what poll(2) has wrongly called readable; EAGAIN where the descriptor came
 * to us non-blocking, or another reader was faster at a socket. n must be at
 * least in->record, or what the transfer may still take of a pipe. EMSGSIZE if
 * a record of a socket was longer than n: the rest of it is lost.
 */
ssize_t input_read(struct input *, void *, size_t n);

/* poll(2) can tell when there is something to read. */
bool input_pollable(const struct input *);

/* Bytes that can be read at once from a pipe (FIONREAD), 0 if unknown. */
size_t input_pending(const struct input *);

/* 0, or -1 with errno; the descriptor is closed in either case. */
int input_close(struct input *);

#endif
