/* SPDX-License-Identifier: ISC */
/*
 * zpipe: a zero-copy cat, tee and pv.
 *
 * The map; an arrow never points up. tests/rooms holds the code against it.
 *
 *	zpipe.c		main(): options, set up, pump, report, status
 *	msg.c		messages on stderr
 *	opts.c		the command line
 *	job/		what one invocation does: follow and change other
 *			processes, run a command between two pipes, say what
 *			zpipe can of itself, and what the inputs come to
 *	pump.c		chooses the engine for each input
 *	engine/		how bytes travel: through user memory (carry), within
 *			the kernel (direct), and what engines share: waiting,
 *			the rate limit, the view of the bytes
 *	buf.c		the ring: fill, sent, drained, released; the fence
 *	io/		where bytes come from and go to: input, output
 *	show/		what a person sees: meter, line, fields, terminal
 *	peer/		other processes: the socket between two zpipes, the
 *			files of any process, how it has ended
 *	base/		clock, numbers, paths, system calls cut short
 *
 * Only zpipe.c and opts.c report errors, through msg.c; the others return -1
 * with errno, or the name of the step that failed. Each header is the contract
 * of its file.
 */
#include "config.h"

#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "buf.h"
#include "job/change.h"
#include "show/display.h"
#include "job/follow.h"
#include "io/input.h"
#include "job/monitor.h"
#include "msg.h"
#include "opts.h"
#include "io/output.h"
#include "base/path.h"
#include "base/pidfile.h"
#include "pump.h"
#include "peer/remote.h"
#include "job/report.h"
#include "base/retry.h"
#include "job/size.h"

/* After this time we listen for --query and --remote. */
enum {
	TELL_US = 100000
};

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
	struct display display;
	struct remote remote;
	struct monitor monitor;
	const char *command; /* that is monitored */
	/* --store-and-forward: what is stored first is the only input then */
	int store_fd;           /* of the file, or -1 */
	struct stat store_st;   /* of it */
	off_t store_at;         /* where what was stored begins */
	bool store_given;       /* it is a descriptor that we were given */
	char *store_name;       /* for messages */
	char store_operand[32]; /* names the descriptor */
	const char *stored[2];
	uint64_t store_size; /* bytes that were stored */
	struct pidfile pidfile;
	bool skipped;               /* something could not be read */
	const struct input *erring; /* its skipped errors have been told */
	uint64_t began;             /* clock_now() */
	bool told;                  /* that others may talk to us */
	bool titled;                /* the process title is ours to write */
	bool sized;                 /* the inputs have been, for others */
	off_t given_at;             /* where_given() first */
	struct display_report last; /* for those who wait for the end */
	unsigned closed;  /* standard descriptors that we were not given */
	const char *left; /* an output whose reader has gone, and we follow */
	int status;
};

/* Set by the handler; the eventfd wakes poll(2) without a race. */
static volatile sig_atomic_t woken, asked, ended, stopped, reads, wake_fd = -1;

static void
on_signal(int sig)
{
	int saved = errno;
	uint64_t one = 1;

	if (sig == SIGUSR1)
		asked = 1;
	else if (sig == SIGTSTP)
		stopped = 1;
	else if (sig == SIGINT || sig == SIGTERM || sig == SIGHUP)
		ended = retry_ended = sig; /* the others only wake us */
	woken = 1;
	if (write(wake_fd, &one, sizeof(one)) == -1)
		errno = saved;
	errno = saved;
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

/* Another zpipe talks to us, or a reader has taken something (POLL_OUT). */
static void
on_io(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (info->si_code == POLL_OUT)
		reads++;
	on_signal(sig);
}

/* For signals whose errno says it all. A handler: exec(3) undoes it. */
static void
nothing(int sig)
{
	(void)sig;
}

/* Only where a line is drawn; all others are as if it had no display. */
static void
watch_terminal(void)
{
	take_signal(SIGTSTP, on_signal);
	take_signal(SIGWINCH, on_signal);
	take_signal(SIGCONT, on_signal);
	/* with tostop (stty(1)) a background job must not be stopped for it */
	take_signal(SIGTTOU, nothing);
}

static bool
has_command(const struct zpipe *z)
{
	for (size_t i = 0; i < z->nouts; i++)
		if (z->outs[i].child_end != -1)
			return true;
	return z->monitor.command != 0;
}

static int
watch_signals(struct zpipe *z)
{
	struct sigaction told = { .sa_handler = on_signal };
	struct sigaction io = { .sa_sigaction = on_io, .sa_flags = SA_SIGINFO };

	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake_fd == -1)
		return -1;
	z->calls.wake_fd = wake_fd;
	z->calls.woken = &woken;
	z->calls.reads = &reads;
	take_signal(SIGUSR1, on_signal);
	if (z->display.visible)
		watch_terminal();
	/* we wait for these, whatever we were given; a command has ended */
	sigemptyset(&told.sa_mask);
	sigaction(SIGIO, &io, NULL);
	sigaddset(&told.sa_mask, SIGIO);
	if (has_command(z)) {
		sigaction(SIGCHLD, &told, NULL);
		sigaddset(&told.sa_mask, SIGCHLD);
	}
	sigprocmask(SIG_UNBLOCK, &told.sa_mask, NULL);
	if (z->o.ignore_interrupts)
		signal(SIGINT, SIG_IGN);
	else
		take_signal(SIGINT, on_signal);
	take_signal(SIGTERM, on_signal);
	take_signal(SIGHUP, on_signal);
	take_signal(SIGPIPE, nothing); /* see follow_signal() */
	take_signal(SIGXFSZ, nothing); /* EFBIG, of one output */
	return 0;
}

/* ---- what is said ----------------------------------------------------- */

/* As msg_text() and msg_errno(), but not into the line of the display. */
static void __attribute__((format(printf, 3, 4)))
say(struct zpipe *z, const char *name, const char *fmt, ...)
{
	va_list ap;

	display_clear(&z->display);
	va_start(ap, fmt);
	msg_vtext(name, fmt, ap);
	va_end(ap);
}

static void
blame(struct zpipe *z, const char *name)
{
	int reason = errno;

	display_clear(&z->display);
	errno = reason;
	msg_errno(name);
}

