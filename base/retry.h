/* SPDX-License-Identifier: ISC */
/*
 * retry: a signal handler may cut a system call short (EINTR, signal(7)). The
 * call is made again, unless the signal is one that ends us.
 */
#ifndef BASE_RETRY_H
#define BASE_RETRY_H

#include <sys/types.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>

/* The signal that ends us, or 0: set by the handler, never cleared. */
extern volatile sig_atomic_t retry_ended;

/* do r = call(...); while (retry(r)); */
static inline bool
retry(ssize_t r)
{
	return r == -1 && errno == EINTR && !retry_ended;
}

/*
 * close(2), which releases the descriptor before a signal can cut it short:
 * EINTR is no failure, and a second call would close somebody else's. 0, or -1
 * with errno.
 */
int retry_close(int fd);

#endif
