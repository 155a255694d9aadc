/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/torture/plan.h"
#include "tests/torture/shared.h"

static void
make_one(struct plan *p)
{
	draw_budget(p);
	draw_inputs(p, p->job, NULL);
	draw_outputs(p, p->job, 1);
	draw_options(p, p->job, true);
}

static void
make_many(struct plan *p)
{
	draw_budget(p);
	if (p->budget > 16 * MIB)
		p->budget = 16 * MIB;
	draw_inputs(p, p->job, NULL);
	draw_outputs(p, p->job, (size_t)between(&p->dice, 2, MOST_OUT));
	draw_options(p, p->job, true);
}

static void
make_packets(struct plan *p)
{
	static const enum in_kind kinds[] = { IN_RECORDS, IN_SEQPACKET,
		IN_DGRAM };
	enum in_kind kind = PICK(&p->dice, kinds);

	draw_budget(p);
	if (p->budget > 3 * MIB)
		p->budget = 3 * MIB;
	draw_inputs(p, p->job, &kind);
	draw_outputs(p, p->job,
	    chance(&p->dice, 70) ? 1 : (size_t)between(&p->dice, 2, MOST_OUT));
	draw_options(p, p->job, true);
}

static void
make_pestered(struct plan *p)
{
	p->pester = (unsigned)between(&p->dice, 1, 15);
	if (chance(&p->dice, 50))
		make_one(p);
	else
		make_many(p);
	if (p->pester & PESTER_USR1)
		p->job[0].silent = false;
}

/* A signal ends it: then each output is a prefix. */
static void
make_ended(struct plan *p)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGTERM,
		SIGKILL };
	struct dice *d = &p->dice;
	struct job *j = p->job;

	p->end_by = PICK(d, signals);
	draw_budget(p);
	draw_inputs(p, j, NULL);
	draw_outputs(p, j, chance(d, 50) ? 1 : (size_t)between(d, 2, MOST_OUT));
	draw_options(p, j, false);
	for (size_t i = 0; i < j->nin; i++)
		j->in[i].stays = chance(d, 30);
	if (j->out[0].mark != -1 && chance(d, 70))
		p->end_after = below(d, text_len(&j->want) + 1);
	p->end_wait = (unsigned)below(d, 5000);
	if (any_input(j, IN_FIFO, IN_FIFO) && p->end_after == 0)
		p->end_wait += 5000;
	j->allow = GOOD | ENDED;
	j->silent = false;
}

/*
 * A reader leaves early. SIGPIPE ends it then as it does cat; where that is
 * ignored it is an error. What the pipes can hold may have been handed over
 * before.
 */
static void
make_left(struct plan *p)
{
	static const enum out_kind kinds[] = { OUT_PIPE, OUT_PIPE, OUT_PIPE,
		OUT_UNIX, OUT_TCP };
	struct dice *d = &p->dice;
	struct job *j = p->job;
	uint64_t total, holds;

	draw_budget(p);
	draw_inputs(p, j, NULL);
	draw_output(p, j, &j->out[0], PICK(d, kinds));
	j->nout = 1;
	j->out[0].nchain = 0;
	draw_options(p, j, false);
	total = text_len(&j->want);
	j->out[0].leave = below(d, total + 1);
	if (chance(d, 20))
		j->out[0].leave = 0;
	j->out[0].need = NEED_EXACTLY;
	holds = j->out[0].kind == OUT_TCP ? 16 * MIB : 4 * MIB;
	j->allow = total > j->out[0].leave + holds ? 0 : GOOD;
	j->allow |= FAILED | (j->ignores_pipe ? 0 : PIPED);
	for (size_t i = 0; i < j->argc; i++) {
		if (strncmp(j->argv[i], "--output-error=", 15) != 0)
			continue;
		j->allow &= GOOD | FAILED;
		if (strstr(j->argv[i], "nopipe") != NULL)
			/* a connection may be reset, which is an error */
			j->allow = j->out[0].kind == OUT_PIPE ? GOOD :
								GOOD | FAILED;
	}
	j->silent = false;
}

