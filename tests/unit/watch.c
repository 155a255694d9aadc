/* SPDX-License-Identifier: ISC */
/* A child opens, reads and closes files; what is seen of it, row by row. */
#include "config.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peer/watch.h"
#include "tests/lib/tap.h"

enum {
	FILE_SIZE = 100000,
};

static char base[] = "/tmp/unit-watch.XXXXXX";
static unsigned looks;

/* A process that does what it is told. */
struct child {
	pid_t pid;
	int to, from;
};

enum todo {
	OPEN_AT, /* path, flags as fd */
	CLOSE,   /* fd */
	SEEK,    /* fd, to arg */
	READ,    /* fd, arg bytes */
	PIPE_AT, /* as fd */
	SOCKET_AT,
	MEMFD_AT,
	CALL_IT, /* path */
	END,
};

struct order {
	enum todo todo;
	int fd, arg;
	char path[128];
};

static bool
put_at(int fd, int at)
{
	if (fd == -1)
		return false;
	if (fd == at)
		return true;
	return dup2(fd, at) == at && close(fd) == 0;
}

static bool
obey(const struct order *o)
{
	char junk[4096];
	int pair[2];

	switch (o->todo) {
	case OPEN_AT:
		return put_at(open(o->path, o->arg, 0600), o->fd);
	case CLOSE:
		return close(o->fd) == 0;
	case SEEK:
		return lseek(o->fd, o->arg, SEEK_SET) == o->arg;
	case READ:
		return read(o->fd, junk, (size_t)o->arg) == o->arg;
	case PIPE_AT:
		return pipe(pair) == 0 && close(pair[1]) == 0 &&
		    put_at(pair[0], o->fd);
	case SOCKET_AT:
		return put_at(socket(AF_UNIX, SOCK_STREAM, 0), o->fd);
	case MEMFD_AT:
		return put_at(memfd_create(o->path, 0), o->fd);
	case CALL_IT:
		return prctl(PR_SET_NAME, o->path) == 0;
	case END:
		break;
	}
	_exit(0);
}

static struct child
start(void)
{
	struct child c;
	int to[2], from[2];
	struct order o;
	bool good = true;

	if (pipe2(to, O_CLOEXEC) == -1 || pipe2(from, O_CLOEXEC) == -1)
		bail("pipe2");
	c.pid = fork();
	if (c.pid == -1)
		bail("fork");
	if (c.pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(to[0], 100);
		dup2(from[1], 101);
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		close_range(3, 99, 0);
		close_range(102, ~0U, 0);
		while (write(101, &good, sizeof(good)) == sizeof(good) &&
		    read(100, &o, sizeof(o)) == sizeof(o))
			good = obey(&o);
		_exit(0);
	}
	close(to[0]);
	close(from[1]);
	c.to = to[1];
	c.from = from[0];
	if (read(c.from, &good, sizeof(good)) != sizeof(good))
		bail("the child could not begin");
	return c;
}

/* Returns when it is done. */
static void
tell(const struct child *c, enum todo todo, int fd, int arg, const char *path)
{
	struct order o = { .todo = todo, .fd = fd, .arg = arg };
	bool good = false;

	snprintf(o.path, sizeof(o.path), "%s", path);
	if (write(c->to, &o, sizeof(o)) != sizeof(o) ||
	    read(c->from, &good, sizeof(good)) != sizeof(good) || !good)
		bail("the child could not do it");
}

/* It becomes a zombie. */
static void
end(const struct child *c)
{
	struct order o = { .todo = END };
	siginfo_t info;

	if (write(c->to, &o, sizeof(o)) != sizeof(o) ||
	    waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOWAIT) == -1)
		bail("the child could not end");
}

static void
reap(const struct child *c)
{
	close(c->to);
	close(c->from);
	waitpid(c->pid, NULL, 0);
}

static const char *
in_base(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", base, name);
	return path;
}

