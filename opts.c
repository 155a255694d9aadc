/* SPDX-License-Identifier: ISC */
/* The table of options, and what some of them do with their values. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <popt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"
#include "base/path.h"
#include "base/size.h"
#include "opts/option.h"
#include "opts/optname.h"
#include "opts.h"

enum {
	BUFFER_DEFAULT = 16 << 20,
	SKIP_DEFAULT = 4 << 10,
	SECOND = 1000000,
};

/* In the order of each enum; "" is not for users. */
static const char *const engine_names[] = { "auto", "ring", "mmap", "splice",
	"range", "copy", NULL };
static const char *const release_names[] = { "auto", "fence", "fresh", "drain",
	NULL };
static const char *const output_error_names[] = { "", "warn", "warn-nopipe",
	"exit", "exit-nopipe", NULL };
static const char *const lag_names[] = { "wait", "drop", "detach", NULL };
static const char *const bar_names[] = { "plain", "block", "granular", "shaded",
	NULL };
static const char *const monitor_names[] = { "", "in", "out", "both", NULL };

const char *
engine_name(enum engine e)
{
	return engine_names[e];
}

/* ---- outputs ---------------------------------------------------------- */

/* Appends an output, whose name is the option and the argument. */
static int
add_target(struct opts *o, enum way way, int fd, const char *option,
    const char *arg)
{
	struct target *more = reallocarray(o->targets, o->ntargets + 1,
	    sizeof(*more));
	const char *name;

	if (more == NULL)
		return option_no_memory();
	o->targets = more;
	name = option_keep(o, option, arg);
	if (name == NULL)
		return -1;
	more[o->ntargets++] = (struct target){ way, fd, name,
		name + strlen(option) };
	return 0;
}

/* --tee, --append, and --output other than "-" */
static int
take_path(struct opts *o, const struct option *t, const char *arg)
{
	enum way way = strcmp(t->name, "append") == 0 ? WAY_APPEND : WAY_FILE;
	int fd;

	if (*arg == '\0')
		return option_blame(t, "'' is not a file name");
	/* a descriptor is used as it is, not reopened: see path_descriptor() */
	fd = path_descriptor(arg);
	return add_target(o, fd == -1 ? way : WAY_FD, fd, "", arg);
}

static int
take_output(struct opts *o, const struct option *t, const char *arg)
{
	o->output = true;
	if (strcmp(arg, "-") == 0)
		return add_target(o, WAY_STDOUT, STDOUT_FILENO, "", "stdout");
	return take_path(o, t, arg);
}

static int
take_exec(struct opts *o, const struct option *t, const char *arg)
{
	if (arg[strspn(arg, " \t\n")] == '\0')
		return option_blame(t, "'%s' is not a command", arg);
	return add_target(o, WAY_COMMAND, -1, "--exec=", arg);
}

/* The number of a descriptor; -1 after printing an error. */
static int
descriptor(const struct option *t, const char *arg)
{
	uint64_t fd;

	if (number_count(arg, INT_MAX, &fd) == NUMBER_GOOD)
		return (int)fd;
	return option_blame(t, "'%s' is not a descriptor: a number from 0 on",
	    arg);
}

static int
take_fd(struct opts *o, const struct option *t, const char *arg)
{
	int fd = descriptor(t, arg);

	return fd == -1 ? -1 : add_target(o, WAY_FD, fd, "--fd=", arg);
}

/* stdout comes first, unless -o or -X replaces it. */
static int
add_stdout(struct opts *o)
{
	struct target last;

	if (o->output || (o->discard && o->ntargets > 0))
		return 0;
	if (o->discard)
		return add_target(o, WAY_FILE, -1, "", "/dev/null");
	if (add_target(o, WAY_STDOUT, STDOUT_FILENO, "", "stdout") == -1)
		return -1;
	last = o->targets[o->ntargets - 1];
	memmove(o->targets + 1, o->targets,
	    (o->ntargets - 1) * sizeof(*o->targets));
	o->targets[0] = last;
	return 0;
}

/* ---- what is shown ---------------------------------------------------- */

static int
take_expected(struct opts *o, const struct option *t, const char *arg)
{
	if (arg[0] != '@')
		return option_value(o, t, arg);
	o->tune.sized = true;
	if (size_path(arg + 1, &o->tune.size) == 0)
		return 0;
	return option_blame(t, "'%s': %s", arg,
	    errno == ESPIPE ? "has no size" : strerror(errno));
}

