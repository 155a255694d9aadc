/* SPDX-License-Identifier: ISC */
/* path: paths that name descriptors, and files that are the same. */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <sys/stat.h>

#include <stdbool.h>

/*
 * The descriptor that a path names, or -1: /dev/stdin, /dev/stdout,
 * /dev/stderr, /dev/fd/N, /proc/self/fd/N (proc(5)), in any spelling, and
 * symbolic links to them. It need not be open. To open such a path instead
 * would make a new description, with position 0, and fail for a socket.
 */
int path_descriptor(const char *path);

/*
 * Opens the file of a descriptor again, through /proc/self/fd, with O_CLOEXEC
 * and O_NOCTTY: a description with its own flags and position (open(2)). A new
 * descriptor, which the caller closes, or -1 with errno: ENOENT without /proc,
 * EINTR if a signal ends us (retry.h). A FIFO without O_NONBLOCK may block.
 */
int path_reopen(int fd, int flags);

/* Whether both are the same file or block device. */
bool path_same(const struct stat *, const struct stat *);

#endif
