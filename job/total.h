/* SPDX-License-Identifier: ISC */
/*
 * total: how much the inputs have, all together. It prints nothing, moves no
 * offset of a descriptor that we were given, and takes nothing out of an input
 * that others would miss.
 */
#ifndef TOTAL_H
#define TOTAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Both return 0, or -1 with errno; then the sum means nothing. */

/*
 * All operands together; a descriptor (input_descriptor()) counts from where it
 * stands, and once. What cannot be read adds nothing: a file that is missing or
 * forbidden, a directory. ESPIPE if one is a stream.
 */
int total_bytes(const char *const *operands, size_t n, uint64_t *bytes);

/*
 * The line ends in them, which are read through, each to where it ended at
 * first. What cannot be read adds nothing here either; all others must be
 * regular files, or none is read: ESPIPE. Between two reads go_on(ctx) is
 * asked, and its no is EINTR. It blocks on disks.
 */
int total_lines(const char *const *operands, size_t n, char end,
    bool (*go_on)(void *ctx), void *ctx, uint64_t *lines);

#endif
