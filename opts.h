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

/* Where one output goes. */
enum way {
	WAY_STDOUT,
	WAY_FILE,    /* arg is its path: -o, --tee */
	WAY_APPEND,  /* the same */
	WAY_COMMAND, /* arg is for sh -c */
	WAY_FD,      /* fd, inherited */
};

struct target {
	enum way way;
	int fd;          /* -1 where there is none yet */
	char *name;      /* for messages */
	const char *arg; /* the end of the name */
};

/* What an output that fails means for the others: GNU tee's modes. */
enum output_error {
	OUTPUT_ERROR_DEFAULT, /* as tee: warn, but SIGPIPE is the end */
	OUTPUT_ERROR_WARN,
	OUTPUT_ERROR_WARN_NOPIPE,
	OUTPUT_ERROR_EXIT,
	OUTPUT_ERROR_EXIT_NOPIPE,
};

/* What happens to an output that does not keep up. */
enum lag {
	LAG_WAIT,
	LAG_DROP,
	LAG_DETACH,
};

struct opts {
	enum engine engine;
	enum release release;
	size_t buffer_size;     /* -B: the most memory of the ring */
	size_t chunk_size;      /* the most one read takes; 0: ours */
	size_t pipe_size;       /* 0: leave the pipes alone */
	struct target *targets; /* at least one */
	size_t ntargets;
	enum output_error output_error;
	enum lag lag;
	bool no_splice;
	bool output; /* -o was given */
	bool discard;
	bool ignore_interrupts;
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
