/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "base/path.h"
#include "base/retry.h"
#include "base/rundir.h"
#include "show/term.h"

enum {
	COLUMNS = 80,
	LINES = 25,
	FINISH_MS = 100, /* for the last line */
	LOCK_MS = 10,    /* others draw in far less */
	STEP_MS = 1,
	TRIES = 8, /* where signals keep interrupting us */
};

static void
nap(void)
{
	const struct timespec step = { 0, STEP_MS * 1000000L };

	nanosleep(&step, NULL);
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- what is to be written -------------------------------------------- */

static void
put(struct term *t, const char *s, size_t n)
{
	if (n > t->size - t->len) {
		size_t size = 2 * t->size + n + BUFSIZ;
		char *buf = realloc(t->buf, size);

		if (buf == NULL) {
			t->short_of = true;
			return;
		}
		t->buf = buf;
		t->size = size;
	}
	memcpy(t->buf + t->len, s, n);
	t->len += n;
}

static void
puts_to(struct term *t, const char *s)
{
	put(t, s, strlen(s));
}

/* Cursor movements by no line at all would move it by one. */
static void
put_move(struct term *t, unsigned lines, char where)
{
	char s[16];

	snprintf(s, sizeof(s), "\033[%u%c", lines, where);
	if (lines > 0)
		puts_to(t, s);
}

static void
put_blanks(struct term *t, unsigned n)
{
	while (n-- > 0)
		put(t, " ", 1);
}

/* The length of a colour (SGR, ECMA-48) that begins at s, or 0. */
static size_t
colour_at(const char *s)
{
	size_t n;

	if (s[0] != '\033' || s[1] != '[')
		return 0;
	n = 2 + strspn(s + 2, "0123456789;:");
	return s[n] == 'm' ? n + 1 : 0;
}

/* The columns of the character at s, -1 if it is not for a terminal. */
static int
columns_at(const char *s, size_t *np)
{
	mbstate_t state = { 0 };
	wchar_t c;
	size_t n = mbrtowc(&c, s, strlen(s), &state);

	if (n == 0 || n > MB_LEN_MAX) {
		*np = 1;
		return -1;
	}
	*np = n;
	return wcwidth(c);
}

/* For a terminal: at most so many columns. Returns how many. */
static unsigned
put_columns(struct term *t, const char *s, unsigned most, bool colours)
{
	unsigned at = 0;
	bool cut = false;
	size_t n;

	for (; *s != '\0'; s += n) {
		int columns;

		if ((n = colour_at(s)) > 0) {
			/* even behind the cut: it may be the end of one */
			if (colours)
				put(t, s, n);
			continue;
		}
		columns = columns_at(s, &n);
		if (columns < 0 && (*s & 0x80) == 0)
			continue;
		if (cut || (unsigned)abs(columns) > most - at) {
			cut = true;
			continue;
		}
		if (columns < 0)
			put(t, "?", 1);
		else
			put(t, s, n);
		at += (unsigned)abs(columns);
	}
	return at;
}

/* For a file: all of it, in whatever character set. */
static void
put_plain(struct term *t, const char *s)
{
	size_t n;

	for (; *s != '\0'; s += n) {
		n = colour_at(s);
		if (n > 0)
			continue;
		n = 1;
		if ((unsigned char)*s >= ' ' && *s != 0x7f)
			put(t, s, 1);
	}
}

/* ---- writing it ------------------------------------------------------- */

/*
 * As output_write(); but SIGTTOU, which tostop (stty(1)) sends to who writes
 * from the background, neither stops us nor interrupts the call: what may be
 * drawn is decided before. Blocked, and not ignored, for commands inherit that.
 */
static ssize_t
write_some(struct term *t)
{
	sigset_t ttou, before;
	ssize_t n;
	int saved;

	if (t->out.kind != OUTPUT_TTY)
		return output_write(&t->out, t->buf + t->off, t->len - t->off);
	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	sigprocmask(SIG_BLOCK, &ttou, &before);
	n = output_write(&t->out, t->buf + t->off, t->len - t->off);
	saved = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return n;
}

static void
drop(struct term *t)
{
	t->off = t->len = 0;
}

/* Writes what is left. False with errno: EAGAIN if it would have to wait. */
static bool
flush(struct term *t)
{
	unsigned tries = 0;

	while (t->off < t->len) {
		ssize_t n = write_some(t);

		if (n > 0) {
			t->off += (size_t)n;
			continue;
		}
		if (n == -1 && errno == EINTR && ++tries < TRIES)
			continue;
		if (n == 0 || errno == EINTR)
			errno = EAGAIN;
		return false;
	}
	drop(t);
	return true;
}

/* Nothing of the last drawing is left: another one may begin. */
static bool
begin(struct term *t)
{
	t->short_of = false;
	if (flush(t))
		return true;
	if (errno != EAGAIN)
		drop(t);
	return false;
}

/*
 * True if it was written, or its beginning: the rest comes before the next
 * drawing then. What has not begun is dropped.
 */
static bool
emit(struct term *t)
{
	if (t->short_of) {
		drop(t);
		errno = ENOMEM;
		return false;
	}
	if (flush(t) || (errno == EAGAIN && t->off > 0))
		return true;
	drop(t);
	return false;
}

/*
 * The cursor is wherever somebody else has left it. As many blanks as a row has
 * columns end in the same row if they began at its first column, and else in
 * the next one: so what stands there is not written over, and no row stays
 * empty.
 */
static void
put_new_row(struct term *t)
{
	if (!t->apart)
		return;
	if (t->columns == 0)
		puts_to(t, "\r\n");
	put_blanks(t, t->columns);
	puts_to(t, "\r");
}

/* ---- a picture of our own --------------------------------------------- */

static bool
lines_plain(struct term *t, const char *const text[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		put_plain(t, text[i]);
		put(t, "\n", 1);
	}
	return emit(t);
}

/*
 * A line as wide as the terminal leaves the cursor on its last character, which
 * \033[K would erase; it has nothing behind it.
 */
static unsigned
put_row(struct term *t, const char *text)
{
	unsigned columns;

	puts_to(t, "\r");
	columns = put_columns(t, text, t->width, true);
	if (columns < t->width)
		puts_to(t, "\033[K");
	return columns;
}

/* The cursor stands in the last line of the picture, wherever in it. */
static bool
lines_tty(struct term *t, const char *const text[], size_t n)
{
	unsigned drawn = 0, most = t->height > 1 ? t->height - 1 : 1;

	if (n > most)
		n = most;
	put_new_row(t);
	if (t->rows > 1)
		put_move(t, t->rows - 1, 'A');
	if (n < t->rows)
		puts_to(t, "\r\033[J");
	if (n == 1) {
		puts_to(t, "\r");
		drawn = put_columns(t, text[0], t->width, true);
		if (t->rows == 1 && t->drawn > drawn)
			put_blanks(t, t->drawn - drawn);
	} else {
		for (size_t i = 0; i < n; i++) {
			if (i > 0)
				put(t, "\n", 1);
			drawn = put_row(t, text[i]);
		}
	}
	if (!emit(t))
		return false;
	t->apart = false;
	t->rows = (unsigned)n;
	t->drawn = drawn;
	t->stands = n > 0;
	return true;
}

static bool
lines(struct term *t, const char *const text[], size_t n)
{
	if (!begin(t))
		return false;
	return t->tty ? lines_tty(t, text, n) : lines_plain(t, text, n);
}

/* ---- a picture that is shared ----------------------------------------- */

/*
 * Each has a row, and nobody asks the terminal where it is: the cursor rests at
 * the beginning of the line below the last row, and returns there within the
 * same write. A file that is as many bytes long as there are rows tells how far
 * that is. flock(2) on it is held while one draws; a lock on the byte of one's
 * row (F_OFD_SETLK, fcntl(2)) tells that one lives, and ends with the process
 * however that ends. Where nobody lives, the rows are history.
 */
static int
shared_path(const struct term *t, char *path, size_t size)
{
	char dir[PATH_MAX];
	unsigned dev;
	int n;

	if (rundir_make(dir, sizeof(dir)) == -1)
		return -1;
	/* what /dev/tty is for us, and not that it is /dev/tty */
	if (ioctl(t->out.fd, TIOCGDEV, &dev) == -1)
		dev = (unsigned)t->out.st.st_rdev;
	n = snprintf(path, size, "%s/tty-%u-%u", dir, major(dev), minor(dev));
	return n > 0 && (size_t)n < size ? 0 : -1;
}

static int
shared_open(const struct term *t)
{
	char path[PATH_MAX];
	int fd;

	if (shared_path(t, path, sizeof(path)) == -1)
		return -1;
	do
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		    0600);
	while (retry(fd));
	return fd;
}

