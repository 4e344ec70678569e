/* Rights that the session's role lacks, each with the GRANT that mends it. */
#include "pg/tmpl.h"
#include "plan/check_parts.h"

/* What a rule does to one relation. */
struct use {
	const struct cat_table *table;
	bool select, delete, lock;
	VEC(const char *) columns;		/* that it updates */
};

struct right {
	Oid oid;
	const char *role, *schema;
	bool usage, select, delete, update, hidden, forced;
	size_t nlocked;
	const char **locked;			/* columns that the role may not update */
};

struct rights {
	VEC(struct right) list;
};

/* All relations that any rule can reach, in one query. */
static bool load_rights(struct checker *k, struct diag *d)
{
	struct arena *a = k->b->a;
	AUTO_RESULT *r = NULL;

	if (!check_ask(k, "query/check_rights", check_all_oids(k), &r, d))
		return false;
	k->rights = arena_alloc(a, sizeof(*k->rights));
	for (int i = 0; i < PQntuples(r); i++) {
		struct right *have = vec_add(a, &k->rights->list);

		*have = (struct right){
			.oid = (Oid)res_int(r, i, 0), .role = arena_strdup(a, res_text(r, i, 1)),
			.usage = res_bool(r, i, 2), .select = res_bool(r, i, 3), .delete = res_bool(r, i, 4),
			.update = res_bool(r, i, 5), .hidden = res_bool(r, i, 7), .forced = res_bool(r, i, 8),
			.schema = arena_strdup(a, res_text(r, i, 9)),
		};
		have->locked = cat_array(a, res_text(r, i, 6), &have->nlocked);
	}
	return true;
}

/* NULL: the relation was dropped since the catalogue was read; the plan's own statements will tell. */
static const struct right *right_on(const struct checker *k, const struct cat_table *t)
{
	for (size_t i = 0; i < k->rights->list.n; i++)
		if (k->rights->list.v[i].oid == t->oid)
			return &k->rights->list.v[i];
	return NULL;
}

static void lacks(struct checker *k, struct bound *r, const struct right *have, const char *what, const char *on)
{
	check_note(k, &(struct note){ .id = FINDING_PRIVILEGE, .rule = r, .object = on, .sqlstate = "42501",
		.remedy = arena_printf(k->b->a, "GRANT %s ON %s TO %s", what, on, have->role) },
		"role %s lacks %s on %s", have->role, what, on);
}

static bool any_locked(const struct use *u, const struct right *have)
{
	for (size_t i = 0; i < u->columns.n; i++)
		for (size_t j = 0; j < have->nlocked; j++)
			if (streq(u->columns.v[i], have->locked[j]))
				return true;
	return u->lock && !have->update;
}

static void add_word(struct strbuf *sb, bool missing, const char *word)
{
	if (missing)
		strbuf_addf(sb, "%s%s", sb->len ? ", " : "", word);
}

static void check_use(struct checker *k, struct bound *r, const struct use *u)
{
	const struct right *have = right_on(k, u->table);
	AUTO_STRBUF what = STRBUF_INIT;

	if (!have)
		return;
	if (!have->usage)
		lacks(k, r, have, "USAGE", arena_printf(k->b->a, "SCHEMA %s", have->schema));
	add_word(&what, u->select && !have->select, "SELECT");
	add_word(&what, u->delete && !have->delete, "DELETE");
	add_word(&what, any_locked(u, have), "UPDATE");
	if (what.len)
		lacks(k, r, have, strbuf_str(&what), u->table->display);
	if (have->hidden)
		check_note(k, &(struct note){ .id = FINDING_RLS, .rule = r, .object = u->table->display,
			.sqlstate = "42501", .remedy = arena_printf(k->b->a, "ALTER ROLE %s BYPASSRLS", have->role) },
			"row-level security of %s %s role %s", u->table->display,
			have->forced ? "is forced, and so hides rows even from its owner," : "hides rows from", have->role);
}

/* ---- what a rule uses ---- */

static void use_edge(struct checker *k, struct bound *r, const struct edge *e);

static void use_edges(struct checker *k, struct bound *r, const edge_vec *edges)
{
	for (size_t i = 0; i < edges->n; i++)
		use_edge(k, r, &edges->v[i]);
}

/* Children with a rule of their own are looked at there; here they are read, to know whether they stay. */
static void use_edge(struct checker *k, struct bound *r, const struct edge *e)
{
	struct use u = { .table = e->fkey->child, .select = true };

	switch (e->kind) {
	case EDGE_RULE:
		break;
	case EDGE_FOLLOW:
		return;
	case EDGE_CASCADE:
		u.delete = true;
		break;
	case EDGE_UNSET:
		for (size_t i = 0; i < e->fkey->n; i++)
			vec_push(k->b->a, &u.columns, e->fkey->child_columns[i]);
		break;
	}
	check_use(k, r, &u);
	use_edges(k, r, &e->sub);
}

/* Rows whose dependents go first are locked meanwhile: SELECT … FOR UPDATE needs UPDATE. */
static bool has_dependents(const struct bound *r)
{
	for (size_t i = 0; i < r->edges.n; i++)
		if (r->edges.v[i].kind != EDGE_RULE)
			return true;
	return r->followers.n > 0;
}

static void use_table(struct checker *k, struct bound *r, const struct cat_table *t)
{
	struct use u = { .table = t, .select = true, .delete = r->removes };

	u.lock = r->root == r && has_dependents(r);
	for (size_t i = 0; !r->removes && i < r->ops.n; i++)
		vec_push(k->b->a, &u.columns, anon_column(r->ops.v[i])->name);
	check_use(k, r, &u);
}

/* Statistics are cleared by ANALYZE, which is the owner's; so is dropping a partition. */
static void note_owner(struct checker *k, struct bound *r)
{
	const struct right *have = right_on(k, r->table);
	AUTO_STRBUF owner = STRBUF_INIT;

	if (r->table->is_owner || k->b->conn->version >= 170000)
		return;
	if (!have)
		return;
	sql_ident(&owner, r->table->owner);
	check_note(k, &(struct note){ .id = FINDING_OWNER, .rule = r, .object = r->table->display,
		.remedy = arena_printf(k->b->a, "GRANT %s TO %s", strbuf_str(&owner), have->role) },
		"%s belongs to role %s, which role %s is no member of: no ANALYZE%s", r->table->display, strbuf_str(&owner),
		have->role,
		r->table->kind == 'p' ? ", no partition dropped whole" : "");
}

bool check_rights(struct checker *k, struct bound *r, struct diag *d)
{
	if (!k->rights && !load_rights(k, d))
		return false;
	use_table(k, r, r->table);
	for (size_t i = 0; i < r->leaves.n; i++)
		if (r->leaves.v[i] != r->table)
			use_table(k, r, r->leaves.v[i]);
	use_edges(k, r, &r->edges);
	note_owner(k, r);
	return true;
}
