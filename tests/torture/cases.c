/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/wait.h>

#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/torture/cases.h"
#include "tests/torture/run.h"
#include "tests/torture/shared.h"

static void
describe_wire(char *text, size_t room, const struct plan *p,
    const struct job *j)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < j->nin && len < room; i++)
		len += (size_t)snprintf(text + len, room - len,
		    "%s%zu bytes of a %s%s", i == 0 ? "  # " : ", ",
		    j->in[i].data.len, in_names[j->in[i].kind],
		    j->in[i].resets ? " that is reset" : "");
	for (size_t i = 0; i < j->nout && len < room; i++) {
		const struct output *o = &j->out[i];

		len += (size_t)snprintf(text + len, room - len, "%s%s",
		    i == 0 ? " -> " : ", ", out_names[o->kind]);
		for (size_t k = 0; k < o->nchain && len < room; k++)
			len += (size_t)snprintf(text + len, room - len, " | %s",
			    o->chain[k]);
		if (o->leave != NONE && len < room)
			len += (size_t)snprintf(text + len, room - len,
			    " until %" PRIu64, o->leave);
	}
	if (len < room)
		snprintf(text + len, room - len, "%s%s%s\n",
		    p->end_by != 0 ? ", then " : "",
		    p->end_by != 0 ? strsignal(p->end_by) : "",
		    j->ignores_pipe ? ", SIGPIPE ignored" : "");
}

static void
describe(const struct plan *p)
{
	char *text = shared->command;
	size_t room = sizeof(shared->command), len = 0;

	for (size_t k = 0; k < p->njobs && len < room; k++) {
		const struct job *j = &p->job[k];

		for (size_t i = 0; i < j->argc && len < room; i++)
			len += (size_t)snprintf(text + len, room - len,
			    strchr(j->argv[i], ' ') ? "%s\"%s\"" : "%s%s",
			    i == 0 ? "" : " ", j->argv[i]);
		if (len < room)
			describe_wire(text, room, p, j);
		len = strlen(text);
	}
}

static char dir[PATH_MAX]; /* where they run */

static void
empty_dir(void)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;

	if (d == NULL)
		err(99, "%s", dir);
	while ((entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(d), entry->d_name, 0);
	closedir(d);
}

static volatile sig_atomic_t group; /* of the case that runs */

void
remove_dir(void)
{
	empty_dir();
	if (chdir("/") == -1 || rmdir(dir) == -1)
		warn("%s", dir);
}

/* Cleans up behind itself, which is not much. */
static void
interrupted(int sig)
{
	if (group != 0)
		kill(-(pid_t)group, SIGKILL);
	remove_dir();
	signal(sig, SIG_DFL);
	raise(sig);
}

void
make_dir(void)
{
	struct sigaction sa = { .sa_handler = interrupted };
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/torture.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(dir) == NULL || chdir(dir) == -1)
		err(2, "%s", dir);
	sigfillset(&sa.sa_mask);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
}

/* Where zpipe is, for a hang. */
static void
add_state(int pid)
{
	static const char *const files[] = { "wchan", "syscall", "status" };
	char name[64], text[512];

	for (size_t i = 0; i < LENGTH(files) && pid != 0; i++) {
		ssize_t n;
		int fd;

		snprintf(name, sizeof(name), "/proc/%d/%s", pid, files[i]);
		if ((fd = open(name, O_RDONLY | O_CLOEXEC)) == -1)
			continue;
		n = read(fd, text, i == 2 ? 60 : sizeof(text) - 1);
		close(fd);
		for (ssize_t k = 0; k < n; k++)
			if (text[k] == '\n' || text[k] == '\t')
				text[k] = ' ';
		if (n > 0)
			fault("%s: %.*s\n", files[i], (int)n, text);
	}
}

static void
await_case(pid_t pid, unsigned seconds)
{
	uint64_t start = now_us();
	unsigned us = 100;
	int status;
	pid_t r;

	while ((r = waitpid(pid, &status, WNOHANG)) == 0 &&
	    now_us() - start < (uint64_t)seconds * 1000000) {
		nap(us);
		us = us < 5000 ? us * 2 : us;
	}
	if (r == -1)
		err(99, "waitpid");
	if (r == 0) {
		fault("hangs: %u s, waiting for %s\n", seconds, shared->phase);
		add_state(shared->pid);
	} else if (status != 0 && shared->len == 0)
		fault("the test itself: status %#x\n", status);
	/* whatever is left of it */
	kill(-pid, SIGKILL);
	if (r == 0 && waitpid(pid, &status, 0) == -1)
		err(99, "waitpid");
}

void
run_plan(struct plan *p, unsigned seconds)
{
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	for (size_t i = 0; i < LENGTH(shared->marks); i++)
		shared->marks[i].bad = shared->marks[i].from = NONE;
	empty_dir();
	describe(p);
	if ((pid = fork()) == -1)
		err(99, "fork");
	if (pid == 0) {
		setpgid(0, 0);
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		signal(SIGHUP, SIG_DFL);
		run_case(p);
		_exit(0);
	}
	setpgid(pid, pid);
	group = pid;
	await_case(pid, seconds);
	group = 0;
}

struct plan plan;

static void
make_plan(uint64_t seed, uint64_t number)
{
	struct dice d = { seed };

	memset(&plan, 0, sizeof(plan));
	plan.dice.state = draw(&d) ^ number * 0xd6e8feb86659fd93u;
	plan.scenario = scenario_of(number);
	plan.scenario->make(&plan);
}

struct tally tallies[SCENARIOS];
const char *me;

void
diagnose(const char *text)
{
	char *copy = strdup(text), *save = NULL;

	for (char *line = strtok_r(copy, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		printf("#   %s\n", line);
	free(copy);
}

bool
run_number(uint64_t seed, uint64_t number, bool tell)
{
	struct tally *t;

	make_plan(seed, number);
	t = &tallies[plan.scenario - scenarios];
	run_plan(&plan, deadline);
	t->cases++;
	t->faults += shared->len > 0;
	if (shared->len == 0 && !tell)
		return true;
	printf("# %s: %s\n", shared->len > 0 ? "FAULT" : "right",
	    plan.scenario->name);
	diagnose(shared->command);
	diagnose(shared->fault);
	if (shared->len > 0)
		printf("#   again: %s --zpipe %s --zoo %s --seed %" PRIu64
		       " --case %" PRIu64 " --seconds 20\n",
		    me, zpipe_path, zoo_path, seed, number);
	fflush(stdout);
	return shared->len == 0;
}
