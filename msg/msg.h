/* SPDX-License-Identifier: ISC */
/*
 * msg: the only place that prints messages to stderr. A message is one line,
 * "zpipe: NAME: TEXT", written at once. No control character reaches the
 * terminal: NAME is quoted as GNU programs quote file names, and in TEXT they
 * are printed as escapes (\033). Neither is anything but ASCII unless the
 * locale has it. errno is kept. Each says what it adds to the exit status.
 */
#ifndef MSG_MSG_H
#define MSG_MSG_H

#include <stdarg.h>
#include <stddef.h>

/* The exit status is the sum of what happened; the bits are pv's. */
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

/* NAME: the message of strerror(3) for errno. */
void msg_errno(enum status, const char *name);

/* NAME: the formatted text, or that alone if name is NULL. */
void msg_text(enum status, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void msg_vtext(enum status, const char *name, const char *fmt, va_list)
    __attribute__((format(printf, 3, 0)));

/* Adds to the exit status without a message; returns the status so far. */
void msg_add(int status);
int msg_status(void);

/*
 * Writes the name, as a message has it, to text: unchanged if every character
 * is printable; otherwise as a word for a shell, such as 'a'$'\033''b'. An
 * empty name becomes ''. What does not fit is cut. Returns text.
 */
const char *msg_quote(const char *name, char *text, size_t size);

#endif
