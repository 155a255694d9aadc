/* SPDX-License-Identifier: ISC */
/*
 * opts: the command line. Filled once by opts_parse(), const from then on.
 */
#ifndef OPTS_H
#define OPTS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/flow.h"
#include "show/show.h"

/* The name that --engine and --explain use; never NULL. */
const char *engine_name(enum engine);

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

/* --extra-display, bits. */
enum extra {
	EXTRA_WINDOW = 1,
	EXTRA_PROCESS = 2,
};

/* What the command line says that a running zpipe may be told: --remote. */
enum changed {
	CHANGED_SWITCHES = 1, /* what is shown */
	CHANGED_STYLE = 2,
	CHANGED_NAME = 4,
	CHANGED_SIZE = 8,
	CHANGED_RATE = 16,
	CHANGED_INTERVAL = 32,
	CHANGED_WINDOW = 64,
	CHANGED_GEOMETRY = 128,
	CHANGED_OTHER = 256, /* and what it may not */
	CHANGED_BUFFER = 512,
	CHANGED_EXTRA = 1024,
	CHANGED_BAR = 2048,
};

/* Strings that --remote may replace, as often as it likes. */
enum told {
	TOLD_FORMAT,
	TOLD_NAME,
	TOLD_EXTRA_FORMAT,
	TOLD_ALL
};

struct opts {
	enum engine engine;
	enum release release;
	size_t buffer_size;     /* -B: the most memory of the ring */
	bool buffer_asked;      /* -B was given */
	bool pipe_asked;        /* --pipe-size was given */
	size_t chunk_size;      /* the most one read takes; 0: ours */
	size_t pipe_size;       /* 0: leave the pipes alone */
	struct target *targets; /* at least one */
	size_t ntargets;
	enum output_error output_error;
	enum lag lag;
	/* moving; times are microseconds */
	bool limited;            /* -L was given */
	uint64_t rate_limit;     /* bytes or lines per second; 0: none */
	bool stop_at_size;       /* -S */
	unsigned skip_errors;    /* how often -E was given */
	size_t error_skip_block; /* -Z */
	bool skips_block;        /* -Z was given, and not as 0 */
	bool sparse, sync, direct_io;
	const char *store; /* -U, or NULL */

	/* showing */
	struct show_conf show;
	bool shows;             /* something of it was asked for */
	bool sized;             /* -s was given */
	uint64_t size;          /* bytes, or lines */
	bool null;              /* -0 */
	bool wait;              /* -W */
	bool force;             /* -f */
	bool cursor;            /* -c */
	uint64_t delay;         /* -D */
	uint64_t interval;      /* -i */
	uint64_t window;        /* -m */
	unsigned width, height; /* 0: the terminal's */
	unsigned extra;
	const char *extra_format; /* of -x, or NULL: as on the terminal */
	/* of two -F or -N the first: what passes a command's stdin */
	const char *first_format, *first_name;

	/* others */
	bool watches;              /* -d was given */
	struct process *processes; /* then at least one */
	size_t nprocesses;
	pid_t remote, query; /* 0: no */
	enum monitored monitor;
	const char *pidfile;
	unsigned changed;  /* enum changed */
	const char *fixed; /* the first option of CHANGED_OTHER, or NULL */

	bool no_splice;
	bool output; /* -o was given */
	bool discard;
	bool ignore_interrupts;
	bool explain;
	bool probe;
	bool quiet;
	const char **files; /* NULL-terminated, never empty */
	size_t nfiles;
	const char **own_files; /* the same, where popt's would not last */
	void *popt;             /* owns these strings */
	char **kept;            /* all others */
	size_t nkept;
	char *told[TOLD_ALL]; /* those that --remote has put here, or NULL */
};

enum opts_end {
	OPTS_RUN,   /* go on */
	OPTS_EXIT,  /* --help or --version has been printed */
	OPTS_USAGE, /* one line has been printed to stderr */
};

enum opts_end opts_parse(struct opts *, int argc, char *argv[]);
void opts_release(struct opts *);

/* The name that --bar-style uses. */
const char *bar_style_name(enum bar_style);

#endif
