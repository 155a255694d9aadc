/* SPDX-License-Identifier: ISC */
/* opts: the command line. Prints its own errors. */
#ifndef OPTS_H
#define OPTS_H

#include "opts/settings.h"

enum opts_end {
	OPTS_RUN,
	OPTS_EXIT,  /* --help or --version has been printed */
	OPTS_USAGE, /* an error has been printed */
};

/* Fills the options; opts_release() frees them, whatever was returned. */
enum opts_end opts_parse(struct opts *, int argc, char *argv[]);
void opts_release(struct opts *);

/* A copy that owns its strings. 0, or -1 with ENOMEM and nothing to release. */
int tunables_copy(struct tunables *, const struct tunables *from);
void tunables_release(struct tunables *);

/* As in --engine. */
const char *engine_name(enum engine);

#endif
