/* SPDX-License-Identifier: ISC */
/*
 * torture: random transfers through zpipe, each checked byte for byte.
 *
 *	torture [--seconds N] [--seed S] [--case N] [--zpipe PATH]
 *
 * Each case is drawn from the seed and its number, and from nothing else: which
 * inputs, outputs, readers, options and signals it has. Processes of its own
 * write into zpipe and read from it. At the end every output must have the
 * right bytes, all of them unless something was to cut it short, and zpipe must
 * have ended as it should, within the deadline.
 *
 *	--seconds N	how long; 30 if not given
 *	--seed S	the only seed; else three fixed ones and a random one
 *	--case N	that case of --seed, once; with --seconds again and
 *			again, until it fails
 *	--scenario NAME	only cases of that scenario
 *	--deadline N	seconds until a case counts as a hang; 15
 *	--zpipe PATH	the program; $ZPIPE or ./zpipe if not given
 *	--zoo PATH	the directory of the readers; $ZOO or tests/zoo
 *
 * Prints a line of TAP for each scenario, and for each fault the command that
 * runs that one case again.
 */
#include "config.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/tap.h"

#define NONE UINT64_MAX
#define KIB 1024
#define MIB (1024 * 1024)
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

enum {
	MOST_IN = 4,
	MOST_OUT = 4,
	MOST_JOBS = 4,
	MOST_ARGS = 64,
	MOST_CHAIN = 3,
	MOST_PROCS = 64,
	MASTER = 56 * MIB, /* the bytes that all inputs are parts of */
	TAGGED = 6 * MIB,  /* and those of writers that share an output */
	HIGH = 64,         /* our descriptors are out of the way of zpipe's */
	ZEROS = 24 * KIB,  /* in every 256 KiB of some parts, for --sparse */
	END_S = 15,        /* so long may it take to end after a signal */
};

/* ---- bytes in a row --------------------------------------------------- */

struct part {
	const unsigned char *p;
	size_t len;
};

struct text {
	struct part part[2 * MOST_IN + 4];
	size_t n;
};

static unsigned char *master;
static unsigned char *tagged[MOST_JOBS];

static void
text_add(struct text *t, const unsigned char *p, size_t len)
{
	if (t->n == LENGTH(t->part))
		bail("a text of too many parts");
	t->part[t->n++] = (struct part){ p, len };
}

static uint64_t
text_len(const struct text *t)
{
	uint64_t len = 0;

	for (size_t i = 0; i < t->n; i++)
		len += t->part[i].len;
	return len;
}

static void
text_cut(struct text *t, uint64_t len)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->part[i].len > len)
			t->part[i].len = (size_t)len;
		len -= t->part[i].len;
	}
}

static void
text_from(struct text *t, uint64_t at)
{
	for (size_t i = 0; i < t->n; i++) {
		size_t gone = at < t->part[i].len ? (size_t)at : t->part[i].len;

		t->part[i].p += gone;
		t->part[i].len -= gone;
		at -= gone;
	}
}

/* The length up to and with the n-th byte that ends a line. */
static uint64_t
text_lines(const struct text *t, uint64_t n, int end)
{
	uint64_t len = 0;

	for (size_t i = 0; i < t->n && n > 0; i++) {
		const unsigned char *p = t->part[i].p, *q;
		size_t left = t->part[i].len;

		while (n > 0 && (q = memchr(p, end, left)) != NULL) {
			left -= (size_t)(q + 1 - p);
			p = q + 1;
			n--;
		}
		len += n > 0 ? t->part[i].len : (size_t)(p - t->part[i].p);
	}
	return len;
}

static size_t
first_difference(const unsigned char *a, const unsigned char *b, size_t n)
{
	size_t i = 0;

	if (memcmp(a, b, n) == 0)
		return n;
	while (a[i] == b[i])
		i++;
	return i;
}

/* How many of the n bytes are those that the text has from offset at on. */
static size_t
text_same(const struct text *t, uint64_t at, const unsigned char *buf, size_t n)
{
	size_t same = 0;

	for (size_t i = 0; i < t->n && same < n; i++) {
		size_t len = t->part[i].len, k;

		if (at >= len) {
			at -= len;
			continue;
		}
		len -= (size_t)at;
		if (len > n - same)
			len = n - same;
		k = first_difference(t->part[i].p + at, buf + same, len);
		same += k;
		if (k < len)
			return same;
		at = 0;
	}
	return same;
}

/* Where in the text these bytes are, for a message; NONE: nowhere. */
static uint64_t
text_find(const struct text *t, const unsigned char *buf, size_t n)
{
	uint64_t at = 0;

	if (n < 8)
		return NONE;
	for (size_t i = 0; i < t->n; i++) {
		const unsigned char *q = memmem(t->part[i].p, t->part[i].len,
		    buf, n < 16 ? n : 16);

		if (q != NULL)
			return at + (uint64_t)(q - t->part[i].p);
		at += t->part[i].len;
	}
	return NONE;
}

static void *
shared_memory(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(99, "mmap");
	return p;
}

/*
 * No eight bytes at a multiple of eight occur twice, but for the zeros in the
 * last quarter. Tagged bytes say in their two upper bits whose they are.
 */
static void
make_master(void)
{
	master = shared_memory(MASTER);
	for (uint64_t i = 0; i < MASTER / 8; i++) {
		uint64_t w = (i + 1) * 0x9e3779b97f4a7c15u;

		w ^= w >> 29;
		memcpy(master + 8 * i, &w, 8);
	}
	for (size_t at = MASTER / 4 * 3; at < MASTER; at += 256 * KIB)
		memset(master + at, 0, ZEROS);
	for (unsigned k = 0; k < MOST_JOBS; k++) {
		tagged[k] = shared_memory(TAGGED);
		for (size_t i = 0; i < TAGGED; i++)
			tagged[k][i] = (unsigned char)((master[i] & 0x3f) |
			    k << 6);
	}
}

/* ---- what is drawn ---------------------------------------------------- */

struct dice {
	uint64_t state;
};

