/* Base backups in a folder, each a folder of its own with backup_manifest (PostgreSQL 13 on) or backup_label;
 * `path` may also be one itself. The manifest seals itself: its last line is the SHA-256 of what stands above. */
#include "backup/folder.h"
#include "backup/isolation.h"
#include "backup/tool.h"

#include <errno.h>
#include <libgen.h>
#include <openssl/sha.h>
#include <unistd.h>

#define MANIFEST_MAX (256u * 1024 * 1024)
#define LABEL_MAX 8192

struct base {
	const struct backup_store *store;
	const struct provider_env *env;
	struct listing *l;
};

static bool has(const char *folder, const char *name, struct arena *a)
{
	return access(arena_printf(a, "%s/%s", folder, name), F_OK) == 0;
}

/* ---- the manifest ---- */

static bool seal_fits(const char *text, size_t n, const json_t *manifest)
{
	static const char mark[] = "\"Manifest-Checksum\"";
	const char *want = json_string_value(json_object_get(manifest, "Manifest-Checksum"));
	unsigned char hash[SHA256_DIGEST_LENGTH];
	const char *line = NULL;
	char hex[2 * SHA256_DIGEST_LENGTH + 1];

	for (const char *s = text; (s = memmem(s, n - (size_t)(s - text), mark, sizeof(mark) - 1)); s++)
		line = s;
	if (!want || !line)
		return false;
	SHA256((const unsigned char *)text, (size_t)(line - text), hash);
	for (size_t i = 0; i < sizeof(hash); i++)
		snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	return streq(hex, want);
}

/* A backup that crossed a switch has several ranges: it starts in the first and every restore reaches the end
 * of the last. */
static bool read_ranges(const json_t *manifest, struct backup_set *s)
{
	const json_t *all = json_object_get(manifest, "WAL-Ranges");

	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *r = json_array_get(all, i);
		int64_t timeline = tool_int(json_object_get(r, "Timeline"), 0);
		uint64_t start, stop;

		if (timeline <= 0 || lsn_read(json_object_get(r, "Start-LSN"), LSN_HEX, &start) != LSN_READ ||
		    lsn_read(json_object_get(r, "End-LSN"), LSN_HEX, &stop) != LSN_READ)
			return false;
		if (!s->has_start_lsn || start < s->start_lsn)
			s->start_lsn = start;
		if (!s->has_stop_lsn || timeline > s->timeline || (timeline == s->timeline && stop > s->stop_lsn))
			s->stop_lsn = stop;
		if (timeline > s->timeline)
			s->timeline = timeline;
		s->has_start_lsn = s->has_stop_lsn = true;
	}
	return s->has_stop_lsn;
}

/* Memory of its own: a manifest names every file of the cluster. */
static const char *read_manifest(const char *path, struct backup_set *s, struct arena *keep)
{
	struct arena *a = arena_new();
	const char *wrong = NULL;
	json_t *manifest = NULL;
	char *text;
	size_t n;

	text = folder_slurp(a, path, MANIFEST_MAX, &n);
	if (text)
		manifest = json_loadb(text, n, 0, NULL);
	if (!text)
		wrong = arena_printf(keep, "its manifest can't be read: %s", strerror(errno));
	else if (!manifest || !seal_fits(text, n, manifest))
		wrong = "its manifest does not fit its own checksum";
	else if (!read_ranges(manifest, s))
		wrong = "its manifest does not tell its range of WAL";
	else
		s->system_identifier = tool_text(keep, manifest, "System-Identifier");
	json_decref(manifest);
	arena_free(a);
	return wrong;
}

/* ---- the label ---- */

static const char *label_value(struct arena *a, const char *label, const char *key)
{
	size_t n = strlen(key);

	for (const char *line = label; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (!strncmp(line, key, n) && line[n] == ':' && line[n + 1] == ' ')
			return arena_strndup(a, line + n + 2, strcspn(line + n + 2, " \n"));
	return NULL;
}

/* What must be there for an incremental one: the backup that started where this one goes on from. */
static void depend(struct base *b, struct backup_set *s, const char *from)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	if (!from)
		return;
	strbuf_addf(&sb, "from %s", from);
	s->type = "incr";
	s->group = arena_strdup(b->l->a, strbuf_str(&sb));
}

