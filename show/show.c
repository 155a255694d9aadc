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
	struct template template;
	char scratch[SHOW_TEXT];
};

/* One drawing. */
struct drawing {
	struct show *show;
	const struct show_state *state;
	bool utf8, colours;
	struct line line;
};

struct show *
show_new(const struct show_conf *conf)
{
	struct show *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->conf = *conf;
	if (template_init(&s->template, conf) == -1) {
		free(s);
		return NULL;
	}
	return s;
}

void
show_free(struct show *s)
{
	if (s == NULL)
		return;
	template_release(&s->template);
	free(s);
}

/* How far it is, 1 at the end and more beyond; negative if nobody knows. */
static double
fraction(const struct show *s, const struct show_state *st)
{
	double f;

	if (st->figures.size > 0)
		return (double)st->figures.count / (double)st->figures.size;
	if (!s->conf.gauge)
		return -1;
	f = format_sane(st->figures.fastest) > 0 ?
	    format_sane(st->figures.rate) / format_sane(st->figures.fastest) :
	    0;
	return f > 1 ? 1 : f;
}

/* The rate is shown on a scale up to the fastest. */
static bool
gauged(const struct show *s, const struct show_state *st)
{
	return s->conf.gauge && st->figures.size == 0;
}

static unsigned
percent(const struct show_state *st, double f)
{
	f *= 100;

	/* 2^60 less one is as good as 2^60 for a double. */
	if (st->figures.size > 0 && st->figures.count < st->figures.size &&
	    f >= 100)
		return 99;
	return f > 1e6 ? 1000000 : (unsigned)f;
}

/* Where the bouncing bar is, from 0 to 100: it moves as long as bytes do. */
static unsigned
bounced(const struct show_state *st)
{
	unsigned at = (unsigned)(st->figures.moves % 100) * 2;

	return at > 100 ? 200 - at : at;
}

static void
put_bar(struct drawing *d, int style, unsigned columns)
{
	enum bar_style look = style < 0 ? d->show->conf.style :
					  (enum bar_style)style;
	double f = fraction(d->show, d->state);

	if (!d->utf8)
		look = BAR_PLAIN;
	if (f < 0)
		line_bouncing(&d->line, look, bounced(d->state), columns);
	else
		line_bar(&d->line, look, f, columns);
}

/* How far it is, in words; of a gauge, what its end stands for. */
static void
amount(const struct show *s, const struct show_state *st, char *text,
    size_t size)
{
	char number[32];

	*text = '\0';
	if (gauged(s, st)) {
		format_amount(&s->conf, st->figures.fastest, number,
		    sizeof number);
		snprintf(text, size, "%s/s", number);
	} else if (st->figures.size > 0)
		snprintf(text, size, "%3u%%", percent(st, fraction(s, st)));
}

/* The bar in brackets, and how far it is if that is known. */
static void
put_progress(struct drawing *d, int style, unsigned columns)
{
	bool known = fraction(d->show, d->state) >= 0;
	char text[40], tail[48] = "";
	unsigned sides;

	amount(d->show, d->state, text, sizeof text);
	if (known)
		snprintf(tail, sizeof tail, "%c%s",
		    gauged(d->show, d->state) ? '/' : ' ', text);
	sides = 2 + (unsigned)strlen(tail);
	if (columns <= sides) { /* no bar, then, but maybe the number */
		if (known && columns + 2 >= sides) {
			line_blanks(&d->line, columns + 2 - sides);
			line_put(&d->line, tail, strlen(tail), sides - 2);
		} else
			line_blanks(&d->line, columns);
		return;
	}
	line_put(&d->line, "[", 1, 1);
	put_bar(d, style, columns - sides);
	line_put(&d->line, "]", 1, 1);
	line_put(&d->line, tail, strlen(tail), sides - 2);
}

static void
remaining(const struct show_state *st, char *s, size_t size)
{
	char time[64];

	*s = '\0';
	if (st->note != NULL)
		snprintf(s, size, "%s", st->note);
	else if (!st->figures.final && st->figures.eta >= 0) {
		format_duration(st->figures.eta, time, sizeof time);
		snprintf(s, size, "ETA %s", time);
	}
}