/* Why an output is lost: errno, and how much a file has got. */
static void
blame_output(struct zpipe *z, const struct output *o)
{
	int reason = errno;

	if (o->fifo != NULL && reason == ENOENT)
		say(z, o->name, "removed before it had a reader");
	else if (o->fifo != NULL && reason == ESTALE)
		say(z, o->name,
		    "replaced by another file before it had a reader");
	else if (o->kind == OUTPUT_FILE)
		say(z, o->name, "%s after %ju bytes", strerror(reason),
		    (uintmax_t)o->given);
	else
		blame(z, o->name);
}

static void
print_counts(struct zpipe *z, const char *cause)
{
	char line[REPORT_LINE];

	report_counts(&z->pump, (double)(clock_now() - z->began) / 1e6, line);
	say(z, NULL, "%s%s", cause, line);
}

/* One line per output, if there are several. */
static void
print_outputs(struct zpipe *z)
{
	char line[REPORT_LINE];

	for (size_t i = 0; i < z->nouts && z->nouts > 1; i++) {
		report_output(&z->pump, &z->outs[i], line);
		say(z, z->outs[i].name, "%s", line);
	}
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
	/* the last line of the display says as much */
	if (!z->o.quiet && !display_shown(&z->display))
		print_counts(z, causes[ended]);
	z->status |= STATUS_SIGNAL;
}

static void
explain(struct zpipe *z, const struct input *in)
{
	char line[REPORT_LINE];

	if (report_fall(&z->pump, line))
		say(z, in->name, "%s", line);
	report_engine(&z->pump, line);
	say(z, in->name, "%s", line);
	print_outputs(z);
}

/* What we cannot be told to change: enum lack. */
static unsigned
lacks(const struct zpipe *z)
{
	const struct pump *p = &z->pump;
	unsigned l = 0;

	if (!display_draws(&z->display))
		l |= LACKS_DISPLAY;
	if (!z->display.visible || !z->display.term.tty)
		l |= LACKS_WINDOW;
	if (!z->titled)
		l |= LACKS_TITLE;
	if (p->engine == ENGINE_SPLICE || p->engine == ENGINE_RANGE ||
	    p->engine == ENGINE_MMAP)
		l |= LACKS_BYTES;
	if (p->polls == NULL)
		l |= LACKS_TRANSFER;
	if (z->o.stop_at_size)
		l |= LACKS_SIZE;
	if (!pump_grows(p))
		l |= LACKS_RING;
	return l;
}

static void
change(struct zpipe *z, struct opts *o)
{
	change_apply(&z->o, o);
	if (o->changed & CHANGED_RATE)
		pump_limit(&z->pump, z->o.rate_limit);
	if (o->changed & CHANGED_BUFFER)
		pump_buffer(&z->pump, z->o.buffer_size);
	/* without memory the old line goes on, with the old words */
	if (display_change(&z->display) == -1)
		memset(o->told, 0, sizeof(o->told));
	display_wants(&z->display, &z->pump.view);
	z->pump.tick = clock_now();
}

/* Another zpipe wants options changed: "ok", or why not (follow.h). */
static size_t
on_change(struct zpipe *z, const char *msg, size_t len, char *reply)
{
	const char *option, *reason;
	struct opts o;
	size_t n = 2;
	char *copy = malloc(len);

	if (copy == NULL)
		return 0;
	memcpy(copy, msg, len);
	memcpy(reply, "no", 2);
	if (change_hear(&o, copy, len)) {
		option = change_misfit(&o, msg, len, lacks(z), &reason);
		if (option == NULL) {
			change(z, &o);
			memcpy(reply, "ok", 2);
		} else
			n = (size_t)snprintf(reply, FOLLOW_WHY,
			    "%s: process %d %s", option, (int)getpid(), reason);
	}
	opts_release(&o);
	free(copy);
	return n;
}

/* What the inputs come to; what was stored, when that is sent. */
static int
inputs_size(const struct zpipe *z, uint64_t *bytes)
{
	if (z->o.files != z->stored)
		return size_inputs(z->o.files, z->o.nfiles, bytes);
	*bytes = z->store_size;
	return 0;
}

/*
 * Where the descriptors among the inputs stand, all together; -1 if there are
 * none, or one has no position.
 */
static off_t
where_given(const struct zpipe *z)
{
	off_t sum = 0, at;
	bool any = false;

	for (size_t i = 0; i < z->o.nfiles; i++) {
		int fd = input_descriptor(z->o.files[i]);
		bool again = false;

		for (size_t j = 0; j < i && fd != -1 && !again; j++)
			again = input_descriptor(z->o.files[j]) == fd;
		if (fd == -1 || again)
			continue;
		at = lseek(fd, 0, SEEK_CUR);
		if (at == -1)
			return -1;
		sum += at;
		any = true;
	}
	return any ? sum : -1;
}

/*
 * The size of the inputs, if nobody wanted to know it before. It must not keep
 * the bytes waiting: so no directory is walked, and no line is counted.
 */
static void
size_for_others(struct zpipe *z)
{
	uint64_t bytes;
	off_t at;

	if (z->sized || z->o.sized || z->o.size != 0 || z->o.show.lines)
		return;
	z->sized = true;
	if (inputs_size(z, &bytes) == -1)
		return;
	/* they count from where they stand, which is no longer the start */
	at = z->given_at == -1 ? -1 : where_given(z);
	if (at > z->given_at && z->o.files != z->stored)
		bytes += (uint64_t)(at - z->given_at);
	z->o.size = bytes;
	meter_set_size(&z->display.meter, bytes);
}

/* What another zpipe wants of us; remote.h. */
static size_t
on_message(void *ctx, const char *msg, size_t len, char *reply)
{
	struct zpipe *z = ctx;
	struct display_report report;

	if (len == 3 && memcmp(msg, "end", 3) == 0)
		return REMOTE_KEEP;
	if (len != 5 || memcmp(msg, "query", 5) != 0)
		return on_change(z, msg, len, reply);
	size_for_others(z);
	display_report(&z->display, &z->pump, &report);
	memcpy(reply, &report, sizeof(report));
	return sizeof(report);
}

/* Those who watch us get the last figures, and how it has ended. */
static void
tell_the_end(struct zpipe *z)
{
	struct display_report *r = &z->last;

	if (r->bytes == 0)
		return; /* nobody was there when they were known */
	r->ended = true;
	r->status = z->left != NULL ? SIGPIPE : ended ? ended : z->status << 8;
	remote_end(&z->remote, (const char *)r, sizeof(*r));
}

/*
 * The default of SIGTSTP, as an orphan is not stopped by it; but the time that
 * passes is not ours.
 */
