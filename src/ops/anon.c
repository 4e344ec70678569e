#include "ops/anon_op.h"

#include <stdarg.h>

/* The longest field that an operator copies: padding may give four bytes for one, and STRBUF_MAX ends
 * the process. */
#define FIELD_MAX (STRBUF_MAX / 8)
#define NAME_MAX_BYTES 63

static const struct anon_operator *const operators[] = {
#define ANON(name) &anon_op_##name,
#include "ops/anon.def"
#undef ANON
};

/* "Looked at": the column stays as it is. Not an operator, so not in the table. */
static const struct anon_operator keep = {
	.name = "keep", .face = ANON_KEEPS, .types = "any column", .accepts = anon_is_any,
};

const char *anon_names(void)
{
	static const char names[] =
#define ANON(name) ", " #name
#include "ops/anon.def"
#undef ANON
		;

	return names + 2;
}

/* ---- binding ---- */

bool anon_refuse(const struct anon *an, struct diag *d, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	diag_fail(d, DIAG_CATALOG, "column \"%s\", operator %s: %s", an->col.name, an->op->name, text);
	if (an->loc.file)
		diag_where(d, "%s:%d", an->loc.file, an->loc.line);
	return false;
}

bool anon_unreadable(const struct anon *an, struct diag *d)
{
	diag_fail(d, DIAG_STEP, "column \"%s\": operator %s can't read a value of type %s", an->col.name,
		  an->op->name, an->col.type);
	diag_hint(d, "the value is left as it is; look at the column, or choose constant or null");
	return false;
}

const struct op_param *anon_param(const struct column_op *op, const char *name)
{
	for (size_t i = 0; i < op->nparams; i++)
		if (streq(op->params[i].name, name))
			return &op->params[i];
	return NULL;
}

const char *anon_param_text(const struct column_op *op, const char *name)
{
	const struct op_param *p = anon_param(op, name);

	return p ? p->values[0] : NULL;
}

bool anon_param_int(const struct anon *an, const struct column_op *op, const char *name, int lo, int hi,
		    int *ret, struct diag *d)
{
	const char *text = anon_param_text(op, name);
	int n = 0;

	if (!text)
		return true;
	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9' || p - text > 8)
			return anon_refuse(an, d, "%s = \"%s\" is not a whole number from %d to %d", name,
					   text, lo, hi);
		n = n * 10 + (*p - '0');
	}
	if (!*text || n < lo || n > hi)
		return anon_refuse(an, d, "%s = \"%s\" is not a whole number from %d to %d", name, text,
				   lo, hi);
	*ret = n;
	return true;
}

static const struct anon_operator *find_operator(const char *name)
{
	if (streq(name, "keep"))
		return &keep;
	for (size_t i = 0; i < ARRAY_SIZE(operators); i++)
		if (streq(operators[i]->name, name))
			return operators[i];
	return NULL;
}

static const struct anon_param_spec *find_spec(const struct anon_operator *op, const char *name)
{
	for (const struct anon_param_spec *s = op->params; s->name; s++)
		if (streq(s->name, name))
			return s;
	return NULL;
}

/* "unit (day, month …)" for every parameter that there is. */
static void hint_params(const struct anon_operator *op, struct diag *d)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	for (const struct anon_param_spec *s = op->params; s->name; s++)
		strbuf_addf(&sb, "%s%s = %s%s", sb.len ? "; " : "", s->name, s->allowed,
			    s->required ? "" : " (optional)");
	diag_hint(d, "parameters of %s: %s", op->name, sb.len ? strbuf_str(&sb) : "none");
}

static bool check_params(const struct anon *an, const struct column_op *op, struct diag *d)
{
	bool ok = true;

	for (size_t i = 0; i < op->nparams && ok; i++) {
		const struct op_param *p = &op->params[i];
		const struct anon_param_spec *s = find_spec(an->op, p->name);

		if (!s)
			ok = anon_refuse(an, d, "unknown parameter \"%s\"", p->name);
		else if (anon_param(op, p->name) != p)
			ok = anon_refuse(an, d, "parameter \"%s\" is given twice", p->name);
		else if (s->list ? p->n == 0 : p->n != 1)
			ok = anon_refuse(an, d, "parameter \"%s\" takes %s, not %zu", p->name,
					 s->list ? "at least one value" : "one value", p->n);
	}
	for (const struct anon_param_spec *s = an->op->params; s->name && ok; s++)
		if (s->required && !anon_param(op, s->name))
			ok = anon_refuse(an, d, "parameter \"%s\" is missing", s->name);
	if (!ok)
		hint_params(an->op, d);
	return ok;
}

