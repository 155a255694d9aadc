/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <popt.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "msg.h"
#include "base/number.h"
#include "opts.h"
#include "base/path.h"
#include "job/size.h"

enum {
	OPT_ENGINE = 0x100,
	OPT_RELEASE,
	OPT_CHUNK_SIZE,
	OPT_PIPE_SIZE,
	OPT_EXPLAIN,
	OPT_PROBE,
	OPT_TEE,
	OPT_APPEND,
	OPT_EXEC,
	OPT_FD,
	OPT_OUTPUT_ERROR,
	OPT_LAG,
	OPT_IGNORE_INTERRUPTS,
};

/* Bounds of what can be asked for. */
enum {
	BUFFER_DEFAULT = 16 << 20,
	BUFFER_LEAST = 64 << 10,
	SKIP_DEFAULT = 4 << 10,
	LAST_MOST = SHOW_LAST,
	SECOND = 1000000,
	INTERVAL_LEAST = SECOND / 10,
	INTERVAL_MOST = 600 * SECOND,
	DAY = 86400, /* in seconds */
};

/*
 * No .arg for strings: popt leaks the first value of a repeated one, so we
 * take each with poptGetOptArg() and free it.
 */
static const struct poptOption table[] = {
	{ "output", 'o', POPT_ARG_STRING, NULL, 'o',
	    "write to FILE in place of stdout; \"-\" is stdout", "FILE" },
	{ "tee", 0, POPT_ARG_STRING, NULL, OPT_TEE, "write to FILE as well",
	    "FILE" },
	{ "append", 0, POPT_ARG_STRING, NULL, OPT_APPEND,
	    "append to FILE as well", "FILE" },
	{ "exec", 0, POPT_ARG_STRING, NULL, OPT_EXEC,
	    "write to the stdin of a shell command as well", "COMMAND" },
	{ "fd", 0, POPT_ARG_STRING, NULL, OPT_FD,
	    "write to an inherited descriptor as well", "N" },
	{ "discard", 'X', POPT_ARG_NONE, NULL, 'X', "write nothing to stdout",
	    NULL },
	{ "output-error", 0, POPT_ARG_STRING, NULL, OPT_OUTPUT_ERROR,
	    "as tee: warn, warn-nopipe, exit or exit-nopipe", "MODE" },
	{ "lag", 0, POPT_ARG_STRING, NULL, OPT_LAG,
	    "for an output that does not keep up: wait, drop or detach",
	    "MODE" },
	{ "ignore-interrupts", 0, POPT_ARG_NONE, NULL, OPT_IGNORE_INTERRUPTS,
	    "go on after an interrupt", NULL },
	{ "buffer-size", 'B', POPT_ARG_STRING, NULL, 'B',
	    "use at most SIZE bytes of memory for the ring (16M)", "SIZE" },
	{ "chunk-size", 0, POPT_ARG_STRING, NULL, OPT_CHUNK_SIZE,
	    "read at most SIZE bytes at a time", "SIZE" },
	{ "pipe-size", 0, POPT_ARG_STRING, NULL, OPT_PIPE_SIZE,
	    "grow the pipes on both sides to SIZE (1M); 0 leaves them",
	    "SIZE" },
	{ "pipe-buffer-size", 'J', POPT_ARG_STRING, NULL, OPT_PIPE_SIZE,
	    "the same, as pv has it", "SIZE" },
	{ "engine", 0, POPT_ARG_STRING, NULL, OPT_ENGINE,
	    "how bytes travel: auto, ring, mmap, splice, range or copy",
	    "ENGINE" },
	{ "release", 0, POPT_ARG_STRING, NULL, OPT_RELEASE,
	    "when a buffer is rewritten: auto, fence, fresh or drain",
	    "METHOD" },
	{ "no-splice", 'C', POPT_ARG_NONE, NULL, 'C',
	    "pass the bytes through user memory", NULL },
	{ "explain", 0, POPT_ARG_NONE, NULL, OPT_EXPLAIN,
	    "say on stderr which engine each input got, and why", NULL },
	{ "probe", 0, POPT_ARG_NONE, NULL, OPT_PROBE,
	    "say what this kernel and its limits allow, and exit", NULL },
	{ "rate-limit", 'L', POPT_ARG_STRING, NULL, 'L',
	    "move at most RATE bytes (with -l: lines) a second", "RATE" },
	{ "stop-at-size", 'S', POPT_ARG_NONE, NULL, 'S',
	    "stop after --size bytes", NULL },
	{ "skip-errors", 'E', POPT_ARG_NONE, NULL, 'E',
	    "put NULs for what cannot be read; twice: one message a file",
	    NULL },
	{ "error-skip-block", 'Z', POPT_ARG_STRING, NULL, 'Z',
	    "with -E, skip up to the next multiple of SIZE (4k)", "SIZE" },
	{ "sparse", 'O', POPT_ARG_NONE, NULL, 'O',
	    "leave holes for NULs in files", NULL },
	{ "sparse-output", 0, POPT_ARG_NONE | POPT_ARGFLAG_DOC_HIDDEN, NULL,
	    'O', NULL, NULL },
	{ "sync", 'Y', POPT_ARG_NONE, NULL, 'Y',
	    "end when the data is on the disk", NULL },
	{ "direct-io", 'K', POPT_ARG_NONE, NULL, 'K',
	    "read and write files past the page cache", NULL },
	{ "store-and-forward", 'U', POPT_ARG_STRING, NULL, 'U',
	    "store all in FILE first (\"-\": a temporary one), then go on",
	    "FILE" },
	{ "progress", 'p', POPT_ARG_NONE, NULL, 'p', "show a bar", NULL },
	{ "timer", 't', POPT_ARG_NONE, NULL, 't', "show the time it takes",
	    NULL },
	{ "eta", 'e', POPT_ARG_NONE, NULL, 'e', "show the time that is left",
	    NULL },
	{ "fineta", 'I', POPT_ARG_NONE, NULL, 'I',
	    "show the time of day of the end", NULL },
	{ "rate", 'r', POPT_ARG_NONE, NULL, 'r', "show the rate", NULL },
	{ "average-rate", 'a', POPT_ARG_NONE, NULL, 'a',
	    "show the average rate", NULL },
	{ "bytes", 'b', POPT_ARG_NONE, NULL, 'b', "show the bytes, or lines",
	    NULL },
	{ "buffer-percent", 'T', POPT_ARG_NONE, NULL, 'T',
	    "show how full the ring is", NULL },
	{ "last-written", 'A', POPT_ARG_STRING, NULL, 'A',
	    "show the last N bytes", "N" },
	{ "format", 'F', POPT_ARG_STRING, NULL, 'F',
	    "show what FORMAT says: see zpipe(1)", "FORMAT" },
	{ "numeric", 'n', POPT_ARG_NONE, NULL, 'n',
	    "show percentages, each on a line", NULL },
	{ "quiet", 'q', POPT_ARG_NONE, NULL, 'q',
	    "show nothing, print no counts; errors are still reported", NULL },
	{ "bits", '8', POPT_ARG_NONE, NULL, '8',
	    "show bits, not bytes; implies -b", NULL },
	{ "conemu", '9', POPT_ARG_NONE, NULL, '9',
	    "show the progress in the terminal's tab, too", NULL },
	{ "si", 'k', POPT_ARG_NONE, NULL, 'k',
	    "k, M, G, T are powers of 1000, not 1024", NULL },
	{ "wait", 'W', POPT_ARG_NONE, NULL, 'W',
	    "show nothing before the first byte", NULL },
	{ "delay-start", 'D', POPT_ARG_STRING, NULL, 'D',
	    "show nothing for so long", "SECONDS" },
	{ "size", 's', POPT_ARG_STRING, NULL, 's',
	    "expect SIZE bytes (with -l: lines), or as many as PATH has",
	    "SIZE|@PATH" },
	{ "gauge", 'g', POPT_ARG_NONE, NULL, 'g',
	    "where the size is unknown the bar shows the rate", NULL },
	{ "line-mode", 'l', POPT_ARG_NONE, NULL, 'l', "count lines, not bytes",
	    NULL },
	{ "null", '0', POPT_ARG_NONE, NULL, '0',
	    "lines end with a NUL; implies -l", NULL },
	{ "interval", 'i', POPT_ARG_STRING, NULL, 'i',
	    "show it anew every so often (1)", "SECONDS" },
	{ "average-rate-window", 'm', POPT_ARG_STRING, NULL, 'm',
	    "average over so long (30)", "SECONDS" },
	{ "width", 'w', POPT_ARG_STRING, NULL, 'w',
	    "take the terminal to be so wide", "COLUMNS" },
	{ "height", 'H', POPT_ARG_STRING, NULL, 'H',
	    "take the terminal to be so high", "ROWS" },
	{ "name", 'N', POPT_ARG_STRING, NULL, 'N', "begin the line with NAME",
	    "NAME" },
	{ "bar-style", 'u', POPT_ARG_STRING, NULL, 'u',
	    "plain, block, granular or shaded", "STYLE" },
	{ "extra-display", 'x', POPT_ARG_STRING, NULL, 'x',
	    "show it in the windowtitle, the processtitle or both, too",
	    "PLACES[:FORMAT]" },
	{ "stats", 'v', POPT_ARG_NONE, NULL, 'v',
	    "say at the end how the rate has varied", NULL },
	{ "force", 'f', POPT_ARG_NONE, NULL, 'f',
	    "show it even if this is no terminal", NULL },
	{ "cursor", 'c', POPT_ARG_NONE, NULL, 'c',
	    "share the terminal with others that do", NULL },
	{ "watchfd", 'd', POPT_ARG_STRING, NULL, 'd',
	    "show how far other processes are in their files; so is each "
	    "operand",
	    "PID[:FD]|=NAME|@FILE" },
	{ "remote", 'R', POPT_ARG_STRING, NULL, 'R',
	    "change these options of a running zpipe", "PID" },
	{ "query", 'Q', POPT_ARG_STRING, NULL, 'Q',
	    "show here how far a running zpipe is", "PID" },
	{ "monitor", 'M', POPT_ARG_STRING, NULL, 'M',
	    "run a command and show what passes: in, out or both", "SIDE" },
	{ "pidfile", 'P', POPT_ARG_STRING, NULL, 'P',
	    "write the process number to FILE", "FILE" },
	{ "help", 'h', POPT_ARG_NONE, NULL, 'h', "print this and exit", NULL },
	{ "version", 'V', POPT_ARG_NONE, NULL, 'V',
	    "print the version and exit", NULL },
	POPT_TABLEEND
};

