/* Inside dump/: what every format shares: one pass over an opened archive, with or without writing. */
#ifndef PGRETAIN_DUMP_PASS_H
#define PGRETAIN_DUMP_PASS_H

#include "dump/codec.h"
#include "dump/row.h"
#include "dump/toc.h"

struct dump_impl {
	struct arena *arena;
	struct toc toc;
	int fd;				/* of the file; of the directory */
	struct dir_file *files;		/* directory: all of them, sorted by name */
	size_t nfiles;
	uint64_t data_at;		/* custom: behind the table of contents */
	uint64_t max_row;
};

/* ROWS: what must stand behind the rows. */
enum tail {
	TAIL_ARCHIVE,			/* \. LF LF LF */
	TAIL_SCRIPT,			/* \. LF, or the last INSERT: the end of the part */
};

struct pass {
	struct dump *dump;
	const struct dump_calls *calls;
	struct dump_count *counts;	/* never NULL */
	enum dump_treat *treat;
	bool writing;
	bool deep;			/* dump_verify: what is no row is decoded too */
	struct bytes window;
	size_t begin;			/* of what is not done with, in window */
	struct row_split split;
	struct dump_row row;
	struct dump_row_impl row_impl;
	struct bytes rendered;
};

void pass_init(struct pass *p, struct dump *dump, const struct dump_calls *calls,
	       struct dump_count *counts, bool writing);
void pass_done(struct pass *p);
bool pass_start(struct pass *p, struct diag *d) must_use;	/* asks how to treat each entry */

/* The rows of entry i, decoded from `from`; when writing, encoded by enc into `to`, the stream ended.
 * ret_enough: the callback wants no more of them, and the source was left where it is. */
bool pass_rows(struct pass *p, size_t i, struct decoder *dec, struct source *from, enum tail tail,
	       struct encoder *enc, struct sink *to, bool *ret_enough, struct diag *d) must_use;
/* Decodes a stream to its end and counts its bytes. */
bool pass_drain(struct pass *p, size_t i, struct decoder *dec, struct source *from, struct diag *d)
	must_use;
/* Asks about a large object. */
bool pass_object(struct pass *p, size_t i, uint32_t oid, bool *ret_keep, struct diag *d) must_use;
int pass_level(const struct pass *p);
/* Is entry i decoded in this pass? */
bool pass_decodes(const struct pass *p, size_t i);

/* Inside pass_rows: pass.c for COPY, insert.c for INSERT. */
struct rows {
	struct pass *p;
	struct decoder *dec;
	struct source *from;
	struct encoder *enc;
	struct sink *to;
	size_t keep;			/* bytes of the window from here to p->begin are kept, not yet written */
	bool enough;
	struct dump_count *count;
};
/* More bytes behind those in the window; *ret false: there are none. p->begin moves to 0. */
bool rows_more(struct rows *r, bool *ret, struct diag *d) must_use;
/* Asks about a row whose fields' borders are set, and counts it; rows_count what was answered. */
bool rows_judge(struct rows *r, const char *raw, size_t len, enum dump_verdict *verdict, struct diag *d)
	must_use;
void rows_count(struct rows *r, enum dump_verdict verdict);
/* Behind the next `size` bytes; changed: `instead` is written in their place. */
bool rows_advance(struct rows *r, size_t size, bool changed, const char *instead, size_t n, struct diag *d)
	must_use;
bool insert_rows(struct rows *r, struct diag *d) must_use;

/* The formats. open: impl->fd is there. walk: out NULL unless writing. */
bool custom_open(struct dump *dump, struct diag *d) must_use;
bool custom_walk(struct pass *p, struct out *out, struct diag *d) must_use;
bool directory_open(struct dump *dump, struct diag *d) must_use;
bool directory_walk(struct pass *p, const char *out, struct diag *d) must_use;
bool tar_open(struct dump *dump, struct diag *d) must_use;
bool tar_walk(struct pass *p, struct out *out, struct diag *d) must_use;
bool plain_open(struct dump *dump, struct diag *d) must_use;
bool plain_walk(struct pass *p, struct out *out, struct diag *d) must_use;
/* Columns of INSERT statements that do not list them: from the tables' definitions. */
bool columns_complete(struct dump *dump, struct dump_entry *entries, struct diag *d) must_use;

#endif
