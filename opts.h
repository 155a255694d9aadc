/* SPDX-License-Identifier: ISC */
/* opts: the command line. It reports its own errors. */
#ifndef OPTS_H
#define OPTS_H

#include "opts/settings.h"

enum opts_end {
	OPTS_RUN,   /* go on */
	OPTS_EXIT,  /* --help or --version has been printed */
	OPTS_USAGE, /* one line has been printed to stderr */
};

/* Nothing but opts_release() changes them afterwards. */
enum opts_end opts_parse(struct opts *, int argc, char *argv[]);
void opts_release(struct opts *);

/*
 * A copy that owns its strings, and is to be released. 0, or -1 with errno
 * ENOMEM and nothing to release.
 */
int tunables_copy(struct tunables *, const struct tunables *from);
void tunables_release(struct tunables *);

/* The name that --engine and --explain use; never NULL. */
const char *engine_name(enum engine);

#endif
