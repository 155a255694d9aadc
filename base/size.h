/* SPDX-License-Identifier: ISC */
/* size: how many bytes a path or a device has. */
#ifndef BASE_SIZE_H
#define BASE_SIZE_H

#include <stdint.h>

/* All return 0, or -1 with errno. */

/*
 * The size of a file or a block device; of a directory, that of all regular
 * files below it: one with several names counts once (as du(1) has it, and
 * tar(1)), and what cannot be read is left out. ESPIPE for all else, and for
 * the files of /proc and /sys that say 0.
 */
int size_path(const char *path, uint64_t *bytes);

/* The same, but EISDIR for a directory; and of what is open already. */
int size_file(const char *path, uint64_t *bytes);
int size_open(int fd, uint64_t *bytes);

/*
 * What a block device still takes from where fd stands. ENOTBLK if it is none,
 * ENOSPC if it is at its end.
 */
int size_room(int fd, uint64_t *bytes);

#endif
