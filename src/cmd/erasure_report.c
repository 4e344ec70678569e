#include "cmd/erasure_report.h"

#include "base/instant.h"
#include "exec/lane.h"
#include "report/json.h"

void erasure_report_init(struct erasure_report *t, struct ctx *ctx, const struct database *db)
{
	*t = (struct erasure_report){ .ctx = ctx, .database = db->name, .requests = json_array() };
}

/* ---- gathering ---- */

static struct rule_view *view_of(struct erasure_report *t, const struct rule_view *one)
{
	struct rule_view *v;

	for (size_t i = 0; i < t->rules.n; i++)
		if (streq(t->rules.v[i].rule, one->rule))
			return &t->rules.v[i];
	v = vec_add(t->ctx->arena, &t->rules);
	v->rule = one->rule;
	v->table = one->table;
	v->class_name = one->class_name;
	v->action = one->action;
	v->status = RULE_DONE;
	return v;
}

static void add_rule(struct erasure_report *t, const struct rule_view *one)
{
	struct rule_view *v = view_of(t, one);

	v->due += one->due;
	v->deleted += one->deleted;
	v->anonymized += one->anonymized;
	v->quarantined += one->quarantined;
	v->held += one->held;
	v->blocked += one->blocked;
	v->deferred += one->deferred;
	v->failed += one->failed;
	v->skipped += one->skipped;
	v->changed += one->changed;
	v->seconds += one->seconds;
	v->wal_bytes += one->wal_bytes;
	v->transactions += one->transactions;
	if (one->status == RULE_FAILED)
		v->status = RULE_FAILED;
	v->reason = one->reason ? one->reason : v->reason;
}

static json_t *state_json(struct erasure *e, const struct erasure_request *r)
{
	json_t *o = json_object();

	json_put(o, "request", json_text(r->id));
	json_put(o, "state", json_text(request_state_word(r->state)));
	json_put(o, "fingerprint", json_text(r->fingerprint));
	json_put(o, "items", erasure_items_json(e, r));
	return o;
}

#define TEXT_AT_ONCE (1024 * 1024)

static void add_text(struct erasure_report *t, struct erasure *e, const struct erasure_request *r)
{
	if (t->text.len > TEXT_AT_ONCE) {
		ctx_print(t->ctx, &t->text);
		strbuf_reset(&t->text);
		t->printed = true;
	}
	strbuf_adds(&t->text, t->text.len || t->printed ? "\n" : "");
	erasure_text(e, r, &t->text);
}

void erasure_report_add(struct erasure_report *t, struct erasure *e, const struct erasure_run *r)
{
	char as_of[INSTANT_TEXT];

	if (!t->as_of) {
		t->as_of = arena_strdup(t->ctx->arena, instant_format(e->plan->as_of_usecs, as_of));
		t->fingerprint = erasure_batch_fingerprint(e);
	}
	if (r->uuid[0] && !t->run)
		t->run = arena_strdup(t->ctx->arena, r->uuid);
	if (r->uuid[0])
		t->seconds += (clock_ms() - r->began_ms) / 1e3;
	t->interrupted = t->interrupted || r->interrupted;
	for (size_t i = 0; i < r->rules.n; i++)
		add_rule(t, &r->rules.v[i]);
	for (size_t i = 0; !t->silent && i < e->requests.n; i++) {
		if (t->ctx->format == FORMAT_JSON)
			json_add(t->requests, state_json(e, &e->requests.v[i]));
		else
			add_text(t, e, &e->requests.v[i]);
	}
}

/* ---- printing ---- */

static void print_json(struct erasure_report *t, int exit)
{
	const struct run_view v = {
		.is_run = t->run != NULL || !json_array_size(t->requests), .run = t->run, .database = t->database, .as_of = t->as_of,
		.fingerprint = t->fingerprint, .nrules = t->rules.n, .rules = t->rules.v, .recurrences = t->recurrences,
		.interrupted = t->interrupted, .seconds = t->seconds, .exit = exit,
	};
	json_t *o = run_view_json(&v);

	json_put(o, "requests", json_incref(t->requests));
	if (t->notices)
		json_put(o, "notices", notices_json(t->notices));
	ctx_print_json(t->ctx, o);
}

static void print_text(struct erasure_report *t)
{
	struct text_style style = ctx_style(t->ctx);

	if (t->notices)
		notices_text(t->notices, &style, &t->text);
	if (t->recurrences)
		recurrences_text(t->recurrences, &style, &t->text);
	if (t->text.len)
		ctx_print(t->ctx, &t->text);
}

void erasure_report_print(struct erasure_report *t, int exit)
{
	if (!t->silent && t->ctx->format == FORMAT_JSON)
		print_json(t, exit);
	else if (!t->silent)
		print_text(t);
	strbuf_done(&t->text);
	json_decref(t->requests);
}
