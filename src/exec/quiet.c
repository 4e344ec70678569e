#include "exec/quiet.h"

#include "pg/sqltext.h"

struct look {
	int64_t oldest, next;		/* transaction ids */
	int64_t pages;
};

static int64_t pages_planned(const struct sweep *w)
{
	int64_t pages = 0;

	for (size_t i = 0; i < w->work.step->nrelations; i++)
		if (!w->queue.dropped[i])
			pages += w->work.step->relations[i].pages;
	return pages;
}

static bool look(const struct sweep *w, struct conn *control, struct look *ret)
{
	AUTO_STRBUF oids = STRBUF_INIT;
	AUTO_RESULT *res = NULL;
	struct diag ignored = DIAG_INIT;

	strbuf_addc(&oids, '{');
	for (size_t i = 0; i < w->work.step->nrelations; i++)
		if (!w->queue.dropped[i])
			strbuf_addf(&oids, "%s%u", oids.len > 1 ? "," : "", w->work.step->relations[i].oid);
	strbuf_addc(&oids, '}');
	if (!conn_query_text(control, sqltext_get("query/exec_quiet"), &res, &ignored, strbuf_str(&oids)))
		return false;
	*ret = (struct look){ res_int(res, 0, 0), res_int(res, 0, 1), res_int(res, 0, 2) };
	return true;
}

/* Nobody may be in the middle of a transaction that has written, and no page may have come since the plan:
 * the sweep would not go there. */
void quiet_begin(struct sweep *w, struct conn *control)
{
	struct look now;

	w->quiet.known = look(w, control, &now) && now.oldest == now.next && now.pages == pages_planned(w);
	w->quiet.from = now.next;
	w->quiet.transactions = w->step->transactions;
}

int64_t quiet_others(const struct sweep *w, struct conn *control)
{
	struct look now;

	if (!w->quiet.known || !look(w, control, &now))
		return -1;
	return now.next - w->quiet.from - (w->step->transactions - w->quiet.transactions);
}
