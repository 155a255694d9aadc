/* SPDX-License-Identifier: ISC */
/*
 * format: the parts of a line: numbers, times, colours, bars, and text from
 * outside. Columns depend on LC_CTYPE. No I/O, no errors.
 */
#ifndef SHOW_FORMAT_H
#define SHOW_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "show/conf.h"

/* A line of at most max columns and SHOW_TEXT bytes. */
struct line {
	char *text;
	size_t len;
	unsigned columns, max;
	bool coloured;
};

/* Whether the n bytes are the word. */
bool format_is_word(const char *, size_t n, const char *word);

/* Maps NaN and negative values to 0, infinity to 1e30. */
double format_sane(double);

/* Four columns for the number, and a unit: "9.99KiB", " 999KiB". */
void format_amount(const struct show_conf *, double, char *s, size_t size);

/* "1:02:03", or with days "4:01:02:03". */
void format_duration(double seconds, char *s, size_t size);

/* "FIN 15:04:05" in local time, with a date if it is far; "" if eta < 0. */
void format_end(time_t now, double eta, char *s, size_t size);

/* Appends text of that many columns; once some does not fit, nothing more. */
void line_put(struct line *, const char *, size_t len, unsigned columns);

/*
 * Appends the SGR sequence for a list like "bold,red" or "38;5;208". False if
 * the list is wrong or too long. The line may be NULL.
 */
bool line_colours(struct line *, const char *list, size_t n);

/* Resets the colours, and ends the text. */
void line_end(struct line *);

void line_blanks(struct line *, unsigned);

/* How to show a character from outside, and the number of bytes it took. */
struct glyph {
	const char *text;
	size_t len, took;
	unsigned columns;
};

/*
 * The first character of n bytes, which must not be 0. An invalid or
 * unprintable one is shown as "?", an ASCII control character as ".".
 */
struct glyph format_glyph(const char *, size_t n);

/*
 * Appends at most `most` columns of text from outside, and returns their
 * number. The line may be NULL, to measure the text.
 */
unsigned line_text(struct line *, const char *, size_t len, unsigned most);

/* A bar; 1 is full. */
void line_bar(struct line *, enum bar_style, double fraction, unsigned columns);

/* A mark at 0 to 100 percent of the way, where no size is known. */
void line_bouncing(struct line *, enum bar_style, unsigned percent,
    unsigned columns);

#endif
