/* SPDX-License-Identifier: ISC */
/*
 * rows: divides a terminal among several zpipes, each of which draws in a row
 * of its own. Draws nothing.
 */
#ifndef SHOW_ROWS_H
#define SHOW_ROWS_H

#include <stdbool.h>
#include <stdint.h>

struct rows {
	int tty;     /* the caller's */
	int fd;      /* the file that counts the rows, or -1 */
	unsigned at; /* our row */
	bool joined; /* we have one: the caller's */
};
#define ROWS_INITIALIZER            \
	{                           \
		.tty = -1, .fd = -1 \
	}

/*
 * Keeps others from drawing, until rows_unlock(). Waits for at most usec
 * microseconds. False with errno: EAGAIN if another one kept the lock; anything
 * else, after rows_drop(), if the terminal cannot be shared.
 */
bool rows_lock(struct rows *, uint64_t usec);
void rows_unlock(const struct rows *); /* keeps errno */

/* The next four need the lock. */

/* Whether another one has a row. */
bool rows_others(const struct rows *);

unsigned rows_count(const struct rows *);

/* 0, or -1 with errno. */
int rows_set(const struct rows *, unsigned count);

/* Takes a new row below the last one. False if that fails. */
bool rows_take(struct rows *);

/* Gives up our row and our locks. */
void rows_drop(struct rows *);

/* The same for good. Takes the lock: the last one to leave removes the file. */
void rows_leave(struct rows *, uint64_t usec);

#endif
