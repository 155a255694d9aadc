/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"

/* As many symbolic links as the kernel follows (path_resolution(7)). */
enum {
	LINKS_MOST = 40
};

/* A name that is a number, as /proc writes it, or -1. */
static int
number_of(const char *name)
{
	const char *why;
	int n;

	if (name[strspn(name, "0123456789")] != '\0' ||
	    (name[0] == '0' && name[1] != '\0'))
		return -1;
	n = (int)strtonum(name, 0, INT_MAX, &why);
	return why == NULL ? n : -1;
}

/* Whether the directory lists our descriptors. */
static bool
lists_ours(const char *dir)
{
	static const char *const lists[] = { "/proc/self/fd",
		"/proc/thread-self/fd" };
	struct stat st, list;

	if (stat(dir, &st) == -1) /* without /proc, only its name tells */
		return strcmp(dir, "/dev/fd/.") == 0 ||
		    strcmp(dir, "/proc/self/fd/.") == 0;
	for (size_t i = 0; i < 2; i++)
		if (stat(lists[i], &list) == 0 && path_same(&st, &list))
			return true;
	return false;
}

int
path_descriptor(const char *path)
{
	char at[PATH_MAX], dir[PATH_MAX + 1], target[PATH_MAX];
	int saved = errno, fd = -1;

	if (strlcpy(at, path, sizeof(at)) >= sizeof(at))
		return -1;
	for (int i = 0; i < LINKS_MOST; i++) {
		char *slash = strrchr(at, '/');
		char *name = slash == NULL ? at : slash + 1;
		size_t room;
		ssize_t n;

		snprintf(dir, sizeof(dir), "%.*s.", (int)(name - at), at);
		fd = number_of(name);
		if (fd != -1 && lists_ours(dir))
			break;
		fd = -1;
		n = readlink(at, target, sizeof(target) - 1);
		if (n <= 0)
			break;
		target[n] = '\0';
		if (target[0] == '/')
			name = at;
		room = sizeof(at) - (size_t)(name - at);
		if (strlcpy(name, target, room) >= room)
			break;
	}
	errno = saved;
	return fd;
}

int
path_reopen(int fd, int flags)
{
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fd_open(path, flags);
}

bool
path_same(const struct stat *a, const struct stat *b)
{
	if (S_ISBLK(a->st_mode) && S_ISBLK(b->st_mode))
		return a->st_rdev == b->st_rdev;
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}
