/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <limits.h>
#include <popt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "opts.h"

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
	{ "quiet", 'q', POPT_ARG_NONE, NULL, 'q',
	    "print no counts; errors are still reported", NULL },
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

static const char *const lag_names[] = {
	[LAG_WAIT] = "wait",
	[LAG_DROP] = "drop",
	[LAG_DETACH] = "detach",
};

const char *
engine_name(enum engine e)
{
	return engine_names[e];
}

/* ---- sizes ------------------------------------------------------------ */

/*
 * Digits, perhaps a fraction, perhaps one of k, M, G, T. Not left to
 * expand_number(3), which takes "-1" and "0x10" and saturates in silence.
 * 0, or -1 and *sizep is untouched.
 */
static int
parse_size(const char *s, size_t *sizep)
{
	static const char units[] = "kMGT";
	uint64_t whole = 0, frac = 0, scale = 1, unit = 1;
	const char *p = s, *u;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(*p - '0'), &whole))
			return -1;
	if (p == s)
		return -1;
	if (*p == '.') {
		const char *point = p++;

		/* six digits are a byte of a megabyte: enough */
		for (; *p >= '0' && *p <= '9'; p++)
			if (scale < 1000000) {
				frac = frac * 10 + (uint64_t)(*p - '0');
				scale *= 10;
			}
		if (p == point + 1)
			return -1;
	}
	if (*p != '\0') {
		u = strchr(units,
		    *p == 'K'     ? 'k' :
			*p == 'm' ? 'M' :
			*p == 'g' ? 'G' :
			*p == 't' ? 'T' :
				    *p);
		if (u == NULL || p[1] != '\0')
			return -1;
		unit = (uint64_t)1 << (10 * (u - units + 1));
	} else if (frac != 0)
		return -1; /* half a byte */
	if (__builtin_mul_overflow(whole, unit, &whole) ||
	    __builtin_add_overflow(whole,
		frac * (unit / scale) + frac * (unit % scale) / scale,
		&whole) ||
	    whole > SIZE_MAX / 2)
		return -1;
	*sizep = (size_t)whole;
	return 0;
}

/* ---- one option ------------------------------------------------------- */

static int
size_option(const char *name, const char *arg, size_t least,
    const char *least_name, size_t *sizep)
{
	size_t size;

	if (parse_size(arg, &size) == -1) {
		warnx("%s: '%s' is not a size: digits and one of k, M, G, T, "
		      "such as 64k or 16M",
		    name, arg);
		return -1;
	}
	if (size < least) {
		warnx("%s: '%s' is too small: at least %s is needed", name, arg,
		    least_name);
		return -1;
	}
	*sizep = size;
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
	warnx("%s: '%s' is none of %s", option, arg, all);
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
	char *name = NULL;

	if (more != NULL)
		o->targets = more;
	if (more == NULL || asprintf(&name, "%s%s", option, arg) == -1) {
		warnx("no memory for the options");
		return -1;
	}
	more[o->ntargets++] = (struct target){ way, fd, name,
		name + strlen(option) };
	return 0;
}

