/* SPDX-License-Identifier: ISC */
/* plan: what a case is, and the drawing of it. */
#ifndef TORTURE_PLAN_H
#define TORTURE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/torture/dice.h"
#include "tests/torture/text.h"

enum {
	MOST_OUT = 4,
	MOST_ARGS = 64,
	MOST_CHAIN = 3,
	SCENARIOS = 14,
};

enum in_kind {
	IN_FILE,
	IN_FIFO,
	IN_PIPE, /* this one and those below are the standard input */
	IN_STDIN,
	IN_UNIX,
	IN_TCP,
	IN_RECORDS, /* and these keep the bounds of what was written */
	IN_SEQPACKET,
	IN_DGRAM,
};

enum out_kind {
	OUT_PIPE, /* a descriptor */
	OUT_UNIX,
	OUT_TCP,
	OUT_PTY,
	OUT_FILE,
	OUT_APPENDING,
	OUT_NAME, /* a name or a command of an option */
	OUT_APPEND,
	OUT_FIFO,
	OUT_EXEC,
};

/* What an output must have at the end. */
enum need {
	NEED_ALL,
	NEED_ALL_IF_GOOD, /* with status 0; else a prefix */
	NEED_PREFIX,
	NEED_EXACTLY, /* what the reader wanted */
	NEED_SHARE,   /* bytes that belong to it or to another */
};

struct input {
	enum in_kind kind;
	struct part data;
	char name[32];
	size_t at;      /* IN_STDIN: bytes before the data */
	size_t size;    /* of what is written at once; 0: as it comes */
	unsigned pause; /* us after one write in `every`; 0: none */
	unsigned every;
	bool vmsplices;
	bool resets; /* IN_TCP: ends by a reset */
	bool stays;  /* does not close before zpipe has ended */
};

struct output {
	enum out_kind kind;
	int fd; /* as zpipe sees it */
	char name[32];
	char opt;     /* o, t, a, f, e, or 0 for stdout */
	size_t prior; /* bytes that the file has before */
	size_t at;    /* where in them it begins */
	char chain[MOST_CHAIN][40];
	size_t nchain;
	size_t size;   /* the last reader's */
	unsigned wait; /* us before it begins */
	unsigned pause;
	uint64_t leave; /* bytes after which it leaves; NONE: never */
	bool at_end;    /* but not before the writers have */
	enum need need;
	int mark; /* in shared->marks; -1: a file */
};

enum {
	GOOD = 1,
	FAILED = 2,
	PIPED = 4,
	ENDED = 8
};

struct job {
	struct input in[MOST_IN];
	size_t nin;
	struct output out[MOST_OUT];
	size_t nout;
	char *argv[MOST_ARGS];
	size_t argc;
	char store[2048];
	size_t stored;
	const char *program; /* NULL: zpipe */
	struct text want;
	uint64_t stop; /* bytes; NONE: all */
	bool lines;    /* it counts them in place of bytes */
	bool ignores_pipe;
	bool silent; /* nothing may be on stderr */
	bool must_speak;
	unsigned allow;
	pid_t pid;
	int status;
};

struct plan {
	struct dice dice;
	const struct scenario *scenario;
	struct job job[MOST_JOBS];
	size_t njobs;
	bool in_turn;       /* the jobs, not at once */
	bool one_input;     /* the jobs share the first one's */
	bool no_lines;      /* more than them may be read from a pipe */
	bool one_output;    /* a file; and so that */
	bool appending;     /* it is open for appending */
	bool echo;          /* somebody else writes there too */
	bool copies_only;   /* --release=drain is a promise that holds */
	bool together;      /* writers and readers end at one moment */
	unsigned pester;    /* a set of PESTER_ */
	int end_by;         /* a signal, or 0 */
	uint64_t end_after; /* bytes that the first output has */
	unsigned end_wait;  /* us, after that */
	uint64_t budget;    /* bytes */
};

enum {
	PESTER_USR1 = 1,
	PESTER_STOP = 2,
	PESTER_WINCH = 4,
	PESTER_CHLD = 8
};

struct scenario {
	const char *name;
	const char *what;
	void (*make)(struct plan *);
	unsigned share; /* of all cases */
};

/* Words for them, in the order of the kinds. */
extern const char *const in_names[], *const out_names[];

/* inputs.c; sizes are around those at which something changes. */
size_t draw_size(struct plan *, uint64_t most);
struct part draw_part(struct plan *, size_t len);
void draw_writer(struct plan *, struct input *);
void draw_input(struct plan *, struct job *, struct input *, enum in_kind kind);
void draw_inputs(struct plan *, struct job *, const enum in_kind *first);

/* outputs.c */
void draw_output(struct plan *, struct job *, struct output *,
    enum out_kind kind);
enum out_kind draw_out_kind(struct plan *, const struct job *, size_t i);
bool all_pipes(const struct job *);
void draw_outputs(struct plan *, struct job *, size_t n);

/* options.c */
/* Adds a word to the command line. */
__attribute__((format(printf, 2, 3))) void arg(struct job *, const char *fmt,
    ...);
bool any_input(const struct job *, enum in_kind low, enum in_kind high);
void draw_options(struct plan *, struct job *, bool may_stop);
void draw_budget(struct plan *);

/* scenarios.c */
extern const struct scenario scenarios[SCENARIOS];
const struct scenario *scenario_of(uint64_t number);

#endif
