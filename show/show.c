/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "show/format.h"
#include "show/show.h"
#include "show/template.h"

struct show {
	struct show_conf conf;
	size_t nitems;
	struct item items[];
};

/* One drawing. */
struct drawing {
	const struct show_conf *conf;
	const struct show_state *state;
	const struct figures *figures; /* of the state */
	bool utf8, colours;
	struct line line;
	struct item *item;       /* that is drawn now */
	unsigned columns;        /* that it has, if it is flexible */
	char text[SHOW_OUTPUTS]; /* what it tells, otherwise */
};

struct show *
show_new(const struct show_conf *conf)
{
	struct show *s = calloc(1,
	    sizeof *s + template_most(conf) * sizeof *s->items);

	if (s == NULL)
		return NULL;
	s->conf = *conf;
	s->conf.bits = conf->bits && !conf->lines;
	s->nitems = template_items(conf, s->items);
	return s;
}

/* ---- how far it is ---------------------------------------------------- */

/* The rate is shown on a scale up to the fastest. */
static bool
gauged(const struct drawing *d)
{
	return d->conf->gauge && d->figures->size == 0;
}

/* 1 at the end and more beyond; negative if nobody knows. */
static double
fraction(const struct drawing *d)
{
	const struct figures *f = d->figures;
	double part;

	if (f->size > 0)
		return (double)f->count / (double)f->size;
	if (!d->conf->gauge)
		return -1;
	part = format_sane(f->fastest) > 0 ?
	    format_sane(f->rate) / format_sane(f->fastest) :
	    0;
	return part > 1 ? 1 : part;
}

/* Of a known size. */
static unsigned
percent(const struct figures *f)
{
	double part = (double)f->count / (double)f->size * 100;

	/* 2^60 less one is as good as 2^60 for a double. */
	if (f->count < f->size && part >= 100)
		return 99;
	return part > 1e6 ? 1000000 : (unsigned)part;
}

int
show_percent(const struct figures *f)
{
	unsigned n = f->size > 0 ? percent(f) : 0;

	return f->size == 0 ? -1 : n < 100 ? (int)n : 100;
}

/* Where the bouncing bar is, from 0 to 100: it moves as long as bytes do. */
static unsigned
bounced(const struct figures *f)
{
	unsigned at = (unsigned)(f->moves % 100) * 2;

	return at > 100 ? 200 - at : at;
}

/* ---- fields that are text: with -n, some of them are bare figures ------ */

/* How far it is; of a gauge, what its end stands for. Maybe behind the bar. */
static void
tell_amount(struct drawing *d, bool behind)
{
	char number[32];

	if (gauged(d)) {
		format_amount(d->conf, d->figures->fastest, number,
		    sizeof number);
		snprintf(d->text, sizeof d->text, "%s%s/s", behind ? "/" : "",
		    number);
	} else if (d->figures->size > 0)
		snprintf(d->text, sizeof d->text, "%s%3u%%", behind ? " " : "",
		    percent(d->figures));
}

static void
tell_percent(struct drawing *d)
{
	const struct figures *f = d->figures;

	if (d->conf->numeric)
		snprintf(d->text, sizeof d->text, "%u",
		    f->size == 0 ? bounced(f) : percent(f));
	else
		tell_amount(d, false);
}

static void
tell_timer(struct drawing *d)
{
	double t = d->figures->elapsed;

	if (d->conf->numeric)
		snprintf(d->text, sizeof d->text, "%.4f", format_sane(t));
	else
		format_duration(t, d->text, sizeof d->text);
}

static void
tell_eta(struct drawing *d)
{
	char time[64];

	if (d->state->note != NULL)
		strlcpy(d->text, d->state->note, sizeof d->text);
	else if (!d->figures->final && d->figures->eta >= 0) {
		format_duration(d->figures->eta, time, sizeof time);
		snprintf(d->text, sizeof d->text, "ETA %s", time);
	}
}

