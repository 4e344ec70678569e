/* Listings of backup tools in one form: spellings of positions (case C95), what each tool's output says, when a backup goes.
 * Samples are what the tools of Debian 12 print (pgBackRest 2.45, Barman 3.4), or what their documentation and
 * source show (wal-g, pg_probackup). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "backup/forecast.h"
#include "backup/lsn.h"
#include "backup/set.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MB16 (16u * 1024 * 1024)

static char folder[64];

/* ---- positions (WAL: high/low, as PostgreSQL prints pg_lsn) ---- */

static enum lsn_found read_lsn(const char *json, enum lsn_form form, uint64_t *ret)
{
	json_t *v = json_loads(json, JSON_DECODE_ANY, NULL);
	enum lsn_found found;

	assert_non_null(v);
	found = lsn_read(v, form, ret);
	json_decref(v);
	return found;
}

static void test_lsn_spellings(void **state)
{
	static const char *const same[] = { "31557943336", "\"31557943336\"", "\"7/59000028\"" };
	uint64_t lsn;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		assert_int_equal(read_lsn(same[i], LSN_DECIMAL, &lsn), LSN_READ);
		assert_true(lsn == (UINT64_C(7) << 32 | 0x59000028));
	}
	assert_int_equal(read_lsn("\"759000028\"", LSN_HEX, &lsn), LSN_READ);
	assert_true(lsn == (UINT64_C(7) << 32 | 0x59000028));
	assert_int_equal(read_lsn("\"75900002A\"", LSN_DECIMAL, &lsn), LSN_READ);
	assert_true(lsn == (UINT64_C(7) << 32 | 0x5900002A));
	assert_int_equal(read_lsn("null", LSN_HEX, &lsn), LSN_ABSENT);
	assert_int_equal(read_lsn("\"\"", LSN_HEX, &lsn), LSN_ABSENT);
	assert_int_equal(lsn_read(NULL, LSN_HEX, &lsn), LSN_ABSENT);
}

static void test_lsn_wrong(void **state)
{
	static const char *const wrong[] = { "\"7/\"", "\"/7\"", "\"7/590000281\"", "\"7/5 \"", "\"0x7\"", "\"-7\"", "-7", "7.5", "true",
					     "\"99999999999999999999\"", "\"7/59000028/1\"", "\" 7/59000028\"", "[]" };
	uint64_t lsn;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(read_lsn(wrong[i], LSN_DECIMAL, &lsn), LSN_WRONG);
}

static void test_segments(void **state)
{
	int64_t timeline;
	uint64_t start;

	(void)state;
	assert_true(lsn_segment("000000020000028500000089", MB16, &timeline, &start));
	assert_int_equal(timeline, 2);
	assert_true(start == (UINT64_C(0x285) << 32 | 0x89000000));
	assert_true(lsn_segment("000000010000000000000003.gz", MB16, &timeline, &start));
	assert_true(start == 0x3000000);
	assert_true(lsn_segment("000000010000000100000001", 64 * 1024 * 1024, &timeline, &start));
	assert_true(start == (UINT64_C(1) << 32 | 0x4000000));
	assert_false(lsn_segment("00000001000000000000000", MB16, &timeline, &start));
	assert_false(lsn_segment("00000001000000000000000G", MB16, &timeline, &start));
	assert_false(lsn_segment("000000010000000000000100", MB16, &timeline, &start));
	assert_false(lsn_segment("000000000000000000000001", MB16, &timeline, &start));
}

/* ---- listings ---- */

static bool never_known(void *ctx, const char *name, const char *identity)
{
	(void)ctx;
	(void)name;
	(void)identity;
	return false;
}

static int64_t at(const char *text)
{
	int64_t t;

	assert_true(instant_parse_rfc3339(text, &t));
	return t;
}

