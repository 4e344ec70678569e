/* The types of keys: each reads one value into its place and says what would have been allowed. */
#include "conf/keys.h"

#include "base/instant.h"
#include "conf/sqlcond.h"
#include "conf/utf8.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <sys/stat.h>

#define PLACE(type_, key_, into_) ((type_ *)((char *)(into_) + (key_)->at))
#define ALSO(type_, key_, into_) ((type_ *)((char *)(into_) + (key_)->also))

#define NAME_ALLOWED "a name of the catalogue, at most 63 bytes"
#define PERIOD_ALLOWED "\"3 years\", \"18 months\", \"90 days\", \"36 hours\", \"1 year 6 months\""
#define DURATION_ALLOWED "a time such as \"100ms\", \"2s\", \"5min\", above zero"
#define ZONE_DIR "/usr/share/zoneinfo"

const char *conf_allowed(struct conf_reader *r, const struct conf_key *key)
{
	if (key->words)
		return conf_join(r, key->words);
	if (key->type->allowed)
		return key->type->allowed;
	if (key->max)
		return arena_printf(r->arena, "a whole number from %" PRId64 " to %" PRId64,
				    key->min, key->max);
	return arena_printf(r->arena, "a whole number, %" PRId64 " or more", key->min);
}

/* ---- text ---- */

const char *conf_string(struct conf_reader *r, const config_setting_t *s, const char *allowed)
{
	const char *text = config_setting_get_string(s);

	if (!text)
		conf_bad(r, s, allowed, "not a string");
	else if (!text[strspn(text, " \t\r\n")])
		conf_bad(r, s, allowed, "empty");
	else if (!utf8_valid(text))
		conf_bad(r, s, allowed, "not UTF-8");
	else
		return arena_strdup(r->arena, text);
	return NULL;
}

static bool read_text(struct conf_reader *r, const struct conf_key *key, const config_setting_t *s,
		      void *into)
{
	const char *text = conf_string(r, s, conf_allowed(r, key));

	if (text)
		*PLACE(const char *, key, into) = text;
	return text;
}

const char *conf_name_read(struct conf_reader *r, const config_setting_t *s)
{
	const char *name = conf_string(r, s, NAME_ALLOWED);

	if (!name || strlen(name) <= 63)
		return name;
	conf_bad(r, s, NAME_ALLOWED, "longer than 63 bytes");
	return NULL;
}

static bool read_name(struct conf_reader *r, const struct conf_key *key, const config_setting_t *s,
		      void *into)
{
	const char *name = conf_name_read(r, s);

	if (name)
		*PLACE(const char *, key, into) = name;
	return name;
}

static bool has_word(const char *const *v, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (streq(v[i], word))
			return true;
	return false;
}

bool conf_names_read(struct conf_reader *r, const config_setting_t *s, const char ***v, size_t *n)
{
	int count = conf_count(s);
	bool ok = true;

	if (!count)
		return conf_bad(r, s, "[ \"name\", … ]", "the list is empty");
	*v = arena_alloc(r->arena, (size_t)count * sizeof(**v));
	for (int i = 0; i < count; i++) {
		const char *name = conf_name_read(r, conf_elem(s, i));

		if (name && has_word(*v, *n, name))
			ok = conf_bad(r, s, NULL, "%s stands twice", conf_quoted(r, name));
		else if (name)
			(*v)[(*n)++] = name;
		else
			ok = false;
	}
	return ok;
}

static bool read_names(struct conf_reader *r, const struct conf_key *key, const config_setting_t *s,
		       void *into)
{
	return conf_names_read(r, s, PLACE(const char **, key, into), ALSO(size_t, key, into));
}

static bool read_path(struct conf_reader *r, const struct conf_key *key, const config_setting_t *s,
		      void *into)
{
	const char *path = conf_string(r, s, conf_allowed(r, key));

	if (path)
		*PLACE(const char *, key, into) = conf_beside(r, path);
	return path;
}

/* ---- words ---- */

static int word_index(struct conf_reader *r, const struct conf_key *key, const config_setting_t *s)
{
	const char *allowed = conf_allowed(r, key), *text = conf_string(r, s, allowed);

	if (!text)
		return -1;
	for (int i = 0; key->words[i]; i++)
		if (streq(key->words[i], text))
			return i;
	conf_bad(r, s, allowed, "%s is unknown%s", conf_quoted(r, text),
		 conf_nearest(r, text, key->words));
	return -1;
}