static void
make_file(const char *name, off_t size)
{
	int fd = open(in_base(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd == -1 || ftruncate(fd, size) == -1)
		bail("make_file");
	close(fd);
}

/* What each descriptor keeps: the look that found it first, and its number. */
struct mark {
	unsigned look;
	int fd;
};

static bool
look(struct watch *w)
{
	bool there = watch_look(w);

	looks++;
	for (size_t i = 0; i < w->nfds; i++) {
		struct mark *m = w->fds[i].own;

		if (m != NULL)
			continue;
		m = w->fds[i].own = malloc(sizeof(*m));
		if (m == NULL)
			bail("malloc");
		*m = (struct mark){ looks, w->fds[i].fd };
	}
	return there;
}

static bool
is_new(const struct watch *w, size_t i)
{
	const struct mark *m = w->fds[i].own;

	return m->look == looks && m->fd == w->fds[i].fd;
}

static bool
is_kept(const struct watch *w, size_t i)
{
	const struct mark *m = w->fds[i].own;

	return m->look < looks && m->fd == w->fds[i].fd;
}

/* "fd:name:pos/size" of each, "!" if closed, ">" if writing only. */
static bool
shows(const struct watch *w, const char *want)
{
	char s[1024] = "";
	size_t n = 0;

	for (size_t i = 0; i < w->nfds; i++) {
		const struct watched *f = &w->fds[i];

		n += (size_t)snprintf(s + n, sizeof(s) - n,
		    "%s%d:%s:%ju/%ju%s%s", i > 0 ? " " : "", f->fd, f->name,
		    (uintmax_t)f->pos, (uintmax_t)f->size,
		    f->writing ? ">" : "", f->closed ? "!" : "");
	}
	if (strcmp(s, want) != 0)
		printf("# got  %s\n# want %s\n", s, want);
	return strcmp(s, want) == 0;
}

static bool
fails(int r, int error)
{
	return r == -1 && errno == error;
}

static void
test_positions(void)
{
	struct child c = start();
	struct watch w;

	ok(watch_open(&w, c.pid, -1) == 0 && w.nfds == 0 && w.started > 0,
	    "a process can be watched");
	ok(look(&w) && shows(&w, ""), "that has no files open as well");
	tell(&c, OPEN_AT, 7, O_RDONLY, in_base("a"));
	tell(&c, OPEN_AT, 5, O_RDWR, in_base("b c"));
	ok(look(&w) && shows(&w, "5:b c:0/5 7:a:0/100000"),
	    "new files appear, sorted by number");
	tell(&c, READ, 7, 1000, "");
	ok(look(&w) && shows(&w, "5:b c:0/5 7:a:1000/100000") &&
		is_kept(&w, 0) && is_kept(&w, 1),
	    "positions move");
	tell(&c, SEEK, 7, 10, "");
	ok(look(&w) && shows(&w, "5:b c:0/5 7:a:10/100000"), "also back");
	make_file("a", 2 * FILE_SIZE);
	ok(look(&w) && shows(&w, "5:b c:0/5 7:a:10/200000"), "a file grows");
	make_file("a", FILE_SIZE);
	tell(&c, OPEN_AT, 6, O_WRONLY, in_base("out"));
	tell(&c, SEEK, 6, 70, "");
	ok(look(&w) && shows(&w, "5:b c:0/5 6:out:70/90> 7:a:10/100000") &&
		is_new(&w, 1),
	    "one that is only written is marked");
	watch_close(&w);
	ok(w.nfds == 0 && w.fds == NULL, "it can be closed");
	watch_close(&w);
	end(&c);
	reap(&c);
}

static void
test_closing(void)
{
	struct child c = start();
	struct watch w;

	tell(&c, OPEN_AT, 5, O_RDONLY, in_base("a"));
	tell(&c, OPEN_AT, 6, O_RDONLY, in_base("b c"));
	watch_open(&w, c.pid, -1);
	look(&w);
	tell(&c, CLOSE, 5, 0, "");
	ok(look(&w) && shows(&w, "5:a:0/100000! 6:b c:0/5"),
	    "a closed one is shown once more");
	ok(look(&w) && shows(&w, "6:b c:0/5"), "and leaves");
	tell(&c, OPEN_AT, 5, O_RDONLY, in_base("a"));
	ok(look(&w) && shows(&w, "5:a:0/100000 6:b c:0/5") && is_new(&w, 0) &&
		is_kept(&w, 1),
	    "the number comes back as a new one");
	tell(&c, SEEK, 6, 3, "");
	look(&w);
	tell(&c, CLOSE, 6, 0, "");
	tell(&c, OPEN_AT, 6, O_RDONLY, in_base("empty"));
	ok(look(&w) && shows(&w, "5:a:0/100000 6:b c:3/5! 6:empty:0/0") &&
		is_new(&w, 2) && is_kept(&w, 1),
	    "another file with the same number is another one");
	tell(&c, CLOSE, 6, 0, "");
	tell(&c, OPEN_AT, 6, O_RDONLY, in_base("b c"));
	ok(look(&w) && shows(&w, "5:a:0/100000 6:empty:0/0! 6:b c:0/5") &&
		is_new(&w, 2),
	    "so is the first one when it comes back");
	ok(look(&w) && shows(&w, "5:a:0/100000 6:b c:0/5") && is_kept(&w, 0) &&
		is_kept(&w, 1),
	    "and the old one leaves");
	end(&c);
	ok(!look(&w) && shows(&w, "5:a:0/100000! 6:b c:0/5!"),
	    "a zombie is gone");
	reap(&c);
	ok(!look(&w) && w.nfds == 0, "so is a process that has been reaped");
	watch_close(&w);
}

static void
test_kinds(void)
{
	struct child c = start();
	struct watch w;

	tell(&c, OPEN_AT, 3, O_RDONLY | O_DIRECTORY, base);
	tell(&c, PIPE_AT, 4, 0, "");
	tell(&c, SOCKET_AT, 5, 0, "");
	tell(&c, OPEN_AT, 6, O_RDONLY, "/dev/zero");
	tell(&c, OPEN_AT, 7, O_PATH, in_base("a"));
	tell(&c, OPEN_AT, 8, O_RDONLY, in_base("a"));
	watch_open(&w, c.pid, -1);
	ok(look(&w) && shows(&w, "8:a:0/100000"),
	    "directories, pipes, sockets and the like are left out");
	watch_close(&w);
	for (int fd = 3; fd <= 7; fd++)
		ok(fails(watch_open(&w, c.pid, fd), ESPIPE),
		    "nor can descriptor %d be asked for", fd);
	watch_close(&w);
	end(&c);
	reap(&c);
}

static void
test_only(void)
{
	struct child c = start();
	struct watch w;

	tell(&c, OPEN_AT, 5, O_RDONLY, in_base("a"));
	tell(&c, OPEN_AT, 6, O_RDONLY, in_base("b c"));
	ok(fails(watch_open(&w, c.pid, 9), EBADF),
	    "a number that is not open is refused");
	ok(watch_open(&w, c.pid, 6) == 0 && look(&w) && shows(&w, "6:b c:0/5"),
	    "one descriptor only");
	tell(&c, CLOSE, 5, 0, "");
	ok(look(&w), "the others do not matter");
	tell(&c, OPEN_AT, 6, O_RDONLY, in_base("a"));
	ok(!look(&w) && shows(&w, "6:b c:0/5!"), "until it is another file");
	ok(!look(&w) && w.nfds == 0, "which is not looked at");
	watch_close(&w);
	watch_open(&w, c.pid, 6);
	look(&w);
	tell(&c, CLOSE, 6, 0, "");
	ok(!look(&w) && shows(&w, "6:a:0/100000!"), "or is closed");
	tell(&c, OPEN_AT, 6, O_RDONLY, in_base("a"));
	ok(!look(&w) && w.nfds == 0, "for good");
	watch_close(&w);
	watch_open(&w, c.pid, 6);
	look(&w);
	tell(&c, OPEN_AT, 6, O_WRONLY, in_base("a"));
	ok(!look(&w) && shows(&w, "6:a:0/100000!"), "or is written to");
	watch_close(&w);
	tell(&c, OPEN_AT, 6, O_RDONLY, in_base("a"));
	watch_open(&w, c.pid, 6);
	tell(&c, PIPE_AT, 6, 0, "");
	ok(!look(&w) && w.nfds == 0, "or is no file any more");
	watch_close(&w);
	end(&c);
	ok(fails(watch_open(&w, c.pid, 6), ESRCH),
	    "a zombie cannot be watched");
	reap(&c);
	ok(fails(watch_open(&w, c.pid, -1), ESRCH) &&
		fails(watch_open(&w, c.pid, 6), ESRCH) &&
		fails(watch_open(&w, 0, -1), ESRCH) &&
		fails(watch_open(&w, -1, -1), ESRCH),
	    "nor what is no process");
	watch_close(&w);
}

static void
test_names(void)
{
	static const char *const names[] = {
		"gone",
		"not (deleted)",
		" (deleted)",
		"\033[31mred\n",
	};
	char want[128];
	struct child c = start();
	struct watch w;

	tell(&c, OPEN_AT, 3, O_RDONLY, in_base("a"));
	watch_open(&w, c.pid, -1);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		make_file(names[i], 5);
		tell(&c, OPEN_AT, 3, O_RDONLY, in_base(names[i]));
		look(&w);
		ok(look(&w) && strcmp(w.fds[0].name, names[i]) == 0,
		    "name %zu is left as it is", i);
		unlink(in_base(names[i]));
		snprintf(want, sizeof(want), "3:%s:0/5", names[i]);
		ok(look(&w) && shows(&w, want), "also if it is deleted");
	}
	/* One name of two is gone, and a file is called as the kernel says. */
	make_file("one", 5);
	tell(&c, OPEN_AT, 3, O_RDONLY, in_base("one"));
	make_file("one (deleted)", 6);
	snprintf(want, sizeof(want), "%s/two", base);
	if (link(in_base("one"), want) == -1 || unlink(in_base("one")) == -1)
		bail("link");
	look(&w);
	ok(look(&w) && shows(&w, "3:one:0/5"), "another file is another file");
	tell(&c, MEMFD_AT, 3, 0, "mem");
	look(&w);
	ok(look(&w) && shows(&w, "3:memfd:mem:0/0"), "memory has a name");
	watch_close(&w);
	end(&c);
	reap(&c);
}