static bool check_type(const struct anon *an, struct diag *d)
{
	if (an->op->accepts(&an->col))
		return true;
	anon_refuse(an, d, "type %s does not fit", an->col.type);
	diag_hint(d, "%s takes %s", an->op->name, an->op->types);
	return false;
}

bool anon_bind(struct arena *a, const struct column_op *op, const struct anon_column *col,
	       struct anon **ret, struct diag *d)
{
	const struct anon_operator *found = find_operator(op->op);
	struct anon *an;

	if (!found) {
		diag_fail(d, DIAG_CATALOG, "column \"%s\": unknown operator \"%s\"", col->name, op->op);
		if (op->loc.file)
			diag_where(d, "%s:%d", op->loc.file, op->loc.line);
		diag_hint(d, "operators: %s; keep leaves a column as it is", anon_names());
		return false;
	}
	an = arena_alloc(a, sizeof(*an));
	*an = (struct anon){ .op = found, .col = *col, .loc = op->loc };
	an->type = anon_type_unlimited(a, col);
	if (!check_params(an, op, d) || !check_type(an, d))
		return false;
	if (found->bind && !found->bind(a, op, an, d))
		return false;
	*ret = an;
	return true;
}

bool anon_check_text(const struct anon *an, const char *what, const char *text, struct diag *d)
{
	const struct anon_column *col = &an->col;
	size_t chars = anon_char_count(ANON_UTF8, text, strlen(text));

	if (col->encoding != ANON_UTF8 && !anon_is_ascii(text))
		return anon_refuse(an, d, "%s is not ASCII, which only UTF8 archives can take", what);
	if (!anon_is_text(col))
		return true;
	if (col->length >= 0 && chars > (size_t)col->length)
		return anon_refuse(an, d, "%s needs %zu characters, %s holds %d", what, chars, col->type,
				   col->length);
	if (streq(col->base, "name") && strlen(text) > NAME_MAX_BYTES)
		return anon_refuse(an, d, "%s needs %zu bytes, name holds %d", what, strlen(text),
				   NAME_MAX_BYTES);
	return true;
}

/* ---- accessors ---- */

enum anon_face anon_face(const struct anon *an) { return an->op->face; }
const char *anon_op(const struct anon *an) { return an->op->name; }
const struct anon_column *anon_column(const struct anon *an) { return &an->col; }
bool anon_uses_key(const struct anon *an) { return an->op->uses_key; }
const char *anon_constant_text(const struct anon *an) { return an->constant; }
void anon_constant_set(struct anon *an, const char *text) { an->constant_text = text; }

const char *const *anon_outputs(const struct anon *an, size_t *n)
{
	*n = an->noutputs;
	return an->outputs;
}

bool anon_looks_personal(const struct anon *an)
{
	static const char *const marks[] = { "${", "{{", "%{", "%(" };

	for (size_t i = 0; an->constant && i < ARRAY_SIZE(marks); i++)
		if (strstr(an->constant, marks[i]))
			return true;
	return false;
}

/* ---- SQL face ---- */

void anon_sql_column(const struct anon *an, const struct anon_sql *r, struct strbuf *sb)
{
	if (r->alias)
		strbuf_addf(sb, "%s.", r->alias);
	r->ident(r->ctx, sb, an->col.name);
}

/* `row IS NULL` asks whether all fields are; DISTINCT FROM NULL asks for the value itself. */
static const char *null_test(const struct anon *an, bool is_null)
{
	if (an->col.basetyptype == 'c')
		return is_null ? " IS NOT DISTINCT FROM NULL" : " IS DISTINCT FROM NULL";
	return is_null ? " IS NULL" : " IS NOT NULL";
}

void anon_sql_value(const struct anon *an, const struct anon_sql *r, struct strbuf *sb)
{
	if (an->op->face == ANON_KEEPS) {
		anon_sql_column(an, r, sb);
		return;
	}
	if (!an->op->sql) {
		strbuf_adds(sb, "NULL");
		return;
	}
	strbuf_adds(sb, "CASE WHEN ");
	anon_sql_column(an, r, sb);
	strbuf_addf(sb, "%s THEN NULL ELSE ", null_test(an, true));
	an->op->sql(an, r, sb);
	strbuf_adds(sb, " END");
}

