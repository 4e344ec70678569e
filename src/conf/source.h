/* What libconfig 1.5 does not tell about a text: where each value stands, how its number is
 * written, where a name was defined first, and what it swallows without a word (integers beyond
 * 32 bits wrap, a comment without end hides the rest, \x00 cuts a string). */
#ifndef PGRETAIN_CONF_SOURCE_H
#define PGRETAIN_CONF_SOURCE_H

#include "base/strbuf.h"
#include "base/arena.h"

#include <libconfig.h>

enum source_kind { SOURCE_STRING, SOURCE_NUMBER, SOURCE_BOOL, SOURCE_GROUP, SOURCE_ARRAY,
	SOURCE_LIST };

/* One value, in the order of the text: that of libconfig's tree walked depth first. */
struct source_value {
	enum source_kind kind;
	int line;		/* of its name, else of the value itself */
	const char *raw;	/* numbers and booleans as written; else NULL */
	bool twice;		/* its name stands earlier in the same group; to be skipped */
};

struct source_fault {
	int line;
	const char *message, *hint;
};

struct source {
	struct arena *arena;
	VEC(struct source_value) values;
	VEC(struct source_fault) faults;
	bool unreadable;	/* a string or comment has no end: not for libconfig */
	struct strbuf text;	/* what libconfig is given: second names made unique,
		@include blanked */
};

/* `text` holds no NUL. `path` is only named in faults. The scan accepts anything; what is
 * no libconfig is left to libconfig. */
void source_scan(struct source *src, struct arena *a, const char *path, const char *text);
void source_done(struct source *src);

/* Hooks each setting to its value. False: tree and text do not agree. */
bool source_attach(const struct source *src, config_setting_t *root) must_use;
const struct source_value *source_of(const config_setting_t *s);

#endif
