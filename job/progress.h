/* SPDX-License-Identifier: ISC */
/*
 * progress: how far another process is in each of its files, how fast, and how
 * long it will take. It prints nothing.
 */
#ifndef JOB_PROGRESS_H
#define JOB_PROGRESS_H

#include "peer/watch.h"
#include "show/meter.h"

struct progress_row {
	struct watched file;
	struct meter meter;
};

struct progress {
	struct watch watch;
	uint64_t window;   /* for the meters */
	uint64_t expected; /* of the only descriptor, if it is known; or 0 */
	struct progress_row *rows; /* in the order of watch.fds */
	size_t nrows;
};

/*
 * As watch_open(), which says what is returned. The caller may set expected.
 * progress_close() is safe after both ends.
 */
int progress_open(struct progress *, pid_t, int only, uint64_t window);

/*
 * As watch_look(): a row for each descriptor. One that is there again, open on
 * the same file for the same, keeps its meter. Without memory the rows stay as
 * they were.
 */
bool progress_look(struct progress *, uint64_t now);

void progress_close(struct progress *);

#endif
