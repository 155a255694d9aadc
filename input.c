/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "input.h"

/* The kernel reads so far ahead by itself. */
enum {
	READAHEAD = 128 << 10
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

ssize_t
input_read(const struct input *in, void *p, size_t n)
{
	if (in->kind == INPUT_SOCKET)
		return recv(in->fd, p, n, MSG_DONTWAIT);
	return read(in->fd, p, n);
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
	int r = in->owned && in->fd != -1 ? close(in->fd) : 0;

	in->fd = -1;
	return r;
}
