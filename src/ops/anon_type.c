#include "ops/anon_op.h"

#include <ctype.h>
#include <strings.h>

bool anon_is_any(const struct anon_column *col)
{
	(void)col;
	return true;
}

bool anon_is_text(const struct anon_column *col)
{
	return col->category == 'S' && col->basetyptype == 'b';
}

bool anon_is_enum(const struct anon_column *col)
{
	return col->basetyptype == 'e';
}

bool anon_is_blank_padded(const struct anon_column *col)
{
	return streq(col->base, "bpchar");
}

bool anon_base_in(const struct anon_column *col, const char *const *names)
{
	for (; *names; names++)
		if (streq(col->base, *names))
			return true;
	return false;
}

bool anon_compares_natively(const struct anon_column *col)
{
	static const char *const names[] = {
		"int2", "int4", "int8", "numeric", "float8", "bool", "date", "timestamp", "timestamptz",
		"uuid", "inet", "cidr", "bytea", "jsonb", NULL
	};

	return anon_base_in(col, names);
}

static int number_at(const char **p)
{
	char *end;
	long n = strtol(*p, &end, 10);

	*p = end;
	return n > INT16_MAX * 1024L || n < -INT16_MAX ? 0 : (int)n;
}

void anon_column_modifiers(struct anon_column *col, const char *type)
{
	const char *p = strchr(type, '(');

	col->length = -1;
	col->precision = col->scale = 0;
	if (!p)
		return;
	p++;
	if (streq(col->base, "varchar") || streq(col->base, "bpchar")) {
		col->length = number_at(&p);
	} else if (streq(col->base, "numeric")) {
		col->precision = number_at(&p);
		if (*p == ',') {
			p++;
			col->scale = number_at(&p);
		}
	}
}

/* Copies `type` without "(…)", leaving quoted names alone. */
static char *without_modifiers(struct arena *a, const char *type)
{
	char *out = arena_strdup(a, type), *w = out;
	bool quoted = false;
	int depth = 0;

	for (const char *p = type; *p; p++) {
		if (*p == '"')
			quoted = !quoted;
		if (*p == '(' && !quoted)
			depth++;
		if (!depth)
			*w++ = *p;
		if (*p == ')' && !quoted)
			depth--;
	}
	*w = '\0';
	return out;
}

const char *anon_type_unlimited(struct arena *a, const struct anon_column *col)
{
	static const struct {
		const char *base, *type;
	} exact[] = {
		{ "bpchar", "bpchar" }, { "_bpchar", "bpchar[]" },
		{ "bit", "\"bit\"" }, { "_bit", "\"bit\"[]" },
		{ "interval", "interval" }, { "_interval", "interval[]" },
	};

	if (col->typtype == 'd')
		return col->type;
	for (size_t i = 0; i < ARRAY_SIZE(exact); i++)
		if (streq(col->base, exact[i].base))
			return exact[i].type;
	return without_modifiers(a, col->type);
}

enum anon_encoding anon_encoding_of(const char *name)
{
	static const char *const one_byte[] = { "LATIN", "ISO_8859_", "WIN", "KOI8", "SQL_ASCII" };

	if (strcasecmp(name, "UTF8") == 0 || strcasecmp(name, "UTF-8") == 0 ||
	    strcasecmp(name, "UNICODE") == 0)
		return ANON_UTF8;
	for (size_t i = 0; i < ARRAY_SIZE(one_byte); i++)
		if (strncasecmp(name, one_byte[i], strlen(one_byte[i])) == 0)
			return ANON_ONE_BYTE;
	return ANON_MULTIBYTE;
}

static bool starts_char(enum anon_encoding e, char c)
{
	return e != ANON_UTF8 || ((unsigned char)c & 0xC0) != 0x80;
}

size_t anon_char_count(enum anon_encoding e, const char *s, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += starts_char(e, s[i]);
	return count;
}

size_t anon_char_offset(enum anon_encoding e, const char *s, size_t n, size_t chars)
{
	size_t i = 0;

	for (; i < n; i++)
		if (starts_char(e, s[i]) && chars-- == 0)
			break;
	return i;
}

bool anon_is_ascii(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

const char *anon_rtrim(struct arena *a, const char *s)
{
	size_t n = strlen(s);

	while (n && s[n - 1] == ' ')
		n--;
	return arena_strndup(a, s, n);
}

const char *anon_array_literal(struct arena *a, const char *const *items, size_t n)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_addc(&sb, '{');
	for (size_t i = 0; i < n; i++) {
		strbuf_adds(&sb, i ? ",\"" : "\"");
		for (const char *p = items[i]; *p; p++) {
			if (*p == '"' || *p == '\\')
				strbuf_addc(&sb, '\\');
			strbuf_addc(&sb, *p);
		}
		strbuf_addc(&sb, '"');
	}
	strbuf_addc(&sb, '}');
	return arena_strdup(a, strbuf_str(&sb));
}
