/* SPDX-License-Identifier: ISC */
/*
 * fanout.c: the readers behind a command that has several outputs.
 *
 *   fanout N COMMAND [ARG]...
 *   fanout -s N COMMAND [ARG]...    with slow readers
 *
 * Runs it with our stdin and with N pipes, which are its stdout and its
 * descriptors 3, 4 and so on, each with a reader of its own that does what
 * reader.c does. Prints "BYTES NANOSECONDS CPU-MICROSECONDS MAXRSS-KIB" on
 * stdout: what every reader got, the longest time that one of them took from
 * its first byte to its last, and what the command cost, as in cost.c. Readers
 * that did not all get the same number of bytes are an error. The exit status
 * is otherwise the command's; 128 and the number if a signal ended it.
 *
 * With -s each reader is slower than the one before it, and leaves when it has
 * got 32 MiB. That may end the command by SIGPIPE, and the readers differ;
 * BYTES is what the first one got.
 */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

#define READ_SIZE (128UL << 10)
#define SLOW_BYTES (32UL << 20)
#define SLOW_NAP 200000 /* nanoseconds; times the number of the reader */
#define READERS 32
#define FIRST_FD 3 /* of the outputs that are not stdout */

extern char **environ;

/* What a reader has seen, in memory that it shares with us. */
struct seen {
	uint64_t bytes;
	uint64_t nanoseconds;
};

static char buf[READ_SIZE] __attribute__((aligned(4096)));

/* Reads to the end, or to the limit with a nap after each read. */
static void
read_all(int from, uint64_t limit, long nap, struct seen *seen)
{
	const struct timespec rest = { 0, nap };
	uint64_t bytes = 0, start = 0;

	while (bytes < limit) {
		uint64_t left = limit - bytes;
		ssize_t n = read(from, buf,
		    left < READ_SIZE ? left : READ_SIZE);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			err(1, "read");
		if (bytes == 0)
			start = now();
		if (n == 0)
			break;
		bytes += (uint64_t)n;
		if (nap > 0)
			nanosleep(&rest, NULL);
	}
	seen->bytes = bytes;
	seen->nanoseconds = now() - start;
}

/*
 * Starts reader number k behind a pipe of its own. to[k] becomes the end to
 * write to, at a number that the command will not use; those before it belong
 * to other readers.
 */
static pid_t
reader_start(size_t k, int *to, int slow, struct seen *seen)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) == -1)
		err(1, "pipe");
	to[k] = fcntl(ends[1], F_DUPFD_CLOEXEC, FIRST_FD + READERS);
	if (to[k] == -1)
		err(1, "pipe");
	close(ends[1]);
	pid = fork();
	if (pid == -1)
		err(1, "fork");
	if (pid == 0) {
		close(STDIN_FILENO);
		/* or there would be no end to read to */
		for (size_t i = 0; i <= k; i++)
			close(to[i]);
		if (slow)
			read_all(ends[0], SLOW_BYTES, SLOW_NAP * (long)k, seen);
		else
			read_all(ends[0], UINT64_MAX, 0, seen);
		_exit(0);
	}
	close(ends[0]);
	return pid;
}

static pid_t
command_start(char **command, size_t n, const int *to)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, to[0], STDOUT_FILENO);
	for (size_t k = 1; k < n; k++)
		posix_spawn_file_actions_adddup2(&actions, to[k],
		    FIRST_FD + (int)k - 1);
	error = posix_spawnp(&pid, command[0], &actions, NULL, command,
	    environ);
	if (error != 0)
		errx(1, "%s: error %d", command[0], error);
	posix_spawn_file_actions_destroy(&actions);
	/* or the command would see no SIGPIPE, and a producer none either */
	close(STDIN_FILENO);
	for (size_t k = 0; k < n; k++)
		close(to[k]);
	return pid;
}

static int
wait_for(pid_t pid, struct rusage *used)
{
	int status;

	while (wait4(pid, &status, 0, used) == -1)
		if (errno != EINTR)
			err(1, "wait4");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The longest time that one of them took. */
static uint64_t
readers_wait(const pid_t *reader, size_t n, int slow, const struct seen *seen)
{
	uint64_t longest = 0;
	struct rusage used;

	for (size_t k = 0; k < n; k++) {
		if (wait_for(reader[k], &used) != 0)
			errx(1, "reader %zu: failed", k);
		if (seen[k].bytes != seen[0].bytes && !slow)
			errx(1, "readers 0 and %zu: not the same bytes", k);
		if (seen[k].nanoseconds > longest)
			longest = seen[k].nanoseconds;
	}
	return longest;
}

int
main(int argc, char *argv[])
{
	int slow = argc > 1 && strcmp(argv[1], "-s") == 0;
	size_t n = argc > 2 + slow ? strtoul(argv[1 + slow], NULL, 10) : 0;
	pid_t reader[READERS], command;
	int to[READERS], status;
	struct rusage used;
	uint64_t longest;
	struct seen *seen;

	if (n == 0 || n > READERS)
		errx(1, "usage: fanout [-s] N COMMAND [ARG]...");
	seen = mmap(NULL, n * sizeof(*seen), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (seen == MAP_FAILED)
		err(1, "mmap");
	for (size_t k = 0; k < n; k++)
		reader[k] = reader_start(k, to, slow, &seen[k]);
	command = command_start(argv + 2 + slow, n, to);
	status = wait_for(command, &used);
	longest = readers_wait(reader, n, slow, seen);
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %ld\n", seen[0].bytes,
	    longest, usec(used.ru_utime) + usec(used.ru_stime), used.ru_maxrss);
	return slow && status == 128 + SIGPIPE ? 0 : status;
}
