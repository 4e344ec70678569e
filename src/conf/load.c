#include "conf/load.h"

#include "conf/file.h"
#include "conf/sections.h"

/* Top-level keys of which the whole set has one; the others gather members from several files. */
static bool stands_once(const struct conf_section *section, const char *name)
{
	for (const struct conf_key *k = section->keys; k->name; k++)
		if (streq(k->name, name))
			return k->type != &conf_members && k->type != &conf_items;
	return false;
}

static void note_top(struct conf_reader *r, const config_setting_t *s,
		     const struct conf_section *section)
{
	const char *name = config_setting_name(s);

	if (source_of(s)->twice || !stands_once(section, name))
		return;
	for (size_t i = 0; i < r->top.n; i++)
		if (streq(r->top.v[i].name, name)) {
			conf_bad(r, s, NULL, "defined twice, first at %s:%d; keep one of the two",
				 r->top.v[i].loc.file, r->top.v[i].loc.line);
			return;
		}
	vec_push(r->arena, &r->top, ((struct conf_place){ arena_strdup(r->arena, name),
		conf_loc(r, s) }));
}

static void read_file(struct conf_reader *r, struct conf_file *f,
		      const struct conf_section *section, void *into)
{
	const config_setting_t *root;

	r->file = f;
	if (!f->loaded)
		return;
	root = config_root_setting(&f->cfg);
	for (int i = 0; into == r->policy && i < config_setting_length(root); i++)
		note_top(r, config_setting_get_elem(root, (unsigned)i), section);
	conf_read_section(r, root, section, NULL, into);
}

/* One file, once for each thing that it is read into. */
struct taken {
	const struct conf_file *file;
	const char *database;
};

struct takens {
	struct taken *v;
	size_t n, cap;
};

static bool taken_before(struct conf_reader *r, struct takens *takens, const struct conf_file *f,
			 const struct conf_wanted *want)
{
	for (size_t i = 0; i < takens->n; i++)
		if (takens->v[i].file == f && streq_null(takens->v[i].database, want->database)) {
			r->file = want->file;
			conf_bad(r, want->by, NULL, "file %s is named twice", f->path);
			return true;
		}
	vec_push(r->arena, takens, ((struct taken){ f, want->database }));
	return false;
}

static struct database *database_of(struct conf_reader *r, const struct conf_wanted *want)
{
	for (size_t i = 0; want->database && i < r->policy->ndatabases; i++)
		if (streq(r->policy->databases[i].name, want->database))
			return &r->policy->databases[i];
	return NULL;
}

/* What the file would have named is not there: nobody is told that it does not exist. */
static void lose_names(struct conf_reader *r, const struct conf_wanted *want)
{
	if (want->database)
		conf_lose(r, "database", want->database, "tables");
	else
		r->incomplete = true;
}

static void read_wanted(struct conf_reader *r, const struct conf_wanted *want,
			const struct conf_section *section,
			struct takens *takens)
{
	struct conf_paths paths;

	if (!conf_paths_expand(r, want, &paths))
		lose_names(r, want);
	else if (!paths.n)
		conf_warn(r, conf_loc(r, want->by), NULL, "folder %s holds no *.cfg", want->path);
	for (size_t i = 0; i < paths.n; i++) {
		struct conf_file *f;

		r->file = want->file;
		f = conf_file_open(r, paths.v[i], want->by);
		if (!f->loaded)
			lose_names(r, want);
		if (taken_before(r, takens, f, want))
			continue;
		r->db = database_of(r, want);
		read_file(r, f, section, r->db ? (void *)r->db : r->policy);
		r->db = NULL;
	}
}

static void read_wants(struct conf_reader *r, const struct conf_wants *wants,
		       const struct conf_section *section,
		       struct takens *takens)
{
	for (size_t i = 0; i < wants->n; i++)
		read_wanted(r, &wants->v[i], section, takens);
}

/* That the key is there was asked before. */
static void require_database(struct conf_reader *r, struct conf_file *f)
{
	const config_setting_t *s;

	if (!f->loaded)
		return;
	r->file = f;
	s = config_setting_get_member(config_root_setting(&f->cfg), "databases");
	if (s && config_setting_is_group(s) && !config_setting_length(s))
		conf_bad(r, s, "{ NAME = { conninfo; tables; }; … }", "no database is named");
}

static void read_all(struct conf_reader *r, const char *main_file)
{
	struct takens takens = { NULL, 0, 0 };
	struct conf_file *f = conf_file_open(r, main_file, NULL);

	r->incomplete = !f->loaded;
	vec_push(r->arena, &takens, ((struct taken){ f, NULL }));
	read_file(r, f, &section_main, r->policy);
	read_wants(r, &r->includes, &section_included, &takens);
	read_wants(r, &r->tables, &section_tables_file, &takens);
	read_wants(r, &r->jobs, &section_job_file, &takens);
	require_database(r, f);
	conf_check(r);
}

bool conf_load(const char *main_file, struct policy **ret, struct conf_errors *errs)
{
	struct arena *a = arena_new();
	struct conf_reader r = { .arena = a, .errs = errs };

	*errs = (struct conf_errors){ .arena = arena_new() };
	r.policy = arena_alloc(a, sizeof(*r.policy));
	*r.policy = (struct policy){ .arena = a, .limits = LIMITS_UNSET };
	r.policy->main_file = arena_strdup(a, main_file);
	read_all(&r, main_file);
	conf_errors_sort(&r);
	conf_files_done(&r);
	if (errs->errors.n) {
		arena_free(a);
		return false;
	}
	*ret = r.policy;
	return true;
}
