/* SPDX-License-Identifier: ISC */
/*
 * rundir: the directory of this user's running zpipes, which nobody else can
 * enter: their sockets, and the files of terminals that they share. It prints
 * nothing.
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
 * Our own directory: zpipe in rundir_base(), or /tmp/zpipe-UID without that;
 * made if it is not there. It must belong to us, mode 0700, and be no link.
 * 0 and its path, or -1 with errno (EPERM if it is somebody else's, or open
 * to others; ENAMETOOLONG).
 */
int rundir_make(char *path, size_t size);

#endif
