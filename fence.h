/* SPDX-License-Identifier: ISC */
/*
 * fence: what turns "drained" into "may be rewritten", and what this kernel
 * lets us use for that; fence.c opens with the reasons. It prints nothing.
 *
 * Once a fence has been made, the process must not fork(2): its children would
 * have no memory. posix_spawn(3) is fine, it shares ours.
 */
#ifndef FENCE_H
#define FENCE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

/* What turns "sent" into "may be rewritten". */
enum release {
	RELEASE_AUTO,  /* not chosen yet: the first rewrite will probe */
	RELEASE_FENCE, /* drained, and a fence begun after the last send */
	RELEASE_FRESH, /* new pages for every refill */
	RELEASE_DRAIN, /* drained is enough: the user says readers copy */
	RELEASE_SENT,  /* sent is enough: whoever took the bytes copied them */
};

/* The name that --release and --explain use; never NULL. */
const char *release_name(enum release);

/*
 * A fence around one mapping: private, anonymous and MADV_DONTFORK. All zero:
 * there is none, and nothing to end.
 */
struct fence {
	pid_t child; /* under way, or 0; -1: it failed and protects nothing */
};

/*
 * Hides from the children what they do not need, so that it is not copied for
 * each of them. Once, before the first fence.
 */
void fence_lighten(void);

/*
 * Begins a fence; one that is still under way is waited for. 0, or -1 if that
 * failed: then fence_over() is false until another has begun.
 */
int fence_begin(struct fence *, char *base, size_t len);

/*
 * True if the child has exited and the pages are protected; false if it failed.
 * Waits for the child, or is false while that lives. A fence that is let go of
 * must have been waited for.
 */
bool fence_over(struct fence *, bool block);

/*
 * Writes to a few pages all over this memory, which takes a fenced huge page
 * back. True if it is one huge page of ours; false if it is made of small
 * pages, or somebody else held it and we were given copies.
 */
bool fence_touch(volatile char *, size_t size);

/*
 * What this kernel does with a page that is rewritten after vmsplice(2). Each
 * call tries it on a huge page of its own and a private pipe; 200 us.
 */
enum probe {
	PROBE_GUARDED, /* a fence protects it */
	PROBE_COPIES,  /* vmsplice copies: nothing needs protection */
	PROBE_EXPOSED, /* a fence does not protect it (before 5.18, huge) */
	PROBE_NO_FORK, /* no process could be made: errno */
	PROBE_REFUSED, /* no vmsplice here: errno */
	PROBE_FAILED,  /* no memory, no descriptors, ...: errno */
};
enum probe ring_probe(void);

/* Larger huge pages (512 MiB on some arm64) are no unit for a ring. */
#define RING_HUGE_MAX ((size_t)2 << 20)

/* Bytes of a huge page (transparent_hugepage in sysfs), 0 if there are none. */
size_t huge_page_size(void);

#endif