static void
stop(struct zpipe *z)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL }, old;

	stopped = 0;
	meter_stop(&z->display.meter, clock_now());
	display_yield(&z->display);
	sigaction(SIGTSTP, &dfl, &old);
	raise(SIGTSTP);
	sigaction(SIGTSTP, &old, NULL);
	meter_go(&z->display.meter, clock_now());
	display_draw(&z->display, &z->pump, NULL);
}

static bool
on_wake(void *ctx)
{
	struct zpipe *z = ctx;
	uint64_t n;

	woken = 0;
	(void)!read(wake_fd, &n, sizeof(n)); /* it only has to be empty */
	if (stopped)
		stop(z);
	if (asked && !z->o.quiet) {
		print_counts(z, "");
		print_outputs(z);
	}
	if (z->remote.fd != -1)
		remote_serve(&z->remote, on_message, z);
	display_resized(&z->display, &z->pump);
	asked = 0;
	return ended != 0;
}

/* When it is worth while: a short transfer is to cost no socket. */
static void
listen_to_others(struct zpipe *z, uint64_t now)
{
	if (z->told || now < z->began + TELL_US)
		return;
	z->told = true;
	remote_listen(&z->remote); /* or nobody can talk to us, then */
}

/* The first tick comes, at the latest, when that is due. */
static uint64_t
on_tick(void *ctx, uint64_t now)
{
	struct zpipe *z = ctx;
	uint64_t due = display_tick(&z->display, &z->pump, now);

	listen_to_others(z, now);
	if (!z->told && due > z->began + TELL_US)
		return z->began + TELL_US;
	return due == UINT64_MAX ? 0 : due;
}

/* What cannot be read has become NULs; twice -E: one line for each input. */
static void
on_skip(void *ctx, struct input *in, uint64_t off, size_t len)
{
	struct zpipe *z = ctx;
	int reason = errno;

	z->skipped = true;
	if (z->o.skip_errors > 1 && z->erring == in)
		return;
	z->erring = in;
	say(z, in->name, "%s: %zu bytes at %ju are NULs now", strerror(reason),
	    len, (uintmax_t)off);
}

/* For what stdio has printed; the bytes of a transfer go another way. */
static int
flush_stdout(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	msg_errno("stdout");
	return STATUS_MOVE;
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
 * Whoever started us may have ignored SIGCHLD, and so do we then, after
 * exec(3): the kernel would forget our children before we have waited for them
 * (sigaction(2)). Before the first of them is made.
 */
static void
take_children(void)
{
	signal(SIGCHLD, SIG_DFL);
}

/*
 * The reader is gone. cat dies of it, unless SIGPIPE is ignored or blocked; so
 * do we, but by our own hand, when all has been said.
 */
static bool
dies_of_pipe(void)
{
	struct sigaction sa;
	sigset_t blocked;

	return sigaction(SIGPIPE, NULL, &sa) == 0 && sa.sa_handler != SIG_IGN &&
	    sigprocmask(SIG_BLOCK, NULL, &blocked) == 0 &&
	    !sigismember(&blocked, SIGPIPE);
}

/* Returns only if the signal cannot end us: the first process of a container */
static void
die_of(int sig)
{
	sigset_t set;

	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(sig);
}

/* All has been said and cleaned up: as cat, we end by what has ended us. */
static void
follow_signal(struct zpipe *z)
{
	if (z->left != NULL) {
		die_of(SIGPIPE);
		errno = EPIPE;
		msg_errno(z->left);
		z->status |= STATUS_MOVE;
	}
	if (ended) {
		die_of(ended);
		z->status |= STATUS_SIGNAL;
	}
}

/*
 * Two descriptors of a file have one offset (dup(2)). Where kcmp(2) is refused,
 * moving one and seeing the other move tells.
 */
static bool
share_offset(int fd, off_t at, int other)
{
	pid_t me = getpid();
	off_t seen;
	long r = syscall(SYS_kcmp, me, me, KCMP_FILE, fd, other);

	if (r != -1)
		return r == 0;
	if (lseek(other, 0, SEEK_CUR) != at ||
	    lseek(fd, at + 1, SEEK_SET) == -1)
		return false;
	seen = lseek(other, 0, SEEK_CUR);
	(void)lseek(fd, at, SEEK_SET);
	return seen == at + 1;
}

/*
 * The input and the output are one file: whether zpipe would read its own
 * output. It would not where the input is at, or ahead of, the place where the
 * next byte will be written: so cat a b 1<>a appends b to a. GNU cat has this
 * rule since coreutils 9.6 (for appending: 9.7). A terminal or a socket is no
 * danger; a pipe always is.
 */
static bool
reads_output(const struct zpipe *z, const struct input *in,
    const struct output *o)
{
	off_t at, to;

	if (in->kind != INPUT_FILE && in->kind != INPUT_BLOCK)
		return in->kind == INPUT_PIPE;
	at = lseek(in->fd, 0, SEEK_CUR);
	to = lseek(o->fd, 0, SEEK_CUR);
	if (o->append || at == -1 || to == -1)
		return in->left > 0 || z->pump.moved > o->sent;
	/* what it has not got yet comes first */
	if (at < to + (off_t)(z->pump.moved - o->sent))
		return true;
	return in->left > 0 && share_offset(in->fd, at, o->fd);
}

static bool
is_output(const struct zpipe *z, const struct input *in)
{
	for (size_t i = 0; i < z->nouts; i++)
		if (!z->outs[i].gone && path_same(&in->st, &z->outs[i].st) &&
		    reads_output(z, in, &z->outs[i]))
			return true;
	return false;
}

/* Everything is in it. */
static void
complete(struct zpipe *z, struct output *o)
{
	bool sync = z->o.sync && !ended; /* who ends us waits for no disk */

	if (sync && o->kind == OUTPUT_FILE)
		display_draw(&z->display, &z->pump, "flushing");
	if (o->fd == -1 || output_finish(o, sync) == 0)
		return;
	if (errno == EINTR && ended)
		return; /* that says why it is not on the disk */
	blame(z, o->name);
	z->status |= STATUS_MOVE;
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
	/* a command, ours or the one that we monitor, reads what it likes */
	bool quiet = left &&
	    ((z->monitor.command != 0 && z->monitor.side == SIDE_IN) ||
		how == OUTPUT_ERROR_WARN_NOPIPE ||
		how == OUTPUT_ERROR_EXIT_NOPIPE ||
		(how == OUTPUT_ERROR_DEFAULT && o->child != 0));

	if (left && !quiet && how == OUTPUT_ERROR_DEFAULT && dies_of_pipe()) {
		z->left = o->name;
		return false;
	}
	if (loss == LOSS_LAG)
		say(z, o->name, "detached after %ju bytes: it did not keep up",
		    (uintmax_t)o->given);
	else if (left && o->child != 0)
		o->broken = !quiet;
	else if (errno == ENOSPC && S_ISBLK(o->st.st_mode))
		say(z, o->name,
		    "device is full after %ju bytes, and the input has more",
		    (uintmax_t)o->given);
	else if (!quiet)
		blame_output(z, o);
	o->said = !quiet;
	if (!quiet)
		z->status |= STATUS_MOVE;
	let_go(z, o);
	if (loss == LOSS_LAG || quiet)
		return true;
	return !exits_on_error(z);
}

static void
close_one(struct zpipe *z, struct output *o)
{
	if (let_go(z, o) == -1) {
		blame(z, o->name);
		z->status |= STATUS_CLOSE;
	}
}

static void
on_done(void *ctx, struct output *o)
{
	struct zpipe *z = ctx;

	complete(z, o);
	close_one(z, o);
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
		blame(z, name);
		z->status |= STATUS_MOVE;
		return true;
	case PUMP_WRITE:
		return false; /* on_lost() has said why */
	case PUMP_BROKEN:
		blame(z, "cannot go on");
		z->status |= STATUS_MOVE;
		return false;
	case PUMP_REFUSED:
		if (z->o.engine == ENGINE_AUTO)
			say(z, NULL,
			    "--release=%s: %s: a fence protects nothing on "
			    "this kernel: use fresh",
			    release_name(z->o.release), name);
		else
			say(z, NULL,
			    "--engine=%s: %s: this system refuses it: %s",
			    engine_name(z->o.engine), name, strerror(reason));
		z->status |= STATUS_MOVE;
		return false;
	case PUMP_MEMORY:
		blame(z, name);
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
		blame(z, in.name);
		z->status |= STATUS_OPEN;
		return true;
	}
	if (operand == z->store_operand)
		in.name = z->store_name;
	z->erring = NULL;
	if (is_output(z, &in)) {
		say(z, in.name, "input file is output file");
		z->status |= STATUS_SAME;
	} else {
		if (z->o.direct_io)
			input_direct(&in);
		go_on = judge(z, &in, pump_input(&z->pump, &in));
	}
	if (input_close(&in) == -1) {
		blame(z, in.name);
		z->status |= STATUS_CLOSE;
	}
	return go_on;
}

