/* Triggers and rewrite rules that a rule's statements wake: those that copy old values elsewhere, refuse
 * rows, or keep them. `triggers` in the rule says which were looked at. */
#include "plan/check_body.h"
#include "plan/check_parts.h"

struct trigger {
	Oid rel, function_oid;
	const char *name, *function, *schema, *language, *body;
	bool rule, before, each_row, on_delete, on_update, instead, guarded;
	size_t nargs, ncolumns;
	const char **args;
	const char **columns;			/* UPDATE OF; none: any */
};

struct triggers {
	VEC(struct trigger) list;
};

static const char *copied(struct checker *k, const PGresult *r, int row, int col)
{
	return arena_strdup(k->b->a, res_text(r, row, col));
}

static bool load_triggers(struct checker *k, struct diag *d)
{
	struct arena *a = k->b->a;
	AUTO_RESULT *r = NULL;

	if (!check_ask(k, "query/check_triggers", check_all_oids(k), &r, d))
		return false;
	k->triggers = arena_alloc(a, sizeof(*k->triggers));
	for (int i = 0; i < PQntuples(r); i++) {
		struct trigger *t = vec_add(a, &k->triggers->list);

		*t = (struct trigger){
			.rel = (Oid)res_int(r, i, 0), .name = copied(k, r, i, 1), .rule = streq(res_text(r, i, 2), "rule"),
			.before = res_bool(r, i, 3), .each_row = res_bool(r, i, 4), .on_delete = res_bool(r, i, 5),
			.on_update = res_bool(r, i, 6), .instead = res_bool(r, i, 7), .guarded = res_bool(r, i, 8),
			.function = copied(k, r, i, 9), .function_oid = (Oid)res_int(r, i, 10),
			.schema = copied(k, r, i, 11), .language = copied(k, r, i, 12), .body = copied(k, r, i, 13),
		};
		t->args = cat_array(a, res_text(r, i, 14), &t->nargs);
		t->columns = cat_array(a, res_text(r, i, 15), &t->ncolumns);
	}
	return true;
}

static bool is_listed(const struct bound *r, const struct trigger *t)
{
	for (size_t i = 0; i < r->rule->ntriggers; i++)
		if (streq(r->rule->triggers[i], t->name))
			return true;
	return false;
}

/* "trigger x of s.t (function s.f)" */
static const char *words_for(struct checker *k, const struct trigger *t, const struct cat_table *on)
{
	if (t->rule)
		return arena_printf(k->b->a, "rewrite rule %s of %s", t->name, on->display);
	return arena_printf(k->b->a, "trigger %s of %s (function %s)", t->name, on->display, t->function);
}

static struct note note_on(struct checker *k, enum finding_id id, struct bound *r, const struct trigger *t,
			   const struct cat_table *on)
{
	return (struct note){ .id = id, .rule = r,
		.object = arena_printf(k->b->a, "%s %s of %s", t->rule ? "rewrite rule" : "trigger", t->name, on->display) };
}

/* ---- writing elsewhere ---- */

/* A rule of its own, an exemption, or the table itself: somebody decided. */
static bool is_decided(struct checker *k, const struct cat_table *on, const struct body_relation *to, bool *ret,
		       struct diag *d)
{
	const struct cat_table *t = catalog_table(k->b->cat, to->oid), *root = catalog_table(k->b->cat, to->root);
	bool exempt, root_exempt;

	if (!check_exempt(k, to->oid, &exempt, d) || !check_exempt(k, to->root, &root_exempt, d))
		return false;
	*ret = exempt || root_exempt || to->oid == on->oid || (t && (table_within(t, on) || table_within(on, t))) ||
		(t && check_ruled(k->b, t)) || (root && check_ruled(k->b, root));
	return true;
}

