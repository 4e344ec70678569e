/* Pieces of SQL in the configuration, looked at before any server is asked. */
#ifndef PGRETAIN_CONF_SQLCOND_H
#define PGRETAIN_CONF_SQLCOND_H

#include "base/util.h"

/* A condition that stays one condition when it is put between parentheses: quotes, comments, dollar
 * quotes, brackets and parentheses are closed, no `;` and no `$1` outside of quotes, and
 * something is left when comments are taken away. *why is a phrase. */
bool sqlcond_check(const char *text, const char **why) must_use;

/* schema.table as written in SQL: each part a plain or a "quoted" identifier of at most 63
 * bytes. The system's schemas and pgretain's own are refused: the ledger is never subject to
 * retention. */
bool sqltable_check(const char *text, const char **why) must_use;
/* A table that may stand without its schema (keys of `children`). */
bool sqltable_check_short(const char *text, const char **why) must_use;
/* Are two written names one table? shop.orders = SHOP."orders". Both must have passed a check. */
bool sqltable_same(const char *a, const char *b) must_use;

#endif
