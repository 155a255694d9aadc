/* SPDX-License-Identifier: ISC */
/*
 * outbuf: what is drawn, put together and then written without blocking. A
 * terminal that takes only the beginning gets the rest before anything else.
 */
#ifndef SHOW_OUTBUF_H
#define SHOW_OUTBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/writer.h"

struct outbuf {
	struct writer to;
	char *bytes; /* off to len are to be written */
	size_t len, off, size;
	bool short_of; /* memory for that */
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
 * Appends a line of show_line(), at most `most` columns of it; colours (SGR)
 * take none, and other control characters become ".". Returns its columns.
 */
unsigned outbuf_text(struct outbuf *, const char *, unsigned most);

/* Writes what is left of the last drawing. False with errno; EAGAIN: later. */
bool outbuf_begin(struct outbuf *);

/*
 * Writes what has been put, or its beginning: outbuf_begin() writes the rest.
 * False with errno if nothing was written: it is dropped.
 */
bool outbuf_emit(struct outbuf *);

/* The same, until then (clock_now()); false if it is lost. */
bool outbuf_emit_until(struct outbuf *, uint64_t end);

/*
 * Whether to try again, by errno: waits for room, but not beyond the end.
 * *failed: it has failed before, by more than EAGAIN.
 */
bool outbuf_again(const struct outbuf *, uint64_t end, bool *failed);

/* Nothing is left to be written. */
bool outbuf_idle(const struct outbuf *);

void outbuf_drop(struct outbuf *);

/* Frees it, and closes what the writer has of its own. */
void outbuf_close(struct outbuf *);

#endif
