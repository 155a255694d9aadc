/* SPDX-License-Identifier: ISC */
/*
 * outbuf: collects a drawing, then writes it without blocking. If a terminal
 * takes only a part, it gets the rest before anything else.
 */
#ifndef SHOW_OUTBUF_H
#define SHOW_OUTBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/writer.h"

struct outbuf {
	struct writer to;
	char *bytes; /* from off to len still to be written */
	size_t len, off, size;
	bool no_memory; /* the drawing is incomplete */
};
#define OUTBUF_INITIALIZER               \
	{                                \
		.to = WRITER_INITIALIZER \
	}

/* Appends n bytes, or as printf(3). */
void outbuf_put(struct outbuf *, const char *, size_t n);
void outbuf_printf(struct outbuf *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Appends at most `most` columns of a line of show_line(), with its colours
 * (SGR); other control characters become ".". Returns the columns.
 */
unsigned outbuf_text(struct outbuf *, const char *, unsigned most);

/*
 * Writes the rest of the last drawing, before a new one. False with errno:
 * EAGAIN, try later.
 */
bool outbuf_begin(struct outbuf *);

/*
 * Writes the drawing; outbuf_begin() writes what does not fit now. False with
 * errno if nothing was written: the drawing is dropped.
 */
bool outbuf_emit(struct outbuf *);

/* Writes everything, by that time (clock_now()). False if it was dropped. */
bool outbuf_emit_until(struct outbuf *, uint64_t end);

/*
 * Whether to try again after an error: waits for room, but not beyond `end`.
 * An error other than EAGAIN sets *failed, and is tried once more.
 */
bool outbuf_again(const struct outbuf *, uint64_t end, bool *failed);

/* Whether nothing is left to write. */
bool outbuf_idle(const struct outbuf *);

void outbuf_drop(struct outbuf *);

/* Frees the buffer and closes the writer. */
void outbuf_close(struct outbuf *);

#endif
