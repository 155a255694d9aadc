/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "show/format.h"
#include "show/show.h"

enum field {
	TEXT, /* what stands between the sequences */
	PROGRESS,
	BAR,
	PERCENT,
	TIMER,
	ETA,
	FINETA,
	RATE,
	AVERAGE,
	COUNT,
	BUFFER,
	LAST,
	PREVIOUS,
	NAME,
	ENGINE,
	OUTPUTS,
	RATIO,
	SGR,
	CONEMU, /* nothing in the line: show_wants_conemu() */
	MISFIT,
};

struct item {
	enum field field;
	int style;        /* of a bar; -1: the one that was asked for */
	unsigned n;       /* the number in front; 0: none */
	const char *text; /* of TEXT and SGR, borrowed */
	size_t len;
	bool apart; /* a blank that goes if the next one has nothing to say */
	unsigned widest; /* columns so far: a field never shrinks */
};

struct show {
	struct show_conf conf;
	struct item *items;
	size_t nitems;
	char scratch[SHOW_TEXT];
};

struct choice {
	bool wanted;
	enum field field;
};

/* One drawing. */
struct drawing {
	struct show *show;
	const struct show_state *state;
	bool utf8, colours;
	struct line line;
};

static const struct {
	char letter;
	const char *word;
	enum field field;
	int style;
} sequences[] = {
	{ 'p', "progress", PROGRESS, -1 },
	{ 0, "progress-bar-only", BAR, -1 },
	{ 0, "progress-amount-only", PERCENT, 0 },
	{ 0, "progress-conemu", CONEMU, 0 },
	{ 0, "bar-plain", BAR, BAR_PLAIN },
	{ 0, "bar-block", BAR, BAR_BLOCK },
	{ 0, "bar-granular", BAR, BAR_GRANULAR },
	{ 0, "bar-shaded", BAR, BAR_SHADED },
	{ 't', "timer", TIMER, 0 },
	{ 'e', "eta", ETA, 0 },
	{ 'I', "fineta", FINETA, 0 },
	{ 'r', "rate", RATE, 0 },
	{ 'a', "average-rate", AVERAGE, 0 },
	{ 'b', "bytes", COUNT, 0 },
	{ 0, "transferred", COUNT, 0 },
	{ 'T', "buffer-percent", BUFFER, 0 },
	{ 'A', "last-written", LAST, 0 },
	{ 'L', "previous-line", PREVIOUS, 0 },
	{ 'N', "name", NAME, 0 },
	{ 0, "engine", ENGINE, 0 },
	{ 0, "outputs", OUTPUTS, 0 },
	{ 0, "ratio", RATIO, 0 },
};

#define COUNT_OF(a) (sizeof(a) / sizeof *(a))

static bool
is_word(const char *s, size_t n, const char *word)
{
	return strlen(word) == n && memcmp(s, word, n) == 0;
}

/* What the word between the braces, or the letter, stands for. */
static void
look_up(struct item *it, const char *s, size_t n)
{
	bool word = s[0] == '{';

	if (n == 1 && s[0] == '%' && it->n == 0) {
		it->field = TEXT;
		it->text = s;
		it->len = 1;
		return;
	}
	if (word) {
		s++;
		n -= 2;
	}
	if (word && n > 4 && memcmp(s, "sgr:", 4) == 0 &&
	    line_colours(NULL, s + 4, n - 4)) {
		it->field = SGR;
		it->text = s + 4;
		it->len = n - 4;
		return;
	}
	for (size_t i = 0; i < COUNT_OF(sequences); i++)
		if (word ? is_word(s, n, sequences[i].word) :
			   n == 1 && *s == sequences[i].letter) {
			it->field = sequences[i].field;
			it->style = sequences[i].style;
			return;
		}
}

/* The most that a number in front of a field may say. */
static unsigned
most(enum field field)
{
	return field == LAST  ? SHOW_LAST :
	    field == PREVIOUS ? SHOW_LINE :
				SHOW_WIDTH;
}

