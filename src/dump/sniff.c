#include "dump/sniff.h"

#include "dump/pass.h"

#define HEAD 1024
#define UNWRAP_BUFFER ((size_t)DUMP_BUFFER)

static bool file_next(struct source *s, const uint8_t **ret, size_t *ret_n, struct diag *d)
{
	struct unwrapped *u = (struct unwrapped *)((char *)s - offsetof(struct unwrapped, raw));

	return in_piece(&u->file, SIZE_MAX, ret, ret_n, d);
}

static bool decoded_next(struct source *s, const uint8_t **ret, size_t *ret_n, struct diag *d)
{
	struct unwrapped *u = (struct unwrapped *)((char *)s - offsetof(struct unwrapped, source));

	*ret = u->buf;
	return decoder_read(u->dec, &u->raw, u->buf, UNWRAP_BUFFER, ret_n, d);
}

static void unwrap_as(struct unwrapped *u, const char *path, int fd, enum dump_codec wrapper)
{
	*u = (struct unwrapped){ .source = { decoded_next }, .raw = { file_next } };
	if (wrapper == DUMP_NONE) {
		in_file(&u->in, path, fd);
		return;
	}
	in_file(&u->file, path, fd);
	u->dec = decoder_new(path, wrapper, FRAME_WRAPPER);
	u->buf = xmalloc(UNWRAP_BUFFER);
	in_source(&u->in, path, &u->source);
}

void unwrap(struct unwrapped *u, const struct dump *dump, int fd)
{
	unwrap_as(u, dump->path, fd, dump->wrapper);
}

void unwrap_done(struct unwrapped *u)
{
	in_done(&u->in);
	in_done(&u->file);
	if (u->dec)
		decoder_free(u->dec);
	free(u->buf);
	u->buf = NULL;
	u->dec = NULL;
}

/* ---- what it is ---- */

struct head {
	uint8_t bytes[HEAD];
	size_t n;
};

static bool read_head(const char *path, int fd, enum dump_codec wrapper, struct head *h, struct diag *d)
{
	struct unwrapped u;
	const uint8_t *p;
	size_t n = 1;
	bool ok = true;

	h->n = 0;
	unwrap_as(&u, path, fd, wrapper);
	while (ok && n && h->n < HEAD) {
		ok = in_piece(&u.in, HEAD - h->n, &p, &n, d);
		if (ok && n)
			memcpy(h->bytes + h->n, p, n);
		h->n += ok ? n : 0;
	}
	unwrap_done(&u);
	return ok;
}

#define BYTES(s) s, sizeof(s) - 1

static const struct {
	const char *mark;
	size_t n;
	enum dump_codec codec;
} wrappers[] = {
	{ BYTES("\x1f\x8b"), DUMP_GZIP },
	{ BYTES("\x28\xb5\x2f\xfd"), DUMP_ZSTD },
	{ BYTES("\x04\x22\x4d\x18"), DUMP_LZ4 },
};

static const struct {
	const char *mark;
	size_t n;
	const char *what;
} others[] = {
	{ BYTES("PK\x03\x04"), "a zip file" },
	{ BYTES("PK\x05\x06"), "an empty zip file" },
	{ BYTES("age-encryption.org"), "encrypted with age" },
	{ BYTES("-----BEGIN AGE"), "encrypted with age" },
	{ BYTES("-----BEGIN PGP"), "encrypted or signed with PGP" },
	{ BYTES("\x85"), "encrypted with PGP" },
	{ BYTES("\x8c"), "encrypted with PGP" },
	{ BYTES("\x84"), "encrypted with PGP" },
	{ BYTES("\xc1"), "encrypted with PGP" },
	{ BYTES("\xc3"), "encrypted with PGP" },
	{ BYTES("Salted__"), "encrypted with openssl" },
	{ BYTES("BZh"), "compressed with bzip2" },
	{ BYTES("\xfd" "7zXZ"), "compressed with xz" },
	{ BYTES("7z\xbc\xaf"), "a 7-zip file" },
	{ BYTES("SQLite format 3"), "an SQLite database" },
};

static bool begins(const struct head *h, const char *mark, size_t n)
{
	return h->n >= n && memcmp(h->bytes, mark, n) == 0;
}

static bool is_plain(const struct head *h)
{
	static const char *const first[] = {
		"--\n-- PostgreSQL database dump\n--\n", "--\n-- PostgreSQL database cluster dump\n--\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(first); i++)
		if (begins(h, first[i], strlen(first[i])))
			return true;
	return false;
}

static bool refuse(const struct dump *dump, const struct head *h, struct diag *d)
{
	const char *what = h->n ? "something else" : "an empty file";

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (begins(h, others[i].mark, others[i].n)) {
			what = others[i].what;
			break;
		}
	dump_fail(d, dump->path, "expected an archive of pg_dump (custom, directory, tar or plain), found %s; "
		  "not touched", what);
	diag_where(d, "byte 0");
	return false;
}

static bool sniff_head(struct dump *dump, const struct head *h, bool *ret)
{
	*ret = true;
	if (begins(h, "PGDMP", 5))
		dump->format = DUMP_CUSTOM;
	else if (is_plain(h))
		dump->format = DUMP_PLAIN;
	else if (h->n >= TAR_BLOCK && tar_is_header(h->bytes))
		dump->format = DUMP_TAR;
	else
		*ret = false;
	return *ret;
}

bool sniff_file(struct dump *dump, struct diag *d)
{
	struct head h;
	bool known;

	if (!read_head(dump->path, dump->impl->fd, DUMP_NONE, &h, d))
		return false;
	if (sniff_head(dump, &h, &known))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(wrappers); i++)
		if (begins(&h, wrappers[i].mark, wrappers[i].n))
			dump->wrapper = wrappers[i].codec;
	if (dump->wrapper == DUMP_NONE)
		return refuse(dump, &h, d);
	if (!read_head(dump->path, dump->impl->fd, dump->wrapper, &h, d))
		return false;
	if (!sniff_head(dump, &h, &known))
		return refuse(dump, &h, d);
	if (dump->format == DUMP_CUSTOM)
		return dump_fail(d, dump->path, "a custom archive inside %s: unpack it first; not touched",
				 dump_codec_word(dump->wrapper));
	return true;
}
