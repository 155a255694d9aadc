/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/torture/plan.h"
#include "tests/torture/shared.h"
#include "tests/lib/tap.h"

__attribute__((format(printf, 2, 3))) void
arg(struct job *j, const char *fmt, ...)
{
	size_t room = sizeof(j->store) - j->stored;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(j->store + j->stored, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room || j->argc + 2 > MOST_ARGS)
		bail("a command line that is too long");
	j->argv[j->argc++] = j->store + j->stored;
	j->stored += (size_t)n + 1;
}

bool
any_input(const struct job *j, enum in_kind low, enum in_kind high)
{
	for (size_t i = 0; i < j->nin; i++)
		if (j->in[i].kind >= low && j->in[i].kind <= high)
			return true;
	return false;
}

static bool
only_files(const struct job *j)
{
	for (size_t i = 0; i < j->nin; i++)
		if (j->in[i].kind != IN_FILE && j->in[i].kind != IN_STDIN)
			return false;
	return true;
}

/* Options that need the bytes in memory. Returns whether there is one. */
static bool
draw_bytes_options(struct plan *p, struct job *j)
{
	static const char *const options[] = { "-C", "-E", "-EE", "-K", "-O",
		"-A9", "-C" };
	struct dice *d = &p->dice;
	bool any;

	any = j->lines = chance(d, 10) && !p->no_lines;
	if (j->lines)
		arg(j, "-l");
	while (chance(d, 25)) {
		const char *o = PICK(d, options);

		arg(j, "%s", o);
		j->silent = j->silent && strcmp(o, "-A9") != 0;
		any = true;
	}
	return any;
}

/* Whether this engine can do it, which zpipe would refuse otherwise. */
static bool
fits(const struct plan *p, const struct job *j, const char *engine)
{
	enum out_kind out = j->out[0].kind;
	bool appends = out == OUT_APPENDING || out == OUT_APPEND ||
	    (p->one_output && p->appending);

	switch (engine[0]) {
	case 's':
		if (any_input(j, IN_RECORDS, IN_DGRAM))
			return false;
		return j->nout > 1 ? all_pipes(j) : out != OUT_PTY && !appends;
	case 'm':
		return only_files(j) && j->nout == 1 && all_pipes(j);
	case 'r': /* range */
		return only_files(j) && j->nout == 1 &&
		    (out == OUT_FILE || out == OUT_NAME) && !appends;
	default:
		return true;
	}
}

static void
draw_engine(struct plan *p, struct job *j, bool bytes)
{
	static const char *const engines[] = { "auto", "ring", "copy", "splice",
		"mmap", "range", "splice" };
	static const char *const releases[] = { "auto", "fence", "fresh",
		"fence", "drain" };
	struct dice *d = &p->dice;
	const char *engine = "auto", *release;

	if (chance(d, 60)) {
		do
			engine = PICK(d, engines);
		while (strcmp(engine, "ring") != 0 && !fits(p, j, engine));
		if (bytes && strchr("smr", engine[0]) != NULL &&
		    strcmp(engine, "ring") != 0)
			engine = "ring";
		arg(j, "--engine=%s", engine);
	}
	if ((strcmp(engine, "auto") == 0 || strcmp(engine, "ring") == 0) &&
	    chance(d, 50)) {
		do
			release = PICK(d, releases);
		while (strcmp(release, "drain") == 0 && !p->copies_only);
		arg(j, "--release=%s", release);
	}
}

static void
draw_display(struct plan *p, struct job *j)
{
	static const char letters[] = "pterbaTI8gvn";
	struct dice *d = &p->dice;

	if (chance(d, 5))
		arg(j, "-q");
	if (chance(d, 5)) {
		arg(j, "--explain");
		j->silent = false;
	}
	if (chance(d, 85))
		return;
	j->silent = false;
	arg(j, "-f");
	if (chance(d, 70))
		arg(j, "-i0.1");
	while (chance(d, 70))
		arg(j, "-%c", letters[below(d, sizeof(letters) - 1)]);
	if (chance(d, 20))
		arg(j, "-s%" PRIu64, below(d, 9000000));
}

/* -S -s, in bytes or lines. */
static void
draw_stop(struct plan *p, struct job *j)
{
	struct dice *d = &p->dice;
	uint64_t total = text_len(&j->want), n;

	if (j->lines) {
		n = below(d, total / 300 + 10);
		j->stop = text_lines(&j->want, n, '\n');
	} else {
		n = below(d, total + 10);
		if (chance(d, 30))
			n = draw_size(p, total);
		j->stop = n;
	}
	if (j->stop > total)
		j->stop = total;
	text_cut(&j->want, j->stop);
	arg(j, "-S");
	arg(j, "-s%" PRIu64, n);
}