/* Closes it, and so drops all our locks. */
static void
shared_drop(struct term *t)
{
	if (t->shared != -1)
		close(t->shared);
	t->shared = -1;
	t->joined = false;
}

/* From now on as if we were alone. */
static void
shared_give_up(struct term *t)
{
	shared_drop(t);
	t->cursor = false;
}

/*
 * False with EAGAIN if another one has it for all that time, or with another
 * errno if it cannot be had at all. The last one removes the file: who has
 * opened it before that and gets the lock behind it opens another one.
 */
static bool
shared_lock(struct term *t, int ms)
{
	struct stat st;

	for (int64_t end = now_ms() + ms;;) {
		if (t->shared == -1 && (t->shared = shared_open(t)) == -1)
			break;
		if (flock(t->shared, LOCK_EX | LOCK_NB) == 0) {
			if (fstat(t->shared, &st) == -1)
				break;
			if (t->joined || st.st_nlink > 0)
				return true;
			shared_drop(t);
		} else if (errno != EWOULDBLOCK && errno != EINTR)
			break;
		if (now_ms() >= end) {
			errno = EAGAIN;
			return false;
		}
		nap();
	}
	shared_give_up(t);
	errno = EIO;
	return false;
}

/* What was begun is to be ended before anybody else draws. */
static void
shared_unlock(struct term *t)
{
	if (t->shared != -1 && t->off == t->len)
		flock(t->shared, LOCK_UN);
}

