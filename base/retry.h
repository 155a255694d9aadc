/* SPDX-License-Identifier: ISC */
/*
 * retry: repeats a system call that a signal handler has interrupted (EINTR,
 * signal(7)), unless the signal ends us.
 */
#ifndef BASE_RETRY_H
#define BASE_RETRY_H

#include <sys/types.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>

/* The signal that ends us, or 0. Set by the handler, and never cleared. */
extern volatile sig_atomic_t retry_ended;

/* do r = call(...); while (retry(r)); */
static inline bool
retry(ssize_t r)
{
	return r == -1 && errno == EINTR && !retry_ended;
}

/*
 * close(2), but EINTR counts as success: the descriptor has been released by
 * then, and its number may be in use again. 0, or -1 with errno.
 */
int retry_close(int fd);

#endif
