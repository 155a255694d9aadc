/* SPDX-License-Identifier: ISC */
/*
 * Where lines are drawn: what bytes come out at the other end of a terminal or
 * a pipe, that nothing ever blocks, and that processes which share a terminal
 * do not overwrite each other: a small model of a screen reads what they write.
 */
#include "config.h"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "show/term.h"
#include "tests/lib/tap.h"

enum {
	WIDE = 20,
	HIGH = 6,
	MARK = '\001',
};

static char home[] = "/tmp/unit-term.XXXXXX";

/* ---- a terminal ------------------------------------------------------- */

struct pair {
	int master, slave;
};

static struct pair
new_pair(void)
{
	struct winsize w = { .ws_row = HIGH, .ws_col = WIDE };
	struct pair p;

	if (openpty(&p.master, &p.slave, NULL, NULL, &w) == -1)
		bail("openpty");
	fcntl(p.master, F_SETFL, O_NONBLOCK);
	fcntl(p.master, F_SETFD, FD_CLOEXEC);
	return p;
}

static void
close_pair(struct pair p)
{
	close(p.master);
	close(p.slave);
}

/* Everything that has come, up to a mark if there is one. */
static size_t
take(int fd, char *text, size_t size, int ms)
{
	struct pollfd p = { fd, POLLIN, 0 };
	size_t n = 0;

	while (n < size - 1 && poll(&p, 1, ms) == 1) {
		ssize_t r = read(fd, text + n, size - 1 - n);

		if (r <= 0)
			break;
		n += (size_t)r;
		if (text[n - 1] == MARK)
			break;
	}
	text[n] = '\0';
	return n;
}

static const char *
got(int fd)
{
	static char text[65536];

	take(fd, text, sizeof(text), 0);
	return text;
}

/*
 * The kernel carries over what was written to a terminal a little later: so a
 * mark is written behind it, as soon as there is room. Nobody else may write.
 */
static const char *
seen(const struct pair *p)
{
	static char text[65536];
	struct pollfd room = { p->slave, POLLOUT, 0 };
	size_t n = 0;

	for (int i = 0; i < 100 && poll(&room, 1, 0) != 1; i++)
		n += take(p->master, text + n, sizeof(text) - n, 10);
	if (write(p->slave, (char[]){ MARK }, 1) != 1)
		bail("write");
	n += take(p->master, text + n, sizeof(text) - n, 5000);
	if (n == 0 || text[n - 1] != MARK)
		bail("the mark is lost");
	text[n - 1] = '\0';
	return text;
}

/* What is not as expected is shown. */
static void
same(const char *is, const char *should, const char *what)
{
	if (ok(strcmp(is, should) == 0, "%s", what))
		return;
	printf("#   got: ");
	for (; *is != '\0'; is++)
		printf(*is < ' ' ? "\\%03o" : "%c", (unsigned char)*is);
	printf("\n");
}

static long
ms_since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - then->tv_sec) * 1000 +
	    (now.tv_nsec - then->tv_nsec) / 1000000;
}

/* ---- a screen --------------------------------------------------------- */

struct screen {
	char cell[HIGH][WIDE + 1];
	int row, column;
	bool wrap;    /* the next character goes to the next line */
	int scrolled; /* lines that have left */
	bool odd;     /* something that it does not know */
};

static void
screen_reset(struct screen *s)
{
	memset(s, 0, sizeof(*s));
	for (int i = 0; i < HIGH; i++)
		memset(s->cell[i], ' ', WIDE);
}

static void
screen_feed(struct screen *s)
{
	s->wrap = false;
	if (++s->row < HIGH)
		return;
	s->row = HIGH - 1;
	memmove(s->cell[0], s->cell[1], sizeof(s->cell[0]) * (HIGH - 1));
	memset(s->cell[HIGH - 1], ' ', WIDE);
	s->scrolled++;
}

static void
screen_put(struct screen *s, char c)
{
	if (s->wrap) {
		screen_feed(s);
		s->column = 0;
	}
	s->cell[s->row][s->column] = c;
	s->wrap = s->column == WIDE - 1;
	s->column += !s->wrap;
}

static void
screen_control(struct screen *s, char c, int n)
{
	s->wrap = false;
	switch (c) {
	case 'A':
		s->row = s->row > n ? s->row - n : 0;
		break;
	case 'B':
		s->row = s->row + n < HIGH ? s->row + n : HIGH - 1;
		break;
	case 'J':
		for (int i = s->row + 1; i < HIGH; i++)
			memset(s->cell[i], ' ', WIDE);
		/* FALLTHROUGH */
	case 'K':
		memset(s->cell[s->row] + s->column, ' ',
		    (size_t)(WIDE - s->column));
		break;
	case 'm':
		break;
	default:
		s->odd = true;
	}
}

