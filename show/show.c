/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "show/format.h"
#include "show/show.h"

#define COUNT_OF(a) (sizeof(a) / sizeof *(a))

enum {
	SIZE = SHOW_WANTS_SIZE,
	CONEMU = SHOW_WANTS_CONEMU | SIZE,
};

struct drawing;

enum shape {
	DRAWN,
	FLEXIBLE, /* takes what the others leave, unless a number says */
	TEXT,
	FIGURE, /* bare with -n */
};

/* What a sequence of a format stands for. */
struct field {
	char letter; /* or 0 */
	const char *word;
	enum shape shape;
	void (*make)(struct drawing *);
	const char *least; /* its least width */
	unsigned wants;
	int style; /* of a bar; -1: as in show_conf */
};

/* A part of a format: a sequence, or text. */
struct item {
	const struct field *field;
	unsigned n;       /* the number in front; 0: none */
	const char *text; /* of text and SGR, borrowed */
	size_t len;
	bool apart;      /* a blank that is left out with a silent next item */
	unsigned widest; /* columns so far: a field never shrinks */
};

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
	struct item *item;       /* the present one */
	unsigned columns;        /* its width, if it is flexible */
	char text[SHOW_OUTPUTS]; /* its text, otherwise */
};

/* ---- how far it is ---------------------------------------------------- */

/* Whether the bar shows the rate, on a scale up to the fastest. */
static bool
gauged(const struct drawing *d)
{
	return d->conf->gauge && d->figures->size == 0;
}

/* 1 is full, more is possible; negative if unknown. */
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

	/* to a double, 2^60 - 1 is 2^60 */
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

/* Where the bouncing bar is, from 0 to 100: it moves when bytes do. */
static unsigned
bounced(const struct figures *f)
{
	unsigned at = (unsigned)(f->moves % 100) * 2;

	return at > 100 ? 200 - at : at;
}

/* ---- fields that are text: with -n, some of them are bare figures ------ */

/* The percentage or, for a gauge, its full scale; behind: after the bar. */
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

/* The last line shows the mean. */
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

/* As in pv, also where there is no buffer. */
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

/* The smaller side is 1. */
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
	int own = d->item->field->style;
	enum bar_style style = own < 0 ? d->conf->style : (enum bar_style)own;
	double part = fraction(d);

	if (!d->utf8)
		style = BAR_PLAIN;
	if (part < 0)
		line_bouncing(&d->line, style, bounced(d->figures), d->columns);
	else
		line_bar(&d->line, style, part, d->columns);
}

/* A bar in brackets and the amount, or only the amount if no more fits. */
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

/* The last bytes, the newest at the right, padded with dots. */
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
	/* with `named`, the caller has aligned it */
	if (!d->conf->named && columns < 9)
		line_blanks(&d->line, 9 - columns);
	line_text(&d->line, name, strlen(name), SHOW_WIDTH);
	line_put(&d->line, ":", 1, 1);
}

/* ---- all of them ------------------------------------------------------ */

static const struct field fields[] = {
	{ 'p', "progress", FLEXIBLE, put_progress, "", SIZE, -1 },
	{ 0, "progress-bar-only", FLEXIBLE, put_bar, "", SIZE, -1 },
	{ 0, "progress-amount-only", FIGURE, tell_percent, "100%", SIZE, 0 },
	{ 0, "progress-conemu", DRAWN, NULL, "", CONEMU, 0 },
	{ 0, "bar-plain", FLEXIBLE, put_bar, "", SIZE, BAR_PLAIN },
	{ 0, "bar-block", FLEXIBLE, put_bar, "", SIZE, BAR_BLOCK },
	{ 0, "bar-granular", FLEXIBLE, put_bar, "", SIZE, BAR_GRANULAR },
	{ 0, "bar-shaded", FLEXIBLE, put_bar, "", SIZE, BAR_SHADED },
	{ 't', "timer", FIGURE, tell_timer, "0:00:00", 0, 0 },
	{ 'e', "eta", TEXT, tell_eta, "ETA 0:00:00", SIZE, 0 },
	{ 'I', "fineta", TEXT, tell_fineta, "FIN 00:00:00", SIZE, 0 },
	{ 'r', "rate", FIGURE, tell_rate, "", 0, 0 },
	{ 'a', "average-rate", FIGURE, tell_average, "", 0, 0 },
	{ 'b', "bytes", FIGURE, tell_count, "", 0, 0 },
	{ 0, "transferred", FIGURE, tell_count, "", 0, 0 },
	{ 'T', "buffer-percent", TEXT, tell_buffer, "", 0, 0 },
	{ 'A', "last-written", DRAWN, put_last, "", SHOW_WANTS_LAST, 0 },
	{ 'L', "previous-line", FLEXIBLE, put_previous, "", SHOW_WANTS_LINE,
	    0 },
	{ 'N', "name", DRAWN, put_name, "", 0, 0 },
	{ 0, "engine", TEXT, tell_engine, "splice", 0, 0 },
	{ 0, "outputs", TEXT, tell_outputs, "", SHOW_WANTS_OUTPUTS, 0 },
	{ 0, "ratio", TEXT, tell_ratio, "", 0, 0 },
};

