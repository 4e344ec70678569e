/* tombstone: the row's own key, which says no more than the key column beside it, so that UNIQUE and
 * NOT NULL hold. `erased-42@erased.invalid` (RFC 2606: no such domain); a key of several columns gives
 * their texts joined by '-'. */
#include <errno.h>
#include <inttypes.h>

#include "ops/anon_op.h"

enum target { TARGET_TEXT, TARGET_UUID, TARGET_INT8 };

struct tombstone {
	enum target target;
	const char *prefix, *suffix;
};

static enum target target_of(const struct anon_column *col)
{
	return streq(col->base, "uuid") ? TARGET_UUID : streq(col->base, "int8") ? TARGET_INT8 : TARGET_TEXT;
}

static bool tombstone_accepts(const struct anon_column *col)
{
	return anon_is_text(col) || target_of(col) != TARGET_TEXT;
}

/* Characters of the longest key; 0: a type that tombstone can't name. */
static size_t longest_key(const struct anon_key *key)
{
	static const struct {
		const char *base;
		size_t chars;
	} longest[] = { { "int2", 6 }, { "int4", 11 }, { "int8", 20 }, { "uuid", 36 } };

	for (size_t i = 0; i < ARRAY_SIZE(longest); i++)
		if (streq(key->base, longest[i].base))
			return longest[i].chars;
	return 0;
}

static bool key_refused(const struct anon *an, struct diag *d)
{
	diag_hint(d, "tombstone needs a key of integer or uuid columns%s; else use null or constant",
		  target_of(&an->col) == TARGET_TEXT ? "" :
		  target_of(&an->col) == TARGET_INT8 ? ", here exactly one integer" : ", here exactly one");
	return false;
}

static bool check_key(const struct anon *an, struct diag *d)
{
	const struct anon_column *col = &an->col;

	if (!col->nkeys) {
		anon_refuse(an, d, "the table has no key");
		return key_refused(an, d);
	}
	for (size_t i = 0; i < col->nkeys; i++)
		if (!longest_key(&col->keys[i])) {
			anon_refuse(an, d, "key column \"%s\" is of type %s", col->keys[i].name,
				    col->keys[i].base);
			return key_refused(an, d);
		}
	if (target_of(col) == TARGET_TEXT)
		return true;
	if (col->nkeys > 1) {
		anon_refuse(an, d, "the key has %zu columns, %s can hold one", col->nkeys, col->type);
		return key_refused(an, d);
	}
	if (target_of(col) == TARGET_INT8 && streq(col->keys[0].base, "uuid")) {
		anon_refuse(an, d, "a uuid key does not fit into %s", col->type);
		return key_refused(an, d);
	}
	return true;
}

/* The longest text must fit: one 'k' for each character of the longest key. */
static bool check_length(struct arena *a, const struct anon *an, const struct tombstone *t, struct diag *d)
{
	size_t n = an->col.nkeys - 1;
	char *keys;

	for (size_t i = 0; i < an->col.nkeys; i++)
		n += longest_key(&an->col.keys[i]);
	keys = arena_alloc(a, n + 1);
	memset(keys, 'k', n);
	return anon_check_text(an, "the text at the longest key",
			       arena_printf(a, "%s%s%s", t->prefix, keys, t->suffix), d);
}

static bool tombstone_bind(struct arena *a, const struct column_op *op, struct anon *an, struct diag *d)
{
	struct tombstone *t = arena_alloc(a, sizeof(*t));

	t->target = target_of(&an->col);
	an->bound = t;
	if (!check_key(an, d))
		return false;
	if (t->target != TARGET_TEXT) {
		if (op->nparams)
			return anon_refuse(an, d, "type %s takes neither prefix nor suffix", an->col.type);
		return true;
	}
	t->prefix = anon_param_text(op, "prefix");
	t->suffix = anon_param_text(op, "suffix");
	t->prefix = t->prefix ? t->prefix : "erased-";
	t->suffix = t->suffix ? t->suffix : "@erased.invalid";
	if (anon_is_blank_padded(&an->col))
		t->suffix = anon_rtrim(a, t->suffix);
	return check_length(a, an, t, d);
}

static void sql_key(const struct anon *an, size_t i, const struct anon_sql *r, struct strbuf *sb)
{
	if (r->alias)
		strbuf_addf(sb, "%s.", r->alias);
	r->ident(r->ctx, sb, an->col.keys[i].name);
}

static void sql_text(const struct anon *an, const struct anon_sql *r, struct strbuf *sb)
{
	const struct tombstone *t = an->bound;

	strbuf_addc(sb, '(');
	r->param(r->ctx, sb, t->prefix, "text");
	for (size_t i = 0; i < an->col.nkeys; i++) {
		strbuf_adds(sb, i ? " || '-' || " : " || ");
		sql_key(an, i, r, sb);
		strbuf_adds(sb, "::text");
	}
	strbuf_adds(sb, " || ");
	r->param(r->ctx, sb, t->suffix, "text");
	strbuf_addc(sb, ')');
}

