/* What a rule was allowed to do, and whether it has become more than that (domain.md 3): the first run
 * of a rule and a class that became shorter need a confirmed plan; lengthening applies at once. */
#include "plan/build.h"
#include "plan/build_parts.h"

#include <jansson.h>

static json_t *clock_json(const struct clock *k)
{
	static const char *const units[] = { "", "s", "ms", "us", "yyyymmdd" };
	json_t *columns = json_array();

	for (size_t i = 0; i < k->n; i++)
		json_array_append_new(columns, json_pack("[ss]", k->columns[i].column, units[k->columns[i].unit]));
	return json_pack("{ssso}", "mode", k->mode == CLOCK_LATEST ? "latest" : "first",
			 "columns", columns);
}

/* Length in days for comparing; a month is a twelfth of the mean Gregorian year. */
static double period_days(const struct period *p)
{
	return p->months * (365.2425 / 12) + p->days + (double)p->usecs / 86400e6;
}

static void set_period(json_t *o, const char *key, const struct period *p)
{
	char text[PERIOD_TEXT];

	json_object_set_new(o, key, json_string(period_format(p, text)));
}

static json_t *term_json(const struct term *t)
{
	json_t *o = json_pack("{sssssfsbsbsb}", "kind", t->kind == TERM_FLOOR ? "floor" : "standard",
			      "event", t->until ? t->until : t->from ? t->from : "start",
			      "days", t->until ? 0.0 : period_days(&t->keep),
			      "until", t->until != NULL, "ignore_null", t->ignore_null,
			      "survives", t->kind == TERM_FLOOR || t->survives_erasure);

	if (!t->until)
		set_period(o, "keep", &t->keep);
	return o;
}

static json_t *columns_json(const struct rule *rule)
{
	json_t *all = json_array();

	for (size_t i = 0; i < rule->ncolumns; i++) {
		const struct column_op *op = &rule->columns[i];
		json_t *one = json_pack("[ss]", op->column, op->op);

		for (size_t k = 0; k < op->nparams; k++) {
			json_t *values = json_array();

			for (size_t v = 0; v < op->params[k].n; v++)
				json_array_append_new(values, json_string(op->params[k].values[v]));
			json_array_append_new(one, json_pack("[so]", op->params[k].name, values));
		}
		json_array_append_new(all, one);
	}
	for (size_t i = 0; i < rule->anonymity.nsuppress; i++)
		json_array_append_new(all, json_pack("[ss]", rule->anonymity.suppress[i], "suppress"));
	return all;
}

static json_t *events_json(const struct rule *rule)
{
	json_t *all = json_object();

	for (size_t i = 0; i < rule->nevents; i++)
		json_object_set_new(all, rule->events[i].name, clock_json(&rule->events[i].clock));
	return all;
}

static json_t *children_json(const struct rule *rule)
{
	static const char *const modes[] = {
		[CHILD_RULE] = "rule", [CHILD_CASCADE] = "cascade", [CHILD_SET_NULL] = "set null",
	};
	json_t *all = json_array();

	for (size_t i = 0; i < rule->nchildren; i++) {
		const struct child *c = &rule->children[i];

		if (c->mode == CHILD_RULE && !c->constraint)	/* as if it were not there */
			continue;
		json_array_append_new(all, json_pack("[sss]", c->table, c->constraint ? c->constraint : "", modes[c->mode]));
	}
	return all;
}

/* What definitions of older versions do not say. */
static void add_bounds(json_t *def, const struct bound *r)
{
	const struct rule *rule = r->rule;
	const struct retention_class *cls = rule->cls, *vault = r->root->rule->cls;
	const char *lo = rule->plausible_from ? rule->plausible_from : cls ? cls->plausible_from : NULL;

	json_object_set_new(def, "plausible_from", json_string(lo ? lo : PLAUSIBLE_FROM));
	json_object_set_new(def, "class_zone", json_string(cls && cls->zone ? cls->zone : ""));
	json_object_set_new(def, "via", json_string(r->via ? r->via->name : rule->via ? rule->via : ""));
	json_object_set_new(def, "only", json_boolean(rule->only));
	json_object_set_new(def, "children", children_json(rule));
	if (rule->action == ACTION_QUARANTINE && vault && vault->has_vault)
		set_period(def, "vault", &vault->vault);
	if (cls && cls->has_cap)
		set_period(def, "cap", &cls->cap);
}

