/* SPDX-License-Identifier: ISC */
/* The line that shows the progress: its template, its figures, its width. */
#include "config.h"

#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "show/format.h"
#include "show/show.h"
#include "tests/lib/tap.h"

#define COUNT_OF(a) (sizeof(a) / sizeof *(a))

enum {
	KIB = 1024,
	MIB = 1024 * 1024,
};

static const unsigned char last_bytes[] = "ab\n\033\377yz";

/* Half of 2 MiB, after an hour and some. */
static const struct show_state half = {
	.figures = {
		.count = MIB,
		.size = 2 * MIB,
		.elapsed = 3723.25,
		.rate = 10240,
		.average = 2048,
		.mean = 300,
		.fastest = 20480,
		.eta = 10,
		.spread = { 1, 2.5, 4, 0.5 },
		.buffer = 42,
	},
	.now = 1000000000, /* 2001-09-09 01:46:40 UTC */
	.last = last_bytes,
	.nlast = sizeof last_bytes - 1,
	.line = "a line\tof text",
	.nline = 14,
	.engine = "ring",
	.outputs = "1: 42%",
};

static char text[SHOW_TEXT + 16];

static struct show *
fresh(const struct show_conf *conf)
{
	struct show *s = show_new(conf);

	if (s == NULL)
		bail("no memory");
	return s;
}

/* One line of a show of its own. */
static const char *
line(const struct show_conf *conf, const struct show_state *st, unsigned width,
    bool utf8, bool colours)
{
	struct show *s = fresh(conf);

	show_line(s, st, width, utf8, colours, text);
	free(s);
	return text;
}

static void
is(const char *got, const char *wanted, const char *what)
{
	if (!ok(strcmp(got, wanted) == 0, "%s", what))
		printf("# got    |%s|\n# wanted |%s|\n", got, wanted);
}

/* The columns of a line without control sequences; -1 if it is not clean. */
static int
columns(const char *s)
{
	wchar_t w[SHOW_TEXT];
	size_t n = mbstowcs(w, s, SHOW_TEXT);

	return n == (size_t)-1 || n == SHOW_TEXT ? -1 : wcswidth(w, n);
}

static void
test_sequences(void)
{
	static const struct {
		const char *format, *line;
	} plain[] = {
		{ "%%", "%" },
		{ "%9t|%3t|", "1:02:03  |1:02:03|" },
		{ "%8p|%7p|%6p|%5p|", "[>]  50%|    50%|   50%|  50%|" },
		{ "no sequence", "no sequence" },
		{ "%t|", "1:02:03|" },
		{ "%{timer}|", "1:02:03|" },
		{ "%e|", "ETA 0:00:10|" },
		{ "%{eta}|", "ETA 0:00:10|" },
		{ "%I|", "FIN 01:46:50|" },
		{ "%{fineta}|", "FIN 01:46:50|" },
		{ "%r|", "[10.0KiB/s]|" },
		{ "%{rate}|", "[10.0KiB/s]|" },
		{ "%a|", "(2.00KiB/s)|" },
		{ "%{average-rate}|", "(2.00KiB/s)|" },
		{ "%b|", "1.00MiB|" },
		{ "%{bytes}|", "1.00MiB|" },
		{ "%{transferred}|", "1.00MiB|" },
		{ "%T|", "{ 42%}|" },
		{ "%{buffer-percent}|", "{ 42%}|" },
		{ "%A|", "z|" },
		{ "%2A|", "yz|" },
		{ "%7A|", "ab...yz|" },
		{ "%9{last-written}|", "..ab...yz|" },
		{ "%8L|", "a line.o|" },
		{ "%16{previous-line}|", "a line.of text  |" },
		{ "%L|", "a line.of text               |" },
		{ "%{previous-line}|", "a line.of text               |" },
		{ "%N|", "     name:|" },
		{ "%{name}|", "     name:|" },
		{ "%{engine}|", "ring  |" },
		{ "%{outputs}|", "1: 42%|" },
		{ "%p", "[==========>            ]  50%" },
		{ "%{progress}|", "[==========>           ]  50%|" },
		{ "%15p|", "[===>    ]  50%|" },
		{ "%15{progress}|", "[===>    ]  50%|" },
		{ "%{progress-amount-only}|", " 50%|" },
		{ "%10{progress-bar-only}|", "====>     |" },
		{ "%10{bar-plain}|", "====>     |" },
		{ "%10{bar-block}|", "====>     |" },
		{ "%4{bar-granular}|%4{bar-shaded}", "=>  |=>  " },
		{ "%{bar-plain}|%{bar-plain}|",
		    "======>       |======>       |" },
		{ "%{sgr:red}red%{sgr:reset}", "red" },
		{ "%t %b%%", "1:02:03 1.00MiB%" },
	};
	static const struct {
		const char *format, *line;
	} rich[] = {
		{ "%4{bar-plain}|", "=>  |" },
		{ "%4{bar-block}|", "\u2588\u2588  |" },
		{ "%5{bar-granular}|", "\u2588\u2588\u258c  |" },
		{ "%5{bar-shaded}|", "\u2588\u2588\u2592\u2591\u2591|" },
		{ "%{sgr:red}x", "\033[31mx\033[0m" },
		{ "%{sgr:bold,fg-green,bg-blue}x%{sgr:none}y",
		    "\033[1;32;44mx\033[0my\033[0m" },
		{ "%{sgr:38,5,208}x", "\033[38;5;208mx\033[0m" },
		{ "%{sgr:38;5;208}x", "\033[38;5;208mx\033[0m" },
		{ "%{sgr:default,bg-default,brown}", "\033[39;49;33m\033[0m" },
		{ "%{sgr:underscore,no-underline,dim,italic,blink,reverse}",
		    "\033[4;24;2;3;5;7m\033[0m" },
	};
	struct show_conf c = { .name = "name" };

	for (size_t i = 0; i < COUNT_OF(plain); i++) {
		c.format = plain[i].format;
		is(line(&c, &half, 30, false, false), plain[i].line,
		    plain[i].format);
	}
	for (size_t i = 0; i < COUNT_OF(rich); i++) {
		c.format = rich[i].format;
		is(line(&c, &half, 30, true, true), rich[i].line,
		    rich[i].format);
	}
	c.name = NULL;
	c.format = "%N|";
	is(line(&c, &half, 30, true, true), "|", "%N without a name");
}

