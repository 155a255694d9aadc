/* SPDX-License-Identifier: ISC */
/*
 * zpipe: a zero-copy cat, tee and pv.
 *
 * The map; an arrow never points up.
 *
 *	zpipe.c		main(): options, set up, pump, report, status
 *	opts.c		the command line
 *	pump.c		the loop: chooses the engine, polls, moves
 *	input.c		an operand: open, classify, read
 *	output.c	an output: classify, send, unread bytes, close
 *	buf.c		the ring: fill, sent, drained, released; the fence
 *
 * Only zpipe.c and opts.c print errors; the others return -1 with errno, or
 * the name of the step that failed. Each header is the contract of its file.
 */
#include "config.h"

#include <sys/eventfd.h>
#include <sys/utsname.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "input.h"
#include "opts.h"
#include "output.h"
#include "pump.h"

/* The exit status is the sum of what happened; the bits are pv's. */
enum status {
	STATUS_USAGE = 1,
	STATUS_OPEN = 2, /* an input could not be opened */
	STATUS_SAME = 4, /* an input is also the output */
	STATUS_CLOSE = 8,
	STATUS_MOVE = 16, /* reading or writing failed */
	STATUS_SIGNAL = 32,
	STATUS_MEMORY = 64,
};

struct zpipe {
	struct opts o;
	struct output out;
	struct pump pump;
	struct pump_calls calls;
	struct timespec began;
	bool said; /* that the output failed */
	int status;
};

/* Set by the handler; the eventfd wakes poll(2) without a race. */
static volatile sig_atomic_t woken, asked, ended, wake_fd = -1;

static void
on_signal(int sig)
{
	int saved = errno;
	uint64_t one = 1;

	if (sig == SIGUSR1)
		asked = 1;
	else
		ended = sig;
	woken = 1;
	if (write(wake_fd, &one, sizeof(one)) == -1)
		errno = saved;
	errno = saved;
}

/* EPIPE says it all; see die_of_pipe(). A handler, for exec(3) undoes it. */
static void
on_pipe(int sig)
{
	(void)sig;
}

/* Nobody touches what is ignored: nohup and the shell's & have their reasons */
static void
take_signal(int sig, void (*handler)(int))
{
	struct sigaction sa = { .sa_handler = handler }, old;

	/* no SA_RESTART: what blocks must come back and look */
	if (sigaction(sig, &sa, &old) == 0 && old.sa_handler == SIG_IGN)
		sigaction(sig, &old, NULL);
}

static int
watch_signals(struct zpipe *z)
{
	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake_fd == -1)
		return -1;
	z->calls.wake_fd = wake_fd;
	z->calls.woken = &woken;
	take_signal(SIGUSR1, on_signal);
	take_signal(SIGINT, on_signal);
	take_signal(SIGTERM, on_signal);
	take_signal(SIGHUP, on_signal);
	take_signal(SIGPIPE, on_pipe);
	return 0;
}

/* ---- what is said ----------------------------------------------------- */

static void
print_counts(const struct zpipe *z, const char *cause)
{
	char amount[16], rate[16];
	struct timespec t;
	uint64_t sent = pump_sent(&z->pump);
	double s;

	clock_gettime(CLOCK_MONOTONIC, &t);
	s = (double)(t.tv_sec - z->began.tv_sec) +
	    (double)(t.tv_nsec - z->began.tv_nsec) / 1e9;
	if (s < 1e-6)
		s = 1e-6;
	humanize_number(amount, 8, (int64_t)sent, "B", HN_AUTOSCALE,
	    HN_DECIMAL | HN_IEC_PREFIXES);
	humanize_number(rate, 8, (int64_t)((double)sent / s), "B", HN_AUTOSCALE,
	    HN_DECIMAL | HN_IEC_PREFIXES);
	warnx("%s%ju bytes (%s) in %.1f s, %s/s, engine %s%s%s", cause,
	    (uintmax_t)sent, amount, s, rate, engine_name(z->pump.engine),
	    z->pump.engine == ENGINE_RING ? ", release " : "",
	    z->pump.engine == ENGINE_RING ? pump_release_name(&z->pump) : "");
}

static bool
on_wake(void *ctx)
{
	struct zpipe *z = ctx;
	uint64_t n;

	woken = 0;
	(void)!read(wake_fd, &n, sizeof(n)); /* it only has to be empty */
	if (asked && !z->o.quiet)
		print_counts(z, "");
	asked = 0;
	return ended != 0;
}