static void
screen_read(struct screen *s, const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\r') {
			s->column = 0;
			s->wrap = false;
		} else if (*p == '\n')
			screen_feed(s);
		else if (p[0] == '\033' && p[1] == '[') {
			char *end;
			long n = strtol(p + 2, &end, 10);

			screen_control(s, *end, n == 0 ? 1 : (int)n);
			p = end;
		} else if ((unsigned char)*p >= ' ')
			screen_put(s, *p);
		else
			s->odd = true;
	}
}

/* The row is this text, and blanks behind it. */
static bool
reads(const struct screen *s, int row, const char *text)
{
	size_t n = strlen(text);

	return !s->odd && memcmp(s->cell[row], text, n) == 0 &&
	    strspn(s->cell[row] + n, " ") == WIDE - n;
}

static void
shows(const struct screen *s, const char *const rows[HIGH], const char *what)
{
	bool good = !s->odd;

	for (int i = 0; i < HIGH; i++)
		good = good && reads(s, i, rows[i] == NULL ? "" : rows[i]);
	if (ok(good, "%s", what))
		return;
	for (int i = 0; i < HIGH; i++)
		printf("#   |%s|\n", s->cell[i]);
}

/* ---- one line --------------------------------------------------------- */

static void
test_line(void)
{
	static const struct {
		const char *text, *bytes, *what;
	} cases[] = {
		{ "twelve", "\rtwelve", "the first line" },
		{ "three", "\rthree ", "a shorter one wipes what was longer" },
		{ "four", "\rfour ", "but no more than that" },
		{ "\tb\n\033\177", "\r.b...", "controls are dots" },
		{ "\033[31mr\033[0m", "\r\033[31mr\033[0m    ",
		    "a colour takes no column" },
		{ "\033[2Jx\033[K", "\r.[2Jx.[K", "other sequences are none" },
		{ "01234567890123456789", "\r01234567890123456789",
		    "a line may be as wide as the terminal" },
		{ "\033[1m0123456789012345678901234\033[0m",
		    "\r\033[1m01234567890123456789\033[0m",
		    "a wider one is cut, and its colour still ended" },
		{ "0123456789abcdefgh\u65e5\u672c",
		    "\r0123456789abcdefgh\u65e5", "columns are not bytes" },
		{ "0123456789abcdefghi\u65e5", "\r0123456789abcdefghi ",
		    "no half of a character" },
		{ "\xff\xc2\x9b", "\r??                 ",
		    "what is no character is a question mark" },
		{ "", "\r  ", "an empty line wipes" },
	};
	struct pair p = new_pair();
	struct term t;

	ok(term_open(&t, p.slave, false, 0, 0) == 0 && t.tty && t.utf8 &&
		t.width == WIDE && t.height == HIGH && t.out.to.fd > 2,
	    "a terminal says how large it is");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool drawn = term_line(&t, cases[i].text);

		same(drawn ? seen(&p) : "", cases[i].bytes, cases[i].what);
	}
	term_finish(&t);
	same(seen(&p), "\r\n", "the end of it is a newline");
	term_finish(&t);
	same(seen(&p), "", "but only one");
	term_clear(&t);
	same(seen(&p), "", "there is nothing to clear then");
	term_line(&t, "x");
	term_clear(&t);
	same(seen(&p), "\rx\r\033[K", "a line is cleared for a message");
	term_line(&t, "y");
	same(seen(&p), "\ry", "and drawn again");
	term_close(&t);
	same(seen(&p), "", "closing writes nothing");
	term_close(&t);
	ok(fcntl(p.slave, F_GETFD) != -1 &&
		(fcntl(p.slave, F_GETFL) & O_NONBLOCK) == 0,
	    "the descriptor is still open, and blocking for others");
	close_pair(p);
}

static void
test_size(void)
{
	struct winsize w = { .ws_row = 0, .ws_col = 0 };
	struct pair p = new_pair();
	struct term t;

	term_open(&t, p.slave, false, 7, 0);
	ok(t.width == 7 && t.height == HIGH, "a given width wins");
	term_line(&t, "0123456789");
	same(seen(&p), "\r0123456", "and is not passed");
	term_resized(&t, 3, 0);
	term_line(&t, "x");
	same(seen(&p), "\rx  ", "nothing is wiped beyond a new edge");
	w.ws_col = 9;
	w.ws_row = 4;
	ioctl(p.slave, TIOCSWINSZ, &w);
	term_resized(&t, 0, 5);
	ok(t.width == 9 && t.height == 5, "a new size is asked for");
	w.ws_col = w.ws_row = 0;
	ioctl(p.slave, TIOCSWINSZ, &w);
	term_resized(&t, 0, 0);
	ok(t.width == 80 && t.height == 25, "80x25 if the terminal is silent");
	term_close(&t);
	close_pair(p);
}