static void
test_switches(void)
{
	static const struct {
		struct show_conf conf;
		const char *line, *what;
	} cases[] = {
		{ { 0 },
		    "1.00MiB 1:02:03 [10.0KiB/s] "
		    "[==========>           ]  50% ETA 0:00:10",
		    "no switch is pv's five" },
		{ { .name = "me" },
		    "       me: 1.00MiB 1:02:03 [10.0KiB/s] "
		    "[====>      ]  50% ETA 0:00:10",
		    "-N alone is the five with a name" },
		{ { .progress = true },
		    "[==============================>"
		    "                               ]  50%",
		    "-p" },
		{ { .timer = true }, "1:02:03", "-t" },
		{ { .eta = true }, "ETA 0:00:10", "-e" },
		{ { .fineta = true }, "FIN 01:46:50", "-I" },
		{ { .rate = true }, "[10.0KiB/s]", "-r" },
		{ { .average = true }, "(2.00KiB/s)", "-a" },
		{ { .bytes = true }, "1.00MiB", "-b" },
		{ { .buffer = true }, "{ 42%}", "-T" },
		{ { .last_written = 3 }, ".yz", "-A 3" },
		{ { .bytes = true, .ratio = true }, "1.00MiB -:-", "a ratio" },
		{ { .bytes = true, .name = "averyverylongname" },
		    "averyverylongname: 1.00MiB", "a long name" },
		{ { .numeric = true, .name = "me" }, "50", "-n has no name" },
		{ { .numeric = true, .name = "me", .named = true }, "me: 50",
		    "unless the line is named" },
		{ { .format = "%t", .name = "me", .named = true },
		    "me: 1:02:03", "so is a template without a name" },
		{ { .format = "%t%N", .name = "me", .named = true },
		    "1:02:03me:", "but not one with its own" },
		{ { .bytes = true, .name = "me", .named = true }, "me: 1.00MiB",
		    "nor the switches twice" },
		{ { .bytes = true, .rate = true, .bits = true },
		    "8.00Mib [80.0Kib/s]", "-8" },
		{ { .bytes = true, .rate = true, .si = true },
		    "1.05MB [10.2kB/s]", "-k" },
		{ { .bytes = true, .rate = true, .si = true, .bits = true },
		    "8.39Mb [81.9kb/s]", "-8 -k" },
		{ { .bytes = true, .rate = true, .lines = true },
		    "1.05M [10.2k/s]", "-l" },
		{ { .bytes = true, .lines = true, .bits = true }, "1.05M",
		    "lines have no bits" },
		{ { .format = "%t", .bytes = true }, "1:02:03",
		    "a template is stronger than switches" },
		{ { .progress = true, .timer = true, .style = BAR_BLOCK },
		    "1:02:03 [==========================>"
		    "                           ]  50%",
		    "no blocks without UTF-8" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		is(line(&cases[i].conf, &half, 69, false, false), cases[i].line,
		    cases[i].what);
}

static void
test_numeric(void)
{
	static const struct {
		struct show_conf conf;
		const char *line, *what;
	} cases[] = {
		{ { .numeric = true }, "50", "-n" },
		{ { .numeric = true, .timer = true }, "3723.2500 50", "-n -t" },
		{ { .numeric = true, .bytes = true }, "1048576", "-n -b" },
		{ { .numeric = true, .bytes = true, .timer = true },
		    "3723.2500 1048576", "-n -b -t" },
		{ { .numeric = true, .rate = true }, "10240.0000", "-n -r" },
		{ { .numeric = true,
		      .rate = true,
		      .bytes = true,
		      .timer = true,
		      .progress = true },
		    "3723.2500 1048576 10240.0000 50", "-n -t -b -r -p" },
		{ { .numeric = true, .bytes = true, .bits = true }, "8388608",
		    "-n -b -8" },
		{ { .numeric = true,
		      .bytes = true,
		      .rate = true,
		      .lines = true,
		      .bits = true },
		    "1048576 10240.0000", "-n -b -r -l -8" },
		{ { .numeric = true, .bytes = true, .lines = true }, "1048576",
		    "-n -b -l" },
		{ { .numeric = true,
		      .format = "{\"t\":%t,\"b\":%b,\"r\":%r,\"a\":%a,\"p\":"
				"%{progress-amount-only},\"q\":\"%9p\","
				"\"T\":\"%T\"}" },
		    "{\"t\":3723.2500,\"b\":1048576,\"r\":10240.0000,"
		    "\"a\":2048.0000,\"p\":50,\"q\":\"[> ]  50%\","
		    "\"T\":\"{ 42%}\"}",
		    "-n with a template" },
		{ { .numeric = true, .format = "%e %{engine}" },
		    "ETA 0:00:10 ring  ", "-n leaves the rest alone" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		is(line(&cases[i].conf, &half, 69, false, false), cases[i].line,
		    cases[i].what);
}

/* They stand in pv's order, whichever was asked for first. */
static void
test_order(void)
{
	static const struct show_conf c = {
		.timer = true,
		.eta = true,
		.fineta = true,
		.rate = true,
		.average = true,
		.bytes = true,
		.buffer = true,
		.progress = true,
		.last_written = 2,
		.name = "me",
	};

	is(line(&c, &half, 100, false, false),
	    "       me: 1.00MiB { 42%} 1:02:03 [10.0KiB/s] (2.00KiB/s) "
	    "[==>    ]  50% ETA 0:00:10 FIN 01:46:50 yz",
	    "all switches");
}

/* Figures of other moments. */
static void
test_states(void)
{
	static const struct show_conf apart = { .bytes = true,
		.eta = true,
		.fineta = true };
	struct show_conf c = { 0 };
	struct show_state st = half;

	c.format = "%p %e|%I|%r|%a";
	st.figures.size = 0;
	st.figures.eta = -1;
	is(line(&c, &st, 35, false, false),
	    "[<=>    ] ||[10.0KiB/s]|(2.00KiB/s)",
	    "without a size there is no end to see");
	c.gauge = true;
	is(line(&c, &st, 45, false, false),
	    "[==>    ]/20.0KiB/s ||[10.0KiB/s]|(2.00KiB/s)",
	    "the gauge goes up to the fastest");
	st.figures.fastest = 0;
	is(line(&c, &st, 45, false, false),
	    "[>      ]/0.00  B/s ||[10.0KiB/s]|(2.00KiB/s)",
	    "a gauge before anything was fast");
	st.figures.fastest = st.figures.rate / 2;
	is(line(&c, &st, 45, false, false),
	    "[======>]/5.00KiB/s ||[10.0KiB/s]|(2.00KiB/s)",
	    "a rate above the fastest is the fastest");
	c.format = "%{progress-amount-only}|";
	is(line(&c, &st, 45, false, false), "5.00KiB/s|",
	    "how far a gauge goes");
	c.numeric = true;
	c.format = NULL;
	st.figures.moves = 1;
	is(line(&c, &st, 46, false, false), "2", "a script has no gauge");
	c.gauge = c.numeric = false;
	c.format = "%{progress-amount-only}|";
	is(line(&c, &st, 46, false, false), "|",
	    "without a size nobody knows how far it is");
	is(line(&apart, &st, 46, false, false), "1.00MiB",
	    "nor is room kept for the end, if no template says so");
	st.note = "flushing";
	is(line(&apart, &st, 46, false, false), "1.00MiB flushing   ",
	    "but for what keeps us");

	c.format = "%p %e|%I|%r|%a";
	st = half;
	st.figures.final = true;
	st.figures.count = st.figures.size;
	is(line(&c, &st, 63, false, false),
	    "[======>] 100%            |FIN 01:46:40"
	    "|[ 300  B/s]|( 300  B/s)",
	    "the last line has the mean rate and no ETA");
	st.figures.count = 3 * st.figures.size;
	c.format = "%p";
	is(line(&c, &st, 20, false, false), "[=============] 300%",
	    "more than everything");
	c.numeric = true;
	c.format = NULL;
	is(line(&c, &st, 20, false, false), "300", "the same for a script");
	c.numeric = false;
	c.format = "%p";
	st.figures.count = 0;
	is(line(&c, &st, 20, false, false), "[>            ]   0%", "nothing");
	st.figures.size = UINT64_MAX;
	st.figures.count = UINT64_MAX - 1;
	is(line(&c, &st, 20, false, false), "[============>]  99%",
	    "all but one of 2^64 is not all");
}

static void
test_blanks(void)
{
	struct show_conf c = { .format = "%e|" };
	struct show_state st = half;

	st.note = "flushing";
	is(line(&c, &st, 20, false, false), "flushing   |",
	    "a note is in the ETA's place");
	st.note = NULL;
	st.figures.eta = 90061;
	is(line(&c, &st, 20, false, false), "ETA 1:01:01:01|",
	    "an ETA of days");
	c.format = "%I|";
	is(line(&c, &st, 40, false, false), "FIN 2001-09-10 02:47:41|",
	    "an end that is far has a date");
	st.figures.eta = 6 * 3600;
	is(line(&c, &st, 40, false, false), "FIN 07:46:40|",
	    "one that is near has none");
	st.figures.buffer = 101;
	c.format = "%T";
	is(line(&c, &st, 40, false, false), "{100%}", "no buffer runs over");
	st.figures.buffer = FIGURES_BY_PIPE;
	is(line(&c, &st, 40, false, false), "{-||-}", "by way of a pipe");
	st.figures.buffer = FIGURES_RANGED;
	is(line(&c, &st, 40, false, false), "{--->}", "from file to file");
	st.figures.buffer = -1;
	st.engine = st.outputs = st.line = NULL;
	st.last = NULL;
	st.nlast = st.nline = 0;
	c.format = "%T|%3A|%3L|%{engine}|%{outputs}|";
	is(line(&c, &st, 40, false, false), "{----}|...|   |      ||",
	    "what is not known is blank");
	c.numeric = true;
	c.format = NULL;
	st.figures.size = 0;
	st.figures.moves = 1;
	is(line(&c, &st, 40, false, false), "2",
	    "a script sees a bouncing percentage, as from pv");
}

static void
test_nonsense(void)
{
	static const double bad[] = { NAN, -NAN, INFINITY, -INFINITY, -1, 1e300,
		1e-300, -1e300, 1e19 };
	struct show_conf c = {
		.format = "%r%a%t%e%I%p%b%{progress-amount-only}",
		.gauge = true
	};
	struct show_state st = half;
	bool good = true;

	for (size_t i = 0; i < COUNT_OF(bad) * 4; i++) {
		double v = bad[i / 4];

		c.bits = i & 1;
		c.numeric = i & 2;
		st.figures.elapsed = st.figures.rate = st.figures.average =
		    st.figures.fastest = st.figures.eta = v;
		st.figures.mean = v;
		st.figures.size = i & 1 ? 0 : 1;
		st.figures.count = UINT64_MAX;
		st.figures.final = i & 1;
		line(&c, &st, 300, true, true);
		good = good && strstr(text, "nan") == NULL &&
		    strstr(text, "inf") == NULL && strchr(text, '-') == NULL &&
		    columns(text) > 0;
	}
	ok(good, "no NaN, no infinity, nothing below zero");
	c = (struct show_conf){ .numeric = true, .bytes = true };
	is(line(&c, &st, 300, true, true), "18446744073709551615",
	    "2^64-1 in full");
	c.bits = true;
	is(line(&c, &st, 300, true, true), "147573952589676412928",
	    "2^64-1 bytes in bits");
}

static void
test_amounts(void)
{
	static const struct {
		double value;
		const char *bytes, *si, *bits, *lines;
	} table[] = {
		{ 0, "0.00  B", "0.00 B", "0.00  b", "0.00 " },
		{ 1, "1.00  B", "1.00 B", "8.00  b", "1.00 " },
		{ 9, "9.00  B", "9.00 B", "72.0  b", "9.00 " },
		{ 10, "10.0  B", "10.0 B", "80.0  b", "10.0 " },
		{ 99, "99.0  B", "99.0 B", " 792  b", "99.0 " },
		{ 100, " 100  B", " 100 B", " 800  b", " 100 " },
		{ 127, " 127  B", " 127 B", "1016  b", " 127 " },
		{ 128, " 128  B", " 128 B", "1.00Kib", " 128 " },
		{ 999, " 999  B", " 999 B", "7.80Kib", " 999 " },
		{ 1000, "1000  B", "1.00kB", "7.81Kib", "1.00k" },
		{ 1023, "1023  B", "1.02kB", "7.99Kib", "1.02k" },
		{ 1024, "1.00KiB", "1.02kB", "8.00Kib", "1.02k" },
		{ 1025, "1.00KiB", "1.02kB", "8.01Kib", "1.02k" },
		{ 1500, "1.46KiB", "1.50kB", "11.7Kib", "1.50k" },
		{ 9994, "9.76KiB", "9.99kB", "78.1Kib", "9.99k" },
		{ 9995, "9.76KiB", "10.0kB", "78.1Kib", "10.0k" },
		{ 10137, "9.90KiB", "10.1kB", "79.2Kib", "10.1k" },
		{ 10188, "9.95KiB", "10.2kB", "79.6Kib", "10.2k" },
		{ 10240, "10.0KiB", "10.2kB", "80.0Kib", "10.2k" },
		{ 10342, "10.1KiB", "10.3kB", "80.8Kib", "10.3k" },
		{ 99940, "97.6KiB", "99.9kB", " 780Kib", "99.9k" },
		{ 99950, "97.6KiB", " 100kB", " 780Kib", " 100k" },
		{ 102297, "99.9KiB", " 102kB", " 799Kib", " 102k" },
		{ 102349, " 100KiB", " 102kB", " 799Kib", " 102k" },
		{ 102400, " 100KiB", " 102kB", " 800Kib", " 102k" },
		{ 999999, " 976KiB", " 999kB", "7.63Mib", " 999k" },
		{ 1000000, " 976KiB", "1.00MB", "7.63Mib", "1.00M" },
		{ 1022976, " 999KiB", "1.02MB", "7.80Mib", "1.02M" },
		{ 1023999, " 999KiB", "1.02MB", "7.81Mib", "1.02M" },
		{ 1024000, "1000KiB", "1.02MB", "7.81Mib", "1.02M" },
		{ 1048575, "1023KiB", "1.05MB", "8.00Mib", "1.05M" },
		{ 1048576, "1.00MiB", "1.05MB", "8.00Mib", "1.05M" },
		{ 5000000, "4.77MiB", "5.00MB", "38.1Mib", "5.00M" },
		{ 104857600, " 100MiB", " 104MB", " 800Mib", " 104M" },
		{ 1073741823, "1023MiB", "1.07GB", "8.00Gib", "1.07G" },
		{ 1073741824, "1.00GiB", "1.07GB", "8.00Gib", "1.07G" },
		{ 1e12, " 931GiB", "1.00TB", "7.28Tib", "1.00T" },
		{ 1099511627776, "1.00TiB", "1.10TB", "8.00Tib", "1.10T" },
		{ 1e15, " 909TiB", "1.00PB", "7.11Pib", "1.00P" },
		{ 1e18, " 888PiB", "1.00EB", "6.94Eib", "1.00E" },
		{ 0x1p64, "16.0EiB", "18.4EB", " 128Eib", "18.4E" },
		{ 1e21, " 867EiB", "1.00ZB", "6.78Zib", "1.00Z" },
		{ 1e24, " 847ZiB", "1.00YB", "6.62Yib", "1.00Y" },
		{ 1e30, "9999YiB", "9999YB", "9999Yib", "9999Y" },
	};
	struct show_conf conf[] = { { 0 }, { .si = true }, { .bits = true },
		{ .lines = true } };
	char got[4][32], wanted[128], all[160];

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		for (size_t k = 0; k < COUNT_OF(conf); k++)
			format_amount(&conf[k], table[i].value, got[k],
			    sizeof got[k]);
		snprintf(all, sizeof all, "%s %s %s %s", got[0], got[1], got[2],
		    got[3]);
		snprintf(wanted, sizeof wanted, "%s %s %s %s", table[i].bytes,
		    table[i].si, table[i].bits, table[i].lines);
		is(all, wanted, wanted);
	}
}

static void
test_durations(void)
{
	static const struct {
		double seconds;
		const char *text;
	} table[] = {
		{ 0, "0:00:00" },
		{ 0.999, "0:00:00" },
		{ 1, "0:00:01" },
		{ 59.9, "0:00:59" },
		{ 60, "0:01:00" },
		{ 3599, "0:59:59" },
		{ 3600, "1:00:00" },
		{ 35999, "9:59:59" },
		{ 36000, "10:00:00" },
		{ 86399, "23:59:59" },
		{ 86400, "1:00:00:00" },
		{ 93784, "1:02:03:04" },
		{ 1e9, "11574:01:46:40" },
		{ 1e300, "10000000:00:00:00" },
		{ NAN, "0:00:00" },
		{ -5, "0:00:00" },
	};
	char got[64];

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		format_duration(table[i].seconds, got, sizeof got);
		is(got, table[i].text, table[i].text);
	}
}

static void
test_misfits(void)
{
	static const struct {
		const char *format;
		int at; /* -1: it is right */
		size_t n;
	} table[] = {
		{ "", -1, 0 },
		{ "%%", -1, 0 },
		{ "%%%t", -1, 0 },
		{ "100%% %5A %12L %40p %{bar-block}", -1, 0 },
		{ "%{sgr:red}%{sgr:bg-default,bold,no-bold,255}", -1, 0 },
		{ "%", 0, 1 },
		{ "abc%", 3, 1 },
		{ "%t%", 2, 1 },
		{ "%16", 0, 3 },
		{ "%q", 0, 2 },
		{ "%t %q %x", 3, 2 },
		{ "% t", 0, 2 },
		{ "%5%", 0, 3 },
		{ "%12x34", 0, 4 },
		{ "%-5A", 0, 2 },
		{ "%{", 0, 2 },
		{ "%{}", 0, 3 },
		{ "%{timer", 0, 7 },
		{ "%{t}", 0, 4 },
		{ "%{timers}", 0, 9 },
		{ "%{Timer}", 0, 8 },
		{ "x%{timer}%{time} %t", 9, 7 },
		{ "%16{last}", 0, 9 },
		{ "%{sgr:}", 0, 7 },
		{ "%{sgr:purple}", 0, 13 },
		{ "%{sgr:red,}", 0, 11 },
		{ "%{sgr:256}", 0, 10 },
		{ "%{sgr:1234}", 0, 11 },
		{ "%{sgr:fg-1}", 0, 11 },
		{ "%{sgr:fg-bold}", 0, 14 },
		{ "%{sgr:red", 0, 9 },
		{ "%{sgr}", 0, 6 },
		{ "%\u20ac1", 0, 4 },
		{ "%\n", 0, 2 },
	};

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		const char *f = table[i].format;
		size_t n = 99;
		const char *p = show_misfit(f, &n);

		ok(table[i].at == -1 ? p == NULL :
				       p == f + table[i].at && n == table[i].n,
		    "\"%s\": %s", strcmp(f, "%\n") == 0 ? "%<newline>" : f,
		    table[i].at == -1 ? "right" : "wrong, and where");
	}
}

/* All the lines of one show have the same width. */
static bool
steady(const struct show_conf *c, void (*set)(struct show_state *, unsigned),
    unsigned steps, unsigned width)
{
	struct show *s = fresh(c);
	struct show_state st = half;
	int first = -1, now;
	bool good = true;

	for (unsigned i = 0; i < steps && good; i++) {
		set(&st, i);
		show_line(s, &st, width, true, false, text);
		now = columns(text);
		if (first == -1)
			first = now;
		good = now == first && now > 0;
	}
	if (!good)
		printf("# |%s|\n", text);
	free(s);
	return good;
}

static void
sweep_fine(struct show_state *st, unsigned i)
{
	st->figures.count = (uint64_t)i * 37;
	st->figures.size = 100000;
	st->figures.rate = i * 3.7;
	st->figures.average = i * 0.37;
	st->figures.elapsed = i;
	st->figures.eta = i < 2000 ? 2000.0 - i : -1;
	st->figures.buffer = (int)(i % 102) - 1;
}

static void
sweep_powers(struct show_state *st, unsigned i)
{
	double v = 1 + i % 200 / 25.0;

	for (unsigned k = i / 200; k > 0; k--)
		v *= 10;
	st->figures.count = v < 1.8e19 ? (uint64_t)v : UINT64_MAX;
	st->figures.rate = v * 1.0009;
	st->figures.average = v / 1e3;
	st->figures.size = UINT64_MAX;
}

static void
sweep_edges(struct show_state *st, unsigned i)
{
	static const double edges[] = { 1, 9.994, 9.995, 10, 99.94, 99.95,
		99.99, 100, 999, 999.99, 1000, 1023, 1023.99, 1024 };
	double v = edges[i % COUNT_OF(edges)];

	for (size_t k = i / COUNT_OF(edges); k > 0; k--)
		v *= 1024;
	st->figures.rate = st->figures.average = v;
	st->figures.count = v < 1.8e19 ? (uint64_t)v : UINT64_MAX;
	st->figures.size = 0;
}

static void
sweep_notes(struct show_state *st, unsigned i)
{
	st->note = i % 3 == 0 ? "flushing" : NULL;
	st->figures.final = i % 5 == 0;
	st->figures.eta = i % 7 == 0 ? -1 : i * 5.0;
	st->engine = i % 2 == 0 ? NULL : "splice";
	st->line = i % 2 == 0 ? NULL : "a longer line \u20ac than that";
	st->nline = i % 2 == 0 ? 0 : i % 24;
}

static void
test_sweeps(void)
{
	static const char *const formats[] = { NULL, "%b|%r|%a|",
		"%t|%e|%T|%{progress-amount-only}|", "%p %b %r %5A",
		"%{bar-shaded}%L|%{engine}|%I" };
	struct show_conf c;

	for (size_t i = 0; i < COUNT_OF(formats) * 4; i++) {
		c = (struct show_conf){ .format = formats[i / 4],
			.bits = i % 4 == 1,
			.si = i % 4 == 2,
			.lines = i % 4 == 3,
			.style = BAR_GRANULAR };
		ok(steady(&c, sweep_fine, 3000, 70) &&
			steady(&c, sweep_powers, 4000, 70) &&
			steady(&c, sweep_edges, 98, 70) &&
			steady(&c, sweep_notes, 100, 70),
		    "the width of %s%s stays",
		    c.format == NULL ? "the switches" : c.format,
		    c.bits      ? " in bits" :
			c.si    ? " in thousands" :
			c.lines ? " in lines" :
				  "");
	}
}

/* A field that had to grow keeps what it has. */
static void
test_growth(void)
{
	struct show_conf c = { .format = "%t|%{outputs}|" };
	struct show *s = fresh(&c);
	struct show_state st = half;

	st.figures.elapsed = 36000;
	show_line(s, &st, 80, false, false, text);
	is(text, "10:00:00|1: 42%|", "ten hours take a column more");
	st.figures.elapsed = 1;
	st.outputs = "-";
	show_line(s, &st, 80, false, false, text);
	is(text, "0:00:01 |-     |", "which stays");
	free(s);
}

static void
test_bouncing(void)
{
	struct show_conf c = { .format = "%10{bar-plain}" };
	struct show *s = fresh(&c);
	struct show_state st = half;
	bool seen[8] = { false }, good = true, all = true;
	unsigned last = 0;

	st.figures.size = 0;
	for (unsigned i = 0; i < 300; i++) {
		const char *p;
		unsigned at;

		st.figures.moves = i;
		show_line(s, &st, 80, false, false, text);
		p = strstr(text, "<=>");
		good = good && p != NULL && strlen(text) == 10;
		if (!good)
			break;
		at = (unsigned)(p - text);
		good = at - last + 1 <= 2;
		seen[at] = true;
		last = at;
	}
	for (size_t i = 0; i < COUNT_OF(seen); i++)
		all = all && seen[i];
	ok(good && all, "the bar goes to and fro, everywhere and by steps");
	strcpy(text, "");
	show_line(s, &st, 80, false, false, text);
	last = (unsigned)strcspn(text, "<");
	for (unsigned i = 0; i < 50; i++)
		show_line(s, &st, 80, false, false, text);
	ok(strcspn(text, "<") == last, "it stands when nothing moves");
	free(s);
}

static void
test_bouncing_numbers(void)
{
	struct show_conf c = { .numeric = true };
	struct show *s = fresh(&c);
	struct show_state st = half;
	char wanted[16];
	bool good = true;

	st.figures.size = 0;
	for (unsigned i = 1; i <= 400; i++) {
		unsigned at = i % 100 * 2;

		st.figures.moves = i;
		show_line(s, &st, 80, false, false, text);
		snprintf(wanted, sizeof wanted, "%u", at > 100 ? 200 - at : at);
		good = good && strcmp(text, wanted) == 0;
	}
	ok(good, "a script sees it go from 0 to 100 and back");
	free(s);
}

static void
test_outside(void)
{
	static const struct {
		const char *name, *line, *what;
	} table[] = {
		{ "a\033[31mb", "  a.[31mb:", "no escape of a name's" },
		{ "\n\r\t\177", "     ....:", "no control character" },
		{ "\xc2\x9b"
		  "31m",
		    "     ?31m:", "no C1 control either" },
		{ "\xff\xfe", "       ??:", "what is no UTF-8" },
		{ "\xe2\x82", "       ??:", "what is half UTF-8" },
		{ "\u20ac", "        \u20ac:", "one column, three bytes" },
		{ "\u65e5\u672c", "     \u65e5\u672c:", "two columns each" },
		{ "e\u0301", "        e\u0301:", "none of its own" },
		{ "\u202ex", "       ?x:", "nothing that turns the line" },
	};
	struct show_conf c = { .format = "%N" };
	struct show_state st = half;

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		c.name = table[i].name;
		is(line(&c, &half, 80, true, true), table[i].line,
		    table[i].what);
	}
	c.name = "\u65e5\u672c\u65e5\u672c\u65e5";
	is(line(&c, &half, 4, true, true), "\u65e5\u672c", "cut between two");
	is(line(&c, &half, 5, true, true), "\u65e5\u672c ",
	    "half of a wide one is blank");
	c.format = "%5L|";
	st.line = "\u65e5\u672c\u65e5\n";
	st.nline = 10;
	is(line(&c, &st, 80, true, true), "\u65e5\u672c |",
	    "a last line of wide ones");
	st.line = "a\0b\x80";
	st.nline = 4;
	is(line(&c, &st, 80, true, true), "a.b? |", "a last line of bytes");
	c.format = "a\tb\033[2J%b";
	is(line(&c, &st, 80, true, true), "a.b.[2J1.00MiB",
	    "the template itself");
	setlocale(LC_CTYPE, "C");
	c.format = "%N";
	c.name = "\u20ac";
	is(line(&c, &st, 80, false, true),
	    "      ???:", "a locale that has but ASCII");
	setlocale(LC_CTYPE, "C.UTF-8");
}