static bool
others_live(const struct term *t)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(t->shared, F_OFD_GETLK, &all) == 0 &&
	    all.l_type != F_UNLCK;
}

static unsigned
shared_rows(const struct term *t)
{
	struct stat st;

	if (fstat(t->shared, &st) == -1 || st.st_size > USHRT_MAX)
		return 0;
	return (unsigned)st.st_size;
}

static int
set_rows(const struct term *t, unsigned rows)
{
	int r;

	do
		r = ftruncate(t->shared, (off_t)rows);
	while (retry(r));
	return r;
}

/* Takes the next row, if nothing goes wrong. */
static bool
take_row(struct term *t)
{
	struct flock mine = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	t->row = others_live(t) ? shared_rows(t) : 0;
	mine.l_start = t->row;
	mine.l_len = 1;
	return fcntl(t->shared, F_OFD_SETLK, &mine) == 0 &&
	    set_rows(t, t->row + 1) == 0;
}

static void
leave_row(struct term *t)
{
	int saved = errno;

	if (set_rows(t, t->row) == -1)
		t->cursor = false;
	shared_drop(t);
	errno = saved;
}

static bool
draw_shared(struct term *t, const char *text)
{
	bool first = !t->joined;
	unsigned up;

	if (first) {
		if (!take_row(t)) {
			shared_give_up(t);
			return lines(t, &text, 1);
		}
		put_new_row(t);
		puts_to(t, "\r\n");
	}
	up = shared_rows(t) - t->row;
	if (up >= t->height && !first)
		return true; /* it has left the screen */
	put_move(t, up, 'A');
	put_row(t, text);
	put_move(t, up, 'B');
	puts_to(t, "\r");
	if (emit(t)) {
		t->apart = false;
		t->joined = true;
		return true;
	}
	if (first)
		leave_row(t);
	return false;
}

static bool
line_shared(struct term *t, const char *text)
{
	bool drawn;
	int saved;

	if (!output_ready(&t->out)) {
		errno = EAGAIN;
		return false;
	}
	if (!shared_lock(t, LOCK_MS))
		return !t->cursor && lines(t, &text, 1);
	drawn = begin(t) && draw_shared(t, text);
	saved = errno;
	shared_unlock(t);
	errno = saved;
	return drawn;
}

/* The row stays on the screen. The last one closes the door. */
static void
shared_leave(struct term *t)
{
	char path[PATH_MAX];

	if (t->shared != -1 && shared_lock(t, FINISH_MS) && !others_live(t) &&
	    shared_path(t, path, sizeof(path)) == 0)
		unlink(path);
	shared_drop(t);
}

/* ---- what others call ------------------------------------------------- */

/*
 * From the first line on it must not block: poll(2) says that some bytes can be
 * written, but not how many. Another user's terminal (sudo, su) cannot be
 * opened by its name, but the controlling one always can, as /dev/tty (tty(4)).
 * The master of a terminal is another one if it is opened again.
 */