static void
test_title(void)
{
	struct pair p = new_pair();
	struct term t;

	term_open(&t, p.slave, false, 0, 0);
	term_title(&t, "a title \007longer than the terminal\n");
	same(seen(&p), "\033]2;a title .longer than the terminal.\007",
	    "a title has no controls within");
	term_finish(&t);
	same(seen(&p), "", "it is no line to be finished");
	term_close(&t);
	close_pair(p);
}

/* ---- elsewhere -------------------------------------------------------- */

static void
test_pipe(void)
{
	static const char *const rows[] = { "a", "b\r", "c" };
	struct term t;
	int p[2], lines = 0;

	if (pipe2(p, O_CLOEXEC) == -1)
		bail("pipe2");
	ok(term_open(&t, p[1], true, 0, 0) == 0 && !t.tty && !t.cursor &&
		t.width == 80 && t.height == 25 && term_ours(&t),
	    "a pipe is no terminal, and always ours");
	term_line(&t, "one\033[K\b");
	term_line(&t, "\u00e4\xff");
	term_rows(&t, rows, 3);
	term_title(&t, "title");
	term_clear(&t);
	term_finish(&t);
	same(got(p[0]), "one.[K.\n\u00e4?\na\nb.\nc\n",
	    "it gets lines, and no control characters");
	t.width = 2;
	term_line(&t, "wide");
	same(got(p[0]), "wide\n", "which have no width");
	alarm(5);
	while (term_line(&t, "0123456789") && lines < 100000)
		lines++;
	ok(lines > 300 && lines < 100000, "a full pipe is not waited for");
	term_finish(&t);
	ok(strlen(got(p[0])) % 11 == 0, "it has got whole lines");
	term_finish(&t);
	same(got(p[0]), "", "what was too late is not written later");
	close(p[0]);
	ok(!term_line(&t, "x"), "a broken one is no line");
	term_finish(&t);
	alarm(0);
	term_close(&t);
	ok(fcntl(p[1], F_GETFD) != -1, "it is not closed");
	close(p[1]);
	errno = 0;
	ok(term_open(&t, p[1], false, 0, 0) == -1 && errno == EBADF,
	    "what is not open is EBADF");
	term_close(&t);
}

/* ---- rows ------------------------------------------------------------- */

static void
test_rows(void)
{
	static const char *const text[] = { "r0", "r1 is longer",
		"r2 as wide as this.........", "r3", "r4", "r5", "r6" };
	static const char *const other[] = { "x", "y" };
	struct pair p = new_pair();
	struct screen s;
	struct term t;

	screen_reset(&s);
	term_open(&t, p.slave, false, 0, 0);
	term_line(&t, "a long line");
	screen_read(&s, seen(&p));
	term_rows(&t, text, 2);
	screen_read(&s, seen(&p));
	shows(&s, (const char *const[HIGH]){ "r0", "r1 is longer" },
	    "rows take the place of a line");
	term_rows(&t, text, 3);
	screen_read(&s, seen(&p));
	shows(&s,
	    (const char *const[HIGH]){ "r0", "r1 is longer",
		"r2 as wide as this.." },
	    "they grow");
	term_rows(&t, text, 3);
	screen_read(&s, seen(&p));
	shows(&s,
	    (const char *const[HIGH]){ "r0", "r1 is longer",
		"r2 as wide as this.." },
	    "and stay where they are");
	term_rows(&t, other, 2);
	screen_read(&s, seen(&p));
	shows(&s, (const char *const[HIGH]){ "x", "y" }, "and shrink");
	term_rows(&t, text, 7);
	screen_read(&s, seen(&p));
	ok(s.scrolled == 0 && s.row == HIGH - 2 && reads(&s, 4, "r4") &&
		reads(&s, 5, ""),
	    "never more than the terminal has, but one");
	term_rows(&t, other, 1);
	screen_read(&s, seen(&p));
	shows(&s, (const char *const[HIGH]){ "x" }, "down to one");
	term_rows(&t, text, 2);
	term_clear(&t);
	screen_read(&s, seen(&p));
	shows(&s, (const char *const[HIGH]){ NULL }, "all are cleared");
	term_rows(&t, text, 2);
	term_rows(&t, text, 0);
	term_finish(&t);
	screen_read(&s, seen(&p));
	ok(reads(&s, 0, "") && reads(&s, 1, "") && s.row == 0,
	    "none at all is an empty picture");
	term_rows(&t, other, 2);
	term_finish(&t);
	screen_read(&s, seen(&p));
	ok(reads(&s, 1, "y") && s.row == 2 && s.column == 0,
	    "the newline comes below the last");
	for (int i = 0; i < 3; i++)
		term_line(&t, "01234567890123456789");
	screen_read(&s, seen(&p));
	ok(reads(&s, 2, "01234567890123456789") && s.row == 2,
	    "a line as wide as the terminal stays in its row");
	term_close(&t);
	close_pair(p);
}

