/* SPDX-License-Identifier: ISC */
/*
 * Messages: one line and one write(2) each, with nothing in it that a terminal
 * would obey, within their limits whatever they are given, and errno as it was.
 */
#include "config.h"

#include <sys/syscall.h>

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "msg/msg.h"
#include "tests/lib/tap.h"

/* What is written to stderr ends here. */
static char line[65536];
static size_t line_len, takes = SIZE_MAX;
static unsigned writes;
static int refuse_write;
static bool blocked;

ssize_t
write(int fd, const void *p, size_t n)
{
	sigset_t now;

	if (fd != STDERR_FILENO)
		return syscall(SYS_write, fd, p, n);
	writes++;
	sigprocmask(SIG_BLOCK, NULL, &now);
	blocked = sigismember(&now, SIGTTOU) == 1;
	if (refuse_write != 0) {
		errno = refuse_write;
		return -1;
	}
	n = n < takes ? n : takes;
	memcpy(line + line_len, p, n);
	line_len += n;
	line[line_len] = '\0';
	return (ssize_t)n;
}

static void
clear(void)
{
	line_len = writes = 0;
	line[0] = '\0';
}

static bool
printed(const char *want)
{
	bool same = strcmp(line, want) == 0;

	if (!same)
		printf("# printed: %s\n", line);
	return same;
}

struct quote {
	const char *name, *want, *what;
};

static void
quotes(const struct quote *q, size_t n)
{
	char text[256];

	for (size_t i = 0; i < n; i++) {
		msg_quote(q[i].name, text, sizeof(text));
		if (!ok(strcmp(text, q[i].want) == 0, "%s", q[i].what))
			printf("# %s\n", text);
	}
}

static void
test_quotes(void)
{
	static const struct quote ascii[] = {
		{ "a b.img", "a b.img", "a printable name stays as it is" },
		{ "it's", "it's", "even with a quote in it" },
		{ "", "''", "an empty name can be seen" },
		{ "\033", "''$'\\033'", "a control character is an escape" },
		{ "a\033[1mb", "'a'$'\\033''[1mb'", "in the middle, too" },
		{ "a\n\tb", "'a'$'\\n\\t''b'", "two in a row share quotes" },
		{ "\177", "''$'\\177'", "DEL is one of them" },
		{ "it's\r", "'it'\\''s'$'\\r'", "a quote ends the quotes" },
		{ "'\n'", "''\\'''$'\\n'''\\'''", "at either end as well" },
		{ "\303\251", "''$'\\303\\251'",
		    "C knows no letters but ASCII" },
	};
	static const struct quote utf8[] = {
		{ "\303\251", "\303\251", "UTF-8 knows more letters" },
		{ "\303\251\n", "'\303\251'$'\\n'",
		    "and keeps them in quotes" },
		{ "\303", "''$'\\303'", "half a letter is an escape" },
		{ "a\377b", "'a'$'\\377''b'", "so is a byte of no letter" },
		{ "\355\240\200", "''$'\\355\\240\\200'", "and a surrogate" },
		{ "\300\257", "''$'\\300\\257'", "and a / that is too long" },
		{ "\302\233", "''$'\\302\\233'", "and a C1 control (CSI)" },
		{ "\342\200\250", "''$'\\342\\200\\250'",
		    "and a line separator" },
	};

	quotes(ascii, sizeof(ascii) / sizeof(ascii[0]));
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		skip("names in UTF-8", "there is no C.UTF-8 locale");
	else
		quotes(utf8, sizeof(utf8) / sizeof(utf8[0]));
	setlocale(LC_CTYPE, "C");
}

/* Whatever the room, the text is within it, and a beginning of the whole. */
static bool
fits(const char *name)
{
	char all[256], text[256];
	size_t len;

	msg_quote(name, all, sizeof(all));
	len = strlen(all);
	for (size_t size = 1; size <= len + 2; size++) {
		size_t want = len < size ? len : size - 1;

		memset(text, 'X', sizeof(text));
		msg_quote(name, text, size);
		if (memcmp(text, all, want) != 0 || text[want] != '\0')
			return false;
		for (size_t i = size; i < sizeof(text); i++)
			if (text[i] != 'X')
				return false;
	}
	return true;
}

static void
test_room(void)
{
	ok(fits("plain"), "a plain name is cut where the room ends");
	ok(fits("it's\033[1m\n"), "so is a quoted one");
	ok(fits(""), "and an empty one");
}