static void
make_nonblocking(struct output *o)
{
	const int flags = O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
	unsigned number;

	if (o->tried_own || ioctl(o->fd, TIOCGPTN, &number) == 0)
		return;
	o->tried_own = true;
	o->own = path_reopen(o->fd, flags);
	if (o->own != -1 || tcgetpgrp(o->fd) == -1)
		return;
	do
		o->own = open("/dev/tty", flags);
	while (retry(o->own));
}

int
term_open(struct term *t, int fd, bool cursor, unsigned width, unsigned height)
{
	int ours = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1), saved;

	*t = (struct term)TERM_INITIALIZER;
	if (ours == -1)
		return -1;
	if (output_init(&t->out, ours, "") == -1) {
		saved = errno;
		close(ours);
		t->out.fd = -1;
		errno = saved;
		return -1;
	}
	t->tty = t->out.kind == OUTPUT_TTY;
	t->cursor = cursor && t->tty;
	t->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (t->tty)
		make_nonblocking(&t->out);
	term_resized(t, width, height);
	return 0;
}

void
term_resized(struct term *t, unsigned width, unsigned height)
{
	struct winsize w = { 0 };

	if (t->tty && ioctl(t->out.fd, TIOCGWINSZ, &w) == -1)
		w.ws_col = w.ws_row = 0;
	t->columns = w.ws_col;
	if (width == 0)
		width = w.ws_col > 0 ? w.ws_col : COLUMNS;
	if (height == 0)
		height = w.ws_row > 0 ? w.ws_row : LINES;
	t->width = width;
	t->height = height;
	/* nothing can be wiped beyond the edge */
	if (t->drawn > width)
		t->drawn = width;
}

static bool
in_foreground(const struct term *t)
{
	pid_t group = tcgetpgrp(t->out.fd);

	/* not our controlling terminal: it has no foreground for us */
	return group == -1 ? errno == ENOTTY : group == getpgrp();
}

/* Somebody else reads from it, and shows what they like. */
static bool
is_taken(const struct term *t)
{
	struct termios mode;

	return tcgetattr(t->out.fd, &mode) == 0 &&
	    (mode.c_lflag & (ECHO | ICANON)) != (ECHO | ICANON);
}

/* Nobody knows where the cursor will be when we come back. */
static void
give_way(struct term *t)
{
	t->apart = true;
	t->stands = false;
	t->drawn = t->rows = 0;
	shared_drop(t);
}

bool
term_ours(struct term *t)
{
	if (t->out.kind != OUTPUT_TTY || t->force)
		return true;
	if (in_foreground(t) && !is_taken(t))
		return true;
	give_way(t);
	return false;
}

void
term_yield(struct term *t)
{
	term_progress(t, TERM_NONE);
	if (t->tty)
		give_way(t);
}

bool
term_line(struct term *t, const char *text)
{
	bool drawn = t->cursor ? line_shared(t, text) : lines(t, &text, 1);
	int saved = errno;

	if (text != t->missed) {
		free(t->missed);
		t->missed = drawn ? NULL : strdup(text);
	} else if (drawn) {
		free(t->missed);
		t->missed = NULL;
	}
	errno = saved;
	return drawn;
}

bool
term_rows(struct term *t, const char *const text[], size_t n)
{
	free(t->missed);
	t->missed = NULL;
	return lines(t, text, n);
}

/*
 * Waits until it can be written to; room for one byte may be too little. False
 * when time is up, or when it never will be.
 */
static bool
wait_ready(const struct term *t, int64_t end)
{
	struct pollfd p = { t->out.fd, POLLOUT, 0 };
	int64_t left = end - now_ms();
	int n;

	nap();
	if (left <= 0)
		return false;
	n = poll(&p, 1, (int)left);
	return n == -1 ? errno == EINTR : (p.revents & POLLOUT) != 0;
}

/*
 * Whether to try again, by errno: an error may be gone at the next try (EIO,
 * ENOSPC), so it has one.
 */
static bool
try_again(const struct term *t, int64_t end, bool *failed)
{
	if (errno != EAGAIN && *failed)
		return false;
	*failed = *failed || errno != EAGAIN;
	return wait_ready(t, end);
}

/* What has been put, until then: false if it is lost. */
static bool
flush_until(struct term *t, int64_t end)
{
	bool failed = false;

	while (!flush(t))
		if (!try_again(t, end, &failed)) {
			drop(t);
			return false;
		}
	return true;
}

