/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include "msg/msg.h"
#include "base/retry.h"

enum {
	NAME = 8192,              /* room for a quoted path (PATH_MAX) */
	LINE = 16384,             /* for a message */
	SPELLED = MB_LEN_MAX + 1, /* for a character or an escape */
};

/* The length of the character at s if it is printable, or 0. */
static size_t
printable(const char *s)
{
	mbstate_t state = { 0 };
	wchar_t c;
	size_t n = mbrtowc(&c, s, strlen(s), &state);

	return n > 0 && n <= MB_LEN_MAX && iswprint((wint_t)c) ? n : 0;
}

/*
 * Copies the character at s if it is printable (*plain), or an escape for its
 * first byte, as in C and in $'...'. Returns how many bytes of s that took.
 */
static size_t
spell(const char *s, char text[SPELLED], bool *plain)
{
	static const char letters[] = "\a\b\t\n\v\f\r", names[] = "abtnvfr";
	const char *at = strchr(letters, *s);
	size_t n = printable(s);

	*plain = n > 0;
	if (n > 0)
		snprintf(text, SPELLED, "%.*s", (int)n, s);
	else if (at != NULL)
		snprintf(text, SPELLED, "\\%c", names[at - letters]);
	else
		snprintf(text, SPELLED, "\\%03o", (unsigned char)*s);
	return n > 0 ? n : 1;
}

const char *
msg_quote(const char *name, char *text, size_t size)
{
	char code[SPELLED];
	bool plain = *name != '\0', escaped = false;

	for (const char *s = name; *s != '\0' && plain;)
		s += spell(s, code, &plain);
	if (plain) {
		strlcpy(text, name, size);
		return text;
	}
	strlcpy(text, "'", size);
	for (const char *s = name; *s != '\0';) {
		s += spell(s, code, &plain);
		if (plain == escaped)
			strlcat(text, escaped ? "''" : "'$'", size);
		escaped = !plain;
		strlcat(text, strcmp(code, "'") == 0 ? "'\\''" : code, size);
	}
	strlcat(text, "'", size);
	return text;
}

/* Appends the text to a line. Returns the new length. */
static size_t
append(char line[LINE], size_t len, const char *text)
{
	char code[SPELLED];
	bool plain;

	for (const char *s = text; *s != '\0';) {
		s += spell(s, code, &plain);
		if (len + strlen(code) + 2 > LINE)
			break;
		len += strlcpy(line + len, code, LINE - len);
	}
	return len;
}

/*
 * One write(2), so that lines of several processes do not mix. With tostop
 * (stty(1)) a write from the background raises SIGTTOU; if that is caught, for
 * a display, the write would fail (EINTR) and the message would be lost.
 */
static void
write_line(const char *line, size_t len)
{
	struct sigaction ttou;
	sigset_t block, before;
	bool caught = sigaction(SIGTTOU, NULL, &ttou) == 0 &&
	    ttou.sa_handler != SIG_DFL;
	ssize_t n;

	sigemptyset(&block);
	sigaddset(&block, SIGTTOU);
	if (caught)
		sigprocmask(SIG_BLOCK, &block, &before);
	while (len > 0) {
		n = write(STDERR_FILENO, line, len);
		if (n == -1 && !retry(n))
			break;
		if (n > 0) {
			line += n;
			len -= (size_t)n;
		}
	}
	if (caught)
		sigprocmask(SIG_SETMASK, &before, NULL);
}

static int sum; /* the exit status so far */

void
msg_add(int status)
{
	sum |= status;
}

int
msg_status(void)
{
	return sum;
}

void
msg_vtext(enum status status, const char *name, const char *fmt, va_list ap)
{
	char line[LINE], text[LINE], quoted[NAME];
	int saved = errno;
	size_t len;

	msg_add((int)status);
	vsnprintf(text, sizeof(text), fmt, ap);
	/* not in main(): only messages and the display need a locale */
	setlocale(LC_CTYPE, "");
	len = append(line, 0, program_invocation_short_name);
	len = append(line, len, ": ");
	if (name != NULL) {
		len = append(line, len, msg_quote(name, quoted, NAME));
		len = append(line, len, ": ");
	}
	len = append(line, len, text);
	line[len++] = '\n';
	write_line(line, len);
	errno = saved;
}

void
msg_text(enum status status, const char *name, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	msg_vtext(status, name, fmt, ap);
	va_end(ap);
}

void
msg_errno(enum status status, const char *name)
{
	msg_text(status, name, "%s", strerror(errno));
}
