/* Inside dump/: header and table of contents of custom archives and of toc.dat. */
#ifndef PGRETAIN_DUMP_TOC_H
#define PGRETAIN_DUMP_TOC_H

#include "dump/io.h"

struct toc_id {
	int id;
	size_t index;
};

/* The raw bytes stay, for writing them again. */
struct toc {
	struct bytes raw;		/* magic to the end of the table of contents */
	size_t count_at;		/* of the number of entries */
	size_t offset_size;
	struct toc_id *ids;		/* sorted */
};
void toc_done(struct toc *t);

/* Fills version, codec, level, names, created, encoding, std_strings and entries of dump from `in`, which
 * stands at the magic. in_archive: the format byte must be custom's, else tar's. */
bool toc_read(struct toc *t, struct in *in, bool custom, struct dump *dump, struct arena *a,
	      struct diag *d) must_use;
/* Index of that id, or SIZE_MAX. */
size_t toc_find(const struct toc *t, const struct dump *dump, int id);
/* Writes header and entries but those of treat OMIT. positions (custom; else NULL): where in `out` the
 * offset field of each entry stands; the fields say "not recorded" so far. */
bool toc_write(const struct toc *t, const struct dump *dump, const enum dump_treat *treat, struct out *out,
	       uint64_t *positions, struct diag *d) must_use;
bool toc_patch(const struct toc *t, struct out *out, uint64_t position, uint64_t offset, struct diag *d)
	must_use;

/* ints of the format: a sign byte, four bytes of magnitude. */
#define TOC_INT 5
void toc_put_int(uint8_t *to, uint32_t n);
bool toc_get_int(struct in *in, int64_t *ret, const char *what, struct diag *d) must_use;
bool toc_int_value(const uint8_t *p, int64_t *ret);	/* false: the sign byte is neither 0 nor 1 */

/* columns.c: what the COPY statement says. */
bool copy_statement(const char *path, const char *text, struct dump_entry *e, struct arena *a,
		    struct diag *d) must_use;
/* NULL, or why an encoding cannot be treated. */
bool encoding_is_safe(const char *encoding);

#endif
