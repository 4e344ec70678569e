#include "report/period_view.h"

static json_t *run_json(const struct past_run *r)
{
	json_t *o = json_object();

	json_put(o, "run", json_text(r->run));
	json_put(o, "job", json_text(r->job));
	json_put(o, "started", json_text(r->started));
	json_put(o, "ended", json_text(r->ended));
	json_put(o, "state", json_text(r->state));
	json_put(o, "exit", r->exit ? json_count(strtoll(r->exit, NULL, 10)) : json_null());
	json_put(o, "as_of", json_text(r->as_of));
	json_put(o, "actor", json_text(r->actor));
	json_put(o, "rows", json_count(r->rows));
	json_put(o, "seconds", json_decimal(r->seconds, 3));
	return o;
}

static json_t *work_json(const struct past_work *w)
{
	json_t *o = json_object();

	json_put(o, "rule", json_text(w->rule));
	json_put(o, "table", json_text(w->table));
	json_put(o, "action", json_text(w->action));
	json_put(o, "rows", json_count(w->rows));
	json_put(o, "runs", json_count(w->runs));
	json_put(o, "last", json_text(w->last));
	return o;
}

static json_t *trouble_json(const struct past_trouble *t)
{
	json_t *o = json_object();

	json_put(o, "run", json_text(t->run));
	json_put(o, "rule", json_text(t->rule));
	json_put(o, "table", json_text(t->table));
	json_put(o, "at", json_text(t->at));
	json_put(o, "status", json_text(t->status));
	json_put(o, "sqlstate", json_text(t->sqlstate));
	json_put(o, "reason", json_text(t->reason));
	return o;
}

static json_t *job_json(const struct next_job *j)
{
	json_t *o = json_object();

	json_put(o, "job", json_text(j->job));
	json_put(o, "schedule", json_text(j->schedule));
	json_put(o, "zone", json_text(j->zone));
	json_put(o, "start", json_text(j->start));
	return o;
}

static json_t *store_json(const struct store_state *s)
{
	json_t *o = json_object();

	json_put(o, "store", json_text(s->store));
	json_put(o, "sets", json_count(s->sets));
	json_put(o, "holds", json_count(s->holds));
	json_put(o, "isolated", json_count(s->isolated));
	json_put(o, "overdue", json_count(s->overdue));
	json_put(o, "requests", json_count(s->requests));
	json_put(o, "until", json_text(s->until));
	json_put(o, "trouble", json_text(s->trouble));
	json_put(o, "findings", json_deep_copy(s->findings));
	return o;
}

static json_t *holds_json(const struct period_view *v)
{
	json_t *o;

	if (!v->holds_known)
		return json_null();
	o = json_object();
	json_put(o, "open", json_count(v->holds_open));
	json_put(o, "overdue", json_count(v->holds_overdue));
	return o;
}

static json_t *ledger_json(const struct period_view *v)
{
	json_t *o = json_object();

	json_put(o, "entries", json_count(v->entries));
	json_put(o, "head", json_text(v->head));
	return o;
}

#define PUT_ALL(root, key, list, n, to_json) do { \
	json_t *array_ = json_array(); \
	for (size_t i_ = 0; i_ < (n); i_++) \
		json_add(array_, to_json(&(list)[i_])); \
	json_put((root), (key), array_); \
} while (0)

static json_t *note_json(const char *const *note)
{
	return json_text(*note);
}

json_t *period_view_json(const struct period_view *v)
{
	json_t *o = json_object();

	json_put(o, "schema", json_text("pgretain.report/1"));
	json_put(o, "database", json_text(v->database));
	json_put(o, "since", json_text(v->since));
	json_put(o, "until", json_text(v->until));
	PUT_ALL(o, "done", v->work, v->nwork, work_json);
	PUT_ALL(o, "runs", v->runs, v->nruns, run_json);
	PUT_ALL(o, "troubles", v->troubles, v->ntroubles, trouble_json);
	PUT_ALL(o, "next", v->jobs, v->njobs, job_json);
	json_put(o, "holds", holds_json(v));
	PUT_ALL(o, "backups", v->stores, v->nstores, store_json);
	json_put(o, "ledger", ledger_json(v));
	PUT_ALL(o, "notes", v->notes, v->nnotes, note_json);
	json_put(o, "exit", json_count(0));
	return o;
}