static void
tell_fineta(struct drawing *d)
{
	format_end(d->state->now, d->figures->final ? 0 : d->figures->eta,
	    d->text, sizeof d->text);
}

/* The last line has the mean. */
static void
tell_speed(struct drawing *d, double rate, const char *brackets)
{
	double v = d->figures->final ? d->figures->mean : rate;
	char number[32];

	if (d->conf->numeric) {
		snprintf(d->text, sizeof d->text, "%.4f",
		    format_sane(v) * (d->conf->bits ? 8 : 1));
		return;
	}
	format_amount(d->conf, v, number, sizeof number);
	snprintf(d->text, sizeof d->text, "%c%s/s%c", brackets[0], number,
	    brackets[1]);
}

static void
tell_rate(struct drawing *d)
{
	tell_speed(d, d->figures->rate, "[]");
}

static void
tell_average(struct drawing *d)
{
	tell_speed(d, d->figures->average, "()");
}

static void
tell_count(struct drawing *d)
{
	uint64_t n = d->figures->count;
	unsigned bits = d->conf->bits ? 8 : 1;

	if (!d->conf->numeric)
		format_amount(d->conf, (double)n, d->text, sizeof d->text);
	else if (n > UINT64_MAX / bits)
		snprintf(d->text, sizeof d->text, "%.0f", (double)n * bits);
	else
		snprintf(d->text, sizeof d->text, "%ju", (uintmax_t)n * bits);
}

/* As pv has it, also where there is no buffer. */
static void
tell_buffer(struct drawing *d)
{
	int full = d->figures->buffer;
	const char *bypass = full == FIGURES_RANGED ? "{--->}" :
	    full == FIGURES_BY_PIPE                 ? "{-||-}" :
						      "{----}";

	if (full < 0)
		strlcpy(d->text, bypass, sizeof d->text);
	else
		snprintf(d->text, sizeof d->text, "{%3d%%}",
		    full > 100 ? 100 : full);
}

static void
tell_engine(struct drawing *d)
{
	if (d->state->engine != NULL)
		strlcpy(d->text, d->state->engine, sizeof d->text);
}

static void
tell_outputs(struct drawing *d)
{
	if (d->state->outputs != NULL)
		strlcpy(d->text, d->state->outputs, sizeof d->text);
}

/* The larger side to the smaller one, which is 1. */
static void
tell_ratio(struct drawing *d)
{
	double r = format_sane(d->figures->ratio);

	if (r <= 0)
		strlcpy(d->text, "-:-", sizeof d->text);
	else
		snprintf(d->text, sizeof d->text, r < 1 ? "1:%.4g" : "%.4g:1",
		    r < 1 ? 1 / r : r);
}

/* ---- fields that are drawn -------------------------------------------- */

static void
put_text(struct drawing *d)
{
	line_text(&d->line, d->item->text, d->item->len, SHOW_WIDTH);
}

static void
put_sgr(struct drawing *d)
{
	if (d->colours)
		line_colours(&d->line, d->item->text, d->item->len);
}

static void
put_bar(struct drawing *d)
{
	enum bar_style style = d->item->style < 0 ?
	    d->conf->style :
	    (enum bar_style)d->item->style;
	double part = fraction(d);

	if (!d->utf8)
		style = BAR_PLAIN;
	if (part < 0)
		line_bouncing(&d->line, style, bounced(d->figures), d->columns);
	else
		line_bar(&d->line, style, part, d->columns);
}

/*
 * The bar in brackets, and how far it is if that is known; without room for a
 * bar, maybe only that.
 */
static void
put_progress(struct drawing *d)
{
	unsigned columns = d->columns, len;

	tell_amount(d, true);
	len = (unsigned)strlen(d->text);
	if (columns > len + 2) {
		d->columns -= len + 2;
		line_put(&d->line, "[", 1, 1);
		put_bar(d);
		line_put(&d->line, "]", 1, 1);
	} else
		line_blanks(&d->line, columns < len ? columns : columns - len);
	if (columns >= len)
		line_put(&d->line, d->text, len, len);
}

