#include "report/run_view.h"

bool rule_view_balances(const struct rule_view *r)
{
	return r->due == rule_view_acted(r) + r->held + r->blocked + r->deferred + r->failed + r->skipped +
			 r->changed;
}

int64_t rule_view_acted(const struct rule_view *r)
{
	return r->deleted + r->anonymized + r->quarantined;
}

static json_t *counts_json(const struct table_count *counts, size_t n)
{
	json_t *object = json_object();

	for (size_t i = 0; i < n; i++) {
		int64_t before = json_integer_value(json_object_get(object, counts[i].table));

		json_put(object, counts[i].table, json_count(before + counts[i].n));
	}
	return object;
}

static json_t *notes_json(const char *const *notes, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_add(array, json_text(notes[i]));
	return array;
}

static void put_counts(json_t *o, const struct rule_view *r)
{
	const struct { const char *key; int64_t n; } counts[] = {
		{ "due", r->due }, { "deleted", r->deleted }, { "anonymized", r->anonymized },
		{ "quarantined", r->quarantined }, { "held", r->held }, { "blocked", r->blocked },
		{ "deferred", r->deferred }, { "failed", r->failed }, { "skipped", r->skipped },
		{ "changed", r->changed }, { "indeterminate", r->indeterminate }, { "future", r->future },
		{ "anomalous", r->anomalous },
	};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		json_put(o, counts[i].key, json_count(counts[i].n));
}

static void put_anonymity(json_t *o, const struct rule_view *r)
{
	json_put(o, "result", json_text(r->result));
	json_put(o, "k", r->measured ? json_count(r->k) : json_null());
	json_put(o, "k_at_most", r->measured ? json_boolean(r->k_at_most) : json_null());
	json_put(o, "small", r->measured ? json_count(r->small) : json_null());
	json_put(o, "l", r->measured && r->l >= 0 ? json_count(r->l) : json_null());
	json_put(o, "suppressed", json_count(r->suppressed));
	json_put(o, "reasons", notes_json(r->reasons, r->nreasons));
}

static json_t *rule_json(const struct rule_view *r)
{
	static const char *const status[] = { "done", "skipped", "failed" };
	json_t *o = json_object();

	json_put(o, "rule", json_text(r->rule));
	json_put(o, "table", json_text(r->table));
	json_put(o, "class", json_text(r->class_name));
	json_put(o, "action", json_text(action_word(r->action)));
	json_put(o, "cutoff", json_text(r->cutoff));
	put_counts(o, r);
	json_put(o, "cascaded", counts_json(r->cascaded, r->ncascaded));
	json_put(o, "unset", counts_json(r->unset, r->nunset));
	json_put(o, "strategy", json_text(r->strategy));
	json_put(o, "status", json_text(status[r->status]));
	json_put(o, "reason", json_text(r->reason));
	json_put(o, "seconds", json_decimal(r->seconds, 3));
	json_put(o, "wal_bytes", json_count(r->wal_bytes));
	json_put(o, "transactions", json_count(r->transactions));
	json_put(o, "already", json_count(r->already));
	json_put(o, "strategy_reason", json_text(r->strategy_reason));
	if (r->action == ACTION_ANONYMIZE)
		put_anonymity(o, r);
	json_put(o, "notes", notes_json(r->notes, r->nnotes));
	return o;
}

static json_t *simulated_json(const struct run_view *v)
{
	const struct simulated_view *s = v->simulated;
	json_t *o = json_object(), *classes = json_array(), *rules = json_array();

	for (size_t i = 0; i < s->nclasses; i++) {
		json_t *c = json_object();

		json_put(c, "class", json_text(s->classes[i].class_name));
		json_put(c, "standard", json_text(s->classes[i].standard));
		json_put(c, "keep", json_text(s->classes[i].keep));
		json_put(c, "was", json_text(s->classes[i].was));
		json_add(classes, c);
	}
	for (size_t i = 0; i < v->nrules; i++) {
		json_t *r = json_object();

		json_put(r, "rule", json_text(s->rules[i].rule));
		json_put(r, "due", json_count(v->rules[i].due));
		json_put(r, "due_at_present", json_count(s->rules[i].due));
		json_put(r, "difference", json_count(v->rules[i].due - s->rules[i].due));
		json_put(r, "acted", json_count(rule_view_acted(&v->rules[i])));
		json_put(r, "acted_at_present", json_count(s->rules[i].acted));
		json_put(r, "needs_confirmation", json_boolean(s->rules[i].shorter));
		json_add(rules, r);
	}
	json_put(o, "classes", classes);
	json_put(o, "rules", rules);
	return o;
}

json_t *run_view_json(const struct run_view *v)
{
	json_t *o = json_object(), *rules = json_array();

	for (size_t i = 0; i < v->nrules; i++)
		json_add(rules, rule_json(&v->rules[i]));
	json_put(o, "schema", json_text("pgretain.run/1"));
	json_put(o, "mode", json_text(v->is_run ? "run" : "plan"));
	json_put(o, "run", json_text(v->run));
	json_put(o, "database", json_text(v->database));
	json_put(o, "as_of", json_text(v->as_of));
	json_put(o, "fingerprint", json_text(v->fingerprint));
	json_put(o, "rules", rules);
	json_put(o, "notes", notes_json(v->notes, v->nnotes));
	if (!v->is_run)
		json_put(o, "holds", hold_widths_json(v->nholds, v->holds));
	if (v->simulated)
		json_put(o, "simulated", simulated_json(v));
	if (v->recurrences)
		recurrences_put(o, v->recurrences);
	json_put(o, "exit", json_count(v->exit));
	return o;
}
