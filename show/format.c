/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "show/format.h"

enum {
	FAR_HOURS = 6,  /* from here on, the end has a date */
	SGR_ROOM = 128, /* for a list of colours */
	END_ROOM = 8,   /* for line_end() */
	BLACK = 30,     /* the first colour */
};

#define COUNT_OF(a) (sizeof(a) / sizeof *(a))

/* ECMA-48, SGR. */
static const struct {
	const char *word;
	int code;
} renditions[] = {
	{ "reset", 0 },
	{ "none", 0 },
	{ "bold", 1 },
	{ "dim", 2 },
	{ "italic", 3 },
	{ "underscore", 4 },
	{ "underline", 4 },
	{ "blink", 5 },
	{ "reverse", 7 },
	{ "no-bold", 22 },
	{ "no-dim", 22 },
	{ "no-italic", 23 },
	{ "no-underscore", 24 },
	{ "no-underline", 24 },
	{ "no-blink", 25 },
	{ "no-reverse", 27 },
	{ "black", BLACK },
	{ "red", 31 },
	{ "green", 32 },
	{ "yellow", 33 },
	{ "brown", 33 }, /* an old terminal's yellow */
	{ "blue", 34 },
	{ "magenta", 35 },
	{ "cyan", 36 },
	{ "white", 37 },
	{ "default", 39 },
};

bool
format_is_word(const char *s, size_t n, const char *word)
{
	return strlen(word) == n && memcmp(s, word, n) == 0;
}

/* The SGR parameter for a word, or -1. */
static int
word_code(const char *s, size_t n)
{
	for (size_t i = 0; i < COUNT_OF(renditions); i++)
		if (format_is_word(s, n, renditions[i].word))
			return renditions[i].code;
	return -1;
}

/* The same, also for "fg-" or "bg-" and a colour, or for a number. */
static int
sgr_code(const char *s, size_t n)
{
	int code = word_code(s, n);

	if (code != -1)
		return code;
	if (n > 3 && (memcmp(s, "fg-", 3) == 0 || memcmp(s, "bg-", 3) == 0)) {
		code = word_code(s + 3, n - 3);
		return code < BLACK ? -1 : code + (s[0] == 'b' ? 10 : 0);
	}
	if (n == 0 || n > 3)
		return -1;
	code = 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		code = code * 10 + (s[i] - '0');
	}
	return code <= 255 ? code : -1;
}

double
format_sane(double v)
{
	return !(v > 0) ? 0 : v > 1e30 ? 1e30 : v;
}

void
format_amount(const struct show_conf *c, double v, char *s, size_t size)
{
	static const char *const binary[] = { "", "Ki", "Mi", "Gi", "Ti", "Pi",
		"Ei", "Zi", "Yi" };
	static const char *const decimal[] = { "", "k", "M", "G", "T", "P", "E",
		"Z", "Y" };
	bool thousands = c->si || c->lines;
	double base = thousands ? 1000 : 1024;
	const char *unit = c->lines ? "" : c->bits ? "b" : "B";
	char number[16];
	size_t i = 0;

	v = format_sane(v) * (c->bits && !c->lines ? 8 : 1);
	for (; v >= base && i + 1 < COUNT_OF(binary); i++)
		v /= base;
	if (v < 9.995)
		snprintf(number, sizeof number, "%4.2f", v);
	else if (v < 99.95)
		snprintf(number, sizeof number, "%4.1f", v);
	else /* truncated as in pv, lest 1023.9 KiB become 1024 */
		snprintf(number, sizeof number, "%4.0f",
		    v < 100      ? 100 :
			v > 9999 ? 9999 :
				   (double)(unsigned)v);
	snprintf(s, size, "%s%*s%s", number, thousands ? 1 : 2,
	    thousands ? decimal[i] : binary[i], unit);
}

void
format_duration(double seconds, char *s, size_t size)
{
	double v = format_sane(seconds);
	unsigned long long t = v > 8.64e11 ? 864000000000ULL :
					     (unsigned long long)v;
	unsigned sec = (unsigned)(t % 60), min = (unsigned)(t / 60 % 60);
	unsigned hour = (unsigned)(t / 3600 % 24);

	if (t >= 86400)
		snprintf(s, size, "%llu:%02u:%02u:%02u", t / 86400, hour, min,
		    sec);
	else
		snprintf(s, size, "%u:%02u:%02u", hour, min, sec);
}

void
format_end(time_t now, double eta, char *s, size_t size)
{
	const char *how = "FIN %H:%M:%S";
	time_t then;
	struct tm tm;

	*s = '\0';
	/* four digits for the year; and NaN is no time */
	if (!(eta >= 0 && eta < 2.5e11))
		return;
	if (eta > FAR_HOURS * 3600)
		how = "FIN %Y-%m-%d %H:%M:%S";
	then = now + (time_t)eta;
	if (localtime_r(&then, &tm) == NULL || strftime(s, size, how, &tm) == 0)
		*s = '\0';
}

