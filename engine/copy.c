/* SPDX-License-Identifier: ISC */
/* copy: everything else, short transfers, and whatever no other engine can. */
#include "config.h"

#include <sys/param.h>

#include "engine/engine.h"

enum {
	BUFFER = 128 << 10,
	BUFFER_MOST = 16 << 20,
};

/* Buffers that a read, and a record of this input, fit in. */
static struct ring_conf
plan(const struct flow *f, const struct input *in)
{
	const struct flow_conf *conf = &f->conf;
	struct ring_conf c = {
		.bank_bufs = 2,
		.banks = 1,
		.release = RELEASE_SENT,
	};
	size_t chunk;

	chunk = roundup(MIN(conf->chunk_size, BUFFER_MOST), SHORT);
	c.buf_size = MAX(MAX(BUFFER, chunk), input_largest(in));
	c.max = 2 * c.buf_size;
	if (f->apart || conf->buffer_asked)
		c.max = MAX(c.max, conf->buffer_size);
	return c;
}

/* An input with larger records needs other buffers than those before it. */
static enum step
open_buffers(struct engines *e, struct flow *f, const struct input *in)
{
	struct ring_conf c = plan(f, in);
	struct ring *r = &e->copy.ring;
	enum step s = STEP_END;

	if (ring_ready(r) && r->conf.buf_size >= c.buf_size)
		return s;
	if (e->many == &e->copy)
		s = engine_flush(e, f);
	/* with --lag an output may still need what is in the old buffers */
	if (s != STEP_END || (ring_ready(r) && r->sent < r->filled))
		return s;
	ring_release(r);
	return ring_init(r, &c) == -1 ? STEP_MEMORY : STEP_END;
}

enum step
copy_step(struct engines *e, struct flow *f, struct input *in)
{
	struct carry *c = &e->copy;
	enum step s = c->ready ? STEP_END : open_buffers(e, f, in);

	return s == STEP_END ? engine_carry(e, f, in, c) : s;
}
