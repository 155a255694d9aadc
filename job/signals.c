/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/eventfd.h>

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/retry.h"
#include "job/job.h"
#include "msg/msg.h"

/* Set by the handler; the eventfd wakes poll(2) without a race. */
static volatile sig_atomic_t woken, asked, stopped, reads, wake_fd = -1;

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
		retry_ended = sig; /* others only wake us */
	woken = 1;
	(void)!write(wake_fd, &one, sizeof(one));
	errno = saved;
}

/* A signal that is ignored stays so: see nohup(1), and & in the shell. */
static void
take_signal(int sig, void (*handler)(int))
{
	struct sigaction sa = { .sa_handler = handler }, old;

	/* no SA_RESTART: calls that block must return */
	if (sigaction(sig, &sa, &old) == 0 && old.sa_handler == SIG_IGN)
		sigaction(sig, &old, NULL);
}

/* SIGIO: another zpipe calls, or a reader has taken bytes (POLL_OUT). */
static void
on_io(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (info->si_code == POLL_OUT)
		reads++;
	on_signal(sig);
}

/* For signals whose errno is enough. Unlike SIG_IGN, exec(3) resets it. */
static void
nothing(int sig)
{
	(void)sig;
}

int
job_watch_signals(struct job *j)
{
	struct sigaction told = { .sa_handler = on_signal };
	struct sigaction io = { .sa_sigaction = on_io, .sa_flags = SA_SIGINFO };

	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake_fd == -1)
		return -1;
	j->wake = (struct pump_wake){ &woken, &reads, wake_fd, NULL };
	if (j->monitor.counts != NULL)
		j->wake.moved = &j->monitor.counts[j->monitor.side];
	take_signal(SIGUSR1, on_signal);
	if (display_visible(&j->display)) {
		take_signal(SIGTSTP, on_signal);
		take_signal(SIGWINCH, on_signal);
		take_signal(SIGCONT, on_signal);
		/* tostop (stty(1)) must not stop a background job for a line */
		take_signal(SIGTTOU, nothing);
	}
	/* caught and unblocked in any case: we wait for these two */
	sigemptyset(&told.sa_mask);
	if (sigaction(SIGIO, &io, NULL) == -1 ||
	    sigaction(SIGCHLD, &told, NULL) == -1)
		return -1;
	sigaddset(&told.sa_mask, SIGIO);
	sigaddset(&told.sa_mask, SIGCHLD);
	sigprocmask(SIG_UNBLOCK, &told.sa_mask, NULL);
	if (j->o->ignore_interrupts)
		signal(SIGINT, SIG_IGN);
	else
		take_signal(SIGINT, on_signal);
	take_signal(SIGTERM, on_signal);
	take_signal(SIGHUP, on_signal);
	take_signal(SIGPIPE, nothing); /* see job_die_of_signal() */
	take_signal(SIGXFSZ, nothing); /* EFBIG, of one output */
	return 0;
}

/*
 * By the default action of SIGTSTP, since that does not stop an orphaned
 * process group. The time until SIGCONT counts for no figure.
 */
static void
stop(struct job *j)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL }, old;

	stopped = 0;
	display_stop(&j->display);
	display_yield(&j->display);
	sigaction(SIGTSTP, &dfl, &old);
	raise(SIGTSTP);
	sigaction(SIGTSTP, &old, NULL);
	display_go(&j->display);
	display_draw(&j->display, job_facts(j), NULL);
}

bool
job_on_wake(struct job *j)
{
	uint64_t n;

	woken = 0;
	(void)!read(wake_fd, &n, sizeof(n));
	if (stopped)
		stop(j);
	if (asked && !j->o->tune.display.quiet) {
		job_print_counts(j, "");
		job_print_outputs(j);
	}
	job_serve_others(j);
	if (display_resized(&j->display))
		display_draw(&j->display, job_facts(j), NULL);
	asked = 0;
	return retry_ended != 0;
}

bool
job_dies_of_pipe(void)
{
	struct sigaction sa;
	sigset_t blocked;

	return sigaction(SIGPIPE, NULL, &sa) == 0 && sa.sa_handler != SIG_IGN &&
	    sigprocmask(SIG_BLOCK, NULL, &blocked) == 0 &&
	    !sigismember(&blocked, SIGPIPE);
}

/* Returns only if the signal cannot kill us: in PID 1 of a container. */
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

void
job_die_of_signal(struct job *j)
{
	if (j->left != NULL) {
		die_of(SIGPIPE);
		errno = EPIPE;
		msg_errno(STATUS_MOVE, j->left);
	}
	if (retry_ended) {
		die_of(retry_ended);
		msg_add(STATUS_SIGNAL);
	}
}

int
job_ended(void)
{
	return retry_ended;
}
