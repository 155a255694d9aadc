/* SPDX-License-Identifier: ISC */
/*
 * format: the pieces of a line: numbers, times, colours, bars, and text from
 * outside. Columns are those of LC_CTYPE. No I/O, no errors.
 */
#ifndef SHOW_FORMAT_H
#define SHOW_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "show/conf.h"

/* A line in the making: never more than max columns, nor SHOW_TEXT bytes. */
struct line {
	char *text;
	size_t len;
	unsigned columns, max;
	bool coloured;
};

/* These n bytes are the word. */
bool format_is_word(const char *, size_t n, const char *word);

/* Maps NaN and negative values to 0, infinity to 1e30. */
double format_sane(double);

/* Four digits and a unit, in as many columns each: "9.99KiB", " 999KiB". */
void format_amount(const struct show_conf *, double, char *s, size_t size);

/* "1:02:03", with days in front "4:01:02:03". */
void format_duration(double seconds, char *s, size_t size);

/* "FIN 15:04:05", local time, with the date if it is far; below 0: empty. */
void format_end(time_t now, double eta, char *s, size_t size);

/*
 * len bytes that are that many columns, if there is room. Once something did
 * not fit, nothing does: a line has no holes.
 */
void line_put(struct line *, const char *, size_t len, unsigned columns);

/*
 * Control sequence SGR for a list like "bold,red" or "38;5;208". False if a
 * word in it is none, or if it is too long. The line may be NULL.
 */
bool line_colours(struct line *, const char *list, size_t n);

/* Ends the colours, and the text. */
void line_end(struct line *);

void line_blanks(struct line *, unsigned);

/* What is shown of a character from outside, and the bytes that it took. */
struct glyph {
	const char *text;
	size_t len, took;
	unsigned columns;
};

/*
 * The character at the beginning of n bytes, at least one. What is none is "?",
 * and what would control a terminal is ".".
 */
struct glyph format_glyph(const char *, size_t n);

/*
 * Text from outside, at most `most` columns of it. Returns the columns. The
 * line may be NULL, to know only that.
 */
unsigned line_text(struct line *, const char *, size_t len, unsigned most);

/* A bar so far: 1 is the end. */
void line_bar(struct line *, enum bar_style, double fraction, unsigned columns);

/* One that knows no end, at 0 to 100 percent of its way. */
void line_bouncing(struct line *, enum bar_style, unsigned percent,
    unsigned columns);

#endif