/* The last line, if it has been missed, and what is left of it. */
static void
last_line(struct term *t, int64_t end)
{
	bool failed = false;

	while (t->missed != NULL && !term_line(t, t->missed))
		if (!try_again(t, end, &failed))
			break;
	flush_until(t, end);
}

static void
remove_mark(struct term *t, int64_t end)
{
	if (!t->marked)
		return;
	t->marked = false;
	puts_to(t, "\033]9;4;0;0\033\\");
	flush_until(t, end);
}

void
term_finish(struct term *t)
{
	int64_t end = now_ms() + FINISH_MS;

	if (term_ours(t)) {
		last_line(t, end);
		if (t->stands) {
			put(t, "\n", 1);
			flush_until(t, end);
		}
	}
	/* what has not been written by now never will be */
	drop(t);
	remove_mark(t, end);
	free(t->missed);
	t->missed = NULL;
	t->stands = false;
	t->drawn = t->rows = 0;
	shared_leave(t);
}

/* Below the other rows, whose number it adds to. False: nobody else's. */
static bool
print_shared(struct term *t, const char *text, int64_t end)
{
	unsigned width = t->columns > 0 ? t->columns : t->width;
	unsigned rows, columns;

	if (!shared_lock(t, FINISH_MS))
		return false;
	if (!t->joined && !others_live(t)) {
		shared_unlock(t);
		return false;
	}
	rows = shared_rows(t);
	columns = put_columns(t, text, UINT_MAX, false);
	puts_to(t, "\r\n");
	if (flush_until(t, end) &&
	    ftruncate(t->shared,
		(off_t)rows + 1 + (columns > 0 ? (columns - 1) / width : 0)) ==
		-1)
		shared_give_up(t);
	shared_unlock(t);
	return true;
}

void
term_print(struct term *t, const char *text)
{
	int64_t end = now_ms() + FINISH_MS;

	last_line(t, end);
	if (t->cursor && print_shared(t, text, end))
		return;
	if (t->tty) {
		put_new_row(t);
		puts_to(t, t->stands ? "\n\r" : "\r");
		put_columns(t, text, UINT_MAX, false);
	} else
		put_plain(t, text);
	put(t, "\n", 1);
	if (!flush_until(t, end))
		return;
	t->stands = t->apart = false;
	t->drawn = t->rows = 0;
}

void
term_clear(struct term *t)
{
	if (t->joined && shared_lock(t, LOCK_MS)) {
		if (set_rows(t, shared_rows(t) + 1) == -1)
			shared_give_up(t);
		shared_unlock(t);
	}
	if (!t->tty || !t->stands || !begin(t))
		return;
	if (t->rows > 1)
		put_move(t, t->rows - 1, 'A');
	puts_to(t, t->rows > 1 ? "\r\033[J" : "\r\033[K");
	if (!emit(t))
		return;
	t->stands = false;
	t->drawn = t->rows = 0;
}

void
term_title(struct term *t, const char *text)
{
	if (!t->tty || (t->joined && !shared_lock(t, LOCK_MS)))
		return;
	if (begin(t)) {
		puts_to(t, "\033]2;");
		put_columns(t, text == NULL ? "" : text, UINT_MAX, false);
		puts_to(t, "\007");
		emit(t);
	}
	shared_unlock(t);
}

void
term_progress(struct term *t, int percent)
{
	char text[32];

	if (percent == TERM_NONE) {
		remove_mark(t, now_ms() + LOCK_MS);
		return;
	}
	if (!t->tty || (t->joined && !shared_lock(t, LOCK_MS)))
		return;
	if (percent < 0)
		snprintf(text, sizeof(text), "\033]9;4;3;0\033\\");
	else
		snprintf(text, sizeof(text), "\033]9;4;1;%d\033\\",
		    percent < 100 ? percent : 100);
	if (begin(t)) {
		puts_to(t, text);
		t->marked = emit(t) || t->marked;
	}
	shared_unlock(t);
}

void
term_close(struct term *t)
{
	drop(t);
	remove_mark(t, now_ms() + LOCK_MS);
	shared_leave(t);
	free(t->missed);
	free(t->buf);
	if (t->out.fd != -1)
		output_close(&t->out);
	*t = (struct term)TERM_INITIALIZER;
}