/* An enum: `min` is the value of the first word. */
static bool read_word(struct conf_reader *r, const struct conf_key *key, const config_setting_t *s,
		      void *into)
{
	int i = word_index(r, key, s);

	if (i >= 0)
		*PLACE(int, key, into) = (int)key->min + i;
	return i >= 0;
}

static bool read_choice(struct conf_reader *r, const struct conf_key *key,
			const config_setting_t *s, void *into)
{
	int i = word_index(r, key, s);

	if (i >= 0)
		*PLACE(const char *, key, into) = key->words[i];
	return i >= 0;
}

static bool read_choices(struct conf_reader *r, const struct conf_key *key,
			 const config_setting_t *s, void *into)
{
	const char ***v = PLACE(const char **, key, into);
	size_t *n = ALSO(size_t, key, into);
	int count = conf_count(s);
	bool ok = true;

	if (!count)
		return conf_bad(r, s, conf_allowed(r, key), "the list is empty");
	*v = arena_alloc(r->arena, (size_t)count * sizeof(**v));
	for (int k = 0; k < count; k++) {
		int i = word_index(r, key, conf_elem(s, k));

		if (i >= 0 && has_word(*v, *n, key->words[i]))
			ok = conf_bad(r, s, NULL, "\"%s\" stands twice", key->words[i]);
		else if (i >= 0)
			(*v)[(*n)++] = key->words[i];
		else
			ok = false;
	}
	return ok;
}

static bool read_bool(struct conf_reader *r, const struct conf_key *key, const config_setting_t *s,
		      void *into)
{
	if (config_setting_type(s) != CONFIG_TYPE_BOOL)
		return conf_bad(r, s, conf_allowed(r, key), "not true or false");
	*PLACE(bool, key, into) = config_setting_get_bool(s);
	return true;
}

/* ---- numbers: always from the text, never from what libconfig made of it ---- */

bool conf_integer(const config_setting_t *s, int64_t *ret)
{
	const struct source_value *v = source_of(s);
	const char *digits;
	bool is_hex;
	char *end;

	if (v->kind != SOURCE_NUMBER)
		return false;
	digits = v->raw + (*v->raw == '+' || *v->raw == '-');
	is_hex = digits[0] == '0' && tolower((unsigned char)digits[1]) == 'x';
	if (!isdigit((unsigned char)*digits))
		return false;
	errno = 0;
	*ret = strtoll(v->raw, &end, is_hex ? 16 : 10);
	return errno == 0 && end[strspn(end, "L")] == '\0';
}

static bool int_read(struct conf_reader *r, const struct conf_key *key, const config_setting_t *s,
		     int64_t *ret)
{
	const char *allowed = conf_allowed(r, key);

	if (source_of(s)->kind != SOURCE_NUMBER)
		return conf_bad(r, s, allowed, "not a number");
	if (config_setting_type(s) == CONFIG_TYPE_FLOAT)
		return conf_bad(r, s, allowed, "not a whole number");
	if (!conf_integer(s, ret))
		return conf_bad(r, s, allowed, "beyond 64 bits");
	if (*ret < key->min || (key->max && *ret > key->max))
		return conf_bad(r, s, allowed, "out of range");
	return true;
}

static bool read_int(struct conf_reader *r, const struct conf_key *key, const config_setting_t *s,
		     void *into)
{
	int64_t n;

	if (!int_read(r, key, s, &n))
		return false;
	*PLACE(int, key, into) = (int)n;
	return true;
}

static bool read_int64(struct conf_reader *r, const struct conf_key *key, const config_setting_t *s,
		       void *into)
{
	return int_read(r, key, s, PLACE(int64_t, key, into));
}

/* strtod of the C locale, whatever the process speaks. */
static double decimal(const char *text)
{
	static locale_t plain;

	if (!plain)
		plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	return strtod_l(text, NULL, plain);
}

static bool number_read(struct conf_reader *r, const struct conf_key *key,
			const config_setting_t *s, double *ret)
{
	const char *allowed = conf_allowed(r, key), *raw = source_of(s)->raw;
	int64_t n;

	if (source_of(s)->kind != SOURCE_NUMBER || !raw[strcspn(raw, "0123456789")])
		return conf_bad(r, s, allowed, "not a number");
	if (config_setting_type(s) == CONFIG_TYPE_FLOAT)
		*ret = decimal(raw);
	else if (conf_integer(s, &n))
		*ret = (double)n;
	else
		return conf_bad(r, s, allowed, "beyond 64 bits");
	return isfinite(*ret) || conf_bad(r, s, allowed, "too large");
}

