/* pgBackRest: `info --output=json`. Each repository has its own backups and its own archive of the WAL; a backup
 * of repository 1 goes by its label, one of another by label@repository. */
#include "backup/isolation.h"
#include "backup/tool.h"

#include <stdlib.h>

struct pgbackrest {
	const struct backup_store *store;
	const struct provider_env *env;
	struct listing *l;
	const json_t *stanza;
};

/* ---- what belongs to a repository ---- */

static int64_t repo_of(const json_t *entry)
{
	return tool_int(json_object_get(json_object_get(entry, "database"), "repo-key"), 1);
}

static const char *in_repo(struct arena *a, const char *name, int64_t repo)
{
	return repo == 1 ? arena_strdup(a, name) : arena_printf(a, "%s@%lld", name, (long long)repo);
}

static const json_t *repository(const struct pgbackrest *p, int64_t key)
{
	const json_t *all = json_object_get(p->stanza, "repo");

	for (size_t i = 0; i < json_array_size(all); i++)
		if (tool_int(json_object_get(json_array_get(all, i), "key"), -1) == key)
			return json_array_get(all, i);
	return NULL;
}

static enum known encrypted(const struct pgbackrest *p, int64_t repo)
{
	const char *cipher = json_string_value(json_object_get(repository(p, repo), "cipher"));

	if (!cipher)
		cipher = json_string_value(json_object_get(p->stanza, "cipher"));
	if (!cipher || streq(cipher, "mixed"))
		return KNOWN_NOT;
	return streq(cipher, "none") ? KNOWN_NO : KNOWN_YES;
}

static const char *system_of(const struct pgbackrest *p, const json_t *entry)
{
	const json_t *all = json_object_get(p->stanza, "db"), *mine = json_object_get(entry, "database");

	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *db = json_array_get(all, i);

		if (tool_int(json_object_get(db, "id"), -1) == tool_int(json_object_get(mine, "id"), -2) &&
		    tool_int(json_object_get(db, "repo-key"), 1) == repo_of(entry))
			return tool_text(p->l->a, db, "system-id");
	}
	return NULL;
}

/* The folder of a repository on this host, as its configuration names it; whatever may be elsewhere stays
 * unknown. */
static void look_at_repository(const struct pgbackrest *p, int64_t repo, struct backup_set *s)
{
	static const char *const places[] = { "/etc/pgbackrest/pgbackrest.conf", "/etc/pgbackrest.conf" };
	struct arena *a = p->l->a;
	const char *file = p->store->config, *path = NULL;

	for (size_t i = 0; i <= ARRAY_SIZE(places) && !path; i++) {
		const char *from = file ? file : i < ARRAY_SIZE(places) ? places[i] : NULL;

		if (!from || tool_ini(a, from, p->store->stanza, arena_printf(a, "repo%lld-host", (long long)repo)))
			return;
		path = tool_ini(a, from, p->store->stanza, arena_printf(a, "repo%lld-path", (long long)repo));
		if (file)
			break;
	}
	if (path)
		isolation_path(a, path, s);
}

static void place(const struct pgbackrest *p, const json_t *entry, struct backup_set *s)
{
	int64_t repo = repo_of(entry);

	s->group = arena_printf(p->l->a, "repository %lld", (long long)repo);
	s->system_identifier = system_of(p, entry);
	s->encrypted = encrypted(p, repo);
	look_at_repository(p, repo, s);
}

/* ---- backups ---- */

static void depend(const struct pgbackrest *p, const json_t *entry, struct backup_set *s)
{
	const json_t *all = json_object_get(entry, "reference"), *prior = json_object_get(entry, "prior");

	for (size_t i = 0; i < json_array_size(all); i++)
		if (json_is_string(json_array_get(all, i)))
			vec_push(p->l->a, &s->depends_on,
				 in_repo(p->l->a, json_string_value(json_array_get(all, i)), repo_of(entry)));
	if (!s->depends_on.n && json_is_string(prior))
		vec_push(p->l->a, &s->depends_on, in_repo(p->l->a, json_string_value(prior), repo_of(entry)));
}

static const char *annotations(struct arena *a, const json_t *entry)
{
	const json_t *o = json_object_get(entry, "annotation");
	char *text = json_is_object(o) ? json_dumps(o, JSON_COMPACT) : NULL;
	const char *ret = text ? arena_strdup(a, text) : "{}";

	free(text);
	return ret;
}

