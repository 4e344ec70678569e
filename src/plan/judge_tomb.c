/* What was remembered of erased rows, for archives from before: tests of the roles of the rules that took them, or
 * roles of their own. */
#include "plan/judge_parts.h"

#include "base/instant.h"
#include "pg/sqltext.h"
#include "pg/tmpl.h"
#include "plan/request.h"
#include "plan/tombstone.h"

#include <stdlib.h>

#define GROUP_PARAMS 9
#define UNIX_EPOCH (INT64_C(946684800) * USECS_PER_SEC)	/* of 2000-01-01 */

/* One line of query/tombstone_groups. */
struct group {
	struct judging *g;
	const char *params[GROUP_PARAMS];	/* rule, schema, table, action, columns, key columns, made with, named, zone */
	const char **columns;			/* NULL: the row went */
	size_t ncolumns;
	struct bound *r;			/* the rule as it is today; NULL: there is none */
	const struct cat_table *t;		/* NULL: it is not there any more */
	struct tombs *tombs;
};

/* ---- loading ---- */

static uint32_t batch_of(struct judging *g, const char *seq, const char *entry)
{
	struct judge *j = g->j;
	struct tomb_batch b;

	b.seq = strtoll(seq, NULL, 10);
	BUG_ON(!secret_mac_parse(entry, b.entry));
	if (j->nbatches && j->batches[j->nbatches - 1].seq == b.seq &&
	    !memcmp(j->batches[j->nbatches - 1].entry, b.entry, sizeof(b.entry)))
		return (uint32_t)j->nbatches - 1;
	if (j->nbatches == g->batches) {
		g->batches = g->batches ? g->batches * 2 : 256;
		j->batches = xrealloc(j->batches, g->batches * sizeof(*j->batches));
	}
	j->batches[j->nbatches] = b;
	return (uint32_t)j->nbatches++;
}

static int64_t mark_of(const PGresult *row, int column)
{
	return PQgetisnull(row, 0, column) ? NO_TOMB_MARK : res_int(row, 0, column) - UNIX_EPOCH;
}

static bool key_of(const struct tombs *t, const PGresult *row, int first, struct rowkey *ret)
{
	struct tomb_value *values = xcalloc(t->ncolumns + 1, sizeof(*values));
	bool ok;

	for (size_t i = 0; i < t->ncolumns; i++)
		if (!PQgetisnull(row, 0, first + (int)i))
			values[i] = (struct tomb_value){ res_text(row, 0, first + (int)i),
							 (size_t)PQgetlength(row, 0, first + (int)i) };
	ok = tombs_key(t, values, ret);
	free(values);
	return ok;
}

static bool on_tomb(void *arg, const PGresult *row, struct diag *d)
{
	struct group *k = arg;
	struct tomb tomb = { .at = mark_of(row, 2), .local = mark_of(row, 3),
			     .batch = batch_of(k->g, res_text(row, 0, 0), res_text(row, 0, 1)) };
	unsigned char mac[SECRET_MAC];

	(void)d;
	if (k->tombs->nameless && k->tombs->n && k->tombs->v[k->tombs->n - 1].batch == tomb.batch)
		return true;			/* one stands for all */
	if (k->tombs->secret) {
		BUG_ON(!secret_mac_parse(res_text(row, 0, 4), mac));
		tomb.key = tombs_digest_key(mac);
	} else if (!k->tombs->nameless && !key_of(k->tombs, row, 5, &tomb.key)) {
		return true;
	}
	tombs_add(k->tombs, &tomb);
	return true;
}

static bool load(struct group *k, struct diag *d)
{
	AUTO_STRBUF parts = STRBUF_INIT;
	const char *sql;

	for (size_t i = 0; i < k->tombs->ncolumns; i++)
		strbuf_addf(&parts, ", t.key[%zu]", i + 1);
	sql = tmpl_render(k->g->a, "query/tombstone_list",
			  (struct tmpl_var[]){ { "parts", .frag = { strbuf_str(&parts) } } }, 1);
	return conn_each(k->g->b.conn, sql, (struct params){ GROUP_PARAMS, NULL, k->params }, on_tomb, k, d);
}

/* ---- what came back from the vault ---- */

static bool on_alive(void *arg, const PGresult *row, struct diag *d)
{
	struct group *k = arg;
	int64_t mark = mark_of(row, 0);
	struct rowkey key;

	(void)d;
	if (!key_of(k->tombs, row, 1, &key))
		return true;
	for (struct tomb *t = tombs_find(k->tombs, &key); t; t = t->next ? &k->tombs->v[t->next - 1] : NULL)
		if (mark == NO_TOMB_MARK || t->at == NO_TOMB_MARK || t->at == mark)
			t->batch = TOMB_REVOKED;
	return true;
}