static bool read_percent(struct conf_reader *r, const struct conf_key *key,
			 const config_setting_t *s, void *into)
{
	double x;

	if (!number_read(r, key, s, &x))
		return false;
	if (!(x > 0) || x > 100)
		return conf_bad(r, s, conf_allowed(r, key), "out of range");
	*PLACE(double, key, into) = x;
	return true;
}

static bool read_number(struct conf_reader *r, const struct conf_key *key,
			const config_setting_t *s, void *into)
{
	double x;

	if (!number_read(r, key, s, &x))
		return false;
	if (!(x > 0))
		return conf_bad(r, s, conf_allowed(r, key), "out of range");
	*PLACE(double, key, into) = x;
	return true;
}

/* ---- periods, times, sizes ---- */

static bool read_period(struct conf_reader *r, const struct conf_key *key,
			const config_setting_t *s, void *into)
{
	const char *text = conf_string(r, s, PERIOD_ALLOWED), *why;

	if (!text)
		return false;
	if (!period_parse(text, PLACE(struct period, key, into), &why))
		return conf_bad(r, s, PERIOD_ALLOWED, "%s", why);
	if (key->also)
		*ALSO(const char *, key, into) = text;
	if (key->has)
		*(bool *)((char *)into + key->has) = true;
	return true;
}

static bool read_duration(struct conf_reader *r, const struct conf_key *key,
			  const config_setting_t *s, void *into)
{
	const char *text = conf_string(r, s, DURATION_ALLOWED), *why;

	if (!text)
		return false;
	return duration_parse(text, PLACE(int64_t, key, into), &why) ||
		conf_bad(r, s, DURATION_ALLOWED, "%s", why);
}

static bool read_size(struct conf_reader *r, const struct conf_key *key, const config_setting_t *s,
		      void *into)
{
	const char *text = conf_string(r, s, conf_allowed(r, key)), *why;

	if (!text)
		return false;
	return size_parse(text, PLACE(int64_t, key, into), &why) ||
	       conf_bad(r, s, conf_allowed(r, key), "%s", why);
}

static bool read_rate(struct conf_reader *r, const struct conf_key *key, const config_setting_t *s,
		      void *into)
{
	const char *allowed = conf_allowed(r, key), *text = conf_string(r, s, allowed), *why;
	size_t n = text ? strlen(text) : 0;

	if (!text)
		return false;
	if (n < 3 || !streq(text + n - 2, "/s"))
		return conf_bad(r, s, allowed, "not a size per second");
	return size_parse(arena_strndup(r->arena, text, n - 2), PLACE(int64_t, key, into), &why) ||
	       conf_bad(r, s, allowed, "%s", why);
}

static bool read_date(struct conf_reader *r, const struct conf_key *key, const config_setting_t *s,
		      void *into)
{
	const char *allowed = conf_allowed(r, key), *text = conf_string(r, s, allowed);
	int64_t days;

	if (!text)
		return false;
	if (strspn(text, "0123456789-") != 10 || text[10] || !instant_parse_date(text, 10, &days))
		return conf_bad(r, s, allowed, "not a date");
	*PLACE(const char *, key, into) = text;
	return true;
}

/* ---- zones, SQL ---- */

