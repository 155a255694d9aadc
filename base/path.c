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

/* The number that a name consists of, written as /proc does it, or -1. */
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

/* Copies a path of less than PATH_MAX bytes without "." and extra slashes. */
static void
simplify(const char *path, char *simple)
{
	size_t n = 0;

	while (*path != '\0') {
		if (path[0] == '/' && path[1] == '/') {
			path++;
			continue;
		}
		if (path[0] == '/' && path[1] == '.' && path[2] == '/') {
			path += 2;
			continue;
		}
		simple[n++] = *path++;
	}
	simple[n] = '\0';
}

/*
 * By its spelling, which is also right where /proc is not mounted or the
 * descriptor is not open.
 */
static int
spelled(const char *path)
{
	char pid[sizeof("/proc//fd/") + 3 * sizeof(int)];
	const char *const prefixes[] = { "/dev/fd/", "/proc/self/fd/",
		"/proc/thread-self/fd/", pid };

	if (strncmp(path, "/dev/", 5) != 0 && strncmp(path, "/proc/", 6) != 0)
		return -1;
	snprintf(pid, sizeof(pid), "/proc/%d/fd/", (int)getpid());
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t n = strlen(prefixes[i]);

		if (strncmp(path, prefixes[i], n) == 0)
			return number_of(path + n);
	}
	return -1;
}

/* The directory is the one in /proc that lists our descriptors. */
static bool
lists_ours(const char *dir)
{
	static const char *const lists[] = { "/proc/self/fd",
		"/proc/thread-self/fd" };
	struct stat st, list;

	if (stat(dir, &st) == -1)
		return false;
	for (size_t i = 0; i < 2; i++)
		if (stat(lists[i], &list) == 0 && path_same(&st, &list))
			return true;
	return false;
}

/*
 * The path is a symbolic link to target. Returns the descriptor that it stands
 * for, or -1 with path changed to where it leads.
 */
static int
follow(char path[PATH_MAX], const char *target)
{
	char *name = strrchr(path, '/');
	char dir[PATH_MAX] = ".", next[PATH_MAX];
	int fd;

	if (name != NULL) {
		strlcpy(dir, path, (size_t)(name - path) + 2);
		name++;
	} else
		name = path;
	fd = number_of(name);
	if (fd != -1 && lists_ours(dir))
		return fd;
	if (target[0] == '/')
		strlcpy(next, target, sizeof(next));
	else if (strlcpy(next, dir, sizeof(next)) + strlen("/") +
		strlen(target) <
	    sizeof(next)) {
		strlcat(next, "/", sizeof(next));
		strlcat(next, target, sizeof(next));
	} else
		next[0] = '\0';
	strlcpy(path, next, PATH_MAX);
	return -1;
}

int
path_descriptor(const char *path)
{
	char at[PATH_MAX], simple[PATH_MAX], target[PATH_MAX];
	int saved = errno, fd = -1;

	if (strlcpy(at, path, sizeof(at)) >= sizeof(at))
		return -1;
	for (int i = 0; i < LINKS_MOST && fd == -1; i++) {
		struct stat st;
		ssize_t n;

		simplify(at, simple);
		fd = spelled(simple);
		/* somebody may have put a file of that name there */
		if (fd != -1 && lstat(simple, &st) == 0 && !S_ISLNK(st.st_mode))
			fd = -1;
		if (fd != -1)
			break;
		n = readlink(simple, target, sizeof(target) - 1);
		if (n <= 0)
			break;
		target[n] = '\0';
		strlcpy(at, simple, sizeof(at));
		fd = follow(at, target);
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
