/* columns, children and subject of a rule: maps whose keys are names of the catalogue. */
#include "conf/sections.h"
#include "conf/sqlcond.h"

/* Where the catalogue's names can't be libconfig's, a list of groups says the same. */
#define COLUMNS_ALLOWED "{ NAME = \"null\"; NAME = { op = \"constant\"; value = \"x\"; }; } " \
	"or ( { column = \"a b\"; op = \"null\"; }, … )"
#define CHILDREN_ALLOWED "{ TABLE = \"cascade\"; TABLE = { CONSTRAINT = \"set null\"; }; } " \
	"or ( { table = \"a.b\"; action = \"cascade\"; }, … )"
#define SUBJECTS_ALLOWED "{ TYPE = \"column\"; } " \
	"or { TYPE = { follows; } or { identifier; column; at; } or { column; when; }; }"

/* ---- operators ---- */

/* As written, which is what PostgreSQL reads; hexadecimal and 5L it does not. NULL: reported. */
static const char *number_text(struct conf_reader *r, const config_setting_t *s)
{
	const char *raw = source_of(s)->raw + (*source_of(s)->raw == '+');
	int64_t n;

	if (!raw[strcspn(raw, "0123456789")]) {
		conf_bad(r, s, "a string or a number", "not a number");
		return NULL;
	}
	if (config_setting_type(s) == CONFIG_TYPE_FLOAT || !raw[strspn(raw, "-0123456789")])
		return arena_strdup(r->arena, raw);
	if (conf_integer(s, &n))
		return arena_printf(r->arena, "%lld", (long long)n);
	conf_bad(r, s, "a string or a number", "beyond 64 bits");
	return NULL;
}

struct values {
	const char **v;
	size_t n, cap;
};

static bool values_read(struct conf_reader *r, const config_setting_t *s, struct values *into)
{
	const char *text = NULL;
	bool ok = true;

	switch (source_of(s)->kind) {
	case SOURCE_STRING:
		/* an empty value is a value: constant "" */
		text = arena_strdup(r->arena, config_setting_get_string(s));
		break;
	case SOURCE_NUMBER:
		text = number_text(r, s);
		break;
	case SOURCE_BOOL:
		text = config_setting_get_bool(s) ? "true" : "false";
		break;
	case SOURCE_GROUP:
		return conf_bad(r, s, "a string, a number, or a list of these",
				"a parameter is no group");
	case SOURCE_ARRAY:
	case SOURCE_LIST:
		for (int i = 0; i < config_setting_length(s); i++)
			ok &= values_read(r, config_setting_get_elem(s, (unsigned)i), into);
		return ok;
	}
	if (!text)
		return false;
	vec_push(r->arena, into, text);
	return true;
}

static bool param_read(struct conf_reader *r, const config_setting_t *s, struct op_param *into)
{
	struct values values = { NULL, 0, 0 };

	if (!values_read(r, s, &values))
		return false;
	into->name = arena_strdup(r->arena, config_setting_name(s));
	into->n = values.n;
	into->values = values.v;
	return true;
}

/* { op; parameters }, with `column` among them in the list form. */
static bool op_group_read(struct conf_reader *r, const config_setting_t *s, bool in_list,
			  struct column_op *into)
{
	int n = config_setting_length(s);
	bool ok = true;

	if (!conf_has(s, "op"))
		return conf_wrong(r, conf_loc(r, s),
				  "allowed: op = \"null\", \"constant\", \"tombstone\", …",
				  "key \"op\" is missing in a column's group");
	if (in_list && !conf_has(s, "column"))
		return conf_wrong(r, conf_loc(r, s), "allowed: column = \"name\"",
				  "key \"column\" is missing in a column's group");
	into->params = arena_alloc(r->arena, (size_t)n * sizeof(*into->params));
	for (int i = 0; i < n; i++) {
		const config_setting_t *e = config_setting_get_elem(s, (unsigned)i);
		const char *name = config_setting_name(e);

		if (source_of(e)->twice)
			continue;
		if (streq(name, "op"))
			ok &= (into->op = conf_name_read(r, e)) != NULL;
		else if (in_list && streq(name, "column"))
			ok &= (into->column = conf_name_read(r, e)) != NULL;
		else if (param_read(r, e, &into->params[into->nparams]))
			into->nparams++;
		else
			ok = false;
	}
	return ok;
}

static bool column_read(struct conf_reader *r, const config_setting_t *s, bool in_list,
			struct column_op *into)
{
	into->loc = conf_loc(r, s);
	if (config_setting_is_group(s))
		return op_group_read(r, s, in_list, into);
	if (in_list || config_setting_type(s) != CONFIG_TYPE_STRING)
		return conf_bad(r, s, COLUMNS_ALLOWED, "not an operator");
	into->op = conf_name_read(r, s);
	return into->op;
}

