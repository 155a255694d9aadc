/* SPDX-License-Identifier: ISC */
/* path: the descriptor that a path names, and the path of a descriptor. */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <sys/stat.h>

#include <stdbool.h>

/*
 * The number of the descriptor of ours that the path names, or -1 if it names
 * something else: /dev/stdin, /dev/stdout, /dev/stderr, /dev/fd/N,
 * /proc/self/fd/N (proc(5)), in any spelling, and symbolic links to them. It
 * need not be open. Opening such a path would make a new description of a file,
 * with position 0, and fail for a socket.
 */
int path_descriptor(const char *path);

/*
 * Opens what the descriptor has open once more, by /proc/self/fd, with
 * O_CLOEXEC and O_NOCTTY: a description with flags and a position of its own
 * (open(2)). The new descriptor, the caller's to close, or -1 with errno:
 * ENOENT without /proc, EINTR if a signal ends us (retry.h). With O_NONBLOCK,
 * or for a file, it does not wait.
 */
int path_reopen(int fd, int flags);

/* Both are of one file, or of one block device. */
bool path_same(const struct stat *, const struct stat *);

#endif