/* ---- never blocking --------------------------------------------------- */

static void
test_stopped(void)
{
	struct pair p = new_pair();
	struct timespec then;
	struct term t;
	long took;

	alarm(10);
	term_open(&t, p.slave, false, 0, 0);
	term_line(&t, "before");
	seen(&p);
	tcflow(p.slave, TCOOFF);
	clock_gettime(CLOCK_MONOTONIC, &then);
	ok(!term_line(&t, "stopped") && ms_since(&then) < 50,
	    "a stopped terminal is not waited for");
	term_clear(&t);
	term_title(&t, "x");
	ok(ms_since(&then) < 100, "by nobody");
	clock_gettime(CLOCK_MONOTONIC, &then);
	term_finish(&t);
	took = ms_since(&then);
	ok(took >= 80 && took < 400, "but 100 ms at the end");
	tcflow(p.slave, TCOON);
	same(seen(&p), "", "what was too late is dropped");
	term_line(&t, "again");
	same(seen(&p), "\ragain", "then it goes on");
	tcflow(p.slave, TCOOFF);
	term_line(&t, "the last one");
	tcflow(p.slave, TCOON);
	term_finish(&t);
	same(seen(&p), "\rthe last one\r\n",
	    "the last line is tried once more at the end");
	term_close(&t);
	alarm(0);
	close_pair(p);
}

/* Nobody reads: the kernel's buffers fill up, in the middle of a line. */
static void
test_full(void)
{
	struct pair p = new_pair();
	struct screen s;
	struct term t;
	int n = 0;

	alarm(10);
	screen_reset(&s);
	term_open(&t, p.slave, false, 0, 0);
	while (n < 100000 && term_line(&t, "\033[1m0123456789\033[0m"))
		n++;
	ok(n > 10 && n < 100000, "a full terminal is not waited for");
	screen_read(&s, seen(&p));
	ok(term_line(&t, "next"), "when it is empty again it goes on");
	screen_read(&s, seen(&p));
	shows(&s, (const char *const[HIGH]){ "next" },
	    "and what was cut is ended before");
	close(p.master);
	ok(!term_line(&t, "x"), "one that has hung up is no line");
	term_finish(&t);
	alarm(0);
	term_close(&t);
	close(p.slave);
}

/* ---- the foreground --------------------------------------------------- */

/* 0: all as it should be; else the number of what was not. */
static int
foreground_child(const struct pair *p)
{
	struct term t;
	pid_t pid;

	signal(SIGTTOU, SIG_IGN);
	if (setsid() == -1 || ioctl(p->slave, TIOCSCTTY, 0) == -1)
		return 1;
	if (term_open(&t, p->slave, false, 0, 0) == -1)
		return 2;
	if (!term_ours(&t))
		return 3;
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	setpgid(pid, pid);
	tcsetpgrp(p->slave, pid);
	if (term_ours(&t))
		return 4;
	t.tty = false;
	if (term_ours(&t))
		return 5;
	t.tty = true;
	term_line(&t, "x");
	seen(p);
	term_finish(&t);
	if (seen(p)[0] != '\0')
		return 6;
	tcsetpgrp(p->slave, getpgrp());
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (!term_ours(&t))
		return 7;
	term_close(&t);
	return 0;
}

static void
test_foreground(void)
{
	struct pair p = new_pair();
	struct term t;
	int status = -1;
	pid_t pid;

	term_open(&t, p.slave, false, 0, 0);
	ok(term_ours(&t), "a terminal that is not our controlling one is ours");
	term_close(&t);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(foreground_child(&p));
	waitpid(pid, &status, 0);
	if (!ok(status == 0, "another one only in the foreground"))
		printf("#   status %#x\n", (unsigned)status);
	close_pair(p);
}

