/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/ioctl.h>

#include <errno.h>
#include <langinfo.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "show/term.h"

enum {
	COLUMNS = 80,
	LINES = 25,
	FINISH_US = 100000, /* for the last line */
	LOCK_US = 10000,    /* others need far less to draw */
};

/*
 * Begins a new row, from wherever others have left the cursor: a full row of
 * blanks ends in the present row if it began at the first column, and in the
 * next one otherwise. Nothing is overwritten, and no row stays empty.
 */
static void
put_new_row(struct term *t)
{
	if (!t->apart)
		return;
	outbuf_printf(&t->out, "%s%*s\r", t->columns == 0 ? "\r\n" : "",
	    (int)t->columns, "");
}

/* Moves the cursor up ('A') or down ('B'). In ECMA-48, 0 lines mean 1. */
static void
put_move(struct term *t, unsigned lines, char where)
{
	if (lines > 0)
		outbuf_printf(&t->out, "\033[%u%c", lines, where);
}

static void
forget_missed(struct term *t)
{
	free(t->missed);
	t->missed = NULL;
}

/* ---- a picture of our own --------------------------------------------- */

static bool
lines_plain(struct term *t, const char *const text[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		outbuf_text(&t->out, text[i], UINT_MAX);
		outbuf_printf(&t->out, "\n");
	}
	return outbuf_emit(&t->out);
}

/*
 * After a line as wide as the terminal, the cursor is on the last character,
 * which \033[K would erase.
 */
static unsigned
put_row(struct term *t, const char *text)
{
	unsigned columns;

	outbuf_printf(&t->out, "\r");
	columns = outbuf_text(&t->out, text, t->width);
	if (columns < t->width)
		outbuf_printf(&t->out, "\033[K");
	return columns;
}

/* The cursor is anywhere in the last line of the picture. */
static bool
lines_tty(struct term *t, const char *const text[], size_t n)
{
	unsigned drawn = 0, most = t->height > 1 ? t->height - 1 : 1;

	if (n > most)
		n = most;
	put_new_row(t);
	if (t->picture > 1)
		put_move(t, t->picture - 1, 'A');
	if (n < t->picture)
		outbuf_printf(&t->out, "\r\033[J");
	if (n == 1) {
		outbuf_printf(&t->out, "\r");
		drawn = outbuf_text(&t->out, text[0], t->width);
		if (t->picture == 1 && t->drawn > drawn)
			outbuf_printf(&t->out, "%*s", (int)(t->drawn - drawn),
			    "");
	} else {
		for (size_t i = 0; i < n; i++) {
			if (i > 0)
				outbuf_printf(&t->out, "\n");
			drawn = put_row(t, text[i]);
		}
	}
	if (!outbuf_emit(&t->out))
		return false;
	t->apart = false;
	t->picture = (unsigned)n;
	t->drawn = drawn;
	return true;
}

static bool
lines(struct term *t, const char *const text[], size_t n)
{
	if (!outbuf_begin(&t->out))
		return false;
	return t->tty ? lines_tty(t, text, n) : lines_plain(t, text, n);
}

/* ---- a picture that is shared ----------------------------------------- */

/* Draws as without -c from now on. */
static void
give_up_sharing(struct term *t)
{
	rows_drop(&t->rows);
	t->cursor = false;
}

/* As rows_lock(). */
static bool
lock_rows(struct term *t, uint64_t usec)
{
	if (rows_lock(&t->rows, usec))
		return true;
	if (errno != EAGAIN)
		t->cursor = false;
	return false;
}

/* Keeps the lock until the drawing has been written completely. */
static void
unlock_rows(const struct term *t)
{
	if (outbuf_idle(&t->out))
		rows_unlock(&t->rows);
}

/* Leaves a row that could not be drawn to the next one. */
static void
give_row_back(struct term *t)
{
	int saved = errno;

	if (rows_set(&t->rows, t->rows.at) == -1)
		t->cursor = false;
	rows_drop(&t->rows);
	errno = saved;
}

