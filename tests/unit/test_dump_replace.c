/* A new archive in the place of an old one: refused, killed at every system call, without room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "dump/dump.h"
#include "dump/replace.h"
#include "dump_make.h"

static char folder[] = "/tmp/pgretain-replace-XXXXXX";
static const struct mk_entry entries[] = { MK_ENCODING, MK_STRINGS, MK_TABLE, MK_TABLE_DATA, MK_INSERTS, MK_BLOBS };
static const time_t old_time = 1000000000;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	return ftw->level ? remove(path) : 0;
}

static int enter(void **state)
{
	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int empty(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int leave(void **state)
{
	empty(state);
	return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

/* What the shell says; one line. */
static const char *sh(const char *command)
{
	static char line[512];
	FILE *f = popen(command, "r");
	size_t n = fread(line, 1, sizeof(line) - 1, f);

	pclose(f);
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return line;
}

static int count_files(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

/* ---- the work: the second row of each table dropped ---- */

static bool second_row(void *ctx, struct dump_row *row, enum dump_verdict *ret, struct diag *d)
{
	(void)ctx;
	(void)d;
	if (row->number == 2)
		*ret = DUMP_DROP;
	return true;
}

static bool replace(const char *path, struct diag *d)
{
	struct dump_calls calls = { .row = second_row };
	AUTO_DUMP_REPLACE r = DUMP_REPLACE_INIT;
	AUTO(dump_free_auto) struct dump *dump = NULL;
	AUTO(dump_free_auto) struct dump *again = NULL;

	return dump_replace_begin(&r, path, d) && dump_open(path, NULL, &dump, d) &&
	       dump_rewrite(dump, r.temp, &calls, NULL, d) && dump_open(r.temp, NULL, &again, d) &&
	       dump_verify(again, NULL, d) && dump_replace_commit(&r, d);
}

static void replaced(const char *path)
{
	struct diag d = DIAG_INIT;

	if (!replace(path, &d))
		fail_msg("%s (%s)", d.message, d.where);
}

static void refused(const char *path, const char *why)
{
	struct diag d = DIAG_INIT;

	assert_false(replace(path, &d));
	if (!strstr(d.message, why))
		fail_msg("expected a refusal with \"%s\", found \"%s\"", why, d.message);
}

/* ---- a file and its attributes ---- */

static void put(const char *path, const char *text)
{
	mk_file(path, text, strlen(text));
}

static void make_old(const char *path)
{
	put(path, MK_PLAIN);
	assert_int_equal(chmod(path, 0640), 0);
	if (geteuid() == 0)
		assert_int_equal(chown(path, 1234, 4321), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, (struct timespec[]){ { old_time, 5 }, { old_time, 123456789 } }, 0), 0);
}

static bool holds(const char *path, const char *text)
{
	size_t n = 0;
	char *now = mk_read(path, &n);
	bool same = now && n == strlen(text) && memcmp(now, text, n) == 0;

	free(now);
	return same;
}

static const char *without_second(void)
{
	static char text[] = MK_PLAIN;
	char *row = strstr(text, "2\t\\N\n");

	if (row)
		memmove(row, row + 5, strlen(row + 5) + 1);
	return text;
}

static void has_old_attributes(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_mtim.tv_sec, old_time);
	assert_int_equal(st.st_mtim.tv_nsec, 123456789);
	if (geteuid() == 0) {
		assert_int_equal(st.st_uid, 1234);
		assert_int_equal(st.st_gid, 4321);
	}
}

static void owner_mode_and_time_stay(void **state)
{
	(void)state;
	make_old("a.sql");
	replaced("a.sql");
	assert_true(holds("a.sql", without_second()));
	has_old_attributes("a.sql");
	assert_int_equal(count_files("."), 1);
}