/* ---- sharing ---------------------------------------------------------- */

/* A process that draws when it is told to, and says when it has. */
struct artist {
	pid_t pid;
	int ask, told;
};

static char
perform(struct term *t, char what)
{
	char text[64];

	switch (what) {
	case 'F':
		term_finish(t);
		return 'y';
	case 'M':
		term_clear(t);
		return 'y';
	case 'P':
		term_print(t, "0123456789012345678901234567890123456789");
		return 'y';
	case 'T':
		term_title(t, "");
		return 'y';
	case 'W':
		return term_line(t, "wwwwwwwwwwwwwwwwwwwwwwwww") ? 'y' : 'n';
	default:
		snprintf(text, sizeof(text), "%c of %c", what, what);
		return term_line(t, text) ? 'y' : 'n';
	}
}

static struct artist
new_artist(const struct pair *p)
{
	int ask[2], told[2];
	struct artist a;
	struct term t;
	char c;

	if (pipe2(ask, O_CLOEXEC) == -1 || pipe2(told, O_CLOEXEC) == -1)
		bail("pipe2");
	fflush(stdout);
	a.pid = fork();
	if (a.pid == 0) {
		close(ask[1]);
		close(told[0]);
		if (term_open(&t, p->slave, true, 0, 0) == -1)
			_exit(1);
		/* others have the other end as well: there is no end of file */
		while (read(ask[0], &c, 1) == 1 && c != 'X') {
			c = perform(&t, c);
			if (write(told[1], &c, 1) != 1)
				break;
		}
		term_close(&t);
		_exit(0);
	}
	close(ask[0]);
	close(told[1]);
	a.ask = ask[1];
	a.told = told[0];
	return a;
}

static bool
ask(struct artist *a, char what)
{
	char c = 'n';

	return write(a->ask, &what, 1) == 1 && read(a->told, &c, 1) == 1 &&
	    c == 'y';
}

static void
end_artist(struct artist *a, int sig)
{
	if (sig != 0)
		kill(a->pid, sig);
	else if (write(a->ask, "X", 1) != 1)
		bail("write");
	close(a->ask);
	close(a->told);
	waitpid(a->pid, NULL, 0);
}

static int
files_left(void)
{
	char path[PATH_MAX];
	struct dirent *e;
	int n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s/zpipe", home);
	d = opendir(path);
	if (d == NULL)
		return -1;
	while ((e = readdir(d)) != NULL)
		n += strncmp(e->d_name, "tty-", 4) == 0;
	closedir(d);
	return n;
}

static void
test_shared(void)
{
	struct pair p = new_pair();
	struct artist a = new_artist(&p), b = new_artist(&p), c;
	struct screen s;

	alarm(10);
	screen_reset(&s);
	ok(ask(&a, 'a') && ask(&b, 'b') && ask(&a, 'A') && ask(&b, 'W'),
	    "two processes draw");
	screen_read(&s, seen(&p));
	shows(&s, (const char *const[HIGH]){ "A of A", "wwwwwwwwwwwwwwwwwwww" },
	    "each has a row of its own");
	ok(s.row == 2 && s.column == 0, "and the cursor rests below");
	ask(&b, 'B');
	ask(&a, 'F');
	ask(&b, 'e');
	screen_read(&s, seen(&p));
	shows(&s, (const char *const[HIGH]){ "A of A", "e of e" },
	    "the row of the finished one stays");
	c = new_artist(&p);
	ask(&c, 'c');
	ask(&b, 'M');
	screen_read(&s, seen(&p));
	screen_read(&s, "message\r\n");
	ask(&b, 'm');
	ask(&a, 'n');
	ask(&c, 'o');
	screen_read(&s, seen(&p));
	shows(&s,
	    (const char *const[HIGH]){ "A of A", "m of m", "o of o", "message",
		"n of n" },
	    "a message and one more row come below");
	ok(s.row == 5 && s.scrolled == 0, "so does the cursor");
	ask(&a, 'F');
	ask(&a, 'r');
	ask(&c, 'p');
	ask(&b, 'q');
	screen_read(&s, seen(&p));
	shows(&s,
	    (const char *const[HIGH]){ "q of q", "p of p", "message", "n of n",
		"r of r" },
	    "at the bottom the picture scrolls");
	ask(&a, 'F');
	ask(&a, 's');
	ask(&c, 't');
	ask(&b, 'u');
	screen_read(&s, seen(&p));
	shows(&s,
	    (const char *const[HIGH]){ "t of t", "message", "n of n", "r of r",
		"s of s" },
	    "a row that has left the screen is not drawn");
	ok(files_left() == 1, "they share a file");
	ask(&a, 'F');
	ask(&b, 'F');
	end_artist(&a, 0);
	end_artist(&c, 0);
	end_artist(&b, 0);
	same(seen(&p), "", "nobody adds a newline");
	ok(files_left() == 0, "the last one removes it");
	alarm(0);
	close_pair(p);
}

