/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "show/format.h"
#include "show/outbuf.h"

enum {
	STEP_MS = 1,
	TRIES = 8, /* if signals interrupt us */
};

/* ---- the drawing ------------------------------------------------------ */

void
outbuf_put(struct outbuf *b, const char *s, size_t n)
{
	if (n > b->size - b->len) {
		size_t size = 2 * b->size + n + BUFSIZ;
		char *buf = realloc(b->bytes, size);

		if (buf == NULL) {
			b->no_memory = true;
			return;
		}
		b->bytes = buf;
		b->size = size;
	}
	memcpy(b->bytes + b->len, s, n);
	b->len += n;
}

void
outbuf_printf(struct outbuf *b, const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n == -1) {
		b->no_memory = true;
		return;
	}
	outbuf_put(b, s, (size_t)n);
	free(s);
}

/* The length of an SGR sequence (ECMA-48) at s, or 0. */
static size_t
colour_at(const char *s)
{
	size_t n;

	if (s[0] != '\033' || s[1] != '[')
		return 0;
	n = 2 + strspn(s + 2, "0123456789;:");
	return s[n] == 'm' ? n + 1 : 0;
}

unsigned
outbuf_text(struct outbuf *b, const char *s, unsigned most)
{
	const char *end = s + strlen(s);
	unsigned columns = 0;
	bool cut = false;
	struct glyph g;
	size_t n;

	for (; s < end; s += n) {
		n = colour_at(s);
		if (n > 0) { /* also beyond the cut: it may reset the colours */
			outbuf_put(b, s, n);
			continue;
		}
		g = format_glyph(s, (size_t)(end - s));
		n = g.took;
		cut = cut || g.columns > most - columns;
		if (cut)
			continue;
		outbuf_put(b, g.text, g.len);
		columns += g.columns;
	}
	return columns;
}

/* ---- writing it ------------------------------------------------------- */

/*
 * SIGTTOU, for a write from the background with tostop (stty(1)), must neither
 * stop us nor interrupt the call: term_ours() has decided. It is blocked, not
 * ignored, because commands inherit that.
 */
static ssize_t
write_some(struct outbuf *b)
{
	sigset_t ttou, before;
	ssize_t n;
	int saved;

	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	if (b->to.tty)
		sigprocmask(SIG_BLOCK, &ttou, &before);
	n = writer_write(&b->to, b->bytes + b->off, b->len - b->off);
	saved = errno;
	if (b->to.tty)
		sigprocmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return n;
}

void
outbuf_drop(struct outbuf *b)
{
	b->off = b->len = 0;
}

/* Writes what is left. False with errno: EAGAIN if it would block. */
static bool
flush(struct outbuf *b)
{
	unsigned tries = 0;

	while (b->off < b->len) {
		ssize_t n = write_some(b);

		if (n > 0) {
			b->off += (size_t)n;
			continue;
		}
		if (n == -1 && errno == EINTR && ++tries < TRIES)
			continue;
		if (n == 0 || errno == EINTR)
			errno = EAGAIN;
		return false;
	}
	outbuf_drop(b);
	return true;
}

bool
outbuf_begin(struct outbuf *b)
{
	b->no_memory = false;
	if (flush(b))
		return true;
	if (errno != EAGAIN)
		outbuf_drop(b);
	return false;
}

bool
outbuf_emit(struct outbuf *b)
{
	if (b->no_memory) {
		outbuf_drop(b);
		errno = ENOMEM;
		return false;
	}
	if (flush(b) || (errno == EAGAIN && b->off > 0))
		return true;
	outbuf_drop(b);
	return false;
}

/*
 * Waits until there is room; and a little longer, as room for one byte may not
 * be enough. False when time is up, or on an error.
 */
static bool
wait_ready(const struct outbuf *b, uint64_t end)
{
	struct pollfd p = { b->to.fd, POLLOUT, 0 };
	uint64_t now = clock_now();
	int n;

	poll(NULL, 0, STEP_MS);
	if (now >= end)
		return false;
	n = poll(&p, 1, (int)((end - now + 999) / 1000));
	return n == -1 ? errno == EINTR : (p.revents & POLLOUT) != 0;
}

/* EIO and ENOSPC may be gone at the next try. */
bool
outbuf_again(const struct outbuf *b, uint64_t end, bool *failed)
{
	if (errno != EAGAIN && *failed)
		return false;
	*failed = *failed || errno != EAGAIN;
	return wait_ready(b, end);
}

bool
outbuf_emit_until(struct outbuf *b, uint64_t end)
{
	bool failed = false;

	while (!flush(b))
		if (!outbuf_again(b, end, &failed)) {
			outbuf_drop(b);
			return false;
		}
	return true;
}

bool
outbuf_idle(const struct outbuf *b)
{
	return b->off == b->len;
}

void
outbuf_close(struct outbuf *b)
{
	free(b->bytes);
	writer_close(&b->to);
	*b = (struct outbuf)OUTBUF_INITIALIZER;
}
