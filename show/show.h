/* SPDX-License-Identifier: ISC */
/*
 * show: turns figures into a line: pv's template, bars, numbers. It draws
 * nothing (term.h does) and prints no errors.
 */
#ifndef SHOW_SHOW_H
#define SHOW_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/figures.h"
#include "show/conf.h"

/* What a line can tell of one moment. */
struct show_state {
	struct figures figures;
	time_t now;                /* the wall clock, for the time of the end */
	const unsigned char *last; /* the last bytes, at most SHOW_LAST */
	size_t nlast;
	const char *line; /* the last whole line, at most SHOW_LINE */
	size_t nline;
	const char *engine;  /* a word, or NULL */
	const char *outputs; /* a few words, or NULL */
	const char *note;    /* "flushing", or NULL: in place of the eta */
};

struct show; /* a template and what it looks like */

/*
 * NULL if the format is right, or where it is wrong: the sequence there is
 * unknown or not finished, and *np bytes long.
 */
const char *show_misfit(const char *format, size_t *np);

/*
 * For free(3), or NULL with errno ENOMEM. Strings stay those of the conf.
 * show_misfit() has looked at the format.
 */
struct show *show_new(const struct show_conf *);

/*
 * The line for these figures, at most width columns wide, padded to no more;
 * NUL-terminated, no newline, no terminal control but colours (%{sgr:...},
 * only if `colours`). utf8: bars may use more than ASCII. Fields do not change
 * their width from one moment to the next. A bar takes what the other fields
 * leave. With conf.numeric the line is a script's, and not cut at the width.
 */
void show_line(struct show *, const struct show_state *, unsigned width,
    bool utf8, bool colours, char text[SHOW_TEXT]);

/*
 * The last words of conf.stats: "rate min/avg/max/mdev = 1.000/...", in bytes,
 * bits or lines per second; or that there is no rate. No newline.
 */
void show_stats(const struct show *, const struct figures *,
    char text[SHOW_TEXT]);

/* How far it is, from 0 to 100; -1: nobody knows. */
int show_percent(const struct figures *);

/*
 * Which of the costly facts it wants, so that nobody gathers them in vain.
 * SHOW_WANTS_CONEMU: the terminal's progress indicator as well.
 */
enum {
	SHOW_WANTS_SIZE = 1,
	SHOW_WANTS_LAST = 2,
	SHOW_WANTS_LINE = 4,
	SHOW_WANTS_OUTPUTS = 8,
	SHOW_WANTS_CONEMU = 16,
};
unsigned show_wants(const struct show *);

#endif