static bool revoke_alive(struct group *k, struct diag *d)
{
	struct render x = { .b = &k->g->b, .a = k->g->a, .live = true };
	AUTO_STRBUF start = STRBUF_INIT, epoch = STRBUF_INIT, parts = STRBUF_INIT;
	const char *sql;

	if (!streq(k->params[3], "moved") || !k->t || k->tombs->nameless)
		return true;
	for (size_t i = 0; i < k->tombs->ncolumns; i++) {
		if (!cat_column(k->t, k->tombs->columns[i]))
			return true;
		strbuf_adds(&parts, ", ");
		tombstone_column(&parts, "t", k->tombs->columns[i]);
	}
	if (!k->r || !render_start(&x, &start, k->r, "t"))
		strbuf_adds(&start, "NULL::timestamptz");
	strbuf_addf(&epoch, "pgretain.epoch_us(%s)", strbuf_str(&start));
	sql = tmpl_render(k->g->a, "query/tombstone_alive", (struct tmpl_var[]){
		{ "start", .frag = { strbuf_str(&epoch) } }, { "parts", .frag = { strbuf_str(&parts) } },
		{ "from", .frag = { arena_printf(k->g->a, "%s AS t", k->t->sql) } } }, 3);
	return conn_each(k->g->b.conn, sql, (struct params){ (int)x.values.n, x.types.v, x.values.v }, on_alive, k, d);
}

/* ---- whose they are ---- */

static const struct cat_table *table_named(const struct judging *g, const char *schema, const char *name)
{
	for (size_t i = 0; i < g->b.cat->tables.n; i++)
		if (streq(g->b.cat->tables.v[i].name, name) && streq(g->b.cat->tables.v[i].schema, schema))
			return &g->b.cat->tables.v[i];
	return NULL;
}

static const char *zone_of(const struct bound *r)
{
	const struct rule *rule = r ? r->root->rule : NULL;

	if (!rule || !rule->cls)
		return "UTC";
	return rule->stored_zone ? rule->stored_zone : rule->cls->zone ? rule->cls->zone : "UTC";
}

static const char *why_nameless(const struct group *k, const struct secret_key *secret)
{
	char own[SECRET_MAC_TEXT];

	if (streq(k->params[7], "t"))
		return NULL;
	if (!k->params[6])
		return "no key_file was configured when they were erased";
	if (secret)
		tomb_made_with(secret, own);
	return secret && streq(own, k->params[6]) ? NULL : "their digests were made with another key_file";
}

static void open_group(struct group *k, const struct secret_key *secret)
{
	struct judging *g = k->g;
	struct tombs *t = arena_alloc(g->a, sizeof(*t));

	k->r = k->params[0] ? bind_rule(&g->b, k->params[0]) : NULL;
	k->t = table_named(g, k->params[1], k->params[2]);
	if (k->r && (!k->r->table || !k->t || !table_within(k->t, k->r->table)))
		k->r = NULL;
	k->params[8] = zone_of(k->r);
	if (k->params[4])
		k->columns = cat_array(g->a, k->params[4], &k->ncolumns);
	*t = (struct tombs){ .nameless = why_nameless(k, secret) };
	t->secret = t->nameless || streq(k->params[7], "t") ? NULL : secret;
	t->columns = cat_array(g->a, k->params[5], &t->ncolumns);
	t->forms = arena_alloc(g->a, (t->ncolumns + 1) * sizeof(*t->forms));
	for (size_t i = 0; i < t->ncolumns; i++) {
		const struct cat_column *c = k->t ? cat_column(k->t, t->columns[i]) : NULL;

		t->forms[i] = c ? form_of_base(c->base) : JUDGE_BYTES;
	}
	rowkey_seed(t->seed);
	k->tombs = t;
	g->j->tombs[g->j->ntombs++] = t;
}

/* ---- roles ---- */

static bool has_start(const struct bound *r)
{
	return r && !r->failed && !r->parent && r->pred.nclocks && r->pred.clocks[0].n &&
		r->pred.clocks[0].mode == CLOCK_FIRST;
}

/* Of the table itself alone: a row's key says nothing of rows of its inheritance children. */
static size_t own_table(struct group *k)
{
	struct judging *g = k->g;
	struct judge_name *name;

	if (k->t)
		return judging_table(g, k->t, k->t->kind == 'r' && k->t->children.n);
	name = arena_alloc(g->a, sizeof(*name));
	*name = (struct judge_name){ k->params[1], k->params[2] };
	vec_push(g->a, &g->tables, ((struct judge_table){ .display = k->params[2], .n = 1, .names = name }));
	return g->tables.n - 1;
}

