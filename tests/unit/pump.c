/* SPDX-License-Identifier: ISC */
/*
 * The pump and its events, without a process around it: pipes and sockets of
 * our own are the inputs and the readers, who read when a tick comes.
 */
#include "config.h"

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "pump/pump.h"
#include "tests/lib/tap.h"

enum {
	SIZE = 3 << 20, /* of an input: more than pipes hold */
	OUTPUTS = 3,
	TICK = 200,
	PATIENCE = 20000000, /* microseconds until a test has hung */
};

static char bytes[SIZE];

struct reader {
	int fd;
	char *got;
	size_t ngot;
	size_t most; /* that it takes at a tick; 0: nothing */
};

struct rig {
	struct pump pump;
	struct output outs[OUTPUTS];
	struct reader readers[OUTPUTS];
	size_t nouts;
	unsigned ticks, signals, lost, finished;
	struct pump_event last_lost;
	size_t unread; /* in the pipe of the last output that was finished */
	bool stop_at_signal;
};

static volatile sig_atomic_t woken, reads;
static struct pump_wake wake = { &woken, &reads, -1, NULL };

/* ---- inputs ----------------------------------------------------------- */

static int
file_of(const char *p, size_t n)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	if (fd == -1 || write(fd, p, n) != (ssize_t)n ||
	    lseek(fd, 0, SEEK_SET) == -1)
		bail("memfd_create");
	return fd;
}

/* A process writes it, and ends. */
static int
pipe_of(const char *p, size_t n)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) == -1)
		bail("pipe2");
	switch (fork()) {
	case -1:
		bail("fork");
	case 0:
		signal(SIGPIPE, SIG_DFL);
		close(ends[0]);
		while (n > 0) {
			ssize_t w = write(ends[1], p, n);

			if (w <= 0)
				break;
			p += w;
			n -= (size_t)w;
		}
		_exit(0);
	}
	close(ends[1]);
	return ends[0];
}

static void
open_input(struct input *in, int fd)
{
	char name[32];

	*in = (struct input)INPUT_INITIALIZER;
	snprintf(name, sizeof(name), "/dev/fd/%d", fd);
	if (input_open(in, name) == -1)
		bail("input_open");
}

/* ---- readers ---------------------------------------------------------- */

static void
take(struct reader *r)
{
	size_t left = r->most;
	ssize_t n;

	while (left > 0 && r->fd != -1 && r->ngot < 4 * (size_t)SIZE) {
		n = read(r->fd, r->got + r->ngot, left < 65536 ? left : 65536);
		if (n <= 0)
			break;
		r->ngot += (size_t)n;
		left -= (size_t)n;
	}
}

static void
rig_open(struct rig *g, const struct flow_conf *conf, size_t nouts)
{
	int ends[2];

	memset(g, 0, sizeof(*g));
	g->nouts = nouts;
	for (size_t i = 0; i < nouts; i++) {
		if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1 ||
		    output_init(&g->outs[i], ends[1], "out") == -1)
			bail("pipe2");
		g->readers[i].fd = ends[0];
		g->readers[i].most = SIZE;
		g->readers[i].got = malloc(4 * (size_t)SIZE);
		if (g->readers[i].got == NULL)
			bail("malloc");
	}
	woken = 0;
	if (pump_init(&g->pump, conf, g->outs, nouts, &wake) == -1)
		bail("pump_init");
	pump_tick_at(&g->pump, clock_now());
}

/* As the job does: false at a signal that is to end it. */
static bool
act(struct rig *g, const struct pump_event *e)
{
	uint64_t n;

	switch (e->what) {
	case PUMP_TICK:
		g->ticks++;
		for (size_t i = 0; i < g->nouts; i++)
			take(&g->readers[i]);
		pump_tick_at(&g->pump, clock_now() + TICK);
		break;
	case PUMP_SIGNAL:
		g->signals++;
		woken = 0;
		(void)!read(wake.fd, &n, sizeof(n));
		return !g->stop_at_signal;
	case PUMP_LOST:
		g->lost++;
		g->last_lost = *e;
		output_close(e->output);
		break;
	case PUMP_FINISHED:
		g->finished++;
		g->unread = output_unread(e->output);
		output_close(e->output);
		break;
	default:
		break;
	}
	return true;
}

