/* SPDX-License-Identifier: ISC */
/*
 * settings: what the command line comes to. Filled once by opts_parse(), and
 * not changed from then on.
 */
#ifndef OPTS_SETTINGS_H
#define OPTS_SETTINGS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/flow.h"
#include "show/conf.h"

/* Where one output goes. */
enum way {
	WAY_STDOUT,
	WAY_FILE,    /* arg is its path: -o, --tee */
	WAY_APPEND,  /* the same */
	WAY_COMMAND, /* arg is for sh -c */
	WAY_FD,      /* fd, inherited; arg is how it was named */
};

struct target {
	enum way way;
	int fd;           /* -1 where there is none yet */
	const char *name; /* for messages */
	const char *arg;  /* the end of the name */
};

/* What an output that fails means for the others: GNU tee's modes. */
enum output_error {
	OUTPUT_ERROR_DEFAULT, /* as tee: warn, but SIGPIPE is the end */
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

/* What --watchfd is to watch. */
struct process {
	pid_t pid;        /* 0: all of the name */
	int fd;           /* -1: all of its files */
	const char *name; /* or NULL */
};

/*
 * What --remote can change while zpipe runs: the job has a copy of its own,
 * which is what counts.
 */
struct tunables {
	struct display_conf display; /* and what --remote cannot change of it */
	bool sized;                  /* -s was given */
	uint64_t size;               /* bytes, or lines */
	bool limited;                /* -L was given */
	uint64_t rate_limit;         /* bytes or lines per second; 0: none */
	size_t buffer_size;          /* -B: the most memory of the ring */
};

enum {
	OPTION_MOST = 96 /* rows of the table of options */
};

/* At offset 0 is what no row of the table is about. */
struct opts {
	const char *const *files; /* NULL-terminated, never empty */
	size_t nfiles;
	enum engine engine;
	enum release release;
	bool buffer_asked;      /* -B was given */
	bool pipe_asked;        /* --pipe-size was given */
	size_t chunk_size;      /* the most one read takes; 0: ours */
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
	/* of two -F or -N the first: what passes a command's stdin */
	const char *first_format, *first_name;

	/* others */
	bool watches;              /* -d was given */
	struct process *processes; /* then at least one */
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
	bool given[OPTION_MOST]; /* by row of the table; not a count of 0 */
	/* the implementation's own fields follow */
	const char **own_files; /* where popt's would not last */
	void *popt, *popt_table;
	char **kept; /* strings */
	size_t nkept;
};

#endif
