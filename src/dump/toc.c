#include "dump/toc.h"

#include "base/instant.h"
#include "dump/sql.h"

#include <errno.h>
#include <limits.h>

#define MOST_ENTRIES 20000000
#define MOST_STRING ((uint64_t)1 << 30)

struct reader {
	struct toc *t;
	struct in *in;
	struct dump *dump;
	struct arena *a;
	struct diag *d;
	const char *what;
	struct bytes deps;
};

void toc_done(struct toc *t)
{
	bytes_done(&t->raw);
	free(t->ids);
	t->ids = NULL;
}

/* ---- primitives ---- */

void toc_put_int(uint8_t *to, uint32_t n)
{
	to[0] = 0;
	for (int i = 0; i < 4; i++)
		to[i + 1] = (uint8_t)(n >> (8 * i));
}

bool toc_int_value(const uint8_t *p, int64_t *ret)
{
	uint32_t n = (uint32_t)p[1] | (uint32_t)p[2] << 8 | (uint32_t)p[3] << 16 | (uint32_t)p[4] << 24;

	*ret = p[0] ? -(int64_t)n : (int64_t)n;
	return p[0] <= 1;
}

bool toc_get_int(struct in *in, int64_t *ret, const char *what, struct diag *d)
{
	uint8_t b[TOC_INT];

	if (!in_get(in, b, sizeof(b), what, d))
		return false;
	if (!toc_int_value(b, ret))
		return in_fail(in, d, "expected a number in %s, found the sign byte %d", what, b[0]);
	return true;
}

static const uint8_t *get_raw(struct reader *r, size_t n)
{
	size_t at = r->t->raw.len;

	if (!in_append(r->in, &r->t->raw, n, r->what, r->d))
		return NULL;
	return (const uint8_t *)r->t->raw.buf + at;
}

static bool get_byte(struct reader *r, int *ret)
{
	const uint8_t *p = get_raw(r, 1);

	if (p)
		*ret = *p;
	return p != NULL;
}

static bool get_int(struct reader *r, int64_t *ret)
{
	const uint8_t *p = get_raw(r, TOC_INT);

	if (!p)
		return false;
	if (!toc_int_value(p, ret))
		return in_fail(r->in, r->d, "expected a number in %s, found the sign byte %d", r->what, p[0]);
	return true;
}

/* NULL in the archive gives NULL. */
static bool get_str(struct reader *r, const char **ret)
{
	int64_t n;
	const uint8_t *p;

	*ret = NULL;
	if (!get_int(r, &n))
		return false;
	if (n == -1)
		return true;
	if (n < 0 || (uint64_t)n > MOST_STRING)
		return in_fail(r->in, r->d, "expected the length of a text in %s, found %lld", r->what, (long long)n);
	p = get_raw(r, (size_t)n);
	if (!p)
		return false;
	if (memchr(p, '\0', (size_t)n))
		return in_fail(r->in, r->d, "a text in %s holds a zero byte", r->what);
	*ret = arena_strndup(r->a, (const char *)p, (size_t)n);
	return true;
}

/* "" for NULL; left as it is by a failure. */
static bool get_text(struct reader *r, const char **ret)
{
	const char *s;

	if (!get_str(r, &s))
		return false;
	*ret = s ? s : "";
	return true;
}

static bool decimal(struct reader *r, const char *s, uint64_t most, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = s && *s >= '0' && *s <= '9' ? strtoull(s, &end, 10) : (end = NULL, 0);
	if (!end || *end || errno || *ret > most)
		return in_fail(r->in, r->d, "expected a decimal number in %s, found none or too large a one",
			       r->what);
	return true;
}

/* ---- header ---- */

static bool read_version(struct reader *r)
{
	const uint8_t *p = get_raw(r, 8);

	if (!p)
		return false;
	if (memcmp(p, "PGDMP", 5) != 0)
		return in_fail(r->in, r->d, "expected the mark PGDMP, found other bytes");
	if (p[5] != 1 || p[6] > 16)
		return in_fail(r->in, r->d, "archive version %d.%d is newer than this program knows (1.10 to 1.16); "
			       "not touched", p[5], p[6]);
	if (p[6] < 10)
		return in_fail(r->in, r->d, "archive version %d.%d is older than this program knows (1.10 to 1.16); "
			       "not touched", p[5], p[6]);
	if (p[7] != 0)
		return in_fail(r->in, r->d, "expected archive version 1.%d.0, found revision %d", p[6], p[7]);
	r->dump->minor = p[6];
	return true;
}