static void
test_widths(void)
{
	static const char *const formats[] = { NULL, "%p",
		"%p|%p|%L|%{bar-block}",
		"%{sgr:red,bold}%N %b %{bar-granular} \u65e5\u672c %9A"
		"%{sgr:reset}",
		"%4096p%4096L%256A%{bar-shaded}",
		"%{outputs} %{engine} %t %e %I %r %a %T %40{bar-shaded}",
		"%99999999999999999999p" };
	char many[600];
	struct show_conf c = { .name = many };
	bool good = true;
	unsigned w;

	for (size_t i = 0; i + 3 < sizeof many; i += 3)
		memcpy(many + i, "\u65e5", 4);
	for (size_t i = 0; i < COUNT_OF(formats) * 2; i++) {
		c.format = formats[i / 2];
		c.style = (enum bar_style)(i % 4);
		for (w = 0; w <= 300 && good; w++) {
			line(&c, &half, w, i % 2, false);
			good = columns(text) >= 0 && columns(text) <= (int)w;
			if (c.format == NULL || strstr(c.format, "%p"))
				good = good && columns(text) == (int)w;
			line(&c, &half, w, i % 2, true);
			good = good && strlen(text) < SHOW_TEXT;
		}
		ok(good, "%s: from 0 to 300 columns%s",
		    c.format == NULL ? "the switches" : c.format,
		    i % 2 ? " in UTF-8" : "");
	}
	c.format = "%{bar-granular}";
	line(&c, &half, UINT_MAX, true, true);
	ok(columns(text) == SHOW_WIDTH, "no line is wider than SHOW_WIDTH");
}

