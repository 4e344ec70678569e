/* Barman: list-backups says which there are, show-backup where each lies in the WAL, show-server where it is
 * kept. Barman keeps the WAL from the start of its oldest backup on. */
#include "backup/isolation.h"
#include "backup/tool.h"

#include <unistd.h>

struct barman {
	const struct backup_store *store;
	const struct provider_env *env;
	struct listing *l;
	struct strbuf *said;
};

/* `barman [-c FILE] -f json COMMAND SERVER [ID]`; what it says of the server. *root is to be released. */
static const json_t *ask(struct barman *b, const char *command, const char *id, json_t **root, struct diag *d)
{
	const char *argv[10] = { b->store->program ? b->store->program : "barman" };
	const json_t *of;
	size_t n = 1;

	if (b->store->config) {
		argv[n++] = "-c";
		argv[n++] = b->store->config;
	}
	argv[n++] = "-f";
	argv[n++] = "json";
	argv[n++] = command;
	argv[n++] = b->store->server;
	argv[n++] = id;
	*root = tool_json(argv, b->said, d);
	of = json_object_get(*root, b->store->server);
	if (*root && !of)
		diag_fail(d, DIAG_STEP, "barman %s says nothing of server %s", command, b->store->server);
	return of;
}

/* "KEEP:FULL" and "KEEP:STANDALONE" outlive every policy. */
static bool is_kept(const json_t *entry)
{
	const char *status = json_string_value(json_object_get(entry, "retention_status"));

	return status && !strncmp(status, "KEEP", 4);
}

static void details(struct barman *b, const json_t *o, struct backup_set *s)
{
	const json_t *info = json_object_get(o, "base_backup_information");
	const char *encryption = json_string_value(json_object_get(info, "encryption"));

	s->system_identifier = tool_text(b->l->a, o, "system_id");
	if (!s->system_identifier)
		s->system_identifier = tool_text(b->l->a, o, "systemid");
	s->timeline = tool_int(json_object_get(info, "timeline"), 0);
	s->start = tool_instant(json_object_get(info, "begin_time_timestamp"));
	s->stop = tool_instant(json_object_get(info, "end_time_timestamp"));
	tool_lsn(b->l->a, json_object_get(info, "begin_lsn"), LSN_HEX, "first", s, &s->has_start_lsn, &s->start_lsn);
	tool_lsn(b->l->a, json_object_get(info, "end_lsn"), LSN_HEX, "last", s, &s->has_stop_lsn, &s->stop_lsn);
	s->size = tool_int(json_object_get(info, "disk_usage_bytes"), -1);
	s->encrypted = encryption && *encryption && !streq(encryption, "none") ? KNOWN_YES : KNOWN_NO;
}

/* Is there anything in it yet, and is it still being made? */
static bool in_progress(const char *status)
{
	return streq_null(status, "STARTED") || streq_null(status, "EMPTY");
}

static bool is_whole(const char *status)
{
	return streq_null(status, "DONE") || streq_null(status, "WAITING_FOR_WALS");
}

/* What is known of a backup that is done does not change. */
static bool add(struct barman *b, const json_t *entry, bool ask_anyway, struct diag *d)
{
	const char *id = tool_text(b->l->a, entry, "backup_id"), *status = tool_text(b->l->a, entry, "status");
	struct backup_set *s;
	json_t *root = NULL;
	const json_t *o;

	if (!id)
		return diag_fail(d, DIAG_STEP, "barman lists a backup without an id");
	if (in_progress(status))
		return true;
	s = listing_add(b->l, id, "barman");
	s->type = tool_text(b->l->a, entry, "backup_type");
	s->kept = is_kept(entry);
	if (!is_whole(status)) {
		s->trouble = arena_printf(b->l->a, "Barman says it is %s", status ? status : "in no known state");
		return true;
	}
	s->stop = tool_instant(json_object_get(entry, "end_time_timestamp"));
	s->unchanged = !ask_anyway && b->env->is_known(b->env->ctx, s->name, s->identity);
	if (s->unchanged)
		return true;
	o = ask(b, "show-backup", id, &root, d);
	if (o)
		details(b, o, s);
	json_decref(root);
	return o;
}

