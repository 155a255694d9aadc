/* SPDX-License-Identifier: ISC */
/*
 * show: turns figures into a line: pv's template, bars, numbers. It draws
 * nothing (term.h does) and prints no errors.
 */
#ifndef SHOW_H
#define SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum bar_style {
	BAR_PLAIN,
	BAR_BLOCK,
	BAR_GRANULAR,
	BAR_SHADED,
};

enum {
	SHOW_LAST = 256,   /* the most bytes of %nA */
	SHOW_LINE = 1024,  /* the most bytes of %L */
	SHOW_TEXT = 16384, /* room for any line that show_line() makes */
	SHOW_WIDTH = 4096, /* the widest */
};

/* In place of how full a buffer is, where the bytes pass by it. */
enum {
	SHOW_SPLICED = -1, /* from one to the other */
	SHOW_BY_PIPE = -2, /* by a pipe between them */
	SHOW_RANGED = -3,  /* from file to file */
};

/* What the options ask for. All strings are the caller's and stay. */
struct show_conf {
	const char *format; /* -F, or NULL: made from the switches */
	bool progress, timer, eta, fineta, rate, average, bytes, buffer;
	unsigned last_written; /* -A, or 0 */
	bool numeric;
	bool bits, si, lines, gauge;
	bool stats;
	bool conemu;      /* -9 */
	bool ratio;       /* after the switches: --monitor=both */
	const char *name; /* -N, or NULL */
	bool named;       /* begin with it where nothing else says it */
	enum bar_style style;
};

/* What a line can tell: the figures of one moment. */
struct show_state {
	uint64_t count; /* delivered: bytes, or lines with conf.lines */
	uint64_t size;  /* 0: unknown */
	uint64_t moves; /* so often was there more than before */
	double ratio;   /* the other side's bytes to ours; 0: unknown */
	double elapsed, rate, average, mean, fastest, eta; /* meter.h */
	struct {
		double min, average, max, deviation;
	} spread;
	time_t now; /* the wall clock, for the time of the end */
	int buffer; /* how full the ring is, in percent; or why there is none */
	const unsigned char *last; /* the last bytes, at most SHOW_LAST */
	size_t nlast;
	const char *line; /* the last whole line, at most SHOW_LINE */
	size_t nline;
	const char *engine;  /* a word, or NULL */
	const char *outputs; /* a few words, or NULL */
	const char *note;    /* "flushing", or NULL: in place of the eta */
	bool final;          /* the last line */
};

struct show; /* a parsed template */

/*
 * NULL if the template is right, or where it is wrong: the sequence there is
 * unknown or not finished, and *np bytes long.
 */
const char *show_misfit(const char *format, size_t *np);

/* NULL with errno ENOMEM. The template has been looked at by show_misfit(). */
struct show *show_new(const struct show_conf *);
void show_free(struct show *);

/*
 * The line for these figures, at most width columns wide, padded to no more;
 * NUL-terminated, no newline, no terminal control but colours (%{sgr:...},
 * only if `colours`). utf8: bars may use more than ASCII. Returns its length
 * in bytes, below SHOW_TEXT. Fields do not change their width from one moment
 * to the next. A bar takes what the other fields leave. With conf.numeric the
 * line is a script's, and not cut at the width.
 */
size_t show_line(struct show *, const struct show_state *, unsigned width,
    bool utf8, bool colours, char text[SHOW_TEXT]);

/*
 * The last words of conf.stats: "rate min/avg/max/mdev = 1.000/...", in bytes,
 * bits or lines per second; or that there is no rate. No newline. Returns the
 * length.
 */
size_t show_stats(const struct show *, const struct show_state *,
    char text[SHOW_TEXT]);

/* How far it is, from 0 to 100; -1: nobody knows. */
int show_percent(const struct show_state *);

/* The terminal's progress indicator as well: conf.conemu, or the template. */
bool show_wants_conemu(const struct show *);

/* Which of the costly facts it wants, so that nobody gathers them in vain. */
bool show_wants_last(const struct show *, size_t *np);
bool show_wants_line(const struct show *);
bool show_wants_size(const struct show *);

#endif
