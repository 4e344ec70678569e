/* The verbs of `pgretain request` that make a request's life, beside those of request_assess.h. */
#ifndef PGRETAIN_CMD_REQUEST_VERBS_H
#define PGRETAIN_CMD_REQUEST_VERBS_H

#include "cmd/cmd.h"
#include "pg/conn.h"

command_fn request_open, request_list, request_show, request_verify, request_refuse, request_withdraw, request_extend,
	request_reopen, request_admit, request_notify,
	request_ask, request_paid, request_acknowledge;

/* What --evidence must be. */
#define REQUEST_EVIDENCE "a reference that can be found again, such as the number of a letter"

/* The report of a verb that has moved a request: its state now, and a word more (NULL: none). EXIT_DONE. */
struct erasure_request;
int request_said(struct ctx *ctx, const struct erasure_request *r, const char *more);

/* TYPE:KEY as the database knows it; *key NULL: there is no such person. */
bool request_person(struct ctx *ctx, struct conn *c, const char *spec, const char **type, const char **key,
		    struct diag *d) must_use;

/* Deadlines as timestamptz text; NULL where there is none. An unknown jurisdiction (NULL too) gets the earliest of
 * all that are configured; where none is, 15 working days within 30 days. */
struct request_due {
	const char *acknowledge, *respond, *limit, *extended;
};
bool request_due(struct ctx *ctx, struct conn *c, const char *jurisdiction, const char *received,
		 struct request_due *ret, struct diag *d) must_use;

#endif