static void
rate(const struct show_conf *c, double v, const char *brackets, char *s,
    size_t size)
{
	char number[64];

	format_amount(c, v, number, sizeof number);
	snprintf(s, size, "%c%s/s%c", brackets[0], number, brackets[1]);
}

/* With -n the figures are bare. */
static bool
bare(const struct show *s, const struct show_state *st, enum field field,
    char *text, size_t size)
{
	double eight = s->conf.bits && !s->conf.lines ? 8 : 1;
	double current = field == FIELD_RATE ? st->figures.rate :
					       st->figures.average;

	switch (field) {
	case FIELD_PERCENT:
		snprintf(text, size, "%u",
		    st->figures.size == 0 ? bounced(st) :
					    percent(st, fraction(s, st)));
		return true;
	case FIELD_TIMER:
		snprintf(text, size, "%.4f", format_sane(st->figures.elapsed));
		return true;
	case FIELD_COUNT:
		if (eight > 1 && st->figures.count > UINT64_MAX / 8)
			snprintf(text, size, "%.0f",
			    (double)st->figures.count * 8);
		else
			snprintf(text, size, "%llu",
			    (unsigned long long)st->figures.count *
				(eight > 1 ? 8 : 1));
		return true;
	case FIELD_RATE:
	case FIELD_AVERAGE:
		snprintf(text, size, "%.4f",
		    format_sane(
			st->figures.final ? st->figures.mean : current) *
			eight);
		return true;
	default:
		return false;
	}
}

/* The larger side to the smaller one, which is 1. */
static void
ratio(const struct show_state *st, char *s, size_t size)
{
	double r = format_sane(st->figures.ratio);

	if (r <= 0)
		snprintf(s, size, "-:-");
	else if (r >= 1)
		snprintf(s, size, "%.4g:1", r);
	else
		snprintf(s, size, "1:%.4g", 1 / r);
}

/* What pv has where there is no buffer. */
static const char *
bypass(int buffer)
{
	return buffer == FIGURES_RANGED ? "{--->}" :
	    buffer == FIGURES_BY_PIPE   ? "{-||-}" :
					  "{----}";
}

/* The fields that are short and plain; the rest are empty. */
static void
figure(const struct show *s, const struct show_state *st, enum field field,
    char *text, size_t size)
{
	*text = '\0';
	switch (field) {
	case FIELD_PERCENT:
		amount(s, st, text, size);
		break;
	case FIELD_TIMER:
		format_duration(st->figures.elapsed, text, size);
		break;
	case FIELD_ETA:
		remaining(st, text, size);
		break;
	case FIELD_FINETA:
		format_end(st->now, st->figures.final ? 0 : st->figures.eta,
		    text, size);
		break;
	case FIELD_RATE:
		rate(&s->conf,
		    st->figures.final ? st->figures.mean : st->figures.rate,
		    "[]", text, size);
		break;
	case FIELD_AVERAGE:
		rate(&s->conf,
		    st->figures.final ? st->figures.mean : st->figures.average,
		    "()", text, size);
		break;
	case FIELD_COUNT:
		format_amount(&s->conf, (double)st->figures.count, text, size);
		break;
	case FIELD_BUFFER:
		if (st->figures.buffer < 0)
			snprintf(text, size, "%s", bypass(st->figures.buffer));
		else
			snprintf(text, size, "{%3d%%}",
			    st->figures.buffer > 100 ? 100 :
						       st->figures.buffer);
		break;
	case FIELD_RATIO:
		ratio(st, text, size);
		break;
	default:
		break;
	}
}

/* The columns that a field has from the first line on. */
static const unsigned least[FIELD_MISFIT + 1] = {
	[FIELD_PERCENT] = sizeof "100%" - 1,
	[FIELD_TIMER] = sizeof "0:00:00" - 1,
	[FIELD_ETA] = sizeof "ETA 0:00:00" - 1,
	[FIELD_FINETA] = sizeof "FIN 00:00:00" - 1,
	[FIELD_ENGINE] = sizeof "splice" - 1,
};

