/* SPDX-License-Identifier: ISC */
/* size: how many bytes a file, directory or device has. */
#ifndef BASE_SIZE_H
#define BASE_SIZE_H

#include <stdint.h>

/* All return 0, or -1 with errno. */

/*
 * The size of a file or block device; of a directory, that of all regular files
 * below it. A file with several links counts once, as in du(1) and tar(1), and
 * what cannot be read is left out. ESPIPE for anything else, and for files in
 * /proc and /sys whose size is given as 0.
 */
int size_path(const char *path, uint64_t *bytes);

/* The same, but EISDIR for a directory. */
int size_file(const char *path, uint64_t *bytes);
int size_open(int fd, uint64_t *bytes);

/*
 * The bytes from the position of fd to the end of a block device. ENOTBLK if it
 * is not one, ENOSPC at the end.
 */
int size_room(int fd, uint64_t *bytes);

#endif
