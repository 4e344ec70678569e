/* Recipients of the data are told of an erasure (subjects.cfg, `recipients`).
 *
 * A notice is written in the transaction that settles a request, when rows that the recipient has received were erased,
 * and again when more of them were, or the last. It holds by what the recipient knows the person (the surrogate key, or
 * one identifier), sealed under the key file until it is delivered, and nothing else about them.
 *
 * It is delivered at least once: an attempt is counted before the command runs, and no transaction is open meanwhile; a
 * process that dies in between leaves a notice that the next one delivers again, under the same id. */
#ifndef PGRETAIN_CMD_NOTICE_H
#define PGRETAIN_CMD_NOTICE_H

#include "cmd/erasure.h"
#include "report/notice_view.h"

bool notice_write(struct erasure *e, const struct erasure_request *r, struct diag *d) must_use;

/* Delivers what is due: of these requests (an array of SQL), or of all (NULL). A recipient that fails thrice in a row waits
 * for the next time. Stops at deadline_ms (clock_ms(); 0: none) and when a stop was requested. */
bool notice_deliver(struct ctx *ctx, struct conn *c, const char *requests, double deadline_ms, struct notices *ret,
		    struct diag *d) must_use;
/* The same as a part of something larger: a failure is printed. The exit code that it asks for. */
int notice_step(struct ctx *ctx, struct conn *c, const char *requests, double deadline_ms, struct notices *ret);

/* Array for `recipients` of request show and of the certificate. */
bool notice_show(struct erasure *e, const char *request, json_t **ret, struct diag *d) must_use;
void notice_show_text(const json_t *recipients, struct strbuf *sb);

/* One entry of the ledger: kind notice, run = the request. Takes over `detail`. */
bool notice_record(struct conn *c, const char *request, const char *action, const char *actor, json_t *detail,
		   struct diag *d) must_use;

#endif