/* How both sides become text; NULL: they are compared as they are. Elements of char(n)[] lose their
 * blanks as a char(n) does. */
static const char *text_cast(const struct anon_column *col)
{
	if (anon_compares_natively(col))
		return NULL;
	return streq(col->base, "_bpchar") ? "::text[]::text COLLATE \"C\"" : "::text COLLATE \"C\"";
}

static void sql_compare(const struct anon *an, const struct anon_sql *r, struct strbuf *sb)
{
	const char *cast = text_cast(&an->col);

	strbuf_addc(sb, '(');
	anon_sql_column(an, r, sb);
	strbuf_addf(sb, "%s IS DISTINCT FROM %s", cast ? cast : "", cast ? "(" : "");
	anon_sql_value(an, r, sb);
	strbuf_addf(sb, "%s%s)", cast ? ")" : "", cast ? cast : "");
}

void anon_sql_not_done(const struct anon *an, const struct anon_sql *r, struct strbuf *sb)
{
	if (an->op->face == ANON_KEEPS) {
		strbuf_adds(sb, "FALSE");
	} else if (!an->op->sql) {
		strbuf_addc(sb, '(');
		anon_sql_column(an, r, sb);
		strbuf_addf(sb, "%s)", null_test(an, false));
	} else {
		sql_compare(an, r, sb);
	}
}

/* ---- C face ---- */

static struct anon_field without_blanks(struct anon_field f)
{
	while (f.len && f.text[f.len - 1] == ' ')
		f.len--;
	return f;
}

/* Ends the char(n) that starts at out[start] as the server would: no blanks, then blanks up to n. */
static void pad_blanks(const struct anon *an, struct strbuf *out, size_t start)
{
	size_t chars;

	while (out->len > start && out->buf[out->len - 1] == ' ')
		out->buf[--out->len] = '\0';
	chars = anon_char_count(an->col.encoding, strbuf_str(out) + start, out->len - start);
	for (; an->col.length > 0 && chars < (size_t)an->col.length; chars++)
		strbuf_addc(out, ' ');
}

static void truncate_to(struct strbuf *out, size_t len)
{
	out->len = len;
	if (out->buf)
		out->buf[len] = '\0';
}

static bool same_text(const struct strbuf *out, size_t start, struct anon_field value)
{
	return out->len - start == value.len && memcmp(strbuf_str(out) + start, value.text, value.len) == 0;
}

/* Operators that keep a part of the value copy it; PostgreSQL's text holds no NUL, so a NUL would be a
 * reader's fault: nothing is guessed. */
static bool check_copied(const struct anon *an, struct anon_field value, struct diag *d)
{
	if (an->op->face != ANON_GENERALIZES)
		return true;
	if (memchr(value.text, '\0', value.len))
		return anon_unreadable(an, d);
	if (value.len <= FIELD_MAX)
		return true;
	return diag_fail(d, DIAG_STEP, "column \"%s\": a value of %zu bytes is more than operator %s takes "
			 "(%u)", an->col.name, value.len, an->op->name, FIELD_MAX);
}

static bool apply_operator(const struct anon *an, struct anon_field value, const struct anon_field *keys,
			   struct strbuf *out, enum anon_result *ret, struct diag *d)
{
	size_t start = out->len;
	struct anon_field original = value;
	bool same = false;

	if (!check_copied(an, value, d))
		return false;
	if (anon_is_blank_padded(&an->col))
		value = without_blanks(value);
	if (!an->op->apply(an, value, keys, out, &same, d)) {
		truncate_to(out, start);
		return false;
	}
	if (anon_is_blank_padded(&an->col)) {
		pad_blanks(an, out, start);
		same = same_text(out, start, original);
	}
	*ret = same || same_text(out, start, original) ? ANON_SAME : ANON_CHANGED;
	if (*ret == ANON_SAME)
		truncate_to(out, start);
	return true;
}

bool anon_apply(const struct anon *an, struct anon_field value, const struct anon_field *keys,
		struct strbuf *out, enum anon_result *ret, struct diag *d)
{
	if (!value.text || an->op->face == ANON_KEEPS) {
		*ret = ANON_SAME;
		return true;
	}
	if (!an->op->apply) {
		*ret = ANON_NULLED;
		return true;
	}
	return apply_operator(an, value, keys, out, ret, d);
}