/* The place with that name, or 0: as in pv, other names are ignored. */
static unsigned
place_of(const char *name)
{
	static const struct {
		const char *name;
		enum extra place;
	} places[] = {
		{ "windowtitle", EXTRA_WINDOW },
		{ "window", EXTRA_WINDOW },
		{ "processtitle", EXTRA_PROCESS },
		{ "proctitle", EXTRA_PROCESS },
		{ "process", EXTRA_PROCESS },
		{ "proc", EXTRA_PROCESS },
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strcmp(places[i].name, name) == 0)
			return places[i].place;
	return 0;
}

/* PLACE[,PLACE]...[:FORMAT] */
static int
take_places(struct opts *o, const struct option *t, const char *arg)
{
	char *format = option_keep(o, "", arg), *places, *place;

	if (format == NULL)
		return -1;
	places = strsep(&format, ":");
	o->tune.display.extra = 0;
	o->tune.display.extra_format = NULL;
	while ((place = strsep(&places, ",")) != NULL)
		o->tune.display.extra |= place_of(place);
	return format == NULL ?
	    0 :
	    option_format(o, t, format, &o->tune.display.extra_format);
}

/* As in pv, an unknown style means plain. */
static int
take_style(struct opts *o, const struct option *t, const char *arg)
{
	o->tune.display.show.style = BAR_PLAIN;
	for (size_t i = 0; t->names[i] != NULL; i++)
		if (strcmp(arg, t->names[i]) == 0)
			o->tune.display.show.style = (enum bar_style)i;
	return 0;
}

/* ---- what is watched -------------------------------------------------- */

static int
add_process(struct opts *o, pid_t pid, int fd, const char *name)
{
	struct process *more = reallocarray(o->processes, o->nprocesses + 1,
	    sizeof(*more));

	if (more == NULL)
		return option_no_memory();
	o->processes = more;
	more[o->nprocesses++] = (struct process){ pid, fd, name };
	return 0;
}

static int
watch_name(struct opts *o, const struct option *t, const char *name)
{
	if (*name == '\0')
		return option_blame(t, "'=' has no name of a process");
	name = option_keep(o, "", name);
	return name == NULL ? -1 : add_process(o, 0, -1, name);
}

/* A value of --watchfd other than a list. */
static int
watch_process(struct opts *o, const struct option *t, const char *arg)
{
	char *rest = option_keep(o, "", arg);
	const char *number = strsep(&rest, ":");
	uint64_t pid = 0;
	int fd = -1;

	if (number == NULL)
		return -1;
	if (*arg == '=')
		return watch_name(o, t, arg + 1);
	if (number_count(number, INT_MAX, &pid) != NUMBER_GOOD || pid == 0)
		return option_blame(t,
		    "'%s' is no process: PID, PID:FD, =NAME or @FILE", arg);
	if (rest != NULL && (fd = descriptor(t, rest)) == -1)
		return -1;
	return add_process(o, (pid_t)pid, fd, NULL);
}

static int
watch_line(struct opts *o, const struct option *t, char *line)
{
	line[strcspn(line, "\n")] = '\0';
	if (*line == '@')
		return option_blame(t,
		    "'%s': a list file cannot include another", line);
	return *line == '\0' ? 0 : watch_process(o, t, line);
}

static int
watch_any(struct opts *o, const struct option *t, const char *arg)
{
	FILE *list;
	char *line = NULL;
	size_t size = 0;
	int r = 0;

	if (*arg != '@')
		return watch_process(o, t, arg);
	list = fopen(arg + 1, "re");
	while (list != NULL && r == 0 && getline(&line, &size, list) != -1)
		r = watch_line(o, t, line);
	if (list == NULL || (r == 0 && !feof(list)))
		r = option_blame(t, "'%s': %s", arg, strerror(errno));
	free(line);
	if (list != NULL)
		fclose(list);
	return r;
}

/*
 * popt(3) drops the "=" of "-d=NAME", as if it separated option and value; to
 * getopt(3), and therefore to pv, it is part of the value.
 */
