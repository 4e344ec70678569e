#include "conf/reader.h"

#include "base/nearest.h"
#include "conf/conninfo.h"
#include "conf/utf8.h"

#include <stdarg.h>

#define SHOWN 60
#define FINDINGS_MAX 1000	/* of a file that is something else altogether */

void conf_errors_done(struct conf_errors *errs)
{
	if (errs->arena)
		arena_free(errs->arena);
	*errs = (struct conf_errors)CONF_ERRORS_INIT;
}

/* Names of files may hold anything. */
void conf_error_text(const struct conf_error *e, struct strbuf *sb)
{
	size_t from = sb->len;

	if (e->line)
		strbuf_addf(sb, "%s:%d: %s", e->file, e->line, e->message);
	else
		strbuf_addf(sb, "%s: %s", e->file, e->message);
	if (*e->hint)
		strbuf_addf(sb, "; %s", e->hint);
	for (size_t i = from; i < sb->len; i++)
		if ((unsigned char)sb->buf[i] < ' ' || sb->buf[i] == 0x7f)
			sb->buf[i] = ' ';
}

struct srcloc conf_loc(const struct conf_reader *r, const config_setting_t *s)
{
	return (struct srcloc){ r->file->path, source_of(s)->line };
}

static struct conf_error finding(struct conf_reader *r, struct srcloc at, const char *hint,
				 const char *message)
{
	struct arena *a = r->errs->arena;

	return (struct conf_error){
		.file = arena_strdup(a, at.file), .line = at.line, .message = message,
		.hint = arena_strdup(a, hint ? hint : ""),
	};
}

__attribute__((format(printf, 2, 0)))
static const char *message_make(struct conf_reader *r, const char *fmt, va_list ap)
{
	char *text = NULL;
	const char *kept;

	BUG_ON(vasprintf(&text, fmt, ap) < 0);
	kept = arena_strdup(r->errs->arena, text);
	free(text);
	return kept;
}

bool conf_wrong(struct conf_reader *r, struct srcloc at, const char *hint, const char *fmt, ...)
{
	const char *message;
	va_list ap;

	va_start(ap, fmt);
	message = message_make(r, fmt, ap);
	va_end(ap);
	if (r->errs->errors.n < FINDINGS_MAX)
		vec_push(r->errs->arena, &r->errs->errors, finding(r, at, hint, message));
	return false;
}

void conf_warn(struct conf_reader *r, struct srcloc at, const char *hint, const char *fmt, ...)
{
	const char *message;
	va_list ap;

	va_start(ap, fmt);
	message = message_make(r, fmt, ap);
	va_end(ap);
	vec_push(r->errs->arena, &r->errs->warnings, finding(r, at, hint, message));
}

static const char *setting_name(const config_setting_t *s)
{
	while (s && !config_setting_name(s))
		s = config_setting_parent(s);
	return s ? config_setting_name(s) : "";
}

bool conf_bad(struct conf_reader *r, const config_setting_t *s, const char *allowed,
	      const char *fmt, ...)
{
	const char *message, *hint = allowed ? arena_printf(r->arena, "allowed: %s", allowed)
		: NULL;
	va_list ap;

	va_start(ap, fmt);
	message = message_make(r, fmt, ap);
	va_end(ap);
	return conf_wrong(r, conf_loc(r, s), hint, "key \"%s\" = %s: %s", setting_name(s),
			  conf_show(r, s), message);
}

const char *conf_quoted(struct conf_reader *r, const char *s)
{
	AUTO_STRBUF sb = STRBUF_INIT;
	size_t n = utf8_cut(s, SHOWN);

	if (conninfo_has_secret(s))
		return "(not shown: it may hold a secret)";
	if (!utf8_valid(s))
		return "(not UTF-8)";
	strbuf_addc(&sb, '"');
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '"' || s[i] == '\\')
			strbuf_addc(&sb, '\\');
		strbuf_addc(&sb, (unsigned char)s[i] < ' ' || s[i] == 0x7f ? ' ' : s[i]);
	}
	strbuf_adds(&sb, s[n] ? "…\"" : "\"");
	return arena_strdup(r->arena, strbuf_str(&sb));
}

static const char *show_braces(struct conf_reader *r, const config_setting_t *s, const char *open,
			       const char *close)
{
	return arena_printf(r->arena, "%s %s%s", open, config_setting_length(s) ? "… " : "", close);
}

const char *conf_show(struct conf_reader *r, const config_setting_t *s)
{
	const struct source_value *v = source_of(s);

	switch (v->kind) {
	case SOURCE_STRING:
		return conf_quoted(r, config_setting_get_string(s));
	case SOURCE_NUMBER:
	case SOURCE_BOOL:
		return arena_strndup(r->arena, v->raw, utf8_cut(v->raw, SHOWN));
	case SOURCE_GROUP:
		return show_braces(r, s, "{", "}");
	case SOURCE_ARRAY:
		return show_braces(r, s, "[", "]");
	case SOURCE_LIST:
		return show_braces(r, s, "(", ")");
	}
	return "";
}

const char *conf_db(const struct conf_reader *r)
{
	return r->db ? r->db->name : NULL;
}