/* Bytes that take no column must not run over the end of the text. */
static void
test_bytes(void)
{
	static char format[60000], zero[40001];
	struct show_conf c = { .format = format, .name = zero };
	size_t n = 0;
	bool good;

	while (n + 20 < sizeof format)
		n += (size_t)snprintf(format + n, sizeof format - n,
		    "%%{sgr:bold,red}");
	memset(text, 'x', sizeof text);
	line(&c, &half, 80, true, true);
	good = strlen(text) < SHOW_TEXT && text[SHOW_TEXT] == 'x' &&
	    strcmp(text + strlen(text) - 4, "\033[0m") == 0;
	ok(good, "thousands of colours fit, and end");
	for (n = 0; n + 2 < sizeof zero; n += 2)
		memcpy(zero + n, "\u0301", 3);
	c.format = "%N%p";
	memset(text, 'x', sizeof text);
	line(&c, &half, SHOW_WIDTH, true, true);
	ok(strlen(text) < SHOW_TEXT && text[SHOW_TEXT] == 'x',
	    "thousands of accents fit");
}

static void
test_stats(void)
{
	struct show_conf c = { 0 };
	static const char *const wanted[] = {
		"rate min/avg/max/mdev = 1.000/2.500/4.000/0.500 B/s",
		"rate min/avg/max/mdev = 8.000/20.000/32.000/4.000 b/s",
		"rate min/avg/max/mdev = 1.000/2.500/4.000/0.500 lines/s",
	};
	struct figures f = half.figures;

	for (size_t i = 0; i < COUNT_OF(wanted); i++) {
		struct show *s;

		c.bits = i == 1;
		c.lines = i == 2;
		s = fresh(&c);
		show_stats(s, &half.figures, text);
		is(text, wanted[i], wanted[i]);
		if (i == 0) {
			f.spread.max = 0;
			show_stats(s, &f, text);
			ok(strcmp(text, "rate not measured") == 0, "%s", text);
			f.spread.min = f.spread.max = INFINITY;
			f.spread.average = f.spread.deviation = INFINITY;
			show_stats(s, &f, text);
			ok(strstr(text, "nan") == NULL &&
				strstr(text, "inf") == NULL,
			    "statistics of nonsense");
		}
		free(s);
	}
}

