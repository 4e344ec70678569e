/* The search after an erasure, between what is looked for (residual.c) and one table (residual_table.c). */
#ifndef PGRETAIN_CMD_RESIDUAL_H
#define PGRETAIN_CMD_RESIDUAL_H

#include "base/needles.h"
#include "base/strbuf.h"
#include "cmd/erasure.h"

#define RESIDUAL_FIELD "\001"		/* stands before and after what a document's field says */

struct sought {
	const char *value, *since, *until;	/* value: in small letters */
	size_t n;				/* whose */
	bool elsewhere;				/* somebody else bears it now */
};

struct residual {
	struct erasure *e;
	struct erasure_request **whose;
	size_t n;
	size_t *of_request;		/* place in whose of each loaded request, from 1; 0: not looked for */
	VEC(struct sought) sought;
	int64_t *found, *others;
	json_t **places;
	int64_t tables;
	struct needles *needles;	/* what is sought and whose it is; NULL: few */
	uint64_t row, *last;		/* the row in hand, and the last in which each was seen */
};

struct residual_table {
	const char *relation;
	struct strbuf text;		/* its columns */
	struct strbuf fields;		/* OR a field of its documents is somebody's key */
	struct strbuf shown;		/* what these fields say, for the sieve */
};

void residual_table_done(struct residual_table *t);
/* document: its fields have names. */
void residual_table_add(struct residual *s, struct residual_table *t, const char *column, bool document);
/* Adds what is found to the counts and places of each who is looked for. */
bool residual_table_search(struct residual *s, struct residual_table *t, struct diag *d) must_use;

#endif