static void
explain(const struct zpipe *z, const struct input *in)
{
	const struct pump *p = &z->pump;
	char ring[128] = "";

	if (p->fell_errno != 0)
		warnx("%s: engine %s: %s: went on without it", in->name,
		    p->fell_from == ENGINE_AUTO ? "ring, vmsplice(2)" :
						  engine_name(p->fell_from),
		    strerror(p->fell_errno));
	if (p->engine == ENGINE_RING)
		snprintf(ring, sizeof(ring),
		    "; %zu KiB, %ju fences, "
		    "%ju buffers shared, %ju renewed",
		    ring_size(&p->ring) >> 10, (uintmax_t)p->ring.fences,
		    (uintmax_t)p->ring.shared, (uintmax_t)p->ring.renewed);
	warnx("%s: engine %s, release %s: %s%s", in->name,
	    engine_name(p->engine), pump_release_name(p), p->why, ring);
}

static const char *
read_line(const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "re");

	if (f == NULL || fgets(line, (int)size, f) == NULL)
		snprintf(line, size, "unknown");
	if (f != NULL)
		fclose(f);
	line[strcspn(line, "\n")] = '\0';
	return line;
}

/* For what stdio has printed; the bytes of a transfer go another way. */
static int
flush_stdout(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	warn("stdout");
	return STATUS_MOVE;
}

static int
print_probe(void)
{
	static const char *const found[] = {
		[PROBE_GUARDED] = "fence protects (release auto is fence)",
		[PROBE_COPIES] = "vmsplice copies: nothing to protect",
		[PROBE_EXPOSED] = "fence does not protect (release auto is "
				  "fresh)",
		[PROBE_NO_FORK] = "no process can be made (release auto is "
				  "fresh)",
		[PROBE_REFUSED] = "vmsplice is refused (no ring)",
		[PROBE_FAILED] = "could not be tried",
	};
	enum probe probe = ring_probe();
	int reason = errno;
	struct utsname u;
	char line[128];

	if (uname(&u) == 0)
		printf("kernel          %s %s\n", u.release, u.machine);
	printf("page            %ld\n", sysconf(_SC_PAGESIZE));
	printf("huge page       %zu%s\n", huge_page_size(),
	    huge_page_size() > RING_HUGE_MAX ? " (too large for a ring)" : "");
	printf("huge pages      %s\n",
	    read_line("/sys/kernel/mm/transparent_hugepage/enabled", line,
		sizeof(line)));
	printf("pipe limit      %s bytes\n",
	    read_line("/proc/sys/fs/pipe-max-size", line, sizeof(line)));
	printf("pipe pages      %s per user, soft\n",
	    read_line("/proc/sys/fs/pipe-user-pages-soft", line, sizeof(line)));
	printf("release         %s", found[probe]);
	if (probe >= PROBE_NO_FORK)
		printf(": %s", strerror(reason));
	printf("\n");
	return flush_stdout();
}

/* ---- what is done ----------------------------------------------------- */

/*
 * What is closed becomes a /dev/null that fails in the same way (EBADF), so
 * that none of our own descriptors ends up as somebody's stdout.
 */
