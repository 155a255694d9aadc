/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/refuse.h"
#include "base/size.h"
#include "peer/watch.h"

/* Bytes that the kernel keeps of the name of a process. */
enum {
	COMM = 15
};

/* The errno of watch_open() for an error in /proc. */
static int
no_process(void)
{
	return refuse(errno == ENOENT ? ESRCH :
		errno == EPERM        ? EACCES :
					errno);
}

/*
 * When the process started, in ticks since boot: the 22nd field. The second,
 * its name, may contain blanks and parentheses.
 */
static int
process_started(pid_t pid, uint64_t *started)
{
	char path[64], text[1024], *p;

	snprintf(path, sizeof(path), "/proc/%jd/stat", (intmax_t)pid);
	if (fd_text(path, text, sizeof(text)) == -1)
		return no_process();
	p = strrchr(text, ')');
	/* a zombie has no descriptors */
	if (p == NULL || strncmp(p, ") Z", 3) == 0 || strncmp(p, ") X", 3) == 0)
		return refuse(ESRCH);
	for (int field = 2; field < 22 && p != NULL; field++)
		p = strchr(p + 1, ' ');
	if (p == NULL)
		return refuse(ESRCH);
	*started = strtoull(p, NULL, 10);
	return 0;
}

/* The kernel marks the path of a removed file, but a name may end like that. */
static void
strip_deleted(char *path, const struct stat *st)
{
	static const char word[] = " (deleted)";
	size_t len = strlen(path), n = sizeof(word) - 1;
	struct stat named;

	if (len <= n || strcmp(path + len - n, word) != 0)
		return;
	if (lstat(path, &named) == -1 || !path_same(&named, st))
		path[len - n] = '\0';
}

static int
get_name(const char *link, const struct stat *st, struct watched *f)
{
	char path[PATH_MAX + 16];
	const char *last;
	ssize_t n = readlink(link, path, sizeof(path) - 1);

	if (n == -1 && errno != ENAMETOOLONG)
		return -1;
	path[n == -1 ? 0 : n] = '\0';
	strip_deleted(path, st);
	last = strrchr(path, '/');
	if (strlcpy(f->name, last != NULL ? last + 1 : path, sizeof(f->name)) ==
	    0)
		snprintf(f->name, sizeof(f->name), "fd %d", f->fd);
	return 0;
}

static int
get_position(pid_t pid, struct watched *f)
{
	char path[64], text[512];
	unsigned long mode;
	long long at;

	snprintf(path, sizeof(path), "/proc/%jd/fdinfo/%d", (intmax_t)pid,
	    f->fd);
	if (fd_text(path, text, sizeof(text)) == -1)
		return -1;
	if (sscanf(text, "pos: %lld flags: %lo", &at, &mode) != 2 ||
	    (mode & O_PATH) != 0)
		return refuse(ESPIPE);
	f->pos = at > 0 ? (uint64_t)at : 0;
	f->writing = (mode & O_ACCMODE) == O_WRONLY;
	return 0;
}