static bool read_sizes(struct reader *r, bool custom)
{
	const uint8_t *p = get_raw(r, 3);
	int want = custom ? 1 : 3;

	if (!p)
		return false;
	if (p[0] != 4)
		return in_fail(r->in, r->d, "expected integers of 4 bytes, found %d", p[0]);
	if (p[1] != 4 && p[1] != 8)
		return in_fail(r->in, r->d, "expected offsets of 4 or 8 bytes, found %d", p[1]);
	if (p[2] != want)
		return in_fail(r->in, r->d, "expected format byte %d, found %d", want, p[2]);
	r->t->offset_size = p[1];
	return true;
}

static bool read_compression(struct reader *r)
{
	int64_t level = -1;
	int codec = DUMP_GZIP;

	if (r->dump->minor < 15 && !get_int(r, &level))
		return false;
	if (r->dump->minor >= 15 && !get_byte(r, &codec))
		return false;
	if (level < -1 || level > 9)
		return in_fail(r->in, r->d, "expected a compression level of -1 to 9, found %lld", (long long)level);
	if (codec > DUMP_ZSTD)
		return in_fail(r->in, r->d, "expected compression 0 (none) to 3 (zstd), found %d", codec);
	/* the order of the archive's own numbers is another one than ours only for gzip, lz4, zstd: the same */
	r->dump->codec = level == 0 ? DUMP_NONE : (enum dump_codec)codec;
	r->dump->level = (int)level;
	return true;
}

static bool read_created(struct reader *r)
{
	int64_t v[7];
	static const struct { int64_t lo, hi; } range[7] = {
		{ 0, 60 }, { 0, 59 }, { 0, 23 }, { 1, 31 }, { 0, 11 }, { 0, 8099 }, { -1, 1 } };

	for (size_t i = 0; i < 7; i++) {
		if (!get_int(r, &v[i]))
			return false;
		if (v[i] < range[i].lo || v[i] > range[i].hi)
			return in_fail(r->in, r->d, "expected a date and time of day in %s, found %lld", r->what,
				       (long long)v[i]);
	}
	r->dump->created = instant_days_from_civil(v[5] + 1900, (int)v[4] + 1, (int)v[3]) * USECS_PER_DAY +
			   (v[2] * 3600 + v[1] * 60 + v[0]) * USECS_PER_SEC;
	return true;
}

static bool read_header(struct reader *r, bool custom)
{
	r->what = "the header";
	return read_version(r) && read_sizes(r, custom) && read_compression(r) && read_created(r) &&
	       get_text(r, &r->dump->database) && get_text(r, &r->dump->server_version) &&
	       get_text(r, &r->dump->dump_version);
}

/* ---- entries ---- */

static const struct {
	const char *desc;
	enum dump_kind kind;
} kinds[] = {
	{ "TABLE DATA", DUMP_ROWS }, { "BLOBS", DUMP_BLOBS }, { "STATISTICS DATA", DUMP_STATISTICS },
};

static enum dump_kind kind_of(const char *desc)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (streq(desc, kinds[i].desc))
			return kinds[i].kind;
	return DUMP_OTHER;
}

