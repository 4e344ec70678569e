#include "plan/variant.h"

#include "base/nearest.h"
#include "base/strbuf.h"

bool variant_parse(struct arena *a, const char *word, struct variant_change *ret, struct diag *d)
{
	const char *equals = strchr(word, '='), *dot, *why;
	char *name;

	if (!equals || equals == word) {
		diag_fail(d, DIAG_USAGE, "%s is no CLASS=PERIOD", word);
		diag_hint(d, "write CLASS=\"2 years\", or CLASS.STANDARD=\"2 years\"");
		return false;
	}
	name = arena_strndup(a, word, (size_t)(equals - word));
	dot = strchr(name, '.');
	*ret = (struct variant_change){ .class_name = name, .keep_text = arena_strdup(a, equals + 1) };
	if (dot) {
		name[dot - name] = '\0';
		ret->standard = dot + 1;
	}
	if (period_parse(ret->keep_text, &ret->keep, &why))
		return true;
	diag_fail(d, DIAG_USAGE, "%s: \"%s\" is no period: %s", name, ret->keep_text, why);
	diag_hint(d, "write 3 years, 18 months, 90 days, 36 hours, or 1 year 6 months");
	return false;
}

static void *copy(struct arena *a, const void *from, size_t n, size_t size)
{
	void *own = arena_alloc(a, n * size + 1);

	if (n)
		memcpy(own, from, n * size);
	return own;
}

/* ---- one class ---- */

static bool wanted(const struct retention_class *cls, const struct term *t, const struct variant_change *c)
{
	bool floor = cls->nterms && cls->terms[0].kind == TERM_FLOOR;

	if (!t->has_keep)
		return false;
	if (c->standard)
		return t->kind == TERM_STANDARD && streq_null(t->name, c->standard);
	return (t->kind == TERM_FLOOR) == floor;
}

static bool nothing_to_set(const struct retention_class *cls, const struct variant_change *c, struct diag *d)
{
	AUTO_STRBUF names = STRBUF_INIT;

	for (size_t i = 0; i < cls->nterms; i++)
		if (cls->terms[i].kind == TERM_STANDARD && cls->terms[i].has_keep && cls->terms[i].name)
			strbuf_addf(&names, "%s%s", names.len ? ", " : "", cls->terms[i].name);
	if (c->standard)
		diag_fail(d, DIAG_USAGE, "class \"%s\" has no standard \"%s\" with a period", cls->name, c->standard);
	else
		diag_fail(d, DIAG_USAGE, "class \"%s\" has no period: columns say until when it keeps", cls->name);
	diag_where(d, "%s:%d", cls->loc.file, cls->loc.line);
	if (names.len)
		diag_hint(d, "its standards with a period: %s", strbuf_str(&names));
	return false;
}

static bool class_change(struct arena *a, struct retention_class *cls, struct variant_change *c, struct diag *d)
{
	AUTO_STRBUF was = STRBUF_INIT;

	for (size_t i = 0; i < cls->nterms; i++) {
		struct term *t = &cls->terms[i];

		if (!wanted(cls, t, c))
			continue;
		strbuf_addf(&was, "%s%s", was.len ? ", " : "", t->keep_text);
		t->keep = c->keep;
		t->keep_text = c->keep_text;
	}
	c->was = arena_strdup(a, strbuf_str(&was));
	return was.len || nothing_to_set(cls, c, d);
}

static struct retention_class *class_of(struct policy *p, const char *name, struct diag *d)
{
	struct nearest near = nearest_init(name);

	for (size_t i = 0; i < p->nclasses; i++) {
		if (streq(p->classes[i].name, name))
			return &p->classes[i];
		nearest_offer(&near, p->classes[i].name);
	}
	diag_fail(d, DIAG_USAGE, "there is no class \"%s\"", name);
	diag_where(d, "%s", p->main_file);
	if (near.best)
		diag_hint(d, "did you mean %s?", near.best);
	return NULL;
}

/* ---- the copy ---- */

static void copy_classes(struct arena *a, struct policy *p)
{
	p->classes = copy(a, p->classes, p->nclasses, sizeof(*p->classes));
	for (size_t i = 0; i < p->nclasses; i++)
		p->classes[i].terms = copy(a, p->classes[i].terms, p->classes[i].nterms, sizeof(struct term));
}

/* Rules point at their class: the copies at the copy. */
static void copy_rules(struct arena *a, struct policy *p)
{
	p->databases = copy(a, p->databases, p->ndatabases, sizeof(*p->databases));
	for (size_t i = 0; i < p->ndatabases; i++) {
		struct database *db = &p->databases[i];

		db->rules = copy(a, db->rules, db->nrules, sizeof(*db->rules));
		for (size_t k = 0; k < db->nrules; k++)
			if (db->rules[k].class_name)
				db->rules[k].cls = policy_class(p, db->rules[k].class_name);
	}
}

bool variant_make(struct arena *a, const struct policy *p, struct variant_change *changes, size_t n,
		  struct policy **ret, struct diag *d)
{
	struct policy *own = copy(a, p, 1, sizeof(*p));

	copy_classes(a, own);
	copy_rules(a, own);
	for (size_t i = 0; i < n; i++) {
		struct retention_class *cls = class_of(own, changes[i].class_name, d);

		if (!cls || !class_change(a, cls, &changes[i], d))
			return false;
	}
	*ret = own;
	return true;
}
