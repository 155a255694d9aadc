/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "input.h"

/*
 * READAHEAD: the kernel reads so far ahead by itself.
 * CAREFUL: so far behind an error blocks are read one by one: a device may
 *	refuse a large read for the sake of one sector.
 */
enum {
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

/* Where a file or a block device stands and ends. */
static off_t
left_of(const struct input *in)
{
	off_t pos = lseek(in->fd, 0, SEEK_CUR), end = in->st.st_size;

	if (in->kind == INPUT_BLOCK) {
		end = lseek(in->fd, 0, SEEK_END);
		if (end == -1 || lseek(in->fd, pos, SEEK_SET) == -1)
			return -1;
	} else if (in->kind != INPUT_FILE)
		return -1;
	if (pos == -1)
		return -1;
	return end > pos ? end - pos : 0;
}

int
input_open(struct input *in, const char *operand)
{
	int saved, flags;

	in->owned = strcmp(operand, "-") != 0;
	in->name = in->owned ? operand : "stdin";
	in->fd = in->owned ? open(operand, O_RDONLY | O_CLOEXEC | O_NOCTTY) :
			     STDIN_FILENO;
	if (in->fd == -1)
		return -1;
	flags = fcntl(in->fd, F_GETFL);
	if (flags == -1 || fstat(in->fd, &in->st) == -1)
		goto fail;
	if ((flags & O_ACCMODE) == O_WRONLY) {
		errno = EBADF; /* poll(2) would wait for it for ever */
		goto fail;
	}
	if (S_ISDIR(in->st.st_mode)) {
		errno = EISDIR;
		goto fail;
	}
	in->kind = kind_of(&in->st, in->fd);
	in->left = left_of(in);
	if (in->owned && in->kind == INPUT_FILE && in->left > READAHEAD)
		posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
fail:
	saved = errno;
	input_close(in);
	errno = saved;
	return -1;
}

int
input_peek(const char *operand, enum input_kind *kind)
{
	bool owned = strcmp(operand, "-") != 0;
	struct stat st;

	if ((owned ? stat(operand, &st) : fstat(STDIN_FILENO, &st)) == -1)
		return -1;
	*kind = kind_of(&st, owned ? -1 : STDIN_FILENO);
	return 0;
}

static void
set_direct(struct input *in, bool on)
{
	int flags = fcntl(in->fd, F_GETFL);

	flags = on ? flags | O_DIRECT : flags & ~O_DIRECT;
	in->direct = fcntl(in->fd, F_SETFL, flags) == 0 && on;
}

void
input_direct(struct input *in)
{
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
	off_t pos = lseek(in->fd, 0, SEEK_CUR);
	int fd;

	if ((in->kind != INPUT_FILE && in->kind != INPUT_BLOCK) || pos == -1)
		return;
	if (!in->owned) {
		/* its flags are other processes' flags as well */
		snprintf(path, sizeof(path), "/proc/self/fd/%d", in->fd);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (fd == -1)
			return;
		if (lseek(fd, pos, SEEK_SET) == -1) {
			close(fd);
			return;
		}
		in->given = in->fd;
		in->fd = fd;
		in->owned = true;
	}
	set_direct(in, true);
}

ssize_t
input_read(struct input *in, void *p, size_t n)
{
	ssize_t r;

	if (in->kind == INPUT_SOCKET)
		return recv(in->fd, p, n, MSG_DONTWAIT);
	if (in->careful > 0 && n > in->block)
		n = in->block;
	r = read(in->fd, p, n);
	if (r == -1 && errno == EINVAL && in->direct) {
		/* the end of a file, or memory, that is not aligned */
		set_direct(in, false);
		r = read(in->fd, p, n);
	}
	if (r > 0)
		in->careful -= in->careful < (size_t)r ? in->careful :
							 (size_t)r;
	return r;
}

ssize_t
input_skip(struct input *in, size_t most)
{
	int saved = errno;
	off_t pos = lseek(in->fd, 0, SEEK_CUR), left;
	size_t n;

	if (pos == -1 || (left = left_of(in)) <= 0) {
		errno = saved;
		return -1;
	}
	n = in->block - (size_t)(pos % (off_t)in->block);
	if (in->careful == 0) {
		in->careful = CAREFUL;
		return 0;
	}
	in->careful = CAREFUL;
	n = n < most ? n : most;
	if ((off_t)n > left)
		n = (size_t)left;
	if (lseek(in->fd, pos + (off_t)n, SEEK_SET) == -1) {
		errno = saved;
		return -1;
	}
	errno = saved;
	return (ssize_t)n;
}

void
input_back(const struct input *in, size_t n)
{
	if (in->kind == INPUT_FILE || in->kind == INPUT_BLOCK)
		(void)lseek(in->fd, -(off_t)n, SEEK_CUR);
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

	if (in->given != -1) {
		off_t pos = lseek(in->fd, 0, SEEK_CUR);

		if (pos != -1)
			(void)lseek(in->given, pos, SEEK_SET);
	}
	if (in->owned && in->fd != -1)
		r = close(in->fd);
	in->fd = in->given = -1;
	return r;
}