static bool
lost_sign(const struct opts *o, const char *arg)
{
	const char *word = poptBadOption(o->popt, 0); /* the last one */
	size_t n = word == NULL ? 0 : strlen(word), len = strlen(arg);

	return n > len && word[0] == '-' && word[1] != '-' &&
	    word[n - len - 1] == '=';
}

static int
take_watched(struct opts *o, const struct option *t, const char *arg)
{
	o->watches = true;
	return lost_sign(o, arg) ? watch_name(o, t, arg) : watch_any(o, t, arg);
}

/* With --watchfd, operands are further values. */
static int
watch_operands(struct opts *o, const struct option *t)
{
	for (size_t i = 0; i < o->nfiles; i++)
		if (watch_any(o, t, o->files[i]) == -1)
			return -1;
	return o->nprocesses > 0 ? 0 :
				   option_blame(t, "the list names no process");
}

/* A side, or pv's number for it. */
static int
take_side(struct opts *o, const struct option *t, const char *arg)
{
	if (arg[0] < '0' || arg[0] > '2' || arg[1] != '\0')
		return option_value(o, t, arg);
	o->monitor = MONITOR_IN + (enum monitored)(arg[0] - '0');
	return 0;
}

/* ---- the table -------------------------------------------------------- */

#define AT(field) offsetof(struct opts, field)
#define FIELD(kind, field) .type = TYPE_##kind, .at = AT(field)
#define SHOW(kind, field) \
	FIELD(kind, tune.display.field), .group = GROUP_DISPLAY
#define PART(field) SHOW(FLAG, show.field), .remote = LINE
enum {
	SHOWN = REMOTE_CHANGES | NEEDS_DISPLAY,
	LINE = SHOWN | REMOTE_LINE, /* part of the line */
};