/* IANA's alphabet; never a way out of the folder. */
static bool zone_shape(const char *zone)
{
	return strlen(zone) < 64 && isalpha((unsigned char)*zone) && !strstr(zone, "..") &&
		!strstr(zone, "//") &&
	       zone[strlen(zone) - 1] != '/' &&
	       !zone[strspn(zone,
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/")];
}

/* posix/ and right/ are the same zones under names that PostgreSQL does not know. */
static bool zone_known(const char *zone)
{
	static const char *const not_zones[] = { "posix/", "right/", "posixrules", "localtime",
		"Factory" };
	AUTO_STRBUF path = STRBUF_INIT;
	char magic[4] = "";
	struct stat st;
	FILE *f;
	bool ok;

	for (size_t i = 0; i < ARRAY_SIZE(not_zones); i++)
		if (strncmp(zone, not_zones[i], strlen(not_zones[i])) == 0)
			return false;
	if (stat(ZONE_DIR, &st) != 0)
		return true;
	strbuf_addf(&path, "%s/%s", ZONE_DIR, zone);
	f = fopen(strbuf_str(&path), "re");
	if (!f)
		return false;
	ok = fread(magic, 1, 4, f) == 4 && memcmp(magic, "TZif", 4) == 0;
	fclose(f);
	return ok;
}

static bool read_zone(struct conf_reader *r, const struct conf_key *key, const config_setting_t *s,
		      void *into)
{
	const char *allowed = conf_allowed(r, key), *zone = conf_string(r, s, allowed);

	if (!zone)
		return false;
	if (!zone_shape(zone) || (!streq(zone, "UTC") && !zone_known(zone)))
		return conf_bad(r, s, allowed, "no such zone");
	*PLACE(const char *, key, into) = zone;
	return true;
}

static bool read_condition(struct conf_reader *r, const struct conf_key *key,
			   const config_setting_t *s, void *into)
{
	const char *allowed = conf_allowed(r, key), *text = conf_string(r, s, allowed), *why;

	if (!text)
		return false;
	if (!sqlcond_check(text, &why))
		return conf_bad(r, s, allowed, "%s", why);
	*PLACE(const char *, key, into) = text;
	return true;
}

static bool read_table(struct conf_reader *r, const struct conf_key *key, const config_setting_t *s,
		       void *into)
{
	const char *allowed = conf_allowed(r, key), *text = conf_string(r, s, allowed), *why;

	if (!text)
		return false;
	if (!sqltable_check(text, &why))
		return conf_bad(r, s, allowed, "%s", why);
	*PLACE(const char *, key, into) = text;
	return true;
}

/* ---- groups ---- */

static bool read_group(struct conf_reader *r, const struct conf_key *key, const config_setting_t *s,
		       void *into)
{
	if (!config_setting_is_group(s))
		return conf_bad(r, s, "{ … }", "not a group");
	conf_read_section(r, s, key->section, NULL, PLACE(char, key, into));
	return true;
}

static bool read_members(struct conf_reader *r, const struct conf_key *key,
			 const config_setting_t *s, void *into)
{
	return conf_read_members(r, s, key->section, PLACE(void *, key, into),
				 ALSO(size_t, key, into));
}

static bool read_items(struct conf_reader *r, const struct conf_key *key, const config_setting_t *s,
		       void *into)
{
	return conf_read_items(r, s, key->section, PLACE(void *, key, into),
			       ALSO(size_t, key, into));
}

const struct conf_type conf_text = { "text", "a string that is not empty", read_text };
const struct conf_type conf_name = { "name", NAME_ALLOWED, read_name };
const struct conf_type conf_names = { "names", "a name or [ names ]", read_names };
const struct conf_type conf_word = { "word", NULL, read_word };
const struct conf_type conf_choice = { "word", NULL, read_choice };
const struct conf_type conf_choices = { "words", NULL, read_choices };
const struct conf_type conf_bool = { "boolean", "true, false", read_bool };
const struct conf_type conf_int = { "integer", NULL, read_int };
const struct conf_type conf_int64 = { "integer", NULL, read_int64 };
const struct conf_type conf_percent = { "percent", "a number above 0, at most 100", read_percent };
const struct conf_type conf_number = { "number", "a number above 0", read_number };
const struct conf_type conf_period = { "period", PERIOD_ALLOWED, read_period };
const struct conf_type conf_duration = { "time", DURATION_ALLOWED, read_duration };
const struct conf_type conf_size = { "size", "a size such as \"16MB\", above zero", read_size };
const struct conf_type conf_rate = { "rate", "a size per second such as \"64MB/s\", above zero",
	read_rate };
const struct conf_type conf_zone = { "zone",
	"a name of the IANA database such as \"Asia/Shanghai\", or \"UTC\"", read_zone };
const struct conf_type conf_date = { "date", "YYYY-MM-DD", read_date };
const struct conf_type conf_condition = { "condition", "one SQL condition over the table's columns",
	read_condition };
const struct conf_type conf_table = { "table",
	"schema.table, as in SQL: shop.orders, shop.\\\"Order\\\"", read_table };
const struct conf_type conf_path = { "path", "a path, relative to this file or absolute",
	read_path };
const struct conf_type conf_group = { "group", "{ … }", read_group };
const struct conf_type conf_members = { "groups", "{ NAME = { … }; … }", read_members };
const struct conf_type conf_items = { "list of groups", "( { … }, … )", read_items };
