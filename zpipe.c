/* SPDX-License-Identifier: ISC */
/*
 * zpipe: a zero-copy cat, tee and pv.
 *
 * The map; an arrow never points up.
 *
 *	zpipe.c		main(): options, set up, pump, report, status
 *	opts.c		the command line
 *	pump.c		chooses the engine for each input
 *	carry.c		engines through user memory: ring and copy
 *	direct.c	engines within the kernel: splice, tee, range, mmap
 *	engine.c	what they share: waiting, gathering, losing an output
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
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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
	struct output *outs; /* those that could be opened */
	size_t nouts;
	struct pump pump;
	struct pump_calls calls;
	struct timespec began;
	unsigned closed; /* standard descriptors that we were not given */
	bool sigpipe;    /* a reader has gone, and we are to go as well */
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
	else if (sig != SIGCHLD) /* that is only to wake us */
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
	struct sigaction child = { .sa_handler = on_signal };

	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake_fd == -1)
		return -1;
	z->calls.wake_fd = wake_fd;
	z->calls.woken = &woken;
	take_signal(SIGUSR1, on_signal);
	/* to wait for a command is to wait for this, whatever we were given */
	sigemptyset(&child.sa_mask);
	sigaddset(&child.sa_mask, SIGCHLD);
	for (size_t i = 0; i < z->nouts; i++)
		if (z->outs[i].child_end != -1) {
			sigaction(SIGCHLD, &child, NULL);
			sigprocmask(SIG_UNBLOCK, &child.sa_mask, NULL);
			break;
		}
	if (z->o.ignore_interrupts)
		signal(SIGINT, SIG_IGN);
	else
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

/* One line per output, if there are several. */
static void
print_outputs(const struct zpipe *z)
{
	uint64_t most = pump_furthest(&z->pump);

	if (z->nouts == 1)
		return;
	for (size_t i = 0; i < z->nouts; i++) {
		const struct output *o = &z->outs[i];
		char unread[32] = "", dropped[48] = "";

		if (o->fifo != NULL) {
			warnx("%s: not open yet: it has no reader", o->name);
			continue;
		}
		/* a full pipe may be locked by its reader */
		if (o->kind == OUTPUT_PIPE && !o->gone) {
			if (output_ready(o))
				snprintf(unread, sizeof(unread), ", %zu unread",
				    output_unread(o));
			else
				strlcpy(unread, ", full", sizeof(unread));
		}
		if (o->dropped > 0)
			snprintf(dropped, sizeof(dropped), ", %ju dropped",
			    (uintmax_t)o->dropped);
		warnx("%s: %s, %ju bytes%s, %ju behind%s%s", o->name,
		    output_kind_name(o), (uintmax_t)o->given, unread,
		    (uintmax_t)(most > o->sent ? most - o->sent : 0), dropped,
		    o->gone ? ", closed" : "");
	}
}