static void
test_renamed(void)
{
	char longest[256], path[400];
	struct child c = start();
	struct watch w;

	memset(longest, 'n', 255);
	longest[255] = '\0';
	snprintf(path, sizeof(path), "%s/%s", base, longest);
	tell(&c, OPEN_AT, 3, O_RDONLY, in_base("a"));
	watch_open(&w, c.pid, 3);
	look(&w);
	if (rename(in_base("a"), path) == -1)
		bail("rename");
	ok(look(&w) && w.nfds == 1 && strcmp(w.fds[0].name, longest) == 0,
	    "a file may be renamed, and the longest name fits");
	if (rename(path, in_base("a")) == -1)
		bail("rename");
	watch_close(&w);
	tell(&c, CALL_IT, 0, 0, "a) Z 1 (2 3");
	ok(watch_open(&w, c.pid, -1) == 0 && look(&w) && w.nfds == 1,
	    "the process may have any name");
	w.started--;
	ok(!look(&w) && w.nfds == 1 && w.fds[0].closed,
	    "another process with the same number is not watched");
	watch_close(&w);
	end(&c);
	reap(&c);
}

/* Is that what is found, but for the order? */
static bool
finds(const char *name, pid_t a, pid_t b)
{
	pid_t *pids = NULL;
	ssize_t n = watch_find(name, &pids), want = (a != 0) + (b != 0);
	bool good = n == want;

	for (ssize_t i = 0; i < n; i++)
		good = good && (pids[i] == a || pids[i] == b);
	good = good && (n < 2 || pids[0] != pids[1]);
	free(pids);
	return good;
}