static void
test_ratio(void)
{
	static const struct {
		double ratio;
		const char *line;
	} cases[] = {
		{ 0, "-:-|" },
		{ -1, "-:-|" },
		{ NAN, "-:-|" },
		{ 1, "1:1|" },
		{ 3.461, "3.461:1|" },
		{ 3.2, "3.2:1|" },
		{ 1 / 3.461, "1:3.461|" },
		{ 5889.95, "5890:1|" },
		{ INFINITY, "1e+30:1|" },
	};
	static const struct show_conf c = { .format = "%{ratio}|" };

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct show_state st = half;

		st.figures.ratio = cases[i].ratio;
		is(line(&c, &st, 40, false, false), cases[i].line,
		    "what passes here, to what passes there");
	}
}

static void
test_wants_size(void)
{
	static const struct {
		struct show_conf conf;
		bool size;
	} table[] = {
		{ { 0 }, true },
		{ { .progress = true }, true },
		{ { .eta = true }, true },
		{ { .fineta = true }, true },
		{ { .bytes = true, .rate = true, .timer = true }, false },
		{ { .numeric = true }, true },
		{ { .numeric = true, .bytes = true }, false },
		{ { .format = "%b%{bar-block}" }, true },
		{ { .format = "%{progress-amount-only}" }, true },
		{ { .format = "%b %t %r %L" }, false },
	};

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct show *s = fresh(&table[i].conf);

		ok(((show_wants(s) & SHOW_WANTS_SIZE) != 0) == table[i].size,
		    "number %zu %s the size", i + 1,
		    table[i].size ? "wants" : "does not want");
		free(s);
	}
}