/* What has no name: text, colours, and unknown sequences. */
static const struct field plain = { 0, "", DRAWN, put_text, "", 0, 0 };
static const struct field sgr = { 0, "", DRAWN, put_sgr, "", 0, 0 };
static const struct field misfit = { 0, "", DRAWN, NULL, "", 0, 0 };

/* ---- the format ------------------------------------------------------- */

/* Looks up a letter, or a word in braces. */
static void
look_up(struct item *it, const char *s, size_t n)
{
	bool word = s[0] == '{';

	it->text = s;
	it->len = 1;
	if (n == 1 && s[0] == '%' && it->n == 0) {
		it->field = &plain;
		return;
	}
	if (word) {
		s++;
		n -= 2;
	}
	if (word && n > 4 && memcmp(s, "sgr:", 4) == 0 &&
	    line_colours(NULL, s + 4, n - 4)) {
		it->field = &sgr;
		it->text = s + 4;
		it->len = n - 4;
		return;
	}
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		if (word ? format_is_word(s, n, fields[i].word) :
			   n == 1 && *s == fields[i].letter)
			it->field = &fields[i];
}

/* Reads the next item of a format, which must not be at its end. Its length. */
static size_t
parse(const char *s, struct item *it)
{
	size_t n = 1, start;
	unsigned most = SHOW_WIDTH;

	*it = (struct item){ .field = &misfit };
	if (*s != '%') {
		it->field = &plain;
		it->text = s;
		return it->len = strcspn(s, "%");
	}
	for (; s[n] >= '0' && s[n] <= '9'; n++)
		if (it->n <= SHOW_WIDTH)
			it->n = it->n * 10 + (unsigned)(s[n] - '0');
	start = n;
	if (s[n] == '\0')
		return n;
	n += s[n] == '{' ? strcspn(s + n, "}") : 0;
	if (s[n] == '\0')
		return n;
	n++;
	/* a multibyte character must not be split in an error message */
	while (s[start] != '{' && ((unsigned char)s[n] & 0xc0) == 0x80)
		n++;
	look_up(it, s + start, n - start);
	if (it->field->make == put_last)
		most = SHOW_LAST;
	else if (it->field->make == put_previous)
		most = SHOW_LINE;
	if (it->n > most)
		it->n = most;
	if (it->field->make == put_last && it->n == 0)
		it->n = 1;
	return n;
}

const char *
show_misfit(const char *format, size_t *np)
{
	struct item it;

	for (const char *s = format; *s != '\0'; s += *np) {
		*np = parse(s, &it);
		if (it.field == &misfit)
			return s;
	}
	return NULL;
}

/* The sequences that are not NULL, separated by blanks. */
static void
choose(struct show *s, const char *const *order, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (order[i] == NULL)
			continue;
		if (s->nitems > 0)
			s->items[s->nitems++] = (struct item){ .field = &plain,
				.text = " ",
				.len = 1,
				.apart = true };
		parse(order[i], &s->items[s->nitems++]);
	}
}

