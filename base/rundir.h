/* SPDX-License-Identifier: ISC */
/*
 * rundir: the private directory in which a user's running zpipes have their
 * sockets, and the files of the terminals that they share.
 */
#ifndef BASE_RUNDIR_H
#define BASE_RUNDIR_H

#include <stddef.h>

/*
 * $XDG_RUNTIME_DIR, or NULL if it is not the absolute path of a directory of
 * ours; sudo -E leaves that of another user.
 */
const char *rundir_base(void);

/*
 * The path of the directory, which is created if missing: zpipe in
 * rundir_base(), or /tmp/zpipe-UID. 0, or -1 with errno: EPERM if it is a link,
 * is not ours, or is open to others; ENAMETOOLONG.
 */
int rundir_make(char *path, size_t size);

#endif
