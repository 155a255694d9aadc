/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "io/input.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/retry.h"

/*
 * READAHEAD: what the kernel reads ahead by itself.
 * CAREFUL: blocks are read one by one for this long after an error: a device
 *	may refuse a large read because of a single sector.
 * PACKET: the largest record of a socket without streams that there is room for
 *	(AF_UNIX: twice net.core.wmem_max).
 * RECORD: and of a device (a block of a tape).
 */
enum {
	PACKET = 512 << 10,
	RECORD = 128 << 10,
	READAHEAD = 128 << 10,
	CAREFUL = 1 << 20,
};

static enum input_kind
kind_of(const struct stat *st, int fd)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		return INPUT_FILE;
	case S_IFBLK:
		return INPUT_BLOCK;
	case S_IFIFO:
		return INPUT_PIPE;
	case S_IFSOCK:
		return INPUT_SOCKET;
	default:
		return fd != -1 && isatty(fd) ? INPUT_TTY : INPUT_CHAR;
	}
}

/* The descriptor whose position counts. */
static int
place_of(const struct input *in)
{
	return in->given != -1 ? in->given : in->fd;
}

/* Where it ends; -1 if it is not a file, or that is unknown. */
static off_t
end_of(const struct input *in)
{
	struct stat st;
	uint64_t size;

	/* not by SEEK_END: others may share the position */
	if (in->kind == INPUT_BLOCK)
		return ioctl(in->fd, BLKGETSIZE64, &size) == -1 ? -1 :
								  (off_t)size;
	if (in->kind != INPUT_FILE || fstat(in->fd, &st) == -1)
		return -1;
	return st.st_size;
}

/* The bytes from its position to its end; -1 if unknown. */
static off_t
left_of(const struct input *in)
{
	off_t pos = lseek(place_of(in), 0, SEEK_CUR), end = end_of(in);

	if (pos == -1 || end == -1)
		return -1;
	return end > pos ? end - pos : 0;
}

/*
 * What has records: sockets but SOCK_STREAM; pipes in packet mode (at most
 * PIPE_BUF each), of which only the writer may know; and, since nothing says
 * otherwise, devices and other descriptors, such as inotify(7), evdev,
 * /dev/kmsg and tapes. Memory devices (null, zero, random) are streams.
 */
static void
find_records(struct input *in, int flags)
{
	enum {
		MEM = 1,
		KMSG = 11
	};
	dev_t dev = in->st.st_rdev;
	int type = SOCK_STREAM;
	socklen_t len = sizeof(type);

	if (in->kind == INPUT_PIPE) {
		in->record = PIPE_BUF;
		in->packets = (flags & O_DIRECT) != 0;
	} else if (in->kind == INPUT_SOCKET) {
		/* how long they are is for input_next_record() to say */
		(void)getsockopt(in->fd, SOL_SOCKET, SO_TYPE, &type, &len);
		in->packets = type != SOCK_STREAM;
	} else if (in->kind == INPUT_CHAR &&
	    (major(dev) != MEM || minor(dev) == KMSG))
		in->record = RECORD;
}

const char *
input_name(const char *operand)
{
	return strcmp(operand, "-") == 0 ? "stdin" : operand;
}

int
input_descriptor(const char *operand)
{
	return strcmp(operand, "-") == 0 ? STDIN_FILENO :
					   path_descriptor(operand);
}

/*
 * Does not wait here, where no output is served, for the writer of a FIFO, even
 * if the FIFO has just replaced a file. A device may take O_NONBLOCK for
 * something else, and a file with a lease (fcntl(2)) is waited for.
 */
static int
open_path(const char *path)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY, fd = -1;
	struct stat st;
	bool wait = stat(path, &st) == -1 ||
	    (!S_ISFIFO(st.st_mode) && !S_ISREG(st.st_mode));

	if (!wait)
		fd = open(path, flags | O_NONBLOCK);
	if (wait || (fd == -1 && errno == EWOULDBLOCK))
		return open(path, flags);
	if (fd != -1 && fcntl(fd, F_SETFL, O_RDONLY) == -1)
		fd_close(&fd);
	return fd;
}

/* The flags of a descriptor (F_GETFL), or -1 if it cannot be read. */
static int
flags_to_read(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags != -1 && (flags & O_ACCMODE) == O_WRONLY) {
		errno = EBADF; /* poll(2) would wait for it for ever */
		return -1;
	}
	return flags;
}

int
input_open(struct input *in, const char *operand)
{
	int flags;

	in->fd = input_descriptor(operand);
	in->owned = in->fd == -1;
	in->name = input_name(operand);
	if (in->owned)
		in->fd = open_path(operand);
	if (in->fd == -1)
		return -1;
	flags = flags_to_read(in->fd);
	if (flags == -1 || fstat(in->fd, &in->st) == -1)
		goto fail;
	if (S_ISDIR(in->st.st_mode)) {
		errno = EISDIR;
		goto fail;
	}
	in->kind = kind_of(&in->st, in->fd);
	in->left = left_of(in);
	find_records(in, flags);
	if (in->owned && in->kind == INPUT_FILE && in->left > READAHEAD)
		posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
fail:
	if (in->owned)
		fd_close(&in->fd);
	in->fd = -1;
	return -1;
}

