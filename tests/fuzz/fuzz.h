/* For fuzz targets. Each is one function that takes any bytes and may do anything but crash, leak, hang, take
 * memory without bound, or break what it CLAIMs. libFuzzer calls it (make fuzz); without it the main() below
 * gives it every file of its corpus, which is a unit test. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CLAIM(cond) do { if (!(cond)) { \
	fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #cond); abort(); } } while (0)

/* As a string: up to the first NUL. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	CLAIM(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* A file in memory: its descriptor; `path` names it. */
static inline int fuzz_file(const void *data, size_t size, char path[32])
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	CLAIM(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

/* ---- folders ---- */

static char fuzz_folder_path[PATH_MAX];

static inline void fuzz_folder_empty(void)
{
	DIR *dir = opendir(fuzz_folder_path);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			CLAIM(unlinkat(dirfd(dir), e->d_name, 0) == 0);
	if (dir)
		closedir(dir);
}

static inline void fuzz_folder_remove(void)
{
	fuzz_folder_empty();
	rmdir(fuzz_folder_path);
}

/* One folder of this process, empty. */
static inline const char *fuzz_folder(void)
{
	const char *in = getenv("TMPDIR");

	if (*fuzz_folder_path) {
		fuzz_folder_empty();
		return fuzz_folder_path;
	}
	snprintf(fuzz_folder_path, sizeof(fuzz_folder_path), "%s/fuzz.XXXXXX", in && *in ? in : "/tmp");
	CLAIM(mkdtemp(fuzz_folder_path) && atexit(fuzz_folder_remove) == 0);
	return fuzz_folder_path;
}

/* Several files in one input: each begins with a line `=== NAME`; the line feed before it is not of the file
 * above. Calls each() with every file of an acceptable name. */
static inline void fuzz_files(const uint8_t *data, size_t size,
			      void (*each)(const char *name, const uint8_t *data, size_t size))
{
	static const char mark[] = "\n=== ";
	const uint8_t *at = data, *end = data + size;

	if (size < 4 || memcmp(data, mark + 1, 4) != 0)
		return;
	for (at += 4; at < end;) {
		const uint8_t *lf = memchr(at, '\n', (size_t)(end - at)), *next;
		char name[64];

		if (!lf)
			return;
		next = memmem(lf + 1, (size_t)(end - lf - 1), mark, 5);
		snprintf(name, sizeof(name), "%.*s", (int)(lf - at < 63 ? lf - at : 63), (const char *)at);
		if (*name && *name != '.' && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.-") ==
		    strlen(name))
			each(name, lf + 1, (size_t)((next ? next : end) - lf - 1));
		if (!next)
			return;
		at = next + 5;
	}
}

/* For fuzz_files: into the folder. */
static inline void fuzz_put_file(const char *name, const uint8_t *data, size_t size)
{
	int dir = open(fuzz_folder_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	CLAIM(dir >= 0);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CLAIM(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
	close(dir);
}

/* ---- without libFuzzer ---- */

#ifndef FUZZING
static inline void fuzz_replay(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *data;

	CLAIM(fd >= 0 && fstat(fd, &st) == 0);
	data = malloc((size_t)st.st_size + 1);
	CLAIM(data && read(fd, data, (size_t)st.st_size) == st.st_size);
	close(fd);
	fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
	free(data);
}

static inline int fuzz_replay_folder(const char *folder)
{
	struct dirent **v;
	int n = scandir(folder, &v, NULL, alphasort), done = 0;

	for (int i = 0; i < n; i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s", folder, v[i]->d_name);
		if (*v[i]->d_name != '.') {
			fuzz_replay(path);
			done++;
		}
		free(v[i]);
	}
	if (n >= 0)
		free(v);
	return done;
}

int main(int argc, char **argv)
{
	int done = 0;

	for (int i = 1; i < argc; i++, done++)
		fuzz_replay(argv[i]);
	if (argc == 1)
		done = fuzz_replay_folder(CORPUS);
	printf("[  PASSED  ] %d test(s).\n", done);
	return done == 0;
}
#endif

#endif