static void
test_find(void)
{
	struct child c = start(), d = start();
	char name[32], longer[64];

	snprintf(name, sizeof(name), "u) %d", (int)getpid());
	ok(finds(name, 0, 0), "no process has the name");
	tell(&c, CALL_IT, 0, 0, name);
	ok(finds(name, c.pid, 0), "one has it");
	tell(&d, CALL_IT, 0, 0, name);
	ok(finds(name, c.pid, d.pid), "two have it");
	if (prctl(PR_SET_NAME, name) == -1)
		bail("prctl");
	ok(finds(name, c.pid, d.pid), "we ourselves are left out");
	ok(finds("u)", 0, 0) && finds("", 0, 0), "a part of it is not enough");
	snprintf(longer, sizeof(longer), "%s.", name);
	ok(finds(longer, 0, 0), "nor is more than it");
	snprintf(name, sizeof(name), "%015d", (int)getpid());
	tell(&c, CALL_IT, 0, 0, name);
	snprintf(longer, sizeof(longer), "%s and more", name);
	ok(finds(longer, c.pid, 0), "but of a long one 15 bytes are compared");
	tell(&c, CALL_IT, 0, 0, "two\n");
	snprintf(name, sizeof(name), "\n%d\n", (int)getpid());
	tell(&d, CALL_IT, 0, 0, name);
	ok(finds(name, d.pid, 0), "it may have newlines");
	end(&c);
	end(&d);
	reap(&c);
	reap(&d);
}

