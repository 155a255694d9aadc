/* SPDX-License-Identifier: ISC */
/*
 * watch: the files that another process has open, and its position in each
 * (/proc/PID/fd and fdinfo, proc(5)).
 */
#ifndef PEER_WATCH_H
#define PEER_WATCH_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A descriptor of that process. */
struct watched {
	int fd;
	char name[256]; /* the last part of the path, as pv shows it */
	dev_t dev;
	ino_t ino;
	uint64_t pos;
	uint64_t size; /* of the file or block device; 0: unknown */
	bool writing;  /* open for writing only: the size is not a goal */
	bool closed;   /* gone since the previous look */
	bool seen;     /* by the last look */
	void *own;     /* the caller's, NULL at first; freed by free(3) */
};

struct watch {
	pid_t pid;
	int only;         /* the descriptor to watch, or -1: all */
	bool gone;        /* watch_look() has returned false */
	uint64_t started; /* tells a new process with the same number */
	struct watched *fds;
	size_t nfds;
};

/*
 * Whether the process has that name, of which the kernel keeps 15 bytes
 * (/proc/PID/comm) and no more are compared.
 */
bool watch_is_called(pid_t, const char *name);

/*
 * Finds all processes with that name except ours. Returns their number, and
 * them in *pidsp, for free(3), or -1 with errno and nothing to free.
 */
ssize_t watch_find(const char *name, pid_t **pidsp);

/*
 * 0, or -1 with errno: ESRCH no such process, EACCES not ours, EBADF no such
 * descriptor, ESPIPE not a file with a position. There are no fds before the
 * first look. watch_close() is safe after both.
 */
int watch_open(struct watch *, pid_t, int only);

/*
 * Updates the fds, sorted by number. A closed descriptor is marked, and removed
 * at the next look; if its number has been reused, both are there, the closed
 * one first. A descriptor open on another file, or for another purpose, is a
 * new one. False, from then on, if nothing is left to watch: the process is
 * gone, or `only` is closed or replaced.
 */
bool watch_look(struct watch *);

void watch_close(struct watch *);

#endif
