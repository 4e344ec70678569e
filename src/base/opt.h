/* Long options from tables. Names must be written in full: an abbreviation that means one thing today
 * and another thing tomorrow has turned dry runs into real ones. */
#ifndef PGRETAIN_BASE_OPT_H
#define PGRETAIN_BASE_OPT_H

#include "base/arena.h"
#include "base/diag.h"

struct opt {
	const char *name;	/* without "--"; NULL ends a table */
	const char *arg;	/* name of its value in the help, e.g. "FILE"; NULL: takes none */
	const char *help;	/* one line */
	bool many;		/* may be given several times */
	char letter;		/* short form, or 0 */
};

struct opt_value {
	const struct opt *opt;
	const char *value;	/* "" for an option without a value */
};

/* What was given on a command line. */
struct opts {
	VEC(struct opt_value) given;
	VEC(const char *) words;	/* everything that is no option, in order */
};

/* Reads argv[0 .. argc) against `ntables` tables. An option without a row, a value that is missing,
 * empty or looks like an option, a value for an option that takes none, and a second one where only
 * one makes sense are USAGE failures. "--" ends the options; a lone "-" is a word.
 *
 * ret_used NULL: reads all. Else stops behind the first word and tells how many strings were read. */
bool opts_parse(struct opts *o, struct arena *a, const struct opt *const *tables, size_t ntables,
		int argc, char **argv, int *ret_used, struct diag *d) must_use;

/* The row of that name, or NULL. */
const struct opt *opts_row(const struct opt *const *tables, size_t ntables, const char *name);

bool opts_flag(const struct opts *o, const char *name);
/* The (last) value, or NULL when the option was not given. */
const char *opts_text(const struct opts *o, const char *name);
/* The i-th value of a repeated option, in the order given; NULL behind the last. */
const char *opts_nth(const struct opts *o, const char *name, size_t i);

#endif