static bool
draw_shared(struct term *t, const char *text)
{
	bool first = !t->rows.joined;
	unsigned up;

	if (first) {
		if (!rows_take(&t->rows)) {
			give_up_sharing(t);
			return lines(t, &text, 1);
		}
		put_new_row(t);
		outbuf_printf(&t->out, "\r\n");
	}
	up = rows_count(&t->rows) - t->rows.at;
	if (up >= t->height && !first)
		return true; /* it has left the screen */
	put_move(t, up, 'A');
	put_row(t, text);
	put_move(t, up, 'B');
	outbuf_printf(&t->out, "\r");
	if (outbuf_emit(&t->out)) {
		t->apart = false;
		t->rows.joined = true;
		return true;
	}
	if (first)
		give_row_back(t);
	return false;
}

static bool
line_shared(struct term *t, const char *text)
{
	bool drawn;

	if (!writer_ready(&t->out.to)) {
		errno = EAGAIN;
		return false;
	}
	if (!lock_rows(t, LOCK_US))
		return !t->cursor && lines(t, &text, 1);
	drawn = outbuf_begin(&t->out) && draw_shared(t, text);
	unlock_rows(t);
	return drawn;
}

static bool
draw_line(struct term *t, const char *text)
{
	return t->cursor ? line_shared(t, text) : lines(t, &text, 1);
}

/* ---- the interface ---------------------------------------------------- */

int
term_open(struct term *t, int fd, bool cursor, unsigned width, unsigned height)
{
	struct stat st;

	*t = (struct term)TERM_INITIALIZER;
	if (writer_open(&t->out.to, fd, &st) == -1)
		return -1;
	t->rows.tty = fd;
	t->tty = t->out.to.tty;
	t->cursor = cursor && t->tty;
	t->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	/* poll(2) does not tell how much can be written without blocking */
	if (t->tty)
		writer_reopen(&t->out.to);
	term_resized(t, width, height);
	return 0;
}

void
term_resized(struct term *t, unsigned width, unsigned height)
{
	struct winsize w = { 0 };

	if (t->tty && ioctl(t->out.to.fd, TIOCGWINSZ, &w) == -1)
		w.ws_col = w.ws_row = 0;
	t->columns = w.ws_col;
	if (width == 0)
		width = w.ws_col > 0 ? w.ws_col : COLUMNS;
	if (height == 0)
		height = w.ws_row > 0 ? w.ws_row : LINES;
	t->width = width;
	t->height = height;
	/* nothing is left to erase beyond the edge */
	if (t->drawn > width)
		t->drawn = width;
}

static bool
in_foreground(const struct term *t)
{
	pid_t group = tcgetpgrp(t->out.to.fd);

	/* not our controlling terminal: we have no foreground there */
	return group == -1 ? errno == ENOTTY : group == getpgrp();
}

/* Whether another program reads from it, and draws what it likes. */
static bool
is_taken(const struct term *t)
{
	struct termios mode;

	return tcgetattr(t->out.to.fd, &mode) == 0 &&
	    (mode.c_lflag & (ECHO | ICANON)) != (ECHO | ICANON);
}

static void
remove_mark(struct term *t, uint64_t end)
{
	if (!t->marked)
		return;
	t->marked = false;
	outbuf_printf(&t->out, "\033]9;4;0;0\033\\");
	outbuf_emit_until(&t->out, end);
}

/* The cursor may be anywhere when the terminal is ours again. */
static void
give_way(struct term *t)
{
	t->apart = true;
	t->picture = 0;
	rows_drop(&t->rows);
}

bool
term_ours(struct term *t)
{
	if (!t->out.to.tty || t->force)
		return true;
	if (in_foreground(t) && !is_taken(t))
		return true;
	give_way(t);
	return false;
}

void
term_yield(struct term *t)
{
	remove_mark(t, clock_now() + LOCK_US);
	if (t->tty)
		give_way(t);
}

bool
term_line(struct term *t, const char *text)
{
	forget_missed(t);
	if (draw_line(t, text))
		return true;
	t->missed = strdup(text);
	return false;
}

bool
term_rows(struct term *t, const char *const text[], size_t n)
{
	forget_missed(t);
	return lines(t, text, n);
}