static void put(const char *name, const char *text, mode_t mode)
{
	char path[160];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

/* The tool is a script that prints the file `COMMAND[-ID].json`, or the only one. */
static struct listing list_now(struct arena *a, struct backup_store *store, const char *now)
{
	static const char *const lineages[] = { "6b1c8f2e-2a43-4f0e-9c4e-2b7d8b0a1c11" };
	struct provider_env env = { .dbname = "shop", .nlineages = 1, .lineages = lineages, .now = at(now),
				    .wal_segment_size = MB16, .is_known = never_known };
	struct listing l = { .a = a };

	provider_run(store, &env, &l);
	return l;
}

static const char *script(struct arena *a, const char *body)
{
	put("tool", arena_printf(a, "#!/bin/sh\n%s\n", body), 0700);
	return arena_printf(a, "%s/tool", folder);
}

static const struct backup_set *set_of(const struct listing *l, const char *name)
{
	for (size_t i = 0; i < l->sets.n; i++)
		if (streq(l->sets.v[i].name, name))
			return &l->sets.v[i];
	fail_msg("no set %s", name);
	return NULL;
}

static const char *text(int64_t t)
{
	static char buf[4][INSTANT_TEXT];
	static int i;

	return t == NO_INSTANT ? "none" : instant_format(t, buf[i = (i + 1) % 4]);
}

static const char full_incr[] =
	"[{\"archive\":[{\"database\":{\"id\":1,\"repo-key\":1},\"id\":\"15-1\",\"max\":\"000000010000000000000004\","
	"\"min\":\"000000010000000000000001\"}],\"backup\":["
	"{\"archive\":{\"start\":\"000000010000000000000002\",\"stop\":\"000000010000000000000002\"},"
	"\"backrest\":{\"format\":5,\"version\":\"2.45\"},\"database\":{\"id\":1,\"repo-key\":1},\"error\":false,"
	"\"info\":{\"delta\":22992800,\"repository\":{\"delta\":3043647,\"size\":3043647},\"size\":22992800},"
	"\"label\":\"20261125-103751F\",\"lsn\":{\"start\":\"0/2000028\",\"stop\":\"0/2000138\"},\"prior\":null,"
	"\"reference\":null,\"timestamp\":{\"start\":1795603071,\"stop\":1795603102},\"type\":\"full\"},"
	"{\"annotation\":{\"a\":\"b\"},\"archive\":{\"start\":\"000000010000000000000004\","
	"\"stop\":\"000000010000000000000004\"},\"backrest\":{\"format\":5,\"version\":\"2.45\"},"
	"\"database\":{\"id\":1,\"repo-key\":1},\"error\":false,\"info\":{\"delta\":8458,\"repository\":{\"delta\":434,"
	"\"size\":3043651},\"size\":22992800},\"label\":\"20261125-103751F_20261125-103826I\","
	"\"lsn\":{\"start\":\"0/4000028\",\"stop\":\"0/4000100\"},\"prior\":\"20261125-103751F\","
	"\"reference\":[\"20261125-103751F\"],\"timestamp\":{\"start\":1795603106,\"stop\":1795603110},\"type\":\"incr\"}],"
	"\"cipher\":\"%s\",\"db\":[{\"id\":1,\"repo-key\":1,\"system-id\":7712056402103799213,\"version\":\"15\"}],"
	"\"name\":\"shop\",\"repo\":[{\"cipher\":\"%s\",\"key\":1,\"status\":{\"code\":%d,\"message\":\"%s\"}}],"
	"\"status\":{\"code\":%d,\"lock\":{\"backup\":{\"held\":false}},\"message\":\"%s\"}}]";

static struct backup_store pgbackrest(struct arena *a, const char *json)
{
	put("info.json", json, 0600);
	put("empty.conf", "", 0600);
	return (struct backup_store){ .name = "base", .kind = "pgbackrest", .stanza = "shop", .keep = "30 days",
				      .config = arena_printf(a, "%s/empty.conf", folder),
				      .program = script(a, arena_printf(a, "cat %s/info.json", folder)) };
}

static void test_pgbackrest(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct backup_store store = pgbackrest(a, arena_printf(a, full_incr, "none", "none", 0, "ok", 0, "ok"));
	struct listing l = list_now(a, &store, "2026-11-25T12:00:00Z");
	const struct backup_set *s;

	(void)state;
	assert_int_equal(l.state, LISTING_GOOD);
	assert_int_equal(l.sets.n, 3);
	assert_int_equal(strncmp(l.digest, "sha256:", 7), 0);
	s = set_of(&l, "20261125-103751F");
	assert_string_equal(s->type, "full");
	assert_string_equal(s->system_identifier, "7712056402103799213");
	assert_int_equal(s->timeline, 1);
	assert_true(s->has_start_lsn && s->start_lsn == 0x2000028 && s->has_stop_lsn && s->stop_lsn == 0x2000138);
	assert_string_equal(text(s->stop), "2026-11-25T10:38:22Z");
	assert_int_equal(s->depends_on.n, 0);
	assert_int_equal(s->encrypted, KNOWN_NO);
	assert_string_equal(text(s->until), "none");
	s = set_of(&l, "20261125-103751F_20261125-103826I");
	assert_string_equal(s->depends_on.v[0], "20261125-103751F");
	assert_string_equal(s->annotations, "{\"a\":\"b\"}");
	assert_string_equal(text(s->until), "none");
	s = set_of(&l, "wal-15-1");
	assert_string_equal(s->kind, "wal");
	assert_true(s->start_lsn == 0x1000000 && s->stop_lsn == 0x5000000);
}

static void test_pgbackrest_not_good(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct backup_store store = pgbackrest(a, arena_printf(a, full_incr, "aes-256-cbc", "aes-256-cbc", 99, "other", 4, "different"));
	struct listing l = list_now(a, &store, "2026-11-25T12:00:00Z");

	(void)state;
	assert_int_equal(l.state, LISTING_PARTIAL);
	assert_int_equal(l.sets.n, 3);
	assert_int_equal(set_of(&l, "wal-15-1")->encrypted, KNOWN_YES);
	store.stanza = "another";
	l = list_now(a, &store, "2026-11-25T12:00:00Z");
	assert_int_equal(l.state, LISTING_FAILED);
	assert_int_equal(l.sets.n, 0);
	store = pgbackrest(a, "[{\"archive\":[],\"backup\":[],\"cipher\":\"none\",\"db\":[],\"name\":\"shop\",\"repo\":[],"
			   "\"status\":{\"code\":0,\"message\":\"ok\"}}]");
	l = list_now(a, &store, "2026-11-25T12:00:00Z");
	assert_int_equal(l.state, LISTING_EMPTY);
	store = pgbackrest(a, "[{\"archive\":[],\"backup\":[],\"name\":\"shop\",\"status\":{\"code\":3,\"message\":\"missing stanza data\"}}]");
	l = list_now(a, &store, "2026-11-25T12:00:00Z");
	assert_int_equal(l.state, LISTING_PARTIAL);
	assert_non_null(strstr(l.trouble, "missing stanza data"));
	store = pgbackrest(a, "[{\"name\":\"shop\"");
	assert_int_equal(list_now(a, &store, "2026-11-25T12:00:00Z").state, LISTING_FAILED);
}

/* C91: under time retention of 30 days a full backup of 35 days stays until the next one is 30 days old. */
static struct listing two_fulls(struct arena *a, const char *now)
{
	struct backup_store store = pgbackrest(a, arena_printf(a,
		"[{\"archive\":[{\"database\":{\"id\":1,\"repo-key\":1},\"id\":\"15-1\",\"max\":\"000000010000000000000009\","
		"\"min\":\"000000010000000000000002\"}],\"backup\":["
		"{\"label\":\"old\",\"type\":\"full\",\"database\":{\"id\":1,\"repo-key\":1},\"timestamp\":{\"start\":%lld,\"stop\":%lld}},"
		"{\"label\":\"new\",\"type\":\"full\",\"database\":{\"id\":1,\"repo-key\":1},\"timestamp\":{\"start\":%lld,\"stop\":%lld}},"
		"{\"label\":\"old_d\",\"type\":\"diff\",\"prior\":\"old\",\"reference\":[\"old\"],\"database\":{\"id\":1,\"repo-key\":1},"
		"\"timestamp\":{\"start\":%lld,\"stop\":%lld}}],"
		"\"name\":\"shop\",\"status\":{\"code\":0,\"message\":\"ok\"}}]",
		1792584000LL, 1792584000LL, 1793448000LL, 1793448000LL, 1792670400LL, 1792670400LL));

	return list_now(a, &store, now);
}

static void test_forecast_full(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct listing l = two_fulls(a, "2026-11-25T12:00:00Z");	/* old: 21 Oct 12:00, 35 days; new: 31 Oct, 25 days */

	(void)state;
	assert_string_equal(text(set_of(&l, "old")->stop), "2026-10-21T12:00:00Z");
	assert_string_equal(text(set_of(&l, "old")->until), "2026-11-30T12:00:00Z");
	assert_string_equal(text(set_of(&l, "old_d")->until), "2026-11-30T12:00:00Z");
	assert_string_equal(text(set_of(&l, "new")->until), "none");
	assert_non_null(strstr(set_of(&l, "new")->until_why, "newer one"));
	assert_string_equal(text(set_of(&l, "wal-15-1")->until), "2026-11-30T12:00:00Z");
	assert_false(set_of(&l, "old")->has_stop_lsn);
	assert_int_equal(set_of(&l, "old")->findings.n, 0);
	l = two_fulls(a, "2026-12-02T12:00:00Z");
	assert_int_equal(set_of(&l, "old")->findings.n, 1);	/* beyond its date */
}

static void test_forecast_add(void **state)
{
	struct period month = { .months = 1 }, days = { .days = 35 }, hours = { .usecs = 36 * 3600 * USECS_PER_SEC };

	(void)state;
	assert_string_equal(text(forecast_add(at("2026-01-31T10:00:00Z"), &month)), "2026-02-28T10:00:00Z");
	assert_string_equal(text(forecast_add(at("2024-01-31T10:00:00Z"), &month)), "2024-02-29T10:00:00Z");
	assert_string_equal(text(forecast_add(at("2026-12-15T00:00:00Z"), &month)), "2027-01-15T00:00:00Z");
	assert_string_equal(text(forecast_add(at("2026-11-25T00:00:01Z"), &days)), "2026-12-30T00:00:01Z");
	assert_string_equal(text(forecast_add(at("1999-12-31T13:00:00Z"), &hours)), "2000-01-02T01:00:00Z");
	assert_string_equal(text(forecast_add(at("1999-12-31T13:00:00Z"), &month)), "2000-01-31T13:00:00Z");
}

/* ---- Barman ---- */

#define SHOW(id, lsn1, lsn2, t1, t2, prev) \
	"{\"main\":{\"backup_id\":\"" id "\",\"status\":\"DONE\",\"postgresql_version\":150018,\"pgdata_directory\":\"/d\"," \
	"\"tablespaces\":[],\"base_backup_information\":{\"disk_usage\":\"21.9 MiB\",\"disk_usage_bytes\":22992800," \
	"\"timeline\":1,\"begin_wal\":\"000000010000000000000003\",\"end_wal\":\"000000010000000000000003\"," \
	"\"begin_time_timestamp\":\"" t1 "\",\"end_time_timestamp\":\"" t2 "\",\"begin_lsn\":\"" lsn1 "\",\"end_lsn\":\"" lsn2 "\"}," \
	"\"catalog_information\":{\"retention_policy\":\"not enforced\",\"previous_backup\":\"" prev "\"}}}"

static struct backup_store barman(struct arena *a)
{
	put("list-backups.json",
	    "{\"main\":[{\"backup_id\":\"20261125T104100\",\"end_time\":\"Wed Nov 25 10:41:30 2026\","
	    "\"end_time_timestamp\":\"1795603290\",\"retention_status\":\"-\",\"size\":\"37.9 MiB\",\"size_bytes\":39770016,"
	    "\"status\":\"DONE\",\"tablespaces\":[],\"wal_size\":\"0 B\",\"wal_size_bytes\":0},"
	    "{\"backup_id\":\"20261125T103900\",\"end_time\":\"Wed Nov 25 10:39:30 2026\",\"end_time_timestamp\":\"1795603170\","
	    "\"retention_status\":\"KEEP:FULL\",\"size_bytes\":1,\"status\":\"DONE\"},"
	    "{\"backup_id\":\"20261125T103500\",\"status\":\"FAILED\"},{\"backup_id\":\"20261125T110000\",\"status\":\"STARTED\"}]}", 0600);
	put("show-backup-20261125T104100.json", SHOW("20261125T104100", "0/5000028", "0/5000138", "1795603260", "1795603290",
						     "20261125T103900"), 0600);
	put("show-backup-20261125T103900.json", SHOW("20261125T103900", "0/3000028", "0/3000138", "1795603140", "1795603170",
						     "- (this is the oldest base backup)"), 0600);
	return (struct backup_store){ .name = "b", .kind = "barman", .server = "main", .keep = "7 days",
		.program = script(a, arena_printf(a, "shift 2; [ $1 = show-server ] && exit 1; cat %s/$1${3:+-$3}.json", folder)) };
}

static void test_barman(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct backup_store store = barman(a);
	struct listing l = list_now(a, &store, "2026-11-25T12:00:00Z");
	const struct backup_set *s;

	(void)state;
	assert_int_equal(l.state, LISTING_GOOD);
	assert_int_equal(l.sets.n, 4);
	s = set_of(&l, "20261125T104100");
	assert_true(s->stop_lsn == 0x5000138 && s->start_lsn == 0x5000028 && s->timeline == 1 && !s->kept);
	assert_string_equal(text(s->stop), "2026-11-25T10:41:30Z");
	s = set_of(&l, "20261125T103900");
	assert_true(s->kept);
	assert_string_equal(text(s->until), "none");
	assert_non_null(set_of(&l, "20261125T103500")->trouble);
	s = set_of(&l, "wal");
	assert_true(s->has_start_lsn && s->start_lsn == 0x3000000);
	put("show-backup-20261125T104100.json", "{}", 0600);
	assert_int_equal(list_now(a, &store, "2026-11-25T12:00:00Z").state, LISTING_FAILED);
}

/* ---- any command ---- */

static struct listing command(struct arena *a, const char *json, const char *keep)
{
	const char **argv = arena_alloc(a, 2 * sizeof(*argv));
	struct backup_store store = { .name = "c", .kind = "command", .keep = keep, .nargv = 2, .argv = argv };

	put("list.json", json, 0600);
	argv[0] = "cat";
	argv[1] = arena_printf(a, "%s/list.json", folder);
	return list_now(a, &store, "2026-11-25T12:00:00Z");
}

static void test_command(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct listing l = command(a,
		"[{\"id\":\"full-1\",\"type\":\"full\",\"timeline\":3,\"start_lsn\":\"7/59000028\",\"stop_lsn\":31557943440,"
		"\"start_time\":\"2026-11-01T00:00:00Z\",\"stop_time\":\"2026-11-01T01:00:00+01:00\",\"encrypted\":true,"
		"\"annotations\":{\"x\":1},\"system_identifier\":7712056402103799213,\"repo\":\"2\"},"
		"{\"id\":\"incr-1\",\"repo\":\"2\",\"depends_on\":[\"full-1\"],\"stop_time\":1761955200},"
		"{\"id\":\"w\",\"kind\":\"wal\",\"min\":\"000000030000000700000059\",\"max\":\"00000003000000070000005A\"}]", "10 days");
	const struct backup_set *s = set_of(&l, "full-1@2");

	(void)state;
	assert_int_equal(l.state, LISTING_GOOD);
	assert_true(s->start_lsn == 31557943336 && s->stop_lsn == 31557943440 && s->timeline == 3);
	assert_string_equal(text(s->stop), "2026-11-01T00:00:00Z");
	assert_string_equal(text(s->until), "2026-11-11T00:00:00Z");
	assert_int_equal(s->encrypted, KNOWN_YES);
	assert_string_equal(s->system_identifier, "7712056402103799213");
	assert_string_equal(set_of(&l, "incr-1@2")->depends_on.v[0], "full-1@2");
	assert_string_equal(text(set_of(&l, "incr-1@2")->until), "2026-11-11T00:00:00Z");
	assert_true(set_of(&l, "w")->start_lsn == 31557943296 && set_of(&l, "w")->stop_lsn == 31591497728);
}

/* wal-g backup-list --detail --json (internal/databases/postgres/backup_details.go): LSNs are bare numbers. */
static void test_walg(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct listing l = command(a,
		"[{\"backup_name\":\"base_000000010000000700000059\",\"time\":\"2026-11-20T10:00:00Z\",\"wal_file_name\":"
		"\"000000010000000700000059\",\"storage_name\":\"default\",\"start_time\":\"2026-11-20T09:58:00.5Z\","
		"\"finish_time\":\"2026-11-20T10:00:00.25Z\",\"hostname\":\"h\",\"data_dir\":\"/d\",\"pg_version\":150000,"
		"\"start_lsn\":31557943336,\"finish_lsn\":31557943560,\"is_permanent\":true,\"system_identifier\":7712056402103799213,"
		"\"uncompressed_size\":5,\"compressed_size\":4,\"user_data\":{\"k\":\"v\"}}]", "35 days");
	const struct backup_set *s = set_of(&l, "base_000000010000000700000059");

	(void)state;
	assert_true(s->stop_lsn == 31557943560 && s->timeline == 1 && s->kept && s->size == 4);
	assert_string_equal(text(s->stop), "2026-11-20T10:00:00.25Z");
	assert_string_equal(text(s->until), "none");
	assert_string_equal(s->annotations, "{\"k\":\"v\"}");
}

/* C96: pinned in three ways. */
static void test_kept(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct listing l = command(a,
		"[{\"instance\":\"node\",\"backups\":[{\"id\":\"PT8XFX\",\"backup-mode\":\"FULL\",\"status\":\"OK\",\"current-tli\":1,"
		"\"start-lsn\":\"0/3000028\",\"stop-lsn\":\"0/3000130\",\"start-time\":\"2026-11-01 10:00:00+00\","
		"\"end-time\":\"2026-11-01 10:01:00+00\",\"expire-time\":\"2026-12-01 00:00:00+00\"},"
		"{\"id\":\"PT8XFY\",\"backup-mode\":\"FULL\",\"end-time\":\"2026-11-02 10:01:00+00\"}]}]", "35 days");

	(void)state;
	assert_string_equal(text(set_of(&l, "PT8XFX")->until), "2026-12-01T00:00:00Z");
	assert_true(set_of(&l, "PT8XFX")->stop_lsn == 0x3000130);
	assert_string_equal(text(set_of(&l, "PT8XFY")->until), "none");
	assert_true(set_of(&l, "PT8XFY")->kept);
	l = command(a, "[{\"id\":\"a\",\"kept\":\"keep:full\",\"stop_time\":\"2026-11-01\"},{\"id\":\"b\",\"kept\":false,"
		       "\"stop_time\":\"2026-11-01\"}]", "35 days");
	assert_true(set_of(&l, "a")->kept && !set_of(&l, "b")->kept);
	assert_int_equal(set_of(&l, "a")->findings.n, 1);
}

static void test_command_not_good(void **state)
{
	static const struct { const char *json; enum listing_state state; } cases[] = {
		{ "[]", LISTING_EMPTY }, { "", LISTING_FAILED }, { "{}", LISTING_FAILED }, { "[{\"type\":\"full\"}]", LISTING_FAILED },
		{ "[7]", LISTING_FAILED }, { "[{\"id\":\"a\"}] x", LISTING_FAILED }, { "[{\"id\":\"a\"},{\"id\":\"a\"}]", LISTING_FAILED },
		{ "{\"backups\":[{\"id\":\"a\"}],\"complete\":false}", LISTING_PARTIAL },
		{ "{\"backups\":[{\"id\":\"a\"}],\"lsn_form\":\"hex\"}", LISTING_GOOD },
	};
	AUTO(arena_free_auto) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct listing l = command(a, cases[i].json, NULL);

		assert_int_equal(l.state, cases[i].state);
		assert_true(l.state == LISTING_GOOD ? !l.trouble : l.trouble != NULL);
	}
}

static int setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/pgretain-test-backup.XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const names[] = { "tool", "info.json", "empty.conf", "list.json", "list-backups.json",
		"show-backup-20261125T104100.json", "show-backup-20261125T103900.json" };
	char path[160];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lsn_spellings), cmocka_unit_test(test_lsn_wrong), cmocka_unit_test(test_segments),
		cmocka_unit_test(test_pgbackrest), cmocka_unit_test(test_pgbackrest_not_good), cmocka_unit_test(test_forecast_full),
		cmocka_unit_test(test_forecast_add), cmocka_unit_test(test_barman), cmocka_unit_test(test_command),
		cmocka_unit_test(test_walg), cmocka_unit_test(test_kept), cmocka_unit_test(test_command_not_good),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