int
input_peek(const char *operand, enum input_kind *kind)
{
	int fd = input_descriptor(operand);
	struct stat st;

	if ((fd == -1 ? stat(operand, &st) : fstat(fd, &st)) == -1)
		return -1;
	*kind = kind_of(&st, fd);
	return 0;
}

int
input_readable(const char *operand)
{
	int fd = input_descriptor(operand);
	bool owned = fd == -1;
	struct stat st;

	if ((owned ? stat(operand, &st) : fstat(fd, &st)) == -1)
		return -1;
	if (!owned && flags_to_read(fd) == -1)
		return -1;
	if (S_ISDIR(st.st_mode) || (owned && S_ISSOCK(st.st_mode))) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : ENXIO;
		return -1;
	}
	return owned ? faccessat(AT_FDCWD, operand, R_OK, AT_EACCESS) : 0;
}

static void
set_direct(struct input *in, bool on)
{
	in->direct = fd_set_flag(in->fd, O_DIRECT, on) == 0 && on;
}

void
input_direct(struct input *in)
{
	off_t pos = lseek(in->fd, 0, SEEK_CUR);
	int fd;

	if (input_pollable(in) || pos == -1)
		return;
	if (!in->owned) {
		/* its flags are other processes' flags as well */
		fd = path_reopen(in->fd, O_RDONLY);
		if (fd == -1 || lseek(fd, pos, SEEK_SET) == -1) {
			fd_close(&fd);
			return;
		}
		in->given = in->fd;
		in->fd = fd;
		in->owned = true;
	}
	set_direct(in, true);
}

int
input_reserve(struct input *in, size_t n)
{
	int fd = place_of(in);
	off_t pos, end, over;

	if (in->reserved > 0)
		return 0;
	pos = lseek(fd, 0, SEEK_CUR);
	end = end_of(in);
	if (pos == -1 || end == -1)
		return -1;
	if (pos >= end)
		return 0;
	if (n > (size_t)(end - pos))
		n = (size_t)(end - pos);
	pos = lseek(fd, (off_t)n, SEEK_CUR);
	if (pos == -1)
		return -1;
	in->at = pos - (off_t)n;
	in->reserved = n;
	/* somebody was faster: what lies behind the end is given back */
	over = pos - end;
	if (over > 0) {
		over = over < (off_t)n ? over : (off_t)n;
		(void)lseek(fd, -over, SEEK_CUR);
		in->reserved -= (size_t)over;
	}
	return 0;
}

void
input_took(struct input *in, size_t n)
{
	in->at += (off_t)n;
	in->reserved -= n;
}

/* Only if the position is where the region ends, which nobody has moved. */
bool
input_give_back(struct input *in)
{
	int fd = place_of(in);
	off_t end = in->at + (off_t)in->reserved;

	if (in->reserved == 0)
		return true;
	if (lseek(fd, 0, SEEK_CUR) != end ||
	    lseek(fd, -(off_t)in->reserved, SEEK_CUR) == -1)
		return false;
	in->reserved = 0;
	return true;
}

/*
 * recv(2) without blocking. Where the peer has shut down a socket of datagrams
 * and none is left, only a call that blocks says that this is the end; such a
 * call would not block then (unix_dgram_recvmsg() in 6.18).
 */
static ssize_t
receive(const struct input *in, void *p, size_t n, int flags)
{
	ssize_t r = recv(in->fd, p, n, MSG_DONTWAIT | flags);
	struct pollfd hup = { in->fd, POLLRDHUP, 0 };

	if (r == -1 && errno == EAGAIN && in->packets &&
	    poll(&hup, 1, 0) == 1 && (hup.revents & POLLRDHUP) != 0)
		return 0;
	return r;
}

static ssize_t
read_socket(struct input *in, void *p, size_t n)
{
	ssize_t r = receive(in, p, n, in->packets ? MSG_TRUNC : 0);

	in->next = -1;
	if (r <= 0 || (size_t)r <= n)
		return r;
	errno = EMSGSIZE;
	return -1;
}

/*
 * From `at` on, or from the position if that is -1. What is not aligned, memory
 * or the end of a file, goes through the page cache from then on.
 */
static ssize_t
read_at(struct input *in, void *p, size_t n, off_t at)
{
	ssize_t r = at == -1 ? read(place_of(in), p, n) :
			       pread(in->fd, p, n, at);

	if (r != -1 || errno != EINVAL || !in->direct)
		return r;
	set_direct(in, false);
	return read_at(in, p, n, at);
}

