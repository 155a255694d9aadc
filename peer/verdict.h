/* SPDX-License-Identifier: ISC */
/* verdict: how a process that is no child of ours has ended, if it is known. */
#ifndef PEER_VERDICT_H
#define PEER_VERDICT_H

#include <sys/types.h>

enum verdict {
	VERDICT_ALIVE,
	VERDICT_ENDED, /* and nobody knows how */
	VERDICT_KNOWN, /* as the status says */
};

/*
 * A descriptor of the process (pidfd_open(2), Linux 5.3), readable when it has
 * ended, or -1. Opened while the process lives, it tells the status even after
 * the process has been waited for (Linux 6.15).
 */
int verdict_open(pid_t);

/*
 * Its state now; pidfd may be -1. With VERDICT_KNOWN *status is that of
 * wait(2). A zombie of our own user tells it by itself (proc(5)).
 */
enum verdict verdict_of(pid_t, int pidfd, int *status);

#endif