static bool
on_wake(void *ctx)
{
	struct zpipe *z = ctx;
	uint64_t n;

	woken = 0;
	(void)!read(wake_fd, &n, sizeof(n)); /* it only has to be empty */
	if (asked && !z->o.quiet) {
		print_counts(z, "");
		print_outputs(z);
	}
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
	print_outputs(z);
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
 * that none of our own descriptors ends up as somebody's stdout. Returns a bit
 * for each of them.
 */
static unsigned
open_standard(void)
{
	unsigned closed = 0;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF) {
			closed |= 1u << fd;
			if (open("/dev/null",
				fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
				_exit(STATUS_MOVE);
		}
	return closed;
}

/*
 * The reader is gone. cat dies of it, unless SIGPIPE is ignored; so do we, but
 * by our own hand, when all has been said.
 */
static bool
dies_of_pipe(void)
{
	struct sigaction sa;

	return sigaction(SIGPIPE, NULL, &sa) == 0 && sa.sa_handler != SIG_IGN;
}

static void
die_of_pipe(void)
{
	signal(SIGPIPE, SIG_DFL);
	raise(SIGPIPE);
}

static bool
is_output(const struct zpipe *z, const struct input *in)
{
	for (size_t i = 0; i < z->nouts; i++) {
		const struct stat *a = &in->st, *b = &z->outs[i].st;

		if (a->st_dev != b->st_dev || a->st_ino != b->st_ino)
			continue;
		/* an empty file is no danger, nor a terminal or a socket */
		return in->kind == INPUT_PIPE ||
		    (in->kind == INPUT_FILE && in->left > 0);
	}
	return false;
}

/* 0, or -1 with errno. Its number must not become that of another. */
static int
let_go(const struct zpipe *z, struct output *o)
{
	bool standard = o->fd == STDIN_FILENO || o->fd == STDOUT_FILENO;
	int r = output_close(o), saved = errno;

	if (standard && z->nouts > 1)
		(void)!open("/dev/null", O_RDWR);
	errno = saved;
	return r;
}

static bool
exits_on_error(const struct zpipe *z)
{
	return z->o.output_error == OUTPUT_ERROR_EXIT ||
	    z->o.output_error == OUTPUT_ERROR_EXIT_NOPIPE;
}

/*
 * An output is lost: what becomes of the others is GNU tee's rule for the mode,
 * but that a command may stop reading when it likes, as with pee. A reader that
 * has gone is EPIPE. What is to be said of a command is said when it has ended.
 */
static bool
on_lost(void *ctx, struct output *o, enum loss loss)
{
	struct zpipe *z = ctx;
	enum output_error how = z->o.output_error;
	bool left = loss == LOSS_ERROR && errno == EPIPE;
	bool quiet = left &&
	    (how == OUTPUT_ERROR_WARN_NOPIPE ||
		how == OUTPUT_ERROR_EXIT_NOPIPE ||
		(how == OUTPUT_ERROR_DEFAULT && o->child != 0));

	if (left && !quiet && how == OUTPUT_ERROR_DEFAULT && dies_of_pipe()) {
		z->sigpipe = true;
		return false;
	}
	if (loss == LOSS_LAG)
		warnx("%s: detached after %ju bytes: it did not keep up",
		    o->name, (uintmax_t)o->given);
	else if (left && o->child != 0)
		o->broken = !quiet;
	else if (!quiet)
		warn("%s", o->name);
	o->said = !quiet;
	if (!quiet)
		z->status |= STATUS_MOVE;
	let_go(z, o);
	if (loss == LOSS_LAG || quiet)
		return true;
	return !exits_on_error(z);
}

static void
on_done(void *ctx, struct output *o)
{
	struct zpipe *z = ctx;

	if (let_go(z, o) == -1) {
		warn("%s", o->name);
		z->status |= STATUS_CLOSE;
	}
}

/* True if the next input may be read; in is NULL for what was left of all. */
static bool
judge(struct zpipe *z, const struct input *in, enum pump_end end)
{
	const char *name = in != NULL ? in->name : "the outputs";
	int reason = errno;

	if (z->o.explain && in != NULL)
		explain(z, in);
	errno = reason;
	switch (end) {
	case PUMP_DONE:
		return true;
	case PUMP_READ:
		warn("%s", name);
		z->status |= STATUS_MOVE;
		return true;
	case PUMP_WRITE:
		if (z->sigpipe)
			die_of_pipe();
		return false; /* on_lost() has said why */
	case PUMP_BROKEN:
		warn("cannot go on");
		z->status |= STATUS_MOVE;
		return false;
	case PUMP_REFUSED:
		if (z->o.engine == ENGINE_AUTO)
			warnx("--release=%s: %s: a fence protects nothing on "
			      "this kernel: use fresh",
			    release_name(z->o.release), name);
		else
			warn("--engine=%s: %s: this system refuses it",
			    engine_name(z->o.engine), name);
		z->status |= STATUS_MOVE;
		return false;
	case PUMP_MEMORY:
		warn("%s", name);
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
	enum input_kind kind;
	bool go_on = true;

	if (ended)
		return false;
	/* to open a FIFO may take long: nobody must wait for bytes meanwhile */
	if (strcmp(operand, "-") != 0 && input_peek(operand, &kind) == 0 &&
	    kind == INPUT_PIPE && !judge(z, NULL, pump_flush(&z->pump, false)))
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
	for (size_t i = 0; i < z->o.nfiles; i++)
		if (!copy_one(z, z->o.files[i]))
			return;
	judge(z, NULL, pump_flush(&z->pump, true));
}

/* ---- outputs ---------------------------------------------------------- */

/* Before any descriptor of our own can be mistaken for one of them. */
static bool
inherited(struct zpipe *z)
{
	for (size_t i = 0; i < z->o.ntargets; i++) {
		const struct target *t = &z->o.targets[i];
		int flags = t->way == WAY_FD ? fcntl(t->fd, F_GETFL) : O_WRONLY;

		if (t->way == WAY_FD && t->fd <= STDERR_FILENO &&
		    (z->closed & 1u << t->fd) != 0)
			flags = -1;
		if (flags != -1 && (flags & O_ACCMODE) != O_RDONLY)
			continue;
		warnx("%s: it is %s", t->name,
		    flags == -1 ? "not open" : "open for reading only");
		z->status |= STATUS_USAGE;
		return false;
	}
	return true;
}

/* 0, or -1: it has been reported, and *fatal tells whether the others go on. */
static int
open_one(struct zpipe *z, const struct target *t, struct output *o, bool *fatal)
{
	int r = -1;

	switch (t->way) {
	case WAY_STDOUT:
	case WAY_FD:
		r = output_init(o, t->fd, t->name);
		break;
	case WAY_FILE:
	case WAY_APPEND:
		r = output_open(o, t->arg, t->way == WAY_APPEND);
		break;
	case WAY_COMMAND:
		r = output_pipe(o, t->arg, t->name);
		break;
	}
	if (r == 0) {
		/* a command must not keep the others' readers from the end */
		if (t->way == WAY_FD && t->fd > STDERR_FILENO)
			fcntl(t->fd, F_SETFD, FD_CLOEXEC);
		return 0;
	}
	*fatal = errno == EMFILE || errno == ENFILE || exits_on_error(z);
	warn("%s", t->name);
	z->status |= t->way == WAY_STDOUT ? STATUS_MOVE : STATUS_OPEN;
	return -1;
}

/* Two outputs that are one, or an input that would be written over. */
static bool
clashes(struct zpipe *z)
{
	struct stat st;

	for (size_t i = 0; i < z->nouts; i++)
		for (size_t j = 0; j < i; j++)
			if (output_same(&z->outs[i], &z->outs[j])) {
				warnx("%s: the same output as %s",
				    z->outs[i].name, z->outs[j].name);
				z->status |= STATUS_USAGE;
				return true;
			}
	for (size_t i = 0; i < z->nouts; i++)
		for (size_t j = 0; j < z->o.nfiles; j++) {
			const struct output *o = &z->outs[i];
			const char *operand = z->o.files[j];
			bool in = strcmp(operand, "-") == 0;

			if (!o->opened || !S_ISREG(o->st.st_mode))
				continue;
			if ((in ? fstat(STDIN_FILENO, &st) :
				  stat(operand, &st)) == -1 ||
			    st.st_dev != o->st.st_dev ||
			    st.st_ino != o->st.st_ino || st.st_size == 0)
				continue;
			warnx("%s: input file is output file",
			    in ? "stdin" : operand);
			z->status |= STATUS_SAME;
			return true;
		}
	return false;
}

/* Opens them all. -1: nothing is to be moved. */
static int
open_outputs(struct zpipe *z)
{
	bool fatal = false;

	z->outs = calloc(z->o.ntargets, sizeof(*z->outs));
	if (z->outs == NULL) {
		warn("setting up");
		z->status |= STATUS_MEMORY;
		return -1;
	}
	fatal = !inherited(z);
	for (size_t i = 0; i < z->o.ntargets && !fatal; i++) {
		struct output *o = &z->outs[z->nouts];

		if (open_one(z, &z->o.targets[i], o, &fatal) == 0)
			z->nouts++;
	}
	return fatal || z->nouts == 0 ? -1 : 0;
}

static bool
not_started(struct zpipe *z, struct output *o)
{
	warn("%s", o->name);
	z->status |= STATUS_OPEN;
	output_close(o);
	return exits_on_error(z);
}

/* Nothing stands in the way now: starts commands, then empties files. */
static int
start_outputs(struct zpipe *z)
{
	size_t left = 0;

	for (size_t i = 0; i < z->nouts; i++) {
		struct output *o = &z->outs[i];

		if (o->child_end != -1 && output_spawn(o) == -1 &&
		    not_started(z, o))
			return -1;
	}
	for (size_t i = 0; i < z->nouts; i++) {
		struct output *o = &z->outs[i];

		if (o->gone)
			continue;
		if (output_truncate(o) == 0)
			left++;
		else if (not_started(z, o))
			return -1;
	}
	return left > 0 ? 0 : -1;
}

/*
 * An input needs a descriptor as well, and it must not turn out when the files
 * are empty that there is none. stdout alone has nothing to lose.
 */
static bool
one_is_left(struct zpipe *z)
{
	int fd = -1;

	if (z->nouts > 1 || z->outs[0].fd != STDOUT_FILENO) {
		fd = fcntl(wake_fd, F_DUPFD_CLOEXEC, 0);
		if (fd == -1) {
			warn("inputs");
			z->status |= STATUS_OPEN;
			return false;
		}
		close(fd);
	}
	return true;
}

/* Everything has been said to it: what does the command say? */
static void
wait_for_command(struct zpipe *z, const struct output *o)
{
	struct pollfd p = { wake_fd, POLLIN, 0 };
	int status;
	pid_t r;

	while ((r = waitpid(o->child, &status, WNOHANG)) == 0) {
		if (woken && on_wake(z))
			return; /* it may stay; we may not */
		poll(&p, 1, -1);
	}
	if (r == -1)
		warn("%s", o->name);
	else if (WIFSIGNALED(status))
		warnx("%s: killed by signal %d (%s)", o->name, WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) != 0)
		warnx("%s: exit status %d", o->name, WEXITSTATUS(status));
	else if (o->broken)
		warnx("%s: %s", o->name, strerror(EPIPE));
	else
		return;
	z->status |= STATUS_MOVE;
}

/* ---- from start to end ------------------------------------------------ */

static int
set_up(struct zpipe *z)
{
	z->calls = (struct pump_calls){
		.on_wake = on_wake,
		.on_lost = on_lost,
		.on_done = on_done,
		.ctx = z,
	};
	clock_gettime(CLOCK_MONOTONIC, &z->began);
	if (open_outputs(z) == -1 || clashes(z))
		return -1;
	if (watch_signals(z) == -1 ||
	    pump_init(&z->pump, &z->o, z->outs, z->nouts, &z->calls) == -1) {
		warn("setting up");
		z->status |= STATUS_MEMORY;
		return -1;
	}
	return one_is_left(z) && fits(z) ? start_outputs(z) : -1;
}

static void
say_ended(struct zpipe *z)
{
	static const char *const causes[] = {
		[SIGHUP] = "hangup: ",
		[SIGINT] = "interrupt: ",
		[SIGTERM] = "terminated: ",
	};

	if (!ended || (z->status & STATUS_SIGNAL) != 0)
		return;
	if (!z->o.quiet)
		print_counts(z, causes[ended]);
	z->status |= STATUS_SIGNAL;
}

static void
finish(struct zpipe *z)
{
	say_ended(z);
	pump_release(&z->pump);
	for (size_t i = 0; i < z->nouts; i++)
		if (!z->outs[i].gone)
			on_done(z, &z->outs[i]);
	for (size_t i = 0; i < z->nouts; i++) {
		const struct output *o = &z->outs[i];

		if (o->dropped > 0 && !o->said)
			warnx("%s: %ju bytes dropped: it did not keep up",
			    o->name, (uintmax_t)o->dropped);
		/* a signal for us is most often one for them as well */
		if (o->child != 0 && !ended)
			wait_for_command(z, o);
	}
	say_ended(z);
	close(wake_fd);
}

int
main(int argc, char *argv[])
{
	struct zpipe z = { 0 };

	z.closed = open_standard();
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
	free(z.outs);
	opts_release(&z.o);
	return z.status;
}
