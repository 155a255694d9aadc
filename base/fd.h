/* SPDX-License-Identifier: ISC */
/* fd: opens, reads and closes descriptors of our own. */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * open(2) with O_CLOEXEC, O_NOCTTY and mode 0666. A new descriptor, which the
 * caller closes, or -1 with errno: EINTR if a signal ends us (retry.h).
 */
int fd_open(const char *path, int flags);

/* The first size - 1 bytes of a file as a string. 0, or -1 with errno. */
int fd_text(const char *path, char *text, size_t size);

/* Closes it unless it is -1, and sets it to -1. Keeps errno. */
void fd_close(int *fd);

/* The same for both ends of a pipe. */
void fd_close_pair(int ends[2]);

/*
 * Sets or clears a status flag (F_SETFL, fcntl(2)), for all who share the
 * description. 0, or -1 with errno.
 */
int fd_set_flag(int fd, int flag, bool on);

#endif
