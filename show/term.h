/* SPDX-License-Identifier: ISC */
/*
 * term: the place where lines are drawn: a terminal, or a stream. What cannot
 * be written now is not drawn; it waits for at most 10 ms for others that share
 * the terminal, and longer only where that is said. It never touches termios,
 * leaves the terminal alone while somebody else has it, and shares it with
 * others of its kind if asked to.
 */
#ifndef SHOW_TERM_H
#define SHOW_TERM_H

#include <stdbool.h>
#include <stddef.h>

#include "show/outbuf.h"
#include "show/rows.h"

struct term {
	struct outbuf out;
	struct rows rows; /* of those that share the terminal */
	bool tty;
	bool utf8;        /* the locale has it */
	bool cursor;      /* -c: shares the terminal, each a row of its own */
	bool force;       /* the caller's: it is ours whoever has it */
	bool apart;       /* others have written: leave their row alone */
	bool marked;      /* the progress indicator is on */
	unsigned width;   /* columns to draw in; 80 if unknown */
	unsigned columns; /* that a row has; 0 if the terminal does not say */
	unsigned height;  /* rows */
	unsigned picture; /* rows that stand there and are not finished */
	unsigned drawn;   /* columns of the last of them */
	char *missed; /* the last line, if it could not be written; or NULL */
};
#define TERM_INITIALIZER                                            \
	{                                                           \
		.out = OUTBUF_INITIALIZER, .rows = ROWS_INITIALIZER \
	}

/*
 * fd is borrowed. width and height: 0 asks the terminal. 0, or -1 with errno
 * and nothing to close.
 */
int term_open(struct term *, int fd, bool cursor, unsigned width,
    unsigned height);

/* The window may have another size (SIGWINCH). */
void term_resized(struct term *, unsigned width, unsigned height);

/*
 * A line may be drawn now: force is set, or it is no terminal, or we are in its
 * foreground and nobody reads from it in a way of their own: with ECHO off (a
 * prompt for a passphrase) or ICANON off (a pager, an editor; termios(3)).
 * False also gives up the line that stands there: what is drawn when the
 * terminal is ours again begins in a row that nobody else has written in.
 */
bool term_ours(struct term *);

/* The same as if somebody else had it for a while: we are to be stopped. */
void term_yield(struct term *);

/*
 * Puts the line in place of the last one on a terminal, and behind it, with a
 * newline of its own, elsewhere. False if it could not be written now. The
 * text is show_line()'s; a terminal cuts it at its width.
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
 * Finishes the line, and writes this below it, with a newline. It is never cut:
 * a terminal wraps it. Waits for at most 100 ms.
 */
void term_print(struct term *, const char *text);

/*
 * Clears the line, for a message; the next term_line() draws it again. On a
 * shared terminal nothing is cleared: the message, of one line, gets a row of
 * its own below the others.
 */
void term_clear(struct term *);

/* xterm's window title (OSC 2). */
void term_title(struct term *, const char *text);

/*
 * The progress indicator of the window or its tab (OSC 9;4, as ConEmu has it),
 * as show_percent() has it. term_finish() removes it, whoever has the terminal:
 * it takes no place on the screen. Nothing on a stream.
 */
void term_progress(struct term *, int percent);

/* Without a last line, or a newline. Safe where term_open() has failed. */
void term_close(struct term *);

#endif