/* Writes the last line if it was missed. */
static void
last_line(struct term *t, uint64_t end)
{
	bool failed = false;

	while (t->missed != NULL) {
		if (draw_line(t, t->missed))
			forget_missed(t);
		else if (!outbuf_again(&t->out, end, &failed))
			break;
	}
}

void
term_finish(struct term *t)
{
	uint64_t end = clock_now() + FINISH_US;

	if (term_ours(t)) {
		last_line(t, end);
		if (t->picture > 0)
			outbuf_printf(&t->out, "\n");
		outbuf_emit_until(&t->out, end);
	}
	/* nothing else is tried */
	outbuf_drop(&t->out);
	remove_mark(t, end);
	forget_missed(t);
	t->picture = 0;
	rows_leave(&t->rows, FINISH_US);
}

/* Adds rows for the text below the others. False if we have no others. */
static bool
print_shared(struct term *t, const char *text, uint64_t end)
{
	unsigned width = t->columns > 0 ? t->columns : t->width;
	unsigned columns;

	if (!lock_rows(t, FINISH_US))
		return false;
	if (!t->rows.joined && !rows_others(&t->rows)) {
		unlock_rows(t);
		return false;
	}
	columns = outbuf_text(&t->out, text, UINT_MAX);
	outbuf_printf(&t->out, "\r\n");
	if (outbuf_emit_until(&t->out, end) &&
	    rows_set(&t->rows,
		rows_count(&t->rows) + 1 +
		    (columns > 0 ? (columns - 1) / width : 0)) == -1)
		give_up_sharing(t);
	unlock_rows(t);
	return true;
}

void
term_print(struct term *t, const char *text)
{
	uint64_t end = clock_now() + FINISH_US;

	last_line(t, end);
	if (t->cursor && print_shared(t, text, end))
		return;
	if (t->tty) {
		put_new_row(t);
		outbuf_printf(&t->out, t->picture > 0 ? "\n\r" : "\r");
	}
	outbuf_text(&t->out, text, UINT_MAX);
	outbuf_printf(&t->out, "\n");
	if (!outbuf_emit_until(&t->out, end))
		return;
	t->apart = false;
	t->picture = 0;
}

void
term_clear(struct term *t)
{
	if (t->rows.joined && lock_rows(t, LOCK_US)) {
		if (rows_set(&t->rows, rows_count(&t->rows) + 1) == -1)
			give_up_sharing(t);
		unlock_rows(t);
	}
	if (!t->tty || t->picture == 0 || !outbuf_begin(&t->out))
		return;
	put_move(t, t->picture - 1, 'A');
	outbuf_printf(&t->out, t->picture > 1 ? "\r\033[J" : "\r\033[K");
	if (outbuf_emit(&t->out))
		t->picture = 0;
}

/* Begins to write what takes no place on the screen; unlock_rows() ends it. */
static bool
begin_aside(struct term *t)
{
	if (!t->tty || (t->rows.joined && !lock_rows(t, LOCK_US)))
		return false;
	if (outbuf_begin(&t->out))
		return true;
	unlock_rows(t);
	return false;
}

void
term_title(struct term *t, const char *text)
{
	if (!begin_aside(t))
		return;
	outbuf_printf(&t->out, "\033]2;");
	outbuf_text(&t->out, text, UINT_MAX);
	outbuf_printf(&t->out, "\007");
	outbuf_emit(&t->out);
	unlock_rows(t);
}

void
term_progress(struct term *t, int percent)
{
	if (!begin_aside(t))
		return;
	if (percent < 0)
		outbuf_printf(&t->out, "\033]9;4;3;0\033\\");
	else
		outbuf_printf(&t->out, "\033]9;4;1;%d\033\\", percent);
	t->marked = outbuf_emit(&t->out) || t->marked;
	unlock_rows(t);
}

void
term_close(struct term *t)
{
	outbuf_drop(&t->out);
	remove_mark(t, clock_now() + LOCK_US);
	rows_leave(&t->rows, FINISH_US);
	free(t->missed);
	outbuf_close(&t->out);
	*t = (struct term)TERM_INITIALIZER;
}
