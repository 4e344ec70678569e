/* Any tool: a command that prints a list of backups as JSON, [ … ] or { "backups": [ … ] }. Each has
 *
 *	id, repo, kind ("wal" for its archive), type, timeline, start_lsn, stop_lsn, start_time, stop_time,
 *	depends_on [ … ], kept, expires, encrypted, annotations { … }, system_identifier, size
 *
 * of which only id must be there; beside the list "lsn_form": "hex" says how it means bare digits and
 * "complete": false that it does not have them all. What wal-g and pg_probackup print is read by their own
 * names of these. */
#include "backup/tool.h"

#include <stdlib.h>

enum field {
	F_ID, F_REPO, F_KIND, F_TYPE, F_TIMELINE, F_START_LSN, F_STOP_LSN, F_START, F_STOP, F_DEPENDS, F_KEPT, F_EXPIRES,
	F_ENCRYPTED, F_ANNOTATIONS, F_SYSTEM, F_SIZE, F_STATUS, FIELDS
};

/* Names by which a field goes, the own one first. */
static const char *const names[FIELDS][5] = {
	[F_ID] = { "id", "backup_name", "label", "backup_id" },
	[F_REPO] = { "repo", "storage_name" },
	[F_KIND] = { "kind" },
	[F_TYPE] = { "type", "backup_type", "backup-mode" },
	[F_TIMELINE] = { "timeline", "current-tli" },
	[F_START_LSN] = { "start_lsn", "start-lsn" },
	[F_STOP_LSN] = { "stop_lsn", "finish_lsn", "stop-lsn" },
	[F_START] = { "start_time", "start-time" },
	[F_STOP] = { "stop_time", "finish_time", "end-time", "time" },
	[F_DEPENDS] = { "depends_on", "parent-backup-id" },
	[F_KEPT] = { "kept", "is_permanent", "keep", "retention_status" },
	[F_EXPIRES] = { "expires", "expire-time" },
	[F_ENCRYPTED] = { "encrypted" },
	[F_ANNOTATIONS] = { "annotations", "user_data" },
	[F_SYSTEM] = { "system_identifier", "system-id" },
	[F_SIZE] = { "size", "compressed_size", "data-bytes" },
	[F_STATUS] = { "status" },
};

static const json_t *get(const json_t *o, enum field f)
{
	for (size_t i = 0; names[f][i]; i++) {
		const json_t *v = json_object_get(o, names[f][i]);

		if (v)
			return v;
	}
	return NULL;
}

static const char *text(struct arena *a, const json_t *o, enum field f)
{
	for (size_t i = 0; names[f][i]; i++) {
		const char *s = tool_text(a, o, names[f][i]);

		if (s)
			return s;
	}
	return NULL;
}

/* true, or a word that is none of those for "no": "keep:full". */
static bool means_kept(const json_t *v)
{
	static const char *const no[] = { "", "-", "no", "false", "none", "nokeep", "VALID", "OBSOLETE" };
	const char *s = json_string_value(v);

	if (!s)
		return json_is_true(v);
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		if (streq(s, no[i]))
			return false;
	return true;
}

static const char *name_in_repo(struct arena *a, const char *id, const char *repo)
{
	return !repo || streq(repo, "1") || streq(repo, "default") ? id : arena_printf(a, "%s@%s", id, repo);
}

static void depend(struct arena *a, const json_t *v, const char *repo, struct backup_set *s)
{
	if (json_is_string(v) && *json_string_value(v))
		vec_push(a, &s->depends_on, name_in_repo(a, arena_strdup(a, json_string_value(v)), repo));
	for (size_t i = 0; i < json_array_size(v); i++)
		if (json_is_string(json_array_get(v, i)))
			vec_push(a, &s->depends_on,
				 name_in_repo(a, arena_strdup(a, json_string_value(json_array_get(v, i))), repo));
}

static const char *annotations(struct arena *a, const json_t *v)
{
	char *dumped = json_is_object(v) ? json_dumps(v, JSON_COMPACT) : NULL;
	const char *ret = dumped ? arena_strdup(a, dumped) : "{}";

	free(dumped);
	return ret;
}

/* wal-g names a backup by the segment in which it starts: base_TTTTTTTTLLLLLLLLSSSSSSSS. */
static int64_t timeline_of(const struct provider_env *env, const json_t *o, const char *id)
{
	int64_t timeline = tool_int(get(o, F_TIMELINE), 0);
	char segment[25];
	uint64_t ignored;

	if (timeline > 0 || strncmp(id, "base_", 5) != 0 || strlen(id) < 29)
		return timeline > 0 ? timeline : 0;
	memcpy(segment, id + 5, 24);
	segment[24] = '\0';
	return lsn_segment(segment, env->wal_segment_size, &timeline, &ignored) ? timeline : 0;
}

