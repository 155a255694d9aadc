/* SPDX-License-Identifier: ISC */
/* check: what has come out of a zpipe; each fault is told (shared.h). */
#ifndef TORTURE_CHECK_H
#define TORTURE_CHECK_H

#include "tests/torture/plan.h"

/* What the reader of an output has found. */
void check_mark(const struct job *, const struct output *);

/* What was before, the data, and what was behind. */
void check_file(const struct job *, const struct output *);

/* Each byte says whose it is. */
void check_merged(const struct plan *, int fd);

/* Every byte of the shared input has come out somewhere, and once. */
void check_shares(const struct plan *);
/* How zpipe has ended, what it said, and where it left its input. */
void check_status(const struct plan *, const struct job *);
void check_stderr(const struct plan *, const struct job *);
void check_position(const struct plan *, const struct job *, int fd);

#endif