const char *confirm_definition(struct arena *a, const struct bound *r)
{
	const struct rule *rule = r->rule;
	json_t *terms = json_array(), *def;
	char *text, *kept;

	for (size_t i = 0; rule->cls && i < rule->cls->nterms; i++)
		json_array_append_new(terms, term_json(&rule->cls->terms[i]));
	def = json_pack("{ss ss ss ss ss ss so so so so}",
			"table", r->table ? r->table->display : rule->table,
			"action", action_word(rule->action),
			"class", rule->class_name ? rule->class_name : "",
			"follows", rule->follows ? rule->follows : "",
			"where", rule->where ? rule->where : "",
			"zone", rule->stored_zone ? rule->stored_zone : rule->cls && rule->cls->zone ? rule->cls->zone : "",
			"start", clock_json(&rule->start), "events", events_json(rule),
			"columns", columns_json(rule), "terms", terms);
	if (rule->cls && rule->cls->has_cap)
		json_object_set_new(def, "cap_days", json_real(period_days(&rule->cls->cap)));
	add_bounds(def, r);
	text = json_dumps(def, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(12));
	kept = arena_strdup(a, text);
	free(text);
	json_decref(def);
	return kept;
}

/* As the configuration says it: what the ledger keeps, and `ledger show` answers with. */
const char *confirm_rule_text(struct arena *a, const struct bound *r)
{
	const struct rule *rule = r->rule;
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_addf(&sb, "%s %s", action_word(rule->action), r->table ? r->table->display : rule->table);
	if (rule->follows)
		strbuf_addf(&sb, ", with its row of rule %s", rule->follows);
	for (size_t i = 0; rule->cls && i < rule->cls->nterms; i++) {
		const struct term *t = &rule->cls->terms[i];

		strbuf_addf(&sb, "; %s %s", t->kind == TERM_FLOOR ? "floor" : "standard",
			    t->basis ? t->basis : t->name ? t->name : "");
		if (t->until)
			strbuf_addf(&sb, " until %s", t->until);
		else
			strbuf_addf(&sb, " %s from %s", t->keep_text, t->from ? t->from : "start");
	}
	for (size_t i = 0; i < rule->start.n; i++)
		strbuf_addf(&sb, "%s%s", i ? ", " : rule->start.mode == CLOCK_LATEST ? "; start = latest of " : "; start = ",
			    rule->start.columns[i].column);
	if (rule->where)
		strbuf_addf(&sb, "; where %s", rule->where);
	for (size_t i = 0; i < rule->ncolumns; i++)
		strbuf_addf(&sb, "%s%s = %s", i ? ", " : "; columns ", rule->columns[i].column, rule->columns[i].op);
	if (rule->cls)
		strbuf_addf(&sb, "; class %s, zone %s", rule->cls->name, rule->cls->zone ? rule->cls->zone : "none");
	return arena_strdup(a, strbuf_str(&sb));
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

/* Definitions of older versions have mean lengths alone. One that is still the same is the same period, since
 * nothing says otherwise; another is longer when it is so for any period of the old mean length. */
static bool lasts_mean(const struct period *p, double days)
{
	struct period most = { .days = (int)(days * 31 / 30) + 2 };
	double apart = period_days(p) - days;

	return (apart < 1e-6 && apart > -1e-6) || period_lasts(p, &most);
}

static bool lasts(const json_t *is, const json_t *was, const char *key, const char *mean)
{
	struct period p, o;
	const char *why;

	BUG_ON(!period_parse(text_of(is, key), &p, &why));
	if (period_parse(text_of(was, key), &o, &why))
		return period_lasts(&p, &o);
	return lasts_mean(&p, json_number_value(json_object_get(was, mean)));
}

/* Some new term keeps at least as long, from the same event and in the same way; what no cap bounds and no
 * request shortens stays so. */
static bool term_kept(const json_t *was, const json_t *terms)
{
	size_t i;
	json_t *t;

	json_array_foreach(terms, i, t) {
		if (!streq(text_of(t, "event"), text_of(was, "event")) ||
		    json_is_true(json_object_get(t, "until")) != json_is_true(json_object_get(was, "until")) ||
		    (json_is_true(json_object_get(t, "ignore_null")) && !json_is_true(json_object_get(was, "ignore_null"))))
			continue;
		if ((streq(text_of(was, "kind"), "floor") && !streq(text_of(t, "kind"), "floor")) ||
		    (json_is_true(json_object_get(was, "survives")) && !json_is_true(json_object_get(t, "survives"))))
			continue;
		if (json_is_true(json_object_get(t, "until")) || lasts(t, was, "keep", "days"))
			return true;
	}
	return false;
}

static bool cap_shorter(const json_t *was, const json_t *is)
{
	if (!json_object_get(is, "cap_days"))
		return false;
	return !json_object_get(was, "cap_days") || !lasts(is, was, "cap", "cap_days");
}

/* A key that an older version's definition lacks says nothing. */
static bool differs(const json_t *was, const json_t *is, const char *key)
{
	const json_t *before = json_object_get(was, key);

	return before && !json_equal(before, json_object_get(is, key));
}

/* Of what is wider in one direction alone. */
static const char *what_widened(const json_t *was, const json_t *is)
{
	const json_t *lo = json_object_get(was, "plausible_from");

	if (lo && strcmp(text_of(is, "plausible_from"), json_string_value(lo)) < 0)
		return "its plausible_from became earlier";
	if (json_is_true(json_object_get(was, "only")) && !json_is_true(json_object_get(is, "only")))
		return "it takes the rows of inheritance children now";
	if (json_object_get(was, "vault") && json_object_get(is, "vault") && !lasts(is, was, "vault", ""))
		return "its vault keeps rows less long";
	return NULL;
}

static const char *what_changed(const json_t *was, const json_t *is)
{
	static const char *const same[][2] = {
		{ "table", "its table changed" }, { "action", "its action changed" },
		{ "where", "its condition changed" }, { "follows", "what it follows changed" },
		{ "zone", "its zone changed" }, { "class_zone", "the zone of its class changed" },
		{ "via", "the key by which it follows changed" },
		{ "start", "its start event changed" }, { "events", "its start event changed" },
		{ "columns", "the columns it overwrites changed" },
		{ "children", "what becomes of referencing tables changed" },
	};
	const char *wider = what_widened(was, is);
	size_t i;
	json_t *t;

	for (i = 0; i < ARRAY_SIZE(same); i++)
		if (differs(was, is, same[i][0]))
			return same[i][1];
	if (wider)
		return wider;
	json_array_foreach(json_object_get(was, "terms"), i, t)
		if (!term_kept(t, json_object_get(is, "terms")))
			return "its class became shorter";
	return cap_shorter(was, is) ? "its class became shorter" : NULL;
}

void confirm_compare(struct plan_step *s, const char *confirmed)
{
	json_t *was = confirmed ? json_loads(confirmed, 0, NULL) : NULL;
	json_t *is = json_loads(s->definition, 0, NULL);

	BUG_ON(!is);
	s->confirmation_why = was ? what_changed(was, is) : "first run of this rule";
	s->needs_confirmation = s->confirmation_why != NULL;
	s->is_new = !was;
	s->definition_known = was && json_equal(was, is);
	json_decref(was);
	json_decref(is);
}

const char *plan_step_wider(const struct plan_step *s, const char *was)
{
	struct plan_step now = *s;

	confirm_compare(&now, was);
	return now.confirmation_why;
}
