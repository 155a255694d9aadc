/* SPDX-License-Identifier: ISC */
/* What two zpipes say to each other, and what is not taken for it. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "peer/message.h"
#include "tests/lib/tap.h"

/* Where fields are: behind a header of 12 bytes. */
enum {
	MAGIC_AT = 0,
	VERSION_AT = 4,
	TYPE_AT = 6,
	LENGTH_AT = 8,
	BODY_AT = 12,
	ITEM = 1 + 8 + 2, /* without its string */
};

static unsigned char bytes[MESSAGE_MOST];
static struct message in, out;

static const struct message_report sample = {
	.lines = true,
	.status = -256,
	.figures = {
		.final = true,
		.count = UINT64_MAX,
		.size = 1,
		.moves = UINT64_C(0x0123456789abcdef),
		.ratio = 0.5,
		.elapsed = 1e300,
		.rate = -1,
		.average = 3.25,
		.mean = 4,
		.fastest = 5,
		.eta = 6,
		.spread = { 7, 8, 9, 10 },
		.buffer = INT_MIN,
	},
	.engine = 0xdeadbeef,
	.name = "a name\033",
	.nlast = 3,
	.last = { 'a', 0, 255 },
};

static bool
fails(size_t len, int error)
{
	errno = 0;
	return message_decode(&out, bytes, len) == -1 && errno == error;
}

/* Encodes `in`, and decodes it from memory that is no longer. */
static size_t
there_and_back(void)
{
	size_t len = message_encode(&in, bytes);

	return len > 0 && message_decode(&out, bytes, len) == 0 ? len : 0;
}

static size_t
make_report(void)
{
	in = (struct message){ .type = MESSAGE_REPORT, .report = sample };
	return message_encode(&in, bytes);
}

static size_t
make_change(void)
{
	in = (struct message){ .type = MESSAGE_CHANGE,
		.change = { 3,
		    { { 'L', UINT64_MAX, NULL }, { 'N', 0, "" },
			{ 'x', 3, "%b and %t" } } } };
	return message_encode(&in, bytes);
}

static void
test_plain(void)
{
	static const enum message_type types[] = { MESSAGE_QUERY, MESSAGE_AWAIT,
		MESSAGE_DONE };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		in = (struct message){ .type = types[i] };
		ok(there_and_back() == BODY_AT && out.type == types[i] &&
			out.version == MESSAGE_VERSION,
		    "type %d has no fields", (int)types[i]);
		bytes[LENGTH_AT]++;
		ok(fails(BODY_AT + 1, EPROTO), "nor may it have any");
	}
	in = (struct message){ .type = MESSAGE_REFUSED, .why = "because" };
	ok(there_and_back() != 0 && out.type == MESSAGE_REFUSED &&
		strcmp(out.why, "because") == 0,
	    "a reason arrives");
}

static void
test_report(void)
{
	const struct message_report *r = &out.report;
	const struct figures *f = &r->figures;

	make_report();
	ok(there_and_back() != 0 && out.type == MESSAGE_REPORT,
	    "a report arrives");
	ok(r->lines && !r->bits && f->final && !r->ended, "its bools");
	in.report.lines = in.report.figures.final = false;
	in.report.bits = in.report.ended = true;
	ok(there_and_back() != 0 && !r->lines && r->bits && !f->final &&
		r->ended,
	    "each of them");
	ok(r->status == -256 && f->buffer == INT_MIN && r->engine == 0xdeadbeef,
	    "its small integers");
	ok(f->count == UINT64_MAX && f->size == 1 &&
		f->moves == sample.figures.moves,
	    "its large ones");
	ok(f->ratio == 0.5 && f->elapsed == 1e300 && f->rate == -1 &&
		f->average == 3.25 && f->mean == 4 && f->fastest == 5 &&
		f->eta == 6,
	    "its figures");
	ok(memcmp(&f->spread, &sample.figures.spread, sizeof(f->spread)) == 0,
	    "their spread");
	ok(strcmp(r->name, sample.name) == 0, "its name");
	ok(r->nlast == 3 && memcmp(r->last, sample.last, 3) == 0,
	    "its last bytes");
	in.report.nlast = MESSAGE_LAST;
	memset(in.report.last, 'z', MESSAGE_LAST);
	memset(in.report.name, 'n', MESSAGE_NAME - 1);
	ok(there_and_back() != 0 && r->nlast == MESSAGE_LAST &&
		memcmp(r->last, in.report.last, MESSAGE_LAST) == 0 &&
		strlen(r->name) == MESSAGE_NAME - 1,
	    "as many as fit");
}

static void
test_change(void)
{
	const struct message_item *it = out.change.items;

	make_change();
	ok(there_and_back() != 0 && out.type == MESSAGE_CHANGE &&
		out.change.n == 3,
	    "a change arrives");
	ok(it[0].option == 'L' && it[0].number == UINT64_MAX &&
		it[0].text == NULL,
	    "a number");
	ok(it[1].option == 'N' && it[1].text != NULL && *it[1].text == '\0',
	    "an empty string, which is not none");
	ok(it[2].option == 'x' && it[2].number == 3 && it[2].text != NULL &&
		strcmp(it[2].text, "%b and %t") == 0,
	    "a number with a string");
	in.change.n = MESSAGE_ITEMS;
	for (size_t i = 0; i < MESSAGE_ITEMS; i++)
		in.change.items[i] = (struct message_item){ .number = i };
	ok(there_and_back() != 0 && out.change.n == MESSAGE_ITEMS &&
		it[MESSAGE_ITEMS - 1].number == MESSAGE_ITEMS - 1,
	    "as many as fit");
}

