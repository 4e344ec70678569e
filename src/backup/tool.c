#include "backup/tool.h"

#include "backup/folder.h"
#include "base/digest.h"
#include "base/spawn.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define TIMEOUT_MS 120000
#define OUTPUT_MAX (32u * 1024 * 1024)
#define INI_MAX (1024u * 1024)
#define UNIX_EPOCH (INT64_C(-946684800) * USECS_PER_SEC)	/* 1970 as an instant */

/* Why it did not print what was asked for. */
static bool complain(const char *name, const struct spawn_result *r, struct diag *d)
{
	if (r->why)
		return diag_fail(d, DIAG_STEP, "%s: %s", name, r->why);
	return diag_fail(d, DIAG_STEP, "%s ended with code %d%s%s", name, r->exit, *r->said ? ": " : "", r->said);
}

json_t *tool_json(const char *const *argv, struct strbuf *said, struct diag *d)
{
	const struct spawn tool = { argv, "", 0, TIMEOUT_MS, OUTPUT_MAX, true };
	struct spawn_result end;
	size_t from = said->len;
	json_error_t error;
	json_t *value;

	if (!spawn_run(&tool, said, &end)) {
		complain(argv[0], &end, d);
		return NULL;
	}
	value = json_loadb(said->buf ? said->buf + from : "", said->len - from, JSON_REJECT_DUPLICATES, &error);
	if (!value)
		diag_fail(d, DIAG_STEP, "%s did not print JSON: line %d, column %d", argv[0], error.line, error.column);
	return value;
}

void tool_digest(struct listing *l, const struct strbuf *said)
{
	char text[DIGEST_TEXT];

	digest_text(strbuf_str(said), said->len, text);
	l->digest = arena_strdup(l->a, text);
}

const char *tool_text(struct arena *a, const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	if (json_is_integer(v))
		return arena_printf(a, "%lld", (long long)json_integer_value(v));
	return json_is_string(v) && *json_string_value(v) ? arena_strdup(a, json_string_value(v)) : NULL;
}

int64_t tool_int(const json_t *v, int64_t fallback)
{
	const char *s = json_string_value(v);
	long long n;
	char *end;

	if (json_is_integer(v))
		return json_integer_value(v);
	if (!s || !*s)
		return fallback;
	errno = 0;
	n = strtoll(s, &end, 10);
	return *end || errno ? fallback : n;
}

/* A date as some tools print it, with two digits of the zone's hours, or none and a Z. */
int64_t tool_instant(const json_t *v)
{
	const char *s = json_string_value(v);
	int64_t t, seconds;

	if (json_is_real(v) && isfinite(json_real_value(v)) && fabs(json_real_value(v)) < 1e11)
		return UNIX_EPOCH + (int64_t)(json_real_value(v) * 1e6);
	seconds = tool_int(v, INT64_MIN);
	if (seconds != INT64_MIN && seconds > -INT64_C(100000000000) && seconds < INT64_C(100000000000))
		return UNIX_EPOCH + seconds * USECS_PER_SEC;
	if (s && (instant_parse_rfc3339(s, &t) || instant_parse_timestamptz(s, strlen(s), &t)))
		return t;
	return NO_INSTANT;
}

void tool_lsn(struct arena *a, const json_t *v, enum lsn_form form, const char *what, struct backup_set *s, bool *has,
	      uint64_t *lsn)
{
	enum lsn_found found = lsn_read(v, form, lsn);

	*has = found == LSN_READ;
	if (found == LSN_WRONG)
		vec_push(a, &s->findings, arena_printf(a, "its %s position in the WAL can't be read: it is judged by time", what));
}

/* ---- configuration of tools ---- */

static char *trim(char *s)
{
	char *end = s + strlen(s);

	while (end > s && isspace((unsigned char)end[-1]))
		*--end = '\0';
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

const char *tool_ini(struct arena *a, const char *path, const char *section, const char *key)
{
	size_t n;
	char *text = folder_slurp(a, path, INI_MAX, &n), *line, *rest = text;
	const char *global = NULL, *own = NULL;
	bool in_own = false, in_global = false;

	while (rest && (line = strsep(&rest, "\n"))) {
		char *equals;

		line = trim(line);
		if (*line == '[') {
			char *close = strchr(line, ']');

			if (close)
				*close = '\0';
			in_own = streq(line + 1, section);
			in_global = streq(line + 1, "global");
			continue;
		}
		equals = strchr(line, '=');
		if (*line == '#' || *line == ';' || !equals || !(in_own || in_global))
			continue;
		*equals = '\0';
		if (!streq(trim(line), key))
			continue;
		*(in_own ? &own : &global) = trim(equals + 1);
	}
	return own ? own : global;
}
