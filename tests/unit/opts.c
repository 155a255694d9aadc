/* SPDX-License-Identifier: ISC */
/* The command line: what is taken, and what is refused. */
#include "config.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "job/job.h"
#include "opts/option.h"
#include "opts.h"
#include "tests/lib/tap.h"

static struct opts o;

/* Parses one or two arguments, stderr out of sight. */
static enum opts_end
parse(const char *a, const char *b)
{
	char *argv[4] = { (char *)(uintptr_t) "zpipe", (char *)(uintptr_t)a,
		(char *)(uintptr_t)b, NULL };
	int saved = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);
	enum opts_end end;

	dup2(null, STDERR_FILENO);
	end = opts_parse(&o, a == NULL ? 1 : b == NULL ? 2 : 3, argv);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(null);
	opts_release(&o);
	return end;
}

static void
test_sizes(void)
{
	static const struct {
		const char *arg;
		size_t size;
	} good[] = {
		{ "65536", 65536 },
		{ "64k", 65536 },
		{ "64K", 65536 },
		{ "1.5M", 1572864 },
		{ "16M", 16777216 },
		{ "2G", 1UL << 31 },
		{ "1T", 1UL << 40 },
		{ "0.25m", 262144 },
		{ "00064k", 65536 },
		{ "1.0009765625M", 1049600 },
		{ "100kB", 100000 },
		{ "64KiB", 65536 },
		{ "1MB", 1000000 },
		{ "1.0000001G", 1073741931 },
		{ "0", 16777216 },
		{ "1", 65536 },
		{ "63k", 65536 },
	};
	static const char *const bad[] = {
		"-1",
		"0x10",
		"1e3",
		"99999999999999999999",
		"",
		" 64k",
		"64k ",
		"64kb",
		"64kiB ",
		"k",
		".5M",
		"1.",
		"1.M",
		"+64k",
		"64.5",
		"9000000T",
		"64 k",
		"1,5M",
		"1.0000001k",
		"16E",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(parse("-B", good[i].arg) == OPTS_RUN &&
			o.tune.buffer_size == good[i].size,
		    "-B %s is %zu", good[i].arg, good[i].size);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(parse("-B", bad[i]) == OPTS_USAGE, "-B '%s' is refused",
		    bad[i]);
	ok(parse("--pipe-size=0", NULL) == OPTS_RUN && o.pipe_size == 0,
	    "--pipe-size=0 leaves the pipes alone");
	ok(parse("--chunk-size=4095", NULL) == OPTS_USAGE,
	    "a chunk is at least 4 KiB");
	ok(parse("-B", NULL) == OPTS_USAGE, "-B wants a value");
}

/* What pv takes is taken: the nearest value that makes sense. */
static void
test_ranges(void)
{
	static const struct {
		const char *a, *b;
		size_t at;
		uint64_t value;
		bool wide; /* uint64_t, not unsigned */
	} table[] = {
#define WIDE(field) offsetof(struct opts, field)
		{ "-i", "0", WIDE(tune.display.interval), 100000, true },
		{ "-i", "0.0000001", WIDE(tune.display.interval), 100000,
		    true },
		{ "-i", "0.25", WIDE(tune.display.interval), 250000, true },
		{ "-i", "1000", WIDE(tune.display.interval), 600000000, true },
		{ "-i", "99999999999999999999", WIDE(tune.display.interval),
		    600000000, true },
		{ "-m", "0", WIDE(tune.display.window), 1000000, true },
		{ "-m", "86401", WIDE(tune.display.window),
		    UINT64_C(86400000000), true },
		{ "-D", "0", WIDE(tune.display.delay), 0, true },
		{ "-D", "99999999999999999999", WIDE(tune.display.delay),
		    INT64_MAX, true },
		{ "-L", "0", WIDE(tune.rate_limit), 0, true },
		{ "-L", "1kB", WIDE(tune.rate_limit), 1000, true },
		{ "-s", "1GiB", WIDE(tune.size), 1 << 30, true },
		{ "-w", "0", WIDE(tune.display.width), 0, false },
		{ "-w", "5000", WIDE(tune.display.width), 4096, false },
		{ "-w", "4294967296", WIDE(tune.display.width), 4096, false },
		{ "-H", "0", WIDE(tune.display.height), 0, false },
		{ "-H", "5000", WIDE(tune.display.height), 4096, false },
		{ "-A", "0", WIDE(tune.display.show.last_written), 0, false },
		{ "-A", "257", WIDE(tune.display.show.last_written), 256,
		    false },
		{ "-u", "nonsense", WIDE(tune.display.show.style), BAR_PLAIN,
		    false },
		{ "-u", "", WIDE(tune.display.show.style), BAR_PLAIN, false },
		{ "-u", "block", WIDE(tune.display.show.style), BAR_BLOCK,
		    false },
		{ "-x", "", WIDE(tune.display.extra), 0, false },
		{ "-x", "nowhere", WIDE(tune.display.extra), 0, false },
		{ "-x", "nowhere,window,", WIDE(tune.display.extra),
		    EXTRA_WINDOW, false },
		{ "-Z", "0", WIDE(error_skip_block), 4096, true },
		{ "-Z", "0", WIDE(skip_errors), 0, false },
		{ "-Z", "1k", WIDE(skip_errors), 1, false },
		{ "-EE", "-Z1k", WIDE(skip_errors), 2, false },
#undef WIDE
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *at = (const char *)&o + table[i].at;
		enum opts_end end = parse(table[i].a, table[i].b);

		ok(end == OPTS_RUN &&
			(table[i].wide ?
				*(const uint64_t *)at :
				*(const unsigned *)at) == table[i].value,
		    "%s '%s' is %ju", table[i].a, table[i].b,
		    (uintmax_t)table[i].value);
	}
	ok(parse("-s", "0") == OPTS_RUN && !o.tune.sized,
	    "-s 0 is a size that is not known");
	ok(parse("-Ss", "0") == OPTS_RUN && o.tune.sized, "but -S stops there");
	ok(parse("-D", "0.0000001") == OPTS_USAGE, "-D 0.0000001 is refused");
	ok(parse("-i", "0.1234567") == OPTS_USAGE, "and so is -i 0.1234567");
	ok(parse("-R1", "-A0") == OPTS_USAGE,
	    "0 is nothing that --remote could change");
}

static void
test_abbreviations(void)
{
	static const struct {
		const char *a, *b;
		size_t at; /* of a bool, or 0: refused */
	} table[] = {
		{ "--prog", NULL,
		    offsetof(struct opts, tune.display.show.progress) },
		{ "--rate", NULL,
		    offsetof(struct opts, tune.display.show.rate) },
		{ "--rate-l", "1M", offsetof(struct opts, tune.limited) },
		{ "--rate-l=1M", NULL, offsetof(struct opts, tune.limited) },
		{ "--si", NULL, offsetof(struct opts, tune.display.show.si) },
		{ "--siz", "1M", offsetof(struct opts, tune.sized) },
		{ "--siz=1M", NULL, offsetof(struct opts, tune.sized) },
		{ "--sparse-output", NULL, offsetof(struct opts, sparse) },
		{ "--spa", NULL, offsetof(struct opts, sparse) },
		{ "--r", NULL, 0 },
		{ "--prog=5", NULL, 0 },
		{ "--rate-l", NULL, 0 },
		{ "--=5", NULL, 0 },
		{ "--progresss", NULL, 0 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *at = (const char *)&o + table[i].at;
		enum opts_end end = parse(table[i].a, table[i].b);

		ok(table[i].at == 0 ? end == OPTS_USAGE :
				      end == OPTS_RUN && *(const bool *)at,
		    "%s %s", table[i].a, table[i].b == NULL ? "" : table[i].b);
	}
	ok(parse("--pipe=4k", NULL) == OPTS_RUN && o.pipe_size == 4096,
	    "two names of one option are not ambiguous");
	ok(parse("--name", "--prog") == OPTS_RUN &&
		!o.tune.display.show.progress,
	    "a value is not taken for an abbreviation");
	ok(parse("--", "--prog") == OPTS_RUN && !o.tune.display.show.progress &&
		o.nfiles == 1,
	    "nor is an operand");
}

static void
test_names(void)
{
	static const struct {
		const char *arg;
		enum engine engine;
	} engines[] = {
		{ "--engine=auto", ENGINE_AUTO },
		{ "--engine=ring", ENGINE_RING },
		{ "--engine=mmap", ENGINE_MMAP },
		{ "--engine=splice", ENGINE_SPLICE },
		{ "--engine=range", ENGINE_RANGE },
		{ "--engine=copy", ENGINE_COPY },
	};
	static const struct {
		const char *arg;
		enum release release;
	} releases[] = {
		{ "--release=auto", RELEASE_AUTO },
		{ "--release=fence", RELEASE_FENCE },
		{ "--release=fresh", RELEASE_FRESH },
		{ "--release=drain", RELEASE_DRAIN },
	};

	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		ok(parse(engines[i].arg, NULL) == OPTS_RUN &&
			o.engine == engines[i].engine,
		    "%s", engines[i].arg);
	for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++)
		ok(parse(releases[i].arg, NULL) == OPTS_RUN &&
			o.release == releases[i].release,
		    "%s", releases[i].arg);
	ok(parse("--engine=", NULL) == OPTS_USAGE, "no engine is no engine");
	ok(parse("--release=copied", NULL) == OPTS_USAGE,
	    "what zpipe finds out itself cannot be asked for");
}

static void
test_combinations(void)
{
	ok(parse("--engine=splice", "--release=fence") == OPTS_USAGE,
	    "a release method needs buffers");
	ok(parse("--engine=copy", "--release=fresh") == OPTS_USAGE,
	    "copy shares none");
	ok(parse("--engine=ring", "--release=fresh") == OPTS_RUN,
	    "the ring does");
	ok(parse("-C", "--engine=splice") == OPTS_USAGE,
	    "-C contradicts --engine=splice");
	ok(parse("-C", "--engine=copy") == OPTS_RUN, "but not copy");
	ok(parse("--nonsense", NULL) == OPTS_USAGE, "unknown options end it");
}

static void
test_watched(void)
{
	static const struct {
		const char *a, *b;
		size_t n; /* 0: refused */
	} table[] = {
		{ "-d1", NULL, 1 },
		{ "-d1:0", NULL, 1 },
		{ "-d", "1", 1 },
		{ "-d1", "2:3", 2 },
		{ "2:3", "-d1", 2 },
		{ "-d1", "-d2", 2 },
		{ "--watchfd=1", "=name", 2 },
		{ "-d=name", NULL, 1 },
		{ "-d", "=1", 1 },
		{ "-d=1:x", NULL, 1 },
		{ "--watchfd==1:x", NULL, 1 },
		{ "--watchfd=1:x", NULL, 0 },
		{ "-d@/dev/null", "1", 1 },
		{ "-d@/dev/null", NULL, 0 },
		{ "-d1", "@", 0 },
		{ "-d1", "=", 0 },
		{ "-d1", "", 0 },
		{ "-d1", "0", 0 },
		{ "-d1", "+1", 0 },
		{ "-d1", "1:", 0 },
		{ "-d1", "1:2:3", 0 },
		{ "-d1", "2147483648", 0 },
		{ "-d1", ":1", 0 },
		{ "-d=", NULL, 0 },
		{ "-d", NULL, 0 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		enum opts_end end = parse(table[i].a, table[i].b);

		ok(table[i].n == 0 ? end == OPTS_USAGE :
				     end == OPTS_RUN && o.watches &&
			    o.nprocesses == table[i].n,
		    "%s %s", table[i].a, table[i].b == NULL ? "" : table[i].b);
	}
	ok(parse("1", "2") == OPTS_RUN && !o.watches && o.nprocesses == 0,
	    "operands are files without -d");
}

/* The rows say what the code relies on. */
static void
test_table(void)
{
	size_t from = offsetof(struct opts, tune);
	size_t to = from + sizeof(struct tunables);

	for (size_t i = 0; option_table[i].name != NULL; i++) {
		const struct option *t = &option_table[i], *row = option_row(i);
		bool text = t->type >= TYPE_STRING,
		     good = t->alias ? i > 0 && row < t && !row->alias :
				       (t->type == TYPE_OWN) == (t->at == 0) &&
			(t->type != TYPE_OWN || t->take != NULL);

		good = good && strlen(t->name) < OPTION_NAME;
		good = good && (t->least <= t->most || t->most == 0);
		good = good && (t->first == 0 || text);
		good = good && (t->names != NULL) == (t->type == TYPE_NAME);
		if ((t->remote & REMOTE_CHANGES) != 0)
			good = good && t->letter != 0 && t->at >= from &&
			    t->at < to && (t->text == 0 || t->text < to) &&
			    option_tunable(t->letter) == t;
		ok(good, "the row of --%s", t->name);
	}
}

static bool
same_text(const struct option *t, const struct tunables *a,
    const struct tunables *b)
{
	const char **s = option_string(t, a), **u = option_string(t, b);

	return s == NULL || (*s == NULL && *u == NULL) ||
	    (*s != NULL && *u != NULL && *s != *u && strcmp(*s, *u) == 0);
}

/* What --remote changes arrives as the command line has it. */
static bool
arrives(const char *arg, char *letter)
{
	static char name[] = "zpipe", remote[] = "-R1";
	char *argv[] = { name, remote, (char *)(uintptr_t)arg, NULL };
	struct tunables plain = { .display.show = { .progress = true } }, now;
	struct message_change c = { 0 };
	const struct option *t = NULL;
	bool good = opts_parse(&o, 3, argv) == OPTS_RUN;

	change_tell(&o, &c);
	*letter = c.n == 1 ? c.items[0].option : '\0';
	t = option_tunable(*letter);
	good = good && t != NULL && change_hear(&c, &plain, &now) == 0;
	if (good) {
		good = option_number(t, &now) == option_number(t, &o.tune) &&
		    same_text(t, &now, &o.tune);
		/* what makes the line takes the place of what did */
		good = good &&
		    now.display.show.progress ==
			(*letter == 'p' || (t->remote & REMOTE_LINE) == 0);
		good = good && now.sized == (*letter == 's') &&
		    now.limited == (*letter == 'L');
		tunables_release(&now);
	}
	opts_release(&o);
	return good;
}

static void
test_changes(void)
{
	static const char *const args[] = { "-p", "-t", "-e", "-I", "-r", "-a",
		"-b", "-T", "-A5", "-F%b", "--format=", "-n", "-8", "-g",
		"-i0.5", "-m5", "-w60", "-H9", "-Nname", "--name=", "-ublock",
		"-x:%t", "-xwindow", "--extra-display=", "-L0", "-L1M", "-s5k",
		"-s0", "-s@/proc/self/exe", "-B1M", "-B0" };
	bool seen[128] = { false };
	char letter;
	size_t tunable = 0;

	for (size_t i = 0; option_table[i].name != NULL; i++)
		tunable += (option_table[i].remote & REMOTE_CHANGES) != 0;
	ok(tunable <= MESSAGE_ITEMS, "a message has room for every change");
	for (size_t i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
		ok(arrives(args[i], &letter), "--remote %s arrives", args[i]);
		seen[(unsigned char)letter & 127] = true;
	}
	for (size_t i = 0; option_table[i].name != NULL; i++)
		if ((option_table[i].remote & REMOTE_CHANGES) != 0)
			ok(seen[(unsigned char)option_table[i].letter & 127],
			    "--%s was tried", option_table[i].name);
}

int
main(void)
{
	ok(parse(NULL, NULL) == OPTS_RUN && o.engine == ENGINE_AUTO &&
		o.release == RELEASE_AUTO && o.pipe_size == 1 << 20,
	    "there are defaults");
	ok(parse("a", "b") == OPTS_RUN && o.nfiles == 2, "operands are kept");
	ok(parse("--", "-B") == OPTS_RUN && o.nfiles == 1,
	    "behind -- there are only operands");
	test_sizes();
	test_ranges();
	test_abbreviations();
	test_names();
	test_combinations();
	test_watched();
	test_table();
	test_changes();
	return tap_done();
}