static void
test_dead(void)
{
	struct pair p = new_pair();
	struct artist a = new_artist(&p), b = new_artist(&p);
	struct screen s;

	alarm(10);
	ask(&a, 'a');
	ask(&b, 'b');
	end_artist(&a, SIGKILL);
	end_artist(&b, SIGKILL);
	ok(files_left() == 1, "who is killed leaves the file");
	seen(&p);
	a = new_artist(&p);
	screen_reset(&s);
	ask(&a, 'a');
	screen_read(&s, seen(&p));
	ok(reads(&s, 0, "a of a") && s.row == 1, "it is history then");
	b = new_artist(&p);
	ask(&b, 'b');
	end_artist(&b, SIGKILL);
	ask(&a, 'c');
	screen_read(&s, seen(&p));
	shows(&s, (const char *const[HIGH]){ "c of c", "b of b" },
	    "one that lives keeps it");
	end_artist(&a, 0);
	ok(files_left() == 0, "and takes it away");
	alarm(0);
	close_pair(p);
}

static void
test_shared_stopped(void)
{
	struct pair p = new_pair();
	struct artist a = new_artist(&p), b = new_artist(&p);
	struct timespec then;
	struct screen s;
	int i;

	alarm(10);
	screen_reset(&s);
	tcflow(p.slave, TCOOFF);
	clock_gettime(CLOCK_MONOTONIC, &then);
	ok(!ask(&a, 'a') && !ask(&b, 'b') && ms_since(&then) < 100,
	    "a stopped terminal is not shared, nor waited for");
	tcflow(p.slave, TCOON);
	ok(ask(&b, 'b') && ask(&a, 'a'), "until it goes on");
	screen_read(&s, seen(&p));
	/* the kernel may yet make room when the first one has found none */
	for (i = 0; i < 100000 && (ask(&a, 'W') || ask(&b, 'W')); i++)
		continue;
	ok(i > 10 && i < 100000, "nor is a full one");
	screen_read(&s, seen(&p));
	ask(&a, 'd');
	ask(&b, 'e');
	screen_read(&s, seen(&p));
	shows(&s, (const char *const[HIGH]){ "e of e", "d of d" },
	    "what was cut is ended before another one draws");
	end_artist(&a, 0);
	end_artist(&b, 0);
	alarm(0);
	close_pair(p);
}

/* They are not told when: many drawings at the same time. */
static void
test_together(void)
{
	struct pair p = new_pair();
	struct screen s;
	pid_t pids[3];
	int status, good = 0;

	alarm(10);
	screen_reset(&s);
	fflush(stdout);
	for (int i = 0; i < 3; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			char text[32];
			struct term t;

			term_open(&t, p.slave, true, 0, 0);
			for (int k = 0; k <= 20; k++) {
				snprintf(text, sizeof(text), "%d: %*d", i,
				    1 + k % 3, k);
				term_line(&t, text);
			}
			snprintf(text, sizeof(text), "%d: done", i);
			term_line(&t, text);
			term_finish(&t);
			term_close(&t);
			_exit(0);
		}
	}
	for (int i = 0; i < 3; i++)
		waitpid(pids[i], &status, 0);
	screen_read(&s, seen(&p));
	for (int i = 0; i < 3; i++) {
		char text[32];

		snprintf(text, sizeof(text), "%d: done", i);
		for (int row = 0; row < HIGH; row++)
			good += reads(&s, row, text);
	}
	ok(good == 3 && !s.odd, "three at once do not overlap");
	ok(files_left() == 0, "and leave nothing behind");
	alarm(0);
	close_pair(p);
}

static void
test_alone(void)
{
	struct pair p = new_pair();
	struct term t;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/zpipe", home);
	chmod(path, 0755);
	term_open(&t, p.slave, true, 0, 0);
	term_line(&t, "x");
	term_line(&t, "y");
	term_finish(&t);
	same(seen(&p), "\rx\ry\r\n",
	    "without a directory it draws as if alone");
	term_close(&t);
	chmod(path, 0700);
	close_pair(p);
}

/* ---- somebody else has it --------------------------------------------- */

