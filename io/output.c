/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include "io/output.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/retry.h"

/* What a pipe takes if nobody has changed it (pipe(7)). */
enum {
	PIPE_HOLDS = 64 << 10
};

static enum output_kind
kind_of(const struct stat *st, bool tty)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFIFO:
		return OUTPUT_PIPE;
	case S_IFSOCK:
		return OUTPUT_SOCKET;
	case S_IFCHR:
		if (st->st_rdev == makedev(1, 3))
			return OUTPUT_NULL;
		return tty ? OUTPUT_TTY : OUTPUT_CHAR;
	default:
		return OUTPUT_FILE;
	}
}

/* Sockets but SOCK_STREAM, and pipes in packet mode (pipe(7)). */
static bool
has_packets(const struct output *o)
{
	int type = SOCK_STREAM;
	socklen_t len = sizeof(type);

	if (o->kind == OUTPUT_PIPE)
		return (o->writer.flags & O_DIRECT) != 0;
	if (o->kind == OUTPUT_SOCKET)
		(void)getsockopt(o->fd, SOL_SOCKET, SO_TYPE, &type, &len);
	return type != SOCK_STREAM;
}

int
output_init(struct output *o, int fd, const char *name)
{
	*o = (struct output)OUTPUT_INITIALIZER;
	o->name = name;
	if (writer_open(&o->writer, fd, &o->st) == -1)
		return -1;
	o->fd = fd;
	o->kind = kind_of(&o->st, o->writer.tty);
	o->append = (o->writer.flags & O_APPEND) != 0;
	o->packets = has_packets(o);
	o->vmsplices = o->kind == OUTPUT_PIPE && !o->packets;
	o->holds = PIPE_HOLDS;
	return 0;
}

/*
 * ENXIO: if it is a FIFO, it has no reader yet. It is held by O_PATH, which
 * needs no reader: its name may be given to something else meanwhile.
 */
static int
expect_reader(struct output *o, const char *path)
{
	int fd = fd_open(path, O_PATH);
	struct statfs fs;

	if (fd == -1)
		return -1;
	if (fstat(fd, &o->st) == -1 || fstatfs(fd, &fs) == -1)
		goto fail;
	errno = ENXIO;
	if (!S_ISFIFO(o->st.st_mode))
		goto fail;
	/* a pipe that has no name will never get another reader */
	errno = EPIPE;
	if (fs.f_type == PIPEFS_MAGIC)
		goto fail;
	o->kind = OUTPUT_PIPE;
	o->opened = o->vmsplices = true;
	o->holds = PIPE_HOLDS;
	o->fifo = path;
	o->fifo_fd = fd;
	return 0;
fail:
	fd_close(&fd);
	return -1;
}

/*
 * O_NONBLOCK: a FIFO without a reader must not hold up the others (ENXIO,
 * fifo(7)), and the description is ours alone, so that nobody is disturbed.
 */
int
output_open(struct output *o, const char *path, bool append)
{
	int fd = fd_open(path,
	    O_WRONLY | O_CREAT | O_NONBLOCK | (append ? O_APPEND : 0));

	*o = (struct output)OUTPUT_INITIALIZER;
	o->name = path;
	if (fd == -1)
		return errno == ENXIO ? expect_reader(o, path) : -1;
	if (output_init(o, fd, path) == -1) {
		fd_close(&fd);
		return -1;
	}
	o->opened = true;
	return 0;
}

/*
 * Opens the FIFO for writing, or -1 with errno. Without /proc it is opened by
 * its name, which cannot hurt what has taken its place: nothing is created,
 * emptied or waited for.
 */
static int
open_fifo(const struct output *o)
{
	int fd = path_reopen(o->fifo_fd, O_WRONLY | O_NONBLOCK);
	struct stat st;

	if (fd != -1 || errno != ENOENT)
		return fd;
	fd = fd_open(o->fifo, O_WRONLY | O_NONBLOCK);
	if (fd != -1 && (fstat(fd, &st) == -1 || !path_same(&st, &o->st))) {
		fd_close(&fd);
		errno = ESTALE;
	}
	return fd;
}

int
output_connect(struct output *o)
{
	struct stat st;
	int gone = 0;

	o->fd = open_fifo(o);
	if (o->fd == -1 && errno == ENXIO) {
		if (stat(o->fifo, &st) == -1)
			gone = errno;
		else if (!path_same(&st, &o->st))
			gone = ESTALE;
		/* a reader may have opened it just before */
		if (gone != 0)
			o->fd = open_fifo(o);
	}
	if (o->fd == -1) {
		if (errno == ENXIO || errno == EINTR)
			errno = gone != 0 ? gone : EAGAIN;
		return -1;
	}
	fd_close(&o->fifo_fd);
	o->fifo = NULL;
	o->writer = (struct writer){ .fd = o->fd,
		.to = o->fd,
		.own = true,
		.mode = o->st.st_mode };
	return 0;
}

int
output_pipe(struct output *o, const char *command, const char *name)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	/* the command's end is another description, and stays blocking */
	if (fcntl(ends[1], F_SETFL, O_NONBLOCK) == -1 ||
	    output_init(o, ends[1], name) == -1) {
		fd_close_pair(ends);
		return -1;
	}
	o->opened = o->writer.own = true;
	o->child_end = ends[0];
	o->command = command;
	return 0;
}

