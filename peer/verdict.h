/* SPDX-License-Identifier: ISC */
/* verdict: how a process that is not our child has ended. */
#ifndef PEER_VERDICT_H
#define PEER_VERDICT_H

#include <sys/types.h>

enum verdict {
	VERDICT_ALIVE,
	VERDICT_ENDED, /* with unknown status */
	VERDICT_KNOWN, /* with the status */
};

/*
 * A descriptor for the process (pidfd_open(2), Linux 5.3), readable when it has
 * ended, or -1. Since Linux 6.15 it keeps the status even after the process has
 * been reaped.
 */
int verdict_open(pid_t);

/*
 * The state of the process; pidfd may be -1. *status is that of wait(2), known
 * by the pidfd or, for a zombie of our own user, by /proc.
 */
enum verdict verdict_of(pid_t, int pidfd, int *status);

#endif