/* A reader that leaves is no matter of the others, if so wanted. */
static void
make_left_many(struct plan *p)
{
	struct dice *d = &p->dice;
	struct job *j = p->job;
	struct output *o;
	bool quiet = chance(d, 50);

	draw_budget(p);
	if (p->budget > 16 * MIB)
		p->budget = 16 * MIB;
	draw_inputs(p, j, NULL);
	draw_outputs(p, j, (size_t)between(d, 2, MOST_OUT));
	o = &j->out[1 + below(d, j->nout - 1)];
	draw_output(p, j, o, chance(d, 50) ? OUT_PIPE : OUT_EXEC);
	o->leave = below(d, text_len(&j->want) + 1);
	o->nchain = 0;
	o->need = o->kind == OUT_PIPE ? NEED_EXACTLY : NEED_PREFIX;
	draw_options(p, j, false);
	arg(j, "--output-error=warn%s", quiet ? "-nopipe" : "");
	j->silent = false;
	if (!quiet)
		j->allow |= FAILED;
}

/* The last reader takes the last byte and leaves at once: nothing is lost. */
static void
make_last(struct plan *p)
{
	static const enum out_kind kinds[] = { OUT_PIPE, OUT_PIPE, OUT_FIFO,
		OUT_UNIX, OUT_TCP };
	struct dice *d = &p->dice;
	struct job *j = p->job;
	size_t n = chance(d, 60) ? 1 : (size_t)between(d, 2, MOST_OUT);

	draw_budget(p);
	draw_inputs(p, j, NULL);
	for (j->nout = 0; j->nout < n; j->nout++) {
		struct output *o = &j->out[j->nout];

		draw_output(p, j, o, PICK(d, kinds));
		if (j->nout == 0 && o->kind == OUT_FIFO)
			draw_output(p, j, o, OUT_PIPE);
		o->nchain = 0;
		/* a FIFO would never be seen open if it read nothing */
		o->leave = text_len(&j->want) > 0 ? text_len(&j->want) : NONE;
		o->at_end = true;
	}
	draw_options(p, j, false);
	if (text_len(&j->want) > 0 && j->in[j->nin - 1].kind != IN_FILE &&
	    j->in[j->nin - 1].kind != IN_STDIN && chance(d, 60))
		p->together = j->in[j->nin - 1].stays = true;
	else if (chance(d, 50))
		p->pester = PESTER_STOP;
}

/* Somebody pulls the plug of a TCP connection. */
static void
make_reset(struct plan *p)
{
	struct dice *d = &p->dice;
	struct job *j = p->job;

	draw_budget(p);
	/* no other input follows, since zpipe would go on with that */
	draw_input(p, j, &j->in[0], chance(d, 50) ? IN_FILE : IN_FIFO);
	j->nin = chance(d, 50) ? 1 : 0;
	draw_input(p, j, &j->in[j->nin++], IN_TCP);
	for (size_t i = 0; i < j->nin; i++)
		text_add(&j->want, j->in[i].data.p, j->in[i].data.len);
	j->in[j->nin - 1].resets = true;
	draw_outputs(p, j, chance(d, 60) ? 1 : (size_t)between(d, 2, MOST_OUT));
	draw_options(p, j, false);
	for (size_t i = 0; i < j->nout; i++)
		j->out[i].need = NEED_ALL_IF_GOOD;
	j->allow = FAILED;
	j->must_speak = true;
	j->silent = false;
}

/* Several zpipes with one `>`, or `>>`, and somebody who echoes. */
static void
make_shared_output(struct plan *p)
{
	static const enum in_kind kinds[] = { IN_FILE, IN_FILE, IN_PIPE,
		IN_PIPE, IN_STDIN, IN_UNIX, IN_TCP };
	struct dice *d = &p->dice;

	draw_budget(p);
	p->one_output = true;
	p->appending = chance(d, 35);
	p->echo = chance(d, 40);
	p->njobs = (size_t)between(d, 2, p->echo ? MOST_JOBS - 1 : MOST_JOBS);
	for (size_t k = 0; k < p->njobs; k++) {
		struct job *j = &p->job[k];
		size_t len;

		p->budget = chance(d, 30) ? 300000 : TAGGED;
		j->nin = 1;
		draw_input(p, j, j->in, PICK(d, kinds));
		len = j->in[0].data.len;
		j->in[0].data.p = tagged[k] + below(d, TAGGED - len + 1);
		text_add(&j->want, j->in[0].data.p, len);
		j->nout = 1;
		draw_output(p, j, j->out,
		    p->appending ? OUT_APPENDING : OUT_FILE);
		j->out[0].prior = j->out[0].at = 0;
		draw_options(p, j, false);
	}
}

