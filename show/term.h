/* SPDX-License-Identifier: ISC */
/*
 * term: the place where lines are drawn: a terminal, or a stream. What cannot
 * be written now is not drawn; nothing waits longer than 10 ms, for others that
 * share the terminal, unless it says so. It never touches termios.
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

/* fd is borrowed; width and height 0: the terminal's. 0, or -1 with errno. */
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
 * Puts a line of show_line() in place of the last one on a terminal, cut at its
 * width, and elsewhere behind it. False if it could not be written now.
 */
bool term_line(struct term *, const char *text);

/* The same for as many lines as it has rows; not for a shared terminal. */
bool term_rows(struct term *, const char *const text[], size_t n);

/*
 * Finishes the line that stands there: what is written next comes below it. One
 * that was missed is tried again, for at most 100 ms.
 */
void term_finish(struct term *);

/* The same, and writes this below it, which a terminal wraps. */
void term_print(struct term *, const char *text);

/*
 * Clears the line, for a message of one line; on a shared terminal that gets a
 * row of its own below the others instead.
 */
void term_clear(struct term *);

/* xterm's window title (OSC 2). */
void term_title(struct term *, const char *text);

/*
 * The progress indicator of the window (OSC 9;4, as ConEmu has it), in percent;
 * -1: unknown. term_finish() removes it, whoever has the terminal.
 */
void term_progress(struct term *, int percent);

/* Without a last line, or a newline. Safe where term_open() has failed. */
void term_close(struct term *);

#endif
