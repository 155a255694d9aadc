/* SPDX-License-Identifier: ISC */
/*
 * lat.c: one byte there and back.
 *
 *   lat TRIPS COMMAND [ARG]...
 *
 * Writes one byte to the command's stdin, waits until it comes out of its
 * stdout, TRIPS times, and prints the median in nanoseconds. A tenth as many
 * trips go first and are not counted.
 */
#include "config.h"

#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

extern char **environ;

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t
trip(int to, int from)
{
	uint64_t start = now();
	char byte = 'x';

	if (write(to, &byte, 1) != 1)
		err(1, "write");
	if (read(from, &byte, 1) != 1)
		errx(1, "the command gave nothing back");
	return now() - start;
}

int
main(int argc, char *argv[])
{
	posix_spawn_file_actions_t redirect;
	int to[2], from[2], status, error;
	size_t trips = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	uint64_t *took;
	pid_t pid;

	if (trips == 0)
		errx(1, "usage: lat TRIPS COMMAND [ARG]...");
	signal(SIGPIPE, SIG_IGN);
	took = calloc(trips, sizeof(*took));
	if (took == NULL)
		err(1, "calloc");
	if (pipe2(to, O_CLOEXEC) == -1 || pipe2(from, O_CLOEXEC) == -1)
		err(1, "pipe");
	posix_spawn_file_actions_init(&redirect);
	posix_spawn_file_actions_adddup2(&redirect, to[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&redirect, from[1], STDOUT_FILENO);
	error = posix_spawnp(&pid, argv[2], &redirect, NULL, argv + 2, environ);
	if (error != 0)
		errx(1, "%s: error %d", argv[2], error);
	close(to[0]);
	close(from[1]);
	for (size_t i = 0; i < trips / 10; i++)
		(void)trip(to[1], from[0]);
	for (size_t i = 0; i < trips; i++)
		took[i] = trip(to[1], from[0]);
	close(to[1]);
	if (waitpid(pid, &status, 0) == -1)
		err(1, "waitpid");
	if (status != 0)
		errx(1, "%s: failed", argv[2]);
	qsort(took, trips, sizeof(*took), compare);
	printf("%" PRIu64 "\n", took[trips / 2]);
	return 0;
}
