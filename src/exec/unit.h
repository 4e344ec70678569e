/* Units of work: page ranges or lists of ctids of one relation; how large, in which order, again. */
#ifndef PGRETAIN_EXEC_UNIT_H
#define PGRETAIN_EXEC_UNIT_H

#include "base/arena.h"
#include "base/strbuf.h"
#include "model/plan.h"

struct tid {
	uint32_t block;
	uint16_t offset;
};

enum unit_kind { UNIT_RANGE, UNIT_TIDS };

struct unit {
	enum unit_kind kind;
	size_t relation;		/* of the step */
	struct tid lo, hi;		/* RANGE: lo <= ctid < hi */
	size_t n;			/* TIDS */
	struct tid *tids;		/* owned */
	uint32_t *oids;			/* owned; of a circle across relations: where each lies, else NULL */
	int tries, losses;		/* losses: of the connection, while it was in hand */
	bool careful;			/* leaves locked rows out (SKIP LOCKED) */
	bool begun;			/* a slice of it is committed: the rest should not be long in coming */
	bool circle;			/* rows that refer to each other: all in one statement, never cut */
};

struct unit_queue {
	const struct plan_step *step;
	size_t relation;		/* sweep: current relation and next page */
	int64_t next_page, pages_done;
	double pages, rows;		/* how much a unit takes now */
	double max_pages;
	bool sweeping;
	bool *dropped;			/* relations that are gone: one for each of the step */
	struct unit *again;		/* stack of units to do (again) */
	size_t nagain, cap;
};

/* The first units are those of a usual machine for that target; unit_adapt learns from there. */
void unit_queue_init(struct unit_queue *q, const struct plan_step *step, double target_ms);
void unit_queue_done(struct unit_queue *q);
/* Page ranges of every relation that the plan sweeps by pages. */
void unit_sweep(struct unit_queue *q);
/* Pages of a sweep that all relations have, but those that were dropped; 0: rows of some are found by index. */
int64_t unit_pages_all(const struct unit_queue *q);
/* Lists of ctids (copied), cut into units of the present size. */
void unit_add_tids(struct unit_queue *q, size_t relation, const struct tid *tids, size_t n);
/* The same as one unit: a circle of rows. oids (copied too): of each, where it goes across relations. */
void unit_add_circle(struct unit_queue *q, size_t relation, const struct tid *tids, const uint32_t *oids, size_t n);
/* Next unit; false: none is left. What came back is done first. */
bool unit_next(struct unit_queue *q, struct unit *ret);
/* The same of those that have begun. */
bool unit_next_begun(struct unit_queue *q, struct unit *ret);
/* Puts a unit back; ownership of its lists goes with it. */
void unit_again(struct unit_queue *q, struct unit *u);
/* Puts both halves back; false: it is a single place already (still owned by the caller). */
bool unit_split(struct unit_queue *q, struct unit *u);
void unit_free(struct unit *u);

/* After a commit: the next units aim at target_ms. After a timeout: much smaller. */
void unit_adapt(struct unit_queue *q, const struct unit *u, double took_ms, double target_ms);
void unit_shrink(struct unit_queue *q);

/* Unit parameters as text. */
void unit_tid_text(struct strbuf *sb, struct tid t);
void unit_tids_text(struct strbuf *sb, const struct tid *tids, size_t n);
void unit_oids_text(struct strbuf *sb, const uint32_t *oids, size_t n);
bool unit_tid_parse(const char *s, struct tid *ret) must_use;
int unit_tid_compare(const void *a, const void *b);

#endif
