/* SPDX-License-Identifier: ISC */
/* settings: the parsed command line, set by opts_parse() and then constant. */
#ifndef OPTS_SETTINGS_H
#define OPTS_SETTINGS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/flow.h"
#include "show/conf.h"

/* Where an output goes. */
enum way {
	WAY_STDOUT,
	WAY_FILE,    /* -o, --tee: arg is the path */
	WAY_APPEND,  /* the same */
	WAY_COMMAND, /* arg is for sh -c */
	WAY_FD,      /* an inherited descriptor */
};

struct target {
	enum way way;
	int fd;           /* -1: to be opened */
	const char *name; /* for messages */
	const char *arg;  /* the name without the option */
};

/* What to do when an output fails: the modes of GNU tee. */
enum output_error {
	OUTPUT_ERROR_DEFAULT, /* warn, but die of SIGPIPE */
	OUTPUT_ERROR_WARN,
	OUTPUT_ERROR_WARN_NOPIPE,
	OUTPUT_ERROR_EXIT,
	OUTPUT_ERROR_EXIT_NOPIPE,
};

/* What --monitor shows of a command. */
enum monitored {
	MONITOR_NONE,
	MONITOR_IN,
	MONITOR_OUT,
	MONITOR_BOTH,
};

/* What --watchfd watches. */
struct process {
	pid_t pid;        /* 0: all processes with the name */
	int fd;           /* -1: all of its files */
	const char *name; /* or NULL */
};

/*
 * What --remote can change while zpipe runs. The job works with a copy, and
 * sets in it what is not an option.
 */
struct tunables {
	struct display_conf display; /* not all of it can be changed */
	bool sized;                  /* -s was given */
	uint64_t size;               /* bytes, or lines */
	bool limited;                /* -L was given */
	uint64_t rate_limit;         /* bytes or lines per second; 0: none */
	size_t buffer_size;          /* -B: limit of the ring's memory */
};

enum {
	OPTION_MOST = 96 /* rows in the table of options */
};

/* The first member must not be one that the table names: see option.h. */
struct opts {
	const char *const *files; /* NULL-terminated, never empty */
	size_t nfiles;
	enum engine engine;
	enum release release;
	bool buffer_asked;      /* -B was given */
	bool pipe_asked;        /* --pipe-size was given */
	size_t chunk_size;      /* limit of one read; 0: automatic */
	size_t pipe_size;       /* 0: leave the pipes alone */
	struct target *targets; /* at least one */
	size_t ntargets;
	enum output_error output_error;
	enum lag lag;
	/* moving */
	bool stop_at_size;       /* -S */
	unsigned skip_errors;    /* how often -E was given */
	size_t error_skip_block; /* -Z */
	bool skips_block;        /* -Z was given, and not as 0 */
	bool sparse, sync, direct_io;
	const char *store; /* -U, or NULL */

	/* showing */
	struct tunables tune; /* in part */
	bool null;            /* -0 */
	/* the first of two -F or -N: for the stdin of a monitored command */
	const char *first_format, *first_name;

	/* others */
	bool watches;              /* -d was given */
	struct process *processes; /* at least one with -d */
	size_t nprocesses;
	pid_t remote, query; /* 0: no */
	enum monitored monitor;
	const char *pidfile;

	bool no_splice;
	bool output; /* -o was given */
	bool discard;
	bool ignore_interrupts;
	bool explain;
	bool probe;
	bool help, version;
	bool given[OPTION_MOST]; /* by row of the table; see TYPE_COUNT */
	/* the implementation's own fields follow */
	const char **own_files; /* copies, where popt's would not last */
	void *popt, *popt_table;
	char **kept; /* strings */
	size_t nkept;
};

#endif
