/* SPDX-License-Identifier: ISC */
/*
 * option: a row of the table of options in opts.c, and how its value is parsed
 * and stored. For the files of the options, and job/control.c.
 */
#ifndef OPTS_OPTION_H
#define OPTS_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "opts/settings.h"

enum {
	OPTION_NAME = 32, /* room for any name */
};

/* The type of its field. */
enum option_type {
	TYPE_OWN,     /* take() does everything */
	TYPE_FLAG,    /* bool */
	TYPE_COUNTER, /* unsigned: how often it was given */
	TYPE_SIZE,    /* uint64_t: bytes, or lines */
	TYPE_MEMORY,  /* size_t */
	TYPE_SECONDS, /* uint64_t: microseconds */
	TYPE_COUNT,   /* unsigned; 0 counts as not given */
	TYPE_NAME,    /* an enum: the index in names */
	TYPE_SET,     /* unsigned: bits */
	TYPE_PID,     /* pid_t */
	TYPE_STRING,  /* const char *, as are those that follow; not empty */
	TYPE_TEXT,    /* any string */
	TYPE_FORMAT,  /* of a line: show_misfit() */
};

enum option_group {
	GROUP_OTHER,
	GROUP_DISPLAY, /* asks for a display */
	GROUP_MODE,    /* excludes the others of this group */
};

/* What --remote does with an option, and what a change of it requires. */
enum option_remote {
	REMOTE_IGNORES = 1, /* allowed, but changes nothing */
	REMOTE_CHANGES = 2, /* can be changed */
	REMOTE_LINE = 4,    /* switches off the others that have this */
	NEEDS_DISPLAY = 8,
	NEEDS_WINDOW = 16,    /* a terminal whose window has a title */
	NEEDS_TITLE = 32,     /* a process title */
	NEEDS_BYTES = 64,     /* bytes that pass through our memory */
	NEEDS_TRANSFER = 128, /* an unfinished transfer */
	NEEDS_SIZE = 256,     /* a transfer that does not stop at the size */
	NEEDS_RING = 512,     /* a ring that may grow */
};

/*
 * Offsets are those of fields of struct opts; 0: no field. A field that
 * --remote changes is in o->tune.
 */
struct option {
	const char *name;  /* without dashes; NULL ends the table */
	char letter;       /* or 0 */
	const char *arg;   /* the value's name in --help; NULL: no value */
	const char *help;  /* NULL: not in --help */
	const char *topic; /* the heading of --help that begins here */
	enum option_type type;
	size_t at;    /* the field */
	bool alias;   /* another name for the row before */
	size_t text;  /* TYPE_SET: its format */
	size_t given; /* a bool: given, other than as a 0 that means `zero` */
	size_t first; /* where to keep the first value if there is a second */
	uint64_t least, most;     /* most 0: no limit */
	bool strict;              /* a value below `least` is an error */
	uint64_t zero;            /* what 0 stands for, if not itself */
	const char *const *names; /* NULL-terminated; "" is not for users */
	enum option_group group;
	unsigned remote; /* enum option_remote */
	/* replaces option_value(), which it may call */
	int (*take)(struct opts *, const struct option *, const char *arg);
};

/* The table, and its row i or, if that is an alias, the row it stands for. */
extern const struct option option_table[];
const struct option *option_row(size_t);

/* The option with that letter if --remote may change it, or NULL. */
const struct option *option_tunable(char letter);

/* Prints "zpipe: --NAME: TEXT", without NAME for a NULL row. Returns -1. */
int option_blame(const struct option *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
int option_no_memory(void);

/* Failures of the next three are printed. */

/* Both strings, concatenated; lives as long as the options. Or NULL. */
char *option_keep(struct opts *, const char *before, const char *text);

/* Checks a format and keeps it in *formatp. 0 or -1. */
int option_format(struct opts *, const struct option *, const char *arg,
    const char **formatp);

/* Parses a value into the field. 0 or -1. */
int option_value(struct opts *, const struct option *, const char *arg);

/*
 * The value of an option that --remote changes: as a number (0: it has none),
 * and the place of its string (NULL: it has none).
 */
uint64_t option_number(const struct option *, const struct tunables *);
const char **option_string(const struct option *, const struct tunables *);

/*
 * Set an option, with a copy of the text, or switch it off, in tunables that
 * own their strings. 0, or -1 with nothing changed and errno: EINVAL if no
 * command line could have set it so; ENOMEM.
 */
int option_tune(const struct option *, struct tunables *, uint64_t number,
    const char *text);
void option_clear(const struct option *, struct tunables *);

#endif