static bool column_twice(struct conf_reader *r, const struct rule *rule, const struct column_op *c)
{
	for (const struct column_op *o = rule->columns; o < c; o++)
		if (streq(o->column, c->column))
			return !conf_wrong(r, c->loc, "remove one of the two",
					   "column %s stands twice, first at line %d",
					   conf_quoted(r, c->column), o->loc.line);
	return false;
}

static bool read_columns(struct conf_reader *r, const struct conf_key *key,
			 const config_setting_t *s, void *into)
{
	struct rule *rule = into;
	bool in_list = config_setting_is_list(s), ok = true;
	int n = config_setting_is_aggregate(s) ? config_setting_length(s) : 0;

	if (!in_list && !config_setting_is_group(s))
		return conf_bad(r, s, conf_allowed(r, key), "neither a group nor a list of groups");
	if (!n)
		return conf_bad(r, s, conf_allowed(r, key), "no column is named");
	rule->columns = arena_alloc(r->arena, (size_t)n * sizeof(*rule->columns));
	for (int i = 0; i < n; i++) {
		const config_setting_t *e = config_setting_get_elem(s, (unsigned)i);
		struct column_op *c = &rule->columns[rule->ncolumns];

		if (source_of(e)->twice)
			continue;
		*c = (struct column_op){ .column = arena_strdup(r->arena, config_setting_name(e)) };
		if (!column_read(r, e, in_list, c) || column_twice(r, rule, c))
			ok = false;
		else
			rule->ncolumns++;
	}
	return ok;
}

/* ---- children ---- */

static const char *const child_words[] = { "rule", "cascade", "set null", NULL };

static bool read_child_table(struct conf_reader *r, const struct conf_key *key,
			     const config_setting_t *s, void *into)
{
	const char *text = conf_string(r, s, conf_allowed(r, key)), *why;

	if (!text)
		return false;
	if (!sqltable_check_short(text, &why))
		return conf_bad(r, s, conf_allowed(r, key), "%s", why);
	((struct child *)into)->table = text;
	return true;
}

static const struct conf_type child_table = {
	"table", "table or schema.table, as in SQL", read_child_table,
};

#define CHILD(field) offsetof(struct child, field)

static const struct conf_key child_keys[] = {
	{ "table", &child_table, .required = true, .meaning = "a table that refers to this one" },
	{ "constraint", &conf_name, CHILD(constraint),
	  .meaning = "its foreign key; else all of them" },
	{ "action", &conf_word, CHILD(mode), .min = CHILD_RULE, .words = child_words,
	  .required = true,
	  .meaning = "what happens to the rows that refer to a due one" },
	{ 0 },
};

const struct conf_section section_child = { "child", child_keys, sizeof(struct child), CHILD(loc),
	NULL, NULL };

struct children {
	struct child *v;
	size_t n, cap;
};

static bool child_mode_read(struct conf_reader *r, const config_setting_t *s, const char *table,
			    const char *constraint, struct children *into)
{
	static const struct conf_key mode = { .name = "action", .type = &conf_word,
		.words = child_words, .min = CHILD_RULE };
	int word = CHILD_RULE;

	if (!conf_word.read(r, &mode, s, &word))
		return false;
	vec_push(r->arena, into, ((struct child){ table, constraint, (enum child_mode)word,
		conf_loc(r, s) }));
	return true;
}

/* TABLE = "cascade", or TABLE = { CONSTRAINT = "cascade"; … }. */
static bool child_read(struct conf_reader *r, const config_setting_t *s, struct children *into)
{
	const char *table = arena_strdup(r->arena, config_setting_name(s)), *why;
	bool ok = true;

	if (!sqltable_check_short(table, &why))
		return conf_bad(r, s, CHILDREN_ALLOWED, "%s", why);
	if (!config_setting_is_group(s))
		return child_mode_read(r, s, table, NULL, into);
	for (int i = 0; i < config_setting_length(s); i++) {
		const config_setting_t *e = config_setting_get_elem(s, (unsigned)i);

		if (!source_of(e)->twice)
			ok &= child_mode_read(r, e, table,
					      arena_strdup(r->arena, config_setting_name(e)), into);
	}
	return ok;
}

