/* Inside dump/: bytes in, bytes out, buffers that grow to a limit, refusals. */
#ifndef PGRETAIN_DUMP_IO_H
#define PGRETAIN_DUMP_IO_H

#include "dump/dump.h"

#include <stdio.h>

/* What is read, decoded and looked at at once. Small for fuzzing, so that borders fall into small files. */
#ifndef DUMP_BUFFER
#define DUMP_BUFFER (512 * 1024)
#endif

/* Class STEP, "PATH: …". */
bool dump_fail(struct diag *d, const char *path, const char *fmt, ...) printf_like(3, 4);
/* The same with strerror(errno) behind. */
bool dump_fail_io(struct diag *d, const char *path, const char *what);
/* "byte N, entry ID DESC SCHEMA.TAG" for a failure inside an entry; a caller's own place stays. */
void dump_where(struct diag *d, uint64_t pos, const struct dump_entry *e);

/* Gives the next piece, valid until the next call; *ret_n 0: the end. */
struct source {
	bool (*next)(struct source *s, const uint8_t **ret, size_t *ret_n, struct diag *d);
};
struct sink {
	bool (*put)(struct sink *s, const void *bytes, size_t n, struct diag *d);
};

/* Bytes that grow; a few more than `cap` are readable. */
#define BYTES_SLACK 32
struct bytes {
	char *buf;
	size_t len, cap;
};
void bytes_reserve(struct bytes *b, size_t cap);	/* doubles up to 16 MiB, then in steps of that */
void bytes_add(struct bytes *b, const void *p, size_t n);
void bytes_done(struct bytes *b);

/* Buffered reading of a file, or of what another source gives. */
struct in {
	const char *path;
	int fd;				/* -1: `from` */
	struct source *from;
	uint8_t *buf;			/* of its own for a file; else the source's piece */
	const uint8_t *p;
	size_t left;			/* unread bytes at p */
	uint64_t pos;			/* of p */
	const struct dump_calls *calls;	/* whom to tick, or NULL */
	uint64_t ticked;
};
void in_file(struct in *in, const char *path, int fd);
void in_source(struct in *in, const char *path, struct source *from);
void in_done(struct in *in);		/* buffer only */
bool in_seek(struct in *in, uint64_t pos, struct diag *d) must_use;	/* files; forward for sources */
/* Up to `max` bytes without copying them; *ret_n 0: the end. Consumes them. */
bool in_piece(struct in *in, size_t max, const uint8_t **ret, size_t *ret_n, struct diag *d) must_use;
/* Exactly n bytes; the end is a failure: "ends inside WHAT". */
bool in_get(struct in *in, void *buf, size_t n, const char *what, struct diag *d) must_use;
bool in_skip(struct in *in, uint64_t n, const char *what, struct diag *d) must_use;
/* Appends n bytes to b, growing it only as far as bytes come. */
bool in_append(struct in *in, struct bytes *b, uint64_t n, const char *what, struct diag *d) must_use;
bool in_at_end(struct in *in, bool *ret, struct diag *d) must_use;
/* dump_fail with "byte N" of the next byte. */
bool in_fail(struct in *in, struct diag *d, const char *fmt, ...) printf_like(3, 4);

/* The next `left` bytes of an in, as a source. */
struct part {
	struct source source;
	struct in *in;
	uint64_t left;
	const char *what;
};
void part_init(struct part *p, struct in *in, uint64_t n, const char *what);
bool part_skip(struct part *p, struct diag *d) must_use;

/* Buffered writing to a file whose position may be patched; or, without fd, into another sink. */
struct out {
	struct sink sink;
	const char *path;
	int fd;
	struct sink *to;
	uint8_t *buf;
	size_t len;
	uint64_t pos;			/* of the next byte */
};
void out_file(struct out *o, const char *path, int fd);
void out_sink(struct out *o, const char *path, struct sink *to);
bool out_put(struct out *o, const void *bytes, size_t n, struct diag *d) must_use;
bool out_flush(struct out *o, struct diag *d) must_use;
bool out_patch(struct out *o, uint64_t pos, const void *bytes, size_t n, struct diag *d) must_use;
/* Flush and fsync (files). */
bool out_sync(struct out *o, struct diag *d) must_use;
void out_done(struct out *o);		/* buffer only */

#endif