static void sql_uuid(const struct anon *an, const struct anon_sql *r, struct strbuf *sb)
{
	bool plain = streq(an->col.keys[0].base, "uuid");

	strbuf_adds(sb, plain ? "" : "lpad(to_hex(");
	sql_key(an, 0, r, sb);
	strbuf_adds(sb, plain ? "" : "::bigint), 32, '0')::uuid");
}

/* A negative key would give a positive number, perhaps a living one: bigint out of range (22003)
 * instead, so that the step stops. */
static void sql_int8(const struct anon *an, const struct anon_sql *r, struct strbuf *sb)
{
	strbuf_adds(sb, "CASE WHEN ");
	sql_key(an, 0, r, sb);
	strbuf_adds(sb, " >= 0 THEN -(");
	sql_key(an, 0, r, sb);
	strbuf_adds(sb, "::bigint) ELSE ");
	sql_key(an, 0, r, sb);
	strbuf_adds(sb, "::bigint - 9223372036854775807 - 2 END");
}

static void tombstone_sql(const struct anon *an, const struct anon_sql *r, struct strbuf *sb)
{
	const struct tombstone *t = an->bound;

	switch (t->target) {
	case TARGET_TEXT: sql_text(an, r, sb); break;
	case TARGET_UUID: sql_uuid(an, r, sb); break;
	case TARGET_INT8: sql_int8(an, r, sb); break;
	}
}

static bool parse_int(struct anon_field f, int64_t *ret)
{
	char buf[24], *end;

	if (f.len == 0 || f.len >= sizeof(buf) || f.text[0] == ' ' || f.text[0] == '+')
		return false;
	memcpy(buf, f.text, f.len);
	buf[f.len] = '\0';
	errno = 0;
	*ret = strtoll(buf, &end, 10);
	return !errno && *end == '\0';
}

static bool apply_text(const struct anon *an, const struct anon_field *keys, struct strbuf *out)
{
	const struct tombstone *t = an->bound;

	strbuf_adds(out, t->prefix);
	for (size_t i = 0; i < an->col.nkeys; i++) {
		if (!keys[i].text || keys[i].len > longest_key(&an->col.keys[i]))
			return false;
		if (i)
			strbuf_addc(out, '-');
		strbuf_add(out, keys[i].text, keys[i].len);
	}
	strbuf_adds(out, t->suffix);
	return true;
}

static bool apply_uuid(const struct anon *an, const struct anon_field *keys, struct strbuf *out)
{
	char hex[17];
	int64_t id;

	if (streq(an->col.keys[0].base, "uuid")) {
		strbuf_add(out, keys[0].text, keys[0].len);
		return true;
	}
	if (!parse_int(keys[0], &id))
		return false;
	snprintf(hex, sizeof(hex), "%016" PRIx64, (uint64_t)id);
	strbuf_addf(out, "00000000-0000-0000-%.4s-%s", hex, hex + 4);
	return true;
}

static bool apply_int8(const struct anon_field *keys, struct strbuf *out)
{
	int64_t id;

	if (!parse_int(keys[0], &id) || id < 0)
		return false;
	strbuf_addf(out, "%" PRId64, -id);
	return true;
}

static bool apply_target(const struct anon *an, const struct anon_field *keys, struct strbuf *out)
{
	const struct tombstone *t = an->bound;

	if (!keys || !keys[0].text)
		return false;
	switch (t->target) {
	case TARGET_TEXT: return apply_text(an, keys, out);
	case TARGET_UUID: return apply_uuid(an, keys, out);
	case TARGET_INT8: return apply_int8(keys, out);
	}
	BUG_ON(true);
	return false;
}

static bool tombstone_apply(const struct anon *an, struct anon_field value, const struct anon_field *keys,
			    struct strbuf *out, bool *same, struct diag *d)
{
	(void)value, (void)same;
	if (apply_target(an, keys, out))
		return true;
	diag_fail(d, DIAG_STEP, "column \"%s\": operator tombstone can't use the key of a row", an->col.name);
	diag_hint(d, "a key of integers or uuids is needed; for %s not below 0", an->col.type);
	return false;
}

const struct anon_operator anon_op_tombstone = {
	.name = "tombstone",
	.face = ANON_WIPES,
	.types = "text types, uuid and bigint",
	.uses_key = true,
	.params = { { "prefix", false, false, "a text" }, { "suffix", false, false, "a text" } },
	.accepts = tombstone_accepts,
	.bind = tombstone_bind,
	.sql = tombstone_sql,
	.apply = tombstone_apply,
};
