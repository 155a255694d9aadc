/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "job/job.h"

_Static_assert((int)SCAN_LAST == (int)SHOW_LAST, "as many of the last bytes");
_Static_assert((int)SCAN_LINE == (int)SHOW_LINE, "as much of the last line");

/* "NAME 35% 1.2MiB": how full the pipe of each is, and how far it is behind. */
static void
tell_outputs(const struct leg *l, char text[SHOW_OUTPUTS])
{
	size_t len = 0;

	for (size_t i = 0; i < l->nouts && len < SHOW_OUTPUTS; i++) {
		const struct output *o = &l->outs[i];
		bool fills = o->kind == OUTPUT_PIPE && !o->gone;
		uint64_t unread = fills ? o->given - output_taken(o) : 0;
		char behind[16];
		int n;

		humanize_number(behind, 7, (int64_t)pump_behind(&l->pump, o),
		    "B", HN_AUTOSCALE,
		    HN_DECIMAL | HN_IEC_PREFIXES | HN_NOSPACE);
		n = snprintf(text + len, SHOW_OUTPUTS - len, "%s%s %3d%% %6s",
		    i == 0 ? "" : ", ", o->name,
		    fills ? (int)(unread * 100 / o->holds) : 0,
		    o->gone ? "closed" : behind);
		len += n > 0 ? (size_t)n : 0;
	}
}

const struct display_facts *
job_facts(struct job *j)
{
	struct pump *p = &j->leg->pump;
	const struct scan *s = pump_scan(p);
	const struct monitor *m = &j->monitor;
	struct display_facts *f = &j->facts;
	uint64_t other = m->counts != NULL ? atomic_load(&m->counts[!m->side]) :
					     0;

	f->moved = pump_moved(p);
	f->taken = pump_taken(p);
	f->state = (struct show_state){
		.figures.count = s->lines ? scan_lines_at(s, f->taken) :
					    f->taken,
		.figures.buffer = pump_fill(p),
		.last = s->tail,
		.nlast = s->ntail,
		.line = s->done,
		.nline = s->ndone,
		.engine = engine_name(pump_engine(p)),
		.outputs = f->outputs,
	};
	if (f->moved > 0)
		f->state.figures.ratio = (double)other / (double)f->moved;
	f->outputs[0] = '\0';
	if ((display_wants(&j->display) & SHOW_WANTS_OUTPUTS) != 0)
		tell_outputs(j->leg, f->outputs);
	return f;
}

void
job_set_scan(struct job *j)
{
	unsigned wants = display_wants(&j->display);
	struct scan *s = pump_scan(&j->leg->pump);

	s->lines = j->tune.display.show.lines;
	s->end = j->o->null ? '\0' : '\n';
	s->apart = j->tune.buffer_size / (SCAN_MARKS / 2);
	s->last = (wants & SHOW_WANTS_LAST) != 0;
	s->line = (wants & SHOW_WANTS_LINE) != 0;
}
