/* SPDX-License-Identifier: ISC */
/*
 * A pid file never takes the place of anything but one whose process is gone,
 * belongs to one of those who try at once, goes with its process, also if a
 * signal ends that, and nobody removes what is not his.
 */
#include "config.h"

#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "base/pidfile.h"
#include "tests/lib/tap.h"

static const char name[] = "x.pid";

static void
put(const char *text)
{
	FILE *f = fopen(name, "we");

	if (f == NULL || fputs(text, f) == EOF || fclose(f) == EOF)
		bail("put");
}

static void
put_number(pid_t pid)
{
	char text[32];

	snprintf(text, sizeof(text), "%d\n", (int)pid);
	put(text);
}

static bool
holds(const char *want)
{
	char text[64] = "";
	FILE *f = fopen(name, "re");
	size_t n = f == NULL ? 0 : fread(text, 1, sizeof(text) - 1, f);

	if (f != NULL)
		fclose(f);
	text[n] = '\0';
	return f != NULL && strcmp(text, want) == 0;
}

static bool
holds_number(pid_t pid)
{
	char want[32];

	snprintf(want, sizeof(want), "%d\n", (int)pid);
	return holds(want);
}

static bool
is_there(void)
{
	struct stat st;

	return lstat(name, &st) == 0;
}

/* The number of a process that is gone. */
static pid_t
gone(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid == -1 || waitpid(pid, NULL, 0) != pid)
		bail("fork");
	return pid;
}

static void
test_life(void)
{
	struct pidfile p, none = { 0 };
	sigset_t before = { 0 }, after = { 0 };
	struct stat st;
	pid_t running;

	umask(022);
	sigprocmask(SIG_BLOCK, NULL, &before);
	ok(pidfile_create(&p, name, &running) == PIDFILE_OK &&
		holds_number(getpid()),
	    "it holds our number and a newline");
	ok(stat(name, &st) == 0 && S_ISREG(st.st_mode) &&
		(st.st_mode & 0777) == 0644 && path_same(&st, &p.st),
	    "it can be read by all, and is known by its inode");
	sigprocmask(SIG_BLOCK, NULL, &after);
	ok(memcmp(&before, &after, sizeof(before)) == 0,
	    "no signal stays blocked");
	pidfile_delete(&p);
	ok(!is_there() && p.path == NULL, "it is removed");
	put("1\n");
	pidfile_delete(&p);
	pidfile_delete(&none);
	ok(holds("1\n"), "and only once");
	unlink(name);
}

/* It is refused, and what is there is as it was. */
static bool
refused(enum pidfile_end want, pid_t *running)
{
	struct stat before, after;
	struct pidfile p;
	enum pidfile_end end;

	if (lstat(name, &before) == -1)
		bail("lstat");
	end = pidfile_create(&p, name, running);
	return end == want && p.path == NULL && lstat(name, &after) == 0 &&
	    before.st_ino == after.st_ino && before.st_size == after.st_size &&
	    before.st_mtim.tv_nsec == after.st_mtim.tv_nsec;
}

static void
on_signal(int sig)
{
	(void)sig;
}

/* In a child, which may wait for ever with every signal blocked. */
static bool
refused_at_once(enum pidfile_end want)
{
	struct sigaction sa = { .sa_handler = on_signal }, old;
	pid_t running, pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(refused(want, &running) ? 0 : 1);
	sigaction(SIGALRM, &sa, &old);
	alarm(10);
	if (pid == -1)
		bail("fork");
	if (waitpid(pid, &status, 0) != pid) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	alarm(0);
	sigaction(SIGALRM, &old, NULL);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void
test_others(void)
{
	static const char *const texts[] = { "", "\n", "x", "12x\n", "-1\n",
		" 1\n", "0\n", "1\n\n", "1 \n", "99999999999\n",
		"0000000000000001\n" };
	static const char target[] = "target";
	struct pidfile p;
	pid_t running = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		put(texts[i]);
		ok(refused(PIDFILE_HOLDS, &running) && holds(texts[i]),
		    "a file that holds no number stays (%zu)", i);
	}
	put_number(getppid());
	ok(refused(PIDFILE_RUNNING, &running) && running == getppid(),
	    "so does that of a process that runs");
	unlink(name);

	if (mkfifo(name, 0600) == -1)
		bail("mkfifo");
	ok(refused_at_once(PIDFILE_OTHER), "a FIFO is not waited for");
	unlink(name);
	if (mkdir(name, 0700) == -1)
		bail("mkdir");
	ok(refused(PIDFILE_OTHER, &running), "a directory is no pid file");
	rmdir(name);
	if (symlink(target, name) == -1)
		bail("symlink");
	ok(refused(PIDFILE_OTHER, &running) && access(target, F_OK) == -1,
	    "nothing is created behind a symbolic link");
	unlink(name);
	ok(pidfile_create(&p, "none/x.pid", &running) == PIDFILE_ERROR &&
		errno == ENOENT && p.path == NULL,
	    "a directory that is not there is an error");
}

