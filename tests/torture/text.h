/* SPDX-License-Identifier: ISC */
/* text: bytes in a row, and those that all inputs are parts of. */
#ifndef TORTURE_TEXT_H
#define TORTURE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define NONE UINT64_MAX
#define KIB 1024
#define MIB (1024 * 1024)
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

enum {
	MOST_IN = 4,
	MOST_JOBS = 4,
	MASTER = 56 * MIB, /* the bytes that all inputs are parts of */
	TAGGED = 6 * MIB,  /* and those of writers that share an output */
};

struct part {
	const unsigned char *p;
	size_t len;
};

struct text {
	struct part part[2 * MOST_IN + 4];
	size_t n;
};

/* Shared by all processes; made by make_master(). */
extern unsigned char *master;
extern unsigned char *tagged[MOST_JOBS];

void text_add(struct text *, const unsigned char *, size_t len);
uint64_t text_len(const struct text *);
/* Keeps the first len bytes; leaves out the first `at`. */
void text_cut(struct text *, uint64_t len);
void text_from(struct text *, uint64_t at);

/* The length up to and with the n-th byte that ends a line. */
uint64_t text_lines(const struct text *, uint64_t n, int end);

/* How many of the n bytes are those that the text has from offset at on. */
size_t text_same(const struct text *, uint64_t at, const unsigned char *buf,
    size_t n);

/* Where in the text these bytes are, for a message; NONE: nowhere. */
uint64_t text_find(const struct text *, const unsigned char *buf, size_t n);
/* Seen by all children; ends the test if there is none. */
void *shared_memory(size_t size);
void make_master(void);

#endif