static void
set_mode(const struct pair *p, tcflag_t off)
{
	struct termios mode;

	if (tcgetattr(p->slave, &mode) == -1)
		bail("tcgetattr");
	mode.c_lflag = (mode.c_lflag | ECHO | ICANON) & ~off;
	if (tcsetattr(p->slave, TCSANOW, &mode) == -1)
		bail("tcsetattr");
}

static void
others_write(const struct pair *p, const char *text)
{
	if (write(p->slave, text, strlen(text)) != (ssize_t)strlen(text))
		bail("write");
}

/* They write this with that mode off; then a line is drawn. */
static void
interrupt(const struct pair *p, struct term *t, tcflag_t off, const char *text)
{
	set_mode(p, off);
	ok(!term_ours(t), "without %s it is not ours",
	    off == ECHO ? "ECHO" : "ICANON");
	others_write(p, text);
	set_mode(p, 0);
	ok(term_ours(t) && term_line(t, "next"), "then it is again");
}

static void
test_taken(void)
{
	static const char *const rows[] = { "r0", "r1" };
	struct pair p = new_pair();
	struct screen s;
	struct term t;

	screen_reset(&s);
	term_open(&t, p.slave, false, 0, 0);
	term_line(&t, "mine");
	interrupt(&p, &t, ECHO, " Password: ");
	screen_read(&s, seen(&p));
	shows(&s, (const char *const[HIGH]){ "mine Password: ", "next" },
	    "what others wrote stays");
	interrupt(&p, &t, ICANON, "\r\nmenu\r\n");
	screen_read(&s, seen(&p));
	shows(&s,
	    (const char *const[HIGH]){ "mine Password: ", "next", "menu",
		"next" },
	    "and no row stays empty");
	ok(s.row == 3, "the cursor is in the new one");
	term_line(&t, "more");
	screen_read(&s, seen(&p));
	ok(reads(&s, 3, "more"), "where it goes on");
	term_rows(&t, rows, 2);
	interrupt(&p, &t, ECHO, "x");
	screen_read(&s, seen(&p));
	shows(&s,
	    (const char *const[HIGH]){ "mine Password: ", "next", "menu", "r0",
		"r1x", "next" },
	    "nor is anything above the cursor touched");
	set_mode(&p, ECHO);
	term_finish(&t);
	same(seen(&p), "", "while it is theirs, it gets no newline");
	t.force = true;
	ok(term_ours(&t), "by force it is ours");
	term_line(&t, "f");
	ok(strchr(seen(&p), 'f') != NULL, "and drawn on");
	term_close(&t);
	close_pair(p);
}

static void
test_taken_shared(void)
{
	struct pair p = new_pair();
	struct screen s;
	struct term a, b;

	screen_reset(&s);
	term_open(&a, p.slave, true, 0, 0);
	term_open(&b, p.slave, true, 0, 0);
	term_line(&a, "a");
	term_line(&b, "b");
	set_mode(&p, ECHO);
	ok(!term_ours(&a) && !term_ours(&b), "it is not ours to share");
	others_write(&p, "Password: ");
	set_mode(&p, 0);
	ok(term_ours(&a) && term_line(&a, "a again") && term_ours(&b) &&
		term_line(&b, "b again"),
	    "then it is");
	screen_read(&s, seen(&p));
	shows(&s,
	    (const char *const[HIGH]){ "a", "b", "Password: ", "a again",
		"b again" },
	    "what others wrote stays among the rows");
	term_finish(&a);
	term_finish(&b);
	term_close(&a);
	term_close(&b);
	ok(files_left() == 0, "and no file stays");
	close_pair(p);
}

static void
test_yield(void)
{
	struct pair p = new_pair();
	struct screen s;
	struct term t;

	screen_reset(&s);
	term_open(&t, p.slave, false, 0, 0);
	term_line(&t, "mine");
	term_progress(&t, 5);
	seen(&p);
	term_yield(&t);
	same(seen(&p), "\033]9;4;0;0\033\\",
	    "who is stopped leaves no progress behind");
	screen_read(&s, "mine^Z");
	term_line(&t, "next");
	screen_read(&s, seen(&p));
	shows(&s, (const char *const[HIGH]){ "mine^Z", "next" },
	    "and goes on in another row");
	term_close(&t);
	close_pair(p);
}

/* ---- more than a line ------------------------------------------------- */