static bool
fits_one(struct zpipe *z, const char *operand, enum input_kind kind)
{
	const char *needs = pump_misfit(&z->pump, kind);

	if (needs == NULL)
		return true;
	msg_text(NULL, "--engine=%s: %s: it %s", engine_name(z->o.engine),
	    strcmp(operand, "-") == 0 ? "stdin" : operand, needs);
	z->status |= STATUS_USAGE;
	return false;
}

/* A forced engine must fit every input, or not a byte moves. */
static bool
fits(struct zpipe *z)
{
	if (z->o.engine == ENGINE_AUTO)
		return true;
	if (z->o.store != NULL)
		return fits_one(z, z->o.store, INPUT_FILE);
	for (size_t i = 0; i < z->o.nfiles; i++) {
		const char *operand = z->o.files[i];
		enum input_kind kind;

		if (input_peek(operand, &kind) == -1)
			continue; /* it will be reported in its turn */
		if (!fits_one(z, operand, kind))
			return false;
	}
	return true;
}

/*
 * Nothing more is to be read. If that is because all that could be read has
 * been, what could not is reported: nobody else would say that it is missing.
 */
static void
report_rest(struct zpipe *z, size_t i)
{
	if (!z->o.stop_at_size || z->o.sized)
		return;
	for (; i < z->o.nfiles; i++) {
		const char *operand = z->o.files[i];

		if (input_readable(operand) == 0)
			continue;
		blame(z, strcmp(operand, "-") == 0 ? "stdin" : operand);
		z->status |= STATUS_OPEN;
	}
}

static void
copy_all(struct zpipe *z)
{
	size_t i;

	for (i = 0; i < z->o.nfiles && !pump_full(&z->pump); i++)
		if (!copy_one(z, z->o.files[i]))
			return;
	report_rest(z, i);
	z->pump.drain = display_awaits(&z->display, &z->pump);
	if (judge(z, NULL, pump_flush(&z->pump, true)) &&
	    display_awaits(&z->display, &z->pump))
		judge(z, NULL, pump_drain(&z->pump));
}

/* ---- outputs ---------------------------------------------------------- */

/*
 * An input that is a descriptor which was not given: something that cannot be
 * read takes its number, so that none of our own is read in its place. A
 * command inherits no input: whoever writes to it must see its reader leave.
 */
static void
guard_inputs(const struct zpipe *z)
{
	for (size_t i = 0; i < z->o.nfiles; i++) {
		int fd = input_descriptor(z->o.files[i]), null;

		if (fd <= STDERR_FILENO || fcntl(fd, F_SETFD, FD_CLOEXEC) != -1)
			continue;
		null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		if (null == -1 || null == fd)
			continue;
		(void)dup3(null, fd, O_CLOEXEC); /* or it is no number */
		close(null);
	}
}

/* Before any descriptor of our own can be mistaken for one of them. */
static bool
inherited(struct zpipe *z)
{
	guard_inputs(z);
	for (size_t i = 0; i < z->o.ntargets; i++) {
		const struct target *t = &z->o.targets[i];
		int flags = t->way == WAY_FD ? fcntl(t->fd, F_GETFL) : O_WRONLY;

		if (t->way == WAY_FD && t->fd <= STDERR_FILENO &&
		    (z->closed & 1u << t->fd) != 0)
			flags = -1;
		if (flags != -1 && (flags & O_ACCMODE) != O_RDONLY)
			continue;
		msg_text(t->name, "it is %s",
		    flags == -1 ? "not open" : "open for reading only");
		z->status |= STATUS_USAGE;
		return false;
	}
	return true;
}