/* What refers to rows of a table without a rule that went by mention. */
static const edge_vec *mentioned(const edge_vec *edges, const struct cat_table *t)
{
	for (size_t i = 0; i < edges->n; i++) {
		const edge_vec *below;

		if (edges->v[i].kind != EDGE_CASCADE)
			continue;
		if (edges->v[i].fkey->child == t)
			return &edges->v[i].sub;
		below = mentioned(&edges->v[i].sub, t);
		if (below)
			return below;
	}
	return NULL;
}

static void own_edges(struct group *k, size_t role)
{
	const edge_vec *edges = k->r && k->r->removes ? &k->r->edges : NULL;

	for (size_t i = 0; !edges && k->t && i < k->g->b.nrules; i++)
		edges = mentioned(&k->g->b.rules[i].edges, k->t);
	if (edges)
		judging_edges(k->g, role, edges);
}

static struct anon *op_named(const struct bound *r, const char *column)
{
	for (size_t i = 0; r && i < r->ops.n; i++)
		if (streq(anon_column(r->ops.v[i])->name, column))
			return r->ops.v[i];
	return NULL;
}

static const struct column_op *text_of(const struct bound *r, const char *column)
{
	for (size_t i = 0; i < r->rule->ncolumns; i++)
		if (streq(r->rule->columns[i].column, column))
			return &r->rule->columns[i];
	return NULL;
}

static bool leads_to_people(const struct bound *r, const char *column)
{
	for (size_t i = 0; r && i < r->paths.n; i++)
		if (r->paths.v[i].column && streq(r->paths.v[i].column->name, column))
			return true;
	return false;
}

/* As the rule says today; a link that was cut is NULL. */
static bool add_op(struct group *k, struct judge_role *role, const char *column)
{
	struct judge_op *op = &role->ops[role->nops];

	op->anon = op_named(k->r, column);
	op->op = op->anon ? text_of(k->r, column) : NULL;
	if (!op->anon && leads_to_people(k->r, column))
		op->anon = bind_null(&k->g->b, k->r->table, column, &op->op);
	if (op->anon) {
		op->column = judging_column(k->t, column);
		role->nops++;
		return true;
	}
	diag_fail(&role->refuse, DIAG_STEP, "column %s of %s.%s was overwritten, and no rule says any more how", column,
		  k->params[1], k->params[2]);
	diag_hint(&role->refuse, "let the archive expire, or name the column in rule \"%s\" again",
		  k->params[0] ? k->params[0] : "");
	return false;
}

static void add_ops(struct group *k, struct judge_role *role)
{
	const struct cat_index *key = k->t ? cat_primary(k->t) : NULL;

	role->ops = arena_alloc(k->g->a, (k->ncolumns + 1) * sizeof(*role->ops));
	for (size_t i = 0; i < k->ncolumns; i++)
		if (!add_op(k, role, k->columns[i]))
			return;
	role->key.v = arena_alloc(k->g->a, ((key ? key->ncolumns : 0) + 1) * sizeof(*role->key.v));
	for (size_t i = 0; key && i < key->ncolumns; i++)
		role->key.v[role->key.n++] = judging_column(k->t, key->columns[i]);
}

static size_t own_role(struct group *k)
{
	struct judging *g = k->g;
	struct judge_role role = { .kind = JUDGE_RULE, .remembered = true, .rule = k->params[0], .removes = !k->columns,
				   .table = own_table(k) };
	size_t index = g->roles.n;

	if (k->r) {
		role.loc = k->r->rule->loc;
		role.held_class = g->roles.v[k->r->index].held_class;
		role.refuse = g->roles.v[k->r->index].refuse;
	}
	if (has_start(k->r)) {
		role.start = &k->r->pred;
		judging_clocks(g, k->r, &role);
	}
	if (k->columns && role.refuse.cls == DIAG_OK)
		add_ops(k, &role);
	vec_push(g->a, &g->roles, role);
	if (role.removes)
		own_edges(k, index);
	return index;
}

/* The rule that took the rows would take them today. */
static bool is_rules_own(const struct group *k)
{
	return !k->columns && k->r && k->r->removes && k->t == k->r->table &&
		(k->t->kind == 'p' || !k->t->children.n || k->r->rule->only);
}