/* The next piece of a template (not its end): its length, and what it is. */
static size_t
parse(const char *s, struct item *it)
{
	size_t n = 1, start;

	*it = (struct item){ .field = MISFIT };
	if (*s != '%') {
		it->field = TEXT;
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
	/* A character of several bytes is complained about as a whole. */
	while (s[start] != '{' && ((unsigned char)s[n] & 0xc0) == 0x80)
		n++;
	look_up(it, s + start, n - start);
	if (it->n > most(it->field))
		it->n = most(it->field);
	if (it->field == LAST && it->n == 0)
		it->n = 1;
	return n;
}

const char *
show_misfit(const char *format, size_t *np)
{
	struct item it;

	for (const char *s = format; *s != '\0'; s += *np) {
		*np = parse(s, &it);
		if (it.field == MISFIT)
			return s;
	}
	return NULL;
}

/* The chosen fields, a blank between them. */
static void
add(struct show *s, const struct choice *order, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!order[i].wanted)
			continue;
		if (s->nitems > 0)
			s->items[s->nitems++] = (struct item){ .text = " ",
				.len = 1,
				.apart = true };
		s->items[s->nitems++] = (struct item){
			.field = order[i].field,
			.style = -1,
			.n = order[i].field == LAST ? s->conf.last_written : 0,
		};
	}
}

/* The figures as they are, for scripts: pv's -n without a template. */
static void
add_numeric(struct show *s)
{
	const struct show_conf *c = &s->conf;
	const struct choice order[] = {
		{ c->named, NAME },
		{ c->timer, TIMER },
		{ c->bytes, COUNT },
		{ c->rate, RATE },
		{ c->progress || (!c->bytes && !c->rate), PERCENT },
	};

	add(s, order, COUNT_OF(order));
}

/* The switches, in pv's order. */
static void
add_switches(struct show *s)
{
	const struct show_conf *c = &s->conf;
	bool all = !c->progress && !c->timer && !c->eta && !c->fineta &&
	    !c->rate && !c->average && !c->bytes && !c->buffer &&
	    c->last_written == 0;
	const struct choice order[] = {
		{ c->name != NULL, NAME },
		{ all || c->bytes, COUNT },
		{ c->buffer, BUFFER },
		{ all || c->timer, TIMER },
		{ all || c->rate, RATE },
		{ c->average, AVERAGE },
		{ all || c->progress, PROGRESS },
		{ all || c->eta, ETA },
		{ c->fineta, FINETA },
		{ c->last_written != 0, LAST },
		{ c->ratio, RATIO },
	};

	add(s, order, COUNT_OF(order));
}

static void
add_template(struct show *s)
{
	const struct choice name[] = { { true, NAME } };
	const char *p = s->conf.format;
	struct item it;
	bool has = false;

	for (; *p != '\0'; has = has || it.field == NAME)
		p += parse(p, &it);
	if (s->conf.named && !has) {
		add(s, name, COUNT_OF(name));
		s->items[s->nitems++] = (struct item){ .text = " ", .len = 1 };
	}
	for (p = s->conf.format; *p != '\0';)
		p += parse(p, &s->items[s->nitems++]);
}

struct show *
show_new(const struct show_conf *conf)
{
	struct show *s = calloc(1, sizeof *s);
	struct item it;
	size_t n = 32; /* enough for all switches and what separates them */

	if (s == NULL)
		return NULL;
	s->conf = *conf;
	if (s->conf.last_written > SHOW_LAST)
		s->conf.last_written = SHOW_LAST;
	if (conf->format != NULL) {
		n = 3; /* a name before it */
		for (const char *p = conf->format; *p != '\0'; n++)
			p += parse(p, &it);
	}
	s->items = calloc(n, sizeof *s->items);
	if (s->items == NULL) {
		free(s);
		return NULL;
	}
	if (conf->format == NULL && conf->numeric)
		add_numeric(s);
	else if (conf->format == NULL)
		add_switches(s);
	else
		add_template(s);
	return s;
}

