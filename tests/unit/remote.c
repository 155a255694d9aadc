/* SPDX-License-Identifier: ISC */
/* Two zpipes that talk, and those with whom they do not. */
#include "config.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "peer/remote.h"
#include "tests/lib/tap.h"

static char base[] = "/tmp/unit-remote.XXXXXX", dir[64], fallback[64],
	    reply[REMOTE_MAX];

/* What the child that serves is to do. */
enum role {
	SERVE,      /* until its pipe is closed */
	SLEEP,      /* no zpipe at all */
	MUTE,       /* listens, and never answers */
	DIE,        /* ends instead of an answer */
	LATE,       /* listens after 100 ms */
	STALE,      /* in place of a dead process with its number */
	SHUT_UMASK, /* with a umask that takes everything away */
};

struct server {
	pid_t pid;
	int go; /* closed: it ends */
};

/* "big": REMOTE_MAX bytes; "none": no answer; else "<" message ">". */
static size_t
answer(void *ctx, const char *msg, size_t len, char *out)
{
	++*(int *)ctx;
	if (strcmp(msg, "none") == 0)
		return 0;
	if (strcmp(msg, "die") == 0)
		_exit(3);
	if (strcmp(msg, "big") == 0 || len == REMOTE_MAX) {
		memset(out, 'x', REMOTE_MAX);
		return REMOTE_MAX;
	}
	return (size_t)snprintf(out, REMOTE_MAX, "<%s>", msg);
}

static void
leave_stale_socket(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/%d.sock", dir,
	    (int)getpid());
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		_exit(98);
	close(fd);
}

/* The child; it says on said when it listens. */
__attribute__((noreturn)) static void
serve(enum role role, int go, int said)
{
	struct remote r = REMOTE_INITIALIZER;
	struct pollfd p = { go, POLLIN, 0 };
	int count = 0;

	alarm(10);
	if (role == STALE || role == LATE)
		leave_stale_socket();
	if (role == SHUT_UMASK)
		umask(0777);
	if (role == LATE) { /* they are refused until then */
		close(said);
		poll(NULL, 0, 100);
	}
	if (role != SLEEP && remote_listen(&r) == -1)
		_exit(97);
	if (role != LATE)
		close(said);
	while (poll(&p, 1, 1) == 0) {
		if (role != MUTE && role != SLEEP)
			remote_serve(&r, answer, &count);
	}
	remote_close(&r);
	_exit(count > 200 ? 200 : count);
}

static struct server
start(enum role role)
{
	struct server s;
	int go[2], said[2];
	char c;

	if (pipe2(go, O_CLOEXEC) == -1 || pipe2(said, O_CLOEXEC) == -1)
		bail("pipe2");
	s.pid = fork();
	if (s.pid == -1)
		bail("fork");
	if (s.pid == 0) {
		close(go[1]);
		close(said[0]);
		serve(role, go[0], said[1]);
	}
	close(go[0]);
	close(said[1]);
	while (read(said[0], &c, 1) > 0)
		;
	close(said[0]);
	s.go = go[1];
	return s;
}

/* How many questions it had. */
static int
stop(struct server s)
{
	int status;

	close(s.go);
	waitpid(s.pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool
answers(pid_t pid, const char *msg, const char *want)
{
	ssize_t n = remote_ask(pid, msg, strlen(msg), reply);

	return n == (ssize_t)strlen(want) &&
	    memcmp(reply, want, (size_t)n) == 0;
}

/* Somebody who keeps to no rules. */
static int
stranger(pid_t pid)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/%d.sock", dir,
	    (int)pid);
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		bail("connect");
	return fd;
}

static bool
is_hung_up(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, 1000) == 1 && recv(fd, reply, 1, 0) <= 0;
}

static bool
has_socket(pid_t pid)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%d.sock", dir, (int)pid);
	return lstat(path, &st) == 0;
}

static bool
fails(ssize_t r, int error)
{
	return r == -1 && errno == error;
}

