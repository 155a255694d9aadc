/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/wait.h>

#include <signal.h>
#include <stdio.h>

#include "tests/torture/procs.h"
#include "tests/torture/shared.h"
#include "tests/torture/signals.h"

enum {
	END_S = 15 /* so long may it take to end after a signal */
};

/* Before it has a handler it would end by it. */
static bool
catches(pid_t pid, int sig)
{
	char name[64], line[256];
	unsigned long long set = 0;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/status", (int)pid);
	if ((f = fopen(name, "re")) == NULL)
		return false;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "SigCgt: %llx", &set) == 1)
			break;
	fclose(f);
	return (set >> (sig - 1) & 1) != 0;
}

static bool
has_ended(struct job *j)
{
	pid_t pid = waitpid(j->pid, &j->status, WNOHANG);

	if (pid == -1)
		broken("waitpid");
	return pid == j->pid;
}

static void
pester(struct plan *p, struct job *j)
{
	static const int signals[] = { SIGUSR1, SIGSTOP, SIGWINCH, SIGCHLD };

	while (!has_ended(j)) {
		unsigned k = (unsigned)below(&p->dice, LENGTH(signals));

		nap((unsigned)below(&p->dice, 3000));
		if ((p->pester >> k & 1) == 0)
			continue;
		if (signals[k] == SIGUSR1 && !catches(j->pid, SIGUSR1))
			continue;
		kill(j->pid, signals[k]);
		if (signals[k] == SIGSTOP) {
			nap((unsigned)below(&p->dice, 3000));
			kill(j->pid, SIGCONT);
		}
	}
}

/* Sends the signal once the first output has what it was to have. */
static void
end_it(struct plan *p, struct job *j)
{
	uint64_t start = now_us();
	bool ended = false;

	while (p->end_after > 0 && !ended && now_us() - start < 1000000 &&
	    shared->marks[j->out[0].mark].got < p->end_after) {
		nap(200);
		ended = has_ended(j);
	}
	nap(p->end_wait);
	if (ended || has_ended(j))
		return;
	kill(j->pid, p->end_by);
	if (waitpid(j->pid, &j->status, 0) == -1)
		broken("waitpid");
}

/* Whether all readers have had every byte; they wait for the writers. */
static bool
all_taken(const struct job *j)
{
	for (size_t i = 0; i < j->nout; i++)
		if (shared->marks[j->out[i].mark].got < text_len(&j->want))
			return false;
	return true;
}

/* The writers end and the readers leave while zpipe cannot look. */
static void
end_together(struct job *j)
{
	uint64_t start = now_us();

	while (!all_taken(j) && now_us() - start < 1000000)
		nap(200);
	if (all_taken(j)) {
		kill(j->pid, SIGSTOP);
		if (waitpid(j->pid, &j->status, WUNTRACED) == -1)
			broken("waitpid");
		if (!WIFSTOPPED(j->status))
			return; /* it was not to wait for its writers */
		shared->close = 1;
		await_all();
		kill(j->pid, SIGCONT);
	}
	shared->close = 1;
	if (waitpid(j->pid, &j->status, 0) == -1)
		broken("waitpid");
}

void
await_job(struct plan *p, struct job *j)
{
	shared->pid = (int)j->pid;
	snprintf(shared->phase, sizeof(shared->phase), "zpipe %zu",
	    (size_t)(j - p->job));
	if (p->together)
		end_together(j);
	else if (p->pester != 0)
		pester(p, j);
	else if (p->end_by != 0)
		end_it(p, j);
	else if (waitpid(j->pid, &j->status, 0) == -1)
		broken("waitpid");
	shared->pid = 0;
}