void
line_put(struct line *l, const char *s, size_t len, unsigned columns)
{
	if (l->len + len > SHOW_TEXT - END_ROOM) {
		l->max = l->columns;
		return;
	}
	if (columns > l->max - l->columns) {
		while (l->columns < l->max && l->len < SHOW_TEXT - END_ROOM) {
			l->text[l->len++] = ' ';
			l->columns++;
		}
		return;
	}
	memcpy(l->text + l->len, s, len);
	l->len += len;
	l->columns += columns;
}

bool
line_colours(struct line *l, const char *list, size_t n)
{
	char s[SGR_ROOM] = "\033[";
	size_t len = 2, word;
	int code;

	for (;; list += word + 1, n -= word + 1) {
		word = 0;
		while (word < n && list[word] != ',' && list[word] != ';')
			word++;
		code = sgr_code(list, word);
		if (code == -1 || len + sizeof "255;" > sizeof s)
			return false;
		len += (size_t)snprintf(s + len, sizeof s - len, "%d;", code);
		if (word == n)
			break;
	}
	s[len - 1] = 'm';
	if (l != NULL) {
		line_put(l, s, len, 0);
		l->coloured = true;
	}
	return true;
}

void
line_end(struct line *l)
{
	strlcpy(l->text + l->len, l->coloured ? "\033[0m" : "", END_ROOM);
}

void
line_blanks(struct line *l, unsigned n)
{
	while (n-- > 0 && l->columns < l->max)
		line_put(l, " ", 1, 1);
}

struct glyph
format_glyph(const char *s, size_t n)
{
	struct glyph g = { .text = "?", .len = 1, .took = 1, .columns = 1 };
	mbstate_t mbs = { 0 };
	wchar_t wc = 0;
	size_t took = mbrtowc(&wc, s, n, &mbs);

	if (took == (size_t)-1 || took == (size_t)-2)
		return g;
	if ((unsigned char)*s < ' ' || *s == 0x7f) {
		g.text = ".";
		return g;
	}
	g.took = took;
	/* nor may it change the direction of what follows */
	if (wcwidth(wc) < 0 || (wc >= 0x202a && wc <= 0x202e) ||
	    (wc >= 0x2066 && wc <= 0x2069))
		return g;
	g.text = s;
	g.len = took;
	g.columns = (unsigned)wcwidth(wc);
	return g;
}

unsigned
line_text(struct line *l, const char *s, size_t n, unsigned most)
{
	unsigned sum = 0;
	struct glyph g;

	for (; n > 0; s += g.took, n -= g.took) {
		g = format_glyph(s, n);
		if (g.columns > most - sum)
			break;
		sum += g.columns;
		if (l != NULL)
			line_put(l, g.text, g.len, g.columns);
	}
	return sum;
}

/* ASCII, or the last byte of a block element, U+2580 to U+259F. */
static void
put_cell(struct line *l, char cell)
{
	const char block[] = { '\xe2', '\x96', cell };

	if ((unsigned char)cell < 0x80)
		line_put(l, &cell, 1, 1);
	else
		line_put(l, block, sizeof block, 1);
}

/* The cells at the head of a bar, from empty to full, for put_cell(). */
static const char *const heads[] = {
	[BAR_PLAIN] = " >",
	[BAR_BLOCK] = " \x88",
	[BAR_GRANULAR] = " \x8f\x8e\x8d\x8c\x8b\x8a\x89\x88",
	[BAR_SHADED] = "\x91\x92\x93\x88",
};

void
line_bouncing(struct line *l, enum bar_style style, unsigned percent,
    unsigned columns)
{
	unsigned at = columns > 3 ? (columns - 3) * percent / 100 : 0;
	const char *head = heads[style];
	char empty = head[0], full = head[strlen(head) - 1];

	for (unsigned i = 0; i < columns; i++)
		if (i < at || i >= at + 3)
			put_cell(l, empty);
		else
			put_cell(l, style == BAR_PLAIN ? "<=>"[i - at] : full);
}

void
line_bar(struct line *l, enum bar_style style, double fraction,
    unsigned columns)
{
	const char *head = heads[style];
	unsigned steps = (unsigned)strlen(head) - 1, total = columns * steps;
	unsigned done = fraction >= 1 ? total : (unsigned)(fraction * total);

	/* an arrow always has a head, until it is full */
	if (style == BAR_PLAIN && done == 0)
		done = 1;
	for (unsigned i = 0; i < columns; i++) {
		unsigned here = done > i * steps ? done - i * steps : 0;
		bool shaft = style == BAR_PLAIN && here > 0 &&
		    (here > 1 || fraction > 1);

		put_cell(l, shaft ? '=' : head[here > steps ? steps : here]);
	}
}