static void note_write(struct checker *k, struct bound *r, const struct trigger *t, const struct cat_table *on,
		       const char *to, bool known)
{
	struct note n = note_on(k, FINDING_TRIGGER_WRITES, r, t, on);
	struct arena *a = k->b->a;

	n.remedy = known ?
		arena_printf(a, "give %s a rule, or exempt it; or, when nothing personal gets there: triggers = [ \"%s\" ]",
			     to, t->name) :
		arena_printf(a, "look at it, then: triggers = [ \"%s\" ]", t->name);
	check_note(k, &n, "%s writes to %s%s", words_for(k, t, on), to,
		   known ? ", which has no rule and is not exempt" : "");
}

static bool note_writes(struct checker *k, struct bound *r, const struct trigger *t, const struct cat_table *on,
			const struct body *body, struct diag *d)
{
	for (size_t i = 0; i < body->writes.n; i++) {
		bool decided;

		if (!is_decided(k, on, body->writes.v[i], &decided, d))
			return false;
		if (!decided)
			note_write(k, r, t, on, body->writes.v[i]->display, true);
	}
	if (body->unknown)
		note_write(k, r, t, on, body->unknown, false);
	return true;
}

/* Compiled functions tell nothing but their arguments; those of PostgreSQL itself write nowhere else. */
static bool is_compiled(const struct trigger *t)
{
	return streq(t->language, "c") || streq(t->language, "internal");
}

static void read_compiled(struct checker *k, const struct trigger *t, const struct cat_table *on, struct body *body)
{
	for (size_t i = 0; i < t->nargs; i++) {
		const struct body_relation *r = body_relation_named(k->bodies, on->schema, t->args[i]);

		if (r)
			vec_push(k->b->a, &body->writes, r);
	}
}

/* From contrib: they change NEW, or do what has to be done with a large object. */
static bool is_harmless(const struct trigger *t)
{
	static const char *const known[] = { "moddatetime", "autoinc", "insert_username", "lo_manage" };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		const char *dot = strrchr(t->function, '.');

		if (streq(dot ? dot + 1 : t->function, known[i]))
			return true;
	}
	return streq(t->schema, "pg_catalog");
}

/* ---- refusing and keeping ---- */

static void note_raise(struct checker *k, struct bound *r, const struct trigger *t, const struct cat_table *on,
		       const struct body *body)
{
	bool always = !body->branches && !t->guarded;
	struct note n = note_on(k, always ? FINDING_TRIGGER_REFUSES : FINDING_TRIGGER_RAISES, r, t, on);

	if (!body->raises || (!always && is_listed(r, t)))
		return;
	n.remedy = always ? "let the trigger pass pgretain's role, or end the rule" :
		arena_printf(k->b->a, "see that it lets the due rows pass, then: triggers = [ \"%s\" ]", t->name);
	check_note(k, &n, "%s %s", words_for(k, t, on),
		   always ? "refuses every row (RAISE)" : "can refuse rows (RAISE)");
}

static void note_kept(struct checker *k, struct bound *r, const struct trigger *t, const struct cat_table *on,
		      const struct body *body)
{
	struct note n = note_on(k, t->rule ? FINDING_RULE_KEEPS : FINDING_TRIGGER_KEEPS, r, t, on);

	if (t->rule && t->instead) {
		n.remedy = "ALTER TABLE … DISABLE RULE, or drop it: it stands between every DELETE or UPDATE and the table";
		check_note(k, &n, "%s is DO INSTEAD: rows would be kept", words_for(k, t, on));
	} else if (!t->rule && t->before && t->each_row && body->returns_null && !is_listed(r, t)) {
		n.remedy = arena_printf(k->b->a, "see that it lets the due rows pass, then: triggers = [ \"%s\" ]", t->name);
		check_note(k, &n, "%s can keep rows (BEFORE, RETURN NULL)", words_for(k, t, on));
	}
}

/* ---- one trigger ---- */

static bool judge(struct checker *k, struct bound *r, const struct trigger *t, const struct cat_table *on,
		  struct diag *d)
{
	struct body body = { 0 };

