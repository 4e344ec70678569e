#include "cmd/run_texts.h"

#include "ledger/ledger.h"

bool run_texts_put(struct conn *c, const struct plan *p, json_t **ret, struct diag *d)
{
	json_t *rules = json_object();

	for (size_t i = 0; i < p->nsteps; i++) {
		const struct plan_step *s = &p->steps[i];
		char digest[LEDGER_DIGEST_TEXT];

		if (!ledger_rule_text(c, s->rule_text, digest, d)) {
			json_decref(rules);
			return false;
		}
		json_object_set_new(rules, rule_name(s->rule), json_string(digest));
	}
	*ret = rules;
	return true;
}