void
show_free(struct show *s)
{
	if (s == NULL)
		return;
	free(s->items);
	free(s);
}

/* How far it is, 1 at the end and more beyond; negative if nobody knows. */
static double
fraction(const struct show *s, const struct show_state *st)
{
	double f;

	if (st->size > 0)
		return (double)st->count / (double)st->size;
	if (!s->conf.gauge)
		return -1;
	f = format_sane(st->fastest) > 0 ?
	    format_sane(st->rate) / format_sane(st->fastest) :
	    0;
	return f > 1 ? 1 : f;
}

/* The rate is shown on a scale up to the fastest. */
static bool
gauged(const struct show *s, const struct show_state *st)
{
	return s->conf.gauge && st->size == 0;
}

static unsigned
percent(const struct show_state *st, double f)
{
	f *= 100;

	/* 2^60 less one is as good as 2^60 for a double. */
	if (st->size > 0 && st->count < st->size && f >= 100)
		return 99;
	return f > 1e6 ? 1000000 : (unsigned)f;
}

/* Where the bouncing bar is, from 0 to 100: it moves as long as bytes do. */
static unsigned
bounced(const struct show_state *st)
{
	unsigned at = (unsigned)(st->moves % 100) * 2;

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
		format_amount(&s->conf, st->fastest, number, sizeof number);
		snprintf(text, size, "%s/s", number);
	} else if (st->size > 0)
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
	else if (!st->final && st->eta >= 0) {
		format_duration(st->eta, time, sizeof time);
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
	double current = field == RATE ? st->rate : st->average;

	switch (field) {
	case PERCENT:
		snprintf(text, size, "%u",
		    st->size == 0 ? bounced(st) : percent(st, fraction(s, st)));
		return true;
	case TIMER:
		snprintf(text, size, "%.4f", format_sane(st->elapsed));
		return true;
	case COUNT:
		if (eight > 1 && st->count > UINT64_MAX / 8)
			snprintf(text, size, "%.0f", (double)st->count * 8);
		else
			snprintf(text, size, "%llu",
			    (unsigned long long)st->count *
				(eight > 1 ? 8 : 1));
		return true;
	case RATE:
	case AVERAGE:
		snprintf(text, size, "%.4f",
		    format_sane(st->final ? st->mean : current) * eight);
		return true;
	default:
		return false;
	}
}

/* The larger side to the smaller one, which is 1. */
static void
ratio(const struct show_state *st, char *s, size_t size)
{
	double r = format_sane(st->ratio);

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
	return buffer == SHOW_RANGED ? "{--->}" :
	    buffer == SHOW_BY_PIPE   ? "{-||-}" :
				       "{----}";
}

/* The fields that are short and plain; the rest are empty. */
static void
figure(const struct show *s, const struct show_state *st, enum field field,
    char *text, size_t size)
{
	*text = '\0';
	switch (field) {
	case PERCENT:
		amount(s, st, text, size);
		break;
	case TIMER:
		format_duration(st->elapsed, text, size);
		break;
	case ETA:
		remaining(st, text, size);
		break;
	case FINETA:
		format_end(st->now, st->final ? 0 : st->eta, text, size);
		break;
	case RATE:
		rate(&s->conf, st->final ? st->mean : st->rate, "[]", text,
		    size);
		break;
	case AVERAGE:
		rate(&s->conf, st->final ? st->mean : st->average, "()", text,
		    size);
		break;
	case COUNT:
		format_amount(&s->conf, (double)st->count, text, size);
		break;
	case BUFFER:
		if (st->buffer < 0)
			snprintf(text, size, "%s", bypass(st->buffer));
		else
			snprintf(text, size, "{%3d%%}",
			    st->buffer > 100 ? 100 : st->buffer);
		break;
	case RATIO:
		ratio(st, text, size);
		break;
	default:
		break;
	}
}