static const char *const engine_names[] = {
	[ENGINE_AUTO] = "auto",
	[ENGINE_RING] = "ring",
	[ENGINE_MMAP] = "mmap",
	[ENGINE_SPLICE] = "splice",
	[ENGINE_RANGE] = "range",
	[ENGINE_COPY] = "copy",
};

/* In the order of enum release; what comes after them is not for users. */
static const char *const release_options[] = { "auto", "fence", "fresh",
	"drain" };

static const char *const output_error_names[] = {
	[OUTPUT_ERROR_DEFAULT] = "",
	[OUTPUT_ERROR_WARN] = "warn",
	[OUTPUT_ERROR_WARN_NOPIPE] = "warn-nopipe",
	[OUTPUT_ERROR_EXIT] = "exit",
	[OUTPUT_ERROR_EXIT_NOPIPE] = "exit-nopipe",
};

static const char *const bar_names[] = {
	[BAR_PLAIN] = "plain",
	[BAR_BLOCK] = "block",
	[BAR_GRANULAR] = "granular",
	[BAR_SHADED] = "shaded",
};

static const char *const monitor_names[] = {
	[MONITOR_NONE] = "",
	[MONITOR_IN] = "in",
	[MONITOR_OUT] = "out",
	[MONITOR_BOTH] = "both",
};

