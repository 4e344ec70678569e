/* Why something failed: one class (which alone decides retry, skip and exit code), one sentence,
 * the place, the remedy. Fallible functions return bool and take a struct diag * last; only cmd/
 * prints. A diag never holds a column value: PostgreSQL's message text is not copied into it. */
#ifndef PGRETAIN_BASE_DIAG_H
#define PGRETAIN_BASE_DIAG_H

#include "base/util.h"

enum diag_class {
#define DIAG(name, code, word) DIAG_##name,
#include "base/diag.def"
#undef DIAG
};

struct diag {
	enum diag_class cls;
	char sqlstate[6];		/* "" when the server did not speak */
	char message[600];		/* one sentence, no trailing full stop or newline */
	char where[300];		/* file:line, rule, object; "" = nowhere in particular */
	char hint[400];			/* what to do; "" = nothing better than the message */
};

#define DIAG_INIT { .cls = DIAG_OK }

int diag_exit_code(enum diag_class cls);
const char *diag_word(enum diag_class cls);

/* Fills the diag; always returns false, so that `return diag_fail(d, …)` reads well. */
bool diag_fail(struct diag *d, enum diag_class cls, const char *fmt, ...) printf_like(3, 4);
void diag_where(struct diag *d, const char *fmt, ...) printf_like(2, 3);
void diag_hint(struct diag *d, const char *fmt, ...) printf_like(2, 3);

#endif
