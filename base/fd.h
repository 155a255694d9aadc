/* SPDX-License-Identifier: ISC */
/* fd: descriptors of our own, from their opening to their end. */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <stdbool.h>

/*
 * open(2) with O_CLOEXEC and O_NOCTTY, for a file that is there. The new
 * descriptor, the caller's to close, or -1 with errno: EINTR if a signal ends
 * us (retry.h).
 */
int fd_open(const char *path, int flags);

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
