#include "model/tomb.h"

#include "base/instant.h"
#include "base/strbuf.h"

#include <stdlib.h>

#define UNIX_EPOCH (INT64_C(946684800) * USECS_PER_SEC)	/* of 2000-01-01 */

void tomb_secret(const struct secret_key *file, struct secret_key *ret)
{
	secret_derive(file, "pgretain.tombstone/1", ret);
}

void tomb_digest(const struct secret_key *k, size_t n, const char *const *columns, const enum judge_form *forms,
		 const struct tomb_value *values, unsigned char into[SECRET_MAC])
{
	AUTO_STRBUF sb = STRBUF_INIT;
	char buf[FORM_TEXT];

	for (size_t i = 0; i < n; i++) {
		size_t len = 0;
		const char *text = values[i].bytes ? form_normal(forms[i], values[i].bytes, values[i].len, buf, &len) : NULL;

		strbuf_addf(&sb, "%zu:%s", strlen(columns[i]), columns[i]);
		strbuf_addf(&sb, text ? "%zu:" : "-%zu", len);
		if (text)
			strbuf_add(&sb, text, len);
	}
	secret_mac_bytes(k, "row", strbuf_str(&sb), sb.len, into);
}

void tomb_made_with(const struct secret_key *k, char into[SECRET_MAC_TEXT])
{
	unsigned char mac[SECRET_MAC];

	secret_mac_bytes(k, "made with", "", 0, mac);
	secret_mac_text(mac, into);
}

/* ---- a set of them ---- */

void tombs_done(struct tombs *t)
{
	free(t->v);
	free(t->slots);
}

struct rowkey tombs_digest_key(const unsigned char mac[SECRET_MAC])
{
	struct rowkey k;

	memcpy(&k, mac, sizeof(k));
	return k;
}

bool tombs_key(const struct tombs *t, const struct tomb_value *values, struct rowkey *ret)
{
	unsigned char mac[SECRET_MAC];
	char buf[FORM_TEXT];

	if (t->secret) {
		tomb_digest(t->secret, t->ncolumns, t->columns, t->forms, values, mac);
		*ret = tombs_digest_key(mac);
		return true;
	}
	rowkey_begin(t->seed, ret, 0);
	for (size_t i = 0; i < t->ncolumns; i++) {
		const char *text;
		size_t n;

		if (!values[i].bytes)
			return false;
		text = form_normal(t->forms[i], values[i].bytes, values[i].len, buf, &n);
		rowkey_add(ret, text, n);
	}
	return true;
}

static uint32_t *slot_of(const struct tombs *t, const struct rowkey *k)
{
	size_t mask = t->nslots - 1, i = (k->a ^ t->seed[0]) & mask;

	while (t->slots[i] && (t->v[t->slots[i] - 1].key.a != k->a || t->v[t->slots[i] - 1].key.b != k->b))
		i = (i + 1) & mask;
	return &t->slots[i];
}

static void grow(struct tombs *t)
{
	uint32_t *was = t->slots;
	size_t n = t->nslots;

	t->cap = t->cap ? t->cap * 2 : 1024;
	t->v = xrealloc(t->v, t->cap * sizeof(*t->v));
	t->nslots = t->cap * 2;
	t->slots = xcalloc(t->nslots, sizeof(*t->slots));
	for (size_t i = 0; i < n; i++)
		if (was[i])
			*slot_of(t, &t->v[was[i] - 1].key) = was[i];
	free(was);
}

void tombs_add(struct tombs *t, const struct tomb *tomb)
{
	uint32_t *slot;

	if (t->n == t->cap)
		grow(t);
	slot = slot_of(t, &tomb->key);
	t->v[t->n] = *tomb;
	t->v[t->n].next = *slot;
	*slot = (uint32_t)++t->n;
}

struct tomb *tombs_find(const struct tombs *t, const struct rowkey *k)
{
	uint32_t i = t->nslots ? *slot_of(t, k) : 0;

	return i ? &t->v[i - 1] : NULL;
}

/* Rounded down, below the epoch too. */
static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static bool same_day_number(int64_t local, int64_t raw)
{
	int64_t year;
	int month, day;

	instant_civil_from_days(floor_div(local, USECS_PER_DAY), &year, &month, &day);
	return raw == (year * 100 + month) * 100 + day;
}

bool tomb_began(const struct tomb *t, const struct pred_column *c, int64_t raw)
{
	static const int64_t usecs[] = { [UNIT_S] = USECS_PER_SEC, [UNIT_MS] = 1000, [UNIT_US] = 1 };
	int64_t v;

	switch (c->type) {
	case PRED_TIMESTAMPTZ:
		return t->at == raw;
	case PRED_TIMESTAMP:
		return t->local == raw;
	case PRED_DATE:
		return floor_div(t->local, USECS_PER_DAY) == raw;
	case PRED_INT:
		return !__builtin_mul_overflow(raw, usecs[c->unit], &v) && !__builtin_sub_overflow(v, UNIX_EPOCH, &v) &&
			v == t->at;
	case PRED_INT_YYYYMMDD:
		return same_day_number(t->local, raw);
	}
	bug(__FILE__, __LINE__, "type of a clock column");
}