/* Text at the left of a field that does not shrink. */
static void
put_field(struct drawing *d, struct item *it, const char *text)
{
	unsigned columns = line_text(NULL, text, strlen(text), SHOW_WIDTH);

	if (it->widest < least[it->field])
		it->widest = least[it->field];
	if (it->widest < it->n)
		it->widest = it->n;
	if (it->widest < columns)
		it->widest = columns;
	line_text(&d->line, text, strlen(text), SHOW_WIDTH);
	line_blanks(&d->line, it->widest - columns);
}

/* The last n bytes, the newest at the right; dots for what is not there. */
static void
put_last(struct drawing *d, unsigned n)
{
	const struct show_state *st = d->state;

	for (unsigned i = n; i > 0; i--) {
		unsigned char c = i <= st->nlast && st->last != NULL ?
		    st->last[st->nlast - i] :
		    '.';
		char shown = c >= ' ' && c < 0x7f ? (char)c : '.';

		line_put(&d->line, &shown, 1, 1);
	}
}

static void
put_previous(struct drawing *d, unsigned columns)
{
	const struct show_state *st = d->state;
	unsigned used = 0;

	if (st->line != NULL)
		used = line_text(&d->line, st->line, st->nline, columns);
	line_blanks(&d->line, columns - used);
}

static void
put_name(struct drawing *d)
{
	const char *name = d->show->conf.name;
	unsigned columns;

	if (name == NULL)
		return;
	columns = line_text(NULL, name, strlen(name), SHOW_WIDTH);
	/* one that must be there has columns of its own */
	if (!d->show->conf.named)
		line_blanks(&d->line, columns < 9 ? 9 - columns : 0);
	line_text(&d->line, name, strlen(name), SHOW_WIDTH);
	line_put(&d->line, ":", 1, 1);
}

/* A field that takes what the others leave, if no number says how much. */
static bool
is_flexible(const struct item *it)
{
	return it->n == 0 &&
	    (it->field == FIELD_BAR || it->field == FIELD_PREVIOUS ||
		it->field == FIELD_PROGRESS);
}

/* Without a size there is no end to speak of, and no room is kept for it. */
static bool
is_silent(const struct drawing *d, const struct item *it)
{
	const struct show_state *st = d->state;
	bool about_end = it->field == FIELD_ETA || it->field == FIELD_FINETA;

	if (st->figures.size > 0 ||
	    (it->field == FIELD_ETA && st->note != NULL))
		return false;
	return about_end ||
	    (it->field == FIELD_PERCENT && !d->show->conf.gauge &&
		!d->show->conf.numeric);
}

/* columns: for what is flexible. */
static void
put_item(struct drawing *d, struct item *it, unsigned columns)
{
	const struct show_state *st = d->state;
	char text[128];

	if (d->show->conf.numeric &&
	    bare(d->show, st, it->field, text, sizeof text)) {
		line_put(&d->line, text, strlen(text), (unsigned)strlen(text));
		return;
	}
	if (it->n != 0)
		columns = it->n;
	else if (is_silent(d, it) || (it->apart && is_silent(d, it + 1)))
		return;
	switch (it->field) {
	case FIELD_TEXT:
		line_text(&d->line, it->text, it->len, SHOW_WIDTH);
		break;
	case FIELD_PROGRESS:
		put_progress(d, it->style, columns);
		break;
	case FIELD_BAR:
		put_bar(d, it->style, columns);
		break;
	case FIELD_LAST:
		put_last(d, it->n);
		break;
	case FIELD_PREVIOUS:
		put_previous(d, columns);
		break;
	case FIELD_NAME:
		put_name(d);
		break;
	case FIELD_ENGINE:
		put_field(d, it, st->engine == NULL ? "" : st->engine);
		break;
	case FIELD_OUTPUTS:
		put_field(d, it, st->outputs == NULL ? "" : st->outputs);
		break;
	case FIELD_SGR:
		if (d->colours)
			line_colours(&d->line, it->text, it->len);
		break;
	case FIELD_CONEMU:
	case FIELD_MISFIT:
		break;
	default:
		figure(d->show, st, it->field, text, sizeof text);
		put_field(d, it, text);
	}
}

