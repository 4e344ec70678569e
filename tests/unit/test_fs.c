/* Files replaced as a whole; the stop flag. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/sig.h"

static int enter(void **state)
{
	static char folder[] = "/tmp/pgretain-fs-XXXXXX";

	*state = mkdtemp(folder);
	return *state && chdir(*state) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	DIR *dir = opendir(".");

	for (struct dirent *e; dir && (e = readdir(dir));)
		if (e->d_name[0] != '.' && unlink(e->d_name) != 0 && rmdir(e->d_name) != 0)
			return -1;
	closedir(dir);
	return chdir("/") == 0 && rmdir(*state) == 0 ? 0 : -1;
}

/* Entries of the folder, hidden ones included. */
static int entries(void)
{
	DIR *dir = opendir(".");
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void holds(const char *path, const char *text, unsigned mode)
{
	char buf[64] = "";
	struct stat st;
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	buf[fread(buf, 1, sizeof(buf) - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(buf, text);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

static void test_replace(void **state)
{
	struct diag d = DIAG_INIT;

	(void)state;
	umask(027);
	assert_true(fs_replace("a", "one", 3, 0666, &d));
	holds("a", "one", 0640);
	assert_int_equal(chmod("a", 0604), 0);
	assert_true(fs_replace("a", "", 0, 0666, &d));
	holds("a", "", 0604);
	assert_int_equal(symlink("a", "link"), 0);
	assert_true(fs_replace("link", "two", 3, 0666, &d));
	holds("a", "two", 0604);
	assert_int_equal(readlink("link", (char[8]){ 0 }, 8), 1);
	assert_int_equal(entries(), 2);
	assert_int_equal(unlink("a") + unlink("link"), 0);
}

static void test_uncommitted_leaves_nothing(void **state)
{
	struct fs_new f = FS_NEW_INIT;
	struct diag d = DIAG_INIT;

	(void)state;
	assert_true(fs_replace("a", "old", 3, 0600, &d));
	assert_true(fs_new_open(&f, "a", 0600, &d));
	assert_true(fs_new_write(&f, "new", 3, &d));
	assert_int_equal(entries(), 2);
	fs_new_done(&f);
	assert_int_equal(entries(), 1);
	holds("a", "old", 0600);
	assert_int_equal(unlink("a"), 0);
}

static void test_refusals(void **state)
{
	struct diag d = DIAG_INIT;

	(void)state;
	assert_int_equal(mkdir("dir", 0700), 0);
	assert_false(fs_replace("dir", "x", 1, 0600, &d));
	assert_non_null(strstr(d.message, "is a directory"));
	assert_false(fs_replace("nowhere/file", "x", 1, 0600, &d));
	assert_non_null(strstr(d.message, "No such file or directory"));
	assert_false(fs_replace("/dev/full", "x", 1, 0600, &d));
	assert_non_null(strstr(d.message, "No space left on device"));
	assert_int_equal(d.cls, DIAG_USAGE);
	assert_true(fs_replace("/dev/null", "x", 1, 0600, &d));
	assert_int_equal(entries(), 1);
	assert_int_equal(rmdir("dir"), 0);
}

static bool is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* Signals further apart than this are requests of their own (base/sig.h). */
#define APART_US 300000

/* In a process of its own: returns 0 when all went as the header says. */
static int stop_thrice(void)
{
	sig_ignore_pipe();
	if (sig_stop_fd() != -1 || sig_stop_requested() != 0)
		return 1;
	signal(SIGINT, SIG_IGN);
	sig_catch_stop();
	if (is_readable(sig_stop_fd()))
		return 2;
	raise(SIGINT);
	if (sig_stop_requested() != 1 || !is_readable(sig_stop_fd()))
		return 3;
	/* a storm is one request */
	raise(SIGTERM);
	if (sig_stop_requested() != 1)
		return 4;
	usleep(APART_US);
	raise(SIGTERM);
	if (sig_stop_requested() != 2)
		return 5;
	usleep(APART_US);
	raise(SIGTERM);
	return 6;
}

static void test_signals(void **state)
{
	int status = 0;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(stop_thrice());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_uncommitted_leaves_nothing),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_signals),
	};

	return cmocka_run_group_tests_name("fs", tests, enter, leave);
}
