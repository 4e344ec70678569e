/* The list of all keys, for the manual and for `check`. */
#ifndef PGRETAIN_CONF_REFERENCE_H
#define PGRETAIN_CONF_REFERENCE_H

#include "base/arena.h"

struct conf_key_doc {
	const char *section;	/* "class" */
	const char *key;
	const char *type;	/* "period" */
	const char *allowed;	/* in words */
	const char *meaning;	/* one line */
	bool required;
};

/* All rows, section by section; memory is the arena's. */
size_t conf_keys(struct arena *a, const struct conf_key_doc **ret);

#endif