static const char *const lag_names[] = {
	[LAG_WAIT] = "wait",
	[LAG_DROP] = "drop",
	[LAG_DETACH] = "detach",
};

const char *
bar_style_name(enum bar_style s)
{
	return bar_names[s];
}

const char *
engine_name(enum engine e)
{
	return engine_names[e];
}

/* ---- one option ------------------------------------------------------- */

/* A size, or a number of lines. */
static int
size_option(const struct opts *o, const char *name, const char *arg,
    uint64_t *sizep)
{
	uint64_t size;

	switch (number_size(arg, o->show.si, &size)) {
	case NUMBER_GOOD:
		*sizep = size;
		return 0;
	case NUMBER_NONE:
		msg_text(name,
		    "'%s' is not a size: digits and perhaps a unit, such as "
		    "64k or 1.5GiB",
		    arg);
		break;
	case NUMBER_LARGE:
		msg_text(name, "'%s' is too large: it must be less than 8E",
		    arg);
		break;
	case NUMBER_FINE:
		msg_text(name, "'%s' is not a whole number: use fewer decimals",
		    arg);
		break;
	}
	return -1;
}

/* A size that must fit size_t, so that memory of it can be had. */
static int
memory_option(const struct opts *o, const char *name, const char *arg,
    size_t *sizep)
{
	uint64_t size;

	if (size_option(o, name, arg, &size) == -1)
		return -1;
	if (size > SIZE_MAX / 2) {
		msg_text(name, "'%s' is too large: it must be at most %zu", arg,
		    SIZE_MAX / 2);
		return -1;
	}
	*sizep = (size_t)size;
	return 0;
}

/* As in pv, 0 is the default, and less than works is the least that does. */
static int
buffer_option(struct opts *o, const char *arg)
{
	size_t size;

	if (memory_option(o, "--buffer-size", arg, &size) == -1)
		return -1;
	o->buffer_asked = size != 0;
	o->buffer_size = size == 0 ? BUFFER_DEFAULT :
	    size < BUFFER_LEAST    ? BUFFER_LEAST :
				     size;
	return 0;
}

static int
chunk_option(struct opts *o, const char *arg)
{
	size_t size;

	if (memory_option(o, "--chunk-size", arg, &size) == -1)
		return -1;
	if (size < 4 << 10) {
		msg_text("--chunk-size",
		    "'%s' is too small: it must be at least 4k", arg);
		return -1;
	}
	o->chunk_size = size;
	return 0;
}

/* As in pv, -Z implies -E; 0 means the default, and implies nothing. */
static int
skip_option(struct opts *o, const char *arg)
{
	size_t size;

	if (memory_option(o, "--error-skip-block", arg, &size) == -1)
		return -1;
	o->error_skip_block = size == 0 ? SKIP_DEFAULT : size;
	o->skips_block = size != 0;
	return 0;
}

/* As in pv, what is out of range becomes the nearest that is not. */
static int
seconds_option(const char *name, const char *arg, uint64_t least, uint64_t most,
    uint64_t *usp)
{
	uint64_t us;
	enum number_end end = number_seconds(arg, &us);

	if (end == NUMBER_NONE) {
		msg_text(name, "'%s' is not a time: seconds, such as 2 or 0.5",
		    arg);
		return -1;
	}
	if (end == NUMBER_FINE && us >= least && us < most) {
		msg_text(name, "'%s' is too precise: use at most six decimals",
		    arg);
		return -1;
	}
	*usp = us < least ? least : us > most ? most : us;
	return 0;
}

/* At most `most`: more is that. What 0 means is up to the option. */
static int
count_option(const char *name, const char *arg, uint64_t most, unsigned *np)
{
	uint64_t n;

	if (number_count(arg, most, &n) == NUMBER_NONE) {
		msg_text(name, "'%s' is not a number: digits, such as 20", arg);
		return -1;
	}
	*np = (unsigned)n;
	return 0;
}

/*
 * The index of arg in a table of names, or -1. With `first`, those before it
 * are not for users.
 */
static int
name_option(const char *option, const char *arg, const char *const *names,
    size_t n, size_t first)
{
	char all[128] = "";

	for (size_t i = first; i < n; i++)
		if (strcmp(arg, names[i]) == 0)
			return (int)i;
	for (size_t i = first; i < n; i++) {
		strlcat(all, i == first ? "" : ", ", sizeof(all));
		strlcat(all, names[i], sizeof(all));
	}
	msg_text(option, "'%s' is none of %s", arg, all);
	return -1;
}

/* ---- outputs ---------------------------------------------------------- */

/* The next of them, with a name of two parts. */
static int
add_target(struct opts *o, enum way way, int fd, const char *option,
    const char *arg)
{
	struct target *more = realloc(o->targets,
	    (o->ntargets + 1) * sizeof(*o->targets));
	size_t size = strlen(option) + strlen(arg) + 1;
	char *name = malloc(size);

	if (more != NULL)
		o->targets = more;
	if (more == NULL || name == NULL) {
		msg_text(NULL, "no memory for the options");
		free(name);
		return -1;
	}
	strlcpy(name, option, size); /* printf takes two pages more */
	strlcat(name, arg, size);
	more[o->ntargets++] = (struct target){ way, fd, name,
		name + strlen(option) };
	return 0;
}

static int
file_option(struct opts *o, const char *option, enum way way, const char *arg)
{
	int fd;

	if (*arg == '\0') {
		msg_text(option, "'' is not a file name");
		return -1;
	}
	/* what is a descriptor is not opened again: see path_descriptor() */
	fd = path_descriptor(arg);
	return add_target(o, fd == -1 ? way : WAY_FD, fd, "", arg);
}

