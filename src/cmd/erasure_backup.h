/* Requests and backups: what still holds a request's rows, and the end of the waiting for it. */
#ifndef PGRETAIN_CMD_ERASURE_BACKUP_H
#define PGRETAIN_CMD_ERASURE_BACKUP_H

#include "cmd/erasure.h"

/* Sets r->in_backups of the loaded requests: a set holds rows of theirs, a store was not listed since, or it is
 * not known where backups are. judge: compares what is listed with what was just erased first. */
bool erasure_backups(struct erasure *e, bool judge, struct diag *d) must_use;
/* The certificate's list. */
bool erasure_backups_json(struct erasure *e, const struct erasure_request *r, json_t **ret, struct diag *d) must_use;
/* Why the request waits, or that it does not; one phrase. Call erasure_backups() before. */
const char *erasure_backups_word(struct erasure *e, const struct erasure_request *r);

/* Requests that waited for backups alone, and do no more, are complete: *done are their ids. Call after a scan. */
struct erasure_done {
	VEC(const char *) ids;
};
/* What was remembered of rows is forgotten once no backup can hold them. */
bool erasure_tombs_settle(struct ctx *ctx, struct conn *c, struct diag *d) must_use;
bool erasure_backups_settle(struct ctx *ctx, struct conn *c, struct erasure_done *done, struct diag *d) must_use;

#endif
