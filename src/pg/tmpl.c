#include "pg/tmpl.h"

#include "pg/sqltext.h"

#include <ctype.h>

void sql_ident(struct strbuf *sb, const char *name)
{
	strbuf_addc(sb, '"');
	for (; *name; name++) {
		if (*name == '"')
			strbuf_addc(sb, '"');
		strbuf_addc(sb, *name);
	}
	strbuf_addc(sb, '"');
}

void sql_qualified(struct strbuf *sb, const char *schema, const char *name)
{
	sql_ident(sb, schema);
	strbuf_addc(sb, '.');
	sql_ident(sb, name);
}

static bool name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static const struct tmpl_var *var_find(const struct tmpl_var *vars, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(vars[i].name) == len && memcmp(vars[i].name, name, len) == 0)
			return &vars[i];
	return NULL;
}

/* Copies a quoted span ('…', "…", -- comment, block comment) that starts at s; gives its length. */
static size_t span_length(const char *s)
{
	const char *end;

	if (s[0] == '-' && s[1] == '-')
		return strcspn(s, "\n");
	if (s[0] == '/' && s[1] == '*') {
		end = strstr(s + 2, "*/");
		BUG_ON(!end);
		return (size_t)(end + 2 - s);
	}
	if (s[0] != '\'' && s[0] != '"')
		return 0;
	end = strchr(s + 1, s[0]);
	BUG_ON(!end);
	return (size_t)(end + 1 - s);
}

/* One variable at s (a ':' that is no cast); gives the length read. */
static size_t add_var(struct strbuf *sb, const char *s, const struct tmpl_var *vars, size_t n)
{
	bool quoted = s[1] == '"';
	const char *name = s + 1 + quoted;
	const struct tmpl_var *var;
	size_t len = 0;

	while (name_char(name[len]))
		len++;
	BUG_ON(!len || (quoted && name[len] != '"'));
	var = var_find(vars, n, name, len);
	BUG_ON(!var || (quoted ? !var->ident : !var->frag.sql));
	if (quoted)
		sql_ident(sb, var->ident);
	else
		strbuf_adds(sb, var->frag.sql);
	return 1 + quoted + len + quoted;
}

const char *tmpl_render(struct arena *a, const char *name, const struct tmpl_var *vars, size_t n)
{
	AUTO_STRBUF sb = STRBUF_INIT;
	const char *s = sqltext_get(name);

	while (*s) {
		size_t len = span_length(s);

		if (!len && s[0] == ':' && s[1] == ':')
			len = 2;
		if (!len && s[0] == ':') {
			BUG_ON(s[1] == '\'');
			s += add_var(&sb, s, vars, n);
			continue;
		}
		if (!len)
			len = 1;
		if (s[0] != '-' || s[1] != '-')		/* comments are for the reader of the file */
			strbuf_add(&sb, s, len);
		s += len;
	}
	while (sb.len && isspace((unsigned char)sb.buf[sb.len - 1]))
		sb.buf[--sb.len] = '\0';
	return arena_strdup(a, strbuf_str(&sb));
}