static void
open_standard(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF &&
		    open("/dev/null",
			fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(STATUS_MOVE);
}

/*
 * The reader is gone. cat dies of it, unless SIGPIPE is ignored; so do we, but
 * by our own hand, when all has been said.
 */
static void
die_of_pipe(void)
{
	struct sigaction sa;

	if (sigaction(SIGPIPE, NULL, &sa) == -1 || sa.sa_handler == SIG_IGN)
		return;
	signal(SIGPIPE, SIG_DFL);
	raise(SIGPIPE);
}

static bool
is_output(const struct zpipe *z, const struct input *in)
{
	const struct stat *a = &in->st, *b = &z->out.st;

	if (a->st_dev != b->st_dev || a->st_ino != b->st_ino)
		return false;
	/* an empty file is no danger, nor is a terminal or a socket */
	return in->kind == INPUT_PIPE ||
	    (in->kind == INPUT_FILE && in->left > 0);
}

/* True if the next input may be read. */
static bool
judge(struct zpipe *z, const struct input *in, enum pump_end end)
{
	int reason = errno;

	if (z->o.explain)
		explain(z, in);
	errno = reason;
	switch (end) {
	case PUMP_DONE:
		return true;
	case PUMP_READ:
		warn("%s", in->name);
		z->status |= STATUS_MOVE;
		return true;
	case PUMP_WRITE:
		if (errno == EPIPE)
			die_of_pipe();
		warn("%s", z->pump.failed->name);
		z->said = true;
		z->status |= STATUS_MOVE;
		return false;
	case PUMP_POLL:
		warn("poll");
		z->status |= STATUS_MOVE;
		return false;
	case PUMP_REFUSED:
		if (z->o.engine == ENGINE_AUTO)
			warnx("--release=%s: %s: a fence protects nothing on "
			      "this kernel: use fresh",
			    release_name(z->o.release), in->name);
		else
			warn("--engine=%s: %s: this system refuses it",
			    engine_name(z->o.engine), in->name);
		z->status |= STATUS_MOVE;
		return false;
	case PUMP_MEMORY:
		warn("%s", in->name);
		z->status |= STATUS_MEMORY;
		return false;
	case PUMP_STOPPED:
		break;
	}
	return false;
}

static bool
copy_one(struct zpipe *z, const char *operand)
{
	struct input in = INPUT_INITIALIZER;
	bool go_on = true;

	if (ended)
		return false;
	while (input_open(&in, operand) == -1) {
		if (errno == EINTR && !on_wake(z))
			continue;
		if (ended)
			return false;
		warn("%s", strcmp(operand, "-") == 0 ? "stdin" : operand);
		z->status |= STATUS_OPEN;
		return true;
	}
	if (is_output(z, &in)) {
		warnx("%s: input file is output file", in.name);
		z->status |= STATUS_SAME;
	} else
		go_on = judge(z, &in, pump_input(&z->pump, &in));
	if (input_close(&in) == -1) {
		warn("%s", in.name);
		z->status |= STATUS_CLOSE;
	}
	return go_on;
}

/* A forced engine must fit every input, or not a byte moves. */
static bool
fits(struct zpipe *z)
{
	if (z->o.engine == ENGINE_AUTO)
		return true;
	for (size_t i = 0; i < z->o.nfiles; i++) {
		const char *needs, *operand = z->o.files[i];
		enum input_kind kind;

		if (input_peek(operand, &kind) == -1)
			continue; /* it will be reported in its turn */
		needs = pump_misfit(&z->pump, kind);
		if (needs != NULL) {
			warnx("--engine=%s: %s: it %s",
			    engine_name(z->o.engine),
			    strcmp(operand, "-") == 0 ? "stdin" : operand,
			    needs);
			z->status |= STATUS_USAGE;
			return false;
		}
	}
	return true;
}

static void
copy_all(struct zpipe *z)
{
	if (!fits(z))
		return;
	for (size_t i = 0; i < z->o.nfiles; i++)
		if (!copy_one(z, z->o.files[i]))
			break;
}

static int
set_up(struct zpipe *z)
{
	z->calls.on_wake = on_wake;
	z->calls.ctx = z;
	clock_gettime(CLOCK_MONOTONIC, &z->began);
	if (output_init(&z->out, STDOUT_FILENO, "stdout") == -1) {
		warn("stdout");
		z->status |= STATUS_MOVE;
		return -1;
	}
	if (watch_signals(z) == -1 ||
	    pump_init(&z->pump, &z->o, &z->out, 1, &z->calls) == -1) {
		warn("setting up");
		z->status |= STATUS_MEMORY;
		return -1;
	}
	return 0;
}

static void
finish(struct zpipe *z)
{
	static const char *const causes[] = {
		[SIGHUP] = "hangup: ",
		[SIGINT] = "interrupt: ",
		[SIGTERM] = "terminated: ",
	};

	if (ended) {
		if (!z->o.quiet)
			print_counts(z, causes[ended]);
		z->status |= STATUS_SIGNAL;
	}
	pump_release(&z->pump);
	if (output_close(&z->out) == -1 && !z->said) {
		warn("stdout");
		z->status |= STATUS_CLOSE;
	}
	close(wake_fd);
}

int
main(int argc, char *argv[])
{
	struct zpipe z = { .out = OUTPUT_INITIALIZER };

	open_standard();
	switch (opts_parse(&z.o, argc, argv)) {
	case OPTS_USAGE:
		z.status = STATUS_USAGE;
		break;
	case OPTS_EXIT:
		z.status = flush_stdout();
		break;
	case OPTS_RUN:
		if (z.o.probe)
			z.status = print_probe();
		else if (set_up(&z) == 0) {
			copy_all(&z);
			finish(&z);
		}
		break;
	}
	opts_release(&z.o);
	return z.status;
}
