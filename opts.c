/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <popt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opts.h"

enum {
	OPT_ENGINE = 0x100,
	OPT_RELEASE,
	OPT_CHUNK_SIZE,
	OPT_PIPE_SIZE,
	OPT_EXPLAIN,
	OPT_PROBE,
};

/*
 * No .arg for strings: popt leaks the first value of a repeated one, so we
 * take each with poptGetOptArg() and free it.
 */
static const struct poptOption table[] = {
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
#define NENGINES (sizeof(engine_names) / sizeof(engine_names[0]))

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

static int
engine_option(const char *arg, enum engine *e)
{
	for (size_t i = 0; i < NENGINES; i++)
		if (strcmp(arg, engine_names[i]) == 0) {
			*e = (enum engine)i;
			return 0;
		}
	warnx("--engine: '%s' is none of auto, ring, mmap, splice, range, copy",
	    arg);
	return -1;
}

static int
release_option(const char *arg, enum release *r)
{
	static const enum release all[] = {
		RELEASE_AUTO,
		RELEASE_FENCE,
		RELEASE_FRESH,
		RELEASE_DRAIN,
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(arg, release_name(all[i])) == 0) {
			*r = all[i];
			return 0;
		}
	warnx("--release: '%s' is none of auto, fence, fresh, drain", arg);
	return -1;
}

static int
take_option(struct opts *o, int opt, const char *arg)
{
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
		return engine_option(arg, &o->engine);
	case OPT_RELEASE:
		return release_option(arg, &o->release);
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
	return check(o) == -1 ? OPTS_USAGE : OPTS_RUN;
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
	if (o->popt != NULL)
		poptFreeContext(o->popt);
	o->popt = NULL;
}