const struct option option_table[] = {
	{ "progress", 'p', NULL, "show a progress bar", PART(progress),
	    .topic = "What is shown" },
	{ "timer", 't', NULL, "show the elapsed time", PART(timer) },
	{ "eta", 'e', NULL, "show the estimated time left", PART(eta) },
	{ "fineta", 'I', NULL, "show the estimated time of day of the end",
	    PART(fineta) },
	{ "rate", 'r', NULL, "show the current rate", PART(rate) },
	{ "average-rate", 'a', NULL, "show the average rate", PART(average) },
	{ "bytes", 'b', NULL, "show the bytes (with -l: lines) delivered",
	    PART(bytes) },
	{ "buffer-percent", 'T', NULL, "show how full the buffer is",
	    PART(buffer) },
	{ "last-written", 'A', "N", "show the last N bytes",
	    SHOW(COUNT, show.last_written), .most = SHOW_LAST,
	    .remote = LINE | NEEDS_BYTES },
	{ "bits", '8', NULL, "show bits instead of bytes; implies -b",
	    SHOW(FLAG, show.bits), .remote = REMOTE_CHANGES },
	{ "gauge", 'g', NULL, "show the rate in the bar, without a size",
	    SHOW(FLAG, show.gauge), .remote = SHOWN },
	{ "stats", 'v', NULL, "show rate statistics at the end",
	    SHOW(FLAG, show.stats) },
	{ "numeric", 'n', NULL, "print percentages for another program",
	    PART(numeric) },
	{ "format", 'F', "FORMAT", "show FORMAT; see FORMAT in zpipe(1)",
	    SHOW(FORMAT, show.format), .first = AT(first_format),
	    .remote = LINE | NEEDS_BYTES },
	{ "name", 'N', "NAME", "begin the line with NAME",
	    SHOW(TEXT, show.name), .first = AT(first_name),
	    .remote = REMOTE_CHANGES },
	{ "force", 'f', NULL, "show it even if stderr is not a terminal",
	    SHOW(FLAG, force), .topic = "When and where it is shown" },
	{ "quiet", 'q', NULL, "show nothing but errors",
	    FIELD(FLAG, tune.display.quiet) },
	{ "interval", 'i', "SEC", "update every SEC seconds (1)",
	    SHOW(SECONDS, interval), .least = SECOND / 10, .most = 600 * SECOND,
	    .remote = SHOWN },
	{ "delay-start", 'D', "SEC", "show nothing for SEC seconds",
	    SHOW(SECONDS, delay), .most = INT64_MAX },
	{ "wait", 'W', NULL, "show nothing before the first byte",
	    SHOW(FLAG, wait) },
	{ "average-rate-window", 'm', "SEC",
	    "average the rate over SEC seconds (30)", SHOW(SECONDS, window),
	    .least = SECOND, .most = UINT64_C(86400) * SECOND,
	    .remote = REMOTE_CHANGES },
	{ "width", 'w', "COLUMNS", "assume the terminal is COLUMNS wide",
	    SHOW(COUNT, width), .most = SHOW_WIDTH, .remote = SHOWN },
	{ "height", 'H', "ROWS", "assume the terminal is ROWS high",
	    SHOW(COUNT, height), .most = SHOW_WIDTH, .remote = SHOWN },
	{ "bar-style", 'u', "STYLE", "plain, block, granular, or shaded",
	    SHOW(NAME, show.style), .names = bar_names, .remote = SHOWN,
	    .take = take_style },
	{ "extra-display", 'x', "PLACES",
	    "also show it in windowtitle, processtitle", SHOW(SET, extra),
	    .text = AT(tune.display.extra_format),
	    .most = EXTRA_WINDOW | EXTRA_PROCESS,
	    .remote = REMOTE_CHANGES | NEEDS_WINDOW | NEEDS_TITLE,
	    .take = take_places },
	{ "conemu", '9', NULL, "also show it in the terminal's tab",
	    SHOW(FLAG, show.conemu) },
	{ "cursor", 'c', NULL, "share the terminal with others using -c",
	    SHOW(FLAG, cursor) },
	{ "output", 'o', "FILE", "write to FILE instead of stdout",
	    .take = take_output, .topic = "Outputs" },
	{ "tee", 0, "FILE", "also write to FILE", .take = take_path },
	{ "append", 0, "FILE", "also append to FILE", .take = take_path },
	{ "exec", 0, "COMMAND", "also write to the stdin of COMMAND",
	    .take = take_exec },
	{ "fd", 0, "N", "also write to file descriptor N", .take = take_fd },
	{ "discard", 'X', NULL, "write nothing to stdout",
	    FIELD(FLAG, discard) },
	{ "store-and-forward", 'U', "FILE", "store all input in FILE first",
	    FIELD(STRING, store) },
	{ "sparse", 'O', NULL, "leave holes for NULs in output files",
	    FIELD(FLAG, sparse) },
	{ "sparse-output", 0, NULL, NULL, .alias = true },
	{ "sync", 'Y', NULL, "wait until output files are on disk",
	    FIELD(FLAG, sync) },
	{ "size", 's', "SIZE|@PATH", "expect SIZE bytes, or the size of PATH",
	    FIELD(SIZE, tune.size), .given = AT(tune.sized),
	    .group = GROUP_DISPLAY,
	    .remote = REMOTE_CHANGES | NEEDS_TRANSFER | NEEDS_SIZE,
	    .take = take_expected, .topic = "Amount and rate" },
	{ "stop-at-size", 'S', NULL, "stop after --size bytes",
	    FIELD(FLAG, stop_at_size) },
	{ "rate-limit", 'L', "RATE",
	    "limit throughput to RATE bytes per second",
	    FIELD(SIZE, tune.rate_limit), .given = AT(tune.limited),
	    .remote = REMOTE_CHANGES | NEEDS_TRANSFER },
	{ "line-mode", 'l', NULL, "count lines instead of bytes",
	    FIELD(FLAG, tune.display.show.lines) },
	{ "null", '0', NULL, "lines end with NUL; implies -l",
	    FIELD(FLAG, null) },
	{ "si", 'k', NULL, "use powers of 1000 instead of 1024",
	    FIELD(FLAG, tune.display.show.si), .remote = REMOTE_IGNORES },
	{ "skip-errors", 'E', NULL, "replace what cannot be read by NULs",
	    FIELD(COUNTER, skip_errors), .topic = "Errors and slow outputs" },
	{ "error-skip-block", 'Z', "SIZE",
	    "skip in blocks of SIZE (4k); implies -E",
	    FIELD(MEMORY, error_skip_block), .given = AT(skips_block),
	    .zero = SKIP_DEFAULT },
	{ "output-error", 0, "MODE", "warn, warn-nopipe, exit, or exit-nopipe",
	    FIELD(NAME, output_error), .names = output_error_names },
	{ "lag", 0, "MODE", "if an output lags: wait, drop, or detach",
	    FIELD(NAME, lag), .names = lag_names },
	{ "ignore-interrupts", 0, NULL, "ignore SIGINT",
	    FIELD(FLAG, ignore_interrupts) },
	{ "watchfd", 'd', "PROCESS",
	    "show progress of PID[:FD], =NAME, or @FILE", .group = GROUP_MODE,
	    .take = take_watched, .topic = "Options for other processes" },
	{ "monitor", 'M', "SIDE", "run a command; show its in, out, or both",
	    FIELD(NAME, monitor), .names = monitor_names, .group = GROUP_MODE,
	    .take = take_side },
	{ "query", 'Q', "PID", "show the progress of another zpipe",
	    FIELD(PID, query), .group = GROUP_MODE },
	{ "remote", 'R', "PID", "change options of another zpipe",
	    FIELD(PID, remote), .group = GROUP_MODE, .remote = REMOTE_IGNORES },
	{ "pidfile", 'P', "FILE", "write the process ID to FILE",
	    FIELD(STRING, pidfile) },
	{ "buffer-size", 'B', "SIZE",
	    "use at most SIZE bytes for the ring (16M)",
	    FIELD(MEMORY, tune.buffer_size), .given = AT(buffer_asked),
	    .least = 64 << 10, .zero = BUFFER_DEFAULT,
	    .remote = REMOTE_CHANGES | NEEDS_TRANSFER | NEEDS_RING,
	    .topic = "Tuning and diagnosis" },
	{ "no-splice", 'C', NULL, "pass data through user memory",
	    FIELD(FLAG, no_splice) },
	{ "pipe-size", 0, "SIZE", "enlarge pipes to SIZE (1M); 0: leave them",
	    FIELD(MEMORY, pipe_size), .given = AT(pipe_asked) },
	{ "pipe-buffer-size", 'J', "SIZE", "same as --pipe-size",
	    .alias = true },
	{ "direct-io", 'K', NULL, "bypass the page cache",
	    FIELD(FLAG, direct_io) },
	{ "chunk-size", 0, "SIZE", "read at most SIZE bytes at a time",
	    FIELD(MEMORY, chunk_size), .least = 4 << 10, .strict = true },
	{ "engine", 0, "ENGINE", "auto, ring, mmap, splice, range, or copy",
	    FIELD(NAME, engine), .names = engine_names },
	{ "release", 0, "METHOD", "auto, fence, fresh, or drain",
	    FIELD(NAME, release), .names = release_names },
	{ "explain", 0, NULL, "report which engine was used, and why",
	    FIELD(FLAG, explain) },
	{ "probe", 0, NULL, "print what the kernel allows, and exit",
	    FIELD(FLAG, probe) },
	{ "help", 'h', NULL, "print this summary and exit", FIELD(FLAG, help),
	    .topic = "Help" },
	{ "version", 'V', NULL, "print the version and how it was built",
	    FIELD(FLAG, version) },
	{ .name = NULL },
};
_Static_assert(sizeof(option_table) / sizeof(option_table[0]) <= OPTION_MOST,
    "too many options");