static void add_test(struct group *k, struct judge_role *role)
{
	struct judge_test *tests = arena_alloc(k->g->a, (role->ntests + 1) * sizeof(*tests)), *t = &tests[role->ntests];

	if (role->ntests)
		memcpy(tests, role->tests, role->ntests * sizeof(*tests));
	*t = (struct judge_test){ .kind = JUDGE_TEST_TOMBS, .tombs = k->tombs };
	t->columns.n = k->tombs->ncolumns;
	t->columns.v = arena_alloc(k->g->a, (t->columns.n + 1) * sizeof(*t->columns.v));
	for (size_t i = 0; i < k->tombs->ncolumns; i++)
		t->columns.v[i] = k->t ? judging_column(k->t, k->tombs->columns[i]) :
			(struct judge_column){ .name = k->tombs->columns[i], .form = k->tombs->forms[i] };
	role->tests = tests;
	role->ntests++;
}

static void seat(struct group *k)
{
	size_t index = is_rules_own(k) ? k->r->index : own_role(k);
	struct judge_role *role = &k->g->roles.v[index];

	if (has_start(k->r) && role->refuse.cls == DIAG_OK)
		role->start = &k->r->pred;
	add_test(k, role);
}

/* ---- what refers to rows that go, and was dealt with by a role of its own ---- */

static bool cuts(const struct judge_role *o, const struct judge_way *w)
{
	for (size_t i = 0; i < o->nops; i++)
		for (size_t c = 0; c < w->child.n; c++)
			if (streq(anon_op(o->ops[i].anon), "null") && streq(o->ops[i].column.name, w->child.v[c].name))
				return true;
	return o->removes;
}

static bool one_table(const struct judging *g, const struct judge_role *a, const struct judge_role *b)
{
	const struct judge_table *x = &g->tables.v[a->table], *y = &g->tables.v[b->table];

	return x->n && y->n && streq(x->names[0].name, y->names[0].name) && streq(x->names[0].schema, y->names[0].schema);
}

static void releases(struct judging *g, size_t first)
{
	for (size_t i = 0; i < g->roles.n; i++)
		for (size_t o = first; g->roles.v[i].kind == JUDGE_REFER && o < g->roles.n; o++) {
			struct judge_role *refer = &g->roles.v[i], *own = &g->roles.v[o];
			size_t *more;

			if (own->kind != JUDGE_RULE || !one_table(g, refer, own) || !cuts(own, refer->ways))
				continue;
			more = arena_alloc(g->a, (refer->nrules + 1) * sizeof(*more));
			if (refer->nrules)
				memcpy(more, refer->rules, refer->nrules * sizeof(*more));
			more[refer->nrules++] = o;
			refer->rules = more;
		}
}

/* ---- all of it ---- */

static bool secret_of(struct judging *g, const struct secret_key **ret, struct diag *d)
{
	const char *path = g->b.plan->policy->key_file;
	struct secret_key file, *own = arena_alloc(g->a, sizeof(*own));

	*ret = NULL;
	if (!path)
		return true;
	if (!secret_load(path, &file, d))
		return false;
	tomb_secret(&file, own);
	*ret = own;
	return true;
}

/* Before the tombstones: what stands up to there is among them. */
static bool newest_entry(struct judging *g, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query(g->b.conn, sqltext_get("query/ledger_head"), NO_PARAMS, &res, d))
		return false;
	g->j->ledger_seq = res_int(res, 0, 0);
	return true;
}

static bool take_group(struct judging *g, const PGresult *res, int i, const struct secret_key *secret, struct diag *d)
{
	struct group k = { .g = g };

	for (int c = 0; c < GROUP_PARAMS - 1; c++)
		k.params[c] = arena_strdup(g->a, res_text_null(res, i, c));
	open_group(&k, secret);
	if (!load(&k, d) || !revoke_alive(&k, d))
		return false;
	seat(&k);
	return true;
}

bool judging_tombs(struct judging *g, bool ledger, struct diag *d)
{
	const struct secret_key *secret;
	AUTO_RESULT *res = NULL;
	size_t first = g->roles.n;

	if (!ledger)
		return true;
	if (!newest_entry(g, d) || !conn_query(g->b.conn, sqltext_get("query/tombstone_groups"), NO_PARAMS, &res, d))
		return false;
	if (PQntuples(res) == 0)
		return true;
	if (!secret_of(g, &secret, d))
		return false;
	g->j->tombs = arena_alloc(g->a, (size_t)PQntuples(res) * sizeof(struct tombs *));
	for (int i = 0; i < PQntuples(res); i++)
		if (!take_group(g, res, i, secret, d))
			return false;
	releases(g, first);
	return true;
}
