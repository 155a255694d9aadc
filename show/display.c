/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "show/display.h"

/*
 * OUTPUTS: room for a few words on each output.
 * LOOK_US, LOOK_MOST_US: with --wait, between two looks whether a reader has
 *	taken the first byte.
 */
enum {
	OUTPUTS = 512,
	SECOND = 1000000,
	LOOK_US = 1000,
	LOOK_MOST_US = 100000,
};

/* ---- what there is to tell -------------------------------------------- */

/* "NAME 35% 1.2MiB behind": how full its pipe is, and where it is. */
static void
tell_outputs(const struct pump *p, char text[OUTPUTS])
{
	uint64_t most = pump_furthest(p);
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < p->flow.nouts && len < OUTPUTS; i++) {
		const struct output *o = &p->flow.outs[i];
		uint64_t unread = o->given - output_taken(o);
		char behind[16];
		int n;

		humanize_number(behind, 7,
		    (int64_t)(most > o->sent ? most - o->sent : 0), "B",
		    HN_AUTOSCALE, HN_DECIMAL | HN_IEC_PREFIXES | HN_NOSPACE);
		n = snprintf(text + len, OUTPUTS - len, "%s%s %3d%% %6s",
		    i == 0 ? "" : ", ", o->name,
		    o->gone || o->kind != OUTPUT_PIPE ?
			0 :
			(int)(unread * 100 / o->holds),
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

/* The bytes on the other side of the command for each of ours. */
static double
ratio(const struct display *d, const struct pump *p)
{
	if (d->other == NULL || p->flow.moved == 0)
		return 0;
	return (double)atomic_load(d->other) / (double)p->flow.moved;
}

/* The pointers that it leaves in *s go to p, o and outputs[]. */
static void
gather(struct display *d, const struct pump *p, struct show_state *s,
    char outputs[OUTPUTS])
{
	uint64_t taken = pump_taken(p);

	meter_sample(&d->meter, clock_now(),
	    p->flow.view.lines ? view_lines_at(&p->flow.view, taken) : taken);
	*s = show_state_of(&d->meter);
	s->ratio = ratio(d, p);
	s->buffer = fill(p);
	s->last = p->flow.view.tail;
	s->nlast = p->flow.view.ntail;
	s->line = p->flow.view.done;
	s->nline = p->flow.view.ndone;
	s->engine = engine_name(p->flow.engine);
	s->outputs = outputs;
	tell_outputs(p, outputs);
}

/* ---- drawing ---------------------------------------------------------- */

/* Of either line: show_wants(). */
static unsigned
wants(const struct display *d)
{
	if (d->show == NULL)
		return 0;
	return show_wants(d->show) |
	    (d->extra != NULL ? show_wants(d->extra) : 0);
}

static void
draw(struct display *d, const struct pump *p, const char *note, bool final)
{
	char text[SHOW_TEXT], outputs[OUTPUTS];
	bool ours = d->visible && term_ours(&d->term);
	struct show_state s;

	gather(d, p, &s, outputs);
	s.note = note;
	s.final = final;
	show_line(d->show, &s, d->term.width, d->term.utf8, d->term.tty, text);
	if (ours && term_line(&d->term, text))
		d->drawn = true;
	if (ours && (wants(d) & SHOW_WANTS_CONEMU) != 0)
		term_progress(&d->term, show_percent(&s));
	if (d->tune->extra == 0)
		return;
	show_line(d->extra != NULL ? d->extra : d->show, &s, d->term.width,
	    d->term.utf8, false, text);
	if ((d->tune->extra & EXTRA_WINDOW) != 0 && ours)
		term_title(&d->term, text);
	if ((d->tune->extra & EXTRA_PROCESS) != 0)
		setproctitle("%s", text);
}

/* Neither --wait nor --delay-start keeps it back. */
static bool
may_begin(const struct display *d)
{
	return d->drawn ||
	    (d->o->shows && d->o->delay == 0 && (!d->o->wait || d->begun));
}

void
display_draw(struct display *d, const struct pump *p, const char *note)
{
	if (d->show != NULL && may_begin(d))
		draw(d, p, note, false);
}

/* Starts the clock; --wait may start it once more. */
static void
start(struct display *d, uint64_t now)
{
	meter_init(&d->meter, now, d->tune->window);
	meter_set_interval(&d->meter, d->tune->interval);
	meter_set_size(&d->meter, d->tune->size);
}

/*
 * --wait: until the first byte has been delivered. Nothing tells when that is,
 * so we look, less often the longer it takes; the clock starts with the last
 * look that was in vain. Returns when to look again.
 */
static uint64_t
await_first(struct display *d, const struct pump *p, uint64_t now)
{
	uint64_t pause;

	if (p->flow.moved == 0)
		return UINT64_MAX;
	d->begun = pump_taken(p) > 0;
	if (d->came == 0 || !d->begun)
		start(d, now);
	if (d->came == 0)
		d->came = now;
	if (d->begun)
		return d->due = now + d->tune->interval;
	pause = (now - d->came) / 8;
	return now +
	    (pause < LOOK_US             ? LOOK_US :
		    pause > LOOK_MOST_US ? LOOK_MOST_US :
					   pause);
}

uint64_t
display_tick(struct display *d, const struct pump *p, uint64_t now)
{
	if (d->due == UINT64_MAX)
		return d->due;
	if (d->o->wait && !d->begun)
		return await_first(d, p, now);
	if (now < d->due)
		return d->due;
	draw(d, p, NULL, false);
	d->due += d->tune->interval;
	if (d->due <= now)
		d->due = now + d->tune->interval; /* some were missed */
	return d->due;
}

void
display_finish(struct display *d, const struct pump *p)
{
	char text[SHOW_TEXT], outputs[OUTPUTS];
	struct show_state s;

	d->begun = d->begun || pump_taken(p) > 0;
	if (!display_shown(d))
		return;
	draw(d, p, NULL, true);
	if (d->tune->show.stats && term_ours(&d->term)) {
		gather(d, p, &s, outputs);
		show_stats(d->show, &s, text);
		term_print(&d->term, text);
	}
	term_finish(&d->term);
}

void
display_end(struct display *d, const struct pump *p)
{
	display_finish(d, p);
	if (!display_shown(d))
		return;
	d->due = UINT64_MAX;
	d->visible = false;
}

void
display_resized(struct display *d, const struct pump *p)
{
	unsigned width = d->term.width;

	if (!d->drawn || !d->visible)
		return;
	term_resized(&d->term, d->tune->width, d->tune->height);
	if (d->term.width != width)
		display_draw(d, p, NULL);
}

bool
display_draws(const struct display *d)
{
	return d->show != NULL &&
	    (d->visible || (d->tune->extra & EXTRA_PROCESS) != 0);
}

bool
display_shown(const struct display *d)
{
	return d->visible && may_begin(d);
}

bool
display_awaits(const struct display *d, const struct pump *p)
{
	return display_shown(d) ||
	    (d->visible && d->o->wait && p->flow.moved > 0 && d->o->shows &&
		d->o->delay == 0);
}

void
display_clear(struct display *d)
{
	if (d->drawn && d->visible && term_ours(&d->term))
		term_clear(&d->term);
}

void
display_yield(struct display *d)
{
	if (d->visible)
		term_yield(&d->term);
}

/* ---- setting up ------------------------------------------------------- */

/* When it is to be drawn for the first time. */
static uint64_t
first(const struct display *d, uint64_t now)
{
	const struct opts *o = d->o;

	if (!d->visible && (d->tune->extra & EXTRA_PROCESS) == 0)
		return UINT64_MAX;
	if (o->wait)
		return now;
	if (o->delay != 0)
		return now + o->delay;
	if (!o->shows)
		return now + SECOND; /* what is short stays silent */
	/* a person sees at once that it has begun; a program needs no zero */
	return d->term.tty ? now : now + d->tune->interval;
}

/*
 * Unless a display option was given, nothing is drawn where somebody may be
 * typing or reading.
 */
static bool
is_silent(const struct opts *o)
{
	if (o->shows)
		return false;
	if (!isatty(STDERR_FILENO))
		return true;
	return o->monitor == MONITOR_NONE &&
	    (isatty(STDIN_FILENO) || isatty(STDOUT_FILENO));
}

/* The line, and another one for the titles. */
static int
new_shows(struct display *d)
{
	struct show_conf conf = d->tune->show;
	struct show *show, *extra = NULL;

	if (d->o->store != NULL && !d->stored)
		conf.name = "(input)"; /* the other one is for what follows */
	show = show_new(&conf);
	if (show == NULL)
		return -1;
	if (d->tune->extra_format != NULL) {
		conf.format = d->tune->extra_format;
		extra = show_new(&conf);
		if (extra == NULL) {
			show_free(show);
			return -1;
		}
	}
	show_free(d->show);
	show_free(d->extra);
	d->show = show;
	d->extra = extra;
	return 0;
}

int
display_open(struct display *d, const struct opts *o,
    const struct tunables *tune, uint64_t now)
{
	*d = (struct display)DISPLAY_INITIALIZER;
	d->o = o;
	d->tune = tune;
	start(d, now);
	if (o->quiet || is_silent(o))
		return 0;
	if (new_shows(d) == -1)
		return -1;
	setlocale(LC_CTYPE, "");
	if (term_open(&d->term, STDERR_FILENO,
		o->cursor && !d->tune->show.numeric, d->tune->width,
		d->tune->height) == 0) {
		d->visible = d->term.tty || o->force || d->tune->show.numeric;
		d->term.force = o->force;
		if (d->tune->show.numeric)
			d->term.tty = false; /* lines, wherever they go */
	}
	d->due = first(d, now);
	return 0;
}

int
display_again(struct display *d)
{
	uint64_t now = clock_now();

	d->stored = true;
	start(d, now);
	if (d->show == NULL)
		return 0;
	d->due = first(d, now);
	return new_shows(d);
}

int
display_change(struct display *d)
{
	if (d->show != NULL && new_shows(d) == -1)
		return -1;
	meter_set_size(&d->meter, d->tune->size);
	meter_set_window(&d->meter, d->tune->window);
	meter_set_interval(&d->meter, d->tune->interval);
	if (d->show == NULL)
		return 0;
	term_resized(&d->term, d->tune->width, d->tune->height);
	if (d->tune->show.numeric)
		d->term.tty = false;
	if (d->due != UINT64_MAX)
		d->due = clock_now();
	return 0;
}

void
display_wants(const struct display *d, struct view *v)
{
	v->lines = d->tune->show.lines;
	v->end = d->o->null ? '\0' : '\n';
	v->apart = d->tune->buffer_size / (VIEW_MARKS / 2);
	v->last = (wants(d) & SHOW_WANTS_LAST) != 0;
	v->line = (wants(d) & SHOW_WANTS_LINE) != 0;
}

bool
display_wants_size(const struct display *d)
{
	return display_draws(d) && (wants(d) & SHOW_WANTS_SIZE) != 0;
}

void
display_report(struct display *d, const struct pump *p,
    struct display_report *r)
{
	char outputs[OUTPUTS];

	memset(r, 0, sizeof(*r));
	r->lines = d->tune->show.lines;
	r->bits = d->tune->show.bits;
	gather(d, p, &r->state, outputs);
	if (d->tune->show.name != NULL)
		strlcpy(r->name, d->tune->show.name, sizeof(r->name));
	memcpy(r->last, r->state.last, r->state.nlast);
	r->state.last = NULL;
	r->state.line = r->state.engine = r->state.outputs = NULL;
}

void
display_close(struct display *d)
{
	term_close(&d->term);
	show_free(d->show);
	show_free(d->extra);
	d->show = d->extra = NULL;
}
