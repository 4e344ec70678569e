#include "backup/analysis.h"

void row_fields(struct row_values *v, const struct pred *p)
{
	for (size_t i = 0; i < p->nclocks; i++)
		for (size_t k = 0; k < p->clocks[i].n; k++) {
			size_t f = p->clocks[i].columns[k].field;
			struct dump_value value = dump_row_value(v->row, f);

			v->fields[f] = value.null ? NULL : value.bytes;
			v->lens[f] = value.len;
		}
}

bool row_unreadable(struct row_values *v, const struct archive *x, const struct seat *s, size_t field, struct diag *d)
{
	diag_fail(d, DIAG_STEP, "%s: %s: row %llu has a start in column %s that can't be read", x->dump->path,
		  archive_display(x->arena, v->row->entry), (unsigned long long)v->row->number, v->row->entry->columns[field]);
	if (s->role->rule)
		diag_where(d, "%s:%d: rule \"%s\"", s->role->loc.file, s->role->loc.line, s->role->rule);
	diag_hint(d, "not touched: it counts as still holding the rows");
	return false;
}

bool row_state(struct row_values *v, const struct archive *x, const struct seat *s, const struct pred *p,
	       enum pred_mode mode, enum row_state *ret, struct diag *d)
{
	size_t bad;

	row_fields(v, p);
	return pred_eval(p, mode, v->fields, v->lens, ret, &bad) || row_unreadable(v, x, s, bad, d);
}

static void add_value(struct rowkey *k, enum judge_form form, const char *s, size_t n)
{
	char buf[FORM_TEXT];
	const char *text = form_normal(form, s, n, buf, &n);

	rowkey_add(k, text, n);
}

bool row_key(struct row_values *v, const struct records *rs, const struct seat_columns *c, uint32_t list,
	     struct rowkey *ret)
{
	rowkey_begin(rs->seed, ret, list);
	for (size_t i = 0; i < c->n; i++) {
		struct dump_value value = dump_row_value(v->row, c->fields[i]);

		if (value.null)
			return false;
		add_value(ret, c->forms[i], value.bytes, value.len);
	}
	return true;
}

void text_key(const struct records *rs, const struct seat_columns *c, const char **texts, uint32_t list, struct rowkey *ret)
{
	rowkey_begin(rs->seed, ret, list);
	for (size_t i = 0; i < c->n; i++)
		add_value(ret, c->forms[i], texts[i], strlen(texts[i]));
}

bool row_overwrite(struct row_values *v, const struct seat *s, bool set, bool *ret_any, struct diag *d)
{
	struct anon_field keys[32];

	for (size_t i = 0; i < s->key.n; i++) {
		struct dump_value k = dump_row_value(v->row, s->key.fields[i]);

		keys[i] = (struct anon_field){ k.null ? NULL : k.bytes, k.len };
	}
	for (size_t i = 0; i < s->nops; i++) {
		struct dump_value value = dump_row_value(v->row, s->ops[i].field);
		struct anon_field field = { value.null ? NULL : value.bytes, value.len };
		enum anon_result r;

		strbuf_reset(&v->out);
		if (!anon_apply(s->ops[i].anon, field, keys, &v->out, &r, d)) {
			d->cls = DIAG_STEP;
			diag_where(d, "%s:%d: rule \"%s\", row %llu of %s", s->role->loc.file, s->role->loc.line, s->role->rule,
				   (unsigned long long)v->row->number, v->row->entry->tag);
			return false;
		}
		*ret_any |= r != ANON_SAME;
		if (set && r == ANON_NULLED)
			dump_row_set_null(v->row, s->ops[i].field);
		if (set && r == ANON_CHANGED)
			dump_row_set(v->row, s->ops[i].field, strbuf_str(&v->out), v->out.len);
	}
	return true;
}
