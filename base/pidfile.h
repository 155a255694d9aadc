/* SPDX-License-Identifier: ISC */
/* pidfile: a file that holds our process number while we run. */
#ifndef BASE_PIDFILE_H
#define BASE_PIDFILE_H

#include <sys/stat.h>
#include <sys/types.h>

struct pidfile {
	const char *path; /* the caller's; NULL: no file */
	struct stat st;   /* of the file created */
};

enum pidfile_end {
	PIDFILE_OK,
	PIDFILE_ERROR,   /* errno */
	PIDFILE_OTHER,   /* the path is not a regular file */
	PIDFILE_HOLDS,   /* the file holds something else than a number */
	PIDFILE_RUNNING, /* it holds the number of a process: *running */
};

/*
 * Creates the file (O_EXCL, O_NOFOLLOW), or replaces one that holds only the
 * number of a process that is gone. If several processes try at once, one
 * succeeds. From then on, a signal whose default is to end us removes the file
 * first. The path must last until pidfile_delete(). Anything but PIDFILE_OK
 * leaves everything as it was.
 */
enum pidfile_end pidfile_create(struct pidfile *, const char *path,
    pid_t *running);

/* Removes the file if it is still the same one and holds our number. */
void pidfile_delete(struct pidfile *);

#endif
