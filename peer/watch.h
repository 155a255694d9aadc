/* SPDX-License-Identifier: ISC */
/*
 * watch: the files that another process has open, and how far it is in each
 * (/proc/PID/fd and fdinfo, proc(5)).
 */
#ifndef PEER_WATCH_H
#define PEER_WATCH_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One descriptor of it. */
struct watched {
	int fd;
	char name[256]; /* the path's last part, as pv shows it */
	dev_t dev;      /* what it is: a new file with the old number */
	ino_t ino;      /* is another one */
	uint64_t pos;   /* where the process is */
	uint64_t size;  /* of the file or block device; 0: unknown */
	bool writing;   /* open for writing only: its size is no aim */
	bool closed;    /* it was there the last time */
	bool seen;      /* by the last look */
	void *own;      /* the caller's, NULL at first; freed by free(3) */
};

struct watch {
	pid_t pid;
	int only;         /* this descriptor, or -1: all */
	bool gone;        /* watch_look() has said so */
	uint64_t started; /* of the process: its number may be used again */
	struct watched *fds;
	size_t nfds;
};

/*
 * Whether the process has that name. The kernel keeps 15 bytes of a name
 * (/proc/PID/comm), and no more are compared.
 */
bool watch_is_called(pid_t, const char *name);

/*
 * The processes of that name but our own: as many as are returned, in *pidsp,
 * which is the caller's to free(3). -1 with errno, and nothing to free.
 */
ssize_t watch_find(const char *name, pid_t **pidsp);

/*
 * 0, or -1 with errno: ESRCH no such process, EACCES not ours, EBADF it has
 * no such descriptor, ESPIPE that descriptor is no file with a position.
 * There are no fds before the first look. watch_close() is safe after both.
 */
int watch_open(struct watch *, pid_t, int only);

/*
 * Looks again: new descriptors appear, closed ones are marked closed and
 * leave at the call after that. The fds are sorted by number; a number that
 * was closed and opened again is there twice, the closed one first.
 * False when there is nothing to watch any more, and ever after: the process
 * is gone or, with `only`, the descriptor is, or is another file by now.
 */
bool watch_look(struct watch *);

void watch_close(struct watch *);

#endif