/* A descriptor that is an output already is closed with that one. */
static int
open_fd(const struct zpipe *z, const struct target *t, struct output *o)
{
	int fd = t->fd, r, saved;

	for (size_t i = 0; i < z->nouts && fd == t->fd; i++)
		if (z->outs[i].fd == t->fd)
			fd = fcntl(t->fd, F_DUPFD_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	r = output_init(o, fd, t->name);
	if (r == -1 && fd != t->fd) {
		saved = errno;
		close(fd);
		errno = saved;
	}
	return r;
}

/* 0, or -1: it has been reported, and *fatal tells whether the others go on. */
static int
open_one(struct zpipe *z, const struct target *t, struct output *o, bool *fatal)
{
	int r = -1;

	switch (t->way) {
	case WAY_STDOUT:
	case WAY_FD:
		r = open_fd(z, t, o);
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
	msg_errno(t->name);
	z->status |= t->way == WAY_STDOUT ? STATUS_MOVE : STATUS_OPEN;
	return -1;
}

static int
stat_input(const char *operand, struct stat *st)
{
	int fd = input_descriptor(operand);

	return fd != -1 ? fstat(fd, st) : stat(operand, st);
}

/* A file that we have opened for writing is one that is to be read. */
static bool
overwrites_input(struct zpipe *z)
{
	struct stat st;

	for (size_t i = 0; i < z->nouts; i++)
		for (size_t j = 0; j < z->o.nfiles; j++) {
			const struct output *o = &z->outs[i];
			const char *operand = z->o.files[j];

			if (!o->opened || o->kind != OUTPUT_FILE)
				continue;
			if (stat_input(operand, &st) == -1 ||
			    !path_same(&st, &o->st) ||
			    (S_ISREG(st.st_mode) && st.st_size == 0))
				continue;
			msg_text(strcmp(operand, "-") == 0 ? "stdin" : operand,
			    "input file is output file");
			z->status |= STATUS_SAME;
			return true;
		}
	return false;
}

/* Two outputs that are one, or an input that would be written over. */
static bool
clashes(struct zpipe *z)
{
	for (size_t i = 0; i < z->nouts; i++)
		for (size_t j = 0; j < i; j++)
			if (output_same(&z->outs[i], &z->outs[j])) {
				msg_text(z->outs[i].name,
				    "the same output as %s", z->outs[j].name);
				z->status |= STATUS_USAGE;
				return true;
			}
	/* what is stored first may be written over then */
	return z->o.store == NULL && overwrites_input(z);
}

/* Opens them all. -1: nothing is to be moved. */
static int
open_outputs(struct zpipe *z)
{
	bool fatal = false;

	z->outs = calloc(z->o.ntargets, sizeof(*z->outs));
	if (z->outs == NULL) {
		msg_errno("setting up");
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
	msg_errno(o->name);
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
		if (output_truncate(o) == -1) {
			if (not_started(z, o))
				return -1;
			continue;
		}
		if (z->o.sparse)
			output_sparse(o);
		if (z->o.direct_io)
			output_direct(o);
		left++;
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
			msg_errno("inputs");
			z->status |= STATUS_OPEN;
			return false;
		}
		close(fd);
	}
	return true;
}

/*
 * However this ends, a reader that waits until a FIFO is opened must see the
 * end.
 */
static void
release_readers(struct zpipe *z)
{
	for (size_t i = 0; i < z->nouts; i++)
		if (z->outs[i].fifo != NULL)
			(void)output_connect(&z->outs[i]);
}

/* Its status; false if a signal ends us first. SIGCHLD wakes us. */
static bool
await(struct zpipe *z, pid_t pid, const char *name, int *status)
{
	struct pollfd p = { wake_fd, POLLIN, 0 };
	pid_t r;

	while ((r = waitpid(pid, status, WNOHANG)) == 0) {
		/* what on_wake() takes out of wake_fd, poll(2) waits for */
		if (!woken)
			poll(&p, 1, -1);
		else if (on_wake(z))
			return false; /* it may stay; we may not */
	}
	if (r == -1) {
		msg_errno(name);
		z->status |= STATUS_MOVE;
	}
	return r != -1;
}

/* Everything has been said to it: what does the command say? */
static void
wait_for_command(struct zpipe *z, const struct output *o)
{
	int status;

	if (!await(z, o->child, o->name, &status))
		return;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE &&
	    o->child == z->monitor.command && monitor_unread(&z->monitor))
		return; /* whoever read it has left, and hears of it */
	else if (WIFSIGNALED(status))
		msg_text(o->name, "killed by signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) != 0)
		msg_text(o->name, "exit status %d", WEXITSTATUS(status));
	else if (o->broken)
		msg_text(o->name, "%s", strerror(EPIPE));
	else
		return;
	z->status |= STATUS_MOVE;
}

/* ---- before a byte is moved ------------------------------------------- */

/* 0, or -1 with errno. */
static int
start_pump(struct zpipe *z)
{
	struct pump *p = &z->pump;

	if (pump_init(p, &z->o, z->outs, z->nouts, &z->calls) == -1)
		return -1;
	display_wants(&z->display, &p->view);
	if (z->o.limited)
		pump_limit(p, z->o.rate_limit);
	/* listen at once if an option that --remote can change was given */
	p->tick = z->o.limited || z->o.shows ? z->began : z->began + TELL_US;
	return 0;
}

/* Between two reads, before anything is moved. */
static bool
counts_on(void *ctx)
{
	struct zpipe *z = ctx;

	listen_to_others(z, clock_now());
	if (!woken)
		return true;
	if (on_wake(z))
		return false;
	meter_stop(&z->display.meter, clock_now()); /* stop() ends that */
	return true;
}

/* The lines of all inputs. It is no time in which they move. */
static bool
count_lines(struct zpipe *z, uint64_t *lines)
{
	int r;

	meter_stop(&z->display.meter, clock_now());
	r = size_lines(z->o.files, z->o.nfiles, z->pump.view.end, counts_on, z,
	    lines);
	meter_go(&z->display.meter, clock_now());
	return r == 0;
}

/* The only output is a block device, where so many bytes go. */
static bool
has_room(const struct zpipe *z, uint64_t *room)
{
	const struct output *o = &z->outs[0];

	return z->nouts == 1 && S_ISBLK(o->st.st_mode) && !o->append &&
	    !z->o.show.lines && size_room(o->fd, room) == 0;
}

/* What is to come, and where it stops; false if nobody can say. */
static bool
find_size(struct zpipe *z)
{
	struct opts *o = &z->o;
	struct pump *p = &z->pump;
	bool lines = o->show.lines, device;
	uint64_t room, bytes;

	if (o->sized) {
		if (o->stop_at_size)
			*(lines ? &p->stop_lines : &p->stop) = o->size;
		return true;
	}
	o->size = 0;
	z->sized = false;
	z->given_at = where_given(z);
	device = has_room(z, &room);
	if (!display_draws(&z->display) && !o->stop_at_size && !device)
		return false;
	if (inputs_size(z, &bytes) == -1) {
		if (device)
			o->size = room;
		/* one byte more, to learn whether there is one */
		if (device)
			p->stop = o->stop_at_size ? room : room + 1;
		return device;
	}
	/* the last line of all may have no end: it comes as well */
	if (o->stop_at_size)
		p->stop = device && room < bytes ? room : bytes;
	if (!lines)
		o->size = bytes;
	else if (!display_wants_size(&z->display) || !count_lines(z, &o->size))
		o->size = 0;
	return true;
}

/* -1: it has been said why not. */
static int
set_aims(struct zpipe *z)
{
	bool known = find_size(z);

	if (ended) {
		say_ended(z);
		display_end(&z->display, &z->pump);
		return -1;
	}
	meter_set_size(&z->display.meter, z->o.size);
	if (z->o.stop_at_size && !known) {
		msg_text("--stop-at-size", "the size is not known: use --size");
		z->status |= STATUS_USAGE;
		return -1;
	}
	return 0;
}

/* What else it is, as words for a message; NULL: nothing that we know of. */
static const char *
pidfile_clash(const struct zpipe *z, const struct stat *pid)
{
	struct stat st;

	for (size_t i = 0; i < z->nouts; i++)
		if (path_same(&z->outs[i].st, pid))
			return "an output";
	/* without outputs the operands are no inputs */
	for (size_t i = 0; i < z->o.nfiles && z->nouts > 0; i++)
		if (stat_input(z->o.files[i], &st) == 0 && path_same(&st, pid))
			return "an input";
	if (z->o.store != NULL && stat(z->o.store, &st) == 0 &&
	    path_same(&st, pid))
		return "the file of --store-and-forward";
	return NULL;
}

static void
not_created(const char *path, enum pidfile_end end, pid_t running)
{
	switch (end) {
	case PIDFILE_OK:
		break;
	case PIDFILE_ERROR:
		msg_text("--pidfile", "%s: %s", path, strerror(errno));
		break;
	case PIDFILE_OTHER:
		msg_text("--pidfile",
		    "%s: not a regular file: use the name of a new file", path);
		break;
	case PIDFILE_HOLDS:
		msg_text("--pidfile",
		    "%s: not a pid file: remove it, or use another name", path);
		break;
	case PIDFILE_RUNNING:
		msg_text("--pidfile",
		    "%s: process %d is running: use another name", path,
		    (int)running);
		break;
	}
}

/* 0, or -1: it has been said why not. */
static int
write_pidfile(struct zpipe *z)
{
	const char *path = z->o.pidfile, *clash = NULL;
	enum pidfile_end end = PIDFILE_OK;
	struct stat st;
	pid_t running = 0;

	if (path == NULL)
		return 0;
	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
		clash = pidfile_clash(z, &st);
	if (clash == NULL)
		end = pidfile_create(&z->pidfile, path, &running);
	/* a name that was free may be that of an input as well */
	if (clash == NULL && end == PIDFILE_OK)
		clash = pidfile_clash(z, &z->pidfile.st);
	if (clash == NULL && end == PIDFILE_OK)
		return 0;
	if (clash != NULL)
		msg_text("--pidfile", "%s: it is also %s: use another name",
		    path, clash);
	else
		not_created(path, end, running);
	z->status |= clash != NULL ? STATUS_USAGE : STATUS_OPEN;
	return -1;
}

static void
clean_up(struct zpipe *z)
{
	display_close(&z->display);
	remote_close(&z->remote);
	if (z->store_fd != -1)
		close(z->store_fd);
	z->store_fd = -1;
	free(z->store_name);
	z->store_name = NULL;
	pidfile_delete(&z->pidfile);
}

/* ---- from start to end ------------------------------------------------ */

static int
set_up(struct zpipe *z)
{
	z->calls = (struct pump_calls){
		.on_wake = on_wake,
		.on_lost = on_lost,
		.on_done = on_done,
		.on_tick = on_tick,
		.on_skip = on_skip,
		.ctx = z,
	};
	if (open_outputs(z) == -1 || clashes(z))
		return -1;
	if (display_open(&z->display, &z->o, z->began) == -1 ||
	    watch_signals(z) == -1 || start_pump(z) == -1) {
		msg_errno("setting up");
		z->status |= STATUS_MEMORY;
		return -1;
	}
	if (z->monitor.counts != NULL) {
		z->pump.tell = &z->monitor.counts[z->monitor.side];
		z->display.other = &z->monitor.counts[!z->monitor.side];
	}
	if (one_is_left(z) && fits(z) && write_pidfile(z) == 0 &&
	    set_aims(z) == 0 && (z->o.store != NULL || start_outputs(z) == 0))
		return 0;
	pump_release(&z->pump);
	return -1;
}

/* The zpipe that moves the other side, and the command between us. */
static void
wait_for_monitored(struct zpipe *z)
{
	struct output command = { .name = z->command,
		.child = z->monitor.command };
	int status;

	monitor_leave(&z->monitor);
	if (z->monitor.command != 0)
		wait_for_command(z, &command);
	monitor_release(&z->monitor);
	if (z->monitor.other == 0 ||
	    !await(z, z->monitor.other, "--monitor", &status))
		return;
	if (WIFEXITED(status))
		z->status |= WEXITSTATUS(status);
	else if (WTERMSIG(status) == SIGPIPE)
		z->left = "--monitor";
	else if (WTERMSIG(status) != ended) {
		msg_text("--monitor",
		    "the process for its output was killed by "
		    "signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
		z->status |= STATUS_MOVE;
	}
}

static void
finish(struct zpipe *z)
{
	if (z->skipped)
		z->status |= STATUS_MOVE;
	say_ended(z);
	for (size_t i = 0; i < z->nouts; i++)
		if (!z->outs[i].gone)
			complete(z, &z->outs[i]);
	display_end(&z->display, &z->pump);
	if (remote_waiting(&z->remote)) {
		size_for_others(z);
		display_report(&z->display, &z->pump, &z->last);
		z->last.state.final = true;
	}
	pump_release(&z->pump);
	release_readers(z);
	for (size_t i = 0; i < z->nouts; i++)
		if (!z->outs[i].gone)
			close_one(z, &z->outs[i]);
	for (size_t i = 0; i < z->nouts; i++) {
		const struct output *o = &z->outs[i];

		if (o->dropped > 0 && !o->said)
			msg_text(o->name,
			    "%ju bytes dropped: it did not keep up",
			    (uintmax_t)o->dropped);
		/* a signal for us is most often one for them as well */
		if (o->child != 0 && !ended && z->left == NULL)
			wait_for_command(z, o);
	}
	wait_for_monitored(z);
	say_ended(z);
	tell_the_end(z);
	clean_up(z);
	close(wake_fd);
}

/* ---- store and forward ------------------------------------------------ */

/* Only there is everything still to be found when it has been written. */
static bool
can_store(const struct stat *st)
{
	return S_ISREG(st->st_mode) || S_ISBLK(st->st_mode);
}

/* 0, or -1 with errno; 0 as well, if it is there and cannot store. */
static int
open_named(struct zpipe *z, const char *path)
{
	struct stat *st = &z->store_st;

	z->store_name = strdup(path);
	if (z->store_name == NULL)
		return -1;
	/* to open a device or a FIFO may have an effect */
	if (stat(path, st) == 0 && !can_store(st) && !S_ISDIR(st->st_mode))
		return 0;
	do
		z->store_fd = open(path,
		    O_RDWR | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0666);
	while (retry(z->store_fd));
	return z->store_fd == -1 ? -1 : fstat(z->store_fd, st);
}

/*
 * Without a name. Where the file system or the kernel has no O_TMPFILE
 * (open(2)), a name that is removed at once.
 */
static int
open_unnamed(struct zpipe *z, const char *dir)
{
	char *path = NULL;

	if (asprintf(&z->store_name, "temporary file in %s", dir) == -1) {
		z->store_name = NULL;
		return -1;
	}
	do
		z->store_fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	while (retry(z->store_fd));
	if (z->store_fd == -1 &&
	    asprintf(&path, "%s/zpipe.XXXXXX", dir) != -1) {
		z->store_fd = mkostemp(path, O_CLOEXEC);
		if (z->store_fd != -1)
			unlink(path);
		free(path);
	}
	return z->store_fd == -1 ? -1 : fstat(z->store_fd, &z->store_st);
}

/*
 * A descriptor that we were given: from where it stands, and what lies behind
 * the bytes that are stored there is left alone. The same returns.
 */
static int
open_given(struct zpipe *z, const char *path, int fd)
{
	struct stat *st = &z->store_st;
	int flags = fcntl(fd, F_GETFL);

	z->store_name = strdup(path);
	if (z->store_name == NULL || flags == -1 || fstat(fd, st) == -1)
		return -1;
	if (!can_store(st))
		return 0;
	errno = EBADF;
	if ((flags & O_ACCMODE) != O_RDWR)
		return -1;
	z->store_at = lseek(fd, 0,
	    (flags & O_APPEND) != 0 ? SEEK_END : SEEK_CUR);
	z->store_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return z->store_at == -1 || z->store_fd == -1 ? -1 : 0;
}

/* 0, or -1: it has been said why not. */
static int
open_store(struct zpipe *z)
{
	const char *path = z->o.store, *dir = getenv("TMPDIR");
	bool temporary = strcmp(path, "-") == 0;
	bool named = dir != NULL && *dir != '\0';
	int fd = temporary ? -1 : path_descriptor(path);

	z->store_at = 0;
	z->store_given = fd != -1;
	if (temporary) {
		dir = named ? dir : "/tmp";
		if (open_unnamed(z, dir) == 0)
			return 0;
		msg_text("--store-and-forward",
		    "cannot create a temporary file in %s (%s): %s", dir,
		    named ? "from TMPDIR" : "TMPDIR is not set",
		    strerror(errno));
	} else if (fd != -1 && open_given(z, path, fd) == -1) {
		if (errno == EBADF)
			msg_text(path,
			    "not open for reading and writing: use N<>FILE, "
			    "or the name of a file");
		else
			msg_errno(path);
	} else if (fd == -1 && open_named(z, path) == -1) {
		msg_errno(path);
	} else if (!can_store(&z->store_st)) {
		msg_text(path,
		    "cannot be read back: use a regular file or a block "
		    "device");
	} else
		return 0;
	z->status |= STATUS_OPEN;
	return -1;
}

/* The output of the first half: it may be closed, the file is still needed. */
static int
store_output(const struct zpipe *z, struct output *out)
{
	int fd = fcntl(z->store_fd, F_DUPFD_CLOEXEC, 0), saved;

	if (fd == -1)
		return -1;
	if (output_init(out, fd, z->store_name) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	out->opened = !z->store_given;
	return 0;
}

/*
 * --store-and-forward: all inputs to a file, which then is the input. False if
 * they are not there, and nothing is to go on.
 */
static bool
store(struct zpipe *z)
{
	struct output out, *outs = z->outs;
	size_t nouts = z->nouts;
	enum engine engine = z->o.engine;
	int before = z->status;
	bool good = false;

	if (store_output(z, &out) == -1) {
		msg_errno(z->store_name);
		z->status |= STATUS_OPEN;
		return false;
	}
	for (size_t i = 0; i < nouts; i++)
		if (output_same(&out, &outs[i])) {
			msg_text(out.name, "the same output as %s",
			    outs[i].name);
			z->status |= STATUS_USAGE;
			output_close(&out);
			return false;
		}
	z->o.engine = ENGINE_AUTO; /* the other is for the outputs */
	z->outs = &out;
	z->nouts = 1;
	z->pump.outs = &out;
	z->pump.nouts = 1;
	if (!overwrites_input(z) && output_truncate(&out) == 0) {
		copy_all(z);
		good = !out.gone && !ended && z->status == before;
	} else if (z->status == before)
		not_started(z, &out);
	/* what there is to say is about this half, while it can be counted */
	if (good)
		display_finish(&z->display, &z->pump);
	else {
		say_ended(z);
		display_end(&z->display, &z->pump);
	}
	if (!out.gone)
		on_done(z, &out);
	z->store_size = z->pump.moved;
	pump_release(&z->pump);
	z->o.engine = engine;
	z->pump.outs = z->outs = outs;
	z->pump.nouts = z->nouts = nouts;
	return good && z->status == before;
}

static bool
store_first(struct zpipe *z)
{
	if (open_store(z) == -1 || !store(z))
		return false;
	/* the file itself, whatever has its name now */
	if (lseek(z->store_fd, z->store_at, SEEK_SET) == -1) {
		msg_errno(z->store_name);
		z->status |= STATUS_MOVE;
		return false;
	}
	snprintf(z->store_operand, sizeof(z->store_operand), "/dev/fd/%d",
	    z->store_fd);
	z->stored[0] = z->store_operand;
	z->o.files = z->stored;
	z->o.nfiles = 1;
	if (start_pump(z) == -1 || display_again(&z->display) == -1) {
		msg_errno("setting up");
		z->status |= STATUS_MEMORY;
		return false;
	}
	z->o.sized = false;
	if (set_aims(z) == -1)
		return false;
	/* there may be more in it than was stored */
	if (z->pump.stop > z->store_size)
		z->pump.stop = z->store_size;
	return start_outputs(z) == 0;
}

static void
transfer(struct zpipe *z)
{
	if (set_up(z) == -1) {
		monitor_leave(&z->monitor);
		release_readers(z);
		clean_up(z);
		return;
	}
	if (z->o.store == NULL || store_first(z))
		copy_all(z);
	finish(z);
}

/* ---- other processes -------------------------------------------------- */

static bool
nap(void *ctx, uint64_t usec, int fd)
{
	struct pollfd p[] = { { wake_fd, POLLIN, 0 }, { fd, POLLIN, 0 } };
	uint64_t end = clock_now() + usec, now;

	while (!ended && p[1].revents == 0 && (now = clock_now()) < end) {
		if (poll(p, 2, (int)((end - now + 999) / 1000)) > 0 &&
		    p[0].revents != 0)
			on_wake(ctx);
	}
	return !ended;
}

/* errno says why. */
static void
not_followed(struct zpipe *z, const char *option, const struct process *p,
    enum status status)
{
	if (p->name != NULL)
		msg_text(option, "'=%s': %s", p->name, strerror(errno));
	else if (errno == ENOENT)
		msg_text(option,
		    "process %d: not a zpipe, or it does not listen",
		    (int)p->pid);
	else if (errno == EBADF)
		msg_text(option, "process %d has no descriptor %d", (int)p->pid,
		    p->fd);
	else if (errno == ESPIPE)
		msg_text(option, "descriptor %d of process %d is no file",
		    p->fd, (int)p->pid);
	else
		msg_text(option, "process %d: %s", (int)p->pid,
		    strerror(errno));
	z->status |= status;
}

static void
not_changed(struct zpipe *z, const struct process *p, const char *why)
{
	if (errno != EOPNOTSUPP) {
		not_followed(z, "--remote", p, STATUS_USAGE);
		return;
	}
	msg_text("--remote", "%s", why);
	z->status |= STATUS_USAGE;
}

static void
not_watched(void *ctx, const struct process *p)
{
	/* it is what would be read, as for pv */
	not_followed(ctx, "--watchfd", p, STATUS_OPEN);
}

static void
has_ended(void *ctx, pid_t pid, const char *verdict)
{
	const struct zpipe *z = ctx;

	msg_text(z->o.watches ? "--watchfd" : "--query", "process %d: %s",
	    (int)pid, verdict);
}

/* --watchfd, --query, --remote. */
static void
follow(struct zpipe *z)
{
	struct follow_calls calls = { nap, not_watched, has_ended, z };
	struct process other = { .fd = -1 };
	char why[FOLLOW_WHY];

	if (watch_signals(z) == -1) {
		msg_errno("setting up");
		z->status |= STATUS_MEMORY;
		return;
	}
	if (write_pidfile(z) == -1) {
		clean_up(z);
		return;
	}
	if (z->o.watches)
		follow_files(&z->o, &calls);
	else if (z->o.query != 0) {
		other.pid = z->o.query;
		if (follow_query(&z->o, &calls) == -1)
			not_followed(z, "--query", &other, STATUS_USAGE);
	} else {
		other.pid = z->o.remote;
		if (follow_change(&z->o, why) == -1)
			not_changed(z, &other, why);
	}
	clean_up(z);
}

/* --monitor: the operands are a command, and we stand beside it. */
static bool
stand_beside(struct zpipe *z)
{
	static const char *const just_stdin[] = { "-", NULL };

	if (monitor_start(&z->monitor, z->o.monitor, z->o.files) == -1) {
		msg_text("--monitor", "%s: %s", z->o.files[0], strerror(errno));
		z->status |= STATUS_OPEN;
		return false;
	}
	z->command = z->o.files[0];
	z->o.files = (const char **)(uintptr_t)just_stdin;
	z->o.nfiles = 1;
	if (z->monitor.command == 0)
		z->o.pidfile = NULL; /* it names the other one */
	if (z->o.monitor == MONITOR_BOTH)
		z->o.cursor = true;
	if (z->o.monitor == MONITOR_BOTH && z->monitor.side == SIDE_IN) {
		if (z->o.first_format != NULL)
			z->o.show.format = z->o.first_format;
		if (z->o.first_name != NULL)
			z->o.show.name = z->o.first_name;
	}
	z->o.show.ratio = z->o.monitor == MONITOR_BOTH &&
	    z->monitor.side == SIDE_OUT && !z->o.show.numeric;
	return true;
}

int
main(int argc, char *argv[])
{
	struct zpipe z = { .display = DISPLAY_INITIALIZER,
		.remote = REMOTE_INITIALIZER,
		.store_fd = -1 };

	z.closed = open_standard();
	take_children();
	z.began = clock_now();
	switch (opts_parse(&z.o, argc, argv)) {
	case OPTS_USAGE:
		z.status = STATUS_USAGE;
		break;
	case OPTS_EXIT:
		z.status = flush_stdout();
		break;
	case OPTS_RUN:
		z.titled = (z.o.extra & EXTRA_PROCESS) != 0;
		if (z.titled)
			setproctitle_init(argc, argv, environ);
		if (z.o.probe) {
			report_probe(stdout);
			z.status = flush_stdout();
		} else if (z.o.watches || z.o.query != 0 || z.o.remote != 0)
			follow(&z);
		else if (z.o.monitor == MONITOR_NONE || stand_beside(&z))
			transfer(&z);
		break;
	}
	follow_signal(&z);
	free(z.outs);
	opts_release(&z.o);
	return z.status;
}
