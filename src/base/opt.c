#include "base/opt.h"

#include "base/nearest.h"

struct parser {
	struct opts *o;
	struct arena *a;
	const struct opt *const *tables;
	size_t ntables;
	int argc, at;
	char **argv;
	struct diag *d;
};

static const struct opt *row_find(const struct parser *p, const char *name, size_t n, char letter)
{
	for (size_t t = 0; t < p->ntables; t++) {
		for (const struct opt *row = p->tables[t]; row && row->name; row++) {
			if (letter ? row->letter == letter
				   : strlen(row->name) == n && strncmp(row->name, name, n) == 0)
				return row;
		}
	}
	return NULL;
}

const struct opt *opts_row(const struct opt *const *tables, size_t ntables, const char *name)
{
	struct parser p = { .tables = tables, .ntables = ntables };

	return row_find(&p, name, strlen(name), 0);
}

static bool fail_unknown(struct parser *p, const char *arg, size_t len)
{
	char *name = arena_strndup(p->a, arg, len);
	struct nearest near = nearest_init(name + strspn(name, "-"));

	for (size_t t = 0; t < p->ntables; t++)
		for (const struct opt *row = p->tables[t]; row && row->name; row++)
			nearest_offer(&near, row->name);
	diag_fail(p->d, DIAG_USAGE, "there is no option %s", name);
	if (near.best)
		diag_hint(p->d, "did you mean --%s?", near.best);
	return false;
}

/* The value of an option: what stands behind '=', else the next string. */
static bool take_value(struct parser *p, const struct opt *row, const char *inside, const char **ret)
{
	const char *value = inside;

	if (!value) {
		if (p->at >= p->argc)
			return diag_fail(p->d, DIAG_USAGE, "option --%s needs a value: --%s %s", row->name,
					 row->name, row->arg);
		value = p->argv[p->at++];
		if (value[0] == '-' && value[1]) {
			diag_fail(p->d, DIAG_USAGE, "option --%s needs a value, and %s looks like an option",
				  row->name, value);
			diag_hint(p->d, "if it is the value, write --%s=%s", row->name, value);
			return false;
		}
	}
	if (!*value)
		return diag_fail(p->d, DIAG_USAGE, "option --%s has an empty value; it needs %s", row->name,
				 row->arg);
	*ret = value;
	return true;
}

static bool add(struct parser *p, const struct opt *row, const char *inside)
{
	const char *value = "";

	if (!row->arg && inside)
		return diag_fail(p->d, DIAG_USAGE, "option --%s takes no value", row->name);
	if (row->arg && !take_value(p, row, inside, &value))
		return false;
	for (size_t i = 0; row->arg && !row->many && i < p->o->given.n; i++)
		if (streq(p->o->given.v[i].opt->name, row->name))
			return diag_fail(p->d, DIAG_USAGE, "option --%s is given twice", row->name);
	vec_push(p->a, &p->o->given, ((struct opt_value){ row, value }));
	return true;
}

static bool parse_option(struct parser *p, const char *arg)
{
	bool is_long = arg[1] == '-';
	const char *equals = is_long ? strchr(arg, '=') : NULL;
	size_t len = equals ? (size_t)(equals - arg) : strlen(arg);
	const struct opt *row = NULL;

	if (is_long)
		row = row_find(p, arg + 2, len - 2, 0);
	else if (!arg[2])
		row = row_find(p, NULL, 0, arg[1]);
	if (!row)
		return fail_unknown(p, arg, len);
	return add(p, row, equals ? equals + 1 : NULL);
}

bool opts_parse(struct opts *o, struct arena *a, const struct opt *const *tables, size_t ntables,
		int argc, char **argv, int *ret_used, struct diag *d)
{
	struct parser p = { o, a, tables, ntables, argc, 0, argv, d };
	bool options = true;
	size_t words = o->words.n;

	while (p.at < argc && !(ret_used && o->words.n > words)) {
		const char *arg = argv[p.at++];

		if (options && streq(arg, "--"))
			options = false;
		else if (!options || arg[0] != '-' || !arg[1])
			vec_push(a, &o->words, arg);
		else if (!parse_option(&p, arg))
			return false;
	}
	if (ret_used)
		*ret_used = p.at;
	return true;
}

bool opts_flag(const struct opts *o, const char *name)
{
	return opts_nth(o, name, 0) != NULL;
}

const char *opts_text(const struct opts *o, const char *name)
{
	const char *last = NULL;

	for (size_t i = 0; i < o->given.n; i++)
		if (streq(o->given.v[i].opt->name, name))
			last = o->given.v[i].value;
	return last;
}

const char *opts_nth(const struct opts *o, const char *name, size_t i)
{
	for (size_t k = 0; k < o->given.n; k++)
		if (streq(o->given.v[k].opt->name, name) && i-- == 0)
			return o->given.v[k].value;
	return NULL;
}
