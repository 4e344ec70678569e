/* Tar archives: toc.dat, the data of each entry as a member in the order in which pg_restore reads
 * forward, restore.sql, two empty blocks. */
#include "dump/pass.h"
#include "dump/sniff.h"

#include "dump/files.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <unistd.h>

struct member {
	uint8_t head[TAR_BLOCK];
	char name[101];
	uint64_t size;
	bool end;			/* the empty blocks have come */
};

struct walk {
	struct pass *p;
	struct unwrapped u;
	struct out *out;
	bool *met;
	struct member m;
	struct decoder *dec;
	struct encoder *enc;
	struct { const char *name; size_t i; } *names;	/* sorted by name */
	size_t nnames;
	size_t blobs;			/* entry whose list comes behind its objects */
	bool seen_toc, seen_script;
};

/* ---- headers ---- */

static uint64_t checksum(const uint8_t *h)
{
	uint64_t sum = 0;

	for (int i = 0; i < TAR_BLOCK; i++)
		sum += i >= 148 && i < 156 ? ' ' : h[i];
	return sum;
}

/* Octal digits ended by a blank or NUL, or base 256 with the first byte 0x80. */
static bool number(const uint8_t *p, size_t n, uint64_t *ret)
{
	size_t i = 0;

	*ret = 0;
	if (p[0] == 0x80) {
		for (i = 1; i < n; i++) {
			if (*ret >> 56)
				return false;
			*ret = *ret << 8 | p[i];
		}
		return true;
	}
	while (i < n && p[i] == ' ')
		i++;
	for (; i < n && p[i] >= '0' && p[i] <= '7'; i++)
		*ret = *ret << 3 | (uint64_t)(p[i] - '0');
	return i == n || p[i] == ' ' || p[i] == '\0';
}

static void put_number(uint8_t *p, size_t n, uint64_t value)
{
	char text[32];

	if (value >> (3 * (n - 1))) {
		for (size_t i = n; i-- > 1; value >>= 8)
			p[i] = (uint8_t)value;
		p[0] = 0x80;
		return;
	}
	snprintf(text, sizeof(text), "%0*llo ", (int)n - 1, (unsigned long long)value);
	memcpy(p, text, n);
}

static bool has_magic(const uint8_t *h)
{
	return memcmp(h + 257, "ustar\0" "00", 8) == 0 || memcmp(h + 257, "ustar  \0", 8) == 0 ||
	       memcmp(h + 257, "ustar00\0", 8) == 0;
}

bool tar_is_header(const uint8_t *h)
{
	uint64_t sum;

	return has_magic(h) && number(h + 148, 8, &sum) && sum == checksum(h);
}

static bool is_zero(const uint8_t *p, size_t n)
{
	while (n && *p == 0) {
		p++;
		n--;
	}
	return n == 0;
}

static bool put(struct walk *w, const void *p, size_t n, struct diag *d)
{
	return !w->out || out_put(w->out, p, n, d);
}

/* Zeros up to the end of the file; at least the second block of the end mark. */
static bool read_end(struct walk *w, struct diag *d)
{
	const uint8_t *p;
	size_t n = 1;
	uint64_t all = TAR_BLOCK;

	while (n) {
		if (!in_piece(&w->u.in, TAR_BLOCK, &p, &n, d))
			return false;
		if (!is_zero(p, n))
			return in_fail(&w->u.in, d, "expected zeros behind the end mark, found other bytes");
		all += n;
		if (n && !put(w, p, n, d))
			return false;
	}
	return all >= 2 * TAR_BLOCK || in_fail(&w->u.in, d, "the file ends inside its end mark; it is cut off");
}

static bool check_header(struct walk *w, struct diag *d)
{
	struct member *m = &w->m;
	struct in *in = &w->u.in;

	if (!tar_is_header(m->head))
		return in_fail(in, d, "expected a tar header with its checksum, found other bytes");
	memcpy(m->name, m->head, 100);
	if (m->head[156] != '0' && m->head[156] != '\0')
		return in_fail(in, d, "expected a plain file in the tar, found a member of type '%c'",
			       m->head[156] > ' ' && m->head[156] < 127 ? m->head[156] : '?');
	if (!number(m->head + 124, 12, &m->size) || m->size > (uint64_t)INT64_MAX - TAR_BLOCK)
		return in_fail(in, d, "expected the size of a member, found no number");
	return true;
}

