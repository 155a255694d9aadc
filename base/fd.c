/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/retry.h"

int
fd_open(const char *path, int flags)
{
	int fd;

	do
		fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0666);
	while (retry(fd));
	return fd;
}

int
fd_text(const char *path, char *text, size_t size)
{
	int fd = fd_open(path, O_RDONLY);
	ssize_t n;

	if (fd == -1)
		return -1;
	do
		n = read(fd, text, size - 1);
	while (retry(n));
	fd_close(&fd);
	if (n == -1)
		return -1;
	text[n] = '\0';
	return 0;
}

void
fd_close(int *fd)
{
	int saved = errno;

	if (*fd != -1)
		close(*fd);
	*fd = -1;
	errno = saved;
}

void
fd_close_pair(int ends[2])
{
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

int
fd_set_flag(int fd, int flag, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1)
		return -1;
	return fcntl(fd, F_SETFL, on ? flags | flag : flags & ~flag);
}
