/* SPDX-License-Identifier: ISC */
/* pair: a private pipe within zpipe, for splice(2) and tee(2). */
#ifndef ENGINE_PAIR_H
#define ENGINE_PAIR_H

#include <stddef.h>

struct pair {
	int fd[2];   /* its ends, or -1 */
	int null;    /* where tee's leftovers go, or -1 */
	size_t held; /* bytes that are in it */
};
#define PAIR_INITIALIZER                     \
	{                                    \
		.fd = { -1, -1 }, .null = -1 \
	}

/* 0, or -1 with errno; it stays open until pair_close(). */
int pair_open(struct pair *);
void pair_close(struct pair *);

#endif