/* ---- all of them ------------------------------------------------------ */

static struct poptOption
popt_row(int i)
{
	const struct option *t = &option_table[i];

	/* without .arg: popt would leak the first of two values */
	return (struct poptOption){
		.longName = t->name,
		.shortName = t->letter,
		.argInfo = (t->help == NULL ? POPT_ARGFLAG_DOC_HIDDEN : 0) |
		    (t->arg == NULL ? POPT_ARG_NONE : POPT_ARG_STRING),
		.val = i + 1,
		.descrip = t->help,
		.argDescrip = t->arg,
	};
}

/*
 * popt's own tables, one for each topic, behind one that includes them. They
 * must stay as long as the context.
 */
static struct poptOption *
new_popt_tables(void)
{
	int rows = 0, topics = 0;
	struct poptOption *main_table, *topic, *row;

	for (; option_table[rows].name != NULL; rows++)
		topics += option_table[rows].topic != NULL;
	/* an empty row ends each of them */
	main_table = calloc((size_t)(topics + 1 + rows + topics),
	    sizeof(*main_table));
	if (main_table == NULL)
		return NULL;
	topic = main_table;
	row = main_table + topics;
	for (int i = 0; i < rows; i++) {
		if (option_table[i].topic != NULL)
			*topic++ = (struct poptOption){
				.argInfo = POPT_ARG_INCLUDE_TABLE,
				.arg = ++row,
				.descrip = option_table[i].topic,
			};
		*row++ = popt_row(i);
	}
	return main_table;
}

