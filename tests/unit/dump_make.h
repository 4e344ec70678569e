/* For tests of archives: small archives, written here by the format's description alone. */
#ifndef TESTS_DUMP_MAKE_H
#define TESTS_DUMP_MAKE_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct mk {
	unsigned char *p;
	size_t n, cap;
};

struct mk_entry {
	int id;
	const char *desc, *schema, *tag, *defn, *copy;
	const char *data;		/* payload, or NULL: has none; BLOBS: of object 77 */
};

#define MK_ENCODING { 1, "ENCODING", NULL, "ENCODING", "SET client_encoding = 'UTF8';\n", NULL, NULL }
#define MK_STRINGS { 2, "STDSTRINGS", NULL, "STDSTRINGS", "SET standard_conforming_strings = 'on';\n", NULL, NULL }
#define MK_ROWS "1\tone\n2\t\\N\n3\ta\\tb\\\\\n"
#define MK_TABLE { 3, "TABLE", "public", "t", "CREATE TABLE public.t (\n    id integer,\n    \"T\" text\n);\n", NULL, NULL }
#define MK_TABLE_DATA { 4, "TABLE DATA", "public", "t", NULL, "COPY public.t (id, \"T\") FROM stdin;\n", \
			MK_ROWS "\\.\n\n\n" }
#define MK_INSERTS { 5, "TABLE DATA", "public", "t", NULL, NULL, \
		     "INSERT INTO public.t VALUES (1, 'it''s');\nINSERT INTO public.t VALUES (2, NULL);\n\n\n" }
#define MK_BLOBS { 6, "BLOBS", NULL, "BLOBS", NULL, NULL, "picture" }

#define MK_PLAIN "--\n-- PostgreSQL database dump\n--\n\nSET client_encoding = 'UTF8';\n" \
	"SET standard_conforming_strings = on;\n\nCREATE TABLE public.t (\n    id integer,\n    \"T\" text\n);\n\n" \
	"COPY public.t (id, \"T\") FROM stdin;\n" MK_ROWS "\\.\n\n\n--\n-- PostgreSQL database dump complete\n--\n\n"

static inline void mk_add(struct mk *m, const void *p, size_t n)
{
	if (n == 0)
		return;
	if (m->n + n > m->cap) {
		m->cap = 2 * m->cap + n;
		m->p = realloc(m->p, m->cap);
	}
	memcpy(m->p + m->n, p, n);
	m->n += n;
}

static inline void mk_byte(struct mk *m, int c)
{
	mk_add(m, &(unsigned char){ (unsigned char)c }, 1);
}

static inline void mk_int(struct mk *m, int64_t n)
{
	uint32_t size = (uint32_t)(n < 0 ? -n : n);

	mk_byte(m, n < 0);
	for (int i = 0; i < 4; i++)
		mk_byte(m, (int)(size >> (8 * i) & 0xff));
}

static inline void mk_str(struct mk *m, const char *s)
{
	mk_int(m, s ? (int64_t)strlen(s) : -1);
	if (s)
		mk_add(m, s, strlen(s));
}

static inline void mk_header(struct mk *m, int minor, bool custom, size_t nentries)
{
	static const int created[7] = { 9, 40, 17, 30, 8, 124, 0 };

	mk_add(m, "PGDMP\1", 6);
	mk_byte(m, minor);
	mk_add(m, custom ? "\0\4\10\1" : "\0\4\10\3", 4);
	if (minor >= 15)
		mk_byte(m, 0);
	else
		mk_int(m, 0);
	for (int i = 0; i < 7; i++)
		mk_int(m, created[i]);
	mk_str(m, "shop");
	mk_str(m, "15.1");
	mk_str(m, "15.1");
	mk_int(m, (int64_t)nentries);
}

/* The entry's position in a custom archive is left at m->n - 9. */
static inline void mk_entry(struct mk *m, int minor, bool custom, const struct mk_entry *e)
{
	char file[32];

	mk_int(m, e->id);
	mk_int(m, e->data != NULL);
	mk_str(m, "0");
	mk_str(m, "16384");
	mk_str(m, e->tag);
	mk_str(m, e->desc);
	if (minor >= 11)
		mk_int(m, e->data ? 3 : 2);
	mk_str(m, e->defn);
	mk_str(m, NULL);
	mk_str(m, e->copy);
	mk_str(m, e->schema);
	mk_str(m, NULL);
	if (minor >= 14)
		mk_str(m, NULL);
	if (minor >= 16)
		mk_int(m, 'r');
	mk_str(m, "postgres");
	mk_str(m, "false");
	mk_str(m, "1");
	mk_str(m, NULL);
	snprintf(file, sizeof(file), strcmp(e->desc, "BLOBS") ? "%d.dat" : "blobs_%d.toc", e->id);
	if (custom)
		mk_add(m, e->data ? "\1\0\0\0\0\0\0\0\0" : "\3\0\0\0\0\0\0\0\0", 9);
	else
		mk_str(m, e->data ? file : NULL);
}

static inline void mk_chunk(struct mk *m, const char *data)
{
	if (*data)
		mk_str(m, data);
	mk_int(m, 0);
}

static inline void mk_block(struct mk *m, const struct mk_entry *e)
{
	bool blobs = strcmp(e->desc, "BLOBS") == 0;

	mk_byte(m, blobs ? 3 : 1);
	mk_int(m, e->id);
	if (blobs)
		mk_int(m, 77);
	mk_chunk(m, e->data);
	if (blobs)
		mk_int(m, 0);
}

static inline void mk_custom(struct mk *m, int minor, const struct mk_entry *e, size_t n)
{
	mk_header(m, minor, true, n);
	for (size_t i = 0; i < n; i++)
		mk_entry(m, minor, true, &e[i]);
	for (size_t i = 0; i < n; i++)
		if (e[i].data)
			mk_block(m, &e[i]);
}

static inline void mk_file(const char *path, const void *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, p, n) != (ssize_t)n || close(fd) != 0)
		abort();
}

static inline void mk_directory(const char *path, int minor, const struct mk_entry *e, size_t n)
{
	struct mk m = { NULL, 0, 0 };
	char name[512];

	if (mkdir(path, 0700) != 0)
		abort();
	mk_header(&m, minor, false, n);
	for (size_t i = 0; i < n; i++) {
		mk_entry(&m, minor, false, &e[i]);
		if (!e[i].data)
			continue;
		if (strcmp(e[i].desc, "BLOBS") == 0) {
			snprintf(name, sizeof(name), "%s/blobs_%d.toc", path, e[i].id);
			mk_file(name, "77 blob_77.dat\n", 15);
			snprintf(name, sizeof(name), "%s/blob_77.dat", path);
		} else {
			snprintf(name, sizeof(name), "%s/%d.dat", path, e[i].id);
		}
		mk_file(name, e[i].data, strlen(e[i].data));
	}
	snprintf(name, sizeof(name), "%s/toc.dat", path);
	mk_file(name, m.p, m.n);
	free(m.p);
}

/* All of a file; NULL when there is none. */
static inline char *mk_read(const char *path, size_t *ret_n)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	char *p;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) != 0)
		abort();
	p = malloc((size_t)st.st_size + 1);
	if (read(fd, p, (size_t)st.st_size) != st.st_size)
		abort();
	p[st.st_size] = '\0';
	*ret_n = (size_t)st.st_size;
	close(fd);
	return p;
}

#endif