/* What does not fit is not sent. */
static void
test_too_much(void)
{
	static char text[MESSAGE_TEXT + 1];

	memset(text, 't', MESSAGE_TEXT);
	make_change();
	in.change.items[1].text = text;
	ok(message_encode(&in, bytes) == 0, "too long a string is not sent");
	text[MESSAGE_TEXT - 1] = '\0';
	ok(there_and_back() != 0 && strcmp(out.change.items[1].text, text) == 0,
	    "one that just fits is");
	in.change.n = 5;
	for (size_t i = 0; i < 5; i++)
		in.change.items[i].text = text;
	ok(message_encode(&in, bytes) == 0, "nor is more than a message takes");
	in.change.n = MESSAGE_ITEMS + 1;
	ok(message_encode(&in, bytes) == 0, "nor too many options");
	in.type = 0;
	ok(message_encode(&in, bytes) == 0, "nor what is no message");
}

/* At every length, in memory that is no longer. */
static void
test_truncated(void)
{
	size_t (*const make[])(void) = { make_report, make_change };

	for (size_t k = 0; k < 2; k++) {
		size_t len = make[k](), refused = 0;

		for (size_t i = 0; i < len; i++) {
			unsigned char *less = malloc(i + 1);

			if (less == NULL)
				bail("malloc");
			memcpy(less, bytes, i);
			if (i >= BODY_AT) /* so that it is a shorter one */
				memcpy(less + LENGTH_AT,
				    (unsigned char[]){ (unsigned char)i,
					(unsigned char)(i >> 8) },
				    2);
			errno = 0;
			refused += message_decode(&out, less, i) == -1 &&
			    errno == EPROTO;
			free(less);
		}
		ok(len > 0 && refused == len, "cut short, it is none");
		ok(fails(len + 1, EPROTO), "nor with a byte behind it");
	}
}

/* One byte of a good message is another one. */
static void
test_broken(void)
{
	static const struct {
		size_t (*make)(void);
		size_t at;
		unsigned char byte;
		const char *what;
	} t[] = {
		{ make_report, MAGIC_AT, 'x', "a wrong magic" },
		{ make_report, TYPE_AT, 0, "type 0" },
		{ make_report, TYPE_AT, MESSAGE_REFUSED + 1,
		    "an unknown type" },
		{ make_report, TYPE_AT + 1, 1, "one beyond 255" },
		{ make_report, LENGTH_AT, 9, "a wrong length" },
		{ make_report, LENGTH_AT + 3, 1, "a huge one" },
		{ make_report, BODY_AT, 2, "a bool that is 2" },
		{ make_report, BODY_AT + 3, 255, "a bool that is 255" },
		{ make_change, BODY_AT, MESSAGE_ITEMS + 1, "too many options" },
		{ make_change, BODY_AT, 4, "one that is not there" },
		{ make_change, BODY_AT, 2, "one too much" },
		{ make_change, BODY_AT + 2 + ITEM - 1, 255, "a huge string" },
		{ make_change, BODY_AT + 2 + 2 * ITEM, 'a',
		    "a string without an end" },
		{ make_change, BODY_AT + 2 + 3 * ITEM + 3, '\0',
		    "a string with two" },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		size_t len = t[i].make();

		bytes[t[i].at] = t[i].byte;
		ok(fails(len, EPROTO), "refused: %s", t[i].what);
	}
}

static void
test_version(void)
{
	size_t len = make_report();

	bytes[VERSION_AT] = 9;
	ok(fails(len, EPROTONOSUPPORT) && out.version == 9,
	    "another version is told from nonsense");
	bytes[VERSION_AT] = 0;
	bytes[VERSION_AT + 1] = 1;
	bytes[TYPE_AT] = 77;
	ok(fails(len - 5, EPROTONOSUPPORT) && out.version == 256,
	    "whatever follows its header");
	ok(fails(BODY_AT - 1, EPROTO), "which must be whole");
}

static uint32_t
dice(void)
{
	static uint32_t x = 2463534242;

	x ^= x << 13;
	x ^= x >> 17;
	return x ^= x << 5;
}

/* Whatever comes, nothing outside of it is read, and all strings end. */
static void
test_random(void)
{
	size_t taken = 0;
	bool good = true;

	for (int i = 0; i < 200000; i++) {
		size_t len = dice() % 2 == 0 ? make_report() : make_change();
		size_t changes = 1 + dice() % 3;
		unsigned char *copy;

		for (size_t k = 0; k < changes; k++)
			bytes[dice() % len] = (unsigned char)dice();
		if (dice() % 4 == 0)
			for (size_t k = BODY_AT; k < len; k++)
				bytes[k] = (unsigned char)dice();
		copy = malloc(len);
		if (copy == NULL)
			bail("malloc");
		memcpy(copy, bytes, len);
		if (message_decode(&out, copy, len) == 0) {
			taken++;
			for (size_t k = 0;
			     out.type == MESSAGE_CHANGE && k < out.change.n;
			     k++) {
				const char *s = out.change.items[k].text;

				good = good &&
				    (s == NULL ||
					s + strlen(s) < (char *)copy + len);
			}
		}
		free(copy);
	}
	ok(good && taken > 0, "random bytes: %zu of 200000 were taken", taken);
}

int
main(void)
{
	test_plain();
	test_report();
	test_change();
	test_too_much();
	test_truncated();
	test_broken();
	test_version();
	test_random();
	return tap_done();
}
