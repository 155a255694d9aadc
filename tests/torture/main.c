/* SPDX-License-Identifier: ISC */
/*
 * torture: random transfers through zpipe, each checked byte for byte.
 *
 *	torture [--seconds N] [--seed S] [--case N] [--zpipe PATH]
 *
 * Each case is drawn from the seed and its number, and from nothing else: which
 * inputs, outputs, readers, options and signals it has. Processes of its own
 * write into zpipe and read from it. At the end every output must have the
 * right bytes, all of them unless something was to cut it short, and zpipe must
 * have ended as it should, within the deadline.
 *
 *	--seconds N	how long; 30 if not given
 *	--seed S	the only seed; else three fixed ones and a random one
 *	--case N	that case of --seed, once; with --seconds again and
 *			again, until it fails
 *	--scenario NAME	only cases of that scenario
 *	--deadline N	seconds until a case counts as a hang; 15
 *	--zpipe PATH	the program; $ZPIPE or ./zpipe if not given
 *	--zoo PATH	the directory of the readers; $ZOO or tests/zoo
 *
 * Prints a line of TAP for each scenario, and for each fault the command that
 * runs that one case again.
 *
 *	scenarios.c	the kinds of cases; what each is drawn from is in
 *			inputs.c, outputs.c and options.c (plan.h)
 *	dice.c text.c	random numbers; bytes in a row, and where they belong
 *	cases.c		one case after the other, each with its deadline
 *	run.c		a case: starts its processes, and waits for them
 *	procs.c wire.c	writers and readers, and what connects them
 *	signals.c	what zpipe is sent meanwhile
 *	check.c		what has come out
 *	shared.c	what all the processes tell each other
 */
#include "config.h"

#include <sys/random.h>

#include <err.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/torture/cases.h"
#include "tests/torture/shared.h"
#include "tests/lib/tap.h"

/* One file through a program to a reader. */
static struct job *
self_job(size_t len, enum in_kind kind)
{
	struct job *j = plan.job;

	memset(&plan, 0, sizeof(plan));
	plan.njobs = 1;
	j->nin = 1;
	j->in[0].kind = kind;
	j->in[0].data = (struct part){ master, len };
	snprintf(j->in[0].name, sizeof(j->in[0].name), "in");
	text_add(&j->want, master, len);
	draw_output(&plan, j, &j->out[0], OUT_PIPE);
	j->out[0].nchain = 0;
	j->out[0].wait = j->out[0].pause = 0;
	j->nout = 1;
	j->allow = GOOD;
	j->silent = true;
	return j;
}

/* --release=drain breaks its promise to a reader that splices. */
static void
see_wrong_bytes(void)
{
	static const char *const chain[] = { "splicer", "splicer", "slow" };
	bool seen = false;

	for (int i = 0; i < 5 && !seen; i++) {
		struct job *j = self_job(24 * MIB, IN_FILE);

		for (size_t k = 0; k < LENGTH(chain); k++)
			snprintf(j->out[0].chain[k], sizeof(j->out[0].chain[k]),
			    "%s", chain[k]);
		j->out[0].nchain = LENGTH(chain);
		arg(j, "zpipe");
		arg(j, "--engine=ring");
		arg(j, "--release=drain");
		arg(j, "-B4M");
		arg(j, "in");
		run_plan(&plan, deadline);
		seen = strstr(shared->fault, "is wrong") != NULL;
	}
	if (strstr(shared->fault, "status 16") != NULL) {
		skip("wrong bytes are seen", "no vmsplice here");
		return;
	}
	ok(seen, "wrong bytes are seen, behind --release=drain");
}

/* A program that is not zpipe, and wrong in one way. */
static void
see_fault(const char *what, const char *program, uint64_t value,
    const char *sign)
{
	struct job *j = self_job(100000, IN_STDIN);
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", zoo_path, program);
	j->program = path;
	arg(j, "%s", program);
	arg(j, "%" PRIu64, value);
	run_plan(&plan, 1);
	if (!ok(strstr(shared->fault, sign) != NULL, "%s", what))
		diagnose(shared->fault);
}

static void
see_faults(void)
{
	see_wrong_bytes();
	see_fault("a byte that is missing is seen", "leave", 99999,
	    "99999 bytes, not 100000");
	see_fault("a wrong status is seen", "leave", 100001, "status 1");
	see_fault("a message is seen", "leave", 100001, "ended first");
	see_fault("a hang is seen", "never", 60, "hangs");
}

