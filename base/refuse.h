/* SPDX-License-Identifier: ISC */
/* refuse: fails as system calls do. */
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
