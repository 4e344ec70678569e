/* What a batch has to remember of its rows, into pgretain.tombstone. Internal to exec/. */
#ifndef PGRETAIN_EXEC_TOMBSTONE_H
#define PGRETAIN_EXEC_TOMBSTONE_H

#include "base/secret.h"
#include "model/plan.h"
#include "pg/conn.h"

#include <jansson.h>

/* Adds the rows of an answer of a statement that tells them; *rows NULL: none yet. secret NULL: of natural keys only
 * that there were such rows can be kept. */
void tombstone_gather(const struct plan_tomb *t, const struct secret_key *secret, const PGresult *r, json_t **rows);

/* Parameters of query/tombstone_put. */
#define TOMBSTONE_PARAMS 8

#endif