static int
output_option(struct opts *o, const char *arg)
{
	o->output = true;
	if (strcmp(arg, "-") == 0)
		return add_target(o, WAY_STDOUT, STDOUT_FILENO, "", "stdout");
	return file_option(o, "--output", WAY_FILE, arg);
}

static int
exec_option(struct opts *o, const char *arg)
{
	if (arg[strspn(arg, " \t\n")] == '\0') {
		msg_text("--exec", "'%s' is not a command", arg);
		return -1;
	}
	return add_target(o, WAY_COMMAND, -1, "--exec=", arg);
}

static int
fd_option(struct opts *o, const char *arg)
{
	const char *why;
	int fd = (int)strtonum(arg, 0, INT_MAX, &why);

	/* strtonum(3) takes "+1" and " 1" */
	if (why != NULL || arg[strspn(arg, "0123456789")] != '\0') {
		msg_text("--fd", "'%s' is not a descriptor: a number from 0 on",
		    arg);
		return -1;
	}
	return add_target(o, WAY_FD, fd, "--fd=", arg);
}

/* stdout, unless -o or -X says otherwise, comes first. */
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

#define NAME_OPTION(option, arg, names, first) \
	name_option(option, arg, names, sizeof(names) / sizeof(*names), first)

/* It stays as long as the options do. */
static const char *
keep(struct opts *o, const char *arg)
{
	char **more = realloc(o->kept, (o->nkept + 1) * sizeof(*more));
	char *copy = strdup(arg);

	if (more != NULL)
		o->kept = more;
	if (more == NULL || copy == NULL) {
		free(copy);
		msg_text(NULL, "no memory for the options");
		return NULL;
	}
	o->kept[o->nkept++] = copy;
	return copy;
}

static int
string_option(struct opts *o, const char *option, const char *arg,
    const char **stringp)
{
	if (*arg == '\0') {
		msg_text(option, "'' is empty");
		return -1;
	}
	*stringp = keep(o, arg);
	return *stringp == NULL ? -1 : 0;
}

static int
format_option(struct opts *o, const char *option, const char *arg,
    const char **formatp)
{
	size_t n;
	const char *at = show_misfit(arg, &n);

	if (at != NULL) {
		msg_text(option,
		    "'%.*s' is not a sequence: see FORMAT in zpipe(1)", (int)n,
		    at);
		return -1;
	}
	*formatp = keep(o, arg);
	return *formatp == NULL ? -1 : 0;
}

static int
expect_option(struct opts *o, const char *arg)
{
	o->sized = true;
	if (arg[0] != '@')
		return size_option(o, "--size", arg, &o->size);
	if (size_path(arg + 1, &o->size) == 0)
		return 0;
	msg_text("--size", "'%s': %s", arg,
	    errno == ESPIPE ? "has no size" : strerror(errno));
	return -1;
}

/* The place of that name; 0 if there is none. */
static unsigned
place_of(const char *name, size_t len)
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
		if (strlen(places[i].name) == len &&
		    strncmp(places[i].name, name, len) == 0)
			return places[i].place;
	return 0;
}

/* PLACE[,PLACE]...[:FORMAT]; as in pv, other places are ignored. */
static int
extra_option(struct opts *o, const char *arg)
{
	size_t n;

	o->extra = 0;
	o->extra_format = NULL;
	for (const char *p = arg;; p += n + 1) {
		n = strcspn(p, ",:");
		o->extra |= place_of(p, n);
		if (p[n] == '\0')
			return 0;
		if (p[n] == ':')
			return format_option(o, "--extra-display", p + n + 1,
			    &o->extra_format);
	}
}

/* As in pv, a style that does not exist is plain. */
static int
style_option(struct opts *o, const char *arg)
{
	o->show.style = BAR_PLAIN;
	for (size_t i = 0; i < sizeof(bar_names) / sizeof(bar_names[0]); i++)
		if (strcmp(arg, bar_names[i]) == 0)
			o->show.style = (enum bar_style)i;
	return 0;
}

/* An empty one is a name as well: pv shows its colon. */
static int
show_name_option(struct opts *o, const char *arg)
{
	if (o->first_name == NULL)
		o->first_name = o->show.name;
	o->show.name = keep(o, arg);
	return o->show.name == NULL ? -1 : 0;
}

/* The first len bytes; 0 if they are no process number. */
static pid_t
pid_of(const char *arg, size_t len)
{
	char digits[16] = "";
	uint64_t n;

	if (len < sizeof(digits))
		memcpy(digits, arg, len);
	return number_count(digits, INT_MAX, &n) != NUMBER_GOOD ? 0 : (pid_t)n;
}

static int
pid_option(const char *option, const char *arg, pid_t *pidp)
{
	*pidp = pid_of(arg, strlen(arg));
	if (*pidp == 0) {
		msg_text(option, "'%s' is not a process number", arg);
		return -1;
	}
	return 0;
}

/* ---- what is watched -------------------------------------------------- */

static int
add_process(struct opts *o, pid_t pid, int fd, const char *name)
{
	struct process *more = reallocarray(o->processes, o->nprocesses + 1,
	    sizeof(*more));

	if (more == NULL) {
		msg_text(NULL, "no memory for the options");
		return -1;
	}
	o->processes = more;
	more[o->nprocesses++] = (struct process){ pid, fd, name };
	return 0;
}

static int
watch_name(struct opts *o, const char *name)
{
	const char *kept;

	if (*name == '\0') {
		msg_text("--watchfd", "'=' has no name of a process");
		return -1;
	}
	kept = keep(o, name);
	return kept == NULL ? -1 : add_process(o, 0, -1, kept);
}