/* The last bytes, the newest at the right; dots for what is not there. */
static void
put_last(struct drawing *d)
{
	const struct show_state *st = d->state;

	for (unsigned i = d->item->n; i > 0; i--) {
		unsigned char c = i <= st->nlast && st->last != NULL ?
		    st->last[st->nlast - i] :
		    '.';
		char shown = c >= ' ' && c < 0x7f ? (char)c : '.';

		line_put(&d->line, &shown, 1, 1);
	}
}

static void
put_previous(struct drawing *d)
{
	const struct show_state *st = d->state;
	unsigned used = 0;

	if (st->line != NULL)
		used = line_text(&d->line, st->line, st->nline, d->columns);
	line_blanks(&d->line, d->columns - used);
}

static void
put_name(struct drawing *d)
{
	const char *name = d->conf->name;
	unsigned columns;

	if (name == NULL)
		return;
	columns = line_text(NULL, name, strlen(name), SHOW_WIDTH);
	/* one that must be there has columns of its own */
	if (!d->conf->named && columns < 9)
		line_blanks(&d->line, 9 - columns);
	line_text(&d->line, name, strlen(name), SHOW_WIDTH);
	line_put(&d->line, ":", 1, 1);
}

/* ---- all of them ------------------------------------------------------ */

enum shape {
	DRAWN,
	FLEXIBLE, /* takes what the others leave, if no number says how much */
	TEXT,
	FIGURE, /* bare with -n */
};

/* least: as wide as this from the first line on */
static const struct {
	enum shape shape;
	void (*make)(struct drawing *);
	const char *least;
	unsigned wants;
} fields[FIELD_MISFIT + 1] = {
	[FIELD_TEXT] = { DRAWN, put_text, "", 0 },
	[FIELD_PROGRESS] = { FLEXIBLE, put_progress, "", SHOW_WANTS_SIZE },
	[FIELD_BAR] = { FLEXIBLE, put_bar, "", SHOW_WANTS_SIZE },
	[FIELD_PERCENT] = { FIGURE, tell_percent, "100%", SHOW_WANTS_SIZE },
	[FIELD_TIMER] = { FIGURE, tell_timer, "0:00:00", 0 },
	[FIELD_ETA] = { TEXT, tell_eta, "ETA 0:00:00", SHOW_WANTS_SIZE },
	[FIELD_FINETA] = { TEXT, tell_fineta, "FIN 00:00:00", SHOW_WANTS_SIZE },
	[FIELD_RATE] = { FIGURE, tell_rate, "", 0 },
	[FIELD_AVERAGE] = { FIGURE, tell_average, "", 0 },
	[FIELD_COUNT] = { FIGURE, tell_count, "", 0 },
	[FIELD_BUFFER] = { TEXT, tell_buffer, "", 0 },
	[FIELD_LAST] = { DRAWN, put_last, "", SHOW_WANTS_LAST },
	[FIELD_PREVIOUS] = { FLEXIBLE, put_previous, "", SHOW_WANTS_LINE },
	[FIELD_NAME] = { DRAWN, put_name, "", 0 },
	[FIELD_ENGINE] = { TEXT, tell_engine, "splice", 0 },
	[FIELD_OUTPUTS] = { TEXT, tell_outputs, "", SHOW_WANTS_OUTPUTS },
	[FIELD_RATIO] = { TEXT, tell_ratio, "", 0 },
	[FIELD_SGR] = { DRAWN, put_sgr, "", 0 },
	[FIELD_CONEMU] = { DRAWN, NULL, "",
	    SHOW_WANTS_CONEMU | SHOW_WANTS_SIZE },
};

