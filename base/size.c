/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/refuse.h"
#include "base/size.h"

/* ---- files and devices ------------------------------------------------ */

/* The size of files in /proc and /sys is 0, whatever they hold. */
static bool
is_made_up(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 &&
	    (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC);
}

int
size_open(int fd, uint64_t *bytes)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return -1;
	if (S_ISBLK(st.st_mode))
		return ioctl(fd, BLKGETSIZE64, bytes);
	if (!S_ISREG(st.st_mode) || (st.st_size == 0 && is_made_up(fd)))
		return refuse(S_ISDIR(st.st_mode) ? EISDIR : ESPIPE);
	*bytes = (uint64_t)st.st_size;
	return 0;
}

/* The kernel's figure needs no permission to open the device. */
static int
size_device(dev_t dev, uint64_t *bytes)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/size", major(dev),
	    minor(dev));
	if (fd_text(path, text, sizeof(text)) == -1)
		return -1;
	*bytes = strtoull(text, NULL, 10) * 512;
	return 0;
}

int
size_file(const char *path, uint64_t *bytes)
{
	struct stat st;
	int fd, r;

	if (stat(path, &st) == -1)
		return -1;
	*bytes = (uint64_t)st.st_size;
	if (S_ISREG(st.st_mode) && st.st_size > 0)
		return 0;
	if (S_ISBLK(st.st_mode) && size_device(st.st_rdev, bytes) == 0)
		return 0;
	/* O_PATH needs no permission to read, and waits for no writer */
	fd = fd_open(path,
	    S_ISBLK(st.st_mode) ? O_RDONLY | O_NONBLOCK : O_PATH);
	if (fd == -1)
		return -1;
	r = size_open(fd, bytes);
	fd_close(&fd);
	return r;
}

int
size_room(int fd, uint64_t *bytes)
{
	struct stat st;
	uint64_t size;
	off_t at;

	if (fstat(fd, &st) == -1)
		return -1;
	if (!S_ISBLK(st.st_mode))
		return refuse(ENOTBLK);
	/* SEEK_END would move the offset, which others share */
	at = lseek(fd, 0, SEEK_CUR);
	if (at == -1 || ioctl(fd, BLKGETSIZE64, &size) == -1)
		return -1;
	if (size <= (uint64_t)at)
		return refuse(ENOSPC);
	*bytes = size - (uint64_t)at;
	return 0;
}

/* ---- directories ------------------------------------------------------ */

struct file {
	dev_t dev;
	ino_t ino;
};

static int
compare(const void *a, const void *b)
{
	const struct file *f = a, *g = b;

	if (f->dev != g->dev)
		return f->dev < g->dev ? -1 : 1;
	return (f->ino > g->ino) - (f->ino < g->ino);
}

/* 1 if no link to this file has been seen yet, 0 if one has, -1 with errno. */
static int
is_new(void **seen, const struct stat *st)
{
	struct file *f, **at;

	if (st->st_nlink < 2)
		return 1;
	f = malloc(sizeof(*f));
	if (f == NULL)
		return -1;
	*f = (struct file){ st->st_dev, st->st_ino };
	at = tsearch(f, seen, compare);
	if (at != NULL && *at == f)
		return 1;
	free(f);
	return at != NULL ? 0 : refuse(ENOMEM);
}

static int
add_files(FTS *tree, void **seen, uint64_t *bytes)
{
	FTSENT *e;
	int r;

	while (errno = 0, (e = fts_read(tree)) != NULL) {
		if (e->fts_info == FTS_DNR && e->fts_level == FTS_ROOTLEVEL)
			return refuse(e->fts_errno);
		if (e->fts_info != FTS_F)
			continue;
		r = is_new(seen, e->fts_statp);
		if (r == -1)
			return -1;
		if (r == 1)
			*bytes += (uint64_t)e->fts_statp->st_size;
	}
	return errno == 0 ? 0 : -1;
}

int
size_path(const char *path, uint64_t *bytes)
{
	char *paths[] = { (char *)(uintptr_t)path, NULL };
	void *seen = NULL;
	int r, saved;
	FTS *tree;

	if (size_file(path, bytes) == 0)
		return 0;
	if (errno != EISDIR)
		return -1;
	/* follow links given by name only; do not change the directory */
	tree = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR,
	    NULL);
	if (tree == NULL)
		return -1;
	*bytes = 0;
	r = add_files(tree, &seen, bytes);
	saved = errno;
	tdestroy(seen, free);
	fts_close(tree);
	errno = saved;
	return r;
}