/* All but a list. */
static int
watch_process(struct opts *o, const char *arg)
{
	size_t len = strcspn(arg, ":");
	pid_t pid = pid_of(arg, len);
	uint64_t fd;

	if (*arg == '=')
		return watch_name(o, arg + 1);
	if (pid == 0) {
		msg_text("--watchfd",
		    "'%s' is no process: PID, PID:FD, =NAME or "
		    "@FILE",
		    arg);
		return -1;
	}
	if (arg[len] == '\0')
		return add_process(o, pid, -1, NULL);
	if (number_count(arg + len + 1, INT_MAX, &fd) != NUMBER_GOOD) {
		msg_text("--watchfd",
		    "'%s' is not a descriptor: a number from 0 on",
		    arg + len + 1);
		return -1;
	}
	return add_process(o, pid, (int)fd, NULL);
}

static int
watch_line(struct opts *o, char *line)
{
	line[strcspn(line, "\n")] = '\0';
	if (*line == '@') {
		msg_text("--watchfd",
		    "'%s': a list file cannot include another", line);
		return -1;
	}
	return *line == '\0' ? 0 : watch_process(o, line);
}

static int
watch_option(struct opts *o, const char *arg)
{
	FILE *list;
	char *line = NULL;
	size_t size = 0;
	int r = 0;

	if (*arg != '@')
		return watch_process(o, arg);
	list = fopen(arg + 1, "re");
	while (list != NULL && r == 0 && getline(&line, &size, list) != -1)
		r = watch_line(o, line);
	if (list == NULL || (r == 0 && !feof(list))) {
		msg_text("--watchfd", "'%s': %s", arg, strerror(errno));
		r = -1;
	}
	free(line);
	if (list != NULL)
		fclose(list);
	return r;
}

/*
 * popt(3) takes the sign of "-d=NAME" for one between option and value; for
 * getopt(3), and therefore in pv, it is the value's.
 */
static bool
lost_sign(const struct opts *o, const char *arg)
{
	const char *word = poptBadOption(o->popt, 0); /* the last one */
	size_t n = word == NULL ? 0 : strlen(word), len = strlen(arg);

	return n > len && word[0] == '-' && word[1] != '-' &&
	    word[n - len - 1] == '=';
}

/* With --watchfd the operands are more of its values. */
static int
watch_operands(struct opts *o)
{
	if (!o->watches)
		return 0;
	for (size_t i = 0; i < o->nfiles; i++)
		if (watch_option(o, o->files[i]) == -1)
			return -1;
	if (o->nprocesses == 0) {
		msg_text("--watchfd", "the list names no process");
		return -1;
	}
	return 0;
}

/* ---- all of them ------------------------------------------------------ */

/* Options that only say yes. */
static const struct flag {
	int opt;
	size_t at; /* of a bool in struct opts */
	unsigned changes;
} flags[] = {
#define AT(field) offsetof(struct opts, field)
	{ OPT_IGNORE_INTERRUPTS, AT(ignore_interrupts), CHANGED_OTHER },
	{ OPT_EXPLAIN, AT(explain), CHANGED_OTHER },
	{ OPT_PROBE, AT(probe), CHANGED_OTHER },
	{ 'X', AT(discard), CHANGED_OTHER },
	{ 'C', AT(no_splice), CHANGED_OTHER },
	{ 'q', AT(quiet), CHANGED_OTHER },
	{ 'S', AT(stop_at_size), CHANGED_OTHER },
	{ 'O', AT(sparse), CHANGED_OTHER },
	{ 'Y', AT(sync), CHANGED_OTHER },
	{ 'K', AT(direct_io), CHANGED_OTHER },
	{ 'p', AT(show.progress), CHANGED_SWITCHES },
	{ 't', AT(show.timer), CHANGED_SWITCHES },
	{ 'e', AT(show.eta), CHANGED_SWITCHES },
	{ 'I', AT(show.fineta), CHANGED_SWITCHES },
	{ 'r', AT(show.rate), CHANGED_SWITCHES },
	{ 'a', AT(show.average), CHANGED_SWITCHES },
	{ 'b', AT(show.bytes), CHANGED_SWITCHES },
	{ 'T', AT(show.buffer), CHANGED_SWITCHES },
	{ 'n', AT(show.numeric), CHANGED_SWITCHES },
	{ '8', AT(show.bits), CHANGED_STYLE },
	{ '9', AT(show.conemu), CHANGED_OTHER },
	{ 'g', AT(show.gauge), CHANGED_STYLE },
	{ 'v', AT(show.stats), CHANGED_OTHER },
	{ 'l', AT(show.lines), CHANGED_OTHER },
	{ '0', AT(null), CHANGED_OTHER },
	{ 'W', AT(wait), CHANGED_OTHER },
	{ 'f', AT(force), CHANGED_OTHER },
	{ 'c', AT(cursor), CHANGED_OTHER },
#undef AT
};

/* 1 if it is none of them. */
static int
take_flag(struct opts *o, int opt)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (flags[i].opt == opt) {
			*(bool *)((char *)o + flags[i].at) = true;
			o->changed |= flags[i].changes;
			if (strchr("peItrabTn89gvWfc", opt) != NULL)
				o->shows = true;
			if (opt == '0')
				o->show.lines = true;
			return 0;
		}
	return 1;
}

/* How bytes move. 1 if it is none of these. */
static int
take_moving(struct opts *o, int opt, const char *arg)
{
	int i;

	switch (opt) {
	case 'B':
		return buffer_option(o, arg);
	case OPT_CHUNK_SIZE:
		return chunk_option(o, arg);
	case OPT_PIPE_SIZE:
		o->pipe_asked = true;
		return memory_option(o, "--pipe-size", arg, &o->pipe_size);
	case OPT_ENGINE:
		i = NAME_OPTION("--engine", arg, engine_names, 0);
		o->engine = (enum engine)i;
		return i == -1 ? -1 : 0;
	case OPT_RELEASE:
		i = NAME_OPTION("--release", arg, release_options, 0);
		o->release = (enum release)i;
		return i == -1 ? -1 : 0;
	case 'L':
		o->limited = true;
		return size_option(o, "--rate-limit", arg, &o->rate_limit);
	case 'E':
		o->skip_errors++;
		return 0;
	case 'Z':
		return skip_option(o, arg);
	case 'U':
		return string_option(o, "--store-and-forward", arg, &o->store);
	}
	return 1;
}

