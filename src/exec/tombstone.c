#include "exec/tombstone.h"

#include "base/instant.h"
#include "model/tomb.h"

#include <stdlib.h>

/* The same in every backup: the rule itself finds it there. */
static bool is_steady(const struct plan_tomb *t, const char *mark)
{
	int64_t start;

	return mark && t->since != INSTANT_MINUS_INFINITY && instant_parse_timestamptz(mark, strlen(mark), &start) &&
		start < t->since;
}

static json_t *key_of(const struct plan_tomb *t, const PGresult *r, int row)
{
	json_t *key = json_array();

	for (size_t i = 0; i < t->n; i++) {
		const char *v = res_text_null(r, row, TOMB_KEY + (int)i);

		json_array_append_new(key, v ? json_string(v) : json_null());
	}
	return key;
}

static json_t *digest_of(const struct plan_tomb *t, const struct secret_key *secret, const PGresult *r, int row)
{
	struct tomb_value *values = xcalloc(t->n + 1, sizeof(*values));
	unsigned char mac[SECRET_MAC];
	char hex[SECRET_MAC_TEXT];

	for (size_t i = 0; i < t->n; i++)
		if (!PQgetisnull(r, row, TOMB_KEY + (int)i))
			values[i] = (struct tomb_value){ res_text(r, row, TOMB_KEY + (int)i),
							 (size_t)PQgetlength(r, row, TOMB_KEY + (int)i) };
	tomb_digest(secret, t->n, t->columns, t->forms, values, mac);
	secret_mac_text(mac, hex);
	free(values);
	return json_string(hex);
}

static json_t *row_of(const struct plan_tomb *t, const struct secret_key *secret, const PGresult *r, int row)
{
	const char *mark = res_text_null(r, row, TOMB_MARK), *columns = res_text_null(r, row, TOMB_COLUMNS);
	json_t *o = json_pack("{ss ss* ss*}", "r", res_text(r, row, TOMB_RELATION), "m", mark, "c", columns);

	if (!t->natural)
		json_object_set_new(o, "k", key_of(t, r, row));
	else if (secret)
		json_object_set_new(o, "d", digest_of(t, secret, r, row));
	return o;
}

void tombstone_gather(const struct plan_tomb *t, const struct secret_key *secret, const PGresult *r, json_t **rows)
{
	bool nameless = t->natural && !secret;		/* one stands for all */

	for (int i = 0; i < PQntuples(r); i++) {
		if (is_steady(t, res_text_null(r, i, TOMB_MARK)))
			continue;
		if (!*rows)
			*rows = json_array();
		json_array_append_new(*rows, row_of(t, secret, r, i));
		if (nameless)
			return;
	}
}
