/* SPDX-License-Identifier: ISC */
/*
 * verdict: how another process has ended, if anybody can know: it is not our
 * child, so wait(2) does not tell. It prints nothing.
 */
#ifndef PEER_VERDICT_H
#define PEER_VERDICT_H

#include <sys/types.h>

enum verdict {
	VERDICT_ALIVE,
	VERDICT_ENDED, /* and nobody knows how */
	VERDICT_KNOWN, /* as the status says */
};

/*
 * A descriptor of the process (pidfd_open(2), Linux 5.3), which is readable
 * when it has ended, or -1. Taken while it lives, it tells the status even when
 * the process has been waited for (Linux 6.15).
 */
int verdict_open(pid_t);

/*
 * Its state now; pidfd may be -1. With VERDICT_KNOWN *status is that of
 * wait(2). A zombie of our own user tells it by itself (proc(5)).
 */
enum verdict verdict_of(pid_t, int pidfd, int *status);

#endif
