/* SPDX-License-Identifier: ISC */
/*
 * msg: the only place that prints messages to stderr. A message is one line,
 * "zpipe: NAME: TEXT", written at once. NAME is quoted as GNU programs quote
 * file names. Characters of TEXT that the locale cannot print become escapes
 * (\033), so that no control character reaches the terminal. Each function
 * takes what it adds to the exit status, and keeps errno.
 */
#ifndef MSG_MSG_H
#define MSG_MSG_H

#include <stdarg.h>
#include <stddef.h>

/* The exit status is a set of these bits, which are pv's. */
enum status {
	STATUS_NONE = 0,
	STATUS_USAGE = 1,
	STATUS_OPEN = 2, /* an input could not be opened */
	STATUS_SAME = 4, /* an input is also the output */
	STATUS_CLOSE = 8,
	STATUS_MOVE = 16, /* reading or writing failed */
	STATUS_SIGNAL = 32,
	STATUS_MEMORY = 64,
};

/* TEXT is that of strerror(3). */
void msg_errno(enum status, const char *name);

/* TEXT is formatted; without NAME if it is NULL. */
void msg_text(enum status, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void msg_vtext(enum status, const char *name, const char *fmt, va_list)
    __attribute__((format(printf, 3, 0)));

/* Adds bits to the exit status without a message; the status so far. */
void msg_add(int status);
int msg_status(void);

/*
 * Quotes a name for a message: unchanged if every character is printable,
 * otherwise as a shell word such as 'a'$'\033''b'; an empty name becomes ''.
 * Truncates what does not fit. Returns text.
 */
const char *msg_quote(const char *name, char *text, size_t size);

#endif