/* ---- combinations ----------------------------------------------------- */

static int
check(const struct opts *o)
{
	bool ring = o->engine == ENGINE_RING || o->engine == ENGINE_AUTO;
	bool memory = ring || o->engine == ENGINE_COPY;

	if (!ring && o->release != RELEASE_AUTO)
		return option_blame(NULL,
		    "--release=%s: --engine=%s shares no buffers: "
		    "use --engine=ring or auto",
		    release_name(o->release), engine_name(o->engine));
	if (o->no_splice && !memory)
		return option_blame(NULL,
		    "--no-splice: --engine=%s does not pass the bytes "
		    "through user memory: use ring or copy",
		    engine_name(o->engine));
	if (o->lag != LAG_WAIT && !memory)
		return option_blame(NULL,
		    "--lag=%s: --engine=%s has no buffers to skip: "
		    "use ring or copy",
		    lag_names[o->lag], engine_name(o->engine));
	if (o->discard && o->output)
		return option_blame(NULL,
		    "--discard: cannot be combined with --output");
	return 0;
}

/* The modes that involve another process. */
static int
check_mode(struct opts *o)
{
	const struct option *mode = NULL, *fixed = NULL;
	unsigned remote = 0;

	for (size_t i = 0; option_table[i].name != NULL; i++) {
		const struct option *t = &option_table[i];

		if (!o->given[i])
			continue;
		if (t->group == GROUP_MODE && mode != NULL)
			return option_blame(t, "cannot be combined with --%s",
			    mode->name);
		if (t->group == GROUP_MODE)
			mode = t;
		if (t->remote == 0 && fixed == NULL)
			fixed = t;
		remote |= t->remote;
	}
	if (mode == NULL)
		return 0;
	if (o->remote != 0 && fixed != NULL)
		return option_blame(mode,
		    "--%s cannot be changed while zpipe runs", fixed->name);
	if (o->remote != 0 && (remote & REMOTE_CHANGES) == 0)
		return option_blame(mode, "name an option to change");
	if (o->ntargets > 0 || o->store != NULL)
		return option_blame(mode, "cannot be combined with --output");
	if (o->monitor != MONITOR_NONE && o->nfiles == 0)
		return option_blame(mode,
		    "a command is missing: -- COMMAND [ARG]...");
	if ((o->query != 0 || o->remote != 0) && o->nfiles > 0)
		return option_blame(mode, "'%s' is one operand too many",
		    o->files[0]);
	return o->watches ? watch_operands(o, mode) : 0;
}

static void
print_help(poptContext pc)
{
	poptSetOtherOptionHelp(pc, "[OPTION]... [FILE]...");
	poptPrintHelp(pc, stdout, 0);
	printf(
	    "\nWithout FILE, or if FILE is -, standard input is read. SIZE may "
	    "have a suffix:\nk, M, G, T, P, E, or kiB to EiB for powers of "
	    "1024; kB to EB for powers of 1000.\nLong options may be "
	    "abbreviated. The manual is zpipe(1).\n");
}

#ifdef __clang__
#define BUILD_COMPILER __VERSION__
#else
#define BUILD_COMPILER "GCC " __VERSION__
#endif

static void
print_version(void)
{
	printf("zpipe %s\n"
	       "License: ISC\n"
	       "Built with: %s; %s\n"
	       "Build options: %s\n",
	    PACKAGE_VERSION, BUILD_COMPILER, BUILD_LIBRARIES, BUILD_OPTIONS);
}

/* -k applies to all numbers, also to those before it. */
static bool
says_si(poptContext pc)
{
	bool si = false;
	int opt;

	while ((opt = optname_next(pc)) > 0) {
		free(poptGetOptArg(pc));
		si = si || option_row((size_t)opt - 1)->letter == 'k';
	}
	poptResetContext(pc);
	return si;
}