static bool children_twice(struct conf_reader *r, const config_setting_t *s,
			   const struct children *c)
{
	for (size_t i = 0; i < c->n; i++)
		for (size_t j = 0; j < i; j++)
			if (sqltable_same(c->v[i].table, c->v[j].table) &&
			    streq_null(c->v[i].constraint, c->v[j].constraint))
				return !conf_bad(r, s, NULL,
						 "table %s stands twice, at lines %d and %d",
						 conf_quoted(r, c->v[i].table),
						 c->v[j].loc.line, c->v[i].loc.line);
	return false;
}

static bool read_children(struct conf_reader *r, const struct conf_key *key,
			  const config_setting_t *s, void *into)
{
	struct rule *rule = into;
	struct children children = { NULL, 0, 0 };
	bool ok = true;

	if (config_setting_is_list(s)) {
		ok = conf_read_items(r, s, &section_child, (void **)&children.v, &children.n);
		for (size_t i = 0; i < children.n; i++)
			ok &= children.v[i].table != NULL;
	} else if (config_setting_is_group(s)) {
		for (int i = 0; i < config_setting_length(s); i++)
			if (!source_of(config_setting_get_elem(s, (unsigned)i))->twice)
				ok &= child_read(r, config_setting_get_elem(s, (unsigned)i),
						 &children);
	} else {
		return conf_bad(r, s, conf_allowed(r, key), "neither a group nor a list of groups");
	}
	rule->children = children.v;
	rule->nchildren = children.n;
	return ok && !children_twice(r, s, &children);
}

/* ---- subject ---- */

#define PATH(field) offsetof(struct subject_path, field)

static const struct conf_key path_keys[] = {
	{ "column", &conf_name, PATH(column),
	  .meaning = "the column with the subject's key, or with the identifier" },
	{ "when", &conf_condition, PATH(when),
	  .meaning = "rows for which the column means this subject" },
	{ "follows", &conf_text, PATH(follows),
	  .meaning = "the rule through whose rows the subject is found" },
	{ "identifier", &conf_text, PATH(identifier),
	  .meaning = "the identifier that the column holds" },
	{ "at", &conf_name, PATH(at),
	  .meaning = "the column with the instant at which the identifier was valid" },
	{ 0 },
};

static void path_check(struct conf_reader *r, const config_setting_t *s, void *into)
{
	struct subject_path *p = into;
	bool column = conf_has(s, "column"), follows = conf_has(s, "follows"),
		identifier = conf_has(s, "identifier");

	p->kind = identifier ? SUBJECT_IDENTIFIER : follows ? SUBJECT_FOLLOWS : SUBJECT_COLUMN;
	if (identifier ? follows || !column : follows == column)
		conf_bad(r, s,
			 "\"column\", { follows; }, { identifier; column; at; }, { column; when; }",
			 "one way to the subject, whole, is needed");
	if (conf_has(s, "at") && !identifier)
		conf_bad(r, config_setting_get_member(s, "at"), "at beside identifier",
			 "no identifier is named");
}

const struct conf_section section_subject_path = {
	"subject path", path_keys, sizeof(struct subject_path), PATH(loc), NULL, path_check,
};

struct paths {
	struct subject_path *v;
	size_t n, cap;
};

static bool path_read(struct conf_reader *r, const config_setting_t *s, const char *type,
		      struct paths *into)
{
	struct subject_path *p = vec_add(r->arena, into);

	p->loc = conf_loc(r, s);
	if (config_setting_is_group(s))
		conf_read_section(r, s, &section_subject_path, NULL, p);
	else
		p->column = conf_name_read(r, s);
	p->type = type;
	return config_setting_is_group(s) || p->column;
}

static bool read_subjects(struct conf_reader *r, const struct conf_key *key,
			  const config_setting_t *s, void *into)
{
	struct rule *rule = into;
	struct paths paths = { NULL, 0, 0 };
	bool ok = true;

	if (!config_setting_is_group(s) || !config_setting_length(s))
		return conf_bad(r, s, conf_allowed(r, key), "not a group with a subject");
	for (int i = 0; i < config_setting_length(s); i++) {
		const config_setting_t *e = config_setting_get_elem(s, (unsigned)i);
		const char *type = arena_strdup(r->arena, config_setting_name(e));

		if (source_of(e)->twice)
			continue;
		for (int k = 0; k < conf_count(e); k++)
			ok &= path_read(r, conf_elem(e, k), type, &paths);
	}
	rule->subjects = paths.v;
	rule->nsubjects = paths.n;
	return ok;
}

const struct conf_type conf_columns = { "columns", COLUMNS_ALLOWED, read_columns };
const struct conf_type conf_children = { "children", CHILDREN_ALLOWED, read_children };
const struct conf_type conf_subjects = { "subject", SUBJECTS_ALLOWED, read_subjects };