static void
test_wants(void)
{
	static const struct {
		struct show_conf conf;
		unsigned last, line, outputs;
	} table[] = {
		{ { 0 }, 0, 0, 0 },
		{ { .last_written = 8 }, SHOW_WANTS_LAST, 0, 0 },
		{ { .buffer = true }, 0, 0, 0 },
		{ { .format = "%5A %16{last-written} %A" }, SHOW_WANTS_LAST, 0,
		    0 },
		{ { .format = "%L" }, 0, SHOW_WANTS_LINE, 0 },
		{ { .format = "%3{previous-line}" }, 0, SHOW_WANTS_LINE, 0 },
		{ { .format = "%{outputs}%A" }, SHOW_WANTS_LAST, 0,
		    SHOW_WANTS_OUTPUTS },
	};

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct show *s = fresh(&table[i].conf);
		unsigned wants = show_wants(s);

		ok((wants & SHOW_WANTS_LAST) == table[i].last &&
			(wants & SHOW_WANTS_LINE) == table[i].line &&
			(wants & SHOW_WANTS_OUTPUTS) == table[i].outputs,
		    "what number %zu wants", i + 1);
		free(s);
	}
}

/* No more of the last bytes are kept, so no more are shown. */
static void
test_most_last(void)
{
	static const struct show_conf confs[] = {
		{ .last_written = 9999 },
		{ .format = "%99999A" },
	};

	for (size_t i = 0; i < COUNT_OF(confs); i++)
		ok(strlen(line(&confs[i], &half, SHOW_WIDTH, false, false)) ==
			SHOW_LAST,
		    "at most %d of the last bytes: number %zu", SHOW_LAST,
		    i + 1);
}

