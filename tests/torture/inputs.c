/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/uio.h>

#include <stdio.h>

#include "tests/torture/plan.h"

const char *const in_names[] = { "file", "FIFO", "pipe", "file", "unix", "tcp",
	"packet pipe", "seqpacket", "dgram" };

size_t
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

struct part
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

void
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

void
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

void
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
