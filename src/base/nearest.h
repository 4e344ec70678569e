/* "Did you mean …": the candidate nearest to a mistyped word, or nothing when none is near. */
#ifndef PGRETAIN_BASE_NEAREST_H
#define PGRETAIN_BASE_NEAREST_H

#include "base/util.h"

struct nearest {
	const char *word;
	const char *best;	/* the answer; NULL: nothing is near */
	int distance;
};

struct nearest nearest_init(const char *word);
/* Ties go to the candidate offered first. */
void nearest_offer(struct nearest *n, const char *candidate);

/* Edits (insert, delete, replace, swap of neighbours) between two words, letter case counted as half
 * an edit: twice the number of edits. Words over 64 bytes are compared by their first 64. */
int nearest_distance(const char *a, const char *b);

#endif
