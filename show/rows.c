/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/retry.h"
#include "base/rundir.h"
#include "show/rows.h"

enum {
	STEP_MS = 1
};

/*
 * Between two drawings the cursor rests at the beginning of the line below the
 * last row; each drawing is one write, which moves it to a row and back. The
 * length of a file, in bytes, is the number of rows. Whoever draws holds
 * flock(2) on it. Each process also locks the byte of its row (F_OFD_SETLK,
 * fcntl(2)), which shows that it lives: that lock ends with the process. If
 * nobody holds one, the rows are stale.
 */
static int
path_of(int tty, char *path, size_t size)
{
	char dir[PATH_MAX];
	struct stat st;
	unsigned dev;
	int n;

	if (rundir_make(dir, sizeof(dir)) == -1)
		return -1;
	/* the terminal itself, where tty may be /dev/tty */
	if (ioctl(tty, TIOCGDEV, &dev) == -1) {
		if (fstat(tty, &st) == -1)
			return -1;
		dev = (unsigned)st.st_rdev;
	}
	n = snprintf(path, size, "%s/tty-%u-%u", dir, major(dev), minor(dev));
	return n > 0 && (size_t)n < size ? 0 : -1;
}

static int
open_file(int tty)
{
	char path[PATH_MAX];
	int fd;

	if (path_of(tty, path, sizeof(path)) == -1)
		return -1;
	do
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		    0600);
	while (retry(fd));
	return fd;
}

void
rows_drop(struct rows *r)
{
	fd_close(&r->fd);
	r->joined = false;
}

/* If the file has been removed before we got the lock, opens a new one. */
bool
rows_lock(struct rows *r, uint64_t usec)
{
	struct stat st;

	for (uint64_t end = clock_now() + usec;;) {
		if (r->fd == -1 && (r->fd = open_file(r->tty)) == -1)
			break;
		if (flock(r->fd, LOCK_EX | LOCK_NB) == 0) {
			if (fstat(r->fd, &st) == -1)
				break;
			if (r->joined || st.st_nlink > 0)
				return true;
			rows_drop(r);
		} else if (errno != EWOULDBLOCK && errno != EINTR)
			break;
		if (clock_now() >= end) {
			errno = EAGAIN;
			return false;
		}
		poll(NULL, 0, STEP_MS);
	}
	rows_drop(r);
	errno = EIO;
	return false;
}

void
rows_unlock(const struct rows *r)
{
	int saved = errno;

	if (r->fd != -1)
		flock(r->fd, LOCK_UN);
	errno = saved;
}

bool
rows_others(const struct rows *r)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(r->fd, F_OFD_GETLK, &all) == 0 && all.l_type != F_UNLCK;
}

unsigned
rows_count(const struct rows *r)
{
	struct stat st;

	if (fstat(r->fd, &st) == -1 || st.st_size > USHRT_MAX)
		return 0;
	return (unsigned)st.st_size;
}

int
rows_set(const struct rows *r, unsigned count)
{
	int n;

	do
		n = ftruncate(r->fd, (off_t)count);
	while (retry(n));
	return n;
}

bool
rows_take(struct rows *r)
{
	struct flock mine = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	r->at = rows_others(r) ? rows_count(r) : 0;
	mine.l_start = r->at;
	mine.l_len = 1;
	return fcntl(r->fd, F_OFD_SETLK, &mine) == 0 &&
	    rows_set(r, r->at + 1) == 0;
}

void
rows_leave(struct rows *r, uint64_t usec)
{
	char path[PATH_MAX];

	if (r->fd != -1 && rows_lock(r, usec) && !rows_others(r) &&
	    path_of(r->tty, path, sizeof(path)) == 0)
		unlink(path);
	rows_drop(r);
}
