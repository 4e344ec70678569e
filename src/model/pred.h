/* The expiry predicate of one rule: a conjunction of comparisons with constants (domain.md 2).
 *
 * Two faces, one meaning: pred_sql_*() render it over a live row, pred_eval() judges the text fields
 * of a row in a backup. tests/pg/two-faces.t runs both over the same random rows.
 *
 * Every bound is a constant of the run, computed once by the server (plan/cutoff), kept as the text
 * that is sent as a parameter and as the number that the C face compares:
 *	timestamptz, timestamp	microseconds since 2000-01-01 (base/instant.h)
 *	date			days since 2000-01-01
 *	integer columns		the column's own number (s, ms, us or yyyymmdd)
 *
 * Bounds of a column, all "strictly below" so that no face needs <=:
 *	lo	value < lo		-> anomalous (before plausible_from; -infinity)
 *	now	value >= now		-> future (`now` is the first value after as_of; infinity is future)
 *	hi	value >= hi, not infinity -> anomalous (more than 100 years ahead)
 *	cut	value < cut		-> the term has ended
 * yyyymmdd columns: a number whose month is not 1..12 or day not 1..31 is anomalous. */
#ifndef PGRETAIN_MODEL_PRED_H
#define PGRETAIN_MODEL_PRED_H

#include "base/strbuf.h"
#include "model/policy.h"

enum pred_type { PRED_TIMESTAMPTZ, PRED_TIMESTAMP, PRED_DATE, PRED_INT, PRED_INT_YYYYMMDD };

struct pred_bound {
	const char *text;	/* PostgreSQL input, e.g. "2023-11-25 16:00:00+00" */
	int64_t raw;
};

struct pred_column {
	const char *name;	/* the catalogue's own, unquoted */
	enum pred_type type;
	enum clock_unit unit;
	struct pred_bound lo, now, hi;
	size_t field;		/* C face: index into the row's fields */
};

/* A start event: the first non-NULL, or the latest, of its columns. Each column's value is judged in
 * its own type; "latest" of mixed types means: every non-NULL column has passed. */
struct pred_clock {
	const char *event;	/* "start", or the event's name */
	enum clock_mode mode;
	size_t n;
	struct pred_column *columns;
};

enum pred_term_kind { PRED_PERIOD, PRED_UNTIL };

struct pred_term {
	enum pred_term_kind kind;
	const struct term *term;	/* name, basis, text; for explain */
	size_t clock;			/* index into pred.clocks */
	struct pred_bound *cut;		/* one for each column of that clock */
	struct pred_bound *cap;		/* one for each column of clock 0, or NULL: standard ends there at the latest */
};

/* clocks[0] is the rule's own start; n = 0: it has none, which is always NULL and caps nothing. */
struct pred {
	size_t nclocks, nterms;
	struct pred_clock *clocks;
	struct pred_term *terms;
};

/* Which terms count: the nightly run's, those that survive an erasure request, those that survive the
 * withdrawal of consent, the law's alone. */
enum pred_mode { PRED_PASSIVE, PRED_ACTIVE, PRED_WITHDRAWN, PRED_FLOOR };

enum row_state { ROW_KEPT, ROW_DUE, ROW_INDETERMINATE, ROW_FUTURE, ROW_ANOMALOUS };
const char *row_state_word(enum row_state s);

/* State of a row, the first that holds: ANOMALOUS, INDETERMINATE, FUTURE (any used clock), then DUE when
 * every term has ended, else KEPT. A clock is used when a period term of `mode` uses it, or, in
 * PASSIVE, when it is clock 0 and has columns. A NULL clock is INDETERMINATE unless the terms that use
 * it are all ignore_null (then they are no terms) or UNTIL (NULL is no term; a clock of UNTIL terms
 * alone is never anomalous or future). A NULL start (clock 0) is INDETERMINATE in PASSIVE whatever
 * its terms say: without a start nothing is ever due (domain.md 2). In ACTIVE a row that no term
 * keeps is DUE.
 *
 * FIRST: the first non-NULL column is judged, the others are not looked at. LATEST, in one formula
 * for like and mixed types: ANOMALOUS when any value is >= hi (or no calendar day) or all are < lo,
 * FUTURE when any is >= now, a term has ended when all are < cut.
 *
 * A cap ends its term only through a start that is neither NULL, anomalous nor future. */
enum pred_use { PRED_UNUSED, PRED_NULL_IGNORED, PRED_NULL_WAITS };
enum pred_use pred_clock_use(const struct pred *p, enum pred_mode mode, size_t clock);
bool pred_term_counts(const struct pred_term *t, enum pred_mode mode);

/* C face. fields[i] = text of field i, NULL for SQL NULL; lens[i] its length. False: a value can't be
 * read (*bad_field says which): the archive must be refused. */
bool pred_eval(const struct pred *p, enum pred_mode mode, const char *const *fields, const size_t *lens,
	       enum row_state *ret, size_t *bad_field) must_use;

/* C face of the rule's own start, clocks[0] in mode FIRST: the column that says it, as far as it is plausible, and its
 * number; *ret NULL: none does. False: as pred_eval. */
bool pred_start(const struct pred *p, const char *const *fields, const size_t *lens, const struct pred_column **ret,
		int64_t *raw, size_t *bad_field) must_use;

/* SQL face. `param` turns a bound into "$n::type" text for the statement in hand; `ident` quotes a
 * column name. Expressions are complete (parenthesised), over columns of `alias`. */
struct pred_sql {
	const char *alias;					/* "t" */
	void (*param)(void *ctx, struct strbuf *sb, const struct pred_bound *b, enum pred_type type);
	void (*ident)(void *ctx, struct strbuf *sb, const char *name);
	void *ctx;
};

/* TRUE exactly for rows in state DUE; for others false or NULL. Comparisons on one clock are merged
 * (the smallest cut decides), so an ordinary index on the start column serves it. */
void pred_sql_due(const struct pred *p, enum pred_mode mode, const struct pred_sql *r, struct strbuf *sb);
/* Never NULL: TRUE exactly for rows in that state (INDETERMINATE, FUTURE, ANOMALOUS only). */
void pred_sql_state(const struct pred *p, enum pred_mode mode, enum row_state s, const struct pred_sql *r,
		    struct strbuf *sb);

/* TRUE at least for every row that is INDETERMINATE, FUTURE or ANOMALOUS, as a disjunction of ranges that
 * ordinary indexes serve: put beside the exact states, it spares a scan of the table. */
void pred_sql_unusual(const struct pred *p, enum pred_mode mode, const struct pred_sql *r, struct strbuf *sb);

/* The one constant that decides everything, when there is one (interface.md 4 "cutoff"): a single used
 * clock of one type, period terms only, no cap. NULL otherwise. For display. */
const struct pred_term *pred_single_term(const struct pred *p, enum pred_mode mode);

#endif
