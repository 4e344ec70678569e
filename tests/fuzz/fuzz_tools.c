/* What backup tools print, and the manifest and label of base backups: files in one input, named by the command
 * that prints them (info: pgBackRest; list-backups, show-backup, show-server: Barman; list: any tool) or by
 * their own names. No program is run. */
#include "fuzz.h"

#include "backup/set.h"
#include "base/spawn.h"

bool __wrap_spawn_run(const struct spawn *what, struct strbuf *out, struct spawn_result *ret);

static struct {
	char name[64];
	const uint8_t *data;
	size_t size;
} files[16];
static size_t nfiles;

static void note(const char *name, const uint8_t *data, size_t size)
{
	if (nfiles == ARRAY_SIZE(files))
		return;
	snprintf(files[nfiles].name, sizeof(files[nfiles].name), "%s", name);
	files[nfiles].data = data;
	files[nfiles++].size = size;
	fuzz_put_file(name, data, size);
}

static bool has(const char *name)
{
	for (size_t i = 0; i < nfiles; i++)
		if (streq(files[i].name, name))
			return true;
	return false;
}

bool __wrap_spawn_run(const struct spawn *what, struct strbuf *out, struct spawn_result *ret)
{
	*ret = (struct spawn_result){ .exit = 0 };
	for (size_t k = 0; what->argv[k]; k++)
		for (size_t i = 0; i < nfiles; i++)
			if (streq(files[i].name, what->argv[k])) {
				strbuf_add(out, files[i].data, files[i].size);
				return true;
			}
	ret->exit = 1;
	return false;
}

static bool never_known(void *ctx, const char *name, const char *identity)
{
	(void)ctx;
	(void)identity;
	return name[strlen(name) / 2] == '7';
}

static void list(const char *kind)
{
	static const char *argv[] = { "tool", "list", NULL };
	static const char *const lineages[] = { "6b1c8f2e-2a43-4f0e-9c4e-2b7d8b0a1c11" };
	struct backup_store store = { .name = "store", .kind = kind, .path = fuzz_folder_path, .stanza = "shop",
				      .server = "main", .keep = "30 days", .config = "/dev/null", .nargv = 2,
				      .argv = argv };
	struct provider_env env = { .dbname = "shop", .nlineages = 1, .lineages = lineages,
				    .wal_segment_size = 16u << 20, .is_known = never_known };
	struct listing l = { .a = arena_new() };

	provider_run(&store, &env, &l);
	CLAIM(l.state == LISTING_GOOD || l.trouble);
	for (size_t i = 0; i < l.sets.n; i++)
		CLAIM(l.sets.v[i].name && (l.sets.v[i].until == NO_INSTANT || l.sets.v[i].until_why));
	arena_free(l.a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	nfiles = 0;
	fuzz_folder();
	fuzz_files(data, size, note);
	if (has("info"))
		list("pgbackrest");
	if (has("list-backups"))
		list("barman");
	if (has("list"))
		list("command");
	if (has("backup_manifest") || has("backup_label"))
		list("pg_basebackup");
	return 0;
}
