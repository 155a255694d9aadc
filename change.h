/* SPDX-License-Identifier: ISC */
/*
 * change: what one zpipe tells another to change while it runs: --remote.
 */
#ifndef CHANGE_H
#define CHANGE_H

#include "opts.h"

/*
 * What these options change, as a message: words that end with a NUL each.
 * Returns its length, at most size.
 */
size_t change_tell(const struct opts *, char *msg, size_t size);

/*
 * Makes options of it again, to be released by opts_release() in any case.
 * False if the message is none, or wants what cannot be changed.
 */
bool change_hear(struct opts *, char *msg, size_t len);

/* Puts into `to` what `from` changes, and its strings. */
void change_apply(struct opts *to, struct opts *from);

#endif
