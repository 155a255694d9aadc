/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "peer/verdict.h"

/*
 * PIDFD_GET_INFO of Linux 6.15 (include/uapi/linux/pidfd.h), which the headers
 * of most systems lack. Older kernels return ENOTTY, or clear the bit of the
 * exit status in the mask.
 */
struct info {
	uint64_t mask;
	uint64_t cgroupid;
	uint32_t pid, tgid, ppid;
	uint32_t ids[8];
	int32_t exit_code;
};
#define INFO_EXIT (UINT64_C(1) << 3)
#define GET_INFO _IOWR(0xff, 11, struct info)

int
verdict_open(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* The status that the kernel keeps after the process has been reaped. */
static bool
status_of_reaped(int pidfd, int *status)
{
	struct info info = { .mask = INFO_EXIT };

	if (pidfd == -1 || ioctl(pidfd, GET_INFO, &info) == -1 ||
	    (info.mask & INFO_EXIT) == 0)
		return false;
	*status = info.exit_code;
	return true;
}

/* Whether /proc shows the status: as 0 if we may not trace the process. */
static bool
may_look(pid_t pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%jd", (intmax_t)pid);
	return geteuid() == 0 ||
	    (stat(path, &st) == 0 && st.st_uid == geteuid());
}

/*
 * The state letter of a process, 0 if it is gone, or '?' if unknown; *code is
 * the last field of its stat file.
 */
static char
state_of(pid_t pid, int *code)
{
	char path[64], text[2048], *p;

	snprintf(path, sizeof(path), "/proc/%jd/stat", (intmax_t)pid);
	if (fd_text(path, text, sizeof(text)) == -1)
		return errno == ENOENT || errno == ESRCH ? 0 : '?';
	if (text[0] == '\0')
		return 0;
	p = strrchr(text, ' ');
	*code = p == NULL ? 0 : (int)strtol(p, NULL, 10);
	p = strrchr(text, ')'); /* the name may contain parentheses */
	return p != NULL && p[1] == ' ' ? p[2] : '?';
}

enum verdict
verdict_of(pid_t pid, int pidfd, int *status)
{
	struct pollfd p = { pidfd, POLLIN, 0 };
	bool ended = poll(&p, 1, 0) == 1;
	bool known = may_look(pid);
	char state = state_of(pid, status);

	/* a pidfd is sure, while the number may be used again */
	if (pidfd != -1 && !ended)
		return VERDICT_ALIVE;
	if (status_of_reaped(pidfd, status) || (state == 'Z' && known))
		return VERDICT_KNOWN;
	if (pidfd == -1 && state != 0 && state != 'Z' && state != 'X')
		return VERDICT_ALIVE;
	return VERDICT_ENDED;
}
