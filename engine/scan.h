/* SPDX-License-Identifier: ISC */
/*
 * scan: looks at the bytes on their way, when they have been read and before
 * any of them is sent: counts lines, and keeps the last bytes and the last
 * line for the display. No I/O, no errors.
 */
#ifndef SCAN_H
#define SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SCAN_LAST = 256,  /* bytes of the stream's end that are kept */
	SCAN_LINE = 1024, /* of the last whole line */
	SCAN_MARKS = 128,
};

/* `lines` lines had ended when the stream was `at` bytes long. */
struct scan_mark {
	uint64_t at, lines;
};

struct scan {
	bool lines; /* what is wanted; none: do not call it */
	bool last;
	bool line;
	char end;       /* what ends a line */
	uint64_t apart; /* bytes between two marks, at least */
	uint64_t ended; /* lines, so far */
	size_t nmarks;  /* ever made; the newest is rewritten till it is due */
	struct scan_mark marks[SCAN_MARKS];
	unsigned char tail[SCAN_LAST];
	size_t ntail;
	char done[SCAN_LINE], begun[SCAN_LINE]; /* lines */
	size_t ndone, nbegun;
};

/* Whether anything is wanted, that is: engines must show it the bytes. */
bool scan_wanted(const struct scan *);

/* How many of these n bytes are this one. */
uint64_t scan_count(const char *p, size_t n, char end);

/* The next n bytes of the stream, which is `at` bytes long without them. */
void scan_bytes(struct scan *, uint64_t at, const char *p, size_t n);

/*
 * How many of these n bytes it takes to end `lines` more lines: up to and with
 * the end of the last of them; n if they do not end there. *ended says how many
 * do end in what it takes.
 */
size_t scan_cut(const struct scan *, const char *p, size_t n, uint64_t lines,
    uint64_t *ended);

/*
 * Lines that had ended at this offset: exact at the end of the stream as it is
 * now, and within a read or `apart` bytes of an earlier place.
 */
uint64_t scan_lines_at(const struct scan *, uint64_t at);

#endif
