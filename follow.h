/* SPDX-License-Identifier: ISC */
/*
 * follow: shows how far other processes are: the files of any process, or
 * another zpipe that is asked. It prints no errors.
 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include <stdint.h>

#include "opts.h"

/* How to sleep; false when a signal wants an end. */
struct follow_calls {
	bool (*nap)(void *ctx, uint64_t usec);
	void *ctx;
};

/*
 * Until the process, or its descriptor, is gone. 0, or -1 with errno and
 * nothing shown, as watch_open() and remote_connect() say. Where stderr is no
 * terminal nothing is shown unless it was forced, but it waits all the same.
 */
int follow_files(const struct opts *, const struct follow_calls *);
int follow_query(const struct opts *, const struct follow_calls *);

/* Tells a running zpipe what the options change: 0, or -1 with errno. */
int follow_change(const struct opts *);

#endif
