/* SPDX-License-Identifier: ISC */
/*
 * option: one option, as a row of the table in opts.c, and what a row says
 * about its value. Only the room of the options, and job/control.c, know it.
 */
#ifndef OPTS_OPTION_H
#define OPTS_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "opts/settings.h"

enum {
	OPTION_NAME = 32, /* longer than any name */
};

/* What its field is. */
enum option_type {
	TYPE_OWN,     /* none: take() does it all */
	TYPE_FLAG,    /* bool */
	TYPE_COUNTER, /* unsigned: how often it was given */
	TYPE_SIZE,    /* uint64_t: bytes, or lines */
	TYPE_MEMORY,  /* size_t */
	TYPE_SECONDS, /* uint64_t: microseconds */
	TYPE_COUNT,   /* unsigned; 0 is as if it had not been given */
	TYPE_NAME,    /* an enum: the index in names */
	TYPE_SET,     /* unsigned: bits */
	TYPE_PID,     /* pid_t */
	TYPE_STRING,  /* not empty; from here on, const char * */
	TYPE_TEXT,    /* any string */
	TYPE_FORMAT,  /* of a line: show_misfit() */
};

/* Options that are treated alike. */
enum option_group {
	GROUP_OTHER,
	GROUP_DISPLAY, /* asks for a display */
	GROUP_MODE,    /* no two of these can be combined */
};

/* What --remote does with an option, and what a change needs to show. */
enum option_remote {
	REMOTE_IGNORES = 1, /* may stand beside it, but is no change */
	REMOTE_CHANGES = 2, /* without that: it is for the start only */
	REMOTE_LINE = 4,    /* given one of these, the others are off */
	NEEDS_DISPLAY = 8,
	NEEDS_WINDOW = 16,    /* a terminal whose window has a title */
	NEEDS_TITLE = 32,     /* a process title */
	NEEDS_BYTES = 64,     /* they pass through our memory */
	NEEDS_TRANSFER = 128, /* not all has been moved */
	NEEDS_SIZE = 256,     /* it does not stop at the size */
	NEEDS_RING = 512,     /* of buffers, that may grow */
};

/*
 * Offsets are of fields of struct opts; 0 is none. A field that --remote
 * changes is in o->tune.
 */
struct option {
	const char *name; /* without the dashes; NULL: the end of the table */
	char letter;      /* or 0 */
	const char *arg;  /* what --help calls the value; NULL: none */
	const char *help; /* NULL: not in --help */
	enum option_type type;
	size_t at;    /* the field; of a string for the last three types */
	bool alias;   /* another name of the row before, which says the rest */
	size_t text;  /* TYPE_SET: a format that goes with it */
	size_t given; /* a bool: it was given, and not as a 0 with `zero` */
	size_t first; /* the value of the first, where a second was given */
	uint64_t least, most;     /* most: 0 is none */
	bool strict;              /* less is an error, and not the least */
	uint64_t zero;            /* what 0 stands for, if not for itself */
	const char *const *names; /* NULL-terminated; "" is not for users */
	enum option_group group;
	unsigned remote; /* enum option_remote */
	/* instead of option_value(), which it may call */
	int (*take)(struct opts *, const struct option *, const char *arg);
};

/* The table, and row i of it; of an alias, the row that it stands for. */
extern const struct option option_table[];
const struct option *option_row(size_t);

/* The option of that letter which --remote may change, or NULL. */
const struct option *option_tunable(char letter);

/* "zpipe: --NAME: TEXT", or without the name if there is no row. Returns -1. */
int option_blame(const struct option *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
int option_no_memory(void);

/*
 * A copy of both, one after the other, that lasts as long as the options. NULL:
 * that has been reported.
 */
char *option_keep(struct opts *, const char *before, const char *text);

/* Keeps a format in *formatp. 0, or -1: what is wrong has been reported. */
int option_format(struct opts *, const struct option *, const char *arg,
    const char **formatp);

/* Puts the value into the field. 0, or -1: what is wrong has been reported. */
int option_value(struct opts *, const struct option *, const char *arg);

/*
 * The field of what --remote changes, as a number (0: it has none), and where
 * its string is (NULL: it has none).
 */
uint64_t option_number(const struct option *, const struct tunables *);
const char **option_string(const struct option *, const struct tunables *);

/*
 * Sets it, in tunables that own their strings, which get a copy; or switches
 * it off. 0, or -1 with nothing changed and errno: EINVAL, no command line
 * could have set it so; ENOMEM.
 */
int option_tune(const struct option *, struct tunables *, uint64_t number,
    const char *text);
void option_clear(const struct option *, struct tunables *);

#endif
