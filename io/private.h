/* SPDX-License-Identifier: ISC */
/* private: what the files that make up output.h share among themselves. */
#ifndef IO_PRIVATE_H
#define IO_PRIVATE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

struct output;

/* The descriptor that is written to: one of our own, if there is one. */
int output_descriptor(const struct output *);

/*
 * That is a description of our own of something that we were given; its
 * position says nothing.
 */
bool output_reopened(const struct output *);

/* output_write() for OUTPUT_FILE. */
ssize_t output_write_file(struct output *, const void *, size_t n);

#endif
