/* SPDX-License-Identifier: ISC */
/*
 * opts: the command line. Filled once by opts_parse(), const from then on.
 */
#ifndef OPTS_H
#define OPTS_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

enum engine {
	ENGINE_AUTO,
	ENGINE_RING,
	ENGINE_MMAP,
	ENGINE_SPLICE,
	ENGINE_RANGE,
	ENGINE_COPY,
};

/* The name that --engine and --explain use; never NULL. */
const char *engine_name(enum engine);

struct opts {
	enum engine engine;
	enum release release;
	size_t buffer_size; /* -B: the most memory of the ring */
	size_t chunk_size;  /* the most one read takes; 0: ours */
	size_t pipe_size;   /* 0: leave the pipes alone */
	bool no_splice;
	bool explain;
	bool probe;
	bool quiet;
	const char **files; /* NULL-terminated, never empty */
	size_t nfiles;
	void *popt; /* owns the strings */
};

enum opts_end {
	OPTS_RUN,   /* go on */
	OPTS_EXIT,  /* --help or --version has been printed */
	OPTS_USAGE, /* one line has been printed to stderr */
};

enum opts_end opts_parse(struct opts *, int argc, char *argv[]);
void opts_release(struct opts *);

#endif
