/* SPDX-License-Identifier: ISC */
/*
 * show: turns figures into a line, by a format as in pv or by switches. Draws
 * nothing (term.h does), and prints no errors.
 */
#ifndef SHOW_SHOW_H
#define SHOW_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/figures.h"
#include "show/conf.h"

/* What a line can show. Pointers are borrowed. */
struct show_state {
	struct figures figures;
	time_t now;                /* for the time of day of the end */
	const unsigned char *last; /* the last bytes, at most SHOW_LAST */
	size_t nlast;
	const char *line; /* the last whole line, at most SHOW_LINE */
	size_t nline;
	const char *engine;  /* a word, or NULL */
	const char *outputs; /* a few words, or NULL */
	const char *note;    /* shown in place of the ETA, or NULL */
};

struct show;

/*
 * NULL if the format is valid, or its first sequence, *np bytes long, that is
 * unknown or incomplete.
 */
const char *show_misfit(const char *format, size_t *np);

/*
 * For free(3), or NULL with ENOMEM. Borrows the strings of the conf, whose
 * format must be valid.
 */
struct show *show_new(const struct show_conf *);

/*
 * Makes a line of at most width columns, without a newline and, except for the
 * colours of %{sgr:...} if `colours`, without control characters. utf8: bars
 * may use more than ASCII. Fields never shrink from one line to the next. Bars
 * take what the other fields leave. With conf.numeric the line is for scripts,
 * and is not cut at the width.
 */
void show_line(struct show *, const struct show_state *, unsigned width,
    bool utf8, bool colours, char text[SHOW_TEXT]);

/*
 * The line of conf.stats: "rate min/avg/max/mdev = 1.000/...", in bytes, bits
 * or lines per second; or that no rate was measured. No newline.
 */
void show_stats(const struct show *, const struct figures *,
    char text[SHOW_TEXT]);

/* From 0 to 100; -1: unknown. */
int show_percent(const struct figures *);

/*
 * What is costly to find out and needed by the line; SHOW_WANTS_CONEMU: it also
 * wants the terminal's progress indicator.
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