/* One after the other, each takes a number of bytes or lines of one input. */
static void
make_in_turn(struct plan *p)
{
	static const enum in_kind kinds[] = { IN_STDIN, IN_STDIN, IN_PIPE,
		IN_UNIX, IN_TCP };
	struct dice *d = &p->dice;
	enum in_kind kind = PICK(d, kinds);
	struct text rest = { .n = 0 };

	draw_budget(p);
	p->one_input = p->in_turn = true;
	p->no_lines = kind != IN_STDIN;
	draw_input(p, p->job, p->job[0].in, kind);
	text_add(&rest, p->job[0].in[0].data.p, p->job[0].in[0].data.len);
	p->njobs = (size_t)between(d, 2, MOST_JOBS);
	for (size_t k = 0; k < p->njobs; k++) {
		struct job *j = &p->job[k];
		bool last = k == p->njobs - 1;
		uint64_t n;

		j->in[0] = p->job[0].in[0];
		j->nin = 1;
		j->want = rest;
		draw_output(p, j, j->out, draw_out_kind(p, j, 0));
		j->nout = 1;
		draw_options(p, j, false);
		if (last)
			break;
		n = below(d, text_len(&rest) + 1) / (j->lines ? 300 : 1);
		j->stop = j->lines ? text_lines(&rest, n, '\n') : n;
		text_cut(&j->want, j->stop);
		text_from(&rest, j->stop);
		arg(j, "-S");
		arg(j, "-s%" PRIu64, n);
	}
}

/* At once, each takes what it can of one input: nothing twice, nothing lost. */
static void
make_shared_input(struct plan *p)
{
	static const enum in_kind kinds[] = { IN_STDIN, IN_STDIN, IN_PIPE,
		IN_UNIX, IN_TCP };
	struct dice *d = &p->dice;
	enum in_kind kind = PICK(d, kinds);

	draw_budget(p);
	p->one_input = true;
	draw_input(p, p->job, p->job[0].in, kind);
	p->njobs = (size_t)between(d, 2, MOST_JOBS);
	for (size_t k = 0; k < p->njobs; k++) {
		struct job *j = &p->job[k];

		j->in[0] = p->job[0].in[0];
		j->nin = 1;
		text_add(&j->want, j->in[0].data.p, j->in[0].data.len);
		draw_output(p, j, j->out, OUT_PIPE);
		j->out[0].need = NEED_SHARE;
		j->out[0].nchain = 0;
		j->nout = 1;
		draw_options(p, j, false);
	}
}

/* Readers that keep the pages of a ring that turns over. */
static void
make_held(struct plan *p)
{
	static const char *const holding[] = { "splicer", "splicer", "teehold",
		"tcp", "unixsock", "zpipe --engine=splice" };
	static const char *const buffers[] = { "1M", "2M", "4M", "4M", "6M",
		"8M" };
	static const char *const releases[] = { "auto", "fence", "fence",
		"fresh" };
	struct dice *d = &p->dice;
	struct job *j = p->job;
	size_t n = chance(d, 60) ? 1 : (size_t)between(d, 2, 3);

	draw_budget(p);
	p->budget = MASTER;
	draw_input(p, j, &j->in[0], chance(d, 60) ? IN_FILE : IN_PIPE);
	j->in[0].data = draw_part(p,
	    (size_t)between(d, 8 * MIB, n == 1 ? 32 * MIB : 14 * MIB));
	if (j->in[0].kind == IN_PIPE)
		draw_writer(p, &j->in[0]);
	text_add(&j->want, j->in[0].data.p, j->in[0].data.len);
	j->nin = 1;
	for (j->nout = 0; j->nout < n; j->nout++) {
		struct output *o = &j->out[j->nout];

		draw_output(p, j, o,
		    j->nout > 0 && chance(d, 50) ? OUT_EXEC : OUT_PIPE);
		o->nchain = (size_t)between(d, 1, MOST_CHAIN);
		for (size_t i = 0; i < o->nchain; i++)
			snprintf(o->chain[i], sizeof(o->chain[i]), "%s",
			    PICK(d, holding));
		o->size = 65536;
		o->pause = (unsigned)between(d, 1, 400);
	}
	draw_options(p, j, false);
	arg(j, "--engine=ring");
	arg(j, "--release=%s", PICK(d, releases));
	arg(j, "-B%s", PICK(d, buffers));
}