void conf_lose(struct conf_reader *r, const char *section, const char *owner, const char *key)
{
	vec_push(r->arena, &r->lost, ((struct conf_lost){ section, owner, conf_db(r), key }));
}

bool conf_is_lost(const struct conf_reader *r, const char *section, const char *owner,
		  const char *key)
{
	for (size_t i = 0; i < r->lost.n; i++) {
		const struct conf_lost *lost = &r->lost.v[i];

		if (streq(lost->section, section) && streq_null(lost->owner, owner) &&
		    streq(lost->key, key) &&
		    streq_null(lost->db, conf_db(r)))
			return true;
	}
	return false;
}

static const struct conf_origin *origin_find(const struct conf_reader *r, const char *section,
					     const char *owner)
{
	for (size_t i = 0; i < r->origins.n; i++) {
		const struct conf_origin *o = &r->origins.v[i];

		if (streq(o->section, section) && streq(o->owner, owner) &&
		    streq_null(o->db, conf_db(r)))
			return o;
	}
	return NULL;
}

static const config_setting_t *key_setting(const struct conf_origin *o, const char *key)
{
	return o ? config_setting_get_member(o->s, key) : NULL;
}

bool conf_key_there(const struct conf_reader *r, const char *section, const char *owner,
		    const char *key)
{
	return key_setting(origin_find(r, section, owner), key);
}

bool conf_bad_key(struct conf_reader *r, const char *section, const char *owner, const char *key,
		  const char *allowed, const char *fmt, ...)
{
	const struct conf_origin *o = origin_find(r, section, owner);
	const config_setting_t *s = key_setting(o, key);
	struct conf_file *before = r->file;
	const char *message, *hint;
	va_list ap;

	BUG_ON(!o);
	va_start(ap, fmt);
	message = message_make(r, fmt, ap);
	va_end(ap);
	r->file = o->file;
	if (s) {
		conf_bad(r, s, allowed, "%s", message);
	} else {
		hint = allowed ? arena_printf(r->arena, "allowed: %s = %s", key, allowed) : NULL;
		conf_wrong(r, conf_loc(r, o->s), hint, "%s \"%s\": %s", section, owner, message);
	}
	r->file = before;
	return false;
}

void conf_warn_key(struct conf_reader *r, const char *section, const char *owner, const char *key,
		   const char *fmt, ...)
{
	const struct conf_origin *o = origin_find(r, section, owner);
	const config_setting_t *s = key_setting(o, key);
	struct conf_file *before = r->file;
	const char *message;
	va_list ap;

	BUG_ON(!o);
	va_start(ap, fmt);
	message = message_make(r, fmt, ap);
	va_end(ap);
	r->file = o->file;
	if (s)
		conf_warn(r, conf_loc(r, s), NULL, "key \"%s\" = %s: %s", key, conf_show(r, s),
			  message);
	else
		conf_warn(r, conf_loc(r, o->s), NULL, "%s \"%s\": %s", section, owner, message);
	r->file = before;
}

const char *conf_nearest(struct conf_reader *r, const char *word, const char *const *candidates)
{
	struct nearest n = nearest_init(word);

	for (; *candidates; candidates++)
		nearest_offer(&n, *candidates);
	return n.best ? arena_printf(r->arena, ", did you mean \"%s\"?", n.best) : "";
}

const char *conf_join(struct conf_reader *r, const char *const *words)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	for (size_t i = 0; words[i]; i++)
		strbuf_addf(&sb, "%s%s", i ? ", " : "", words[i]);
	return arena_strdup(r->arena, strbuf_str(&sb));
}

const char *conf_beside(struct conf_reader *r, const char *path)
{
	return *path == '/' ? path : arena_printf(r->arena, "%s%s", r->file->dir, path);
}

/* ---- the order of findings ---- */

static int file_order(const struct conf_reader *r, const char *path)
{
	for (size_t i = 0; i < r->files.n; i++)
		if (streq(r->files.v[i]->path, path))
			return (int)i;
	return (int)r->files.n;
}

static int finding_compare(const void *a, const void *b)
{
	const struct conf_error *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static bool same_finding(const struct conf_error *a, const struct conf_error *b)
{
	return a->order == b->order && a->line == b->line && streq(a->message, b->message);
}

static size_t sort_findings(struct conf_reader *r, struct conf_error *v, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		v[i].order = file_order(r, v[i].file);
		v[i].seq = (int)i;
	}
	if (n)
		qsort(v, n, sizeof(*v), finding_compare);
	for (size_t i = 0; i < n; i++) {
		bool said = false;

		for (size_t j = kept; j > 0 && v[j - 1].line == v[i].line && !said; j--)
			said = same_finding(&v[j - 1], &v[i]);
		if (!said)
			v[kept++] = v[i];
	}
	return kept;
}

void conf_errors_sort(struct conf_reader *r)
{
	r->errs->errors.n = sort_findings(r, r->errs->errors.v, r->errs->errors.n);
	r->errs->warnings.n = sort_findings(r, r->errs->warnings.v, r->errs->warnings.n);
}