/* Where they go. 1 if it is none of these. */
static int
take_output(struct opts *o, int opt, const char *arg)
{
	int i;

	switch (opt) {
	case 'o':
		return output_option(o, arg);
	case OPT_TEE:
		return file_option(o, "--tee", WAY_FILE, arg);
	case OPT_APPEND:
		return file_option(o, "--append", WAY_APPEND, arg);
	case OPT_EXEC:
		return exec_option(o, arg);
	case OPT_FD:
		return fd_option(o, arg);
	case OPT_OUTPUT_ERROR:
		i = NAME_OPTION("--output-error", arg, output_error_names, 1);
		o->output_error = (enum output_error)i;
		return i == -1 ? -1 : 0;
	case OPT_LAG:
		i = NAME_OPTION("--lag", arg, lag_names, 0);
		o->lag = (enum lag)i;
		return i == -1 ? -1 : 0;
	}
	return 1;
}

/* What is shown. 1 if it is none of these. */
static int
take_showing(struct opts *o, int opt, const char *arg)
{
	switch (opt) {
	case 'A':
		return count_option("--last-written", arg, LAST_MOST,
		    &o->show.last_written);
	case 'F':
		if (o->first_format == NULL)
			o->first_format = o->show.format;
		return format_option(o, "--format", arg, &o->show.format);
	case 's':
		return expect_option(o, arg);
	case 'D':
		return seconds_option("--delay-start", arg, 0, UINT64_MAX,
		    &o->delay);
	case 'i':
		return seconds_option("--interval", arg, INTERVAL_LEAST,
		    INTERVAL_MOST, &o->interval);
	case 'm':
		return seconds_option("--average-rate-window", arg, SECOND,
		    (uint64_t)DAY * SECOND, &o->window);
	case 'w':
		return count_option("--width", arg, SHOW_WIDTH, &o->width);
	case 'H':
		return count_option("--height", arg, SHOW_WIDTH, &o->height);
	case 'N':
		return show_name_option(o, arg);
	case 'u':
		return style_option(o, arg);
	case 'x':
		return extra_option(o, arg);
	}
	return 1;
}

/* Its side, or pv's number for it. */
static int
monitor_option(struct opts *o, const char *arg)
{
	bool number = arg[0] >= '0' && arg[0] <= '2' && arg[1] == '\0';
	int i = number ? MONITOR_IN + (arg[0] - '0') :
			 NAME_OPTION("--monitor", arg, monitor_names, 1);

	o->monitor = (enum monitored)i;
	return i == -1 ? -1 : 0;
}

/* Other processes. 1 if it is none of these. */
static int
take_other(struct opts *o, int opt, const char *arg)
{
	switch (opt) {
	case 'd':
		o->watches = true;
		return lost_sign(o, arg) ? watch_name(o, arg) :
					   watch_option(o, arg);
	case 'R':
		return pid_option("--remote", arg, &o->remote);
	case 'Q':
		return pid_option("--query", arg, &o->query);
	case 'M':
		return monitor_option(o, arg);
	case 'P':
		return string_option(o, "--pidfile", arg, &o->pidfile);
	}
	return 1;
}

/*
 * What an option with a value changes, where it can be changed. Of these three
 * 0 stands for what would be without them.
 */
static unsigned
changes_of(const struct opts *o, int opt)
{
	switch (opt) {
	case 'A':
		return o->show.last_written != 0 ? CHANGED_SWITCHES : 0;
	case 'F':
		return CHANGED_SWITCHES;
	case 'N':
		return CHANGED_NAME;
	case 'u':
		return CHANGED_BAR;
	case 's':
		return CHANGED_SIZE;
	case 'L':
		return CHANGED_RATE;
	case 'i':
		return CHANGED_INTERVAL;
	case 'm':
		return CHANGED_WINDOW;
	case 'w':
		return o->width != 0 ? CHANGED_GEOMETRY : 0;
	case 'H':
		return o->height != 0 ? CHANGED_GEOMETRY : 0;
	case 'B':
		return CHANGED_BUFFER;
	case 'x':
		return CHANGED_EXTRA;
	case 'R':
	case 'k':
		return 0;
	default:
		return CHANGED_OTHER;
	}
}

/* What is for the start only is remembered, to be named. */
static void
note_fixed(struct opts *o, int opt)
{
	for (size_t i = 0; table[i].longName != NULL && o->fixed == NULL; i++)
		if (table[i].val == opt && (o->changed & CHANGED_OTHER) != 0)
			o->fixed = table[i].longName;
}

static int
take_option(struct opts *o, int opt, const char *arg)
{
	int r = take_flag(o, opt);

	if (r == 0)
		note_fixed(o, opt);
	if (r == 1) {
		r = take_showing(o, opt, arg);
		o->changed |= changes_of(o, opt);
		note_fixed(o, opt);
		if (r != 1)
			o->shows = true;
	}
	if (r == 1)
		r = take_moving(o, opt, arg);
	if (r == 1)
		r = take_output(o, opt, arg);
	if (r == 1)
		r = take_other(o, opt, arg);
	return r == 1 ? 0 : r; /* help, version and -k are seen elsewhere */
}

/* ---- names of options ------------------------------------------------- */

/*
 * TYPO: a name with that many letters wrong is still recognized.
 * NAME: longer than any name of an option.
 */
enum {
	TYPO = 2,
	NAME = 32,
};

/* The name of a long option, without what follows a "="; NULL if it is none. */
static const char *
long_name(const char *word, size_t *len)
{
	if (word == NULL || strncmp(word, "--", 2) != 0)
		return NULL;
	*len = strcspn(word + 2, "=");
	return *len > 0 ? word + 2 : NULL;
}

