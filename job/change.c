/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>

#include "job/change.h"
#include "opts/option.h"
#include "show/show.h"

void
change_tell(const struct opts *o, struct message_change *c)
{
	c->n = 0;
	for (size_t i = 0; option_table[i].name != NULL; i++) {
		const struct option *t = &option_table[i];
		const char **string = option_string(t, &o->tune);

		if (!o->given[i] || (t->remote & REMOTE_CHANGES) == 0)
			continue;
		c->items[c->n++] = (struct message_item){
			.option = t->letter,
			.number = option_number(t, &o->tune),
			.text = string == NULL ? NULL : *string,
		};
	}
}

/* Given one of the options that make the line, the others are off. */
static void
clear_line(const struct message_change *c, struct tunables *tune)
{
	unsigned all = 0;

	for (size_t i = 0; i < c->n; i++)
		all |= option_tunable(c->items[i].option)->remote;
	for (const struct option *t = option_table; t->name != NULL; t++)
		if ((all & t->remote & REMOTE_LINE) != 0)
			option_clear(t, tune);
}

int
change_hear(const struct message_change *c, const struct tunables *from,
    struct tunables *to)
{
	for (size_t i = 0; i < c->n; i++)
		if (option_tunable(c->items[i].option) == NULL) {
			errno = EINVAL;
			return -1;
		}
	if (tunables_copy(to, from) == -1)
		return -1;
	clear_line(c, to);
	for (size_t i = 0; i < c->n; i++) {
		const struct message_item *it = &c->items[i];

		if (option_tune(option_tunable(it->option), to, it->number,
			it->text) == -1) {
			tunables_release(to);
			return -1;
		}
	}
	return 0;
}

static const struct {
	enum option_remote need;
	const char *reason;
} reasons[] = {
	{ NEEDS_DISPLAY, "shows nothing" },
	{ NEEDS_WINDOW, "draws on no terminal" },
	{ NEEDS_TITLE, "was started without --extra-display=processtitle" },
	{ NEEDS_BYTES, "does not pass the bytes through its memory" },
	{ NEEDS_TRANSFER, "has moved everything" },
	{ NEEDS_SIZE, "stops at the size that it was started with" },
	{ NEEDS_RING, "uses no ring of buffers" },
};

/* The bytes matter only to a line that shows some of them. */
static bool
shows_bytes(const struct tunables *tune)
{
	struct show *show = show_new(&tune->display.show);
	bool bytes = show == NULL ||
	    (show_wants(show) & (SHOW_WANTS_LAST | SHOW_WANTS_LINE)) != 0;

	show_free(show);
	return bytes;
}

static unsigned
needs_of(const struct option *t, const struct tunables *tune)
{
	unsigned needs = t->remote;

	if ((needs & NEEDS_BYTES) != 0 && !shows_bytes(tune))
		needs &= ~(unsigned)NEEDS_BYTES;
	if ((tune->display.extra & EXTRA_WINDOW) == 0)
		needs &= ~(unsigned)NEEDS_WINDOW;
	if ((tune->display.extra & EXTRA_PROCESS) == 0)
		needs &= ~(unsigned)NEEDS_TITLE;
	return needs;
}

const char *
change_misfit(const struct message_change *c, const struct tunables *tune,
    unsigned lacks, const char **reason)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct option *t = option_tunable(c->items[i].option);
		unsigned missing = needs_of(t, tune) & lacks;

		for (size_t j = 0; j < sizeof(reasons) / sizeof(reasons[0]);
		     j++)
			if ((missing & reasons[j].need) != 0) {
				*reason = reasons[j].reason;
				return t->name;
			}
	}
	return NULL;
}
