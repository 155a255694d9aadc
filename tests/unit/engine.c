/* SPDX-License-Identifier: ISC */
/*
 * The steps of the engines, one at a time: what each returns when there is
 * nothing to read, no room, an end, a limit, or no reader. A step that blocks
 * is ended by SIGALRM, and the test with it.
 */
#include "config.h"

#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/engine.h"
#include "tests/lib/tap.h"

enum {
	SIZE = 2 << 20, /* more than a pipe holds */
	OUTPUTS = 2,
	STEPS = 100000,
	SECONDS = 60,
};

static char bytes[SIZE], got[OUTPUTS][SIZE];

struct rig {
	struct flow_conf conf;
	struct flow flow;
	struct engines engines;
	struct output outs[OUTPUTS];
	int readers[OUTPUTS];
	size_t ngot[OUTPUTS], nouts;
	struct input in;
	int in_fd, writer; /* of the input, if it is a pipe; or -1 */
};

static const struct {
	enum engine engine;
	const char *name;
	bool pipes; /* it takes them as input */
} all[] = {
	{ ENGINE_RING, "ring", true },
	{ ENGINE_COPY, "copy", true },
	{ ENGINE_SPLICE, "splice", true },
	{ ENGINE_MMAP, "mmap", false },
};
#define ALL (sizeof(all) / sizeof(all[0]))

static void
input_of(struct rig *g, size_t size, bool pipe)
{
	char name[32];
	int ends[2];

	g->writer = -1;
	if (!pipe) {
		g->in_fd = memfd_create("input", MFD_CLOEXEC);
		if (g->in_fd == -1 ||
		    write(g->in_fd, bytes, size) != (ssize_t)size ||
		    lseek(g->in_fd, 0, SEEK_SET) == -1)
			bail("memfd_create");
	} else {
		if (pipe2(ends, O_CLOEXEC) == -1 ||
		    fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) == -1 ||
		    write(ends[1], bytes, size) != (ssize_t)size)
			bail("pipe2");
		g->in_fd = ends[0];
		g->writer = ends[1];
	}
	g->in = (struct input)INPUT_INITIALIZER;
	snprintf(name, sizeof(name), "/dev/fd/%d", g->in_fd);
	if (input_open(&g->in, name) == -1)
		bail("input_open");
}

static void
rig_open(struct rig *g, enum engine engine, size_t nouts)
{
	int ends[2];

	memset(g, 0, sizeof(*g));
	g->conf.engine = engine;
	g->conf.buffer_size = 16 << 20;
	g->engines = (struct engines)ENGINES_INITIALIZER;
	g->nouts = nouts;
	for (size_t i = 0; i < nouts; i++) {
		if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1 ||
		    output_init(&g->outs[i], ends[1], "out") == -1)
			bail("pipe2");
		g->readers[i] = ends[0];
	}
	flow_init(&g->flow, &g->conf, g->outs, nouts);
	flow_begin(&g->flow);
}

static void
begin(struct rig *g, enum engine engine, uint64_t limit)
{
	engine_begin(&g->engines, &g->flow, engine, limit);
}

static void
take(struct rig *g, size_t i)
{
	ssize_t n;

	while ((n = read(g->readers[i], got[i] + g->ngot[i],
		    SIZE - g->ngot[i])) > 0) {
		g->ngot[i] += (size_t)n;
		output_full(&g->outs[i], false);
	}
}

/* Steps as long as something moves; the input is said to be ready. */
static enum step
run(struct rig *g)
{
	enum step s = STEP_MOVED;

	for (int i = 0; i < STEPS && s == STEP_MOVED; i++) {
		g->flow.seen.input = true;
		s = engine_step(&g->engines, &g->flow, &g->in);
	}
	return s;
}

/* The same with readers that read whenever a step waits. */
static enum step
run_read(struct rig *g)
{
	enum step s = STEP_WAIT;

	for (int i = 0; i < STEPS && s == STEP_WAIT; i++) {
		s = run(g);
		for (size_t j = 0; j < g->nouts; j++)
			take(g, j);
	}
	return s;
}

static void
rig_close(struct rig *g)
{
	int saved = errno;

	engines_release(&g->engines);
	input_close(&g->in);
	close(g->in_fd);
	if (g->writer != -1)
		close(g->writer);
	for (size_t i = 0; i < g->nouts; i++) {
		if (!g->outs[i].gone)
			output_close(&g->outs[i]);
		if (g->readers[i] != -1)
			close(g->readers[i]);
	}
	errno = saved;
}

static bool
all_got(const struct rig *g, size_t n)
{
	for (size_t i = 0; i < g->nouts; i++)
		if (g->ngot[i] != n || memcmp(got[i], bytes, n) != 0)
			return false;
	return true;
}

/* ---- tests ------------------------------------------------------------ */

static void
test_idle(size_t i)
{
	enum step s;
	struct rig g;

	rig_open(&g, all[i].engine, 1);
	input_of(&g, 0, true);
	begin(&g, all[i].engine, 0);
	s = engine_step(&g.engines, &g.flow, &g.in);
	while (s == STEP_MOVED)
		s = engine_step(&g.engines, &g.flow, &g.in);
	ok(s == STEP_WAIT && g.flow.want.input == &g.in &&
		g.flow.want.usec == -1,
	    "%s waits for an input that has nothing", all[i].name);
	rig_close(&g);
}

