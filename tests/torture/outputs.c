/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "tests/torture/plan.h"

const char *const out_names[] = { "pipe", "unix", "tcp", "pty", "file",
	">>file", "file", "file", "FIFO", "command" };

/* A reader of the zoo. Those that copy leave the pages at once. */
static void
draw_chain(struct plan *p, struct output *o, uint64_t total)
{
	static const char *const copying[] = { "slow", "slow 200 65536",
		"bytewise 4095", "vmspliceuser", "bytewise 3" };
	static const char *const any[] = { "splicer", "splicer 65536",
		"splicer 4096", "teehold", "tcp", "unixsock", "resize", "slow",
		"splicer", "spool", "zpipe", "zpipe -C", "vmspliceuser",
		"bytewise 1" };
	struct dice *d = &p->dice;

	o->nchain = chance(d, 45) ? 0 : (size_t)between(d, 1, MOST_CHAIN);
	for (size_t i = 0; i < o->nchain; i++) {
		const char *name = p->copies_only ? PICK(d, copying) :
						    PICK(d, any);

		if (strncmp(name, "bytewise", 8) == 0 && total > MIB)
			name = "bytewise 4095";
		/* its status says that it could do nothing */
		if (strcmp(name, "resize") == 0 && total < MIB)
			name = "slow";
		snprintf(o->chain[i], sizeof(o->chain[i]), "%s", name);
	}
}

static void
draw_reader(struct plan *p, struct output *o, uint64_t total)
{
	static const size_t sizes[] = { 4096, 8192, 65536, 131072, MIB, 4095,
		100000 };
	struct dice *d = &p->dice;

	o->size = PICK(d, sizes);
	if (chance(d, 20))
		o->size = (size_t)between(d, 1, 70000);
	if (total / o->size > 3000)
		o->size = (size_t)(total / 3000 + 1);
	if (chance(d, 25))
		o->wait = (unsigned)between(d, 1, 30000);
	if (chance(d, 25))
		o->pause = (unsigned)between(d, 1,
		    100000 / (total / o->size + 1) + 1);
}

/* Bytes that a file has before, and where in them the output begins. */
static void
draw_prior(struct plan *p, struct output *o)
{
	struct dice *d = &p->dice;

	o->prior = chance(d, 50) ? 0 : draw_size(p, 300000);
	o->at = o->prior;
	if (o->kind == OUT_FILE && p->end_by == 0 && chance(d, 30))
		o->at = (size_t)below(d, o->prior + 1);
	if (o->kind == OUT_NAME)
		o->at = 0;
}

void
draw_output(struct plan *p, struct job *j, struct output *o, enum out_kind kind)
{
	struct dice *d = &p->dice;
	uint64_t total = text_len(&j->want);
	size_t i = (size_t)(o - j->out);

	*o = (struct output){ .kind = kind, .leave = NONE, .mark = -1 };
	snprintf(o->name, sizeof(o->name), "out%zu.%zu", (size_t)(j - p->job),
	    i);
	/* dash takes one digit behind >& */
	o->fd = i == 0 && kind < OUT_NAME ? 1 : 3 + (int)i;
	o->opt = i == 0 ? 0 : 'f';
	if (kind == OUT_NAME)
		o->opt = i == 0 || chance(d, 50) ? 'o' : 't';
	if (kind == OUT_APPEND)
		o->opt = 'a';
	if (kind == OUT_FIFO)
		o->opt = 't';
	if (kind == OUT_EXEC)
		o->opt = 'e';
	if (kind == OUT_PIPE || kind == OUT_EXEC)
		draw_chain(p, o, total);
	if (kind >= OUT_FILE && kind <= OUT_APPEND)
		draw_prior(p, o);
	else
		o->mark = (int)((size_t)(j - p->job) * MOST_OUT + i);
	draw_reader(p, o, total);
	if (p->end_by != 0)
		o->need = NEED_ALL_IF_GOOD;
}

enum out_kind
draw_out_kind(struct plan *p, const struct job *j, size_t i)
{
	static const enum out_kind fds[] = { OUT_PIPE, OUT_PIPE, OUT_PIPE,
		OUT_PIPE, OUT_FILE, OUT_FILE, OUT_APPENDING, OUT_UNIX, OUT_TCP,
		OUT_PTY, OUT_NAME };
	static const enum out_kind more[] = { OUT_PIPE, OUT_PIPE, OUT_EXEC,
		OUT_EXEC, OUT_FIFO, OUT_FIFO, OUT_NAME, OUT_APPEND, OUT_FILE,
		OUT_UNIX, OUT_TCP };
	enum out_kind kind = i == 0 ? PICK(&p->dice, fds) :
				      PICK(&p->dice, more);

	if (kind == OUT_PTY && text_len(&j->want) > MIB)
		kind = OUT_PIPE;
	return kind;
}

bool
all_pipes(const struct job *j)
{
	for (size_t i = 0; i < j->nout; i++)
		if (j->out[i].kind != OUT_PIPE && j->out[i].kind != OUT_FIFO &&
		    j->out[i].kind != OUT_EXEC)
			return false;
	return true;
}

void
draw_outputs(struct plan *p, struct job *j, size_t n)
{
	bool pipes = n > 1 && chance(&p->dice, 35), named = false;

	for (j->nout = 0; j->nout < n; j->nout++) {
		enum out_kind kind = draw_out_kind(p, j, j->nout);

		while (pipes && kind != OUT_PIPE && kind != OUT_FIFO &&
		    kind != OUT_EXEC)
			kind = draw_out_kind(p, j, j->nout);
		draw_output(p, j, &j->out[j->nout], kind);
		named = named || (j->nout == 0 && kind == OUT_NAME);
		/* nothing is to be on stdout then */
		if (!named && j->out[j->nout].opt == 'o')
			j->out[j->nout].opt = 't';
	}
}
