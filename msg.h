/* SPDX-License-Identifier: ISC */
/*
 * msg: the only place that prints messages to stderr. A message is one line,
 * "zpipe: NAME: TEXT", written at once. No control character reaches the
 * terminal: NAME is quoted as GNU programs quote file names, and in TEXT they
 * are printed as escapes (\033). Neither is anything but ASCII unless the
 * locale has it. errno is kept.
 */
#ifndef MSG_H
#define MSG_H

#include <stdarg.h>
#include <stddef.h>

/* NAME: the message of strerror(3) for errno. */
void msg_errno(const char *name);

/* NAME: the formatted text, or that alone if name is NULL. */
void msg_text(const char *name, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void msg_vtext(const char *name, const char *fmt, va_list)
    __attribute__((format(printf, 2, 0)));

/*
 * Writes the name, as a message has it, to text: unchanged if every character
 * is printable; otherwise as a word for a shell, such as 'a'$'\033''b'. An
 * empty name becomes ''. What does not fit is cut. Returns text.
 */
const char *msg_quote(const char *name, char *text, size_t size);

#endif
