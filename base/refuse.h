/* SPDX-License-Identifier: ISC */
/* refuse: a failure of our own, reported as system calls report theirs. */
#ifndef BASE_REFUSE_H
#define BASE_REFUSE_H

#include <errno.h>

/* Returns -1 with that errno. */
static inline int
refuse(int error)
{
	errno = error;
	return -1;
}

#endif
