#include "sched/tzif.h"

#define EPOCH_2000 INT64_C(946684800)		/* 2000-01-01 in Unix time */
#define BIG_BANG (-(INT64_C(1) << 59))		/* RFC 8536: no earlier transition */
#define HEADER 44
#define FOOTER_MAX 128

/* Bytes not yet read; `bad` once something was missing, everything after reads as 0. */
struct cursor {
	const unsigned char *p;
	size_t left;
	bool bad;
};

static const unsigned char *take(struct cursor *c, size_t n)
{
	const unsigned char *p = c->p;

	if (c->bad || n > c->left) {
		c->bad = true;
		return NULL;
	}
	c->p += n;
	c->left -= n;
	return p;
}

static int64_t take_be(struct cursor *c, size_t n)
{
	const unsigned char *p = take(c, n);
	uint64_t v = p && p[0] & 0x80 ? ~UINT64_C(0) : 0;

	for (size_t i = 0; p && i < n; i++)
		v = v << 8 | p[i];
	return (int64_t)v;
}

struct header {
	char version;
	size_t isut, isstd, leap, time, type, chars;
};

static bool take_header(struct cursor *c, struct header *h)
{
	const unsigned char *p = take(c, 20);
	size_t *counts[] = { &h->isut, &h->isstd, &h->leap, &h->time, &h->type, &h->chars };

	if (!p || memcmp(p, "TZif", 4) != 0)
		return false;
	h->version = (char)p[4];
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		int64_t v = take_be(c, 4);

		if (v < 0 || v > 65536)
			return false;
		*counts[i] = (size_t)v;
	}
	return !c->bad;
}

static bool skip_block(struct cursor *c, const struct header *h)
{
	take(c, h->time * 5 + h->type * 6 + h->chars + h->leap * 8 + h->isstd + h->isut);
	return !c->bad;
}

static const char *counts_wrong(const struct header *h)
{
	if (h->leap)
		return "it counts leap seconds";
	if (h->type == 0 || h->type > 256 || h->chars == 0)
		return "it has no local time type";
	if ((h->isut && h->isut != h->type) || (h->isstd && h->isstd != h->type))
		return "its counts disagree";
	return NULL;
}

/* The 64-bit block. NULL, or what is wrong. */
static const char *read_block(struct arena *a, struct cursor *c, const struct header *h, struct zone *z)
{
	const unsigned char *index;
	int64_t offsets[256];

	z->n = h->time;
	z->at = arena_alloc(a, (h->time + 1) * sizeof(*z->at));
	z->offset = arena_alloc(a, (h->time + 1) * sizeof(*z->offset));
	for (size_t i = 0; i < h->time; i++) {
		int64_t at = take_be(c, 8);

		if (at < BIG_BANG || at > -BIG_BANG)
			return "a transition is out of range";
		z->at[i] = at - EPOCH_2000;
		if (i > 0 && z->at[i] <= z->at[i - 1])
			return "its transitions are not ascending";
	}
	index = take(c, h->time);
	for (size_t i = 0; i < h->type; i++) {
		offsets[i] = take_be(c, 4);
		if (offsets[i] < -89999 || offsets[i] > 93599)
			return "an offset is out of range";
		take(c, 2);
	}
	take(c, h->chars + h->isstd + h->isut);
	if (c->bad)
		return "it ends early";
	z->offset[0] = offsets[0];
	for (size_t i = 0; i < h->time; i++) {
		if (index[i] >= h->type)
			return "a transition names an unknown type";
		z->offset[i + 1] = offsets[index[i]];
	}
	return NULL;
}

static const char *read_footer(struct cursor *c, struct zone *z)
{
	char text[FOOTER_MAX];
	size_t n = c->left;

	if (n < 2 || n > sizeof(text) || c->p[0] != '\n' || c->p[n - 1] != '\n' || memchr(c->p, 0, n))
		return "its footer is malformed";
	memcpy(text, c->p + 1, n - 2);
	text[n - 2] = '\0';
	if (!*text)
		return NULL;	/* nothing known: the last offset goes on */
	z->has_posix = true;
	return tz_posix_parse(text, &z->posix) ? NULL : "its footer is malformed";
}

static const char *read_file(struct arena *a, struct cursor *c, struct zone *z)
{
	struct header h;
	const char *why;

	if (!take_header(c, &h))
		return "it is no TZif file";
	if (h.version < '2')
		return "its TZif version is too old, 2 is needed";
	if (!skip_block(c, &h) || !take_header(c, &h))
		return "it ends early";
	why = counts_wrong(&h);
	if (!why)
		why = read_block(a, c, &h, z);
	return why ? why : read_footer(c, z);
}

bool zone_parse(struct arena *a, const char *name, const void *bytes, size_t n, const struct zone **ret,
		struct diag *d)
{
	struct zone *z = arena_alloc(a, sizeof(*z));
	struct cursor c = { .p = bytes, .left = n };
	const char *why = read_file(a, &c, z);

	if (why) {
		diag_fail(d, DIAG_CONFIG, "the file of zone \"%.60s\" can't be used: %s", name, why);
		diag_hint(d, "reinstall package tzdata");
		return false;
	}
	z->name = arena_strdup(a, name);
	*ret = z;
	return true;
}
