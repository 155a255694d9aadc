/* SPDX-License-Identifier: ISC */
/*
 * cost.c: what a command costs.
 *
 *   cost COMMAND [ARG]...
 *
 * Runs it with our stdin and stdout and prints "NANOSECONDS CPU-MICROSECONDS
 * MAXRSS-KIB" on descriptor 3 if that is open, else on stderr. The second is
 * user and system time of the command and of the children that it has waited
 * for, the third the most memory that one of them held: a child made by fork
 * shares its parent's pages, so the largest of them stands for all.
 * The exit status is the command's; 128 and the number if a signal ended it.
 */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

extern char **environ;

int
main(int argc, char *argv[])
{
	posix_spawn_file_actions_t actions;
	int report = STDERR_FILENO, status, error;
	struct rusage used;
	uint64_t start;
	pid_t pid;

	if (argc < 2)
		errx(1, "usage: cost COMMAND [ARG]...");
	posix_spawn_file_actions_init(&actions);
	if (fcntl(3, F_SETFD, FD_CLOEXEC) != -1)
		report = 3;
	start = now();
	error = posix_spawnp(&pid, argv[1], &actions, NULL, argv + 1, environ);
	if (error != 0)
		errx(1, "%s: error %d", argv[1], error);
	/* or the command would see no SIGPIPE, and a producer none either */
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	while (wait4(pid, &status, 0, &used) == -1)
		if (errno != EINTR)
			err(1, "wait4");
	dprintf(report, "%" PRIu64 " %" PRIu64 " %ld\n", now() - start,
	    usec(used.ru_utime) + usec(used.ru_stime), used.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