/* Bare figures for scripts: -n as in pv. */
static void
choose_numeric(struct show *s)
{
	const struct show_conf *c = &s->conf;
	bool percent = c->progress || (!c->bytes && !c->rate);
	const char *const order[] = {
		c->named ? "%N" : NULL,
		c->timer ? "%t" : NULL,
		c->bytes ? "%b" : NULL,
		c->rate ? "%r" : NULL,
		percent ? "%{progress-amount-only}" : NULL,
	};

	choose(s, order, COUNT_OF(order));
}

/* The switches, in pv's order. */
static void
choose_switches(struct show *s)
{
	const struct show_conf *c = &s->conf;
	bool all = !c->progress && !c->timer && !c->eta && !c->fineta &&
	    !c->rate && !c->average && !c->bytes && !c->buffer &&
	    c->last_written == 0;
	char last[16];
	const char *const order[] = {
		c->name != NULL ? "%N" : NULL,
		all || c->bytes ? "%b" : NULL,
		c->buffer ? "%T" : NULL,
		all || c->timer ? "%t" : NULL,
		all || c->rate ? "%r" : NULL,
		c->average ? "%a" : NULL,
		all || c->progress ? "%p" : NULL,
		all || c->eta ? "%e" : NULL,
		c->fineta ? "%I" : NULL,
		c->last_written != 0 ? last : NULL,
		c->ratio ? "%{ratio}" : NULL,
	};

	snprintf(last, sizeof last, "%%%uA", c->last_written);
	choose(s, order, COUNT_OF(order));
}

/* With `named`, puts a name first if the format has none. */
static void
take_format(struct show *s)
{
	const char *p = s->conf.format;
	bool has = !s->conf.named;
	struct item it;

	for (; *p != '\0' && !has; has = it.field->make == put_name)
		p += parse(p, &it);
	if (!has) {
		parse("%N", &s->items[s->nitems++]);
		parse(" ", &s->items[s->nitems++]);
	}
	for (p = s->conf.format; *p != '\0';)
		p += parse(p, &s->items[s->nitems++]);
}

struct show *
show_new(const struct show_conf *c)
{
	/* one item per byte, after a name and a blank; or all switches */
	size_t most = c->format != NULL ? strlen(c->format) + 2 : 32;
	struct show *s = calloc(1, sizeof *s + most * sizeof *s->items);

	if (s == NULL)
		return NULL;
	s->conf = *c;
	s->conf.bits = c->bits && !c->lines;
	if (c->format != NULL)
		take_format(s);
	else if (c->numeric)
		choose_numeric(s);
	else
		choose_switches(s);
	return s;
}

/* ---- the line --------------------------------------------------------- */

/* Puts the text at the left of its field. */
static void
put_cell(struct drawing *d)
{
	struct item *it = d->item;
	size_t len = strlen(d->text);
	unsigned columns = line_text(NULL, d->text, len, SHOW_WIDTH);
	unsigned least = (unsigned)strlen(it->field->least);

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
	return it->n == 0 && it->field->shape == FLEXIBLE;
}

/* Without a size, fields about the end are left out. */
static bool
is_silent(const struct drawing *d, const struct item *it)
{
	void (*make)(struct drawing *) = it->field->make;

	if (it->n != 0 || d->figures->size > 0)
		return false;
	if (make == tell_eta)
		return d->state->note == NULL;
	if (make == tell_percent)
		return !d->conf->gauge && !d->conf->numeric;
	return make == tell_fineta || (it->apart && is_silent(d, it + 1));
}

/* columns: if it is flexible. */
static void
put_item(struct drawing *d, struct item *it, unsigned columns)
{
	enum shape shape = it->field->shape;

	if (is_silent(d, it) || it->field->make == NULL)
		return;
	d->item = it;
	d->columns = it->n != 0 ? it->n : columns;
	d->text[0] = '\0';
	it->field->make(d);
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
	/* how many fields are flexible, and the columns of the others */
	d.line = (struct line){ .text = text, .max = SHOW_WIDTH };
	for (; it < end; it++)
		if (is_flexible(it))
			flexible++;
		else
			put_item(&d, it, 0);
	rest = d.line.columns < width ? width - d.line.columns : 0;
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
	unsigned wants = s->conf.conemu ? CONEMU : 0;

	for (size_t i = 0; i < s->nitems; i++)
		wants |= s->items[i].field->wants;
	return wants;
}