static bool read_header(struct walk *w, struct diag *d)
{
	struct member *m = &w->m;

	*m = (struct member){ .size = 0 };
	if (!in_get(&w->u.in, m->head, TAR_BLOCK, "a tar header", d))
		return false;
	m->end = is_zero(m->head, TAR_BLOCK);
	return m->end ? put(w, m->head, TAR_BLOCK, d) && read_end(w, d) : check_header(w, d);
}

static bool read_padding(struct walk *w, struct diag *d)
{
	uint8_t zeros[TAR_BLOCK];
	size_t n = (TAR_BLOCK - w->m.size % TAR_BLOCK) % TAR_BLOCK;

	if (!in_get(&w->u.in, zeros, n, "a member's padding", d))
		return false;
	return is_zero(zeros, n) || in_fail(&w->u.in, d, "expected zeros behind a member, found other bytes");
}

/* ---- members ---- */

static bool put_padding(struct walk *w, uint64_t size, struct diag *d)
{
	static const uint8_t zeros[TAR_BLOCK];

	return put(w, zeros, (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK, d);
}

static bool copy_member(struct walk *w, struct part *part, struct diag *d)
{
	const uint8_t *p;
	size_t n = 1;

	if (!w->out)
		return part_skip(part, d);
	if (!put(w, w->m.head, TAR_BLOCK, d))
		return false;
	while (n)
		if (!part->source.next(&part->source, &p, &n, d) || !put(w, p, n, d))
			return false;
	return put_padding(w, w->m.size, d);
}

static void set_size(uint8_t *head, uint64_t size)
{
	put_number(head + 124, 12, size);
	put_number(head + 148, 8, checksum(head));
}

/* Writes a member whose size is known at its end only: into the seekable file itself, or by way of a
 * nameless file beside it when the output is wrapped. */
struct member_out {
	struct out spool;
	struct out *to;			/* where the data goes */
	uint64_t head_at, begin;
	int fd;				/* of the spool, or -1 */
};

static bool member_begin(struct walk *w, struct member_out *m, struct diag *d)
{
	m->fd = -1;
	if (!w->out)
		return true;
	if (w->out->fd >= 0) {
		m->to = w->out;
		m->head_at = w->out->pos;
		if (!put(w, w->m.head, TAR_BLOCK, d))
			return false;
	} else {
		char *copy = xstrdup(w->out->path);

		m->fd = open(dirname(copy), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		free(copy);
		if (m->fd < 0)
			return dump_fail_io(d, w->out->path, "written beside (a nameless file)");
		out_file(&m->spool, w->out->path, m->fd);
		m->to = &m->spool;
	}
	m->begin = m->to->pos;
	return true;
}

static bool unspool(struct walk *w, struct member_out *m, struct diag *d)
{
	struct in in;
	const uint8_t *p;
	size_t n = 1;
	bool ok = out_flush(&m->spool, d);

	in_file(&in, w->out->path, m->fd);
	while (ok && n)
		ok = in_piece(&in, SIZE_MAX, &p, &n, d) && put(w, p, n, d);
	in_done(&in);
	return ok;
}

static bool member_end(struct walk *w, struct member_out *m, struct diag *d)
{
	uint64_t size;

	if (!w->out)
		return true;
	size = m->to->pos - m->begin;
	set_size(w->m.head, size);
	if (m->fd < 0)
		return out_patch(w->out, m->head_at, w->m.head, TAR_BLOCK, d) && put_padding(w, size, d);
	return put(w, w->m.head, TAR_BLOCK, d) && unspool(w, m, d) && put_padding(w, size, d);
}

static void member_done(struct member_out *m)
{
	if (m->fd < 0)
		return;
	out_done(&m->spool);
	close(m->fd);
}

static bool filter_member(struct walk *w, size_t i, struct part *part, struct diag *d)
{
	struct member_out m = { .fd = -1 };
	bool enough = false, ok;

	decoder_reset(w->dec);
	ok = member_begin(w, &m, d) &&
	     (w->p->dump->entries[i].kind == DUMP_ROWS ?
	      pass_rows(w->p, i, w->dec, &part->source, TAIL_ARCHIVE, w->out ? w->enc : NULL,
			m.to ? &m.to->sink : NULL, &enough, d) :
	      pass_drain(w->p, i, w->dec, &part->source, d)) &&
	     (!enough || part_skip(part, d)) && member_end(w, &m, d);
	member_done(&m);
	return ok;
}

/* toc.dat once more, without the entries to omit. */
static bool write_toc(struct walk *w, struct part *part, struct diag *d)
{
	struct member_out m = { .fd = -1 };
	bool ok, omit = false;

	for (size_t i = 0; i < w->p->dump->nentries; i++)
		omit |= w->p->treat[i] == DUMP_OMIT;
	if (!omit || !w->out)
		return copy_member(w, part, d);
	ok = part_skip(part, d) && member_begin(w, &m, d) &&
	     toc_write(&w->p->dump->impl->toc, w->p->dump, w->p->treat, m.to, NULL, d) && member_end(w, &m, d);
	member_done(&m);
	return ok;
}

/* The script for people holds the definitions too: those of omitted entries are cut out of it. */
static bool cut_omitted(struct walk *w, struct bytes *script, struct diag *d)
{
	const struct dump *dump = w->p->dump;

	for (size_t i = 0; i < dump->nentries; i++) {
		const struct dump_entry *e = &dump->entries[i];
		size_t n = strlen(e->defn);
		char *at, *again;

		if (w->p->treat[i] != DUMP_OMIT || n == 0)
			continue;
		at = memmem(script->buf, script->len, e->defn, n);
		again = at ? memmem(at + 1, script->len - (size_t)(at + 1 - script->buf), e->defn, n) : NULL;
		if (!at || again) {
			dump_fail(d, dump->path, "the statistics to leave out stand in restore.sql otherwise than in the "
				  "table of contents");
			dump_where(d, w->u.in.pos, e);
			return false;
		}
		memmove(at, at + n, script->len - (size_t)(at + n - script->buf));
		script->len -= n;
	}
	return true;
}

static bool walk_script(struct walk *w, struct part *part, struct diag *d)
{
	struct bytes script = { NULL, 0, 0 };
	struct member_out m = { .fd = -1 };
	bool ok, omit = false;

	for (size_t i = 0; i < w->p->dump->nentries; i++)
		omit |= w->p->treat[i] == DUMP_OMIT;
	if (!omit || !w->out)
		return copy_member(w, part, d);
	ok = in_append(part->in, &script, part->left, part->what, d) && cut_omitted(w, &script, d) &&
	     member_begin(w, &m, d) && out_put(m.to, script.buf, script.len, d) && member_end(w, &m, d);
	member_done(&m);
	bytes_done(&script);
	return ok;
}

/* ---- which entry a member belongs to ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Objects come before their list: the first list that has not come yet is theirs. */
static size_t next_blobs(struct walk *w)
{
	for (size_t i = 0; i < w->p->dump->nentries; i++)
		if (w->p->dump->entries[i].kind == DUMP_BLOBS && !w->met[i])
			return i;
	return SIZE_MAX;
}

static bool object_oid(const char *name, uint32_t *ret)
{
	unsigned long oid;
	int n = 0;

	if (sscanf(name, "blob_%lu.dat%n", &oid, &n) != 1 || n == 0 || name[n] || oid > UINT32_MAX)
		return false;
	*ret = (uint32_t)oid;
	return true;
}

static bool walk_object(struct walk *w, uint32_t oid, struct part *part, struct diag *d)
{
	size_t i = next_blobs(w);
	bool keep;

	if (i == SIZE_MAX)
		return in_fail(&w->u.in, d, "a large object stands behind the lists of all of them");
	if (!pass_object(w->p, i, oid, &keep, d))
		return false;
	if (keep || !w->out) {
		decoder_reset(w->dec);
		return w->out || !pass_decodes(w->p, i) ? copy_member(w, part, d) :
		       pass_drain(w->p, i, w->dec, &part->source, d);
	}
	set_size(w->m.head, 0);
	return part_skip(part, d) && put(w, w->m.head, TAR_BLOCK, d);
}

static size_t find_entry(struct walk *w, const char *name)
{
	void *found = w->nnames ? bsearch(&name, w->names, w->nnames, sizeof(*w->names), by_name) : NULL;

	return found ? w->names[(size_t)((char *)found - (char *)w->names) / sizeof(*w->names)].i : SIZE_MAX;
}

static bool walk_entry(struct walk *w, size_t i, struct part *part, struct diag *d)
{
	const struct dump_entry *e = &w->p->dump->entries[i];
	bool ok;

	if (w->met[i])
		return in_fail(&w->u.in, d, "a second member has the name %s", w->m.name);
	w->met[i] = true;
	ok = e->kind != DUMP_BLOBS && pass_decodes(w->p, i) ? filter_member(w, i, part, d) :
	     copy_member(w, part, d);
	if (!ok)
		dump_where(d, w->u.in.pos, e);
	return ok;
}

static bool walk_member(struct walk *w, struct diag *d)
{
	struct part part;
	uint32_t oid;
	size_t i;

	part_init(&part, &w->u.in, w->m.size, "a member of the tar");
	if (!w->seen_toc) {
		w->seen_toc = true;
		return write_toc(w, &part, d);
	}
	if (w->seen_script)
		return in_fail(&w->u.in, d, "a member stands behind restore.sql");
	if (streq(w->m.name, "restore.sql")) {
		w->seen_script = true;
		return walk_script(w, &part, d);
	}
	i = find_entry(w, w->m.name);
	/* up to 1.15 the list has this name, whatever its entry says */
	if (i == SIZE_MAX && streq(w->m.name, "blobs.toc"))
		i = next_blobs(w);
	if (i != SIZE_MAX)
		return walk_entry(w, i, &part, d);
	if (object_oid(w->m.name, &oid))
		return walk_object(w, oid, &part, d);
	return in_fail(&w->u.in, d, "a member has a name that no entry has");
}

static bool check_met(struct walk *w, struct diag *d)
{
	for (size_t i = 0; i < w->p->dump->nentries; i++) {
		if (!w->p->dump->entries[i].has_data || w->met[i])
			continue;
		in_fail(&w->u.in, d, "the tar ends without the data of an entry; it is cut off");
		dump_where(d, w->u.in.pos, &w->p->dump->entries[i]);
		return false;
	}
	return w->seen_script || in_fail(&w->u.in, d, "the tar ends without restore.sql; it is cut off");
}

static bool walk(struct walk *w, struct diag *d)
{
	for (;;) {
		if (!read_header(w, d))
			return false;
		if (w->m.end)
			return check_met(w, d);
		if (!walk_member(w, d) || !read_padding(w, d))
			return false;
	}
}

static void index_names(struct walk *w)
{
	const struct dump *dump = w->p->dump;

	w->names = xcalloc(dump->nentries + 1, sizeof(*w->names));
	for (size_t i = 0; i < dump->nentries; i++)
		if (dump->entries[i].has_data) {
			w->names[w->nnames].name = dump->entries[i].file;
			w->names[w->nnames++].i = i;
		}
	qsort(w->names, w->nnames, sizeof(*w->names), by_name);
}

bool tar_walk(struct pass *p, struct out *out, struct diag *d)
{
	struct walk w = { .p = p, .out = out };
	bool ok;

	unwrap(&w.u, p->dump, p->dump->impl->fd);
	w.u.in.calls = p->calls;
	w.met = xcalloc(p->dump->nentries + 1, sizeof(*w.met));
	index_names(&w);
	w.dec = decoder_new(p->dump->path, DUMP_NONE, FRAME_FILE);
	w.enc = encoder_new(DUMP_NONE, FRAME_FILE, 0);
	ok = walk(&w, d);
	decoder_free(w.dec);
	encoder_free(w.enc);
	free(w.met);
	free(w.names);
	unwrap_done(&w.u);
	return ok;
}

static bool read_toc(struct walk *w, struct dump *dump, struct diag *d)
{
	uint64_t begin;

	if (!read_header(w, d))
		return false;
	begin = w->u.in.pos;
	if (w->m.end || !streq(w->m.name, "toc.dat"))
		return in_fail(&w->u.in, d, "expected toc.dat as the first member of the tar, found another one; "
			       "not touched");
	if (!toc_read(&dump->impl->toc, &w->u.in, false, dump, dump->impl->arena, d))
		return false;
	return w->u.in.pos - begin == w->m.size ||
	       in_fail(&w->u.in, d, "toc.dat has %llu bytes, and its contents %llu", (unsigned long long)w->m.size,
		       (unsigned long long)(w->u.in.pos - begin));
}

bool tar_open(struct dump *dump, struct diag *d)
{
	struct walk w = { .out = NULL };
	bool ok;

	unwrap(&w.u, dump, dump->impl->fd);
	ok = read_toc(&w, dump, d);
	dump->codec = DUMP_NONE;
	unwrap_done(&w.u);
	return ok;
}