/* How much of n is read at once: behind an error, a block. */
static size_t
careful_size(const struct input *in, size_t n)
{
	n = in->careful > 0 && n > in->block ? in->block : n;
	return in->reserved > 0 && n > in->reserved ? in->reserved : n;
}

/* n bytes have been read, from the region if there is one. */
static void
took(struct input *in, size_t n)
{
	if (in->reserved > 0)
		input_took(in, n);
	in->careful -= in->careful < n ? in->careful : n;
}

ssize_t
input_read(struct input *in, void *p, size_t n)
{
	ssize_t r;

	if (in->kind == INPUT_SOCKET)
		return read_socket(in, p, n);
	/* O_DIRECT is on a description that has a position of its own */
	if (in->given != -1 && input_reserve(in, careful_size(in, n)) == -1)
		return -1;
	r = read_at(in, p, careful_size(in, n), in->reserved > 0 ? in->at : -1);
	if (r > 0)
		took(in, (size_t)r);
	else if (r == 0)
		in->reserved = 0; /* it has been shortened */
	return r;
}

ssize_t
input_look(struct input *in, void *p, size_t n)
{
	ssize_t r;

	if (in->reserved == 0)
		in->at = lseek(place_of(in), 0, SEEK_CUR);
	if (in->at == -1)
		return -1;
	r = read_at(in, p, careful_size(in, n), in->at);
	if (r == 0)
		in->reserved = 0; /* it has been shortened */
	return r;
}

ssize_t
input_take(struct input *in, size_t n, size_t all)
{
	off_t at = in->at;

	if (input_reserve(in, n) == -1)
		return -1;
	if (in->at != at || in->reserved < n) {
		errno = EINTR;
		return -1;
	}
	took(in, n);
	if (n == all || input_give_back(in))
		return (ssize_t)n;
	errno = EBUSY;
	return -1;
}

ssize_t
input_next_record(struct input *in)
{
	/* an empty datagram can be peeked at only once (datagram.c) */
	if (in->next == -1)
		in->next = receive(in, NULL, 0, MSG_PEEK | MSG_TRUNC);
	return in->next;
}

bool
input_is_stream(struct input *in)
{
	char bytes[2 * PIPE_BUF];
	int copy[2];
	ssize_t held, got;

	if (in->packets || input_pending(in) == 0 ||
	    pipe2(copy, O_CLOEXEC) == -1)
		return false;
	/* a copy of what is in front keeps its records (splice.c, link_pipe) */
	held = tee(in->fd, copy[1], sizeof(bytes), SPLICE_F_NONBLOCK);
	got = held > 0 ? read(copy[0], bytes, sizeof(bytes)) : 0;
	fd_close_pair(copy);
	in->packets = got > 0 && got < held;
	return !in->packets && got > PIPE_BUF;
}

bool
input_ended(const struct input *in)
{
	struct pollfd p = { in->fd, POLLIN, 0 };
	char byte;

	switch (in->kind) {
	case INPUT_PIPE:
		return poll(&p, 1, 0) == 1 && p.revents == POLLHUP;
	case INPUT_SOCKET:
		return !in->packets &&
		    recv(in->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
	case INPUT_FILE:
	case INPUT_BLOCK:
		return in->reserved == 0 && left_of(in) == 0;
	default:
		return false;
	}
}

ssize_t
input_skip(struct input *in, size_t most)
{
	int saved = errno;
	bool first = in->careful == 0;
	off_t pos, end = end_of(in);
	ssize_t skipped = -1;
	size_t n;

	pos = in->reserved > 0 ? in->at : lseek(place_of(in), 0, SEEK_CUR);
	if (pos == -1 || end <= pos)
		goto out;
	in->careful = CAREFUL;
	skipped = 0;
	if (first)
		goto out;
	n = in->block - (size_t)(pos % (off_t)in->block);
	n = n < most ? n : most;
	if ((off_t)n > end - pos)
		n = (size_t)(end - pos);
	if (input_reserve(in, n) == -1)
		skipped = -1;
	else if (in->at == pos) { /* or it has moved, and may be readable */
		n = n < in->reserved ? n : in->reserved;
		input_took(in, n);
		skipped = (ssize_t)n;
	}
out:
	errno = saved;
	return skipped;
}

size_t
input_largest(const struct input *in)
{
	return in->packets && in->kind == INPUT_SOCKET ? PACKET : in->record;
}

bool
input_pollable(const struct input *in)
{
	return in->kind != INPUT_FILE && in->kind != INPUT_BLOCK;
}

size_t
input_pending(const struct input *in)
{
	int n;

	if (in->kind != INPUT_PIPE || ioctl(in->fd, FIONREAD, &n) == -1)
		return 0;
	return (size_t)n;
}

int
input_close(struct input *in)
{
	int r = 0;

	(void)input_give_back(in);
	if (in->owned && in->fd != -1)
		r = retry_close(in->fd);
	in->fd = in->given = -1;
	return r;
}