/* Until the task has ended, or act() ends it. */
static struct pump_event
run(struct rig *g)
{
	uint64_t until = clock_now() + PATIENCE;
	struct pump_event e;

	do {
		e = pump_next(&g->pump);
		if (clock_now() > until)
			bail("the pump does not come to an end");
	} while (act(g, &e) && e.what != PUMP_END);
	return e;
}

static struct pump_event
move(struct rig *g, int fd)
{
	struct pump_event e;
	struct input in;

	open_input(&in, fd);
	pump_input(&g->pump, &in);
	e = run(g);
	input_close(&in);
	close(fd);
	return e;
}

/* What is still in the pipes, when their writers have gone. */
static void
rig_close(struct rig *g)
{
	pump_release(&g->pump);
	for (size_t i = 0; i < g->nouts; i++) {
		if (!g->outs[i].gone)
			output_close(&g->outs[i]);
		g->readers[i].most = 4 * (size_t)SIZE;
		take(&g->readers[i]);
		if (g->readers[i].fd != -1)
			close(g->readers[i].fd);
	}
}

static void
rig_free(struct rig *g)
{
	for (size_t i = 0; i < g->nouts; i++)
		free(g->readers[i].got);
}

static bool
got(const struct reader *r, const char *p, size_t n)
{
	return r->ngot == n && memcmp(r->got, p, n) == 0;
}

/* ---- tests ------------------------------------------------------------ */

static const struct flow_conf plain = { .buffer_size = 16 << 20,
	.pipe_size = 1 << 20,
	.one_input = true };

static void
test_engines(void)
{
	static const struct {
		enum engine engine;
		const char *name;
		bool pipes; /* it takes them as input */
	} engines[] = {
		{ ENGINE_AUTO, "auto", true },
		{ ENGINE_RING, "ring", true },
		{ ENGINE_COPY, "copy", true },
		{ ENGINE_SPLICE, "splice", true },
		{ ENGINE_MMAP, "mmap", false },
	};
	struct pump_event e;
	struct rig g;

	for (size_t i = 0; i < sizeof(engines) / sizeof(*engines); i++)
		for (int pipes = 0; pipes <= engines[i].pipes; pipes++) {
			struct flow_conf conf = plain;

			conf.engine = engines[i].engine;
			rig_open(&g, &conf, 1);
			e = move(&g,
			    pipes ? pipe_of(bytes, SIZE) :
				    file_of(bytes, SIZE));
			rig_close(&g);
			ok(e.what == PUMP_END && e.end == PUMP_DONE &&
				got(&g.readers[0], bytes, SIZE),
			    "%s moves a %s to a pipe", engines[i].name,
			    pipes ? "pipe" : "file");
			rig_free(&g);
		}
}

/* What one engine has left in its ring goes out before the next begins. */
static void
test_turns(void)
{
	static char all[4 * SIZE];
	size_t n = 0;
	struct flow_conf conf = plain;
	struct pump_event e;
	struct rig g;

	conf.one_input = false;
	rig_open(&g, &conf, 3);
	g.readers[1].most = 3000;
	g.readers[2].most = 64 << 10;
	for (int i = 0; i < 4; i++) {
		size_t part = i == 2 ? 1000 : SIZE / 2;

		e = move(&g,
		    i % 2 == 1 ? pipe_of(bytes, part) : file_of(bytes, part));
		if (e.end != PUMP_DONE)
			bail("an input did not end well");
		memcpy(all + n, bytes, part);
		n += part;
	}
	pump_finish(&g.pump, false);
	e = run(&g);
	ok(e.end == PUMP_DONE && g.finished == 3,
	    "each of several outputs is handed over when it has everything");
	rig_close(&g);
	ok(got(&g.readers[0], all, n) && got(&g.readers[1], all, n) &&
		got(&g.readers[2], all, n),
	    "files and pipes by turns reach a fast and two slow readers whole");
	rig_free(&g);
}

