/* SPDX-License-Identifier: ISC */
/*
 * shortio: a kernel that does less than it was asked to.
 *
 *	shortio COMMAND [ARG]...
 *
 * Runs the command and cuts the length of its reads, writes, sends, splices,
 * vmsplices and copied ranges: now to a byte, now to a third, now not at all.
 * Only on x86-64, where it knows the registers; elsewhere the status is 77.
 */
#include "config.h"

#include <stdio.h>

#ifdef __x86_64__
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* Turns about, so that each call meets each length sooner or later. */
static unsigned long long
shorten(unsigned long long len)
{
	static unsigned turn;

	if (len < 2)
		return len;
	switch (turn++ % 5) {
	case 0:
		return 1;
	case 1:
		return len / 3 + 1;
	case 2:
		return len - 1;
	case 3:
		return len > 4097 ? 4097 : len;
	default:
		return len;
	}
}

static void
at_entry(pid_t pid)
{
	struct user_regs_struct r;
	unsigned long long len;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &r) == -1)
		err(1, "PTRACE_GETREGS");
	switch (r.orig_rax) {
	case SYS_read:
	case SYS_write:
	case SYS_sendto:
	case SYS_recvfrom:
		r.rdx = shorten(r.rdx);
		break;
	case SYS_splice:
	case SYS_copy_file_range:
		r.r8 = shorten(r.r8);
		break;
	case SYS_vmsplice: /* of one struct iovec: its second word */
		len = (unsigned long long)ptrace(PTRACE_PEEKDATA, pid,
		    r.rsi + 8, NULL);
		ptrace(PTRACE_POKEDATA, pid, r.rsi + 8, shorten(len));
		return;
	default:
		return;
	}
	if (ptrace(PTRACE_SETREGS, pid, NULL, &r) == -1)
		err(1, "PTRACE_SETREGS");
}

int
main(int argc, char *argv[])
{
	bool entry = false, started = false;
	int status, sig = 0;
	pid_t pid;

	if (argc < 2)
		errx(2, "usage: shortio COMMAND [ARG]...");
	pid = fork();
	if (pid == -1)
		err(1, "fork");
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execvp(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	while (waitpid(pid, &status, 0) == pid) {
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (WIFSIGNALED(status)) {
			signal(WTERMSIG(status), SIG_DFL);
			raise(WTERMSIG(status));
			return 128 + WTERMSIG(status);
		}
		sig = WSTOPSIG(status);
		if (!started) { /* the stop that execve(2) makes */
			started = true;
			ptrace(PTRACE_SETOPTIONS, pid, NULL,
			    PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
			sig = 0;
		} else if (sig == (SIGTRAP | 0x80)) {
			entry = !entry;
			if (entry)
				at_entry(pid);
			sig = 0;
		}
		if (ptrace(PTRACE_SYSCALL, pid, NULL, (long)sig) == -1)
			err(1, "PTRACE_SYSCALL");
	}
	err(1, "waitpid");
}
#else
int
main(void)
{
	fprintf(stderr, "shortio: not for this processor\n");
	return 77;
}
#endif
