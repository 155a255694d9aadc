/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "show/display.h"

enum {
	SECOND = 1000000,
	LOOK_US = 1000, /* between two looks of await_first() */
	LOOK_MOST_US = 100000,
};

struct show_state
display_state(struct display *d, const struct display_facts *f)
{
	struct show_state s = f->state;

	meter_sample(&d->meter, clock_now(), s.figures.count);
	meter_figures(&d->meter, &s.figures);
	s.now = time(NULL);
	return s;
}

/* ---- drawing ---------------------------------------------------------- */

static void
draw(struct display *d, const struct show_state *s)
{
	char text[SHOW_TEXT];
	bool ours = d->visible && term_ours(&d->term);

	show_line(d->show, s, d->term.width, d->term.utf8, d->term.tty, text);
	if (ours && term_line(&d->term, text))
		d->drawn = true;
	if (ours && (display_wants(d) & SHOW_WANTS_CONEMU) != 0)
		term_progress(&d->term, show_percent(&s->figures));
	if (d->conf->extra == 0)
		return;
	show_line(d->extra != NULL ? d->extra : d->show, s, d->term.width,
	    d->term.utf8, false, text);
	if ((d->conf->extra & EXTRA_WINDOW) != 0 && ours)
		term_title(&d->term, text);
	if ((d->conf->extra & EXTRA_PROCESS) != 0)
		setproctitle("%s", text);
}

/* Whether --wait and --delay-start allow a line. begun: as in the display. */
static bool
may_begin(const struct display *d, bool begun)
{
	return d->drawn ||
	    (d->conf->asked && d->conf->delay == 0 &&
		(!d->conf->wait || begun));
}

void
display_draw(struct display *d, const struct display_facts *f, const char *note)
{
	struct show_state s;

	if (d->show == NULL || !may_begin(d, d->begun))
		return;
	s = display_state(d, f);
	s.note = note;
	draw(d, &s);
}

/* Starts the clock; --wait may start it again. */
static void
start(struct display *d, uint64_t now)
{
	uint64_t size = d->meter.size;

	meter_init(&d->meter, now, d->conf->window);
	meter_set_interval(&d->meter, d->conf->interval);
	meter_set_size(&d->meter, size);
}

/*
 * --wait: waits until the first byte has been delivered. As nothing tells when
 * that is, looks repeatedly, less often as time passes. The clock starts with
 * the last look that found nothing. Returns when to look again.
 */
static uint64_t
await_first(struct display *d, const struct display_facts *f, uint64_t now)
{
	uint64_t pause;

	if (f->moved == 0)
		return UINT64_MAX;
	d->begun = f->taken > 0;
	if (d->came == 0 || !d->begun)
		start(d, now);
	if (d->came == 0)
		d->came = now;
	if (d->begun)
		return d->due = now + d->conf->interval;
	pause = (now - d->came) / 8;
	return now +
	    (pause < LOOK_US             ? LOOK_US :
		    pause > LOOK_MOST_US ? LOOK_MOST_US :
					   pause);
}

uint64_t
display_due(const struct display *d)
{
	return d->due;
}

uint64_t
display_tick(struct display *d, const struct display_facts *f, uint64_t now)
{
	struct show_state s;

	if (now < d->due)
		return d->due;
	if (d->conf->wait && !d->begun)
		return await_first(d, f, now);
	s = display_state(d, f);
	draw(d, &s);
	d->due += d->conf->interval;
	if (d->due <= now)
		d->due = now + d->conf->interval; /* we were late */
	return d->due;
}

void
display_finish(struct display *d, const struct display_facts *f)
{
	char text[SHOW_TEXT];
	struct show_state s;

	d->begun = d->begun || f->taken > 0;
	if (!display_shown(d))
		return;
	s = display_state(d, f);
	s.figures.final = true;
	draw(d, &s);
	if (d->conf->show.stats && term_ours(&d->term)) {
		show_stats(d->show, &s.figures, text);
		term_print(&d->term, text);
	}
	term_finish(&d->term);
}

void
display_end(struct display *d, const struct display_facts *f)
{
	display_finish(d, f);
	if (!display_shown(d))
		return;
	d->due = UINT64_MAX;
	d->visible = false;
}

