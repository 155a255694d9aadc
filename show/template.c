/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <string.h>

#include "show/format.h"
#include "show/template.h"

#define COUNT_OF(a) (sizeof(a) / sizeof *(a))

struct choice {
	bool wanted;
	enum field field;
};

static const struct {
	char letter;
	const char *word;
	enum field field;
	int style;
} sequences[] = {
	{ 'p', "progress", FIELD_PROGRESS, -1 },
	{ 0, "progress-bar-only", FIELD_BAR, -1 },
	{ 0, "progress-amount-only", FIELD_PERCENT, 0 },
	{ 0, "progress-conemu", FIELD_CONEMU, 0 },
	{ 0, "bar-plain", FIELD_BAR, BAR_PLAIN },
	{ 0, "bar-block", FIELD_BAR, BAR_BLOCK },
	{ 0, "bar-granular", FIELD_BAR, BAR_GRANULAR },
	{ 0, "bar-shaded", FIELD_BAR, BAR_SHADED },
	{ 't', "timer", FIELD_TIMER, 0 },
	{ 'e', "eta", FIELD_ETA, 0 },
	{ 'I', "fineta", FIELD_FINETA, 0 },
	{ 'r', "rate", FIELD_RATE, 0 },
	{ 'a', "average-rate", FIELD_AVERAGE, 0 },
	{ 'b', "bytes", FIELD_COUNT, 0 },
	{ 0, "transferred", FIELD_COUNT, 0 },
	{ 'T', "buffer-percent", FIELD_BUFFER, 0 },
	{ 'A', "last-written", FIELD_LAST, 0 },
	{ 'L', "previous-line", FIELD_PREVIOUS, 0 },
	{ 'N', "name", FIELD_NAME, 0 },
	{ 0, "engine", FIELD_ENGINE, 0 },
	{ 0, "outputs", FIELD_OUTPUTS, 0 },
	{ 0, "ratio", FIELD_RATIO, 0 },
};

/* What the word between the braces, or the letter, stands for. */
static void
look_up(struct item *it, const char *s, size_t n)
{
	bool word = s[0] == '{';

	if (n == 1 && s[0] == '%' && it->n == 0) {
		it->field = FIELD_TEXT;
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
		it->field = FIELD_SGR;
		it->text = s + 4;
		it->len = n - 4;
		return;
	}
	for (size_t i = 0; i < COUNT_OF(sequences); i++)
		if (word ? format_is_word(s, n, sequences[i].word) :
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
	return field == FIELD_LAST  ? SHOW_LAST :
	    field == FIELD_PREVIOUS ? SHOW_LINE :
				      SHOW_WIDTH;
}

/* The next piece of a template (not its end): its length, and what it is. */
static size_t
parse(const char *s, struct item *it)
{
	size_t n = 1, start;

	*it = (struct item){ .field = FIELD_MISFIT };
	if (*s != '%') {
		it->field = FIELD_TEXT;
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
	if (it->field == FIELD_LAST && it->n == 0)
		it->n = 1;
	return n;
}

const char *
template_misfit(const char *format, size_t *np)
{
	struct item it;

	for (const char *s = format; *s != '\0'; s += *np) {
		*np = parse(s, &it);
		if (it.field == FIELD_MISFIT)
			return s;
	}
	return NULL;
}

/* The chosen fields, a blank between them. */
static size_t
choose(struct item *items, const struct show_conf *c,
    const struct choice *order, size_t norder)
{
	size_t n = 0;

	for (size_t i = 0; i < norder; i++) {
		if (!order[i].wanted)
			continue;
		if (n > 0)
			items[n++] = (struct item){ .text = " ",
				.len = 1,
				.apart = true };
		items[n] = (struct item){ .field = order[i].field,
			.style = -1 };
		if (order[i].field == FIELD_LAST)
			items[n].n = c->last_written < SHOW_LAST ?
			    c->last_written :
			    SHOW_LAST;
		n++;
	}
	return n;
}

/* The figures as they are, for scripts: pv's -n without a template. */
static size_t
by_numbers(struct item *items, const struct show_conf *c)
{
	const struct choice order[] = {
		{ c->named, FIELD_NAME },
		{ c->timer, FIELD_TIMER },
		{ c->bytes, FIELD_COUNT },
		{ c->rate, FIELD_RATE },
		{ c->progress || (!c->bytes && !c->rate), FIELD_PERCENT },
	};

	return choose(items, c, order, COUNT_OF(order));
}

/* The switches, in pv's order. */
static size_t
by_switches(struct item *items, const struct show_conf *c)
{
	bool all = !c->progress && !c->timer && !c->eta && !c->fineta &&
	    !c->rate && !c->average && !c->bytes && !c->buffer &&
	    c->last_written == 0;
	const struct choice order[] = {
		{ c->name != NULL, FIELD_NAME },
		{ all || c->bytes, FIELD_COUNT },
		{ c->buffer, FIELD_BUFFER },
		{ all || c->timer, FIELD_TIMER },
		{ all || c->rate, FIELD_RATE },
		{ c->average, FIELD_AVERAGE },
		{ all || c->progress, FIELD_PROGRESS },
		{ all || c->eta, FIELD_ETA },
		{ c->fineta, FIELD_FINETA },
		{ c->last_written != 0, FIELD_LAST },
		{ c->ratio, FIELD_RATIO },
	};

	return choose(items, c, order, COUNT_OF(order));
}

/* A name that must be there, and is not, comes first. */
static size_t
by_format(struct item *items, const struct show_conf *c)
{
	bool has = !c->named;
	size_t n = 2;

	for (const char *p = c->format; *p != '\0'; n++) {
		p += parse(p, &items[n]);
		has = has || items[n].field == FIELD_NAME;
	}
	items[0] = (struct item){ .field = FIELD_NAME };
	items[1] = (struct item){ .text = " ", .len = 1 };
	if (!has)
		return n;
	memmove(items, items + 2, (n - 2) * sizeof *items);
	return n - 2;
}

size_t
template_most(const struct show_conf *c)
{
	/* one a byte, and a name before it; or all switches, and the blanks */
	return c->format != NULL ? strlen(c->format) + 2 : 32;
}

size_t
template_items(const struct show_conf *c, struct item *items)
{
	return c->format != NULL ? by_format(items, c) :
	    c->numeric           ? by_numbers(items, c) :
				   by_switches(items, c);
}
