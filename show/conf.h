/* SPDX-License-Identifier: ISC */
/* conf: what is shown, and where and when. */
#ifndef SHOW_CONF_H
#define SHOW_CONF_H

#include <stdbool.h>
#include <stdint.h>

enum bar_style {
	BAR_PLAIN,
	BAR_BLOCK,
	BAR_GRANULAR,
	BAR_SHADED,
};

enum {
	SHOW_LAST = 256,    /* limit of %nA, in bytes */
	SHOW_LINE = 1024,   /* limit of %L, in bytes */
	SHOW_OUTPUTS = 512, /* room for a field, such as %{outputs} */
	SHOW_TEXT = 16384,  /* room for any line of show_line() */
	SHOW_WIDTH = 4096,  /* limit of its width */
};

/* The contents of a line. Strings are borrowed. */
struct show_conf {
	const char *format; /* -F, or NULL: as the switches say */
	bool progress, timer, eta, fineta, rate, average, bytes, buffer;
	unsigned last_written; /* -A, or 0 */
	bool numeric;
	bool bits, si, lines, gauge;
	bool stats;
	bool conemu;      /* -9 */
	bool ratio;       /* at the end: --monitor=both */
	const char *name; /* -N, or NULL */
	bool named;       /* put it first, in any format that lacks it */
	enum bar_style style;
};

/* --extra-display: bits. */
enum extra {
	EXTRA_WINDOW = 1,
	EXTRA_PROCESS = 2,
};

/* Times are microseconds; strings are borrowed. */
struct display_conf {
	struct show_conf show;
	bool asked;               /* a display option was given */
	bool quiet;               /* -q */
	bool wait;                /* -W */
	bool force;               /* -f */
	bool cursor;              /* -c */
	bool beside;              /* --monitor */
	bool stores;              /* -U: see display_again() */
	uint64_t delay;           /* -D */
	uint64_t interval;        /* -i */
	uint64_t window;          /* -m */
	unsigned width, height;   /* 0: the terminal's */
	unsigned extra;           /* enum extra */
	const char *extra_format; /* of -x, or NULL: the same line */
};

#endif