static void
test_full(size_t i)
{
	enum step s;
	struct rig g;

	rig_open(&g, all[i].engine, 1);
	input_of(&g, SIZE, false);
	begin(&g, all[i].engine, 0);
	s = run(&g);
	ok(s == STEP_WAIT && g.outs[0].full && g.flow.want.input == NULL,
	    "%s waits for an output that is full", all[i].name);
	s = run_read(&g);
	ok((s == STEP_END || (s == STEP_FALL && errno == 0)) &&
		all_got(&g, SIZE),
	    "and goes on to the end");
	rig_close(&g);
}

static void
test_left(size_t i)
{
	enum step s;
	struct rig g;

	rig_open(&g, all[i].engine, 1);
	input_of(&g, SIZE, false);
	close(g.readers[0]);
	g.readers[0] = -1;
	begin(&g, all[i].engine, 0);
	s = run(&g);
	ok(s == STEP_LOST && errno == EPIPE && g.flow.output == &g.outs[0] &&
		g.flow.loss == LOSS_ERROR,
	    "%s loses an output whose reader has left", all[i].name);
	rig_close(&g);
}

static void
test_limit(enum engine engine, const char *name)
{
	static const size_t limits[] = { 4096, 65535, 65536, 65537 };
	enum step s;
	struct rig g;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		rig_open(&g, engine, 1);
		input_of(&g, 200000, true);
		begin(&g, engine, limits[i]);
		s = run_read(&g);
		ok(s == STEP_LIMIT && all_got(&g, limits[i]) &&
			g.flow.moved == limits[i],
		    "%s takes %zu bytes, and not one more", name, limits[i]);
		rig_close(&g);
	}
}

static void
test_tee(void)
{
	enum step s;
	struct rig g;

	rig_open(&g, ENGINE_AUTO, 2);
	input_of(&g, 700000, true);
	begin(&g, ENGINE_SPLICE, 0);
	s = run(&g);
	take(&g, 0);
	s = s == STEP_WAIT ? run(&g) : s;
	ok(s == STEP_WAIT && g.outs[1].full,
	    "with several outputs the slowest is waited for");
	close(g.writer);
	g.writer = -1;
	s = run_read(&g);
	ok(s == STEP_END && all_got(&g, 700000),
	    "and each of them gets every byte");
	rig_close(&g);
}

/* What waits in one ring is sent before another engine begins. */
static void
test_turn(void)
{
	enum step s;
	struct rig g;

	rig_open(&g, ENGINE_AUTO, 2);
	input_of(&g, 400000, false);
	begin(&g, ENGINE_RING, 0);
	s = run(&g);
	while (s == STEP_WAIT && g.flow.moved < 400000) {
		take(&g, 0);
		s = run(&g);
	}
	ok(g.engines.many == &g.engines.ring && g.outs[1].sent < 400000,
	    "the second output has not got all of the first input");
	s = engine_turn(&g.engines, &g.flow, NULL);
	ok(s != STEP_END && g.engines.many != NULL,
	    "no other engine takes over before that");
	for (int i = 0; i < STEPS && s != STEP_END; i++) {
		take(&g, 0);
		take(&g, 1);
		s = engine_turn(&g.engines, &g.flow, NULL);
	}
	take(&g, 0);
	take(&g, 1);
	ok(s == STEP_END && g.engines.many == NULL && all_got(&g, 400000),
	    "but when it has");
	rig_close(&g);
}

static void
test_range(void)
{
	static char back[SIZE];
	struct rig g;
	enum step s;
	int fd = memfd_create("output", MFD_CLOEXEC);

	rig_open(&g, ENGINE_RANGE, 0);
	g.nouts = g.flow.nouts = 1;
	g.readers[0] = -1;
	if (fd == -1 || output_init(&g.outs[0], fd, "out") == -1)
		bail("memfd_create");
	input_of(&g, SIZE, false);
	begin(&g, ENGINE_RANGE, 0);
	s = run(&g);
	ok(s == STEP_FALL && (errno != 0 || g.flow.moved == SIZE),
	    "range leaves the end to read(2), or all of it");
	begin(&g, ENGINE_COPY, 0);
	s = run(&g);
	ok(s == STEP_END && pread(fd, back, SIZE, 0) == SIZE &&
		memcmp(back, bytes, SIZE) == 0 && g.outs[0].sent == SIZE,
	    "and copy ends what it has begun");
	rig_close(&g);
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	alarm(SECONDS);
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (char)(i * 2654435761u >> 13);
	for (size_t i = 0; i < ALL; i++) {
		if (all[i].pipes)
			test_idle(i);
		test_full(i);
		test_left(i);
	}
	test_limit(ENGINE_COPY, "copy");
	test_limit(ENGINE_RING, "ring");
	test_tee();
	test_turn();
	test_range();
	return tap_done();
}
