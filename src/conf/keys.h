/* Keys as rows: a section is a table of keys, a key is one row of name, type, place and meaning.
 * A new key is a new row; what is allowed, the messages, the list of allowed names and the
 * reference follow from it. */
#ifndef PGRETAIN_CONF_KEYS_H
#define PGRETAIN_CONF_KEYS_H

#include "conf/reader.h"

struct conf_key;
struct conf_section;

/* Reads one value into the struct that the section describes. False: reported. */
typedef bool conf_read_fn(struct conf_reader *r, const struct conf_key *key,
			  const config_setting_t *s, void *into);

struct conf_type {
	const char *word;		/* for the reference: "period" */
	const char *allowed;		/* NULL: made from the row's bounds or words */
	conf_read_fn *read;
};

struct conf_key {
	const char *name;
	const struct conf_type *type;
	size_t at;			/* offset of the value; lists: of the pointer */
	size_t also;			/* offset of count, or of the text as written; 0: none */
	size_t has;			/* offset of a bool that is set; 0: none */
	int64_t min, max;		/* numbers; max 0: no bound */
	const char *const *words;	/* enums and choices; NULL-terminated */
	const struct conf_section *section;	/* groups and collections */
	bool required;
	const char *meaning;		/* one line for the reference */
};

/* Things that are collected by name have it at offset 0. */
struct conf_section {
	const char *name;		/* "class"; what messages call a thing of this kind */
	const struct conf_key *keys;	/* ended by name NULL */
	size_t size;			/* of the struct */
	size_t loc;			/* offset of its struct srcloc; 0: none */
	void (*init)(void *into);
	/* What the keys must be together; s is the group. */
	void (*check)(struct conf_reader *r, const config_setting_t *s, void *into);
};

extern const struct conf_type conf_text, conf_name, conf_names, conf_word, conf_choice,
	conf_choices,
	conf_bool, conf_int, conf_int64, conf_percent, conf_number, conf_period, conf_duration,
	conf_size,
	conf_rate, conf_zone, conf_date, conf_condition, conf_table, conf_path, conf_group,
	conf_members,
	conf_items;

/* Reads a group by its section: every member needs a row, required ones must be there, then
 * check(). owner: the thing's name for messages and for what depends on it; NULL: none. */
void conf_read_section(struct conf_reader *r, const config_setting_t *s,
		       const struct conf_section *section,
		       const char *owner, void *into);

/* `NAME = { … }; …` appended to an array of section->size; a name that is there already is
 * reported with both places. */
bool conf_read_members(struct conf_reader *r, const config_setting_t *s,
		       const struct conf_section *section,
		       void **v, size_t *n);
/* A list of groups, or one group, likewise. */
bool conf_read_items(struct conf_reader *r, const config_setting_t *s,
		     const struct conf_section *section,
		     void **v, size_t *n);

/* Is the key written in this group (readable or not)? */
bool conf_has(const config_setting_t *group, const char *name) must_use;

/* What the row allows, in words. */
const char *conf_allowed(struct conf_reader *r, const struct conf_key *key);

/* A non-empty string in UTF-8, copied; NULL: reported. */
const char *conf_string(struct conf_reader *r, const config_setting_t *s, const char *allowed);
/* Elements of an array or list; a scalar is a list of one. */
int conf_count(const config_setting_t *s);
const config_setting_t *conf_elem(const config_setting_t *s, int i);

/* A name as the catalogue holds it: not empty, at most 63 bytes. NULL: reported. */
const char *conf_name_read(struct conf_reader *r, const config_setting_t *s);
/* A string or a list of strings that are names, none twice. */
bool conf_names_read(struct conf_reader *r, const config_setting_t *s, const char ***v,
		     size_t *n) must_use;

/* Any integer as written: decimal or hexadecimal, with or without L. False: no integer, or
 * beyond 64 bits. */
bool conf_integer(const config_setting_t *s, int64_t *ret) must_use;

#endif