static void
test_stale(void)
{
	char text[32];
	struct pidfile p;
	pid_t running, pid = gone();
	int fd;

	put_number(pid);
	ok(pidfile_create(&p, name, &running) == PIDFILE_OK &&
		holds_number(getpid()),
	    "the file of a process that is gone is replaced");
	pidfile_delete(&p);
	snprintf(text, sizeof(text), "%d", (int)pid);
	put(text);
	ok(pidfile_create(&p, name, &running) == PIDFILE_OK,
	    "also if its number has no newline");
	pidfile_delete(&p);
	put_number(getpid());
	ok(pidfile_create(&p, name, &running) == PIDFILE_OK,
	    "our own number is of a process before us");
	pidfile_delete(&p);

	snprintf(text, sizeof(text), "%016d and more\n", (int)pid);
	put(text);
	ok(refused(PIDFILE_HOLDS, &running) && holds(text),
	    "but not if there is more behind it");
	put_number(pid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || flock(fd, LOCK_EX) == -1)
		bail("flock");
	ok(refused(PIDFILE_ERROR, &running) && holds_number(pid),
	    "it stays while another one replaces it");
	close(fd);
	unlink(name);
}

/* A write beyond the limit is EFBIG. */
static void
test_full(void)
{
	struct rlimit old, none;
	struct pidfile p;
	pid_t running;
	enum pidfile_end end;
	int error;

	getrlimit(RLIMIT_FSIZE, &old);
	none = old;
	none.rlim_cur = 0;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &none);
	end = pidfile_create(&p, name, &running);
	error = errno;
	setrlimit(RLIMIT_FSIZE, &old);
	signal(SIGXFSZ, SIG_DFL);
	ok(end == PIDFILE_ERROR && error == EFBIG && !is_there(),
	    "one that cannot be written is removed");
}

static void
test_not_ours(void)
{
	struct pidfile p;
	pid_t running, pid;

	pidfile_create(&p, name, &running);
	put("1\n");
	pidfile_delete(&p);
	ok(holds("1\n"), "one that holds another number by now stays");
	unlink(name);

	pidfile_create(&p, name, &running);
	rename(name, "kept");
	put_number(getpid());
	pidfile_delete(&p);
	ok(is_there(), "another file of the same text stays");
	unlink(name);
	unlink("kept");

	pidfile_create(&p, name, &running);
	pid = fork();
	if (pid == 0) {
		pidfile_delete(&p);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	ok(is_there(), "a child does not remove it");
	pid = fork();
	if (pid == 0) {
		kill(getpid(), SIGTERM);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	ok(is_there(), "not even when a signal ends that child");
	pidfile_delete(&p);
	ok(!is_there(), "we do");
}

/* A child with a pid file that sends itself a signal; how it ends. */
static int
signalled(int sig, void (*action)(int))
{
	struct pidfile p;
	pid_t running, pid = fork();
	int status = 0;

	if (pid == 0) {
		signal(sig, action);
		if (pidfile_create(&p, name, &running) != PIDFILE_OK)
			_exit(1);
		kill(getpid(), sig);
		status = is_there() ? 0 : 1;
		pidfile_delete(&p);
		_exit(status);
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		bail("fork");
	return status;
}

static void
test_signals(void)
{
	static const int fatal[] = { SIGHUP, SIGINT, SIGTERM, SIGPIPE, SIGUSR1,
		SIGALRM };
	bool each = true;
	int status;

	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++) {
		status = signalled(fatal[i], SIG_DFL);
		each = each && WIFSIGNALED(status) &&
		    WTERMSIG(status) == fatal[i] && !is_there();
	}
	ok(each, "a signal that ends us removes it first, and ends us");
	status = signalled(SIGWINCH, SIG_DFL);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "one that does not has no effect");
	status = signalled(SIGTERM, SIG_IGN);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "nor has one that is ignored");
	status = signalled(SIGTERM, on_signal);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "and a handler of the caller's is left alone");
}

/* Many find the same stale file; each keeps what it gets until the end. */
static bool
one_of(unsigned many)
{
	char got = 0;
	struct pidfile p;
	pid_t running;
	unsigned won = 0, lost = 0;
	int start[2], end[2], told[2];

	put_number(gone());
	if (pipe(start) == -1 || pipe(end) == -1 || pipe(told) == -1)
		bail("pipe");
	for (unsigned i = 0; i < many; i++) {
		pid_t pid = fork();

		if (pid == -1)
			bail("fork");
		if (pid != 0)
			continue;
		close(start[1]);
		close(end[1]);
		(void)!read(start[0], &got, 1);
		got = pidfile_create(&p, name, &running) == PIDFILE_OK ? 'w' :
									 'l';
		(void)!write(told[1], &got, 1);
		(void)!read(end[0], &got, 1);
		pidfile_delete(&p);
		_exit(0);
	}
	close(start[0]);
	close(end[0]);
	close(told[1]);
	close(start[1]); /* now */
	while (won + lost < many && read(told[0], &got, 1) == 1) {
		won += got == 'w';
		lost += got == 'l';
	}
	close(end[1]);
	close(told[0]);
	while (wait(NULL) > 0)
		;
	return won == 1 && lost == many - 1 && !is_there();
}

static void
test_race(void)
{
	bool good = true;

	for (int i = 0; i < 20; i++)
		good = one_of(8) && good;
	ok(good, "of many that find a stale one at once, one succeeds");
}

int
main(void)
{
	char dir[] = "/tmp/unit-pidfile.XXXXXX";

	if (mkdtemp(dir) == NULL || chdir(dir) == -1)
		bail(dir);
	/* first: its children have our handlers, which are not theirs */
	test_signals();
	test_race();
	test_life();
	test_others();
	test_stale();
	test_full();
	test_not_ours();
	if (rmdir(dir) == -1)
		bail("something was left");
	return tap_done();
}