/* Before 1.11 the section is not written (pgdump-format 4). */
static int old_section(const char *desc)
{
	static const struct {
		const char *desc;
		int section;
	} known[] = {
		{ "COMMENT", 1 }, { "ACL", 1 }, { "TABLE DATA", 3 }, { "BLOBS", 3 }, { "BLOB COMMENTS", 3 },
		{ "CONSTRAINT", 4 }, { "CHECK CONSTRAINT", 4 }, { "FK CONSTRAINT", 4 }, { "INDEX", 4 },
		{ "RULE", 4 }, { "TRIGGER", 4 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (streq(desc, known[i].desc))
			return known[i].section;
	return 2;
}

static bool read_deps(struct reader *r, struct dump_entry *e)
{
	const char *s;
	uint64_t n;

	r->deps.len = 0;
	for (;;) {
		int id;

		if (!get_str(r, &s))
			return false;
		if (!s)
			break;
		if (!decimal(r, s, INT_MAX, &n))
			return false;
		id = (int)n;
		bytes_add(&r->deps, &id, sizeof(id));
	}
	e->ndeps = r->deps.len / sizeof(int);
	e->deps = arena_alloc(r->a, r->deps.len + 1);
	if (r->deps.len)
		memcpy((void *)(uintptr_t)e->deps, r->deps.buf, r->deps.len);
	return true;
}

static bool read_oids(struct reader *r, struct dump_entry *e)
{
	const char *s;
	uint64_t n;

	if (!get_str(r, &s) || !decimal(r, s, UINT32_MAX, &n) || !get_str(r, &s) ||
	    !decimal(r, s, UINT32_MAX, &n))
		return false;
	e->oid = (uint32_t)n;
	return true;
}

static bool read_names(struct reader *r, struct dump_entry *e)
{
	const char *unused, *with_oids;
	int64_t n = 0;

	if (!get_text(r, &e->tag) || !get_text(r, &e->desc))
		return false;
	if (r->dump->minor >= 11 ? !get_int(r, &n) : (n = old_section(e->desc), false))
		return false;
	if (n < 1 || n > 4)
		return in_fail(r->in, r->d, "expected a section of 1 to 4, found %lld", (long long)n);
	e->section = (int)n;
	n = 0;
	if (!get_text(r, &e->defn) || !get_str(r, &unused) || !get_str(r, &e->copy) ||
	    !get_text(r, &e->schema) || !get_str(r, &unused) ||
	    (r->dump->minor >= 14 && !get_str(r, &unused)) || (r->dump->minor >= 16 && !get_int(r, &n)) ||
	    !get_text(r, &e->owner) || !get_text(r, &with_oids))
		return false;
	if (n < 0 || n > 127)
		return in_fail(r->in, r->d, "expected a kind of relation, found %lld", (long long)n);
	e->relkind = (int)n;
	if (!streq(with_oids, "false") && !streq(with_oids, "true"))
		return in_fail(r->in, r->d, "expected \"true\" or \"false\", found another text");
	return true;
}

static bool read_offset(struct reader *r, struct dump_entry *e)
{
	const uint8_t *p;

	e->place.offset = r->t->raw.len;
	p = get_raw(r, 1 + r->t->offset_size);
	if (!p)
		return false;
	for (size_t i = 0; i < r->t->offset_size; i++)
		e->offset |= (uint64_t)p[i + 1] << (8 * i);
	if (p[0] < 1 || p[0] > 3)
		return in_fail(r->in, r->d, "expected an offset flag of 1 to 3, found %d", p[0]);
	e->position = p[0];
	if (e->has_data != (e->position != DUMP_NO_DATA))
		return in_fail(r->in, r->d, "the entry %s data, and its offset flag %d says the contrary",
			       e->has_data ? "has" : "has no", p[0]);
	return true;
}

/* toc.dat names a file for what has data and none for what has none. */
static bool read_file(struct reader *r, struct dump_entry *e)
{
	if (!get_text(r, &e->file))
		return false;
	if (e->has_data && (!*e->file || *e->file == '.' || strchr(e->file, '/')))
		return in_fail(r->in, r->d, "expected the name of a data file, found %s",
			       *e->file ? "another text" : "none");
	if (!e->has_data && *e->file)
		return in_fail(r->in, r->d, "an entry without data names a data file");
	return true;
}

static bool check_data(struct reader *r, struct dump_entry *e)
{
	e->kind = kind_of(e->desc);
	/* BLOB COMMENTS: SQL, of versions before 9.0 */
	if (e->has_data && e->kind != DUMP_ROWS && e->kind != DUMP_BLOBS && !streq(e->desc, "BLOB COMMENTS"))
		return in_fail(r->in, r->d, "an entry of type %s has data, which is not known to happen", e->desc);
	/* MATERIALIZED VIEW DATA and such have none; rows without data were never written */
	if (!e->has_data && (e->kind == DUMP_ROWS || e->kind == DUMP_BLOBS))
		return in_fail(r->in, r->d, "an entry of type %s has no data", e->desc);
	if (e->kind != DUMP_ROWS)
		return true;
	e->form = DUMP_INSERTS;
	if (e->copy && *e->copy)
		return copy_statement(r->in->path, e->copy, e, r->a, r->d);
	e->copy = NULL;
	return true;
}

static bool read_entry(struct reader *r, struct dump_entry *e, bool custom)
{
	int64_t id, data;

	e->file = e->desc = e->schema = e->tag = e->owner = "";
	e->place.start = r->t->raw.len;
	if (!get_int(r, &id) || !get_int(r, &data))
		return false;
	if (id <= 0)
		return in_fail(r->in, r->d, "expected a dump id above 0, found %lld", (long long)id);
	if (data != 0 && data != 1)
		return in_fail(r->in, r->d, "expected 0 or 1 (has data), found %lld", (long long)data);
	e->id = (int)id;
	e->has_data = data == 1;
	if (!read_oids(r, e) || !read_names(r, e) || !read_deps(r, e) ||
	    !(custom ? read_offset(r, e) : read_file(r, e)) || !check_data(r, e))
		return false;
	e->place.end = r->t->raw.len;
	return true;
}

/* ---- what the archive says of its text ---- */

static bool read_settings(struct reader *r, const struct dump_entry *e)
{
	const char *word;

	if (streq(e->desc, "ENCODING")) {
		if (!sql_setting(e->defn, "client_encoding", r->a, &r->dump->encoding))
			return in_fail(r->in, r->d, "expected SET client_encoding = '…' in the entry ENCODING");
		if (!encoding_is_safe(r->dump->encoding))
			return in_fail(r->in, r->d, "the encoding %s has characters that hold a backslash byte; such "
				       "archives cannot be treated", r->dump->encoding);
	}
	if (streq(e->desc, "STDSTRINGS")) {
		if (!sql_setting(e->defn, "standard_conforming_strings", r->a, &word))
			return in_fail(r->in, r->d,
				       "expected SET standard_conforming_strings = '…' in the entry STDSTRINGS");
		r->dump->std_strings = streq(word, "on");
	}
	return true;
}

static int by_id(const void *a, const void *b)
{
	const struct toc_id *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static bool index_ids(struct reader *r)
{
	struct toc *t = r->t;
	size_t n = r->dump->nentries;

	t->ids = xcalloc(n + 1, sizeof(*t->ids));
	for (size_t i = 0; i < n; i++)
		t->ids[i] = (struct toc_id){ r->dump->entries[i].id, i };
	qsort(t->ids, n, sizeof(*t->ids), by_id);
	for (size_t i = 1; i < n; i++)
		if (t->ids[i].id == t->ids[i - 1].id)
			return in_fail(r->in, r->d, "two entries have the dump id %d", t->ids[i].id);
	return true;
}

size_t toc_find(const struct toc *t, const struct dump *dump, int id)
{
	struct toc_id key = { id, 0 }, *found;

	found = bsearch(&key, t->ids, dump->nentries, sizeof(key), by_id);
	return found ? found->index : SIZE_MAX;
}

static bool read_entries(struct reader *r, bool custom)
{
	VEC(struct dump_entry) entries = { NULL, 0, 0 };
	int64_t count;

	r->t->count_at = r->t->raw.len;
	r->what = "the table of contents";
	if (!get_int(r, &count))
		return false;
	if (count < 0 || count > MOST_ENTRIES)
		return in_fail(r->in, r->d, "expected the number of entries, found %lld", (long long)count);
	for (int64_t i = 0; i < count; i++) {
		struct dump_entry *e = vec_add(r->a, &entries);

		if (!read_entry(r, e, custom)) {
			if (e->id)
				dump_where(r->d, r->in->pos, e);
			return false;
		}
		if (!read_settings(r, e))
			return false;
	}
	r->dump->entries = entries.v;
	r->dump->nentries = entries.n;
	return index_ids(r);
}

bool toc_read(struct toc *t, struct in *in, bool custom, struct dump *dump, struct arena *a, struct diag *d)
{
	struct reader r = { .t = t, .in = in, .dump = dump, .a = a, .d = d };
	bool ok;

	dump->encoding = "";
	ok = read_header(&r, custom) && read_entries(&r, custom);
	bytes_done(&r.deps);
	return ok;
}

/* ---- writing ---- */

static bool write_entry(const struct toc *t, const struct dump_entry *e, struct out *out, uint64_t *position,
			struct diag *d)
{
	static const uint8_t unrecorded[9] = { DUMP_UNRECORDED };
	const char *raw = t->raw.buf;
	size_t offset = e->place.offset;

	if (!position || !e->has_data)
		return out_put(out, raw + e->place.start, e->place.end - e->place.start, d);
	if (!out_put(out, raw + e->place.start, offset - e->place.start, d))
		return false;
	*position = out->pos;
	return out_put(out, unrecorded, 1 + t->offset_size, d);
}

bool toc_write(const struct toc *t, const struct dump *dump, const enum dump_treat *treat, struct out *out,
	       uint64_t *positions, struct diag *d)
{
	uint8_t count[TOC_INT];
	uint32_t n = 0;

	for (size_t i = 0; i < dump->nentries; i++)
		n += treat[i] != DUMP_OMIT;
	toc_put_int(count, n);
	if (!out_put(out, t->raw.buf, t->count_at, d) || !out_put(out, count, sizeof(count), d))
		return false;
	for (size_t i = 0; i < dump->nentries; i++)
		if (treat[i] != DUMP_OMIT &&
		    !write_entry(t, &dump->entries[i], out, positions ? &positions[i] : NULL, d))
			return false;
	return true;
}

bool toc_patch(const struct toc *t, struct out *out, uint64_t position, uint64_t offset, struct diag *d)
{
	uint8_t field[9] = { DUMP_RECORDED };

	/* "not recorded" is right where the number has no room */
	if (t->offset_size == 4 && offset > UINT32_MAX)
		return true;
	for (size_t i = 0; i < t->offset_size; i++)
		field[i + 1] = (uint8_t)(offset >> (8 * i));
	return out_patch(out, position, field, 1 + t->offset_size, d);
}