/* The process title overwrites the memory of the command line. */
static int
keep_files(struct opts *o)
{
	o->own_files = calloc(o->nfiles + 1, sizeof(*o->own_files));
	if (o->own_files == NULL)
		return option_no_memory();
	for (size_t i = 0; i < o->nfiles; i++) {
		o->own_files[i] = option_keep(o, "", o->files[i]);
		if (o->own_files[i] == NULL)
			return -1;
	}
	o->files = o->own_files;
	return 0;
}

/* Options that imply others. */
static void
imply(struct opts *o)
{
	struct tunables *tune = &o->tune;

	/* as in pv; but --remote changes only what was given */
	if (tune->display.show.bits && o->remote == 0)
		tune->display.show.bytes = true;
	if (o->null)
		tune->display.show.lines = true;
	if (o->skips_block && o->skip_errors == 0)
		o->skip_errors = 1;
	/* as in pv, a size of 0 is unknown, unless it is where to stop */
	if (tune->size == 0 && !o->stop_at_size)
		tune->sized = false;
	/* two processes draw on the terminal */
	if (o->monitor == MONITOR_BOTH)
		tune->display.cursor = true;
}

static enum opts_end
parse(struct opts *o, poptContext pc)
{
	static const char *const just_stdin[] = { "-", NULL };
	int opt;

	o->tune.display.show.si = says_si(pc);
	while ((opt = optname_next(pc)) > 0) {
		const struct option *t = option_row((size_t)opt - 1);
		char *arg = poptGetOptArg(pc);
		int r;

		o->given[t - option_table] = true;
		if (t->group == GROUP_DISPLAY)
			o->tune.display.asked = true;
		r = (t->take != NULL ? t->take : option_value)(o, t, arg);
		free(arg);
		if (r == -1)
			return OPTS_USAGE;
		if (o->help)
			print_help(pc);
		if (o->version)
			print_version();
		if (o->help || o->version)
			return OPTS_EXIT;
	}
	if (opt < -1) {
		optname_blame(poptBadOption(pc, 0), opt);
		return OPTS_USAGE;
	}
	imply(o);
	o->files = poptGetArgs(pc);
	while (o->files != NULL && o->files[o->nfiles] != NULL)
		o->nfiles++;
	if ((o->tune.display.extra & EXTRA_PROCESS) != 0 && keep_files(o) == -1)
		return OPTS_USAGE;
	if (check(o) == -1 || check_mode(o) == -1 || add_stdout(o) == -1)
		return OPTS_USAGE;
	if (o->nfiles == 0) {
		o->files = just_stdin;
		o->nfiles = 1;
	}
	return OPTS_RUN;
}

enum opts_end
opts_parse(struct opts *o, int argc, char *argv[])
{
	*o = (struct opts){
		.engine = ENGINE_AUTO,
		.release = RELEASE_AUTO,
		.tune.buffer_size = BUFFER_DEFAULT,
		.pipe_size = (size_t)1 << 20,
		.error_skip_block = SKIP_DEFAULT,
		.tune.display.interval = SECOND,
		.tune.display.window = 30 * (uint64_t)SECOND,
		.popt_table = new_popt_tables(),
	};
	if (o->popt_table != NULL)
		o->popt = poptGetContext("zpipe", argc,
		    (const char **)(uintptr_t)argv, o->popt_table, 0);
	if (o->popt == NULL) {
		option_no_memory();
		return OPTS_USAGE;
	}
	return parse(o, o->popt);
}

void
opts_release(struct opts *o)
{
	free(o->targets);
	free(o->processes);
	for (size_t i = 0; i < o->nkept; i++)
		free(o->kept[i]);
	free(o->kept);
	free(o->own_files);
	if (o->popt != NULL)
		poptFreeContext(o->popt);
	free(o->popt_table);
}

int
tunables_copy(struct tunables *to, const struct tunables *from)
{
	const char **string;
	bool good = true;

	*to = *from;
	for (const struct option *t = option_table; t->name != NULL; t++) {
		string = option_string(t, to);
		if (string != NULL && *string != NULL) {
			*string = strdup(*string);
			good = good && *string != NULL;
		}
	}
	if (!good)
		tunables_release(to);
	return good ? 0 : -1;
}

void
tunables_release(struct tunables *tune)
{
	for (const struct option *t = option_table; t->name != NULL; t++)
		if (option_string(t, tune) != NULL)
			option_clear(t, tune);
}
