/* SPDX-License-Identifier: ISC */
/*
 * size: what inputs, or a path, come to. It prints nothing, and moves
 * no offset of a descriptor that we were given.
 */
#ifndef SIZE_H
#define SIZE_H

#include <stddef.h>
#include <stdint.h>

/* All return 0, or -1 with errno; then the sum means nothing. */

/*
 * The size of a file or a block device. ESPIPE for all else, and for the files
 * of /proc and /sys that say 0; EISDIR for a directory.
 */
int size_path(const char *path, uint64_t *bytes);

/*
 * All operands together; "-" is stdin, from where it stands. ESPIPE if one is
 * a stream, EISDIR if it is a directory.
 */
int size_inputs(const char *const *operands, size_t n, uint64_t *bytes);

#endif