static void
test_lost(void)
{
	struct pump_event e;
	struct rig g;

	rig_open(&g, &plain, 2);
	close(g.readers[0].fd);
	g.readers[0].fd = -1;
	e = move(&g, file_of(bytes, SIZE));
	ok(e.end == PUMP_DONE && g.lost == 1 &&
		g.last_lost.output == &g.outs[0] &&
		g.last_lost.reason == EPIPE && g.last_lost.loss == LOSS_ERROR,
	    "an output whose reader has left is lost, with EPIPE");
	pump_finish(&g.pump, false);
	run(&g);
	rig_close(&g);
	ok(got(&g.readers[1], bytes, SIZE), "and the other one gets it all");
	rig_free(&g);

	rig_open(&g, &plain, 1);
	close(g.readers[0].fd);
	g.readers[0].fd = -1;
	e = move(&g, pipe_of(bytes, SIZE));
	ok(e.what == PUMP_END && e.end == PUMP_WRITE && g.lost == 1,
	    "without any output that is the end");
	rig_close(&g);
	rig_free(&g);
}

static void
test_lag(void)
{
	struct flow_conf conf = plain;
	struct pump_event e;
	struct rig g;

	conf.lag = LAG_DETACH;
	conf.buffer_size = 512 << 10;
	rig_open(&g, &conf, 2);
	g.readers[1].most = 0;
	e = move(&g, pipe_of(bytes, SIZE));
	ok(e.end == PUMP_DONE && g.lost == 1 && g.last_lost.loss == LOSS_LAG &&
		g.last_lost.output == &g.outs[1],
	    "an output that does not keep up is lost, and not for an error");
	rig_close(&g);
	ok(got(&g.readers[0], bytes, SIZE), "the other one gets it all");
	rig_free(&g);
}

static void
test_signal(void)
{
	uint64_t one = 1;
	struct pump_event e;
	struct rig g;

	rig_open(&g, &plain, 1);
	woken = 1;
	if (write(wake.fd, &one, sizeof(one)) != sizeof(one))
		bail("eventfd");
	g.stop_at_signal = true;
	e = move(&g, file_of(bytes, SIZE));
	ok(e.what == PUMP_SIGNAL && pump_moved(&g.pump) == 0,
	    "a signal comes before any byte");
	rig_close(&g);
	rig_free(&g);
}

static void
test_ticks(void)
{
	struct pump_event e;
	struct input in;
	struct rig g;
	int fd = file_of(bytes, SIZE);

	rig_open(&g, &plain, 1);
	pump_tick_at(&g.pump, 0);
	open_input(&in, fd);
	pump_input(&g.pump, &in);
	e = pump_next(&g.pump);
	ok(e.what == PUMP_TICK && pump_moved(&g.pump) > 0,
	    "the first bytes are a tick, even if none was asked for");
	act(&g, &e);
	e = run(&g);
	input_close(&in);
	close(fd);
	ok(e.end == PUMP_DONE && g.ticks > 1, "others come when they are due");
	rig_close(&g);
	ok(got(&g.readers[0], bytes, SIZE), "and cost no byte");
	rig_free(&g);
}

static void
test_stop(void)
{
	static const size_t stops[] = { 1, 65535, 65536, 65537, SIZE - 1 };
	struct pump_event e;
	struct rig g;

	for (size_t i = 0; i < sizeof(stops) / sizeof(*stops); i++)
		for (int pipes = 0; pipes <= 1; pipes++) {
			rig_open(&g, &plain, 1);
			pump_stop_at(&g.pump, stops[i], UINT64_MAX);
			e = move(&g,
			    pipes ? pipe_of(bytes, SIZE) :
				    file_of(bytes, SIZE));
			rig_close(&g);
			ok(e.end == PUMP_DONE && pump_full(&g.pump) &&
				got(&g.readers[0], bytes, stops[i]),
			    "it stops after %zu bytes of a %s", stops[i],
			    pipes ? "pipe" : "file");
			rig_free(&g);
		}
}