/* It is term.h that shows it: there is nothing of it in the line. */
static void
test_conemu(void)
{
	struct show_conf c = { .format = "%b%{progress-conemu}|%9{progress-"
					 "conemu}|" };
	struct show_state st = half;
	struct show *s = fresh(&c);

	ok(show_wants(s) == (SHOW_WANTS_CONEMU | SHOW_WANTS_SIZE),
	    "a template may want the progress indicator, and so the size");
	free(s);
	is(line(&c, &half, 40, true, true), "1.00MiB||",
	    "which is nothing in the line");
	c.numeric = true;
	is(line(&c, &half, 40, true, true), "1048576||", "nor in a script's");
	c = (struct show_conf){ .bytes = true };
	s = fresh(&c);
	ok(show_wants(s) == 0, "others do not");
	free(s);
	c.conemu = true;
	s = fresh(&c);
	ok(show_wants(s) == (SHOW_WANTS_CONEMU | SHOW_WANTS_SIZE), "-9 does");
	free(s);
	is(line(&c, &half, 40, true, true), "1.00MiB", "and chooses no field");
	ok(show_percent(&half.figures) == 50, "half is 50 percent");
	st.figures.count = st.figures.size - 1;
	ok(show_percent(&st.figures) == 99, "all but one byte is 99");
	st.figures.count = 3 * st.figures.size;
	ok(show_percent(&st.figures) == 100, "more than all is 100");
	st.figures.size = 0;
	ok(show_percent(&st.figures) == -1, "without a size nobody knows");
}

int
main(void)
{
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		bail("no C.UTF-8 locale");
	setenv("TZ", "UTC0", 1);
	tzset();

	test_sequences();
	test_switches();
	test_numeric();
	test_order();
	test_states();
	test_blanks();
	test_nonsense();
	test_amounts();
	test_durations();
	test_misfits();
	test_sweeps();
	test_growth();
	test_bouncing();
	test_bouncing_numbers();
	test_outside();
	test_widths();
	test_bytes();
	test_stats();
	test_ratio();
	test_wants();
	test_wants_size();
	test_most_last();
	test_conemu();
	return tap_done();
}
