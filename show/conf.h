/* SPDX-License-Identifier: ISC */
/*
 * conf: what is to be shown, what a line of it looks like, and its bounds.
 */
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
	SHOW_LAST = 256,  /* the most bytes of %nA */
	SHOW_LINE = 1024, /* the most bytes of %L */
	SHOW_OUTPUTS =
	    512, /* the most bytes about the outputs, and of a field */
	SHOW_TEXT = 16384, /* room for any line that show_line() makes */
	SHOW_WIDTH = 4096, /* the widest */
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

/* --extra-display, bits. */
enum extra {
	EXTRA_WINDOW = 1,
	EXTRA_PROCESS = 2,
};

/* Where and when it is shown. Times are microseconds; strings as above. */
struct display_conf {
	struct show_conf show;
	bool asked;             /* an option about the display was given */
	bool quiet;             /* -q */
	bool wait;              /* -W */
	bool force;             /* -f */
	bool cursor;            /* -c */
	bool beside;            /* a command that is monitored */
	bool stores;            /* the input is stored first: display_again() */
	uint64_t delay;         /* -D */
	uint64_t interval;      /* -i */
	uint64_t window;        /* -m */
	unsigned width, height; /* 0: the terminal's */
	unsigned extra;
	const char *extra_format; /* of -x, or NULL: as on the terminal */
};

#endif