/* A command between two of them, or beside one. */
static void
make_monitored(struct plan *p)
{
	static const enum in_kind kinds[] = { IN_PIPE, IN_PIPE, IN_STDIN,
		IN_UNIX, IN_TCP };
	static const char *const sides[] = { "in", "out", "both" };
	static const char *const commands[] = { "splicer", "slow", "teehold",
		"vmspliceuser", "bytewise" };
	static const char *const options[] = { "-q", "-fi0.1", "-C", "-B1M",
		"--engine=ring", "--engine=copy", "-J4096",
		"--chunk-size=10000" };
	struct dice *d = &p->dice;
	struct job *j = p->job;
	const char *command = PICK(d, commands), *side = PICK(d, sides);

	draw_budget(p);
	draw_input(p, j, &j->in[0], PICK(d, kinds));
	text_add(&j->want, j->in[0].data.p, j->in[0].data.len);
	j->nin = j->nout = 1;
	draw_output(p, j, &j->out[0], chance(d, 70) ? OUT_PIPE : OUT_FILE);
	arg(j, "zpipe");
	while (chance(d, 50))
		arg(j, "%s", PICK(d, options));
	arg(j, "-M%s", side);
	arg(j, "--");
	/* the others want a pipe, on one side or the other */
	if (strcmp(command, "bytewise") != 0 &&
	    ((side[0] == 'o' && j->in[0].kind != IN_PIPE) ||
		(side[0] == 'i' && j->out[0].kind != OUT_PIPE)))
		command = "slow";
	arg(j, "%s/%s", zoo_path, command);
	if (strcmp(command, "bytewise") == 0)
		arg(j, "4095");
	j->allow = GOOD;
}

const struct scenario scenarios[SCENARIOS] = {
	{ "one", "one output of any kind", make_one, 4 },
	{ "held", "readers that keep the pages of a ring", make_held, 3 },
	{ "many", "several outputs of any kind", make_many, 3 },
	{ "packets", "inputs that keep bounds of records", make_packets, 3 },
	{ "pestered", "signals that must not change the bytes", make_pestered,
	    3 },
	{ "ended", "signals that end it", make_ended, 3 },
	{ "left", "a reader that leaves early", make_left, 1 },
	{ "left-many", "one of several readers leaves", make_left_many, 2 },
	{ "last", "readers that leave with the last byte", make_last, 2 },
	{ "reset", "a connection that is reset", make_reset, 1 },
	{ "shared-output", "several at one output file", make_shared_output,
	    2 },
	{ "in-turn", "several at one input, in turn", make_in_turn, 2 },
	{ "monitored", "a command that is monitored", make_monitored, 1 },
	{ "shared-input", "several at one input, at once", make_shared_input,
	    1 },
};

const struct scenario *
scenario_of(uint64_t number)
{
	unsigned sum = 0;

	for (size_t i = 0; i < SCENARIOS; i++)
		sum += scenarios[i].share;
	/* 7 has no factor in common with the sum: all soon have their turn */
	number = number * 7 % sum;
	for (size_t i = 0;; i++) {
		if (number < scenarios[i].share)
			return &scenarios[i];
		number -= scenarios[i].share;
	}
}
