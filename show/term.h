/* SPDX-License-Identifier: ISC */
/*
 * term: draws lines on a terminal, or writes them to a stream. What cannot be
 * written at once is not drawn. Functions that may block say so; the others
 * wait at most 10 ms, for others that share the terminal. Never changes the
 * termios(3) settings.
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
	bool utf8;        /* the locale's encoding */
	bool cursor;      /* -c: shares the terminal */
	bool force;       /* draw even if others have it: the caller's */
	bool apart;       /* others may have written: begin in a new row */
	bool marked;      /* the progress indicator is on */
	unsigned width;   /* columns to draw in; 80 if unknown */
	unsigned columns; /* of the terminal; 0 if unknown */
	unsigned height;  /* rows */
	unsigned picture; /* rows drawn that have not been finished */
	unsigned drawn;   /* columns of the last of them */
	char *missed;     /* the last line, if it was not written; or NULL */
};
#define TERM_INITIALIZER                                            \
	{                                                           \
		.out = OUTBUF_INITIALIZER, .rows = ROWS_INITIALIZER \
	}

/* Borrows fd; width and height 0: the terminal's. 0, or -1 with errno. */
int term_open(struct term *, int fd, bool cursor, unsigned width,
    unsigned height);

/* Asks the terminal for its size again (SIGWINCH). */
void term_resized(struct term *, unsigned width, unsigned height);

/*
 * Whether a line may be drawn now: force is set, or it is not a terminal, or we
 * are in the foreground and nobody reads from it with ECHO off (a prompt for a
 * passphrase) or ICANON off (a pager, an editor; termios(3)). If not, gives up
 * the present line: the next one will begin in a new row.
 */
bool term_ours(struct term *);

/* Gives the terminal up in the same way: we are about to be stopped. */
void term_yield(struct term *);

/*
 * On a terminal, replaces the last line by a line of show_line(), cut at the
 * width; elsewhere, appends it. False if it could not be written now.
 */
bool term_line(struct term *, const char *text);

/* The same for several lines, at most one per row; not with -c. */
bool term_rows(struct term *, const char *const text[], size_t n);

/*
 * Finishes the line: what is written next comes below it. Tries for at most 100
 * ms to write it if it was missed.
 */
void term_finish(struct term *);

/* The same, then writes the text below, which a terminal may wrap. */
void term_print(struct term *, const char *text);

/*
 * Clears the line for a message of one line or, with -c, makes a row for the
 * message below the others.
 */
void term_clear(struct term *);

/* xterm's window title (OSC 2). */
void term_title(struct term *, const char *text);

/*
 * The progress indicator of the window (OSC 9;4, as in ConEmu), in percent; -1:
 * unknown. term_finish() removes it, even if others have the terminal.
 */
void term_progress(struct term *, int percent);

/* Leaves the line unfinished; may wait 100 ms. Safe if term_open() failed. */
void term_close(struct term *);

#endif
