/* SPDX-License-Identifier: ISC */
/*
 * pidfile: a file that holds the number of this process while it runs. It
 * replaces nothing but a pid file whose process is gone, and removes only what
 * is its own.
 */
#ifndef BASE_PIDFILE_H
#define BASE_PIDFILE_H

#include <sys/stat.h>
#include <sys/types.h>

struct pidfile {
	const char *path; /* the caller's; NULL: there is none */
	struct stat st;   /* of the file that was made */
};

enum pidfile_end {
	PIDFILE_OK,
	PIDFILE_ERROR,   /* errno */
	PIDFILE_OTHER,   /* the path names something but a regular file */
	PIDFILE_HOLDS,   /* a file that holds something but a number */
	PIDFILE_RUNNING, /* a pid file whose process, *running, is there */
};

/*
 * Creates it (O_EXCL, O_NOFOLLOW), or replaces one that holds nothing but the
 * number of a process that is gone. Of several processes that try at once one
 * succeeds. From then on a signal that would end this process by default
 * removes the file first. The path must last until pidfile_delete(). Anything
 * but PIDFILE_OK: nothing has been changed.
 */
enum pidfile_end pidfile_create(struct pidfile *, const char *path,
    pid_t *running);

/* Removes it if it is still the same file and holds our number. */
void pidfile_delete(struct pidfile *);

#endif