/* Ids are times: the oldest comes first in the alphabet. Its place in the WAL says where the archive begins. */
static const json_t *oldest_of(const json_t *all)
{
	const json_t *oldest = NULL;

	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *o = json_array_get(all, i);
		const char *id = json_string_value(json_object_get(o, "backup_id")),
			   *best = json_string_value(json_object_get(oldest, "backup_id")),
			   *status = json_string_value(json_object_get(o, "status"));

		if (id && is_whole(status) && (!best || strcmp(id, best) < 0))
			oldest = o;
	}
	return oldest;
}

/* From the oldest backup's first segment on; it has no name of its own. */
static void add_wal(struct barman *b)
{
	const struct backup_set *oldest = NULL;
	struct backup_set *wal;

	for (size_t i = 0; i < b->l->sets.n; i++) {
		const struct backup_set *s = &b->l->sets.v[i];

		if (s->has_start_lsn && (!oldest || s->timeline < oldest->timeline ||
					 (s->timeline == oldest->timeline && s->start_lsn < oldest->start_lsn)))
			oldest = s;
	}
	if (!oldest)
		return;
	struct backup_set copy = *oldest;

	wal = listing_add(b->l, "wal", "wal");
	wal->has_start_lsn = true;
	wal->start_lsn = copy.start_lsn - copy.start_lsn % b->env->wal_segment_size;
	wal->timeline = copy.timeline;
	wal->system_identifier = copy.system_identifier;
	wal->encrypted = copy.encrypted;
}

/* The mark is a file; without a retention policy list-backups does not tell it. */
static bool has_mark(struct arena *a, const char *bases, const char *id)
{
	return access(arena_printf(a, "%s/%s/annotations/keep", bases, id), F_OK) == 0;
}

/* Where they lie. Not to know it does not spoil the listing. */
static void look_at_place(struct barman *b)
{
	AUTO_STRBUF said = STRBUF_INIT;
	struct barman quiet = { b->store, b->env, b->l, &said };
	struct diag ignored = DIAG_INIT;
	json_t *root = NULL;
	const json_t *o = ask(&quiet, "show-server", NULL, &root, &ignored);
	const char *bases = o ? tool_text(b->l->a, o, "basebackups_directory") : NULL,
		   *wals = o ? tool_text(b->l->a, o, "wals_directory") : NULL;

	for (size_t i = 0; i < b->l->sets.n; i++) {
		struct backup_set *s = &b->l->sets.v[i];
		const char *path = streq(s->kind, "wal") ? wals : bases;

		if (path)
			isolation_path(b->l->a, path, s);
		s->kept |= bases && !streq(s->kind, "wal") && has_mark(b->l->a, bases, s->name);
	}
	if (!bases)
		vec_push(b->l->a, &b->l->notes, "barman show-server does not tell where backups lie: who can read them, and "
			 "which are marked to be kept, is not known");
	json_decref(root);
}

bool provider_barman(const struct backup_store *store, const struct provider_env *env, struct listing *l,
		     struct diag *d)
{
	AUTO_STRBUF said = STRBUF_INIT;
	struct barman b = { store, env, l, &said };
	json_t *root = NULL;
	const json_t *all = ask(&b, "list-backups", NULL, &root, d);
	bool ok = all;

	if (all && !json_is_array(all))
		ok = diag_fail(d, DIAG_STEP, "barman's list of backups is no list");
	for (size_t i = 0; ok && i < json_array_size(all); i++)
		ok = add(&b, json_array_get(all, i), json_array_get(all, i) == oldest_of(all), d);
	json_decref(root);
	if (!ok)
		return false;
	tool_digest(l, &said);
	add_wal(&b);
	look_at_place(&b);
	return true;
}
