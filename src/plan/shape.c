/* What a step's statements rely on: the tables that they name, their partitions and children, and the
 * parents of those that they work on. */
#include "plan/build_parts.h"

#include "pg/tmpl.h"

typedef VEC(const struct cat_table *) table_vec;

struct shaper {
	struct arena *a;
	const struct bound *rule;
	table_vec named;		/* what every unit of the step relies on */
	table_vec whole;		/* of those what is written to beside the table itself, partitions included */
};

static bool has(const table_vec *v, const struct cat_table *t)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->v[i] == t)
			return true;
	return false;
}

static void add(struct arena *a, table_vec *v, const struct cat_table *t)
{
	if (!has(v, t))
		vec_push(a, v, t);
}

/* The rule's own leaves are added unit by unit: there may be thousands. */
static void add_below(struct shaper *w, const struct cat_table *t, bool written)
{
	add(w->a, &w->named, t);
	if (t == w->rule->table)
		return;
	if (written)
		add(w->a, &w->whole, t);
	for (size_t i = 0; i < t->children.n; i++)
		add_below(w, t->children.v[i], written);
}

static void add_above(struct arena *a, table_vec *v, const struct cat_table *t)
{
	for (; t; t = t->parent)
		add(a, v, t);
}

static bool names(const struct plan_stmt *s, const char *table)
{
	return s->text && strstr(s->text, table);
}

static bool dependents_name(const struct plan_step *s, const char *table)
{
	for (size_t i = 0; i < s->ndependents; i++)
		if (names(&s->dependents[i].whole, table) || names(&s->dependents[i].circle, table))
			return true;
	return false;
}

static bool step_names(const struct plan_step *s, const char *table)
{
	return names(&s->apply_tids, table) || names(&s->lock_tids, table) || names(&s->circle_apply, table) ||
		dependents_name(s, table);
}

static int by_oid(const void *a, const void *b)
{
	Oid x = (*(const struct cat_table *const *)a)->oid, y = (*(const struct cat_table *const *)b)->oid;

	return x < y ? -1 : x > y;
}

static struct plan_shape shape_text(const struct shaper *w, table_vec *v)
{
	AUTO_STRBUF of = STRBUF_INIT, whole = STRBUF_INIT, found = STRBUF_INIT;

	qsort(v->v, v->n, sizeof(*v->v), by_oid);
	for (size_t i = 0; i < v->n; i++) {
		const struct cat_table *t = v->v[i];

		strbuf_addf(&of, "%s%u", i ? "," : "{", t->oid);
		strbuf_addf(&found, "%s%u:%s", i ? "," : "", t->oid, t->shape);
		if (!has(&w->whole, t))
			continue;
		strbuf_addf(&whole, "%s%u", whole.len ? "," : "{", t->oid);
		if (t->below)
			strbuf_addf(&found, ":%s", t->below);
	}
	strbuf_addc(&of, '}');
	strbuf_adds(&whole, whole.len ? "}" : "{}");
	return (struct plan_shape){ arena_strdup(w->a, strbuf_str(&of)), arena_strdup(w->a, strbuf_str(&whole)),
				    arena_strdup(w->a, strbuf_str(&found)) };
}

static table_vec copy(struct arena *a, const table_vec *v)
{
	table_vec ret = { NULL, 0, 0 };

	for (size_t i = 0; i < v->n; i++)
		vec_push(a, &ret, v->v[i]);
	return ret;
}

static void add_named(struct shaper *w, const struct catalog *cat, const struct plan_step *s)
{
	add_above(w->a, &w->named, w->rule->table);
	for (size_t i = 0; i < cat->tables.n; i++) {
		const struct cat_table *t = &cat->tables.v[i];

		if (step_names(s, t->sql))
			add_below(w, t, dependents_name(s, t->sql));
	}
}

void shape_step(struct binder *b, const struct bound *r, struct plan_step *s)
{
	struct shaper w = { .a = b->a, .rule = r };
	table_vec all;

	add_named(&w, b->cat, s);
	all = copy(b->a, &w.named);
	for (size_t i = 0; i < s->nrelations; i++) {
		table_vec unit = copy(b->a, &w.named);

		add_above(b->a, &unit, r->leaves.v[i]);
		add_above(b->a, &all, r->leaves.v[i]);
		s->relations[i].shape = shape_text(&w, &unit);
	}
	s->shape = shape_text(&w, &all);
	s->below = r->rule->only ? 0 : r->table->oid;
}

static const char *same(struct arena *a, const char *of, const char *whole, const char *found)
{
	struct tmpl_var oids = { "oids", .frag = { of } };
	struct tmpl_var vars[] = {
		{ "shape", .frag = { tmpl_render(a, "query/cat_shape", &oids, 1) } },
		{ "whole", .frag = { whole } }, { "found", .frag = { found } },
	};

	return tmpl_render(a, "query/exec_same", vars, ARRAY_SIZE(vars));
}

void shape_statements(struct plan *p)
{
	struct tmpl_var unchanged = { "same", .frag = { same(p->arena, "$10::oid[]", "$11::oid[]", "$12::text") } };

	p->same = same(p->arena, "$1::oid[]", "$2::oid[]", "$3::text");
	p->append = tmpl_render(p->arena, "query/exec_append", &unchanged, 1);
}