/* splitmix64 */
static uint64_t
draw(struct dice *d)
{
	uint64_t z = d->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static uint64_t
below(struct dice *d, uint64_t n)
{
	return draw(d) % n;
}

static uint64_t
between(struct dice *d, uint64_t low, uint64_t high)
{
	return low + below(d, high - low + 1);
}

static bool
chance(struct dice *d, unsigned percent)
{
	return below(d, 100) < percent;
}

#define PICK(d, a) ((a)[below((d), LENGTH(a))])

/* ---- the plan of a case ----------------------------------------------- */

enum in_kind {
	IN_FILE,
	IN_FIFO,
	IN_PIPE, /* this one and those below are the standard input */
	IN_STDIN,
	IN_UNIX,
	IN_TCP,
	IN_RECORDS, /* and these keep the bounds of what was written */
	IN_SEQPACKET,
	IN_DGRAM,
};

static const char *const in_names[] = { "file", "FIFO", "pipe", "file", "unix",
	"tcp", "packet pipe", "seqpacket", "dgram" };

enum out_kind {
	OUT_PIPE, /* a descriptor */
	OUT_UNIX,
	OUT_TCP,
	OUT_PTY,
	OUT_FILE,
	OUT_APPENDING,
	OUT_NAME, /* a name or a command of an option */
	OUT_APPEND,
	OUT_FIFO,
	OUT_EXEC,
};

static const char *const out_names[] = { "pipe", "unix", "tcp", "pty", "file",
	">>file", "file", "file", "FIFO", "command" };

/* What an output must have at the end. */
enum need {
	NEED_ALL,
	NEED_ALL_IF_GOOD, /* with status 0; else a prefix */
	NEED_PREFIX,
	NEED_EXACTLY, /* what the reader wanted */
	NEED_SHARE,   /* bytes that belong to it or to another */
};

struct input {
	enum in_kind kind;
	struct part data;
	char name[32];
	size_t at;      /* IN_STDIN: bytes before the data */
	size_t size;    /* of what is written at once; 0: as it comes */
	unsigned pause; /* us after one write in `every`; 0: none */
	unsigned every;
	bool vmsplices;
	bool resets; /* IN_TCP: ends by a reset */
	bool stays;  /* does not close before zpipe has ended */
};

struct output {
	enum out_kind kind;
	int fd; /* as zpipe sees it */
	char name[32];
	char opt;     /* o, t, a, f, e, or 0 for stdout */
	size_t prior; /* bytes that the file has before */
	size_t at;    /* where in them it begins */
	char chain[MOST_CHAIN][40];
	size_t nchain;
	size_t size;   /* the last reader's */
	unsigned wait; /* us before it begins */
	unsigned pause;
	uint64_t leave; /* bytes after which it leaves; NONE: never */
	bool at_end;    /* but not before the writers have */
	enum need need;
	int mark; /* in shared->marks; -1: a file */
};

enum {
	GOOD = 1,
	FAILED = 2,
	PIPED = 4,
	ENDED = 8
};

struct job {
	struct input in[MOST_IN];
	size_t nin;
	struct output out[MOST_OUT];
	size_t nout;
	char *argv[MOST_ARGS];
	size_t argc;
	char store[2048];
	size_t stored;
	const char *program; /* NULL: zpipe */
	struct text want;
	uint64_t stop; /* bytes; NONE: all */
	bool lines;    /* it counts them in place of bytes */
	bool ignores_pipe;
	bool silent; /* nothing may be on stderr */
	bool must_speak;
	unsigned allow;
	pid_t pid;
	int status;
};

struct plan {
	struct dice dice;
	const struct scenario *scenario;
	struct job job[MOST_JOBS];
	size_t njobs;
	bool in_turn;       /* the jobs, not at once */
	bool one_input;     /* the jobs share the first one's */
	bool no_lines;      /* more than them may be read from a pipe */
	bool one_output;    /* a file; and so that */
	bool appending;     /* it is open for appending */
	bool echo;          /* somebody else writes there too */
	bool copies_only;   /* --release=drain is a promise that holds */
	bool together;      /* writers and readers end at one moment */
	unsigned pester;    /* a set of PESTER_ */
	int end_by;         /* a signal, or 0 */
	uint64_t end_after; /* bytes that the first output has */
	unsigned end_wait;  /* us, after that */
	uint64_t budget;    /* bytes */
};

enum {
	PESTER_USR1 = 1,
	PESTER_STOP = 2,
	PESTER_WINCH = 4,
	PESTER_CHLD = 8
};

struct scenario {
	const char *name;
	const char *what;
	void (*make)(struct plan *);
	unsigned share; /* of all cases */
};

/* ---- what the processes of a case tell each other --------------------- */

struct mark {
	_Atomic uint64_t got;
	uint64_t bad;  /* offset of the first wrong byte; NONE */
	uint64_t from; /* where those bytes belong; NONE */
	int error;     /* errno of a read */
	uint64_t count[256];
};

static struct shared {
	struct mark marks[MOST_JOBS * MOST_OUT];
	_Atomic int over;  /* zpipe has ended */
	_Atomic int close; /* writers that stay may end */
	_Atomic int pid;   /* of it, for a hang */
	char phase[40];
	char fault[4096];
	size_t len;
	char command[4096];
} * shared;

static const char *zpipe_path, *zoo_path;
static unsigned deadline = 15;
static char dir[PATH_MAX];

__attribute__((format(printf, 1, 2))) static void
fault(const char *fmt, ...)
{
	size_t room = sizeof(shared->fault) - shared->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(shared->fault + shared->len, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		shared->len += (size_t)n < room ? (size_t)n : room - 1;
}

/* What goes wrong here is not zpipe's fault, but counts as one. */
__attribute__((noreturn)) static void
broken(const char *what)
{
	fault("the test itself: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void
nap(unsigned us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000L };

	if (us > 0)
		nanosleep(&t, NULL);
}

/* ---- drawing inputs --------------------------------------------------- */

/* Around the sizes at which something changes. */
static size_t
draw_size(struct plan *p, uint64_t most)
{
	static const size_t edges[] = { 0, 1, 4096, 8192, 65536, 131072,
		MIB / 2, MIB, 2 * MIB, 4 * MIB, 6 * MIB, 16 * MIB };
	struct dice *d = &p->dice;
	uint64_t n;

	if (chance(d, 60)) {
		n = PICK(d, edges);
		if (n > 1)
			n = n - 1 + below(d, 3);
	} else {
		n = below(d, UINT64_C(1) << between(d, 4, 25));
	}
	while (n > most)
		n /= 2;
	return (size_t)n;
}

static struct part
draw_part(struct plan *p, size_t len)
{
	struct dice *d = &p->dice;
	size_t at = (size_t)below(d, MASTER - len + 1);

	/* also where zeros are, and whole pages of them */
	if (chance(d, 30) && len <= MASTER / 4)
		at = MASTER - len;
	if (chance(d, 50))
		at &= ~(size_t)4095;
	return (struct part){ master + at, len };
}

static void
draw_writer(struct plan *p, struct input *in)
{
	static const size_t sizes[] = { 4096, 4095, 4097, 16384, 65536, 65537,
		131072, MIB, 3 * MIB + 1 };
	struct dice *d = &p->dice;

	in->size = chance(d, 50) ? PICK(d, sizes) : (size_t)between(d, 1, 9000);
	if (in->data.len / in->size > 3000)
		in->size = in->data.len / 3000 + 1;
	if (chance(d, 30)) {
		in->pause = (unsigned)between(d, 1, 2000);
		in->every = (unsigned)(in->data.len / in->size / 40) + 1;
	}
	in->vmsplices = in->kind == IN_PIPE && chance(d, 25);
}

static void
draw_input(struct plan *p, struct job *j, struct input *in, enum in_kind kind)
{
	struct dice *d = &p->dice;
	size_t len = draw_size(p, p->budget);

	*in = (struct input){ .kind = kind };
	in->data = draw_part(p, len);
	p->budget -= len;
	if (kind == IN_STDIN)
		in->at = chance(d, 50) ? draw_size(p, 70000) : 0;
	if (kind == IN_FILE || kind == IN_FIFO || kind == IN_STDIN)
		snprintf(in->name, sizeof(in->name), "in%zu.%zu",
		    (size_t)(j - p->job), (size_t)(in - j->in));
	if (kind != IN_FILE && kind != IN_STDIN)
		draw_writer(p, in);
	if (kind >= IN_RECORDS) {
		in->size = (size_t)between(d, 1, chance(d, 50) ? 4096 : 60000);
		if (len / in->size > 3000)
			in->size = len / 3000 + 1;
		if (kind == IN_RECORDS && in->size > 4096)
			in->size = 4096;
		in->vmsplices = false;
		in->every = (unsigned)(len / in->size / 40) + 1;
	}
}

static void
draw_inputs(struct plan *p, struct job *j, const enum in_kind *first)
{
	static const enum in_kind kinds[] = { IN_FILE, IN_FILE, IN_FILE,
		IN_FIFO, IN_PIPE, IN_PIPE, IN_STDIN, IN_UNIX, IN_TCP };
	struct dice *d = &p->dice;
	size_t n = chance(d, 60) ? 1 : (size_t)between(d, 2, MOST_IN);
	size_t place = (size_t)below(d, n);
	bool stdin_taken = first != NULL;

	for (j->nin = 0; j->nin < n; j->nin++) {
		enum in_kind kind = PICK(d, kinds);

		if (first != NULL && j->nin == place)
			kind = *first;
		else if (kind >= IN_PIPE && stdin_taken)
			kind = IN_FILE;
		stdin_taken = stdin_taken || kind >= IN_PIPE;
		draw_input(p, j, &j->in[j->nin], kind);
		text_add(&j->want, j->in[j->nin].data.p,
		    j->in[j->nin].data.len);
	}
}

/* ---- drawing outputs -------------------------------------------------- */

/* A reader of the zoo. Those that copy leave the pages at once. */
static void
draw_chain(struct plan *p, struct output *o, uint64_t total)
{
	static const char *const copying[] = { "slow", "slow 200 65536",
		"bytewise 4095", "vmspliceuser", "bytewise 3" };
	static const char *const any[] = { "splicer", "splicer 65536",
		"splicer 4096", "teehold", "tcp", "unixsock", "resize", "slow",
		"splicer", "zpipe", "zpipe -C", "vmspliceuser", "bytewise 1" };
	struct dice *d = &p->dice;

	o->nchain = chance(d, 45) ? 0 : (size_t)between(d, 1, MOST_CHAIN);
	for (size_t i = 0; i < o->nchain; i++) {
		const char *name = p->copies_only ? PICK(d, copying) :
						    PICK(d, any);

		if (strncmp(name, "bytewise", 8) == 0 && total > MIB)
			name = "bytewise 4095";
		/* its status says that it could do nothing */
		if (strcmp(name, "resize") == 0 && total < MIB)
			name = "slow";
		snprintf(o->chain[i], sizeof(o->chain[i]), "%s", name);
	}
}

static void
draw_reader(struct plan *p, struct output *o, uint64_t total)
{
	static const size_t sizes[] = { 4096, 8192, 65536, 131072, MIB, 4095,
		100000 };
	struct dice *d = &p->dice;

	o->size = PICK(d, sizes);
	if (chance(d, 20))
		o->size = (size_t)between(d, 1, 70000);
	if (total / o->size > 3000)
		o->size = (size_t)(total / 3000 + 1);
	if (chance(d, 25))
		o->wait = (unsigned)between(d, 1, 30000);
	if (chance(d, 25))
		o->pause = (unsigned)between(d, 1,
		    100000 / (total / o->size + 1) + 1);
}

/* Bytes that a file has before, and where in them the output begins. */
static void
draw_prior(struct plan *p, struct output *o)
{
	struct dice *d = &p->dice;

	o->prior = chance(d, 50) ? 0 : draw_size(p, 300000);
	o->at = o->prior;
	if (o->kind == OUT_FILE && p->end_by == 0 && chance(d, 30))
		o->at = (size_t)below(d, o->prior + 1);
	if (o->kind == OUT_NAME)
		o->at = 0;
}

static void
draw_output(struct plan *p, struct job *j, struct output *o, enum out_kind kind)
{
	struct dice *d = &p->dice;
	uint64_t total = text_len(&j->want);
	size_t i = (size_t)(o - j->out);

	*o = (struct output){ .kind = kind, .leave = NONE, .mark = -1 };
	snprintf(o->name, sizeof(o->name), "out%zu.%zu", (size_t)(j - p->job),
	    i);
	/* dash takes one digit behind >& */
	o->fd = i == 0 && kind < OUT_NAME ? 1 : 3 + (int)i;
	o->opt = i == 0 ? 0 : 'f';
	if (kind == OUT_NAME)
		o->opt = i == 0 || chance(d, 50) ? 'o' : 't';
	if (kind == OUT_APPEND)
		o->opt = 'a';
	if (kind == OUT_FIFO)
		o->opt = 't';
	if (kind == OUT_EXEC)
		o->opt = 'e';
	if (kind == OUT_PIPE || kind == OUT_EXEC)
		draw_chain(p, o, total);
	if (kind >= OUT_FILE && kind <= OUT_APPEND)
		draw_prior(p, o);
	else
		o->mark = (int)((size_t)(j - p->job) * MOST_OUT + i);
	draw_reader(p, o, total);
	if (p->end_by != 0)
		o->need = NEED_ALL_IF_GOOD;
}

static enum out_kind
draw_out_kind(struct plan *p, const struct job *j, size_t i)
{
	static const enum out_kind fds[] = { OUT_PIPE, OUT_PIPE, OUT_PIPE,
		OUT_PIPE, OUT_FILE, OUT_FILE, OUT_APPENDING, OUT_UNIX, OUT_TCP,
		OUT_PTY, OUT_NAME };
	static const enum out_kind more[] = { OUT_PIPE, OUT_PIPE, OUT_EXEC,
		OUT_EXEC, OUT_FIFO, OUT_FIFO, OUT_NAME, OUT_APPEND, OUT_FILE,
		OUT_UNIX, OUT_TCP };
	enum out_kind kind = i == 0 ? PICK(&p->dice, fds) :
				      PICK(&p->dice, more);

	if (kind == OUT_PTY && text_len(&j->want) > MIB)
		kind = OUT_PIPE;
	return kind;
}

static bool
all_pipes(const struct job *j)
{
	for (size_t i = 0; i < j->nout; i++)
		if (j->out[i].kind != OUT_PIPE && j->out[i].kind != OUT_FIFO &&
		    j->out[i].kind != OUT_EXEC)
			return false;
	return true;
}

static void
draw_outputs(struct plan *p, struct job *j, size_t n)
{
	bool pipes = n > 1 && chance(&p->dice, 35), named = false;

	for (j->nout = 0; j->nout < n; j->nout++) {
		enum out_kind kind = draw_out_kind(p, j, j->nout);

		while (pipes && kind != OUT_PIPE && kind != OUT_FIFO &&
		    kind != OUT_EXEC)
			kind = draw_out_kind(p, j, j->nout);
		draw_output(p, j, &j->out[j->nout], kind);
		named = named || (j->nout == 0 && kind == OUT_NAME);
		/* nothing is to be on stdout then */
		if (!named && j->out[j->nout].opt == 'o')
			j->out[j->nout].opt = 't';
	}
}

/* ---- drawing options -------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void
arg(struct job *j, const char *fmt, ...)
{
	size_t room = sizeof(j->store) - j->stored;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(j->store + j->stored, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room || j->argc + 2 > MOST_ARGS)
		bail("a command line that is too long");
	j->argv[j->argc++] = j->store + j->stored;
	j->stored += (size_t)n + 1;
}

static bool
any_input(const struct job *j, enum in_kind low, enum in_kind high)
{
	for (size_t i = 0; i < j->nin; i++)
		if (j->in[i].kind >= low && j->in[i].kind <= high)
			return true;
	return false;
}

static bool
only_files(const struct job *j)
{
	for (size_t i = 0; i < j->nin; i++)
		if (j->in[i].kind != IN_FILE && j->in[i].kind != IN_STDIN)
			return false;
	return true;
}

/* Options that need the bytes in memory. Returns whether there is one. */
static bool
draw_bytes_options(struct plan *p, struct job *j)
{
	static const char *const options[] = { "-C", "-E", "-EE", "-K", "-O",
		"-A9", "-C" };
	struct dice *d = &p->dice;
	bool any;

	any = j->lines = chance(d, 10) && !p->no_lines;
	if (j->lines)
		arg(j, "-l");
	while (chance(d, 25)) {
		const char *o = PICK(d, options);

		arg(j, "%s", o);
		j->silent = j->silent && strcmp(o, "-A9") != 0;
		any = true;
	}
	return any;
}

/* Whether this engine can do it, which zpipe would refuse otherwise. */
static bool
fits(const struct plan *p, const struct job *j, const char *engine)
{
	enum out_kind out = j->out[0].kind;
	bool appends = out == OUT_APPENDING || out == OUT_APPEND ||
	    (p->one_output && p->appending);

	switch (engine[0]) {
	case 's':
		if (any_input(j, IN_RECORDS, IN_DGRAM))
			return false;
		return j->nout > 1 ? all_pipes(j) : out != OUT_PTY && !appends;
	case 'm':
		return only_files(j) && j->nout == 1 && all_pipes(j);
	case 'r': /* range */
		return only_files(j) && j->nout == 1 &&
		    (out == OUT_FILE || out == OUT_NAME) && !appends;
	default:
		return true;
	}
}

static void
draw_engine(struct plan *p, struct job *j, bool bytes)
{
	static const char *const engines[] = { "auto", "ring", "copy", "splice",
		"mmap", "range", "splice" };
	static const char *const releases[] = { "auto", "fence", "fresh",
		"fence", "drain" };
	struct dice *d = &p->dice;
	const char *engine = "auto", *release;

	if (chance(d, 60)) {
		do
			engine = PICK(d, engines);
		while (strcmp(engine, "ring") != 0 && !fits(p, j, engine));
		if (bytes && strchr("smr", engine[0]) != NULL &&
		    strcmp(engine, "ring") != 0)
			engine = "ring";
		arg(j, "--engine=%s", engine);
	}
	if ((strcmp(engine, "auto") == 0 || strcmp(engine, "ring") == 0) &&
	    chance(d, 50)) {
		do
			release = PICK(d, releases);
		while (strcmp(release, "drain") == 0 && !p->copies_only);
		arg(j, "--release=%s", release);
	}
}

static void
draw_display(struct plan *p, struct job *j)
{
	static const char letters[] = "pterbaTI8gvn";
	struct dice *d = &p->dice;

	if (chance(d, 5))
		arg(j, "-q");
	if (chance(d, 5)) {
		arg(j, "--explain");
		j->silent = false;
	}
	if (chance(d, 85))
		return;
	j->silent = false;
	arg(j, "-f");
	if (chance(d, 70))
		arg(j, "-i0.1");
	while (chance(d, 70))
		arg(j, "-%c", letters[below(d, sizeof(letters) - 1)]);
	if (chance(d, 20))
		arg(j, "-s%" PRIu64, below(d, 9000000));
}

/* -S -s, in bytes or lines. */
static void
draw_stop(struct plan *p, struct job *j)
{
	struct dice *d = &p->dice;
	uint64_t total = text_len(&j->want), n;

	if (j->lines) {
		n = below(d, total / 300 + 10);
		j->stop = text_lines(&j->want, n, '\n');
	} else {
		n = below(d, total + 10);
		if (chance(d, 30))
			n = draw_size(p, total);
		j->stop = n;
	}
	if (j->stop > total)
		j->stop = total;
	text_cut(&j->want, j->stop);
	arg(j, "-S");
	arg(j, "-s%" PRIu64, n);
}

static void
draw_tuning(struct plan *p, struct job *j)
{
	static const char *const buffers[] = { "64k", "100k", "256k", "1M",
		"4M", "4M", "5M", "16M", "64M" };
	static const char *const chunks[] = { "4k", "4097", "10000", "64k",
		"100001", "1M", "2M", "5M" };
	static const char *const pipes[] = { "0", "4096", "10000", "64k",
		"100k", "256k", "1M" };
	static const char *const modes[] = { "warn", "warn-nopipe", "exit",
		"exit-nopipe" };
	struct dice *d = &p->dice;
	uint64_t total = text_len(&j->want);

	if (chance(d, 45))
		arg(j, "-B%s", PICK(d, buffers));
	if (chance(d, 15))
		arg(j, "--chunk-size=%s", PICK(d, chunks));
	if (chance(d, 25))
		arg(j, "-J%s", PICK(d, pipes));
	if (chance(d, 15))
		arg(j, "--lag=wait");
	if (chance(d, 8))
		arg(j, "--output-error=%s", PICK(d, modes));
	if (chance(d, 3))
		arg(j, "-Y");
	if (chance(d, 10))
		arg(j, "-L%" PRIu64,
		    j->lines ? total / 40 + 1000 :
			       total * between(d, 3, 40) + 100000);
	if (chance(d, 7) && !p->one_input)
		arg(j, chance(d, 50) ? "-U-" : "-Ustored%zu",
		    (size_t)(j - p->job));
}

static void
draw_operands(struct plan *p, struct job *j)
{
	struct dice *d = &p->dice;

	for (size_t i = 0; i < j->nout; i++) {
		struct output *o = &j->out[i];

		if (o->opt == 'o')
			arg(j, "-o%s", o->name);
		else if (o->opt == 't')
			arg(j, "--tee=%s", o->name);
		else if (o->opt == 'a')
			arg(j, "--append=%s", o->name);
		else if (o->opt == 'f')
			arg(j, "--fd=%d", o->fd);
	}
	if (j->nin == 1 && j->in[0].kind >= IN_PIPE && chance(d, 70))
		return;
	for (size_t i = 0; i < j->nin; i++)
		arg(j, "%s", j->in[i].kind >= IN_PIPE ? "-" : j->in[i].name);
}

/* zoo's directory may have spaces in its name, but no quote. */
static void
add_commands(struct job *j)
{
	for (size_t i = 0; i < j->nout; i++) {
		struct output *o = &j->out[i];
		char text[1024] = "";
		size_t len = 0;

		if (o->opt != 'e')
			continue;
		for (size_t k = 0; k < o->nchain && len < sizeof(text); k++) {
			const char *c = o->chain[k];
			bool ours = strncmp(c, "zpipe", 5) == 0;
			int word = (int)strcspn(c, " ");

			len += (size_t)snprintf(text + len, sizeof(text) - len,
			    "'%s%s%.*s'%s|", ours ? "" : zoo_path,
			    ours ? "" : "/",
			    ours ? (int)strlen(zpipe_path) : word,
			    ours ? zpipe_path : c, c + word);
		}
		/* a reader that leaves must not look like one that fails */
		if (o->leave != NONE)
			arg(j, "--exec=%s'%s/leave' %" PRIu64 " >&%d", text,
			    zoo_path, o->leave, o->fd);
		else
			arg(j, "--exec=%scat >&%d", text, o->fd);
	}
}

/* What is common to all: the options behind the inputs and outputs. */
static void
draw_options(struct plan *p, struct job *j, bool may_stop)
{
	struct dice *d = &p->dice;
	bool bytes;

	j->silent = true;
	j->stop = NONE;
	j->allow = GOOD;
	arg(j, "zpipe");
	j->ignores_pipe = chance(d, 10);
	bytes = draw_bytes_options(p, j);
	draw_engine(p, j, bytes);
	draw_tuning(p, j);
	draw_display(p, j);
	if (may_stop && chance(d, 12))
		draw_stop(p, j);
	draw_operands(p, j);
	add_commands(j);
}

static void
draw_budget(struct plan *p)
{
	struct dice *d = &p->dice;

	p->njobs = 1;
	p->budget = chance(d, 35) ? 300000 : chance(d, 75) ? 7 * MIB : 40 * MIB;
	p->copies_only = chance(d, 20);
	for (size_t i = 0; i < MOST_JOBS; i++)
		p->job[i].stop = NONE;
}

/* ---- scenarios -------------------------------------------------------- */

static void
make_one(struct plan *p)
{
	draw_budget(p);
	draw_inputs(p, p->job, NULL);
	draw_outputs(p, p->job, 1);
	draw_options(p, p->job, true);
}

static void
make_many(struct plan *p)
{
	draw_budget(p);
	if (p->budget > 16 * MIB)
		p->budget = 16 * MIB;
	draw_inputs(p, p->job, NULL);
	draw_outputs(p, p->job, (size_t)between(&p->dice, 2, MOST_OUT));
	draw_options(p, p->job, true);
}

static void
make_packets(struct plan *p)
{
	static const enum in_kind kinds[] = { IN_RECORDS, IN_SEQPACKET,
		IN_DGRAM };
	enum in_kind kind = PICK(&p->dice, kinds);

	draw_budget(p);
	if (p->budget > 3 * MIB)
		p->budget = 3 * MIB;
	draw_inputs(p, p->job, &kind);
	draw_outputs(p, p->job,
	    chance(&p->dice, 70) ? 1 : (size_t)between(&p->dice, 2, MOST_OUT));
	draw_options(p, p->job, true);
}

static void
make_pestered(struct plan *p)
{
	p->pester = (unsigned)between(&p->dice, 1, 15);
	if (chance(&p->dice, 50))
		make_one(p);
	else
		make_many(p);
	if (p->pester & PESTER_USR1)
		p->job[0].silent = false;
}

/* A signal ends it: then each output is a prefix. */
static void
make_ended(struct plan *p)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGTERM,
		SIGKILL };
	struct dice *d = &p->dice;
	struct job *j = p->job;

	p->end_by = PICK(d, signals);
	draw_budget(p);
	draw_inputs(p, j, NULL);
	draw_outputs(p, j, chance(d, 50) ? 1 : (size_t)between(d, 2, MOST_OUT));
	draw_options(p, j, false);
	for (size_t i = 0; i < j->nin; i++)
		j->in[i].stays = chance(d, 30);
	if (j->out[0].mark != -1 && chance(d, 70))
		p->end_after = below(d, text_len(&j->want) + 1);
	p->end_wait = (unsigned)below(d, 5000);
	if (any_input(j, IN_FIFO, IN_FIFO) && p->end_after == 0)
		p->end_wait += 5000;
	j->allow = GOOD | ENDED;
	j->silent = false;
}

/*
 * A reader leaves early. SIGPIPE ends it then as it does cat; where that is
 * ignored it is an error. What the pipes can hold may have been handed over
 * before.
 */
static void
make_left(struct plan *p)
{
	static const enum out_kind kinds[] = { OUT_PIPE, OUT_PIPE, OUT_PIPE,
		OUT_UNIX, OUT_TCP };
	struct dice *d = &p->dice;
	struct job *j = p->job;
	uint64_t total, holds;

	draw_budget(p);
	draw_inputs(p, j, NULL);
	draw_output(p, j, &j->out[0], PICK(d, kinds));
	j->nout = 1;
	j->out[0].nchain = 0;
	draw_options(p, j, false);
	total = text_len(&j->want);
	j->out[0].leave = below(d, total + 1);
	if (chance(d, 20))
		j->out[0].leave = 0;
	j->out[0].need = NEED_EXACTLY;
	holds = j->out[0].kind == OUT_TCP ? 16 * MIB : 4 * MIB;
	j->allow = total > j->out[0].leave + holds ? 0 : GOOD;
	j->allow |= FAILED | (j->ignores_pipe ? 0 : PIPED);
	for (size_t i = 0; i < j->argc; i++) {
		if (strncmp(j->argv[i], "--output-error=", 15) != 0)
			continue;
		j->allow &= GOOD | FAILED;
		if (strstr(j->argv[i], "nopipe") != NULL)
			/* a connection may be reset, which is an error */
			j->allow = j->out[0].kind == OUT_PIPE ? GOOD :
								GOOD | FAILED;
	}
	j->silent = false;
}

/* A reader that leaves is no matter of the others, if so wanted. */
static void
make_left_many(struct plan *p)
{
	struct dice *d = &p->dice;
	struct job *j = p->job;
	struct output *o;
	bool quiet = chance(d, 50);

	draw_budget(p);
	if (p->budget > 16 * MIB)
		p->budget = 16 * MIB;
	draw_inputs(p, j, NULL);
	draw_outputs(p, j, (size_t)between(d, 2, MOST_OUT));
	o = &j->out[1 + below(d, j->nout - 1)];
	draw_output(p, j, o, chance(d, 50) ? OUT_PIPE : OUT_EXEC);
	o->leave = below(d, text_len(&j->want) + 1);
	o->nchain = 0;
	o->need = o->kind == OUT_PIPE ? NEED_EXACTLY : NEED_PREFIX;
	draw_options(p, j, false);
	arg(j, "--output-error=warn%s", quiet ? "-nopipe" : "");
	j->silent = false;
	if (!quiet)
		j->allow |= FAILED;
}

/* The last reader takes the last byte and leaves at once: nothing is lost. */
static void
make_last(struct plan *p)
{
	static const enum out_kind kinds[] = { OUT_PIPE, OUT_PIPE, OUT_FIFO,
		OUT_UNIX, OUT_TCP };
	struct dice *d = &p->dice;
	struct job *j = p->job;
	size_t n = chance(d, 60) ? 1 : (size_t)between(d, 2, MOST_OUT);

	draw_budget(p);
	draw_inputs(p, j, NULL);
	for (j->nout = 0; j->nout < n; j->nout++) {
		struct output *o = &j->out[j->nout];

		draw_output(p, j, o, PICK(d, kinds));
		if (j->nout == 0 && o->kind == OUT_FIFO)
			draw_output(p, j, o, OUT_PIPE);
		o->nchain = 0;
		/* a FIFO would never be seen open if it read nothing */
		o->leave = text_len(&j->want) > 0 ? text_len(&j->want) : NONE;
		o->at_end = true;
	}
	draw_options(p, j, false);
	if (text_len(&j->want) > 0 && j->in[j->nin - 1].kind != IN_FILE &&
	    j->in[j->nin - 1].kind != IN_STDIN && chance(d, 60))
		p->together = j->in[j->nin - 1].stays = true;
	else if (chance(d, 50))
		p->pester = PESTER_STOP;
}

/* Somebody pulls the plug of a TCP connection. */
static void
make_reset(struct plan *p)
{
	struct dice *d = &p->dice;
	struct job *j = p->job;

	draw_budget(p);
	/* no other input follows, since zpipe would go on with that */
	draw_input(p, j, &j->in[0], chance(d, 50) ? IN_FILE : IN_FIFO);
	j->nin = chance(d, 50) ? 1 : 0;
	draw_input(p, j, &j->in[j->nin++], IN_TCP);
	for (size_t i = 0; i < j->nin; i++)
		text_add(&j->want, j->in[i].data.p, j->in[i].data.len);
	j->in[j->nin - 1].resets = true;
	draw_outputs(p, j, chance(d, 60) ? 1 : (size_t)between(d, 2, MOST_OUT));
	draw_options(p, j, false);
	for (size_t i = 0; i < j->nout; i++)
		j->out[i].need = NEED_ALL_IF_GOOD;
	j->allow = FAILED;
	j->must_speak = true;
	j->silent = false;
}

/* Several zpipes with one `>`, or `>>`, and somebody who echoes. */
static void
make_shared_output(struct plan *p)
{
	static const enum in_kind kinds[] = { IN_FILE, IN_FILE, IN_PIPE,
		IN_PIPE, IN_STDIN, IN_UNIX, IN_TCP };
	struct dice *d = &p->dice;

	draw_budget(p);
	p->one_output = true;
	p->appending = chance(d, 35);
	p->echo = chance(d, 40);
	p->njobs = (size_t)between(d, 2, p->echo ? MOST_JOBS - 1 : MOST_JOBS);
	for (size_t k = 0; k < p->njobs; k++) {
		struct job *j = &p->job[k];
		size_t len;

		p->budget = chance(d, 30) ? 300000 : TAGGED;
		j->nin = 1;
		draw_input(p, j, j->in, PICK(d, kinds));
		len = j->in[0].data.len;
		j->in[0].data.p = tagged[k] + below(d, TAGGED - len + 1);
		text_add(&j->want, j->in[0].data.p, len);
		j->nout = 1;
		draw_output(p, j, j->out,
		    p->appending ? OUT_APPENDING : OUT_FILE);
		j->out[0].prior = j->out[0].at = 0;
		draw_options(p, j, false);
	}
}

/* One after the other, each takes a number of bytes or lines of one input. */
static void
make_in_turn(struct plan *p)
{
	static const enum in_kind kinds[] = { IN_STDIN, IN_STDIN, IN_PIPE,
		IN_UNIX, IN_TCP };
	struct dice *d = &p->dice;
	enum in_kind kind = PICK(d, kinds);
	struct text rest = { .n = 0 };

	draw_budget(p);
	p->one_input = p->in_turn = true;
	p->no_lines = kind != IN_STDIN;
	draw_input(p, p->job, p->job[0].in, kind);
	text_add(&rest, p->job[0].in[0].data.p, p->job[0].in[0].data.len);
	p->njobs = (size_t)between(d, 2, MOST_JOBS);
	for (size_t k = 0; k < p->njobs; k++) {
		struct job *j = &p->job[k];
		bool last = k == p->njobs - 1;
		uint64_t n;

		j->in[0] = p->job[0].in[0];
		j->nin = 1;
		j->want = rest;
		draw_output(p, j, j->out, draw_out_kind(p, j, 0));
		j->nout = 1;
		draw_options(p, j, false);
		if (last)
			break;
		n = below(d, text_len(&rest) + 1) / (j->lines ? 300 : 1);
		j->stop = j->lines ? text_lines(&rest, n, '\n') : n;
		text_cut(&j->want, j->stop);
		text_from(&rest, j->stop);
		arg(j, "-S");
		arg(j, "-s%" PRIu64, n);
	}
}

/* At once, each takes what it can of one input: nothing twice, nothing lost. */
static void
make_shared_input(struct plan *p)
{
	static const enum in_kind kinds[] = { IN_STDIN, IN_STDIN, IN_PIPE,
		IN_UNIX, IN_TCP };
	struct dice *d = &p->dice;
	enum in_kind kind = PICK(d, kinds);

	draw_budget(p);
	p->one_input = true;
	draw_input(p, p->job, p->job[0].in, kind);
	p->njobs = (size_t)between(d, 2, MOST_JOBS);
	for (size_t k = 0; k < p->njobs; k++) {
		struct job *j = &p->job[k];

		j->in[0] = p->job[0].in[0];
		j->nin = 1;
		text_add(&j->want, j->in[0].data.p, j->in[0].data.len);
		draw_output(p, j, j->out, OUT_PIPE);
		j->out[0].need = NEED_SHARE;
		j->out[0].nchain = 0;
		j->nout = 1;
		draw_options(p, j, false);
	}
}

/* Readers that keep the pages of a ring that turns over. */
static void
make_held(struct plan *p)
{
	static const char *const holding[] = { "splicer", "splicer", "teehold",
		"tcp", "unixsock", "zpipe --engine=splice" };
	static const char *const buffers[] = { "1M", "2M", "4M", "4M", "6M",
		"8M" };
	static const char *const releases[] = { "auto", "fence", "fence",
		"fresh" };
	struct dice *d = &p->dice;
	struct job *j = p->job;
	size_t n = chance(d, 60) ? 1 : (size_t)between(d, 2, 3);

	draw_budget(p);
	p->budget = MASTER;
	draw_input(p, j, &j->in[0], chance(d, 60) ? IN_FILE : IN_PIPE);
	j->in[0].data = draw_part(p,
	    (size_t)between(d, 8 * MIB, n == 1 ? 32 * MIB : 14 * MIB));
	if (j->in[0].kind == IN_PIPE)
		draw_writer(p, &j->in[0]);
	text_add(&j->want, j->in[0].data.p, j->in[0].data.len);
	j->nin = 1;
	for (j->nout = 0; j->nout < n; j->nout++) {
		struct output *o = &j->out[j->nout];

		draw_output(p, j, o,
		    j->nout > 0 && chance(d, 50) ? OUT_EXEC : OUT_PIPE);
		o->nchain = (size_t)between(d, 1, MOST_CHAIN);
		for (size_t i = 0; i < o->nchain; i++)
			snprintf(o->chain[i], sizeof(o->chain[i]), "%s",
			    PICK(d, holding));
		o->size = 65536;
		o->pause = (unsigned)between(d, 1, 400);
	}
	draw_options(p, j, false);
	arg(j, "--engine=ring");
	arg(j, "--release=%s", PICK(d, releases));
	arg(j, "-B%s", PICK(d, buffers));
}

/* A command between two of them, or beside one. */
static void
make_monitored(struct plan *p)
{
	static const enum in_kind kinds[] = { IN_PIPE, IN_PIPE, IN_STDIN,
		IN_UNIX, IN_TCP };
	static const char *const sides[] = { "in", "out", "both" };
	static const char *const commands[] = { "splicer", "slow", "teehold",
		"vmspliceuser", "bytewise" };
	static const char *const options[] = { "-q", "-fi0.1", "-C", "-B1M",
		"--engine=ring", "--engine=copy", "-J4096",
		"--chunk-size=10000" };
	struct dice *d = &p->dice;
	struct job *j = p->job;
	const char *command = PICK(d, commands), *side = PICK(d, sides);

	draw_budget(p);
	draw_input(p, j, &j->in[0], PICK(d, kinds));
	text_add(&j->want, j->in[0].data.p, j->in[0].data.len);
	j->nin = j->nout = 1;
	draw_output(p, j, &j->out[0], chance(d, 70) ? OUT_PIPE : OUT_FILE);
	arg(j, "zpipe");
	while (chance(d, 50))
		arg(j, "%s", PICK(d, options));
	arg(j, "-M%s", side);
	arg(j, "--");
	/* the others want a pipe, on one side or the other */
	if (strcmp(command, "bytewise") != 0 &&
	    ((side[0] == 'o' && j->in[0].kind != IN_PIPE) ||
		(side[0] == 'i' && j->out[0].kind != OUT_PIPE)))
		command = "slow";
	arg(j, "%s/%s", zoo_path, command);
	if (strcmp(command, "bytewise") == 0)
		arg(j, "4095");
	j->allow = GOOD;
}

static const struct scenario scenarios[] = {
	{ "one", "one output of any kind", make_one, 4 },
	{ "held", "readers that keep the pages of a ring", make_held, 3 },
	{ "many", "several outputs of any kind", make_many, 3 },
	{ "packets", "inputs that keep bounds of records", make_packets, 3 },
	{ "pestered", "signals that must not change the bytes", make_pestered,
	    3 },
	{ "ended", "signals that end it", make_ended, 3 },
	{ "left", "a reader that leaves early", make_left, 1 },
	{ "left-many", "one of several readers leaves", make_left_many, 2 },
	{ "last", "readers that leave with the last byte", make_last, 2 },
	{ "reset", "a connection that is reset", make_reset, 1 },
	{ "shared-output", "several at one output file", make_shared_output,
	    2 },
	{ "in-turn", "several at one input, in turn", make_in_turn, 2 },
	{ "monitored", "a command that is monitored", make_monitored, 1 },
	{ "shared-input", "several at one input, at once", make_shared_input,
	    1 },
};

/* ---- descriptors ------------------------------------------------------ */

/* Out of the way of the numbers that zpipe gets. */
static int
high(int fd)
{
	int up = fcntl(fd, F_DUPFD_CLOEXEC, HIGH);

	if (fd == -1 || up == -1)
		broken("a descriptor");
	close(fd);
	return up;
}

/* A child that was not executed: only what it needs stays open. */
static void
keep_only(int a, int b, int c)
{
	for (int fd = HIGH; fd < HIGH + 100; fd++)
		if (fd != a && fd != b && fd != c)
			close(fd);
}

static void
make_tcp(int fd[2])
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	fd[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (door == -1 || fd[1] == -1 ||
	    bind(door, (struct sockaddr *)&sin, len) == -1 ||
	    listen(door, 1) == -1 ||
	    getsockname(door, (struct sockaddr *)&sin, &len) == -1 ||
	    connect(fd[1], (struct sockaddr *)&sin, len) == -1 ||
	    (fd[0] = accept(door, NULL, NULL)) == -1)
		broken("loopback");
	close(door);
}

static void
make_pty(int fd[2])
{
	struct termios tio;
	const char *name;

	fd[0] = posix_openpt(O_RDWR | O_NOCTTY);
	if (fd[0] == -1 || grantpt(fd[0]) == -1 || unlockpt(fd[0]) == -1 ||
	    (name = ptsname(fd[0])) == NULL ||
	    (fd[1] = open(name, O_RDWR | O_NOCTTY)) == -1 ||
	    tcgetattr(fd[1], &tio) == -1)
		broken("a terminal");
	cfmakeraw(&tio);
	if (tcsetattr(fd[1], TCSANOW, &tio) == -1)
		broken("a terminal");
}

enum wire {
	W_PIPE,
	W_RECORDS,
	W_UNIX,
	W_SEQPACKET,
	W_DGRAM,
	W_TCP,
	W_PTY
};

/* fd[0] is to be read from, fd[1] to be written to. */
static void
make_wire(struct plan *p, enum wire kind, int fd[2])
{
	static const int types[] = { [W_UNIX] = SOCK_STREAM,
		[W_SEQPACKET] = SOCK_SEQPACKET,
		[W_DGRAM] = SOCK_DGRAM };
	struct dice *d = &p->dice;
	int size;

	switch (kind) {
	case W_PIPE:
	case W_RECORDS:
		if (pipe2(fd, kind == W_PIPE ? 0 : O_DIRECT) == -1)
			broken("pipe");
		if (chance(d, 50))
			(void)fcntl(fd[0], F_SETPIPE_SZ, 4096 << below(d, 9));
		break;
	case W_TCP:
		make_tcp(fd);
		break;
	case W_PTY:
		make_pty(fd);
		break;
	default:
		if (socketpair(AF_UNIX, types[kind], 0, fd) == -1)
			broken("socketpair");
		if (kind == W_UNIX && chance(d, 50)) {
			size = 4096 << below(d, 9);
			(void)setsockopt(fd[1], SOL_SOCKET, SO_SNDBUF, &size,
			    sizeof(size));
		}
	}
	fd[0] = high(fd[0]);
	fd[1] = high(fd[1]);
}

/* ---- the processes of a case ------------------------------------------ */

static struct proc {
	pid_t pid;
	const char *name;
	bool writer;
	bool must_succeed;
} procs[MOST_PROCS];
static size_t nprocs;

static pid_t
start(const char *name, bool writer, bool must_succeed)
{
	pid_t pid = fork();

	if (pid == -1)
		broken("fork");
	if (pid > 0) {
		if (nprocs == MOST_PROCS)
			bail("too many processes");
		procs[nprocs++] = (struct proc){ pid, name, writer,
			must_succeed };
	}
	return pid;
}

static bool
put(int fd, const unsigned char *p, size_t len, bool vmsplices)
{
	while (len > 0) {
		struct iovec v = { (void *)(uintptr_t)p, len };
		ssize_t n = vmsplices ? vmsplice(fd, &v, 1, 0) :
					write(fd, p, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return false; /* zpipe has gone, as it may */
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* A datagram socket knows no end but that of its reader. */
static void
end_writer(const struct input *in, int fd, int reader)
{
	struct linger hard = { 1, 0 };

	while (in->stays && shared->over == 0 && shared->close == 0)
		nap(500);
	if (in->resets)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	if (in->kind == IN_DGRAM)
		shutdown(reader, SHUT_RD);
	close(fd);
	_exit(0);
}

static void
writer(const struct input *in, int fd, int reader, int gate)
{
	size_t at = 0;
	unsigned turn = 0;

	signal(SIGPIPE, SIG_IGN);
	keep_only(fd, in->kind == IN_DGRAM ? reader : -1, gate);
	if (in->kind == IN_FIFO) {
		fd = open(in->name, O_WRONLY);
		if (fd == -1)
			broken(in->name);
	}
	while (at < in->data.len) {
		size_t n = in->data.len - at;

		if (n > in->size)
			n = in->size;
		if (!put(fd, in->data.p + at, n, in->vmsplices))
			break;
		at += n;
		if (in->pause > 0 && ++turn % in->every == 0)
			nap(in->pause);
	}
	end_writer(in, fd, reader);
}

/* Looks at what has come, and counts it. */
static bool
look(struct mark *m, const struct text *want, enum need need,
    const unsigned char *buf, size_t n)
{
	size_t same;

	if (need == NEED_SHARE) {
		for (size_t i = 0; i < n; i++)
			m->count[buf[i]]++;
		m->got += n;
		return true;
	}
	same = text_same(want, m->got, buf, n);
	if (same < n) {
		size_t word = (same + m->got) % 8 == 0 ?
		    same :
		    same + 8 - (same + m->got) % 8;

		m->bad = m->got + same;
		m->from = word + 16 <= n ?
		    text_find(want, buf + word, n - word) :
		    NONE;
		if (m->from != NONE)
			m->from -= word - same;
	}
	m->got += n;
	return same == n;
}

/* A FIFO's first writer may never come; then nobody reports its end. */
static ssize_t
get(const struct output *o, int fd, unsigned char *buf, size_t size)
{
	struct pollfd pfd = { fd, POLLIN, 0 };
	ssize_t n;

	for (;;) {
		bool over = shared->over != 0;

		n = 0;
		if (o->kind == OUT_FIFO && poll(&pfd, 1, 5) == 0 && !over)
			continue;
		n = read(fd, buf, size);
		if (n == -1 && errno == EAGAIN) {
			poll(&pfd, 1, 50);
			continue;
		}
		if (n == -1 && errno == EINTR)
			continue;
		/* before its first writer a FIFO looks ended */
		if (n == 0 && o->kind == OUT_FIFO && pfd.revents == 0 && !over)
			continue;
		return n;
	}
}

static void
reader(const struct output *o, const struct text *want, int fd, int gate)
{
	static unsigned char buf[MIB];
	struct mark *m = &shared->marks[o->mark];
	uint64_t next = o->size; /* a small pipe gives it in small pieces */
	ssize_t n = 1;
	char c;

	keep_only(fd, gate, -1);
	nap(o->wait);
	if (o->kind == OUT_FIFO &&
	    (fd = open(o->name, O_RDONLY | O_NONBLOCK)) == -1)
		broken(o->name);
	while (m->got < o->leave) {
		size_t size = o->size;

		if (size > o->leave - m->got)
			size = (size_t)(o->leave - m->got);
		n = get(o, fd, buf, size);
		if (n <= 0)
			break;
		if (!look(m, want, o->need, buf, (size_t)n))
			break;
		if (m->got >= next) {
			nap(o->pause);
			next = m->got + o->size;
		}
	}
	/* a terminal that was closed says EIO */
	if (n == -1 && (o->kind != OUT_PTY || errno != EIO))
		m->error = errno;
	/* wrong bytes must not end zpipe as well */
	while (m->bad != NONE && read(fd, buf, sizeof(buf)) > 0)
		continue;
	if (o->at_end && read(gate, &c, 1) == -1)
		broken("gate");
	_exit(0);
}

/* Runs a reader of the zoo, or zpipe itself. */
static void
run_link(const char *text, int in, int out)
{
	char path[PATH_MAX], words[40], *argv[8], *save = NULL;
	size_t n = 0;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	snprintf(words, sizeof(words), "%s", text);
	for (char *w = strtok_r(words, " ", &save); w != NULL && n < 7;
	     w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	argv[n] = NULL;
	if (strcmp(argv[0], "zpipe") == 0)
		snprintf(path, sizeof(path), "%s", zpipe_path);
	else
		snprintf(path, sizeof(path), "%s/%s", zoo_path, argv[0]);
	/* its status says enough */
	if (dup2(in, STDIN_FILENO) == -1 || dup2(out, STDOUT_FILENO) == -1 ||
	    dup2(null, STDERR_FILENO) == -1)
		broken("dup2");
	execv(path, argv);
	broken(path);
}

/* What each output of zpipe is at the descriptor that zpipe gets. */
struct ends {
	int in;            /* the standard input, or -1 */
	int out[MOST_OUT]; /* or -1 */
	int file;          /* that all jobs share, or -1 */
	int gate[2];       /* its end: all writers have ended */
};

/* The readers behind one output; returns what zpipe is to write to. */
static int
start_readers(struct plan *p, const struct job *j, const struct output *o,
    const struct ends *e)
{
	static const enum wire wires[] = { [OUT_PIPE] = W_PIPE,
		[OUT_UNIX] = W_UNIX,
		[OUT_TCP] = W_TCP,
		[OUT_PTY] = W_PTY,
		[OUT_EXEC] = W_PIPE };
	int first[2] = { -1, -1 }, next[2], in;

	if (o->kind != OUT_FIFO)
		make_wire(p, wires[o->kind], first);
	in = first[0];
	for (size_t i = 0; i < o->nchain && o->kind == OUT_PIPE; i++) {
		make_wire(p, W_PIPE, next);
		/* what never resized the pipe says so; it may have no time */
		if (start(o->chain[i], false,
			strcmp(o->chain[i], "resize") != 0) == 0)
			run_link(o->chain[i], in, next[1]);
		close(in);
		close(next[1]);
		in = next[0];
	}
	/* for a command `leave' has left already */
	if (start("reader", false, true) == 0)
		reader(o, &j->want, in, e->gate[0]);
	if (in != -1)
		close(in);
	return first[1];
}

static void
fill_file(const char *name, int flags, const struct part *part, size_t n)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | flags, 0666);

	if (fd == -1)
		broken(name);
	for (size_t i = 0; i < n; i++)
		if (!put(fd, part[i].p, part[i].len, false))
			broken(name);
	close(fd);
}

/* The file as it is before; returns a descriptor, or -1 if it has a name. */
static int
start_file(const struct output *o)
{
	struct part prior = { master, o->prior };
	int fd;

	fill_file(o->name, 0, &prior, 1);
	if (o->kind == OUT_NAME || o->kind == OUT_APPEND)
		return -1;
	fd = open(o->name, O_RDWR | (o->kind == OUT_APPENDING ? O_APPEND : 0));
	if (fd == -1 || lseek(fd, (off_t)o->at, SEEK_SET) == -1)
		broken(o->name);
	return high(fd);
}

static void
start_outputs(struct plan *p, const struct job *j, struct ends *e)
{
	for (size_t i = 0; i < j->nout; i++) {
		const struct output *o = &j->out[i];

		if (o->kind == OUT_FIFO && mkfifo(o->name, 0666) == -1)
			broken(o->name);
		if (p->one_output)
			e->out[i] = e->file;
		else if (o->mark == -1)
			e->out[i] = start_file(o);
		else
			e->out[i] = start_readers(p, j, o, e);
	}
}

/* A file with the data behind what was before; a descriptor for the stdin. */
static int
start_in_file(const struct input *in)
{
	struct part parts[2] = { { master, in->at }, in->data };
	int fd;

	fill_file(in->name, 0, parts, 2);
	if (in->kind == IN_FILE)
		return -1;
	fd = open(in->name, O_RDONLY);
	if (fd == -1 || lseek(fd, (off_t)in->at, SEEK_SET) == -1)
		broken(in->name);
	return high(fd);
}

static void
start_input(struct plan *p, const struct input *in, struct ends *e)
{
	static const enum wire wires[] = { [IN_PIPE] = W_PIPE,
		[IN_RECORDS] = W_RECORDS,
		[IN_UNIX] = W_UNIX,
		[IN_TCP] = W_TCP,
		[IN_SEQPACKET] = W_SEQPACKET,
		[IN_DGRAM] = W_DGRAM };
	int fd[2] = { -1, -1 };

	if (in->kind == IN_FILE || in->kind == IN_STDIN) {
		fd[0] = start_in_file(in);
	} else {
		if (in->kind != IN_FIFO)
			make_wire(p, wires[in->kind], fd);
		else if (mkfifo(in->name, 0666) == -1)
			broken(in->name);
		if (start("writer", true, false) == 0)
			writer(in, fd[1], fd[0], e->gate[1]);
		if (fd[1] != -1)
			close(fd[1]);
	}
	if (in->kind >= IN_PIPE)
		e->in = fd[0];
}

static void
run_program(const struct plan *p, const struct job *j, const struct ends *e)
{
	char name[32];
	int fd;

	if (e->in == -1)
		fd = open("/dev/null", O_RDONLY);
	else
		fd = e->in;
	if (fd == -1 || dup2(fd, STDIN_FILENO) == -1)
		broken("stdin");
	for (size_t i = 0; i < j->nout; i++)
		if (e->out[i] != -1 && dup2(e->out[i], j->out[i].fd) == -1)
			broken("dup2");
	if (j->out[0].fd != STDOUT_FILENO) {
		fd = open("/dev/null", O_WRONLY);
		if (fd == -1 || dup2(fd, STDOUT_FILENO) == -1)
			broken("stdout");
	}
	snprintf(name, sizeof(name), "err%zu", (size_t)(j - p->job));
	fd = open(name, O_WRONLY | O_APPEND);
	if (fd == -1 || dup2(fd, STDERR_FILENO) == -1)
		broken("stderr");
	signal(SIGPIPE, j->ignores_pipe ? SIG_IGN : SIG_DFL);
	execv(j->program != NULL ? j->program : zpipe_path,
	    (char *const *)(uintptr_t)j->argv);
	broken(zpipe_path);
}

static void
start_job(struct plan *p, struct job *j, struct ends *e)
{
	char name[32];

	start_outputs(p, j, e);
	snprintf(name, sizeof(name), "err%zu", (size_t)(j - p->job));
	fill_file(name, 0, NULL, 0);
	j->pid = fork();
	if (j->pid == -1)
		broken("fork");
	if (j->pid == 0)
		run_program(p, j, e);
	for (size_t i = 0; i < j->nout; i++)
		if (e->out[i] != -1 && !p->one_output)
			close(e->out[i]);
}

/* Who writes to the shared output beside the zpipes, and is none. */
static void
echoer(const struct plan *p, int fd)
{
	const unsigned char *t = tagged[p->njobs];

	for (size_t at = 0; at < 200; at++) {
		if (!put(fd, t + 1000 * at, 1000, false))
			broken("echo");
		nap(100);
	}
	_exit(0);
}

/* ---- signals ---------------------------------------------------------- */

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
	int status;

	while (!all_taken(j) && now_us() - start < 1000000)
		nap(200);
	if (all_taken(j)) {
		kill(j->pid, SIGSTOP);
		if (waitpid(j->pid, &j->status, WUNTRACED) == -1)
			broken("waitpid");
		if (!WIFSTOPPED(j->status))
			return; /* it was not to wait for its writers */
		shared->close = 1;
		for (size_t i = 0; i < nprocs; i++)
			if (waitpid(procs[i].pid, &status, 0) == -1)
				broken("waitpid");
		nprocs = 0;
		kill(j->pid, SIGCONT);
	}
	shared->close = 1;
	if (waitpid(j->pid, &j->status, 0) == -1)
		broken("waitpid");
}

static void
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

/* ---- what has come out ------------------------------------------------ */

static bool
good(const struct job *j)
{
	return WIFEXITED(j->status) && WEXITSTATUS(j->status) == 0;
}

static void
check_count(const struct job *j, const struct output *o, uint64_t got)
{
	uint64_t want = text_len(&j->want);
	bool all = o->need == NEED_ALL ||
	    (o->need == NEED_ALL_IF_GOOD && good(j));

	if (o->need == NEED_EXACTLY)
		all = true, want = o->leave;
	else if (o->leave != NONE && want > o->leave)
		want = o->leave;
	if (all && got != want)
		fault("%s (%s): %" PRIu64 " bytes, not %" PRIu64 "\n",
		    o->kind >= OUT_FILE && o->kind != OUT_EXEC ? o->name :
								 "descriptor",
		    out_names[o->kind], got, want);
}

static void
check_mark(const struct job *j, const struct output *o)
{
	const struct mark *m = &shared->marks[o->mark];

	if (m->error != 0)
		fault("descriptor %d (%s): %s\n", o->fd, out_names[o->kind],
		    strerror(m->error));
	if (m->bad == NONE) {
		check_count(j, o, m->got);
		return;
	}
	fault("descriptor %d (%s): byte %" PRIu64 " is wrong", o->fd,
	    out_names[o->kind], m->bad);
	if (m->from != NONE)
		fault(", it belongs at %" PRIu64, m->from);
	fault("; %" PRIu64 " were to come\n", text_len(&j->want));
}

static const unsigned char *
map_file(const char *name, size_t *len)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p = NULL;

	if (fd == -1 || fstat(fd, &st) == -1)
		broken(name);
	*len = (size_t)st.st_size;
	if (*len > 0)
		p = mmap(NULL, *len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		broken(name);
	close(fd);
	return p;
}

/* What was before, the data, and what was behind. */
static void
check_file(const struct job *j, const struct output *o)
{
	size_t len, head = o->at, same;
	const unsigned char *p = map_file(o->name, &len);
	uint64_t total = text_len(&j->want);
	struct text want = { .n = 0 };
	bool emptied = o->kind == OUT_NAME;

	text_add(&want, master, head);
	for (size_t i = 0; i < j->want.n; i++)
		text_add(&want, j->want.part[i].p, j->want.part[i].len);
	if (!emptied && head + total < o->prior)
		text_add(&want, master + head + total,
		    o->prior - head - (size_t)total);
	if (len < head) {
		fault("%s: lost what was before\n", o->name);
		return;
	}
	/* nothing may have been stored, and so nothing emptied */
	if (emptied && !good(j) && len == o->prior &&
	    (len == 0 || memcmp(p, master, len) == 0))
		return;
	same = text_same(&want, 0, p, len);
	/* a prefix, and behind it what was there */
	if (same < len && !good(j) && len == o->prior &&
	    memcmp(p + same, master + same, len - same) == 0)
		return;
	if (same < len) {
		uint64_t from = text_find(&want, p + (same | 7) + 1,
		    len - same < 24 ? 0 : len - same - 8);

		fault("%s: byte %zu of %zu is wrong", o->name, same, len);
		if (from != NONE)
			fault(", what follows belongs at %" PRIu64, from);
		fault("; %" PRIu64 " were to come behind %zu\n", total, head);
		return;
	}
	if (o->at < o->prior && !emptied)
		total = text_len(&want) - head;
	if (o->at == o->prior || emptied || len - head != total)
		check_count(j, o, len - head);
}

/* Each byte says whose it is. */
static void
check_merged(const struct plan *p, int fd)
{
	size_t len, at[MOST_JOBS] = { 0 };
	const unsigned char *b = map_file("all", &len);

	for (size_t i = 0; i < len; i++) {
		size_t k = b[i] >> 6;
		const struct part *w = &p->job[k].want.part[0];
		struct part echo = { tagged[k], 200000 };

		if (k >= p->njobs)
			w = p->echo && k == p->njobs ? &echo : NULL;
		if (w == NULL || at[k] >= w->len || b[i] != w->p[at[k]]) {
			fault("all: byte %zu of %zu is wrong; it may be "
			      "byte %zu of zpipe %zu\n",
			    i, len, at[k], k);
			return;
		}
		at[k]++;
	}
	for (size_t k = 0; k < p->njobs; k++)
		if (at[k] != p->job[k].want.part[0].len)
			fault("all: zpipe %zu wrote %zu bytes, not %zu\n", k,
			    at[k], p->job[k].want.part[0].len);
	if (p->echo && at[p->njobs] != 200000)
		fault("all: %zu bytes of the other writer, not 200000\n",
		    at[p->njobs]);
	/* with >> it does not matter where it stands */
	if (!p->appending && lseek(fd, 0, SEEK_CUR) != (off_t)len)
		fault("all: at %jd, not at its end, %zu\n",
		    (intmax_t)lseek(fd, 0, SEEK_CUR), len);
}

/* Every byte of the shared input has come out somewhere, and once. */
static void
check_shares(const struct plan *p)
{
	const struct part *want = &p->job[0].want.part[0];
	uint64_t count[256] = { 0 }, got = 0;

	for (size_t i = 0; i < want->len; i++)
		count[want->p[i]]++;
	for (size_t k = 0; k < p->njobs; k++) {
		const struct mark *m = &shared->marks[p->job[k].out[0].mark];

		got += m->got;
		for (unsigned c = 0; c < 256; c++)
			count[c] -= m->count[c];
	}
	if (got != want->len)
		fault("all together got %" PRIu64 " bytes of %zu\n", got,
		    want->len);
	for (unsigned c = 0; c < 256 && got == want->len; c++)
		if (count[c] != 0) {
			fault("some bytes came twice, others never\n");
			break;
		}
}

static void
check_status(const struct plan *p, const struct job *j)
{
	int s = j->status, code = WIFEXITED(s) ? WEXITSTATUS(s) : -1;
	int sig = WIFSIGNALED(s) ? WTERMSIG(s) : 0;
	bool right = ((j->allow & GOOD) && code == 0) ||
	    ((j->allow & FAILED) && code == 16) ||
	    ((j->allow & PIPED) && sig == SIGPIPE) ||
	    ((j->allow & ENDED) && (sig == p->end_by || code == 32));

	if (right)
		return;
	fault("zpipe %zu: ", (size_t)(j - p->job));
	if (sig != 0)
		fault("killed by signal %d", sig);
	else
		fault("status %d", code);
	fault(", wanted%s%s%s%s\n", j->allow & GOOD ? " 0" : "",
	    j->allow & FAILED ? " 16" : "", j->allow & PIPED ? " SIGPIPE" : "",
	    j->allow & ENDED ? " the signal or 32" : "");
}

static void
check_stderr(const struct plan *p, const struct job *j)
{
	char name[32];
	size_t len, show;
	const unsigned char *text;

	snprintf(name, sizeof(name), "err%zu", (size_t)(j - p->job));
	text = map_file(name, &len);
	if (j->must_speak && len == 0)
		fault("zpipe %zu: no message\n", (size_t)(j - p->job));
	if (len == 0 || (shared->len == 0 && !j->silent))
		return;
	show = len < 600 ? len : 600;
	fault("stderr of zpipe %zu: %.*s%s", (size_t)(j - p->job), (int)show,
	    (const char *)text, text[show - 1] == '\n' ? "" : "\n");
}

static void
check_position(const struct plan *p, const struct job *j, int fd)
{
	const struct input *in = &p->job[0].in[0];
	off_t want = (off_t)in->at;

	if (fd == -1 || in->kind != IN_STDIN)
		return;
	for (const struct job *k = p->job; k <= j; k++)
		want += (off_t)text_len(&k->want);
	if (lseek(fd, 0, SEEK_CUR) != want)
		fault("zpipe %zu: left its input at %jd, not %jd\n",
		    (size_t)(j - p->job), (intmax_t)lseek(fd, 0, SEEK_CUR),
		    (intmax_t)want);
}

/* ---- a case ----------------------------------------------------------- */

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

/* All that has to end by itself has; only the writers may be stuck. */
static void
await_others(void)
{
	int status;

	shared->over = 1;
	snprintf(shared->phase, sizeof(shared->phase), "the readers");
	for (size_t i = 0; i < nprocs; i++) {
		struct proc *q = &procs[i];

		if (q->writer)
			kill(q->pid, SIGKILL);
		if (waitpid(q->pid, &status, 0) == -1)
			broken("waitpid");
		if (q->must_succeed && status != 0)
			fault("%s: status %#x\n", q->name, status);
	}
}

static void
open_shared_output(const struct plan *p, struct ends *e)
{
	int fd = open("all",
	    O_RDWR | O_CREAT | O_TRUNC | (p->appending ? O_APPEND : 0), 0666);

	e->file = high(fd);
	if (p->echo && start("echo", false, true) == 0)
		echoer(p, e->file);
}

static void
run_jobs(struct plan *p, struct ends *e)
{
	for (size_t k = 0; k < p->njobs; k++) {
		struct job *j = &p->job[k];

		if (k == 0 || !p->one_input)
			for (size_t i = 0; i < j->nin; i++)
				start_input(p, &j->in[i], e);
		if (k == 0 && e->gate[1] != -1) {
			close(e->gate[1]);
			e->gate[1] = -1;
		}
		start_job(p, j, e);
		if (!p->one_input && e->in != -1) {
			close(e->in);
			e->in = -1;
		}
		if (p->in_turn) {
			await_job(p, j);
			check_position(p, j, e->in);
		}
	}
	for (size_t k = 0; k < p->njobs && !p->in_turn; k++)
		await_job(p, &p->job[k]);
}

static void
run_case(struct plan *p)
{
	struct ends e = { -1, { -1, -1, -1, -1 }, -1, { -1, -1 } };

	make_wire(p, W_PIPE, e.gate);
	if (p->one_output)
		open_shared_output(p, &e);
	run_jobs(p, &e);
	if (e.in != -1)
		close(e.in);
	await_others();
	for (size_t k = 0; k < p->njobs; k++) {
		struct job *j = &p->job[k];

		for (size_t i = 0; i < j->nout && !p->one_output; i++)
			if (j->out[i].mark != -1)
				check_mark(j, &j->out[i]);
			else
				check_file(j, &j->out[i]);
		check_status(p, j);
	}
	if (p->one_output)
		check_merged(p, e.file);
	if (p->job[0].out[0].need == NEED_SHARE)
		check_shares(p);
	for (size_t k = 0; k < p->njobs; k++)
		check_stderr(p, &p->job[k]);
}

/* ---- cases one after the other ---------------------------------------- */

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

static void
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

/* Runs the plan in a process group of its own; shared->fault is its outcome. */
static void
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

static const struct scenario *
scenario_of(uint64_t number)
{
	unsigned sum = 0;

	for (size_t i = 0; i < LENGTH(scenarios); i++)
		sum += scenarios[i].share;
	/* 7 has no factor in common with the sum: all soon have their turn */
	number = number * 7 % sum;
	for (size_t i = 0;; i++) {
		if (number < scenarios[i].share)
			return &scenarios[i];
		number -= scenarios[i].share;
	}
}

static struct plan plan;

static void
make_plan(uint64_t seed, uint64_t number)
{
	struct dice d = { seed };

	memset(&plan, 0, sizeof(plan));
	plan.dice.state = draw(&d) ^ number * 0xd6e8feb86659fd93u;
	plan.scenario = scenario_of(number);
	plan.scenario->make(&plan);
}

struct tally {
	unsigned cases;
	unsigned faults;
};

static struct tally tallies[LENGTH(scenarios)];
static const char *me;

static void
diagnose(const char *text)
{
	char *copy = strdup(text), *save = NULL;

	for (char *line = strtok_r(copy, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		printf("#   %s\n", line);
	free(copy);
}

/* Returns whether it was right. */
static bool
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

/* ---- faults that must be seen ----------------------------------------- */

/* One file through a program to a reader. */
static struct job *
self_job(size_t len, enum in_kind kind)
{
	struct job *j = plan.job;

	memset(&plan, 0, sizeof(plan));
	plan.njobs = 1;
	j->nin = 1;
	j->in[0].kind = kind;
	j->in[0].data = (struct part){ master, len };
	snprintf(j->in[0].name, sizeof(j->in[0].name), "in");
	text_add(&j->want, master, len);
	draw_output(&plan, j, &j->out[0], OUT_PIPE);
	j->out[0].nchain = 0;
	j->out[0].wait = j->out[0].pause = 0;
	j->nout = 1;
	j->allow = GOOD;
	j->silent = true;
	return j;
}

/* --release=drain breaks its promise to a reader that splices. */
static void
see_wrong_bytes(void)
{
	static const char *const chain[] = { "splicer", "splicer", "slow" };
	bool seen = false;

	for (int i = 0; i < 5 && !seen; i++) {
		struct job *j = self_job(24 * MIB, IN_FILE);

		for (size_t k = 0; k < LENGTH(chain); k++)
			snprintf(j->out[0].chain[k], sizeof(j->out[0].chain[k]),
			    "%s", chain[k]);
		j->out[0].nchain = LENGTH(chain);
		arg(j, "zpipe");
		arg(j, "--engine=ring");
		arg(j, "--release=drain");
		arg(j, "-B4M");
		arg(j, "in");
		run_plan(&plan, deadline);
		seen = strstr(shared->fault, "is wrong") != NULL;
	}
	if (strstr(shared->fault, "status 16") != NULL) {
		skip("wrong bytes are seen", "no vmsplice here");
		return;
	}
	ok(seen, "wrong bytes are seen, behind --release=drain");
}

/* A program that is not zpipe, and wrong in one way. */
static void
see_fault(const char *what, const char *program, uint64_t value,
    const char *sign)
{
	struct job *j = self_job(100000, IN_STDIN);
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", zoo_path, program);
	j->program = path;
	arg(j, "%s", program);
	arg(j, "%" PRIu64, value);
	run_plan(&plan, 1);
	if (!ok(strstr(shared->fault, sign) != NULL, "%s", what))
		diagnose(shared->fault);
}

static void
see_faults(void)
{
	see_wrong_bytes();
	see_fault("a byte that is missing is seen", "leave", 99999,
	    "99999 bytes, not 100000");
	see_fault("a wrong status is seen", "leave", 100001, "status 1");
	see_fault("a message is seen", "leave", 100001, "ended first");
	see_fault("a hang is seen", "never", 60, "hangs");
}

/* ---- the command line ------------------------------------------------- */

static struct config {
	uint64_t seconds;
	uint64_t seed;
	uint64_t number;
	const char *scenario;
	bool one_seed;
	bool one_case;
	bool timed;
} conf = { .seconds = 30 };

static void
run_seed(uint64_t seed, uint64_t until)
{
	printf("# seed %" PRIu64 "\n", seed);
	fflush(stdout);
	for (uint64_t n = 0; now_us() < until; n++)
		if (conf.scenario == NULL ||
		    strcmp(scenario_of(n)->name, conf.scenario) == 0)
			run_number(seed, n, false);
}

/* What was wrong once is tried for ever; luck has its turn too. */
static void
run_seeds(void)
{
	uint64_t start = now_us(), us = conf.seconds * 1000000, seed;

	for (seed = 1; seed <= 3; seed++)
		run_seed(seed, start + us * seed / 8);
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		err(99, "getrandom");
	run_seed(seed, start + us);
}

static int
run_one_case(void)
{
	uint64_t until = now_us() + conf.seconds * 1000000;
	unsigned n = 0;
	bool right;

	do {
		n++;
		right = run_number(conf.seed, conf.number, !conf.timed);
	} while (right && conf.timed && now_us() < until);
	ok(right, "seed %" PRIu64 ", case %" PRIu64 ", %u times", conf.seed,
	    conf.number, n);
	return tap_done();
}

static int
summary(void)
{
	for (size_t i = 0; i < LENGTH(scenarios); i++) {
		const struct tally *t = &tallies[i];

		printf("# %s: %u cases, %u faults\n", scenarios[i].name,
		    t->cases, t->faults);
		if (t->cases == 0)
			skip(scenarios[i].what, "there was no time for it");
		else
			ok(t->faults == 0, "%s", scenarios[i].what);
	}
	return tap_done();
}

static uint64_t
number(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 10);

	if (*text == '\0' || *end != '\0')
		errx(2, "%s: not a number", text);
	return n;
}

static void
take_options(int argc, char *argv[])
{
	static const struct option options[] = { { "seconds", 1, NULL, 't' },
		{ "seed", 1, NULL, 's' }, { "case", 1, NULL, 'c' },
		{ "scenario", 1, NULL, 'S' }, { "deadline", 1, NULL, 'd' },
		{ "zpipe", 1, NULL, 'z' }, { "zoo", 1, NULL, 'Z' },
		{ NULL, 0, NULL, 0 } };
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 't')
			conf.seconds = number(optarg), conf.timed = true;
		else if (opt == 's')
			conf.seed = number(optarg), conf.one_seed = true;
		else if (opt == 'c')
			conf.number = number(optarg), conf.one_case = true;
		else if (opt == 'S')
			conf.scenario = optarg;
		else if (opt == 'd')
			deadline = (unsigned)number(optarg);
		else if (opt == 'z')
			zpipe_path = optarg;
		else if (opt == 'Z')
			zoo_path = optarg;
		else
			exit(2);
	}
	if (optind < argc)
		errx(2, "%s: one operand too many", argv[optind]);
}

/* Absolute, since the cases run elsewhere. */
static const char *
find(const char *given, const char *variable, const char *otherwise)
{
	const char *name = given;
	char *path;

	if (name == NULL)
		name = getenv(variable);
	if (name == NULL)
		name = otherwise;
	path = realpath(name, NULL);
	if (path == NULL)
		err(2, "%s", name);
	return path;
}

static void
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

int
main(int argc, char *argv[])
{
	int status;

	me = realpath(argv[0], NULL);
	take_options(argc, argv);
	zpipe_path = find(zpipe_path, "ZPIPE", "zpipe");
	zoo_path = find(zoo_path, "ZOO", "tests/zoo");
	/* the leak check stops the program by ptrace, which takes its time */
	setenv("ASAN_OPTIONS", "detect_leaks=0", 0);
	shared = shared_memory(sizeof(*shared));
	make_master();
	make_dir();
	if (conf.one_case) {
		status = run_one_case();
	} else {
		see_faults();
		if (conf.one_seed)
			run_seed(conf.seed, now_us() + conf.seconds * 1000000);
		else
			run_seeds();
		status = summary();
	}
	remove_dir();
	return status;
}