bool
display_resized(struct display *d)
{
	unsigned width = d->term.width;

	if (!d->drawn || !d->visible)
		return false;
	term_resized(&d->term, d->conf->width, d->conf->height);
	return d->term.width != width;
}

bool
display_draws(const struct display *d)
{
	return d->show != NULL &&
	    (d->visible || (d->conf->extra & EXTRA_PROCESS) != 0);
}

bool
display_visible(const struct display *d)
{
	return d->visible;
}

bool
display_on_terminal(const struct display *d)
{
	return d->visible && d->term.tty;
}

bool
display_shown(const struct display *d)
{
	return d->visible && may_begin(d, d->begun);
}

bool
display_awaits(const struct display *d, uint64_t moved)
{
	return d->visible && may_begin(d, d->begun || moved > 0);
}

void
display_stop(struct display *d)
{
	meter_stop(&d->meter, clock_now());
}

void
display_go(struct display *d)
{
	meter_go(&d->meter, clock_now());
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

/* When to draw for the first time. */
static uint64_t
first(const struct display *d, uint64_t now)
{
	const struct display_conf *c = d->conf;

	if (!d->visible && (c->extra & EXTRA_PROCESS) == 0)
		return UINT64_MAX;
	if (c->wait)
		return now;
	if (c->delay != 0)
		return now + c->delay;
	if (!c->asked)
		return now + SECOND; /* a short transfer shows nothing */
	/* a person wants to see it begin; a program does not */
	return d->term.tty ? now : now + c->interval;
}

/* Without a display option, does not draw where a person may type or read. */
static bool
is_silent(const struct display_conf *c)
{
	if (c->asked)
		return false;
	if (!isatty(STDERR_FILENO))
		return true;
	return !c->beside && (isatty(STDIN_FILENO) || isatty(STDOUT_FILENO));
}

/* Makes the line, and another for the titles if they have a format. */
static int
new_shows(struct display *d)
{
	struct show_conf conf = d->conf->show;
	struct show *show, *extra = NULL;

	if (d->conf->stores && !d->again)
		conf.name = "(input)"; /* -N is for the second leg */
	show = show_new(&conf);
	if (show == NULL)
		return -1;
	if (d->conf->extra_format != NULL) {
		conf.format = d->conf->extra_format;
		extra = show_new(&conf);
		if (extra == NULL) {
			free(show);
			return -1;
		}
	}
	free(d->show);
	free(d->extra);
	d->show = show;
	d->extra = extra;
	return 0;
}

bool
display_place(struct term *t, const struct display_conf *c, bool share)
{
	setlocale(LC_CTYPE, "");
	if (term_open(t, STDERR_FILENO, share && !c->show.numeric, c->width,
		c->height) == -1)
		return false;
	t->force = c->force;
	if (c->show.numeric)
		t->tty = false; /* plain lines */
	return !c->quiet && (t->tty || c->force || c->show.numeric);
}

int
display_open(struct display *d, const struct display_conf *c, uint64_t now)
{
	*d = (struct display)DISPLAY_INITIALIZER;
	d->conf = c;
	start(d, now);
	if (c->quiet || is_silent(c))
		return 0;
	if (new_shows(d) == -1)
		return -1;
	d->visible = display_place(&d->term, c, c->cursor);
	d->due = first(d, now);
	return 0;
}

int
display_again(struct display *d)
{
	uint64_t now = clock_now();

	d->again = true;
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
	meter_set_window(&d->meter, d->conf->window);
	meter_set_interval(&d->meter, d->conf->interval);
	if (d->show == NULL)
		return 0;
	term_resized(&d->term, d->conf->width, d->conf->height);
	if (d->conf->show.numeric)
		d->term.tty = false;
	if (d->due != UINT64_MAX)
		d->due = clock_now();
	return 0;
}

void
display_expect(struct display *d, uint64_t size)
{
	meter_set_size(&d->meter, size);
}

unsigned
display_wants(const struct display *d)
{
	unsigned extra = d->extra != NULL ? show_wants(d->extra) : 0;

	return d->show != NULL ? show_wants(d->show) | extra : 0;
}

void
display_close(struct display *d)
{
	term_close(&d->term);
	free(d->show);
	free(d->extra);
	d->show = d->extra = NULL;
}