static void
test_lines(void)
{
	clear();
	errno = ENOENT;
	msg_errno(STATUS_NONE, "x");
	ok(printed("zpipe: x: No such file or directory\n") && writes == 1,
	    "an error is a line, written at once");
	ok(errno == ENOENT, "and errno is kept");
	clear();
	errno = EBUSY;
	msg_text(STATUS_NONE, NULL, "%d of %s", 3, "4");
	ok(printed("zpipe: 3 of 4\n") && writes == 1 && errno == EBUSY,
	    "a text has no name, if none is given");
	clear();
	msg_text(STATUS_NONE, "a\nb", "%s", "c\033[1md\ne\200");
	ok(printed("zpipe: 'a'$'\\n''b': c\\033[1md\\ne\\200\n"),
	    "no control character is printed of the name or the text");
	clear();
	msg_text(STATUS_NONE, "", "gone");
	ok(printed("zpipe: '': gone\n"), "an empty name is printed");
	clear();
	takes = 5;
	msg_text(STATUS_NONE, "x", "cut short");
	takes = SIZE_MAX;
	ok(printed("zpipe: x: cut short\n") && writes == 4,
	    "what write(2) did not take is written again");
	clear();
	refuse_write = EIO;
	errno = ENOENT;
	msg_text(STATUS_NONE, "x", "lost");
	msg_errno(STATUS_NONE, "x");
	refuse_write = 0;
	ok(writes == 2 && errno == ENOENT,
	    "where nothing can be written it is tried once, and errno is kept");
}

/* n times c, and a NUL. */
static char *
long_text(size_t n, char c)
{
	char *s = malloc(n + 1);

	if (s == NULL)
		bail("malloc");
	memset(s, c, n);
	s[n] = '\0';
	return s;
}

/* It is one line and one write, and begins so. */
static bool
one_line(const char *begin)
{
	return writes == 1 && line_len > 0 && line[line_len - 1] == '\n' &&
	    memchr(line, '\n', line_len - 1) == NULL &&
	    strncmp(line, begin, strlen(begin)) == 0;
}

static void
test_long(void)
{
	char *path = long_text(PATH_MAX - 1, 'p');
	char *escapes = long_text(100000, '\033');
	char *text = long_text(100000, 't');

	clear();
	msg_text(STATUS_NONE, path, "is long");
	ok(one_line("zpipe: ppp") && strstr(line, "p: is long\n") != NULL,
	    "the longest path is printed whole");
	clear();
	msg_text(STATUS_NONE, escapes, "is long");
	ok(one_line("zpipe: ''$'\\033") && strstr(line, ": is long\n") != NULL,
	    "a name that is too long is cut, and its text is not");
	clear();
	msg_text(STATUS_NONE, "x", "%s", text);
	ok(one_line("zpipe: x: ttt") && line_len <= 16384,
	    "a text that is too long is cut, and ends its line");
	clear();
	msg_text(STATUS_NONE, "x", "%s", escapes);
	ok(one_line("zpipe: x: \\033\\033") && line_len <= 16384 &&
		strcmp(line + line_len - 5, "\\033\n") == 0,
	    "but not in the middle of an escape");
	free(path);
	free(escapes);
	free(text);
}

static void
on_signal(int sig)
{
	(void)sig;
}

static void
test_background(void)
{
	sigset_t now;

	clear();
	msg_text(STATUS_NONE, "x", "y");
	ok(!blocked, "SIGTTOU stops us as it does others");
	signal(SIGTTOU, on_signal);
	msg_text(STATUS_NONE, "x", "y");
	ok(blocked, "one that is caught does not interrupt the message");
	sigprocmask(SIG_BLOCK, NULL, &now);
	ok(sigismember(&now, SIGTTOU) == 0, "and is not blocked afterwards");
	signal(SIGTTOU, SIG_DFL);
}

static void
test_status(void)
{
	bool none = msg_status() == 0;

	msg_text(STATUS_OPEN, "a", "b");
	errno = EIO;
	msg_errno(STATUS_MOVE, "a");
	msg_errno(STATUS_MOVE, "a");
	ok(none && msg_status() == (STATUS_OPEN | STATUS_MOVE),
	    "the status is what the messages add up to, each bit once");
	msg_add(STATUS_SIGNAL);
	ok(msg_status() == (STATUS_OPEN | STATUS_MOVE | STATUS_SIGNAL),
	    "some of it comes without a message");
}

int
main(void)
{
	setenv("LC_ALL", "C", 1);
	program_invocation_short_name = (char *)(uintptr_t) "zpipe";
	test_quotes();
	test_room();
	test_lines();
	test_long();
	test_background();
	test_status();
	return tap_done();
}
