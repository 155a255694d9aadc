/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "job/job.h"
#include "job/report.h"
#include "opts.h"

/* What the scan keeps is what a line shows. */
_Static_assert((int)SCAN_LAST == (int)SHOW_LAST, "as many of the last bytes");
_Static_assert((int)SCAN_LINE == (int)SHOW_LINE, "as much of the last line");

/* "NAME 35% 1.2MiB behind": how full its pipe is, and where it is. */
static void
tell_outputs(const struct pump *p, char text[DISPLAY_OUTPUTS])
{
	size_t len = 0;

	for (size_t i = 0; i < p->flow.nouts && len < DISPLAY_OUTPUTS; i++) {
		const struct output *o = &p->flow.outs[i];
		bool fills = o->kind == OUTPUT_PIPE && !o->gone;
		uint64_t unread = fills ? o->given - output_taken(o) : 0;
		char behind[16];
		int n;

		humanize_number(behind, 7, (int64_t)report_behind(p, o), "B",
		    HN_AUTOSCALE, HN_DECIMAL | HN_IEC_PREFIXES | HN_NOSPACE);
		n = snprintf(text + len, DISPLAY_OUTPUTS - len,
		    "%s%s %3d%% %6s", i == 0 ? "" : ", ", o->name,
		    fills ? (int)(unread * 100 / o->holds) : 0,
		    o->gone ? "closed" : behind);
		len += n > 0 ? (size_t)n : 0;
	}
}

/* How full the ring is, or what there is in its place. */
static int
fill(const struct pump *p)
{
	int percent = pump_fill(p);

	if (percent >= 0)
		return percent;
	if (p->flow.engine == ENGINE_RANGE)
		return SHOW_RANGED;
	return p->flow.engine == ENGINE_SPLICE && p->engines.pair.fd[0] != -1 ?
	    SHOW_BY_PIPE :
	    SHOW_SPLICED;
}

const struct display_facts *
job_facts(struct job *j)
{
	const struct pump *p = &j->leg->pump;
	const struct monitor *m = &j->monitor;
	struct display_facts *f = &j->facts;

	f->moved = p->flow.moved;
	f->taken = pump_taken(p);
	f->count = p->flow.scan.lines ? scan_lines_at(&p->flow.scan, f->taken) :
					f->taken;
	f->other = m->counts != NULL ? atomic_load(&m->counts[!m->side]) : 0;
	f->buffer = fill(p);
	f->engine = engine_name(p->flow.engine);
	f->last = p->flow.scan.tail;
	f->nlast = p->flow.scan.ntail;
	f->line = p->flow.scan.done;
	f->nline = p->flow.scan.ndone;
	f->outputs[0] = '\0';
	if ((display_wants(&j->display) & SHOW_WANTS_OUTPUTS) != 0)
		tell_outputs(p, f->outputs);
	return f;
}

void
job_set_scan(struct job *j)
{
	unsigned wants = display_wants(&j->display);
	struct scan *s = &j->leg->pump.flow.scan;

	s->lines = j->tune.display.show.lines;
	s->end = j->o->null ? '\0' : '\n';
	s->apart = j->tune.buffer_size / (SCAN_MARKS / 2);
	s->last = (wants & SHOW_WANTS_LAST) != 0;
	s->line = (wants & SHOW_WANTS_LINE) != 0;
}
