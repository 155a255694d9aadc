/* SPDX-License-Identifier: ISC */
/*
 * rows: a terminal that several zpipes draw on, each in a row of its own. It
 * knows which one is ours and how many there are, and draws nothing.
 */
#ifndef SHOW_ROWS_H
#define SHOW_ROWS_H

#include <stdbool.h>
#include <stdint.h>

struct rows {
	int tty;     /* the caller's */
	int fd;      /* the file with everybody's rows, or -1 */
	unsigned at; /* our row */
	bool joined; /* we have one */
};
#define ROWS_INITIALIZER            \
	{                           \
		.tty = -1, .fd = -1 \
	}

/*
 * Nobody else draws from here to rows_unlock(). False with EAGAIN if another
 * one has it for all that time, or with another errno and rows_drop() done if
 * it cannot be had at all. It waits for at most usec microseconds.
 */
bool rows_lock(struct rows *, uint64_t usec);
void rows_unlock(const struct rows *); /* errno is kept */

/* The others below need the lock. */

/* Somebody else has a row. */
bool rows_others(const struct rows *);

unsigned rows_count(const struct rows *);

/* 0, or -1 with errno. */
int rows_set(const struct rows *, unsigned count);

/* Takes the row below the last one, and counts it; false if it cannot. */
bool rows_take(struct rows *);

/* Gives that up, and all our locks. It needs none. */
void rows_drop(struct rows *);

/* The same for good, with the lock: the last one of all removes the file. */
void rows_leave(struct rows *, uint64_t usec);

#endif
