/* SPDX-License-Identifier: ISC */
/*
 * change: what one zpipe tells another to change while it runs (--remote), by
 * the table of options. It prints nothing.
 */
#ifndef CHANGE_H
#define CHANGE_H

#include "opts.h"
#include "peer/message.h"

/* What these options change. The strings are theirs. */
void change_tell(const struct opts *, struct message_change *);

/*
 * What the tunables are after that change: a copy that owns its strings, to be
 * released. 0, or -1 with errno and nothing to release: EINVAL the command line
 * could not have said so; ENOMEM.
 */
int change_hear(const struct message_change *, const struct tunables *from,
    struct tunables *to);

/*
 * Where one of the options would be without effect: NULL, or the name of the
 * first of them, and the reason as words that follow "the process". tune: as
 * change_hear() made them. lacks: what is missing here, of those bits of enum
 * option_remote that say what an option needs.
 */
const char *change_misfit(const struct message_change *,
    const struct tunables *tune, unsigned lacks, const char **reason);

#endif