static bool add_backup(struct pgbackrest *p, const json_t *entry, struct diag *d)
{
	struct arena *a = p->l->a;
	const char *label = tool_text(a, entry, "label");
	const json_t *time = json_object_get(entry, "timestamp"), *lsn = json_object_get(entry, "lsn");
	const char *segment = json_string_value(json_object_get(json_object_get(entry, "archive"), "start"));
	struct backup_set *s;
	uint64_t ignored;

	if (!label)
		return diag_fail(d, DIAG_STEP, "pgbackrest lists a backup without a label");
	s = listing_add(p->l, in_repo(a, label, repo_of(entry)), "pgbackrest");
	s->type = tool_text(a, entry, "type");
	s->start = tool_instant(json_object_get(time, "start"));
	s->stop = tool_instant(json_object_get(time, "stop"));
	tool_lsn(a, json_object_get(lsn, "start"), LSN_HEX, "first", s, &s->has_start_lsn, &s->start_lsn);
	tool_lsn(a, json_object_get(lsn, "stop"), LSN_HEX, "last", s, &s->has_stop_lsn, &s->stop_lsn);
	if (!segment || !lsn_segment(segment, p->env->wal_segment_size, &s->timeline, &ignored))
		s->timeline = 0;
	s->size = tool_int(json_object_get(json_object_get(entry, "info"), "size"), -1);
	s->annotations = annotations(a, entry);
	place(p, entry, s);
	depend(p, entry, s);
	if (json_is_true(json_object_get(entry, "error")))
		vec_push(a, &s->findings, "pgBackRest found page checksum errors in it");
	return true;
}

/* ---- WAL ---- */

static bool add_wal(struct pgbackrest *p, const json_t *entry, struct diag *d)
{
	struct arena *a = p->l->a;
	const char *id = tool_text(a, entry, "id"), *min = json_string_value(json_object_get(entry, "min")),
		   *max = json_string_value(json_object_get(entry, "max"));
	struct backup_set *s;
	int64_t timeline;

	if (!min || !max)
		return true;		/* an archive without a segment */
	s = listing_add(p->l, in_repo(a, arena_printf(a, "wal-%s", id ? id : "?"), repo_of(entry)), "wal");
	s->has_start_lsn = lsn_segment(min, p->env->wal_segment_size, &s->timeline, &s->start_lsn);
	s->has_stop_lsn = lsn_segment(max, p->env->wal_segment_size, &timeline, &s->stop_lsn);
	if (!s->has_start_lsn || !s->has_stop_lsn)
		return diag_fail(d, DIAG_STEP, "pgbackrest lists WAL by names that are none");
	s->stop_lsn += p->env->wal_segment_size;
	place(p, entry, s);
	return true;
}

/* ---- the listing ---- */

static void judge_status(struct listing *l, const json_t *status, const char *of)
{
	int64_t code = tool_int(json_object_get(status, "code"), -1);
	const char *message = json_string_value(json_object_get(status, "message"));

	if (code != 0)
		listing_partial(l, arena_printf(l->a, "pgBackRest says of %s: %s", of, message ? message : "no status"));
}

static const json_t *stanza_named(const json_t *all, const char *name)
{
	for (size_t i = 0; i < json_array_size(all); i++)
		if (streq_null(json_string_value(json_object_get(json_array_get(all, i), "name")), name))
			return json_array_get(all, i);
	return NULL;
}

static bool read_stanza(struct pgbackrest *p, struct diag *d)
{
	const json_t *backups = json_object_get(p->stanza, "backup"), *wal = json_object_get(p->stanza, "archive"),
		     *repos = json_object_get(p->stanza, "repo");

	if (!json_is_array(backups) || !json_is_array(wal))
		return diag_fail(d, DIAG_STEP, "pgbackrest's listing lacks its backups or its WAL");
	for (size_t i = 0; i < json_array_size(backups); i++)
		if (!add_backup(p, json_array_get(backups, i), d))
			return false;
	for (size_t i = 0; i < json_array_size(wal); i++)
		if (!add_wal(p, json_array_get(wal, i), d))
			return false;
	judge_status(p->l, json_object_get(p->stanza, "status"), arena_printf(p->l->a, "stanza %s", p->store->stanza));
	for (size_t i = 0; i < json_array_size(repos); i++)
		judge_status(p->l, json_object_get(json_array_get(repos, i), "status"),
			     arena_printf(p->l->a, "repository %lld",
					  (long long)tool_int(json_object_get(json_array_get(repos, i), "key"), 0)));
	return true;
}

bool provider_pgbackrest(const struct backup_store *store, const struct provider_env *env, struct listing *l,
			 struct diag *d)
{
	const char *argv[8] = { store->program ? store->program : "pgbackrest" };
	struct pgbackrest p = { store, env, l, NULL };
	AUTO_STRBUF said = STRBUF_INIT;
	size_t n = 1;
	json_t *all;
	bool ok;

	if (store->config)
		argv[n++] = arena_printf(l->a, "--config=%s", store->config);
	argv[n++] = arena_printf(l->a, "--stanza=%s", store->stanza);
	argv[n++] = "--output=json";
	argv[n++] = "--log-level-console=off";
	argv[n++] = "info";
	all = tool_json(argv, &said, d);
	if (!all)
		return false;
	tool_digest(l, &said);
	p.stanza = stanza_named(all, store->stanza);
	ok = p.stanza ? read_stanza(&p, d) : diag_fail(d, DIAG_STEP, "pgbackrest does not list stanza %s", store->stanza);
	json_decref(all);
	return ok;
}
