/* SPDX-License-Identifier: ISC */
/*
 * view: looks at the bytes on their way, when they have been read and before
 * any of them is sent: counts lines, and keeps the last bytes and the last
 * line for the display. No I/O, no errors.
 */
#ifndef VIEW_H
#define VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	VIEW_LAST = 256,  /* bytes of the stream's end that are kept */
	VIEW_LINE = 1024, /* of the last whole line */
	VIEW_MARKS = 128,
};

/* So many lines had ended when the stream was so long. */
struct view_mark {
	uint64_t at, lines;
};

struct view {
	bool lines; /* what is wanted; none: do not call it */
	bool last;
	bool line;
	char end;       /* what ends a line */
	uint64_t apart; /* bytes between two marks, at least */
	uint64_t ended; /* lines, so far */
	size_t nmarks;  /* ever made; the newest is rewritten till it is due */
	struct view_mark marks[VIEW_MARKS];
	unsigned char tail[VIEW_LAST];
	size_t ntail;
	char done[VIEW_LINE], begun[VIEW_LINE]; /* lines */
	size_t ndone, nbegun;
};

/* Whether anything is wanted, that is: engines must show it the bytes. */
bool view_wanted(const struct view *);

/* How many of these n bytes are this one. */
uint64_t view_count(const char *p, size_t n, char end);

/* The next n bytes of the stream, which is `at` bytes long without them. */
void view_bytes(struct view *, uint64_t at, const char *p, size_t n);

/*
 * How many of these n bytes it takes to end `lines` more lines: up to and with
 * the end of the last of them; n if they do not end there. *ended says how many
 * do end in what it takes.
 */
size_t view_cut(const struct view *, const char *p, size_t n, uint64_t lines,
    uint64_t *ended);

/*
 * Lines that had ended at this offset: exact at the end of the stream as it is
 * now, and within a read or `apart` bytes of an earlier place.
 */
uint64_t view_lines_at(const struct view *, uint64_t at);

#endif
