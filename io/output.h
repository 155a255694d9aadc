/* SPDX-License-Identifier: ISC */
/*
 * output: one place that gets every byte: a descriptor that we were given, a
 * file, or the stdin of a command. It knows what it is, how to give it
 * bytes without blocking, and how far a pipe has been emptied. It prints
 * nothing, and never changes the flags of a descriptor that it was given: other
 * processes share those.
 */
#ifndef IO_OUTPUT_H
#define IO_OUTPUT_H

#include <sys/stat.h>
#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/writer.h"

enum output_kind {
	OUTPUT_FILE, /* and block devices */
	OUTPUT_PIPE, /* a FIFO as well */
	OUTPUT_SOCKET,
	OUTPUT_TTY,
	OUTPUT_NULL, /* /dev/null */
	OUTPUT_CHAR, /* any other character device */
};

struct output {
	const char *name; /* for messages; not ours */
	struct stat st;
	enum output_kind kind;
	int fd;               /* ours until output_close(); -1: not open */
	struct writer writer; /* writes to it */
	int child_end;        /* the command's stdin, until it runs; or -1 */
	const char *command;  /* for output_spawn(); not ours */
	pid_t child;          /* the command, or 0 */
	const char *fifo;     /* the path of a FIFO that has no reader yet */
	int fifo_fd;          /* that FIFO, by O_PATH; or -1 */
	bool append;          /* O_APPEND */
	bool opened;          /* by us, so its description is ours alone */
	bool packets;     /* each write is a record: a socket, or O_DIRECT */
	bool sparse;      /* a file that may have holes for NULs */
	off_t hole_end;   /* where the last of them ends, and nothing follows */
	bool direct;      /* O_DIRECT is on */
	off_t at;         /* where the region of output_reserve() begins */
	size_t reserved;  /* and the bytes of it that are still to be written */
	size_t holds;     /* bytes that its pipe takes, as last seen */
	bool vmsplices;   /* a pipe, and vmsplice(2) not refused */
	bool full;        /* the last send was EAGAIN */
	bool gone;        /* closed: nothing more is sent to it */
	uint64_t sent;    /* its cursor: a stream offset */
	uint64_t drained; /* the bound; sent if it is no pipe */
	uint64_t given;   /* bytes that it got; the rest of sent was dropped */
	uint64_t left;    /* unread when its reader went, after the end */
	uint64_t left_at; /* when its reader went, with nothing lost; or 0 */

	/* of the holes in what its pipe may still hold */
	uint64_t hole_given;   /* given, before the first of them */
	uint64_t hole_dropped; /* and what had been dropped before that */
	uint64_t last_given;   /* given, before the last of them; 0: none */
};
#define OUTPUT_INITIALIZER                                               \
	{                                                                \
		.fd = -1, .writer = WRITER_INITIALIZER, .child_end = -1, \
		.fifo_fd = -1,                                           \
	}

/* Takes the descriptor over. 0, or -1 with errno: as writer_open(). */
int output_init(struct output *, int fd, const char *name);

/*
 * Opens a file for writing and creates it, but does not truncate it yet: that
 * is for output_truncate(), when everything else has been opened. A FIFO that
 * has no reader is no error: o->fifo is set, and output_connect() tries again.
 * It opens that same FIFO and nothing else. Both: 0, or -1 with errno;
 * output_open() leaves nothing to close then. output_connect(): EAGAIN if there
 * is still no reader, which no event will tell; ENOENT if the FIFO has been
 * removed, or ESTALE if its name leads to another file now, so that no reader
 * is to be expected.
 */
int output_open(struct output *, const char *path, bool append);
int output_truncate(const struct output *);
int output_connect(struct output *);

/*
 * A command's stdin: the pipe and then, when everything else has been opened,
 * the process; it inherits the standard descriptors and no other of ours. The
 * caller waits for o->child. 0, or -1 with errno; if output_spawn() fails, the
 * pipe is still to be closed.
 */
int output_pipe(struct output *, const char *command, const char *name);
int output_spawn(struct output *);

/* Writing to both would mix, or overwrite, what is written. */
bool output_same(const struct output *, const struct output *);