static void
draw_tuning(struct plan *p, struct job *j)
{
	static const char *const buffers[] = { "64k", "100k", "256k", "1M",
		"4M", "4M", "5M", "16M", "64M" };
	static const char *const chunks[] = { "4k", "4097", "10000", "64k",
		"100001", "1M", "2M", "5M" };
	static const char *const pipes[] = { "0", "4096", "10000", "64k",
		"100k", "256k", "1M" };
	static const char *const modes[] = { "warn", "warn-nopipe", "exit",
		"exit-nopipe" };
	struct dice *d = &p->dice;
	uint64_t total = text_len(&j->want);

	if (chance(d, 45))
		arg(j, "-B%s", PICK(d, buffers));
	if (chance(d, 15))
		arg(j, "--chunk-size=%s", PICK(d, chunks));
	if (chance(d, 25))
		arg(j, "-J%s", PICK(d, pipes));
	if (chance(d, 15))
		arg(j, "--lag=wait");
	if (chance(d, 8))
		arg(j, "--output-error=%s", PICK(d, modes));
	if (chance(d, 3))
		arg(j, "-Y");
	if (chance(d, 10))
		arg(j, "-L%" PRIu64,
		    j->lines ? total / 40 + 1000 :
			       total * between(d, 3, 40) + 100000);
	if (chance(d, 7) && !p->one_input)
		arg(j, chance(d, 50) ? "-U-" : "-Ustored%zu",
		    (size_t)(j - p->job));
}

static void
draw_operands(struct plan *p, struct job *j)
{
	struct dice *d = &p->dice;

	for (size_t i = 0; i < j->nout; i++) {
		struct output *o = &j->out[i];

		if (o->opt == 'o')
			arg(j, "-o%s", o->name);
		else if (o->opt == 't')
			arg(j, "--tee=%s", o->name);
		else if (o->opt == 'a')
			arg(j, "--append=%s", o->name);
		else if (o->opt == 'f')
			arg(j, "--fd=%d", o->fd);
	}
	if (j->nin == 1 && j->in[0].kind >= IN_PIPE && chance(d, 70))
		return;
	for (size_t i = 0; i < j->nin; i++)
		arg(j, "%s", j->in[i].kind >= IN_PIPE ? "-" : j->in[i].name);
}

/* zoo's directory may have spaces in its name, but no quote. */
static void
add_commands(struct job *j)
{
	for (size_t i = 0; i < j->nout; i++) {
		struct output *o = &j->out[i];
		char text[1024] = "";
		size_t len = 0;

		if (o->opt != 'e')
			continue;
		for (size_t k = 0; k < o->nchain && len < sizeof(text); k++) {
			const char *c = o->chain[k];
			bool ours = strncmp(c, "zpipe", 5) == 0;
			int word = (int)strcspn(c, " ");

			len += (size_t)snprintf(text + len, sizeof(text) - len,
			    "'%s%s%.*s'%s|", ours ? "" : zoo_path,
			    ours ? "" : "/",
			    ours ? (int)strlen(zpipe_path) : word,
			    ours ? zpipe_path : c, c + word);
		}
		/* a reader that leaves must not look like one that fails */
		if (o->leave != NONE)
			arg(j, "--exec=%s'%s/leave' %" PRIu64 " >&%d", text,
			    zoo_path, o->leave, o->fd);
		else
			arg(j, "--exec=%scat >&%d", text, o->fd);
	}
}

/* What is common to all: the options behind the inputs and outputs. */
void
draw_options(struct plan *p, struct job *j, bool may_stop)
{
	struct dice *d = &p->dice;
	bool bytes;

	j->silent = true;
	j->stop = NONE;
	j->allow = GOOD;
	arg(j, "zpipe");
	j->ignores_pipe = chance(d, 10);
	bytes = draw_bytes_options(p, j);
	draw_engine(p, j, bytes);
	draw_tuning(p, j);
	draw_display(p, j);
	if (may_stop && chance(d, 12))
		draw_stop(p, j);
	draw_operands(p, j);
	add_commands(j);
}

void
draw_budget(struct plan *p)
{
	struct dice *d = &p->dice;

	p->njobs = 1;
	p->budget = chance(d, 35) ? 300000 : chance(d, 75) ? 7 * MIB : 40 * MIB;
	p->copies_only = chance(d, 20);
	for (size_t i = 0; i < MOST_JOBS; i++)
		p->job[i].stop = NONE;
}