static void
test_many(void)
{
	struct child c = start();
	struct watch w;
	bool good = true;

	watch_open(&w, c.pid, -1);
	for (int fd = 90; fd >= 10; fd -= 2) {
		tell(&c, OPEN_AT, fd, O_RDONLY, in_base("a"));
		tell(&c, SEEK, fd, fd, "");
		if (fd % 16 == 0)
			look(&w);
	}
	look(&w);
	for (size_t i = 0; i < w.nfds; i++)
		good = good && w.fds[i].fd == 10 + 2 * (int)i &&
		    w.fds[i].pos == (uint64_t)w.fds[i].fd;
	ok(good && w.nfds == 41, "many stay in order");
	for (int fd = 12; fd <= 90; fd += 4)
		tell(&c, CLOSE, fd, 0, "");
	look(&w);
	look(&w);
	good = true;
	for (size_t i = 0; i < w.nfds; i++)
		good = good && w.fds[i].fd == 10 + 4 * (int)i && is_kept(&w, i);
	ok(good && w.nfds == 21, "and keep what is theirs when others leave");
	watch_close(&w);
	end(&c);
	reap(&c);
}

static void
test_block_device(void)
{
	static const char *const devices[] = { "vda", "sda", "nvme0n1",
		"mmcblk0", "loop0" };
	char path[64], want[128];
	off_t size = 0;
	struct child c;
	struct watch w;

	for (size_t i = 0; size <= 0; i++) {
		int fd;

		if (i == sizeof(devices) / sizeof(devices[0])) {
			skip("a block device has a size", "none to read");
			return;
		}
		snprintf(path, sizeof(path), "/dev/%s", devices[i]);
		snprintf(want, sizeof(want), "4:%s:512/", devices[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		size = fd != -1 ? lseek(fd, 0, SEEK_END) : 0;
		if (fd != -1)
			close(fd);
	}
	snprintf(want + strlen(want), 32, "%jd", (intmax_t)size);
	c = start();
	tell(&c, OPEN_AT, 4, O_RDONLY, path);
	tell(&c, SEEK, 4, 512, "");
	ok(watch_open(&w, c.pid, 4) == 0 && look(&w) && shows(&w, want),
	    "a block device has a size");
	watch_close(&w);
	end(&c);
	reap(&c);
}

/* A child without rights looks at us. */
static void
test_another_user(void)
{
	pid_t pid = fork(), whom;
	struct watch w;
	int status;

	if (pid == 0) {
		whom = geteuid() == 0 ? getppid() : 1;
		if (geteuid() == 0 && setuid(65534) == -1)
			_exit(1);
		_exit(fails(watch_open(&w, whom, -1), EACCES) &&
			    fails(watch_open(&w, whom, 0), EACCES) ?
			0 :
			1);
	}
	waitpid(pid, &status, 0);
	ok(status == 0, "a process of another user is refused");
}

int
main(void)
{
	char command[64];

	alarm(20);
	signal(SIGPIPE, SIG_IGN);
	if (mkdtemp(base) == NULL)
		bail("mkdtemp");
	make_file("a", FILE_SIZE);
	make_file("b c", 5);
	make_file("empty", 0);
	make_file("out", 90);
	test_positions();
	test_closing();
	test_kinds();
	test_only();
	test_names();
	test_renamed();
	test_find();
	test_many();
	test_block_device();
	test_another_user();
	snprintf(command, sizeof(command), "rm -r %s", base);
	ok(system(command) == 0, "all is removed");
	return tap_done();
}