static bool is_wal(const json_t *o)
{
	return streq_null(json_string_value(get(o, F_KIND)), "wal");
}

/* Segments by name instead of positions. */
static void wal_range(const struct provider_env *env, const json_t *o, struct backup_set *s)
{
	const char *min = json_string_value(json_object_get(o, "min")), *max = json_string_value(json_object_get(o, "max"));
	int64_t ignored;

	if (min && !s->has_start_lsn)
		s->has_start_lsn = lsn_segment(min, env->wal_segment_size, &s->timeline, &s->start_lsn);
	if (max && !s->has_stop_lsn) {
		s->has_stop_lsn = lsn_segment(max, env->wal_segment_size, &ignored, &s->stop_lsn);
		s->stop_lsn += env->wal_segment_size;
	}
}

static bool add(const struct provider_env *env, struct listing *l, const json_t *o, enum lsn_form form, bool dated,
		struct diag *d)
{
	struct arena *a = l->a;
	const char *id = text(a, o, F_ID), *repo = text(a, o, F_REPO);
	struct backup_set *s;

	if (!id)
		return diag_fail(d, DIAG_STEP, "the command lists a backup without an id");
	s = listing_add(l, name_in_repo(a, id, repo), is_wal(o) ? "wal" : "command");
	s->group = repo;
	s->type = text(a, o, F_TYPE);
	s->timeline = timeline_of(env, o, id);
	s->start = tool_instant(get(o, F_START));
	s->stop = tool_instant(get(o, F_STOP));
	tool_lsn(a, get(o, F_START_LSN), form, "first", s, &s->has_start_lsn, &s->start_lsn);
	tool_lsn(a, get(o, F_STOP_LSN), form, "last", s, &s->has_stop_lsn, &s->stop_lsn);
	s->system_identifier = text(a, o, F_SYSTEM);
	s->size = tool_int(get(o, F_SIZE), -1);
	s->annotations = annotations(a, get(o, F_ANNOTATIONS));
	s->expires = tool_instant(get(o, F_EXPIRES));
	s->kept = means_kept(get(o, F_KEPT));
	if (json_is_boolean(get(o, F_ENCRYPTED)))
		s->encrypted = json_is_true(get(o, F_ENCRYPTED)) ? KNOWN_YES : KNOWN_NO;
	depend(a, get(o, F_DEPENDS), repo, s);
	if (is_wal(o))
		wal_range(env, o, s);
	else if (dated && s->expires == NO_INSTANT && !s->depends_on.n && !s->kept) {
		s->kept = true;
		vec_push(a, &s->findings, "its tool gives others a date to expire, and this one none");
	}
	return true;
}

static enum lsn_form form_of(const json_t *root)
{
	return streq_null(json_string_value(json_object_get(root, "lsn_form")), "hex") ? LSN_HEX : LSN_DECIMAL;
}

static bool add_list(const struct provider_env *env, struct listing *l, const json_t *list, enum lsn_form form,
		     struct diag *d);

static bool any_dated(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (get(json_array_get(list, i), F_EXPIRES))
			return true;
	return false;
}

static bool add_list(const struct provider_env *env, struct listing *l, const json_t *list, enum lsn_form form,
		     struct diag *d)
{
	bool dated = any_dated(list), ok = true;

	if (!json_is_array(list))
		return diag_fail(d, DIAG_STEP, "the command prints no list of backups");
	for (size_t i = 0; ok && i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i), *inner = json_object_get(o, "backups");

		if (!json_is_object(o))
			return diag_fail(d, DIAG_STEP, "the command lists something that is no object");
		ok = json_is_array(inner) ? add_list(env, l, inner, LSN_HEX, d) : add(env, l, o, form, dated, d);
	}
	return ok;
}

bool provider_command(const struct backup_store *store, const struct provider_env *env, struct listing *l,
		      struct diag *d)
{
	const char **argv = arena_alloc(l->a, (store->nargv + 1) * sizeof(*argv));
	AUTO_STRBUF said = STRBUF_INIT;
	json_t *root;
	bool ok;

	memcpy(argv, store->argv, store->nargv * sizeof(*argv));
	root = tool_json(argv, &said, d);
	if (!root)
		return false;
	tool_digest(l, &said);
	if (json_is_false(json_object_get(root, "complete")))
		listing_partial(l, "the command says that its list is not complete");
	ok = add_list(env, l, json_is_object(root) ? json_object_get(root, "backups") : root, form_of(root), d);
	json_decref(root);
	return ok;
}