static void
test_print(void)
{
	struct pair p = new_pair();
	struct artist a, b;
	struct screen s;
	struct term t;

	alarm(10);
	screen_reset(&s);
	term_open(&t, p.slave, false, 8, 0);
	term_line(&t, "line");
	term_print(&t, "0123456789\033[m01234567890123456789");
	term_finish(&t);
	screen_read(&s, seen(&p));
	shows(&s,
	    (const char *const[HIGH]){ "line", "01234567890123456789",
		"0123456789" },
	    "a text is wrapped and not cut, whatever the width of a line");
	ok(s.row == 3 && s.column == 0, "and has a newline");
	term_close(&t);
	screen_reset(&s);
	a = new_artist(&p);
	b = new_artist(&p);
	ask(&a, 'a');
	ask(&b, 'b');
	ask(&a, 'P');
	ask(&a, 'c');
	ask(&a, 'F');
	ask(&b, 'd');
	screen_read(&s, seen(&p));
	shows(&s,
	    (const char *const[HIGH]){ "c of c", "d of d",
		"01234567890123456789", "01234567890123456789" },
	    "it comes below the rows of a shared terminal");
	ok(s.row == 4 && s.column == 0, "and so does the cursor");
	end_artist(&a, 0);
	end_artist(&b, 0);
	alarm(0);
	close_pair(p);
}

static void
test_progress(void)
{
	struct pair p = new_pair();
	struct term t;
	int pipes[2];

	term_open(&t, p.slave, false, 0, 0);
	term_progress(&t, 42);
	same(seen(&p), "\033]9;4;1;42\033\\", "progress, in percent");
	term_progress(&t, -1);
	same(seen(&p), "\033]9;4;3;0\033\\", "or without an end");
	set_mode(&p, ECHO);
	ok(!term_ours(&t), "others have it");
	term_finish(&t);
	same(seen(&p), "\033]9;4;0;0\033\\", "the end removes it even then");
	set_mode(&p, 0);
	term_finish(&t);
	same(seen(&p), "", "once");
	term_progress(&t, 1);
	seen(&p);
	term_close(&t);
	same(seen(&p), "\033]9;4;0;0\033\\", "closing removes it, too");
	close_pair(p);
	if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK) == -1)
		bail("pipe2");
	term_open(&t, pipes[1], false, 0, 0);
	term_progress(&t, 42);
	term_finish(&t);
	term_close(&t);
	same(got(pipes[0]), "", "a pipe gets none of it");
	close(pipes[0]);
	close(pipes[1]);
}

/* With tostop, who writes from the background would be stopped. */
static int
background_child(const struct pair *p)
{
	struct term t;
	pid_t pid;
	int status;

	if (setsid() == -1 || ioctl(p->slave, TIOCSCTTY, 0) == -1)
		return 1;
	set_mode(p, 0);
	{
		struct termios mode;

		tcgetattr(p->slave, &mode);
		mode.c_lflag |= TOSTOP;
		tcsetattr(p->slave, TCSANOW, &mode);
	}
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		if (term_open(&t, p->slave, false, 0, 0) == -1)
			_exit(2);
		if (term_ours(&t))
			_exit(3);
		t.force = true;
		if (!term_ours(&t) || !term_line(&t, "forced"))
			_exit(4);
		term_print(&t, "printed");
		term_finish(&t);
		term_close(&t);
		_exit(0);
	}
	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFEXITED(status))
		return 5;
	return WEXITSTATUS(status);
}

static void
test_background(void)
{
	struct pair p = new_pair();
	int status = -1;
	pid_t pid;

	fflush(stdout);
	alarm(10);
	pid = fork();
	if (pid == 0)
		_exit(background_child(&p));
	waitpid(pid, &status, 0);
	alarm(0);
	if (!ok(status == 0, "by force it draws from the background"))
		printf("#   status %#x\n", (unsigned)status);
	same(got(p.master), "                    \r\rforced\r\n\rprinted\r\n",
	    "in spite of tostop");
	close_pair(p);
}

int
main(void)
{
	char path[PATH_MAX];

	if (setlocale(LC_ALL, "C.UTF-8") == NULL)
		bail("setlocale");
	if (mkdtemp(home) == NULL)
		bail("mkdtemp");
	setenv("XDG_RUNTIME_DIR", home, 1);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	test_line();
	test_size();
	test_title();
	test_pipe();
	test_rows();
	test_stopped();
	test_full();
	test_foreground();
	test_shared();
	test_dead();
	test_shared_stopped();
	test_together();
	test_alone();
	test_taken();
	test_taken_shared();
	test_yield();
	test_print();
	test_progress();
	test_background();
	snprintf(path, sizeof(path), "%s/zpipe", home);
	rmdir(path);
	rmdir(home);
	return tap_done();
}