static void
test_long_path(void)
{
	char path[256];
	struct remote r;

	snprintf(path, sizeof(path), "%s/%080d", base, 1);
	if (mkdir(path, 0700) == -1)
		bail("mkdir");
	setenv("XDG_RUNTIME_DIR", path, 1);
	ok(fails(remote_listen(&r), ENAMETOOLONG) && r.fd == -1,
	    "a path too long for a socket is an error");
	setenv("XDG_RUNTIME_DIR", base, 1);
	strcat(path, "/zpipe");
	rmdir(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
}

static void
test_talk(void)
{
	struct server s = start(SERVE);
	static char big[REMOTE_MAX], too_long[REMOTE_MAX + 9];
	int fd;

	ok(answers(s.pid, "hello", "<hello>"),
	    "a zpipe is found by its number, and answers");
	ok(answers(s.pid, "again", "<again>"), "and again");
	ok(remote_ask(s.pid, "big", 3, reply) == REMOTE_MAX &&
		reply[REMOTE_MAX - 1] == 'x',
	    "an answer may be REMOTE_MAX bytes long");
	memset(big, 'q', sizeof(big));
	ok(remote_ask(s.pid, big, sizeof(big), reply) == REMOTE_MAX,
	    "so may a question");
	ok(fails(remote_ask(s.pid, big, sizeof(big) + 1, reply), EMSGSIZE),
	    "one more byte is refused");
	ok(fails(remote_ask(s.pid, "", 0, reply), EINVAL), "so is nothing");
	ok(fails(remote_ask(s.pid, "none", 4, reply), ECONNRESET),
	    "no answer is a hang-up");
	fd = stranger(s.pid);
	ok(send(fd, too_long, sizeof(too_long), MSG_NOSIGNAL) > 0 &&
		is_hung_up(fd),
	    "too long a question is one as well");
	close(fd);
	ok(answers(s.pid, "a", "<a>"), "for that one only");
	ok(has_socket(s.pid) && stop(s) == 6 && !has_socket(s.pid),
	    "the socket is removed at the end; each question came once");
	ok(fails(remote_ask(s.pid, "a", 1, reply), ESRCH),
	    "a process that has ended is not there");
}

static void
test_silent_clients(void)
{
	struct server s = start(SERVE);
	int fds[3 * REMOTE_PEERS];
	bool all = true;

	for (int i = 0; i < 3 * REMOTE_PEERS; i++) {
		fds[i] = stranger(s.pid);
		all = all && answers(s.pid, "x", "<x>");
	}
	ok(all, "however many connect and say nothing, others are served");
	all = true;
	for (int i = 0; i < REMOTE_PEERS; i++)
		all = all && is_hung_up(fds[i]);
	ok(all, "for the eldest of them have to go");
	ok(send(fds[3 * REMOTE_PEERS - 1], "x", 1, 0) == 1 &&
		recv(fds[3 * REMOTE_PEERS - 1], reply, 3, 0) == 3,
	    "the youngest may still ask");
	for (int i = 0; i < 3 * REMOTE_PEERS; i++)
		close(fds[i]);
	stop(s);
}

/* Each asks in a process of its own. */
static void
test_many(void)
{
	enum {
		ASKERS = 40
	};
	struct server s = start(SERVE);
	int status, right = 0;

	for (int i = 0; i < ASKERS; i++) {
		pid_t pid = fork();

		if (pid == -1)
			bail("fork");
		if (pid == 0) {
			for (int n = 0; n < 20; n++)
				if (!answers(s.pid, "x", "<x>"))
					_exit(1);
			_exit(0);
		}
	}
	for (int i = 0; i < ASKERS; i++)
		right += wait(&status) > 0 && status == 0;
	ok(right == ASKERS, "%d of %d are served at once", right, ASKERS);
	stop(s);
}

static void
test_deaf_client(void)
{
	struct server s = start(SERVE);
	int fd = stranger(s.pid), sent = 0;

	/* Each answer is 64 KiB, and none is read. */
	while (sent < 100 && send(fd, "big", 3, MSG_NOSIGNAL) == 3) {
		sent++;
		poll(NULL, 0, 2);
	}
	ok(sent > 0 && sent < 100, "one question for each connection");
	ok(answers(s.pid, "hello", "<hello>"),
	    "a client that never reads blocks nobody");
	close(fd);
	ok(stop(s) == 2, "it gets no second answer");
}

static void
test_no_zpipe(void)
{
	struct server s = start(SLEEP);

	ok(fails(remote_ask(s.pid, "a", 1, reply), ENOENT),
	    "a process that is no zpipe is told from none");
	stop(s);
	ok(fails(remote_ask(0, "a", 1, reply), ESRCH) &&
		fails(remote_ask(-1, "a", 1, reply), ESRCH),
	    "0 and -1 are no processes");
}

static void
test_wrong_socket(void)
{
	struct server s = start(MUTE);
	char from[128], to[128];

	snprintf(from, sizeof(from), "%s/%d.sock", dir, (int)s.pid);
	snprintf(to, sizeof(to), "%s/%d.sock", dir, (int)getpid());
	if (link(from, to) == -1)
		bail("link");
	ok(fails(remote_ask(getpid(), "a", 1, reply), EACCES),
	    "a socket of another process is not taken for its own");
	unlink(to);
	stop(s);
}

static void
test_another_user(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (geteuid() == 0 && setuid(65534) == -1)
			_exit(1);
		_exit(fails(remote_ask(1, "a", 1, reply), EACCES) ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	ok(status == 0, "a process of another user is refused");
}

static void
test_bad_servers(void)
{
	struct server s = start(MUTE);

	ok(fails(remote_ask(s.pid, "hello", 5, reply), ETIMEDOUT),
	    "no answer for a second ends it");
	stop(s);

	s = start(DIE);
	ok(fails(remote_ask(s.pid, "die", 3, reply), ECONNRESET),
	    "a server that ends while it is asked is noticed");
	ok(stop(s) == 3 && has_socket(s.pid), "its socket stays behind");
	ok(fails(remote_ask(s.pid, "a", 1, reply), ESRCH), "and leads nowhere");
}

static void
test_beginnings(void)
{
	static const struct {
		enum role role;
		const char *what;
	} t[] = {
		{ LATE, "one that has only just begun is waited for" },
		{ STALE, "a dead process's socket is replaced" },
		{ SHUT_UMASK, "no umask locks us out" },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct server s = start(t[i].role);

		ok(answers(s.pid, "hello", "<hello>"), "%s", t[i].what);
		stop(s);
	}
}

static void
test_owner(void)
{
	struct remote r, second;
	struct stat st;
	pid_t pid;

	ok(remote_listen(&r) == 0 && has_socket(getpid()), "we listen");
	ok(stat(r.path, &st) == 0 && (st.st_mode & 07777) == 0600,
	    "on a socket with mode 0600");
	ok(fails(remote_listen(&second), EADDRINUSE),
	    "a socket that is in use is not taken away");
	pid = fork();
	if (pid == 0) {
		remote_close(&r);
		_exit(r.fd != -1);
	}
	waitpid(pid, NULL, 0);
	ok(has_socket(getpid()), "a forked child does not remove it");
	remote_close(&r);
	ok(!has_socket(getpid()) && r.fd == -1, "we do");
	remote_close(&r);
	remote_serve(&r, NULL, NULL);
	ok(r.fd == -1, "what does not listen may be closed and served");
}

/* Sockets that nobody listens at: under our name, and as files that stay. */
static void
test_sweep(void)
{
	static const char *const stay[] = { "0.sock", "x.sock", "1x.sock",
		"tty-4-1", "99999999999.sock" };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct server s = start(SERVE), mute = start(MUTE);
	pid_t dead = fork(), other = fork();
	struct remote r;
	char path[128];
	bool all = true;
	int fd;

	if (dead == 0)
		_exit(0);
	if (other == 0) {
		execlp("sleep", "sleep", "20", (char *)NULL);
		_exit(1);
	}
	waitpid(dead, NULL, 0);
	for (int i = 0; i < 2; i++) {
		snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/%d.sock", dir,
		    (int)(i == 0 ? dead : other));
		fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
		if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
			bail("bind");
		close(fd);
	}
	for (size_t i = 0; i < sizeof(stay) / sizeof(stay[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, stay[i]);
		close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	}
	snprintf(path, sizeof(path), "%s/%d.sock", dir, (int)dead + 100000000);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	/* sleep(1) must be what its number stands for by now */
	for (int i = 0; i < 2000 && has_socket(other); i++) {
		if (remote_listen(&r) == 0)
			remote_close(&r);
		poll(NULL, 0, 1);
	}
	ok(!has_socket(dead), "a dead process's socket is swept");
	ok(!has_socket(other), "so is one whose number another program has");
	for (size_t i = 0; i < sizeof(stay) / sizeof(stay[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, stay[i]);
		all = all && unlink(path) == 0;
	}
	snprintf(path, sizeof(path), "%s/%d.sock", dir, (int)dead + 100000000);
	ok(all && unlink(path) == 0, "what is no socket of ours stays");
	ok(has_socket(s.pid) && has_socket(mute.pid) &&
		answers(s.pid, "a", "<a>"),
	    "and so do those that somebody listens at");
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	stop(mute); /* it has a copy of what ends the other */
	stop(s);
}

/* Many begin and end while others sweep: nobody's own is taken. */
static void
test_sweepers(void)
{
	enum {
		SWEEPERS = 8
	};
	int status, right = 0;

	for (int i = 0; i < SWEEPERS; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			for (int n = 0; n < 100; n++) {
				struct remote r;

				if (remote_listen(&r) == -1 ||
				    !has_socket(getpid()))
					_exit(1);
				remote_close(&r);
			}
			_exit(0);
		}
	}
	for (int i = 0; i < SWEEPERS; i++)
		right += wait(&status) > 0 && status == 0;
	ok(right == SWEEPERS, "%d of %d keep their sockets", right, SWEEPERS);
}

/* In each of the places, and for root those of another user. */
static void
test_places(void)
{
	struct server s;

	unsetenv("XDG_RUNTIME_DIR");
	s = start(SERVE);
	setenv("XDG_RUNTIME_DIR", base, 1);
	ok(answers(s.pid, "a", "<a>"),
	    "one that listens in /tmp is found from a runtime directory");
	stop(s);
	s = start(SERVE);
	setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
	ok(fails(remote_ask(s.pid, "a", 1, reply), ENOENT),
	    "one whose place nobody can know is not");
	setenv("XDG_RUNTIME_DIR", base, 1);
	stop(s);
}

static pid_t
serve_as(uid_t uid)
{
	int said[2];
	pid_t pid;
	char c;

	if (pipe2(said, O_CLOEXEC) == -1)
		bail("pipe2");
	pid = fork();
	if (pid == 0) {
		int never[2];

		close(said[0]);
		unsetenv("XDG_RUNTIME_DIR");
		if (setgid(uid) == -1 || setuid(uid) == -1 ||
		    pipe2(never, O_CLOEXEC) == -1 ||
		    prctl(PR_SET_DUMPABLE, 1) == -1)
			_exit(1);
		serve(SERVE, never[0], said[1]);
	}
	close(said[1]);
	while (read(said[0], &c, 1) > 0)
		;
	close(said[0]);
	return pid;
}

static void
test_root(void)
{
	static const char nobody[] = "/tmp/zpipe-64321";
	char path[128], aside[128];
	struct stat st;
	pid_t pid;

	if (geteuid() != 0 || lstat(nobody, &st) == 0) {
		skip("root finds another user's", "not root, or it is in use");
		skip("but through no link", "not root, or it is in use");
		skip("and in no open directory", "not root, or it is in use");
		return;
	}
	pid = serve_as(64321);
	ok(answers(pid, "a", "<a>"), "root finds another user's");
	snprintf(path, sizeof(path), "%s/%d.sock", nobody, (int)pid);
	snprintf(aside, sizeof(aside), "%s/aside", nobody);
	if (rename(path, aside) == -1 || symlink(aside, path) == -1)
		bail("symlink");
	ok(fails(remote_ask(pid, "a", 1, reply), EACCES),
	    "but through no link");
	if (rename(aside, path) == -1 || chmod(nobody, 0755) == -1)
		bail("rename");
	ok(fails(remote_ask(pid, "a", 1, reply), EACCES),
	    "and in no open directory");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	unlink(path);
	rmdir(nobody);
}

static size_t
keep_all(void *ctx, const char *msg, size_t len, char *out)
{
	(void)ctx, (void)msg, (void)len, (void)out;
	return REMOTE_KEEP;
}

/* Those who wait for the end are told, if they are still there. */
static void
test_end(void)
{
	struct remote r;
	pid_t pid = fork();
	int fd, gone;

	if (pid == 0) {
		alarm(10);
		if (remote_listen(&r) == -1)
			_exit(1);
		for (int i = 0; i < 500 || !remote_waiting(&r); i++) {
			remote_serve(&r, keep_all, NULL);
			poll(NULL, 0, 1);
		}
		remote_end(&r, "over", 4);
		_exit(remote_waiting(&r));
	}
	gone = remote_call(pid, "end", 3);
	fd = remote_call(pid, "end", 3);
	close(gone);
	ok(fd != -1 && fails(remote_hear(fd, reply), EAGAIN),
	    "who waits for the end hears nothing before");
	waitpid(pid, &gone, 0);
	ok(remote_hear(fd, reply) == 4 && memcmp(reply, "over", 4) == 0 &&
		gone == 0,
	    "and then the last words");
	ok(fails(remote_hear(fd, reply), ECONNABORTED), "once");
	close(fd);
}

int
main(void)
{
	char command[64];
	struct stat st;
	bool used;

	/* who listens is told by SIGIO; the tests look by themselves */
	signal(SIGIO, SIG_IGN);

	alarm(40);
	if (mkdtemp(base) == NULL || chdir(base) == -1)
		bail("mkdtemp");
	setenv("XDG_RUNTIME_DIR", base, 1);
	snprintf(dir, sizeof(dir), "%s/zpipe", base);
	snprintf(fallback, sizeof(fallback), "/tmp/zpipe-%u",
	    (unsigned)geteuid());
	used = lstat(fallback, &st) == 0;
	test_long_path();
	test_owner();
	test_talk();
	test_silent_clients();
	test_many();
	test_deaf_client();
	test_no_zpipe();
	test_wrong_socket();
	test_another_user();
	test_bad_servers();
	test_beginnings();
	test_sweep();
	test_sweepers();
	test_places();
	test_root();
	test_end();
	if (!used)
		rmdir(fallback);
	snprintf(command, sizeof(command), "rm -r %s", base);
	ok(system(command) == 0, "all is removed");
	return tap_done();
}
