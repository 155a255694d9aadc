/* SPDX-License-Identifier: ISC */
/*
 * path: what a path that the user gave really names. It opens nothing and
 * prints nothing.
 */
#ifndef PATH_H
#define PATH_H

#include <sys/stat.h>

#include <stdbool.h>

/*
 * The number of the descriptor of ours that the path names, or -1 if it names
 * something else: /dev/stdin, /dev/stdout, /dev/stderr, /dev/fd/N,
 * /proc/self/fd/N (proc(5)), however they are spelled, and symbolic links to
 * them. The descriptor need not be open. Opening such a path would make a new
 * description of a file, with position 0, and fail for a socket.
 */
int path_descriptor(const char *path);

/* Both are of one file, or of one block device. */
bool path_same(const struct stat *, const struct stat *);

#endif