/* The text, at the left of a field that does not shrink. */
static void
put_cell(struct drawing *d)
{
	struct item *it = d->item;
	size_t len = strlen(d->text);
	unsigned columns = line_text(NULL, d->text, len, SHOW_WIDTH);
	unsigned least = (unsigned)strlen(fields[it->field].least);

	if (it->widest < least)
		it->widest = least;
	if (it->widest < it->n)
		it->widest = it->n;
	if (it->widest < columns)
		it->widest = columns;
	line_text(&d->line, d->text, len, SHOW_WIDTH);
	line_blanks(&d->line, it->widest - columns);
}

static bool
is_flexible(const struct item *it)
{
	return it->n == 0 && fields[it->field].shape == FLEXIBLE;
}

/* Without a size there is no end to speak of, and no room is kept for it. */
static bool
is_silent(const struct drawing *d, const struct item *it)
{
	if (it->n != 0 || d->figures->size > 0)
		return false;
	switch (it->field) {
	case FIELD_ETA:
		return d->state->note == NULL;
	case FIELD_FINETA:
		return true;
	case FIELD_PERCENT:
		return !d->conf->gauge && !d->conf->numeric;
	default:
		return it->apart && is_silent(d, it + 1);
	}
}

/* columns: for what is flexible. */
static void
put_item(struct drawing *d, struct item *it, unsigned columns)
{
	enum shape shape = fields[it->field].shape;

	if (is_silent(d, it) || fields[it->field].make == NULL)
		return;
	d->item = it;
	d->columns = it->n != 0 ? it->n : columns;
	d->text[0] = '\0';
	fields[it->field].make(d);
	if (shape == FIGURE && d->conf->numeric)
		line_text(&d->line, d->text, strlen(d->text), SHOW_WIDTH);
	else if (shape == FIGURE || shape == TEXT)
		put_cell(d);
}

void
show_line(struct show *s, const struct show_state *st, unsigned width,
    bool utf8, bool colours, char text[SHOW_TEXT])
{
	struct drawing d = { .conf = &s->conf,
		.state = st,
		.figures = &st->figures,
		.utf8 = utf8,
		.colours = colours };
	struct item *it = s->items, *end = it + s->nitems;
	unsigned rest, share, flexible = 0;

	if (width > SHOW_WIDTH)
		width = SHOW_WIDTH;
	/* the columns of all that is not flexible, and how many fields are */
	d.line = (struct line){ .text = text, .max = SHOW_WIDTH };
	for (; it < end; it++)
		if (is_flexible(it))
			flexible++;
		else
			put_item(&d, it, 0);
	rest = d.line.columns < width ? width - d.line.columns : 0;
	/* Nobody's script wants a line cut. */
	d.line = (struct line){ .text = text,
		.max = s->conf.numeric ? SHOW_WIDTH : width };
	for (it = s->items; it < end; it++) {
		share = is_flexible(it) ? rest / flexible-- : 0;
		rest -= share;
		put_item(&d, it, share);
	}
	line_end(&d.line);
}

void
show_stats(const struct show *s, const struct figures *f, char text[SHOW_TEXT])
{
	const struct show_conf *c = &s->conf;
	unsigned bits = c->bits ? 8 : 1;

	if (!(f->spread.max > 0)) {
		strlcpy(text, "rate not measured", SHOW_TEXT);
		return;
	}
	snprintf(text, SHOW_TEXT,
	    "rate min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f %s/s",
	    format_sane(f->spread.min) * bits,
	    format_sane(f->spread.average) * bits,
	    format_sane(f->spread.max) * bits,
	    format_sane(f->spread.deviation) * bits,
	    c->lines    ? "lines" :
		c->bits ? "b" :
			  "B");
}

unsigned
show_wants(const struct show *s)
{
	unsigned wants = s->conf.conemu ? fields[FIELD_CONEMU].wants : 0;

	for (size_t i = 0; i < s->nitems; i++)
		wants |= fields[s->items[i].field].wants;
	return wants;
}