/* -1 with errno: ENOENT or ESRCH if it is not open, ESPIPE if not for us. */
static int
inspect(pid_t pid, int fd, struct watched *f)
{
	char link[64];
	struct stat st;

	snprintf(link, sizeof(link), "/proc/%jd/fd/%d", (intmax_t)pid, fd);
	if (stat(link, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return refuse(ESPIPE);
	*f = (struct watched){
		.fd = fd,
		.dev = st.st_dev,
		.ino = st.st_ino,
		.size = (uint64_t)st.st_size, /* 0 for a device */
		.seen = true,
	};
	if (get_position(pid, f) == -1 || get_name(link, &st, f) == -1)
		return -1;
	if (S_ISBLK(st.st_mode))
		size_file(link, &f->size);
	return 0;
}

static DIR *
open_fds(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%jd/fd", (intmax_t)pid);
	return opendir(path);
}

int
watch_open(struct watch *w, pid_t pid, int only)
{
	struct watched f;
	DIR *dir;

	*w = (struct watch){ .pid = pid, .only = only };
	if (process_started(pid, &w->started) == -1)
		return -1;
	dir = open_fds(pid);
	if (dir == NULL)
		return no_process();
	closedir(dir);
	if (w->only == -1 || inspect(pid, only, &f) == 0)
		return 0;
	if (errno != ENOENT)
		return no_process();
	/* either the process or the descriptor has just gone */
	return process_started(pid, &w->started) == -1 ? -1 : refuse(EBADF);
}

bool
watch_is_called(pid_t pid, const char *name)
{
	char path[64], text[64];
	size_t len;

	snprintf(path, sizeof(path), "/proc/%jd/comm", (intmax_t)pid);
	if (fd_text(path, text, sizeof(text)) == -1)
		return false;
	len = strlen(text);
	if (len > 0 && text[len - 1] == '\n') /* the name may contain others */
		text[len - 1] = '\0';
	return strncmp(text, name, COMM) == 0;
}

ssize_t
watch_find(const char *name, pid_t **pidsp)
{
	DIR *dir = opendir("/proc");
	pid_t *pids = NULL, *more;
	const struct dirent *e;
	ssize_t n = 0;

	if (dir == NULL)
		return -1;
	while ((e = readdir(dir)) != NULL) {
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);

		if (pid <= 0 || pid == getpid() || !watch_is_called(pid, name))
			continue;
		more = reallocarray(pids, (size_t)n + 1, sizeof(*pids));
		if (more == NULL)
			break;
		pids = more;
		pids[n++] = pid;
	}
	closedir(dir);
	if (e != NULL) {
		free(pids);
		return refuse(ENOMEM);
	}
	*pidsp = pids;
	return n;
}

static int
by_number(const void *a, const void *b)
{
	const struct watched *x = a, *y = b;

	return x->fd != y->fd ? x->fd - y->fd : y->closed - x->closed;
}

/* Removes those that were closed at the last look. */
static void
drop_closed(struct watch *w)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->nfds; i++) {
		if (w->fds[i].closed) {
			free(w->fds[i].own);
			continue;
		}
		w->fds[kept] = w->fds[i];
		w->fds[kept++].seen = false;
	}
	w->nfds = kept;
}

/* Looks at one descriptor. The first nold of the fds are sorted. */
static void
look_at(struct watch *w, int fd, size_t nold)
{
	struct watched seen, *old = NULL, *fds;

	if (inspect(w->pid, fd, &seen) == -1)
		return;
	if (nold > 0)
		old = bsearch(&seen, w->fds, nold, sizeof(seen), by_number);
	if (old != NULL && old->dev == seen.dev && old->ino == seen.ino &&
	    old->writing == seen.writing) {
		seen.own = old->own;
		*old = seen;
		return;
	}
	if (old != NULL && w->only != -1)
		return;
	/* without memory, the next look tries again */
	fds = reallocarray(w->fds, w->nfds + 1, sizeof(*fds));
	if (fds == NULL)
		return;
	w->fds = fds;
	fds[w->nfds++] = seen;
}

/* -1 with errno if its descriptors cannot be listed. */
static int
look_at_all(struct watch *w, size_t nold)
{
	DIR *dir = open_fds(w->pid);
	const struct dirent *e;

	if (dir == NULL)
		return -1;
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] >= '0' && e->d_name[0] <= '9')
			look_at(w, (int)strtol(e->d_name, NULL, 10), nold);
	}
	closedir(dir);
	return 0;
}

static int
look(struct watch *w)
{
	size_t nold = w->nfds;
	uint64_t started;

	if (process_started(w->pid, &started) == -1)
		return -1;
	if (started != w->started)
		return refuse(ESRCH);
	if (w->only == -1)
		return look_at_all(w, nold);
	look_at(w, w->only, nold);
	return 0;
}

bool
watch_look(struct watch *w)
{
	bool there, any = false;

	drop_closed(w);
	if (w->gone)
		return false;
	there = look(w) == 0;
	if (!there && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
		return true; /* a shortage of ours, which may pass */
	for (size_t i = 0; i < w->nfds; i++) {
		w->fds[i].closed = !w->fds[i].seen;
		any = any || w->fds[i].seen;
	}
	if (w->nfds > 1)
		qsort(w->fds, w->nfds, sizeof(w->fds[0]), by_number);
	w->gone = !there || (w->only != -1 && !any);
	return !w->gone;
}

void
watch_close(struct watch *w)
{
	for (size_t i = 0; i < w->nfds; i++)
		free(w->fds[i].own);
	free(w->fds);
	w->fds = NULL;
	w->nfds = 0;
}