/* The columns of all that is not flexible, and how many fields are. */
static unsigned
measure(struct drawing *d, unsigned *flexiblep)
{
	struct show *s = d->show;

	*flexiblep = 0;
	d->line = (struct line){ .text = s->scratch, .max = SHOW_WIDTH };
	for (size_t i = 0; i < s->template.nitems; i++)
		if (is_flexible(&s->template.items[i]))
			++*flexiblep;
		else
			put_item(d, &s->template.items[i], 0);
	return d->line.columns;
}

void
show_line(struct show *s, const struct show_state *st, unsigned width,
    bool utf8, bool colours, char text[SHOW_TEXT])
{
	struct drawing d = { .show = s,
		.state = st,
		.utf8 = utf8,
		.colours = colours };
	unsigned fixed, flexible, rest, share;

	if (width > SHOW_WIDTH)
		width = SHOW_WIDTH;
	fixed = measure(&d, &flexible);
	rest = fixed < width ? width - fixed : 0;
	/* Nobody's script wants a line cut. */
	d.line = (struct line){ .text = text,
		.max = s->conf.numeric ? SHOW_WIDTH : width };
	for (size_t i = 0; i < s->template.nitems; i++) {
		share = 0;
		if (is_flexible(&s->template.items[i])) {
			share = rest / flexible--;
			rest -= share;
		}
		put_item(&d, &s->template.items[i], share);
	}
	line_end(&d.line);
}

void
show_stats(const struct show *s, const struct figures *f, char text[SHOW_TEXT])
{
	const struct show_conf *c = &s->conf;
	double eight = c->bits && !c->lines ? 8 : 1;

	if (!(f->spread.max > 0)) {
		strlcpy(text, "rate not measured", SHOW_TEXT);
		return;
	}
	snprintf(text, SHOW_TEXT,
	    "rate min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f %s/s",
	    format_sane(f->spread.min) * eight,
	    format_sane(f->spread.average) * eight,
	    format_sane(f->spread.max) * eight,
	    format_sane(f->spread.deviation) * eight,
	    c->lines    ? "lines" :
		c->bits ? "b" :
			  "B");
}

int
show_percent(const struct figures *f)
{
	struct show_state st = { .figures = *f };
	unsigned n;

	if (f->size == 0)
		return -1;
	n = percent(&st, (double)f->count / (double)f->size);
	return n < 100 ? (int)n : 100;
}

unsigned
show_wants(const struct show *s)
{
	static const unsigned of_field[] = {
		[FIELD_PROGRESS] = SHOW_WANTS_SIZE,
		[FIELD_BAR] = SHOW_WANTS_SIZE,
		[FIELD_PERCENT] = SHOW_WANTS_SIZE,
		[FIELD_ETA] = SHOW_WANTS_SIZE,
		[FIELD_FINETA] = SHOW_WANTS_SIZE,
		[FIELD_LAST] = SHOW_WANTS_LAST,
		[FIELD_PREVIOUS] = SHOW_WANTS_LINE,
		[FIELD_OUTPUTS] = SHOW_WANTS_OUTPUTS,
		[FIELD_CONEMU] = SHOW_WANTS_CONEMU,
		[FIELD_MISFIT] = 0,
	};
	unsigned wants = s->conf.conemu ? SHOW_WANTS_CONEMU : 0;

	for (size_t i = 0; i < s->template.nitems; i++)
		wants |= of_field[s->template.items[i].field];
	if ((wants & SHOW_WANTS_CONEMU) != 0)
		wants |= SHOW_WANTS_SIZE;
	return wants;
}
