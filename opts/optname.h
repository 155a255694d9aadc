/* SPDX-License-Identifier: ISC */
/* optname: names of options: whole, abbreviated, or mistyped. */
#ifndef OPTS_OPTNAME_H
#define OPTS_OPTNAME_H

#include <popt.h>

/* As poptGetNextOpt(3), but long options may be abbreviated. */
int optname_next(poptContext);

/* Reports an error (POPT_ERROR_...) in the word read last. */
void optname_blame(const char *word, int error);

#endif
