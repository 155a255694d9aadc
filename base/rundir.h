/* SPDX-License-Identifier: ISC */
/*
 * rundir: the directory of this user's running zpipes, closed to others: their
 * sockets, and the files of terminals that they share.
 */
#ifndef BASE_RUNDIR_H
#define BASE_RUNDIR_H

#include <stddef.h>

/*
 * The user's runtime directory, $XDG_RUNTIME_DIR, or NULL if that is not set,
 * is no absolute path, or is no directory of ours (sudo -E).
 */
const char *rundir_base(void);

/*
 * Makes it if it is missing: zpipe in rundir_base(), or /tmp/zpipe-UID. 0 and
 * its path, or -1 with errno: EPERM if it is a link, belongs to somebody else,
 * or is open to others; ENAMETOOLONG.
 */
int rundir_make(char *path, size_t size);

#endif
