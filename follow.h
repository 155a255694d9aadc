/* SPDX-License-Identifier: ISC */
/*
 * follow: shows how far other processes are: the files of any process, or
 * another zpipe that is asked. It prints no errors.
 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include <stdint.h>

#include "opts.h"

struct follow_calls {
	/* sleeps; false when a signal wants an end */
	bool (*nap)(void *ctx, uint64_t usec);
	/* this one is not watched: errno is that of watch_open() */
	void (*missing)(void *ctx, const struct process *);
	void *ctx;
};

/*
 * Until all the processes, or their descriptors, are gone; those that are not
 * there are told of first. Where stderr is no terminal nothing is shown unless
 * it was forced, but it waits all the same.
 */
void follow_files(const struct opts *, const struct follow_calls *);

/*
 * The same of another zpipe. 0, or -1 with errno and nothing shown, as
 * remote_connect() says.
 */
int follow_query(const struct opts *, const struct follow_calls *);

/* Tells a running zpipe what the options change: 0, or -1 with errno. */
int follow_change(const struct opts *);

#endif