static int
file_option(struct opts *o, const char *option, enum way way, const char *arg)
{
	if (*arg == '\0') {
		warnx("%s: '' is not a file name", option);
		return -1;
	}
	return add_target(o, way, -1, "", arg);
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
		warnx("--exec: '%s' is not a command", arg);
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
		warnx("--fd: '%s' is not a descriptor: a number from 0 on",
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

static int
take_option(struct opts *o, int opt, const char *arg)
{
	int i;

	switch (opt) {
	case 'B':
		return size_option("--buffer-size", arg, 64 << 10, "64k",
		    &o->buffer_size);
	case OPT_CHUNK_SIZE:
		return size_option("--chunk-size", arg, 4 << 10, "4k",
		    &o->chunk_size);
	case OPT_PIPE_SIZE:
		return size_option("--pipe-size", arg, 0, "0", &o->pipe_size);
	case OPT_ENGINE:
		i = NAME_OPTION("--engine", arg, engine_names, 0);
		o->engine = (enum engine)i;
		return i;
	case OPT_RELEASE:
		i = NAME_OPTION("--release", arg, release_options, 0);
		o->release = (enum release)i;
		return i;
	case OPT_OUTPUT_ERROR:
		i = NAME_OPTION("--output-error", arg, output_error_names, 1);
		o->output_error = (enum output_error)i;
		return i;
	case OPT_LAG:
		i = NAME_OPTION("--lag", arg, lag_names, 0);
		o->lag = (enum lag)i;
		return i;
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
	case 'X':
		o->discard = true;
		break;
	case OPT_IGNORE_INTERRUPTS:
		o->ignore_interrupts = true;
		break;
	case OPT_EXPLAIN:
		o->explain = true;
		break;
	case OPT_PROBE:
		o->probe = true;
		break;
	case 'C':
		o->no_splice = true;
		break;
	case 'q':
		o->quiet = true;
		break;
	}
	return 0;
}

/* ---- combinations ----------------------------------------------------- */

static int
check(const struct opts *o)
{
	bool ring = o->engine == ENGINE_RING || o->engine == ENGINE_AUTO;

	if (!ring && o->release != RELEASE_AUTO) {
		warnx("--release=%s: --engine=%s shares no buffers: "
		      "use --engine=ring or auto",
		    release_name(o->release), engine_name(o->engine));
		return -1;
	}
	if (o->no_splice && !ring && o->engine != ENGINE_COPY) {
		warnx("--no-splice: --engine=%s does not pass the bytes "
		      "through user memory: use ring or copy",
		    engine_name(o->engine));
		return -1;
	}
	if (o->lag != LAG_WAIT && !ring && o->engine != ENGINE_COPY) {
		warnx("--lag=%s: --engine=%s has no buffers to skip: "
		      "use ring or copy",
		    lag_names[o->lag], engine_name(o->engine));
		return -1;
	}
	if (o->discard && o->output) {
		warnx("--discard: --output names what is to be written: "
		      "use one of the two");
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
	printf(
	    "\nA FILE that is \"-\", or none, is stdin. A SIZE is digits and "
	    "one of k, M, G, T\n(powers of 1024). The manual is zpipe(1).\n");
}

static enum opts_end
parse(struct opts *o, poptContext pc)
{
	int opt;

	while ((opt = poptGetNextOpt(pc)) > 0) {
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
		warnx("%s: %s: see zpipe --help", poptBadOption(pc, 0),
		    opt == POPT_ERROR_NOARG           ? "a value is missing" :
			opt == POPT_ERROR_UNWANTEDARG ? "takes no value" :
			opt == POPT_ERROR_BADOPT ? "there is no such option" :
						   poptStrerror(opt));
		return OPTS_USAGE;
	}
	return check(o) == -1 || add_stdout(o) == -1 ? OPTS_USAGE : OPTS_RUN;
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
		.buffer_size = (size_t)16 << 20,
		.pipe_size = (size_t)1 << 20,
	};
	pc = poptGetContext("zpipe", argc, (const char **)(uintptr_t)argv,
	    table, 0);
	if (pc == NULL) {
		warnx("no memory for the options");
		return OPTS_USAGE;
	}
	o->popt = pc;
	end = parse(o, pc);
	o->files = poptGetArgs(pc);
	if (o->files == NULL)
		o->files = (const char **)(uintptr_t)just_stdin;
	while (o->files[o->nfiles] != NULL)
		o->nfiles++;
	return end;
}

void
opts_release(struct opts *o)
{
	for (size_t i = 0; i < o->ntargets; i++)
		free(o->targets[i].name);
	free(o->targets);
	if (o->popt != NULL)
		poptFreeContext(o->popt);
	o->popt = NULL;
}