/* A socket that is closed with bytes unread resets the other end: unix(7). */
static void
test_read_error(void)
{
	static const enum engine engines[] = { ENGINE_AUTO, ENGINE_COPY,
		ENGINE_RING, ENGINE_SPLICE };
	struct flow_conf conf = plain;
	struct pump_event e;
	struct rig g;
	int s[2];

	for (size_t i = 0; i < sizeof(engines) / sizeof(*engines); i++) {
		conf.engine = engines[i];
		rig_open(&g, &conf, 1);
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s) ==
			-1 ||
		    write(s[1], bytes, 50000) != 50000 ||
		    write(s[0], "?", 1) != 1)
			bail("socketpair");
		close(s[1]);
		e = move(&g, s[0]);
		rig_close(&g);
		ok(e.end == PUMP_READ && e.reason == ECONNRESET &&
			(g.readers[0].ngot == 0 ||
			    got(&g.readers[0], bytes, 50000)),
		    "a connection that is reset is an error of the input "
		    "(engine %d)",
		    (int)engines[i]);
		rig_free(&g);
	}
}

static void
test_rest(void)
{
	uint64_t before = clock_now();
	struct pump_event e;
	struct rig g;
	int ends[2];

	rig_open(&g, &plain, 0);
	pump_rest(&g.pump, -1, 30000);
	e = run(&g);
	ok(e.what == PUMP_END && clock_now() - before >= 30000,
	    "a rest lasts as long as it was to");
	if (pipe2(ends, O_CLOEXEC) == -1 || write(ends[1], "x", 1) != 1)
		bail("pipe2");
	pump_rest(&g.pump, ends[0], -1);
	e = run(&g);
	ok(e.what == PUMP_END, "or until there is something to read");
	woken = 1;
	g.stop_at_signal = true;
	pump_rest(&g.pump, -1, -1);
	e = run(&g);
	ok(e.what == PUMP_SIGNAL, "and a signal is told of");
	close(ends[0]);
	close(ends[1]);
	rig_close(&g);
}

static void
test_drain(void)
{
	struct pump_event e;
	struct rig g;

	rig_open(&g, &plain, 1);
	g.readers[0].most = 3000;
	e = move(&g, file_of(bytes, 300000));
	ok(e.end == PUMP_DONE && g.readers[0].ngot < 300000,
	    "an input is at its end before it has been read");
	pump_drain(&g.pump);
	e = run(&g);
	ok(e.end == PUMP_DONE && g.readers[0].ngot == 300000 &&
		pump_taken(&g.pump) == 300000,
	    "drained, it has been read");
	rig_close(&g);
	rig_free(&g);
}

/* A process that reads a page now and then, to the end. */
static pid_t
slow_reader(int fd)
{
	static char page[4096];
	pid_t child = fork();
	ssize_t n;

	if (child == -1)
		bail("fork");
	if (child != 0)
		return child;
	while ((n = read(fd, page, sizeof(page))) != 0)
		usleep(1000);
	_exit(0);
}

/* One output that is done is no reason to stop waiting for the other. */
static void
test_drain_many(void)
{
	struct rig g;
	pid_t child;

	rig_open(&g, &plain, 2);
	g.readers[0].most = 64 << 10;
	g.readers[1].most = 0;
	if (move(&g, file_of(bytes, 600000)).end != PUMP_DONE)
		bail("the input did not end well");
	child = slow_reader(g.readers[1].fd);
	pump_tick_at(&g.pump, clock_now());
	pump_finish(&g.pump, true);
	run(&g);
	ok(g.finished == 2 && g.readers[0].ngot == 600000 && g.unread == 0,
	    "an output is done when its own reader has everything");
	kill(child, SIGKILL);
	rig_close(&g);
	rig_free(&g);
}

static void
on_io(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	if (info->si_code == POLL_OUT)
		reads++;
}

int
main(void)
{
	struct sigaction io = { .sa_sigaction = on_io, .sa_flags = SA_SIGINFO };

	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGIO, &io, NULL);
	signal(SIGCHLD, SIG_IGN);
	wake.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (char)(i * 2654435761u >> 13);
	test_engines();
	test_turns();
	test_lost();
	test_lag();
	test_signal();
	test_ticks();
	test_stop();
	test_read_error();
	test_rest();
	test_drain();
	test_drain_many();
	return tap_done();
}
