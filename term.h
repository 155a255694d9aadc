/* SPDX-License-Identifier: ISC */
/*
 * term: the place where lines are drawn: a terminal, or a stream. It never
 * blocks (what cannot be written now is not drawn), never touches termios,
 * never draws from a background process group, and shares a terminal with
 * others of its kind if asked to.
 */
#ifndef TERM_H
#define TERM_H

#include <stdbool.h>
#include <stddef.h>

#include "output.h"

struct term {
	struct output out;
	bool tty;
	bool utf8;       /* the locale has it */
	bool cursor;     /* -c: shares the terminal, each a row of its own */
	unsigned width;  /* columns to draw in; 80 if nobody can say */
	unsigned height; /* rows */
	unsigned drawn;  /* columns of the line that stands there */
	unsigned rows;   /* of a picture of several lines: term_rows() */
	int shared;      /* the file with everybody's rows, or -1 */
	unsigned row;    /* ours, in the picture that we share */
	bool joined;     /* we have one */
	bool stands;     /* a line that is not finished */
	char *missed; /* the last line, if it could not be written; or NULL */
	char *buf;    /* what is drawn: bytes off to len are to be written */
	size_t len, off, size;
	bool short_of; /* memory for that */
};
#define TERM_INITIALIZER                                 \
	{                                                \
		.out = OUTPUT_INITIALIZER, .shared = -1, \
	}

/*
 * fd is borrowed. width and height: 0 asks the terminal. 0, or -1 with errno
 * and nothing to close.
 */
int term_open(struct term *, int fd, bool cursor, unsigned width,
    unsigned height);

/* The window may have another size (SIGWINCH). */
void term_resized(struct term *, unsigned width, unsigned height);

/* A line may be drawn now: it is no terminal, or we are in its foreground. */
bool term_ours(const struct term *);

/*
 * Puts the line in place of the last one on a terminal, and behind it, with a
 * newline of its own, elsewhere. False if it could not be written now. Control
 * characters are left out; but colours may come to a terminal, and the line is
 * cut at its width.
 */
bool term_line(struct term *, const char *text);

/*
 * The same for a picture of several lines, which may grow and shrink; those
 * that the terminal is too low for are left out. It is not for shared ones.
 */
bool term_rows(struct term *, const char *const text[], size_t n);

/*
 * The line that stands there is finished: what is written next comes below
 * it. Tries a little harder than term_line(), and waits for at most 100 ms.
 */
void term_finish(struct term *);

/*
 * Clears the line, for a message; the next term_line() draws it again. On a
 * shared terminal nothing is cleared: the message, of one line, gets a row of
 * its own below the others.
 */
void term_clear(struct term *);

/* xterm's window title (OSC 2); NULL puts an empty one. */
void term_title(struct term *, const char *text);

/* Without a last line, or a newline. */
void term_close(struct term *);

#endif
