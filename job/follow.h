/* SPDX-License-Identifier: ISC */
/*
 * follow: shows how far other processes are: the files of any process, or
 * another zpipe that is asked. It prints no errors.
 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include <stdint.h>

#include "opts.h"
#include "peer/message.h"

struct follow_calls {
	/*
	 * Sleeps, until fd is readable if it is not -1. False when a signal
	 * wants an end.
	 */
	bool (*nap)(void *ctx, uint64_t usec, int fd);
	/* this one is not watched: errno is that of watch_open() */
	void (*missing)(void *ctx, const struct process *);
	/* how this one, which was shown, has ended */
	void (*ended)(void *ctx, pid_t, const char *verdict);
	void *ctx;
};

/*
 * Until all the processes, or their descriptors, are gone; those that are not
 * there are told of first. Where stderr is no terminal nothing is shown unless
 * it was forced, but it waits. What was shown to a person (that is, without
 * --numeric) gets a verdict at last.
 */
void follow_files(const struct opts *, const struct follow_calls *);

/*
 * The same of another zpipe. 0, or -1 with errno and nothing shown, as
 * remote_ask() says; EPROTO it did not answer as it should; or EOPNOTSUPP: then
 * `why` says that it has refused, or speaks another version.
 */
int follow_query(const struct opts *, const struct follow_calls *,
    char why[MESSAGE_WHY]);

/*
 * Tells a running zpipe what the options change. The same; EMSGSIZE: a string
 * is too long. `why` names an option that would be without effect.
 */
int follow_change(const struct opts *, char why[MESSAGE_WHY]);

#endif
