/* The configuration, read as a whole (interface.md 1): pgretain.cfg, its include list, the tables
 * files of each database, the jobs folder. */
#ifndef PGRETAIN_CONF_LOAD_H
#define PGRETAIN_CONF_LOAD_H

#include "base/strbuf.h"
#include "model/policy.h"

/* One finding. As text: `file:line: message; hint`. message names key and value:
 * `key "keep" = "0 days": zero is no period`; hint says what is allowed and may be "".
 * A value that looks like a secret never stands in either. */
struct conf_error {
	const char *file;	/* as the user named it: main file as given, others beside it */
	int line;		/* 0: the file as a whole */
	const char *message, *hint;
	int order, seq;			/* of the file in the set, of the finding: for sorting */
};

/* All findings of a file set, in the order of files and lines. Owns its memory. */
struct conf_errors {
	struct arena *arena;
	VEC(struct conf_error) errors;		/* nothing may run */
	VEC(struct conf_error) warnings;	/* loaded nevertheless */
};

#define CONF_ERRORS_INIT { NULL, { NULL, 0, 0 }, { NULL, 0, 0 } }
void conf_errors_done(struct conf_errors *errs);
#define AUTO_CONF_ERRORS __attribute__((cleanup(conf_errors_done))) struct conf_errors

/* `file:line: message; hint`, without a newline. */
void conf_error_text(const struct conf_error *e, struct strbuf *sb);

/* True: *ret is the policy (free with policy_free), errs holds at most warnings. False: errs
 * says what is wrong, everything at once; *ret is untouched. Paths in files are relative to the
 * file that names them; the result does not depend on the working directory. */
bool conf_load(const char *main_file, struct policy **ret, struct conf_errors *errs) must_use;

#endif
