/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/torture/check.h"
#include "tests/torture/shared.h"

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

void
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

void
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

void
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

void
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

void
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

void
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

void
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