static bool
begins_with(const struct poptOption *option, const char *name, size_t len)
{
	return strncmp(option->longName, name, len) == 0;
}

/*
 * The option that the name is the beginning of, or NULL. Two names of the same
 * option are no reason to doubt.
 */
static const struct poptOption *
unabbreviated(const char *name, size_t len)
{
	const struct poptOption *found = NULL;

	for (const struct poptOption *t = table; t->longName != NULL; t++) {
		if (!begins_with(t, name, len))
			continue;
		if (found != NULL && found->val != t->val)
			return NULL;
		found = t;
	}
	return found;
}

/*
 * As poptGetNextOpt(3), but a long option may be abbreviated, as with
 * getopt_long(3): popt is given the whole name to read in its place. A name
 * that is complete has been found by popt itself.
 */
static int
next_option(poptContext pc)
{
	int opt = poptGetNextOpt(pc);
	const struct poptOption *found;
	const char *name, *words[2] = { NULL, NULL };
	char *whole;
	size_t len;

	while (opt == POPT_ERROR_BADOPT) {
		name = long_name(poptBadOption(pc, 0), &len);
		found = name == NULL ? NULL : unabbreviated(name, len);
		if (found == NULL)
			break;
		if (asprintf(&whole, "--%s%s", found->longName, name + len) ==
		    -1)
			return POPT_ERROR_MALLOC;
		words[0] = whole;
		opt = poptStuffArgs(pc, words); /* which copies them */
		free(whole);
		if (opt == 0)
			opt = poptGetNextOpt(pc);
	}
	return opt;
}

/* How many letters must be added, removed or changed to get from a to b. */
static unsigned
distance(const char *a, size_t len, const char *b)
{
	unsigned row[NAME], above, left, best;
	size_t n = strlen(b);

	for (size_t j = 0; j <= n; j++)
		row[j] = (unsigned)j;
	for (size_t i = 0; i < len; i++) {
		above = row[0];
		left = row[0] = (unsigned)i + 1;
		for (size_t j = 1; j <= n; j++) {
			best = above + (a[i] != b[j - 1]);
			best = row[j] + 1 < best ? row[j] + 1 : best;
			best = left + 1 < best ? left + 1 : best;
			above = row[j];
			left = row[j] = best;
		}
	}
	return row[n];
}

/* The option that was meant, as far as one can tell, or NULL. */
static const char *
nearest(const char *name, size_t len)
{
	unsigned most = TYPO + 1, far;
	const char *found = NULL;

	if (len >= NAME || len <= 2 * TYPO)
		return NULL;
	for (const struct poptOption *t = table; t->longName != NULL; t++) {
		far = distance(name, len, t->longName);
		if (far < most) {
			most = far;
			found = t->longName;
		}
	}
	return found;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The options that the name is the beginning of, in order. Returns text. */
static const char *
candidates(const char *name, size_t len, char *text, size_t size)
{
	const char *names[sizeof(table) / sizeof(table[0])];
	size_t n = 0;

	for (const struct poptOption *t = table; t->longName != NULL; t++)
		if (begins_with(t, name, len))
			names[n++] = t->longName;
	qsort(names, n, sizeof(names[0]), by_name);
	text[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		strlcat(text, i == 0 ? "--" : ", --", size);
		strlcat(text, names[i], size);
	}
	return text;
}

static void
blame_unknown(const char *word)
{
	char all[2 * NAME * sizeof(table) / sizeof(table[0])];
	size_t len = 0;
	const char *name = long_name(word, &len), *meant;

	if (name == NULL) {
		msg_text(NULL, "unknown option %s: see zpipe --help", word);
		return;
	}
	if (*candidates(name, len, all, sizeof(all)) != '\0') {
		msg_text(NULL, "--%.*s: ambiguous: %s", (int)len, name, all);
		return;
	}
	meant = nearest(name, len);
	if (meant != NULL)
		msg_text(NULL, "unknown option --%.*s: did you mean --%s?",
		    (int)len, name, meant);
	else
		msg_text(NULL, "unknown option --%.*s: see zpipe --help",
		    (int)len, name);
}

/* What is wrong with the word that poptGetNextOpt(3) has read last. */
static void
blame_option(const char *word, int error)
{
	size_t len;
	const char *name = long_name(word, &len);

	if (error == POPT_ERROR_BADOPT) {
		blame_unknown(word);
		return;
	}
	if (name == NULL)
		len = strlen(word);
	else
		len += 2;
	msg_text(NULL, "%.*s: %s", (int)len, word,
	    error == POPT_ERROR_NOARG           ? "requires a value" :
		error == POPT_ERROR_UNWANTEDARG ? "takes no value" :
						  poptStrerror(error));
}

/* ---- combinations ----------------------------------------------------- */

static int
check(const struct opts *o)
{
	bool ring = o->engine == ENGINE_RING || o->engine == ENGINE_AUTO;

	if (!ring && o->release != RELEASE_AUTO) {
		msg_text(NULL,
		    "--release=%s: --engine=%s shares no buffers: "
		    "use --engine=ring or auto",
		    release_name(o->release), engine_name(o->engine));
		return -1;
	}
	if (o->no_splice && !ring && o->engine != ENGINE_COPY) {
		msg_text("--no-splice",
		    "--engine=%s does not pass the bytes "
		    "through user memory: use ring or copy",
		    engine_name(o->engine));
		return -1;
	}
	if (o->lag != LAG_WAIT && !ring && o->engine != ENGINE_COPY) {
		msg_text(NULL,
		    "--lag=%s: --engine=%s has no buffers to skip: "
		    "use ring or copy",
		    lag_names[o->lag], engine_name(o->engine));
		return -1;
	}
	if (o->discard && o->output) {
		msg_text("--discard", "cannot be combined with --output");
		return -1;
	}
	return 0;
}

/* What has to do with another process. */
static int
check_others(const struct opts *o)
{
	const struct {
		const char *name;
		bool given;
	} modes[] = {
		{ "--watchfd", o->watches },
		{ "--query", o->query != 0 },
		{ "--remote", o->remote != 0 },
		{ "--monitor", o->monitor != MONITOR_NONE },
	};
	const char *mode = NULL;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (!modes[i].given)
			continue;
		if (mode != NULL) {
			msg_text(modes[i].name, "cannot be combined with %s",
			    mode);
			return -1;
		}
		mode = modes[i].name;
	}
	if (o->remote != 0 && o->fixed != NULL) {
		msg_text("--remote", "--%s cannot be changed while zpipe runs",
		    o->fixed);
		return -1;
	}
	if (o->remote != 0 && o->changed == 0) {
		msg_text("--remote", "name an option to change");
		return -1;
	}
	if (mode != NULL && (o->ntargets > 0 || o->store != NULL)) {
		msg_text(mode, "cannot be combined with --output");
		return -1;
	}
	if (o->monitor != MONITOR_NONE && o->nfiles == 0) {
		msg_text("--monitor",
		    "a command is missing: -- COMMAND [ARG]...");
		return -1;
	}
	if ((o->query != 0 || o->remote != 0) && o->nfiles > 0) {
		msg_text(mode, "'%s' is one operand too many", o->files[0]);
		return -1;
	}
	return 0;
}

