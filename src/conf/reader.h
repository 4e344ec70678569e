/* The state of one load, and how its parts report: every finding goes through here. */
#ifndef PGRETAIN_CONF_READER_H
#define PGRETAIN_CONF_READER_H

#include "conf/load.h"
#include "conf/source.h"

struct conf_file {
	const char *path;	/* as the user named it */
	const char *dir;	/* of the path,
		with its trailing slash; "" for the working directory */
	unsigned long long device, inode;	/* the same file under two names is one; 0: not there */
	bool loaded;		/* its tree may be read */
	config_t cfg;
	struct source src;
};

/* A file, folder or pattern still to be read, and the setting that names it. */
struct conf_wanted {
	const char *path;
	const char *database;	/* tables files */
	struct conf_file *file;
	const config_setting_t *by;
};

struct conf_wants {
	struct conf_wanted *v;
	size_t n, cap;
};

struct conf_place {
	const char *name;
	struct srcloc loc;
};

/* A key whose value could not be read: what depends on it keeps silent. */
struct conf_lost {
	const char *section, *owner, *db, *key;
};

/* Where a named thing was read: "rule" "orders" of database "shop". */
struct conf_origin {
	const char *section, *owner, *db;
	struct conf_file *file;
	const config_setting_t *s;
};

struct conf_reader {
	struct arena *arena;		/* the policy's */
	struct policy *policy;
	struct conf_errors *errs;
	VEC(struct conf_file *) files;	/* in the order of the file set */
	struct conf_file *file;		/* being read */
	struct database *db;		/* whose rules are being read or checked; else NULL */
	struct conf_wants includes, tables, jobs;
	VEC(struct conf_place) top;	/* top-level keys that may stand once in the whole set */
	VEC(struct conf_lost) lost;
	VEC(struct conf_origin) origins;
	bool incomplete;		/* an included file could not be read: names may be missing */
};

struct srcloc conf_loc(const struct conf_reader *r, const config_setting_t *s);

/* `key "NAME" = VALUE: what`; allowed (may be NULL) becomes the hint "allowed: …". An element of
 * a list goes by the name of what holds it. Always false. */
bool conf_bad(struct conf_reader *r, const config_setting_t *s, const char *allowed,
	      const char *fmt, ...)
	printf_like(4, 5);
/* A sentence of its own; hint may be NULL. Always false. */
bool conf_wrong(struct conf_reader *r, struct srcloc at, const char *hint, const char *fmt, ...)
	printf_like(4, 5);
void conf_warn(struct conf_reader *r, struct srcloc at, const char *hint, const char *fmt, ...)
	printf_like(4, 5);

/* The value as written, short, one line, in UTF-8; nothing of what may be a secret. */
const char *conf_show(struct conf_reader *r, const config_setting_t *s);
/* The same for a string of the configuration that is named in a sentence, with its quotes. */
const char *conf_quoted(struct conf_reader *r, const char *s);

void conf_lose(struct conf_reader *r, const char *section, const char *owner, const char *key);
bool conf_is_lost(const struct conf_reader *r, const char *section, const char *owner,
		  const char *key);

/* conf_bad at a key of a named thing that was read before; when the key is not there, a sentence
 * that begins with the thing: `rule "orders": …`. The database is r->db. */
bool conf_bad_key(struct conf_reader *r, const char *section, const char *owner, const char *key,
		  const char *allowed, const char *fmt, ...) printf_like(6, 7);
void conf_warn_key(struct conf_reader *r, const char *section, const char *owner, const char *key,
		   const char *fmt, ...) printf_like(5, 6);
bool conf_key_there(const struct conf_reader *r, const char *section, const char *owner,
		    const char *key) must_use;
const char *conf_db(const struct conf_reader *r);

/* `, did you mean "x"?` or "". candidates end with NULL. */
const char *conf_nearest(struct conf_reader *r, const char *word, const char *const *candidates);
/* "a, b, c" */
const char *conf_join(struct conf_reader *r, const char *const *words);

/* path beside the file being read, unless absolute. */
const char *conf_beside(struct conf_reader *r, const char *path);

/* Sorts by file and line, drops what was said twice. */
void conf_errors_sort(struct conf_reader *r);

#endif