/*
 * Both take up to n bytes and return how many they took, or -1 with errno,
 * EAGAIN if the output is full: poll for POLLOUT. They do not move the cursor.
 * A vanished reader is EPIPE, and SIGPIPE unless that is ignored.
 *
 * output_write() copies, and blocks only where writer_write() does.
 *
 * output_share() gives the pages to a pipe by vmsplice(2); they must not be
 * rewritten before they are released (buf.h). If vmsplice is refused here for
 * good, o->vmsplices is false then, and nothing was sent.
 */
ssize_t output_write(struct output *, const void *, size_t n);
ssize_t output_share(struct output *, const void *, size_t n);

/*
 * As in input.h, a region of the file for what does not lock its position: n
 * bytes from o->at on, of which o->reserved are left. Only where
 * output_reserves() is true: a regular file whose position counts. If some of a
 * region is left, that is kept, and may be shorter than n. Whoever writes there
 * calls output_put(); output_write() fills what is left first. 0, or -1 with
 * errno. output_give_back() moves the position back to what is left, unless
 * somebody has moved it since, and ends the region.
 */
bool output_reserves(const struct output *);
int output_reserve(struct output *, size_t n);
void output_put(struct output *, size_t n);
void output_give_back(struct output *);

/*
 * Leaves holes in the file for pages of NULs from now on, unless it is open for
 * appending (lseek(2)). output_finish() gives it its length.
 */
void output_sparse(struct output *);

/*
 * Writes past the page cache from now on (O_DIRECT, open(2)), if this is a file
 * or a block device that can, and as long as the pieces are aligned. What we
 * were given is written by a description of our own.
 */
void output_direct(struct output *);

/*
 * Everything has been written: 0, or -1 with errno. With `sync` it is on the
 * disk then, which may take long (fdatasync(2)); EINTR if a signal has ended
 * us meanwhile (retry.h). Anything but files is 0.
 */
int output_finish(struct output *, bool sync);

/*
 * Bytes in the pipe that nobody has taken yet (FIONREAD, ioctl_pipe(2)); 0 if
 * it is no pipe. It takes the pipe's lock, which a reader may hold for long
 * while it splices to a blocked descriptor: ask only when POLLOUT is set.
 */
size_t output_unread(const struct output *);

/*
 * Moves o->drained if the pipe has room (poll takes no lock). 0, or -1 if
 * nobody can say, since its reader has left or FIONREAD is refused; o->drained
 * is o->sent then.
 */
int output_drain(struct output *);

/*
 * How many of the bytes that it was given its readers are known to have taken.
 * A full pipe is not asked: see output_unread().
 */
uint64_t output_taken(const struct output *);

/*
 * Turns on or off SIGIO, which ends us by default, each time that a reader
 * takes something out of the pipe: poll(2) only tells that a full one has room.
 * That is O_ASYNC on a description of our own (pipe_read() and splice's
 * wakeup_pipe_writers() in Linux), with POLL_OUT as its si_code (F_SETSIG,
 * fcntl(2)). 0, or -1 if it is not available. Does nothing but for pipes.
 */
int output_tell(struct output *, bool on);

/* It took n bytes: moves the cursor. */
void output_gave(struct output *, size_t n);

/* It will not get the bytes before off: moves the cursor. */
void output_skip(struct output *, uint64_t off);

/* A word for its kind. */
const char *output_kind_name(const struct output *);

/*
 * What poll(2), or a call that has no function here, has found out: whether it
 * is full, and since when its reader has been gone (0: it is back).
 */
void output_full(struct output *, bool);
void output_left_at(struct output *, uint64_t when);

/* POLLOUT is set now. */
bool output_ready(const struct output *);

/* poll(2) can tell when its readers have gone. */
bool output_watchable(const struct output *);

/* poll(2) says that its reader has gone, or that it has failed. */
bool output_left(const struct output *);

/* errno for that. */
int output_lost(const struct output *);

/*
 * 0, or -1 with errno, which may be of an earlier write (close(2)). It is
 * closed in either case, and gone.
 */
int output_close(struct output *);

/*
 * Grows the pipe to size, or to what the limits allow, and never shrinks it.
 * Anything but a pipe is left alone. (F_SETPIPE_SZ, fcntl(2)) Returns the size
 * that it has then, or 0.
 */
size_t pipe_grow(int fd, size_t size);

/* The same of an output; what its pipe takes is o->holds. */
void output_grow(struct output *, size_t size);

#endif