static void
print_help(poptContext pc)
{
	poptSetOtherOptionHelp(pc, "[OPTION]... [FILE]...");
	printf("zpipe: a zero-copy cat, tee and pv\n\n");
	poptPrintHelp(pc, stdout, 0);
	printf("\nA FILE that is \"-\", or none, is stdin. A SIZE may have a "
	       "unit: k, M, G, T, P and\nE, or kiB to EiB, are powers of 1024; "
	       "kB to EB are powers of 1000. Long options\nmay be abbreviated. "
	       "The manual is zpipe(1).\n");
}

/* -k is about all the numbers, wherever it stands. */
static bool
says_si(poptContext pc)
{
	bool si = false;
	int opt;

	while ((opt = next_option(pc)) > 0) {
		free(poptGetOptArg(pc));
		si = si || opt == 'k';
	}
	poptResetContext(pc);
	return si;
}

static void
take_files(struct opts *o, poptContext pc)
{
	o->files = poptGetArgs(pc);
	while (o->files != NULL && o->files[o->nfiles] != NULL)
		o->nfiles++;
}

/* A process title is written over what the command line stood in. */
static int
keep_files(struct opts *o)
{
	o->own_files = calloc(o->nfiles + 1, sizeof(*o->own_files));
	if (o->own_files == NULL) {
		msg_text(NULL, "no memory for the options");
		return -1;
	}
	for (size_t i = 0; i < o->nfiles; i++) {
		o->own_files[i] = keep(o, o->files[i]);
		if (o->own_files[i] == NULL)
			return -1;
	}
	o->files = o->own_files;
	return 0;
}

static enum opts_end
parse(struct opts *o, poptContext pc)
{
	int opt;

	o->show.si = says_si(pc);
	while ((opt = next_option(pc)) > 0) {
		char *arg = poptGetOptArg(pc);
		int r = take_option(o, opt, arg);

		free(arg);
		if (r == -1)
			return OPTS_USAGE;
		if (opt == 'h') {
			print_help(pc);
			return OPTS_EXIT;
		}
		if (opt == 'V') {
			printf("zpipe %s\n", PACKAGE_VERSION);
			return OPTS_EXIT;
		}
	}
	if (opt < -1) {
		blame_option(poptBadOption(pc, 0), opt);
		return OPTS_USAGE;
	}
	/* as pv has it; but a running one is told of nothing else */
	if (o->show.bits && o->remote == 0)
		o->show.bytes = true;
	if (o->skips_block && o->skip_errors == 0)
		o->skip_errors = 1;
	/* as in pv, a size of 0 is not known; but to stop there makes sense */
	if (o->size == 0 && !o->stop_at_size)
		o->sized = false;
	take_files(o, pc);
	if ((o->extra & EXTRA_PROCESS) != 0 && keep_files(o) == -1)
		return OPTS_USAGE;
	if (check(o) == -1 || check_others(o) == -1 ||
	    watch_operands(o) == -1 || add_stdout(o) == -1)
		return OPTS_USAGE;
	return OPTS_RUN;
}

enum opts_end
opts_parse(struct opts *o, int argc, char *argv[])
{
	static const char *const just_stdin[] = { "-", NULL };
	poptContext pc;
	enum opts_end end;

	*o = (struct opts){
		.engine = ENGINE_AUTO,
		.release = RELEASE_AUTO,
		.buffer_size = BUFFER_DEFAULT,
		.pipe_size = (size_t)1 << 20,
		.error_skip_block = SKIP_DEFAULT,
		.interval = SECOND,
		.window = 30 * (uint64_t)SECOND,
	};
	pc = poptGetContext("zpipe", argc, (const char **)(uintptr_t)argv,
	    table, 0);
	if (pc == NULL) {
		msg_text(NULL, "no memory for the options");
		return OPTS_USAGE;
	}
	o->popt = pc;
	end = parse(o, pc);
	if (o->nfiles == 0) {
		o->files = (const char **)(uintptr_t)just_stdin;
		o->nfiles = 1;
	}
	return end;
}

void
opts_release(struct opts *o)
{
	for (size_t i = 0; i < o->ntargets; i++)
		free(o->targets[i].name);
	free(o->targets);
	free(o->processes);
	for (size_t i = 0; i < o->nkept; i++)
		free(o->kept[i]);
	free(o->kept);
	for (size_t i = 0; i < TOLD_ALL; i++)
		free(o->told[i]);
	free(o->own_files);
	if (o->popt != NULL)
		poptFreeContext(o->popt);
	o->popt = NULL;
}