static void a_link_stays_a_link(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(mkdir("real", 0700), 0);
	make_old("real/a.sql");
	assert_int_equal(symlink("real/a.sql", "latest"), 0);
	replaced("latest");
	assert_int_equal(lstat("latest", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_true(holds("real/a.sql", without_second()));
	assert_int_equal(count_files("real"), 1);
	assert_int_equal(count_files("."), 2);
}

/* ---- checksum files ---- */

static void checksums_follow(void **state)
{
	static const char *const make[] = {
		"sha256sum a.sql > a.sql.sha256", "sha256sum ./a.sql > a.sql.sha256", "sha256sum -b a.sql > a.sql.sha256",
		"sha256sum --tag a.sql > a.sql.sha256", "sha512sum a.sql > a.sql.sha512", "sha1sum a.sql > a.sql.sha1",
		"md5sum a.sql > a.sql.md5", "sha256sum a.sql other.sql > SHA256SUMS", "sha256sum aa.sql a.sql > SHA256SUMS",
		"md5sum other.sql a.sql aa.sql > MD5SUMS", "sha256sum a.sql | tr a-f A-F | sed s/A.sql/a.sql/ > a.sql.sha256",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(make); i++) {
		const char *side = strrchr(make[i], ' ') + 1;
		const char *tool = strstr(side, "512") ? "sha512sum" : strstr(side, "256") ? "sha256sum" :
				   strstr(side, "sha1") ? "sha1sum" : "md5sum";
		char check[128];

		put("other.sql", "other\n");
		put("aa.sql", "aa\n");
		make_old("a.sql");
		sh(make[i]);
		assert_int_equal(chmod(side, 0604), 0);
		replaced("a.sql");
		snprintf(check, sizeof(check), "%s --strict -c %s >/dev/null 2>&1; echo $?; stat -c %%a %s", tool, side, side);
		assert_string_equal(sh(check), "0");
		assert_string_equal(sh("stat -c %a SHA256SUMS *.sha* *.md5 MD5SUMS 2>/dev/null"), "604");
		assert_true(holds("a.sql", without_second()));
		assert_int_equal(count_files("."), 4);
		empty(state);
	}
}

static void a_lone_sum_follows(void **state)
{
	char sum[128];

	(void)state;
	make_old("a.sql");
	sh("sha256sum < a.sql | tr -d ' -' > a.sql.sha256");
	replaced("a.sql");
	snprintf(sum, sizeof(sum), "%s", sh("sha256sum < a.sql | tr -d ' -'"));
	assert_string_equal(sh("cat a.sql.sha256"), sum);
}

/* ---- refusals ---- */

static void nothing_changed(int files)
{
	assert_true(holds("a.sql", MK_PLAIN));
	has_old_attributes("a.sql");
	assert_int_equal(count_files("."), files);
}

static void signatures_and_locks_refuse(void **state)
{
	static const struct { const char *name, *why; } beside[] = {
		{ "a.sql.asc", "a signature" }, { "a.sql.sig", "a signature" }, { "a.sql.gpg", "a signature" },
		{ "a.sql.minisig", "a signature" }, { "a.sql.p7s", "a signature" }, { "a.sql.lock", "a lock" },
		{ "a.sql.lck", "a lock" }, { "a.sql.sha256", "expected the sha256 checksum" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
		make_old("a.sql");
		put(beside[i].name, "x\n");
		refused("a.sql", beside[i].why);
		nothing_changed(2);
		unlink(beside[i].name);
	}
	sh("echo x | sha256sum | sed 's/-/a.sql/' > a.sql.sha256");
	refused("a.sql", "does not fit the archive as it is now");
	nothing_changed(2);
	sh("echo x | md5sum | sed 's/-/a.sql/' > MD5SUMS; rm a.sql.sha256");
	refused("a.sql", "does not fit the archive as it is now");
	nothing_changed(2);
}

static void other_names_and_kinds_refuse(void **state)
{
	(void)state;
	make_old("a.sql");
	assert_int_equal(link("a.sql", "b.sql"), 0);
	refused("a.sql", "2 names");
	nothing_changed(2);
	refused("nowhere.sql", "could not be opened");
	assert_int_equal(mkfifo("pipe", 0600), 0);
	refused("pipe", "a device, pipe or socket");
	put("a.txt", "hello\n");
	refused("a.txt", "expected an archive of pg_dump");
}

static void a_held_lock_refuses(void **state)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd;

	(void)state;
	make_old("a.sql");
	fd = open("a.sql", O_RDWR);
	assert_int_equal(flock(fd, LOCK_SH), 0);
	refused("a.sql", "somebody holds a lock");
	assert_int_equal(flock(fd, LOCK_UN), 0);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	refused("a.sql", "somebody holds a lock");
	nothing_changed(1);
	close(fd);
	replaced("a.sql");
}

static void what_changed_meanwhile_refuses(void **state)
{
	struct dump_calls calls = { .row = second_row };
	AUTO_DUMP_REPLACE r = DUMP_REPLACE_INIT;
	AUTO(dump_free_auto) struct dump *dump = NULL;
	struct diag d = DIAG_INIT;

	(void)state;
	make_old("a.sql");
	assert_true(dump_replace_begin(&r, "a.sql", &d) && dump_open("a.sql", NULL, &dump, &d) &&
		    dump_rewrite(dump, r.temp, &calls, NULL, &d));
	put("a.sql", MK_PLAIN);
	assert_false(dump_replace_commit(&r, &d));
	assert_non_null(strstr(d.message, "has changed since"));
	dump_replace_done(&r);
	assert_true(holds("a.sql", MK_PLAIN));
	assert_int_equal(count_files("."), 1);
}

/* ---- directories ---- */

static void make_directory(void)
{
	mk_directory("d", 16, entries, ARRAY_SIZE(entries));
	assert_int_equal(chmod("d", 0750), 0);
	assert_int_equal(chmod("d/4.dat", 0640), 0);
}

#define OLD_ROWS MK_ROWS "\\.\n\n\n"
#define NEW_ROWS "1\tone\n3\ta\\tb\\\\\n\\.\n\n\n"

static void directories_are_exchanged(void **state)
{
	struct stat st;

	(void)state;
	make_directory();
	put("d/note.txt", "of a person\n");
	put("e", "");
	refused("e", "expected an archive");
	assert_int_equal(utimensat(AT_FDCWD, "d", (struct timespec[]){ { old_time, 5 }, { old_time, 6 } }, 0), 0);
	replaced("d");
	assert_true(holds("d/4.dat", NEW_ROWS));
	assert_true(holds("d/5.dat", "INSERT INTO public.t VALUES (1, 'it''s');\n\n\n"));
	assert_true(holds("d/note.txt", "of a person\n"));
	assert_true(holds("d/blob_77.dat", "picture"));
	assert_int_equal(stat("d", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(st.st_mtim.tv_sec, old_time);
	assert_int_equal(stat("d/4.dat", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(count_files("."), 2);
	put("d/4.dat.sig", "x");
	refused("d", "a signature lies in it");
	unlink("d/4.dat.sig");
	put("d/SHA256SUMS", "x");
	refused("d", "a checksum file lies in it");
}

/* ---- a death at each system call ---- */

static void child(const char *path)
{
	struct diag d = DIAG_INIT;

	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	_exit(replace(path, &d) ? 0 : 1);
}

/* Kills before the k-th system call; false: there are not so many, and all went well. */
static bool dies_at(const char *path, int k)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		child(path);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	for (int i = 0; i < 2 * k + 1; i++) {
		assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status)) {
			assert_int_equal(WEXITSTATUS(status), 0);
			return false;
		}
	}
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return true;
}

static void swept(void)
{
	struct diag d = DIAG_INIT;
	size_t n;

	if (!dump_replace_sweep(".", &n, &d))
		fail_msg("%s", d.message);
}

/* Checksum files of the old and of the new archive, by the usual programs. */
struct sums {
	char *sha256[2], *md5[2];
};

static void make_sums(struct sums *s)
{
	const char *const text[2] = { MK_PLAIN, without_second() };
	size_t n;

	for (int i = 0; i < 2; i++) {
		put("a.sql", text[i]);
		sh("sha256sum a.sql > a.sql.sha256; md5sum other.sql a.sql > MD5SUMS");
		s->sha256[i] = mk_read("a.sql.sha256", &n);
		s->md5[i] = mk_read("MD5SUMS", &n);
	}
	assert_string_not_equal(s->md5[0], s->md5[1]);
}

static void free_sums(struct sums *s)
{
	for (int i = 0; i < 2; i++) {
		free(s->sha256[i]);
		free(s->md5[i]);
	}
}

static void file_survives_any_death(void **state)
{
	bool more = true;
	int count[2] = { 0, 0 };
	struct sums sums;

	(void)state;
	put("other.sql", "other\n");
	make_sums(&sums);
	for (int k = 0; more; k++) {
		bool new;

		unlink("a.sql");
		make_old("a.sql");
		put("a.sql.sha256", sums.sha256[0]);
		put("MD5SUMS", sums.md5[0]);
		more = dies_at("a.sql", k);
		new = holds("a.sql", without_second());
		assert_true(new || holds("a.sql", MK_PLAIN));
		count[new]++;
		has_old_attributes("a.sql");
		swept();
		assert_true(holds("a.sql.sha256", sums.sha256[new]));
		assert_true(holds("MD5SUMS", sums.md5[new]));
		assert_int_equal(count_files("."), 4);
	}
	free_sums(&sums);
	assert_true(count[0] > 20 && count[1] > 5);
	replaced("a.sql");
	has_old_attributes("a.sql");
}

static void directory_survives_any_death(void **state)
{
	bool more = true;
	int old = 0, new = 0;

	(void)state;
	for (int k = 0; more; k++) {
		make_directory();
		more = dies_at("d", k);
		old += holds("d/4.dat", OLD_ROWS);
		new += holds("d/4.dat", NEW_ROWS);
		assert_int_equal(old + new, k + 1);
		swept();
		assert_int_equal(count_files("."), 1);
		assert_int_equal(count_files("d"), 5);
		empty(state);
	}
	assert_true(old > 20 && new > 5);
}

static void sweep_leaves_what_is_worked_on(void **state)
{
	struct diag d = DIAG_INIT;
	size_t n = 9;
	int fd;

	(void)state;
	make_old("a.sql");
	put(".a.sql.pgretain-new", "half of it");
	put(".gone.sql.pgretain-new", "its archive is gone");
	put(".pgretain-new", "not ours");
	put("x.pgretain-new", "not ours");
	fd = open("a.sql", O_RDONLY);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_true(dump_replace_sweep(".", &n, &d));
	assert_int_equal(n, 1);
	assert_true(holds(".a.sql.pgretain-new", "half of it"));
	close(fd);
	assert_true(dump_replace_sweep(".", &n, &d));
	assert_int_equal(n, 1);
	assert_int_equal(count_files("."), 3);
	assert_false(dump_replace_sweep("nowhere", NULL, &d));
}

/* ---- no room ---- */

/* In a process of its own, where no file may grow beyond that. */
static bool fits_in(const char *path, rlim_t most)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct diag d = DIAG_INIT;

		signal(SIGXFSZ, SIG_IGN);
		if (setrlimit(RLIMIT_FSIZE, &(struct rlimit){ most, most }) != 0)
			_exit(3);
		_exit(replace(path, &d) ? 0 : strstr(d.message, "could not be written: File too large") ? 1 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	return WEXITSTATUS(status) == 0;
}

static void without_room_the_old_one_stays(void **state)
{
	size_t size = strlen(without_second());

	(void)state;
	for (rlim_t most = 0; most < size; most += 41) {
		make_old("a.sql");
		sh("sha512sum a.sql > a.sql.sha512");
		assert_false(fits_in("a.sql", most));
		nothing_changed(2);
		make_directory();
		if (!fits_in("d", most / 10))
			assert_true(holds("d/4.dat", OLD_ROWS));
		assert_int_equal(count_files("d"), 5);
		assert_int_equal(count_files("."), 3);
		empty(state);
	}
	make_old("a.sql");
	assert_true(fits_in("a.sql", size));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(owner_mode_and_time_stay, empty),
		cmocka_unit_test_teardown(a_link_stays_a_link, empty),
		cmocka_unit_test_teardown(checksums_follow, empty),
		cmocka_unit_test_teardown(a_lone_sum_follows, empty),
		cmocka_unit_test_teardown(signatures_and_locks_refuse, empty),
		cmocka_unit_test_teardown(other_names_and_kinds_refuse, empty),
		cmocka_unit_test_teardown(a_held_lock_refuses, empty),
		cmocka_unit_test_teardown(what_changed_meanwhile_refuses, empty),
		cmocka_unit_test_teardown(directories_are_exchanged, empty),
		cmocka_unit_test_teardown(file_survives_any_death, empty),
		cmocka_unit_test_teardown(directory_survives_any_death, empty),
		cmocka_unit_test_teardown(sweep_leaves_what_is_worked_on, empty),
		cmocka_unit_test_teardown(without_room_the_old_one_stays, empty),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
