/* SPDX-License-Identifier: ISC */
/* ring: buffers whose pages go to pipes, and that are released by a fence. */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "engine/engine.h"

/* BANK_BUFS: a fence per 6 MiB, two such banks. More leave the cache. */
enum {
	BANK_BUFS = 3
};

/*
 * The ring is made of huge pages, or of small ones where --buffer-size leaves
 * no room for two, or there are none; then only a user who insists gets it.
 */
static struct ring_conf
plan(const struct flow_conf *conf)
{
	size_t huge = huge_page_size(), page = (size_t)sysconf(_SC_PAGESIZE);
	struct ring_conf c = {
		.buf_size = RING_HUGE_MAX,
		.bank_bufs = BANK_BUFS,
		.banks = 2,
		.max = conf->buffer_size,
		.release = conf->release,
	};

	c.huge = huge != 0 && huge <= RING_HUGE_MAX && c.max >= 2 * huge;
	if (c.huge)
		c.buf_size = huge;
	else if (c.buf_size > c.max / 4)
		c.buf_size = c.max / 4 & ~(page - 1);
	if (c.buf_size < page)
		c.buf_size = page;
	while (c.bank_bufs > 1 && c.banks * c.bank_bufs * c.buf_size > c.max)
		c.bank_bufs--;
	return c;
}

/* STEP_END, with the release method if it is not the ring's to choose. */
static enum step
choose_release(const struct flow *f, enum release *release)
{
	enum probe probe;

	if (!flow_shares(f)) {
		*release = RELEASE_SENT;
	} else if (f->conf.engine == ENGINE_RING && f->several &&
	    *release == RELEASE_AUTO) {
		/* later there may be bytes that only some have got */
		if (ring_probe() == PROBE_REFUSED)
			return STEP_REFUSED;
	} else if (*release == RELEASE_FENCE) {
		probe = ring_probe();
		if (probe == PROBE_COPIES)
			*release = RELEASE_SENT;
		else if (probe == PROBE_FAILED)
			*release = RELEASE_FRESH;
		else if (probe == PROBE_EXPOSED) {
			errno = EOPNOTSUPP;
			return STEP_REFUSED;
		}
	}
	return STEP_END;
}

static enum step
open_ring(struct engines *e, struct flow *f)
{
	struct ring *r = &e->ring.ring;
	struct ring_conf conf = plan(&f->conf);
	bool forced = f->conf.engine == ENGINE_RING;
	enum step s;

	if (ring_ready(r))
		return STEP_END;
	s = choose_release(f, &conf.release);
	if (s != STEP_END)
		return s;
	if (ring_init(r, &conf) == -1)
		return forced ? STEP_MEMORY : STEP_FALL;
	if (!forced && conf.release == RELEASE_AUTO && !r->huge &&
	    !f->conf.buffer_asked) {
		/* small pages: the faults cost more than a copy (2.5 GB/s) */
		ring_release(r);
		errno = 0;
		f->why = "no huge pages for a ring";
		return STEP_FALL;
	}
	return STEP_END;
}

enum step
ring_step(struct engines *e, struct flow *f, struct input *in)
{
	struct carry *c = &e->ring;
	enum step s = c->ready ? STEP_END : open_ring(e, f);

	if (s == STEP_END && c->ring.conf.buf_size < input_largest(in)) {
		f->engine = ENGINE_COPY;
		f->why = "its records need larger buffers";
		return copy_step(e, f, in);
	}
	return s == STEP_END ? engine_carry(e, f, in, c) : s;
}