static void read_label(struct base *b, const char *path, struct backup_set *s)
{
	size_t n;
	const char *label = folder_slurp(b->l->a, path, LABEL_MAX, &n), *lsn, *timeline;
	json_t *v;

	if (!label)
		return;
	lsn = label_value(b->l->a, label, "START WAL LOCATION");
	timeline = label_value(b->l->a, label, "START TIMELINE");
	v = lsn ? json_string(lsn) : NULL;
	if (!s->has_start_lsn)
		tool_lsn(b->l->a, v, LSN_HEX, "first", s, &s->has_start_lsn, &s->start_lsn);
	json_decref(v);
	v = timeline ? json_string(timeline) : NULL;
	if (!s->timeline)
		s->timeline = tool_int(v, 0);
	json_decref(v);
	depend(b, s, label_value(b->l->a, label, "INCREMENTAL FROM LSN"));
}

/* ---- one backup ---- */

static void add(struct base *b, const char *name, const char *path)
{
	const char *manifest = arena_printf(b->l->a, "%s/backup_manifest", path),
		   *label = arena_printf(b->l->a, "%s/backup_label", path);
	bool sealed = has(path, "backup_manifest", b->l->a), labelled = has(path, "backup_label", b->l->a);
	struct backup_set *s = listing_add(b->l, name, "pg_basebackup");
	struct stat st;

	s->path = path;
	s->type = "full";
	s->encrypted = KNOWN_NO;
	isolation_path(b->l->a, path, s);
	if (stat(sealed ? manifest : labelled ? label : path, &st) == 0) {
		s->identity = folder_identity(b->l->a, &st);
		s->stop = folder_instant(&st.st_mtim);
	}
	if (sealed)
		s->trouble = read_manifest(manifest, s, b->l->a);
	if (labelled)
		read_label(b, label, s);
	if (!sealed && !labelled)
		s->trouble = "it has neither backup_manifest nor backup_label";
	/* every restore reaches the start at least */
	if (!s->has_stop_lsn && s->has_start_lsn) {
		s->has_stop_lsn = true;
		s->stop_lsn = s->start_lsn;
	}
	if (s->trouble)
		s->has_stop_lsn = false, s->stop = NO_INSTANT;
}

static bool is_backup(const char *path, struct arena *a)
{
	return has(path, "backup_manifest", a) || has(path, "backup_label", a) || has(path, "PG_VERSION", a);
}

/* Incremental ones found where they go on from: the latest backup that starts there. */
static void link_chains(struct listing *l)
{
	for (size_t i = 0; i < l->sets.n; i++) {
		struct backup_set *s = &l->sets.v[i];
		const char *from = s->group;
		json_t *v;
		uint64_t lsn;

		s->group = NULL;
		if (!from)
			continue;
		v = json_string(from + strlen("from "));
		for (size_t j = 0; j < l->sets.n && lsn_read(v, LSN_HEX, &lsn) == LSN_READ; j++)
			if (j != i && l->sets.v[j].has_start_lsn && l->sets.v[j].start_lsn == lsn)
				vec_push(l->a, &s->depends_on, l->sets.v[j].name);
		json_decref(v);
		if (!s->depends_on.n)
			vec_push(l->a, &s->findings, "the backup that it goes on from is not here");
	}
}

bool provider_pg_basebackup(const struct backup_store *store, const struct provider_env *env, struct listing *l,
			    struct diag *d)
{
	struct base b = { store, env, l };
	struct folder_entry *v;
	size_t n;

	if (has(store->path, "backup_manifest", l->a) || has(store->path, "backup_label", l->a)) {
		add(&b, basename(arena_strdup(l->a, store->path)), store->path);
		l->digest = l->sets.v[0].identity;
		return true;
	}
	if (!folder_read(store, l, &n, &v, d))
		return false;
	for (size_t i = 0; i < n; i++)
		if (S_ISDIR(v[i].st.st_mode) && is_backup(v[i].path, l->a))
			add(&b, v[i].name, v[i].path);
	link_chains(l);
	return true;
}