	if (!k->bodies && !body_catalog_load(k->b->conn, k->b->a, &k->bodies, d))
		return false;
	if (is_compiled(t) && is_harmless(t))
		return true;
	if (is_compiled(t))
		read_compiled(k, t, on, &body);
	else
		body_read(k->bodies, k->b->a, on->schema, t->language, t->body, &body);
	if (is_compiled(t) && !body.writes.n && !is_listed(r, t)) {
		struct note n = note_on(k, FINDING_TRIGGER_OPAQUE, r, t, on);

		n.remedy = arena_printf(k->b->a, "look at it, then: triggers = [ \"%s\" ]", t->name);
		check_note(k, &n, "%s is compiled", words_for(k, t, on));
	}
	note_raise(k, r, t, on, &body);
	note_kept(k, r, t, on, &body);
	return is_listed(r, t) || note_writes(k, r, t, on, &body, d);
}

/* ---- which triggers wake ---- */

/* What happens to a table: rows go (columns NULL), or these columns are written. */
struct effect {
	const struct cat_table *on;
	bool removes;
	size_t n;
	const char *const *columns;
};

static bool wakes(const struct trigger *t, const struct effect *e)
{
	if (t->rel != e->on->oid || !(e->removes ? t->on_delete : t->on_update))
		return false;
	if (e->removes || !t->ncolumns)
		return true;
	for (size_t i = 0; i < t->ncolumns; i++)
		for (size_t j = 0; j < e->n; j++)
			if (streq(t->columns[i], e->columns[j]))
				return true;
	return false;
}

static bool judge_effect(struct checker *k, struct bound *r, const struct effect *e, struct diag *d)
{
	for (size_t i = 0; i < k->triggers->list.n; i++)
		if (wakes(&k->triggers->list.v[i], e) && !judge(k, r, &k->triggers->list.v[i], e->on, d))
			return false;
	return true;
}

static bool judge_edges(struct checker *k, struct bound *r, const edge_vec *edges, struct diag *d)
{
	for (size_t i = 0; i < edges->n; i++) {
		const struct edge *e = &edges->v[i];
		struct effect effect = { .on = e->fkey->child, .removes = e->kind == EDGE_CASCADE,
			.n = e->fkey->n, .columns = e->fkey->child_columns };

		if (e->kind != EDGE_CASCADE && e->kind != EDGE_UNSET)
			continue;
		if (!judge_effect(k, r, &effect, d) || !judge_edges(k, r, &e->sub, d))
			return false;
	}
	return true;
}

static bool any_triggers(const struct catalog *cat)
{
	for (size_t i = 0; i < cat->tables.n; i++)
		if (cat->tables.v[i].triggers.n)
			return true;
	return false;
}

bool check_triggers(struct checker *k, struct bound *r, struct diag *d)
{
	VEC(const char *) columns = { NULL, 0, 0 };
	struct effect e = { .on = r->table, .removes = r->removes };

	if (!any_triggers(k->b->cat))
		return true;
	if (!k->triggers && !load_triggers(k, d))
		return false;
	for (size_t i = 0; i < r->ops.n; i++)
		vec_push(k->b->a, &columns, anon_column(r->ops.v[i])->name);
	e.n = columns.n;
	e.columns = columns.v;
	if (!judge_effect(k, r, &e, d))
		return false;
	for (size_t i = 0; i < r->leaves.n; i++) {
		e.on = r->leaves.v[i];
		if (e.on != r->table && !judge_effect(k, r, &e, d))
			return false;
	}
	return judge_edges(k, r, &r->edges, d);
}

void check_trigger_names(struct checker *k, struct bound *r)
{
	for (size_t i = 0; i < r->rule->ntriggers; i++) {
		bool found = false;

		for (size_t j = 0; k->triggers && j < k->triggers->list.n; j++)
			found |= streq(k->triggers->list.v[j].name, r->rule->triggers[i]);
		if (!found)
			check_note(k, &(struct note){ .id = FINDING_NAME_STALE, .rule = r,
				.remedy = "take the name out of `triggers`, or right it" },
				"triggers: there is no enabled trigger or rule %s on UPDATE or DELETE", r->rule->triggers[i]);
	}
}
