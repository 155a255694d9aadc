/* SPDX-License-Identifier: ISC */
/* fd: descriptors of our own, from their opening to their end. */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * open(2) with O_CLOEXEC and O_NOCTTY, and mode 0666 for a file that is
 * created. The new descriptor, the caller's to close, or -1 with errno: EINTR
 * if a signal ends us (retry.h).
 */
int fd_open(const char *path, int flags);

/*
 * The beginning of a small file, as a string that fits into size bytes. 0, or
 * -1 with errno.
 */
int fd_text(const char *path, char *text, size_t size);

/* Closes it, unless it is -1 already, and sets it to -1. errno is kept. */
void fd_close(int *fd);

/* The same for both ends of a pipe or of a pair of sockets. */
void fd_close_pair(int ends[2]);

/*
 * Changes a status flag of its description (F_SETFL, fcntl(2)), which whoever
 * shares that sees as well. 0, or -1 with errno.
 */
int fd_set_flag(int fd, int flag, bool on);

#endif