int
output_spawn(struct output *o)
{
	const char *const argv[] = { "sh", "-c", o->command, NULL };
	posix_spawn_file_actions_t acts;
	int r;

	r = posix_spawn_file_actions_init(&acts);
	if (r == 0) {
		r = posix_spawn_file_actions_adddup2(&acts, o->child_end,
		    STDIN_FILENO);
		if (r == 0)
			r = posix_spawn(&o->child, "/bin/sh", &acts, NULL,
			    (char *const *)(uintptr_t)argv, environ);
		posix_spawn_file_actions_destroy(&acts);
	}
	fd_close(&o->child_end);
	if (r == 0)
		return 0;
	o->child = 0;
	errno = r;
	return -1;
}

bool
output_same(const struct output *a, const struct output *b)
{
	if (a->fd == b->fd && a->fd != -1)
		return true;
	if (a->kind != b->kind || !path_same(&a->st, &b->st))
		return false;
	return a->kind == OUTPUT_PIPE || a->kind == OUTPUT_FILE ||
	    a->kind == OUTPUT_SOCKET;
}

const char *
output_kind_name(const struct output *o)
{
	static const char *const names[] = {
		[OUTPUT_FILE] = "file",
		[OUTPUT_PIPE] = "pipe",
		[OUTPUT_SOCKET] = "socket",
		[OUTPUT_TTY] = "terminal",
		[OUTPUT_NULL] = "null",
		[OUTPUT_CHAR] = "device",
	};

	return names[o->kind];
}

bool
output_ready(const struct output *o)
{
	return writer_ready(&o->writer);
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

	o->full = r == -1 && errno == EAGAIN;
	if (r != -1 || errno == EAGAIN || errno == EINTR || errno == EPIPE)
		return r;
	o->vmsplices = false;
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

/*
 * What has been taken of the stream if n bytes are unread. Other writers, or
 * bytes from before, only make it smaller. With holes in what the pipe was
 * given we know it before the first of them and, again, behind the last.
 */
static uint64_t
bound_of(struct output *o, uint64_t n)
{
	uint64_t taken = n < o->given ? o->given - n : 0;

	if (taken >= o->last_given) {
		o->last_given = 0;
		return taken + (o->sent - o->given);
	}
	return o->hole_dropped +
	    (taken < o->hole_given ? taken : o->hole_given);
}

int
output_drain(struct output *o)
{
	uint64_t bound;
	int n = 0;

	if (o->kind == OUTPUT_PIPE && o->left_at == 0 && !output_ready(o))
		return 0;
	/* without a reader the count never falls again */
	if (o->kind == OUTPUT_PIPE &&
	    (o->left_at != 0 || ioctl(o->fd, FIONREAD, &n) == -1)) {
		o->drained = o->sent;
		return -1;
	}
	bound = bound_of(o, (uint64_t)n);
	if (bound > o->drained)
		o->drained = bound;
	return 0;
}

uint64_t
output_taken(const struct output *o)
{
	uint64_t n;

	if (o->kind != OUTPUT_PIPE || o->fd == -1)
		return o->given;
	/* no slot is free: the pipe usually holds just what it takes */
	n = output_ready(o) ? output_unread(o) : o->holds;
	return n < o->given ? o->given - n : 0;
}

int
output_tell(struct output *o, bool on)
{
	struct writer *w = &o->writer;

	if (o->kind != OUTPUT_PIPE || o->fd == -1)
		return 0;
	if (!o->opened && w->to == o->fd && !writer_reopen(w))
		return -1;
	/* the number of the signal, given by name, brings its siginfo_t */
	if (fcntl(w->to, F_SETOWN, getpid()) == -1 ||
	    fcntl(w->to, F_SETSIG, SIGIO) == -1)
		return -1;
	return fd_set_flag(w->to, O_ASYNC, on);
}

void
output_gave(struct output *o, size_t n)
{
	o->sent += n;
	o->given += n;
}

void
output_skip(struct output *o, uint64_t off)
{
	if (o->last_given == 0) {
		o->hole_given = o->given;
		o->hole_dropped = o->sent - o->given;
	}
	o->last_given = o->given;
	o->sent = off;
}

bool
output_watchable(const struct output *o)
{
	return o->kind == OUTPUT_PIPE || o->kind == OUTPUT_SOCKET ||
	    o->kind == OUTPUT_TTY;
}

bool
output_left(const struct output *o)
{
	struct pollfd p = { o->fd, 0, 0 };

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLERR | POLLHUP)) != 0;
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
	int r, saved;

	output_give_back(o);
	/* either may be told of what a server could not write, and only once */
	r = writer_close(&o->writer);
	saved = errno;
	/* the user is still to hear of what happens */
	if (o->fd != -1 && o->fd != STDERR_FILENO && retry_close(o->fd) == -1 &&
	    r == 0) {
		r = -1;
		saved = errno;
	}
	fd_close(&o->child_end);
	fd_close(&o->fifo_fd);
	o->fd = -1;
	o->fifo = NULL;
	o->gone = true;
	errno = saved;
	return r;
}

void
output_full(struct output *o, bool full)
{
	o->full = full;
}

void
output_left_at(struct output *o, uint64_t when)
{
	o->left_at = when;
}

void
output_grow(struct output *o, size_t size)
{
	size_t holds = 0;

	if (o->kind == OUTPUT_PIPE && o->fd != -1)
		holds = pipe_grow(o->fd, size);
	if (holds != 0)
		o->holds = holds;
}

size_t
pipe_grow(int fd, size_t size)
{
	int now = fcntl(fd, F_GETPIPE_SZ), grown;

	if (size > INT_MAX / 2)
		size = INT_MAX / 2 + 1;
	/* unprivileged, beyond the limits: EPERM. Half is still better. */
	for (; now != -1 && size > (size_t)now; size /= 2)
		if ((grown = fcntl(fd, F_SETPIPE_SZ, (int)size)) != -1)
			return (size_t)grown;
	return now == -1 ? 0 : (size_t)now;
}
