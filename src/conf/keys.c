#include "conf/keys.h"

#include <strings.h>

bool conf_has(const config_setting_t *group, const char *name)
{
	return config_setting_is_group(group) && config_setting_get_member(group, name);
}

static const struct conf_key *key_find(const struct conf_section *section, const char *name)
{
	for (const struct conf_key *k = section->keys; k->name; k++)
		if (streq(k->name, name))
			return k;
	return NULL;
}

static const char *const *key_names(struct conf_reader *r, const struct conf_section *section)
{
	VEC(const char *) names = { NULL, 0, 0 };

	for (const struct conf_key *k = section->keys; k->name; k++)
		vec_push(r->arena, &names, k->name);
	vec_push(r->arena, &names, NULL);
	return names.v;
}

static bool names_secret(const char *name)
{
	static const char *const words[] = { "pass", "pwd", "secret", "token", "credential" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasestr(name, words[i]))
			return true;
	return false;
}

static void unknown_key(struct conf_reader *r, const config_setting_t *s,
			const struct conf_section *section)
{
	const char *name = config_setting_name(s), *const *names = key_names(r, section);

	if (names_secret(name)) {
		conf_wrong(r, conf_loc(r, s),
			   "allowed: a service file, a passfile or the environment",
			   "key \"%s\" = (not shown): no secrets in the configuration", name);
		return;
	}
	conf_bad(r, s, conf_join(r, names), "unknown key in %s%s", section->name,
		 conf_nearest(r, name, names));
}

static void read_member(struct conf_reader *r, const config_setting_t *s,
			const struct conf_section *section,
			const char *owner, void *into)
{
	const struct conf_key *key;

	if (source_of(s)->twice)
		return;
	key = key_find(section, config_setting_name(s));
	if (!key)
		unknown_key(r, s, section);
	else if (!key->type->read(r, key, s, into))
		conf_lose(r, section->name, owner, key->name);
}

static void require_keys(struct conf_reader *r, const config_setting_t *s,
			 const struct conf_section *section,
			 const char *owner)
{
	for (const struct conf_key *k = section->keys; k->name; k++) {
		if (!k->required || conf_has(s, k->name))
			continue;
		conf_wrong(r, conf_loc(r, s), arena_printf(r->arena, "allowed: %s",
							   conf_allowed(r, k)),
			   owner ? "key \"%s\" is missing in %s \"%s\"" : "key \"%s\" is missing in %s",
			   k->name, section->name, owner);
		conf_lose(r, section->name, owner, k->name);
	}
}

void conf_read_section(struct conf_reader *r, const config_setting_t *s,
		       const struct conf_section *section,
		       const char *owner, void *into)
{
	int n = config_setting_length(s);

	if (section->init)
		section->init(into);
	if (section->loc)
		*(struct srcloc *)((char *)into + section->loc) = conf_loc(r, s);
	for (int i = 0; i < n; i++)
		read_member(r, config_setting_get_elem(s, (unsigned)i), section, owner, into);
	require_keys(r, s, section, owner);
	if (section->check)
		section->check(r, s, into);
}

/* ---- collections ---- */

static char *elem_at(const struct conf_section *section, void *v, size_t i)
{
	return (char *)v + i * section->size;
}

static void *elem_add(struct conf_reader *r, const struct conf_section *section, void **v,
		      size_t *n)
{
	char *more = arena_alloc(r->arena, (*n + 1) * section->size);

	if (*n)
		memcpy(more, *v, *n * section->size);
	*v = more;
	return elem_at(section, more, (*n)++);
}

/* The place of the element of that name, or NULL. */
static const struct srcloc *defined_at(const struct conf_section *section, void *v, size_t n,
				       const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (streq(*(const char **)elem_at(section, v, i), name))
			return (const struct srcloc *)(elem_at(section, v, i) + section->loc);
	return NULL;
}

static bool read_one(struct conf_reader *r, const config_setting_t *s,
		     const struct conf_section *section,
		     void **v, size_t *n)
{
	const char *name = arena_strdup(r->arena, config_setting_name(s));
	const struct srcloc *first = defined_at(section, *v, *n, name);
	void *into;

	if (!config_setting_is_group(s))
		return conf_bad(r, s, arena_printf(r->arena, "%s = { … }", name), "a %s is a group",
				section->name);
	if (first)
		return conf_wrong(r, conf_loc(r, s), "rename or remove one of the two",
				  "key \"%s\" = { … }: %s \"%s\" is defined twice, first at %s:%d",
				  name,
				  section->name, name, first->file, first->line);
	into = elem_add(r, section, v, n);
	*(const char **)into = name;
	vec_push(r->arena, &r->origins, ((struct conf_origin){ section->name, name, conf_db(r),
		r->file, s }));
	conf_read_section(r, s, section, name, into);
	return true;
}

bool conf_read_members(struct conf_reader *r, const config_setting_t *s,
		       const struct conf_section *section,
		       void **v, size_t *n)
{
	int count;

	if (!config_setting_is_group(s))
		return conf_bad(r, s, "{ NAME = { … }; … }", "not a group");
	count = config_setting_length(s);
	for (int i = 0; i < count; i++) {
		const config_setting_t *e = config_setting_get_elem(s, (unsigned)i);

		if (!source_of(e)->twice)
			(void)read_one(r, e, section, v, n);
	}
	return true;
}

bool conf_read_items(struct conf_reader *r, const config_setting_t *s,
		     const struct conf_section *section,
		     void **v, size_t *n)
{
	bool ok = true;

	for (int i = 0; i < conf_count(s); i++) {
		const config_setting_t *e = conf_elem(s, i);

		if (config_setting_is_group(e))
			conf_read_section(r, e, section, NULL, elem_add(r, section, v, n));
		else
			ok = conf_bad(r, e, "( { … }, … )", "a %s is a group", section->name);
	}
	return ok;
}

int conf_count(const config_setting_t *s)
{
	int type = config_setting_type(s);

	return type == CONFIG_TYPE_LIST || type == CONFIG_TYPE_ARRAY ? config_setting_length(s) : 1;
}

const config_setting_t *conf_elem(const config_setting_t *s, int i)
{
	int type = config_setting_type(s);

	if (type != CONFIG_TYPE_LIST && type != CONFIG_TYPE_ARRAY)
		return s;
	return config_setting_get_elem(s, (unsigned)i);
}