/* The columns that a field has from the first line on. */
static const unsigned least[MISFIT + 1] = {
	[PERCENT] = sizeof "100%" - 1,
	[TIMER] = sizeof "0:00:00" - 1,
	[ETA] = sizeof "ETA 0:00:00" - 1,
	[FINETA] = sizeof "FIN 00:00:00" - 1,
	[ENGINE] = sizeof "splice" - 1,
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
	    (it->field == BAR || it->field == PREVIOUS ||
		it->field == PROGRESS);
}

/* Without a size there is no end to speak of, and no room is kept for it. */
static bool
is_silent(const struct drawing *d, const struct item *it)
{
	const struct show_state *st = d->state;
	bool about_end = it->field == ETA || it->field == FINETA;

	if (st->size > 0 || (it->field == ETA && st->note != NULL))
		return false;
	return about_end ||
	    (it->field == PERCENT && !d->show->conf.gauge &&
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
	case TEXT:
		line_text(&d->line, it->text, it->len, SHOW_WIDTH);
		break;
	case PROGRESS:
		put_progress(d, it->style, columns);
		break;
	case BAR:
		put_bar(d, it->style, columns);
		break;
	case LAST:
		put_last(d, it->n);
		break;
	case PREVIOUS:
		put_previous(d, columns);
		break;
	case NAME:
		put_name(d);
		break;
	case ENGINE:
		put_field(d, it, st->engine == NULL ? "" : st->engine);
		break;
	case OUTPUTS:
		put_field(d, it, st->outputs == NULL ? "" : st->outputs);
		break;
	case SGR:
		if (d->colours)
			line_colours(&d->line, it->text, it->len);
		break;
	case CONEMU:
	case MISFIT:
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
	for (size_t i = 0; i < s->nitems; i++)
		if (is_flexible(&s->items[i]))
			++*flexiblep;
		else
			put_item(d, &s->items[i], 0);
	return d->line.columns;
}

size_t
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
	for (size_t i = 0; i < s->nitems; i++) {
		share = 0;
		if (is_flexible(&s->items[i])) {
			share = rest / flexible--;
			rest -= share;
		}
		put_item(&d, &s->items[i], share);
	}
	return line_end(&d.line);
}

size_t
show_stats(const struct show *s, const struct show_state *st,
    char text[SHOW_TEXT])
{
	const struct show_conf *c = &s->conf;
	double eight = c->bits && !c->lines ? 8 : 1;
	int n;

	if (!(st->spread.max > 0))
		return strlcpy(text, "rate not measured", SHOW_TEXT);
	n = snprintf(text, SHOW_TEXT,
	    "rate min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f %s/s",
	    format_sane(st->spread.min) * eight,
	    format_sane(st->spread.average) * eight,
	    format_sane(st->spread.max) * eight,
	    format_sane(st->spread.deviation) * eight,
	    c->lines    ? "lines" :
		c->bits ? "b" :
			  "B");

	return n < 0 ? 0 : (size_t)n;
}

int
show_percent(const struct show_state *st)
{
	unsigned n;

	if (st->size == 0)
		return -1;
	n = percent(st, (double)st->count / (double)st->size);
	return n < 100 ? (int)n : 100;
}

/* The largest number at a field of this kind; false if there is none. */
static bool
wants(const struct show *s, enum field field, size_t *np)
{
	bool found = false;

	for (size_t i = 0; i < s->nitems; i++)
		if (s->items[i].field == field) {
			found = true;
			if (np != NULL && s->items[i].n > *np)
				*np = s->items[i].n;
		}
	return found;
}

bool
show_wants_last(const struct show *s, size_t *np)
{
	*np = 0;
	return wants(s, LAST, np);
}

bool
show_wants_line(const struct show *s)
{
	return wants(s, PREVIOUS, NULL);
}

bool
show_wants_conemu(const struct show *s)
{
	return s->conf.conemu || wants(s, CONEMU, NULL);
}

bool
show_wants_size(const struct show *s)
{
	return show_wants_conemu(s) || wants(s, PROGRESS, NULL) ||
	    wants(s, BAR, NULL) || wants(s, PERCENT, NULL) ||
	    wants(s, ETA, NULL) || wants(s, FINETA, NULL);
}