/* ---- the command line ------------------------------------------------- */

static struct config {
	uint64_t seconds;
	uint64_t seed;
	uint64_t number;
	const char *scenario;
	bool one_seed;
	bool one_case;
	bool timed;
} conf = { .seconds = 30 };

static void
run_seed(uint64_t seed, uint64_t until)
{
	printf("# seed %" PRIu64 "\n", seed);
	fflush(stdout);
	for (uint64_t n = 0; now_us() < until; n++)
		if (conf.scenario == NULL ||
		    strcmp(scenario_of(n)->name, conf.scenario) == 0)
			run_number(seed, n, false);
}

/* What was wrong once is tried for ever; luck has its turn too. */
static void
run_seeds(void)
{
	uint64_t start = now_us(), us = conf.seconds * 1000000, seed;

	for (seed = 1; seed <= 3; seed++)
		run_seed(seed, start + us * seed / 8);
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		err(99, "getrandom");
	run_seed(seed, start + us);
}

static int
run_one_case(void)
{
	uint64_t until = now_us() + conf.seconds * 1000000;
	unsigned n = 0;
	bool right;

	do {
		n++;
		right = run_number(conf.seed, conf.number, !conf.timed);
	} while (right && conf.timed && now_us() < until);
	ok(right, "seed %" PRIu64 ", case %" PRIu64 ", %u times", conf.seed,
	    conf.number, n);
	return tap_done();
}

static int
summary(void)
{
	for (size_t i = 0; i < SCENARIOS; i++) {
		const struct tally *t = &tallies[i];

		printf("# %s: %u cases, %u faults\n", scenarios[i].name,
		    t->cases, t->faults);
		if (t->cases == 0)
			skip(scenarios[i].what, "there was no time for it");
		else
			ok(t->faults == 0, "%s", scenarios[i].what);
	}
	return tap_done();
}

static uint64_t
number(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 10);

	if (*text == '\0' || *end != '\0')
		errx(2, "%s: not a number", text);
	return n;
}

static void
take_options(int argc, char *argv[])
{
	static const struct option options[] = { { "seconds", 1, NULL, 't' },
		{ "seed", 1, NULL, 's' }, { "case", 1, NULL, 'c' },
		{ "scenario", 1, NULL, 'S' }, { "deadline", 1, NULL, 'd' },
		{ "zpipe", 1, NULL, 'z' }, { "zoo", 1, NULL, 'Z' },
		{ NULL, 0, NULL, 0 } };
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 't')
			conf.seconds = number(optarg), conf.timed = true;
		else if (opt == 's')
			conf.seed = number(optarg), conf.one_seed = true;
		else if (opt == 'c')
			conf.number = number(optarg), conf.one_case = true;
		else if (opt == 'S')
			conf.scenario = optarg;
		else if (opt == 'd')
			deadline = (unsigned)number(optarg);
		else if (opt == 'z')
			zpipe_path = optarg;
		else if (opt == 'Z')
			zoo_path = optarg;
		else
			exit(2);
	}
	if (optind < argc)
		errx(2, "%s: one operand too many", argv[optind]);
}

/* Absolute, since the cases run elsewhere. */
static const char *
find(const char *given, const char *variable, const char *otherwise)
{
	const char *name = given;
	char *path;

	if (name == NULL)
		name = getenv(variable);
	if (name == NULL)
		name = otherwise;
	path = realpath(name, NULL);
	if (path == NULL)
		err(2, "%s", name);
	return path;
}

int
main(int argc, char *argv[])
{
	int status;

	me = realpath(argv[0], NULL);
	take_options(argc, argv);
	zpipe_path = find(zpipe_path, "ZPIPE", "zpipe");
	zoo_path = find(zoo_path, "ZOO", "tests/zoo");
	/* the leak check stops the program by ptrace, which takes its time */
	setenv("ASAN_OPTIONS", "detect_leaks=0", 0);
	shared = shared_memory(sizeof(*shared));
	make_master();
	make_dir();
	if (conf.one_case) {
		status = run_one_case();
	} else {
		see_faults();
		if (conf.one_seed)
			run_seed(conf.seed, now_us() + conf.seconds * 1000000);
		else
			run_seeds();
		status = summary();
	}
	remove_dir();
	return status;
}
