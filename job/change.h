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

/* What a running zpipe does not have, so that an option would do nothing. */
enum lack {
	LACKS_DISPLAY = 1,   /* it draws nothing */
	LACKS_WINDOW = 2,    /* a terminal whose window has a title */
	LACKS_TITLE = 4,     /* a process title */
	LACKS_BYTES = 8,     /* they do not pass through its memory */
	LACKS_TRANSFER = 16, /* nothing is moved any more */
	LACKS_SIZE = 32,     /* one to choose: it stops at the size */
	LACKS_RING = 64,     /* of buffers, that may grow */
};

/*
 * Where one of the options that change_hear() has made of the message would be
 * without effect: NULL, or the name of the first of them, and the reason as
 * words that follow "the process".
 */
const char *change_misfit(const struct opts *, const char *msg, size_t len,
    unsigned lacks, const char **reason);

/*
 * Puts into `to` what `from` changes. Strings that are no longer used are left
 * in `from`; show.h keeps pointers to them until there is another show.
 */
void change_apply(struct opts *to, struct opts *from);

#endif
