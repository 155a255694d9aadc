/* SPDX-License-Identifier: ISC */
/*
 * size: what inputs, a path or a device come to. It prints nothing, moves no
 * offset of a descriptor that we were given, and takes nothing out of an input
 * that others would miss.
 */
#ifndef SIZE_H
#define SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All return 0, or -1 with errno; then the sum means nothing. */

/*
 * The size of a file or a block device; of a directory, that of all regular
 * files below it: one with several names counts once (as du(1) has it, and
 * tar(1)), and what cannot be read is left out. ESPIPE for all else, and for
 * the files of /proc and /sys that say 0.
 */
int size_path(const char *path, uint64_t *bytes);

/*
 * All operands together; a descriptor (input_descriptor()) counts from where it
 * stands, and once. What cannot be read adds nothing: a file that is missing or
 * forbidden, a directory. ESPIPE if one is a stream.
 */
int size_inputs(const char *const *operands, size_t n, uint64_t *bytes);

/*
 * The line ends in them, which are read through, each to where it ended at
 * first. What cannot be read adds nothing here either; all others must be
 * regular files, or none is read: ESPIPE. Between two reads go_on(ctx) is
 * asked, and its no is EINTR. It blocks on disks.
 */
int size_lines(const char *const *operands, size_t n, char end,
    bool (*go_on)(void *ctx), void *ctx, uint64_t *lines);

/*
 * What a block device still takes from where fd stands. ENOTBLK if it is none,
 * ENOSPC if it is at its end.
 */
int size_room(int fd, uint64_t *bytes);

#endif
