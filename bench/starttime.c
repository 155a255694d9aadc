/* SPDX-License-Identifier: ISC */
/*
 * starttime.c: from the start of a command to its end on a 3-byte input.
 *
 *   starttime TIMES COMMAND [ARG]... [-- COMMAND [ARG]...]...
 *
 * The commands take turns, so that what disturbs one disturbs the others. In
 * front of each is a pipe with three bytes, behind it a pipe that is read to
 * its end. Prints one line per command: the median in nanoseconds.
 */
#include "config.h"

#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

#define COMMANDS 8

extern char **environ;

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t
start_to_end(char **command)
{
	posix_spawn_file_actions_t redirect;
	int to[2], from[2], status, error;
	uint64_t start;
	size_t have = 0;
	char got[16];
	ssize_t n;
	pid_t pid;

	if (pipe2(to, O_CLOEXEC) == -1 || pipe2(from, O_CLOEXEC) == -1)
		err(1, "pipe");
	if (write(to[1], "abc", 3) != 3)
		err(1, "write");
	close(to[1]);
	posix_spawn_file_actions_init(&redirect);
	posix_spawn_file_actions_adddup2(&redirect, to[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&redirect, from[1], STDOUT_FILENO);
	start = now();
	error = posix_spawnp(&pid, command[0], &redirect, NULL, command,
	    environ);
	if (error != 0)
		errx(1, "%s: error %d", command[0], error);
	close(to[0]);
	close(from[1]);
	while ((n = read(from[0], got + have, sizeof(got) - have)) > 0)
		have += (size_t)n;
	if (waitpid(pid, &status, 0) == -1)
		err(1, "waitpid");
	start = now() - start;
	close(from[0]);
	posix_spawn_file_actions_destroy(&redirect);
	if (status != 0 || have != 3 || memcmp(got, "abc", 3) != 0)
		errx(1, "%s: failed", command[0]);
	return start;
}

int
main(int argc, char *argv[])
{
	size_t times = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	char **command[COMMANDS];
	uint64_t *took[COMMANDS];
	size_t commands = 0;

	if (times == 0)
		errx(1, "usage: starttime TIMES COMMAND [-- COMMAND]...");
	for (int i = 2; i < argc; i++) {
		if (i == 2 || argv[i - 1] == NULL) {
			if (commands == COMMANDS)
				errx(1, "too many commands");
			command[commands++] = argv + i;
		}
		if (strcmp(argv[i], "--") == 0)
			argv[i] = NULL;
	}
	for (size_t k = 0; k < commands; k++) {
		took[k] = calloc(times, sizeof(**took));
		if (took[k] == NULL)
			err(1, "calloc");
		(void)start_to_end(command[k]);
	}
	for (size_t i = 0; i < times; i++)
		for (size_t k = 0; k < commands; k++) {
			/* nobody always runs behind the same other one */
			size_t turn = i % 2 == 0 ? k : commands - 1 - k;

			took[turn][i] = start_to_end(command[turn]);
		}
	for (size_t k = 0; k < commands; k++) {
		qsort(took[k], times, sizeof(**took), compare);
		printf("%" PRIu64 "\n", took[k][times / 2]);
		free(took[k]);
	}
	return 0;
}
