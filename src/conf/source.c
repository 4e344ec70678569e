#include "conf/source.h"

#include <ctype.h>
#include <strings.h>

struct name_seen {
	const char *name;
	int line;
};

/* One open brace. */
struct scope {
	char open;
	VEC(struct name_seen) names;
};

struct scanner {
	struct source *src;
	const char *path;
	const char *p;		/* next byte */
	const char *copied;	/* up to here the text has been handed on */
	int line;
	VEC(struct scope) scopes;
	int name_line;		/* 0: the next value has no name */
	bool name_twice;
	bool after_string;	/* an adjacent string continues the last one */
	unsigned renamed;
};

static void copy_to(struct scanner *sc, const char *end)
{
	strbuf_add(&sc->src->text, sc->copied, (size_t)(end - sc->copied));
	sc->copied = end;
}

static void fault(struct scanner *sc, int line, const char *message, const char *hint)
{
	vec_push(sc->src->arena, &sc->src->faults, ((struct source_fault){ line, message, hint }));
}

static void add_value(struct scanner *sc, enum source_kind kind, const char *raw)
{
	vec_push(sc->src->arena, &sc->src->values, ((struct source_value){
		.kind = kind, .line = sc->name_line ? sc->name_line : sc->line, .raw = raw,
		.twice = sc->name_twice,
	}));
	sc->name_line = 0;
	sc->name_twice = false;
}

static void scope_open(struct scanner *sc, char open)
{
	vec_push(sc->src->arena, &sc->scopes, ((struct scope){ .open = open }));
}

/* The file's own scope stays whatever the braces say. */
static void scope_close(struct scanner *sc)
{
	if (sc->scopes.n > 1)
		sc->scopes.n--;
}

static void skip_line(struct scanner *sc)
{
	sc->p += strcspn(sc->p, "\n");
}

static void skip_comment(struct scanner *sc)
{
	int began = sc->line;

	for (sc->p += 2; *sc->p; sc->p++) {
		if (sc->p[0] == '*' && sc->p[1] == '/') {
			sc->p += 2;
			return;
		}
		sc->line += *sc->p == '\n';
	}
	sc->src->unreadable = true;
	fault(sc, began, "this comment has no end", "close it with */");
}

static bool nul_escape(const char *p)
{
	return p[0] == '\\' && p[1] == 'x' && p[2] == '0' && p[3] == '0';
}

static void scan_string(struct scanner *sc)
{
	int began = sc->line;

	if (!sc->after_string)
		add_value(sc, SOURCE_STRING, NULL);
	sc->after_string = true;
	for (sc->p++; *sc->p && *sc->p != '"'; sc->p++) {
		if (nul_escape(sc->p))
			fault(sc, sc->line, "the string holds \\x00, which would cut it short",
			      "leave it out");
		if (*sc->p == '\\' && sc->p[1] && sc->p[1] != '\n')
			sc->p++;
		sc->line += *sc->p == '\n';
	}
	if (*sc->p) {
		sc->p++;
		return;
	}
	sc->src->unreadable = true;
	fault(sc, began, "this string has no end",
	      "close it with \"; a quote inside is written \\\"");
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '*';
}

static const char *twice_message(const struct scanner *sc, const struct name_seen *first)
{
	return arena_printf(sc->src->arena,
			    "key \"%s\": defined twice in this group, first at %s:%d",
			    first->name, sc->path, first->line);
}

/* A second name is handed to libconfig under a name of its own: libconfig would stop reading at
 * it, and the faults behind it would stay unseen. */
static void note_name(struct scanner *sc, const char *begin, const char *name)
{
	struct scope *scope = &sc->scopes.v[sc->scopes.n - 1];

	sc->name_line = sc->line;
	for (size_t i = 0; i < scope->names.n; i++) {
		if (!streq(scope->names.v[i].name, name))
			continue;
		sc->name_twice = true;
		copy_to(sc, begin);
		strbuf_addf(&sc->src->text, "*%u*", ++sc->renamed);
		fault(sc, sc->line, twice_message(sc, &scope->names.v[i]),
		      "remove or rename one of the two");
		return;
	}
	vec_push(sc->src->arena, &scope->names, ((struct name_seen){ name, sc->line }));
}

static void scan_word(struct scanner *sc)
{
	const char *begin = sc->p;
	char *word;

	while (is_name(*sc->p))
		sc->p++;
	word = arena_strndup(sc->src->arena, begin, (size_t)(sc->p - begin));
	if (strcasecmp(word, "true") == 0 || strcasecmp(word, "false") == 0)
		add_value(sc, SOURCE_BOOL, word);
	else if (sc->scopes.v[sc->scopes.n - 1].open == '{')
		note_name(sc, begin, word);
}

static void scan_number(struct scanner *sc)
{
	const char *begin = sc->p++;

	while (isalnum((unsigned char)*sc->p) || *sc->p == '.' ||
	       ((*sc->p == '+' || *sc->p == '-') && (sc->p[-1] == 'e' || sc->p[-1] == 'E')))
		sc->p++;
	add_value(sc, SOURCE_NUMBER, arena_strndup(sc->src->arena, begin, (size_t)(sc->p - begin)));
}

/* libconfig would search the file from the working directory. */
static void refuse_include(struct scanner *sc)
{
	fault(sc, sc->line, "@include is not read here",
	      "name the file in include = [ \"…\" ] of the main file");
	copy_to(sc, sc->p);
	skip_line(sc);
	sc->copied = sc->p;
}

static enum source_kind opened(char c)
{
	return c == '{' ? SOURCE_GROUP : c == '[' ? SOURCE_ARRAY : SOURCE_LIST;
}

static void scan_mark(struct scanner *sc)
{
	char c = *sc->p;

	if (c == '{' || c == '[' || c == '(') {
		add_value(sc, opened(c), NULL);
		scope_open(sc, c);
	} else if (c == '}' || c == ']' || c == ')') {
		scope_close(sc);
	}
	sc->p++;
}

static bool scan_blank(struct scanner *sc)
{
	const char *p = sc->p;

	if (*p == '#' || (p[0] == '/' && p[1] == '/'))
		skip_line(sc);
	else if (p[0] == '/' && p[1] == '*')
		skip_comment(sc);
	else if (isspace((unsigned char)*p)) {
		sc->line += *p == '\n';
		sc->p++;
	} else
		return false;
	return true;
}

static void scan_one(struct scanner *sc)
{
	char c = *sc->p;

	if (scan_blank(sc))
		return;
	if (c == '"') {
		scan_string(sc);
		return;
	}
	sc->after_string = false;
	if (isalpha((unsigned char)c) || c == '*')
		scan_word(sc);
	else if (isdigit((unsigned char)c) || c == '.' || c == '+' || c == '-')
		scan_number(sc);
	else if (strncmp(sc->p, "@include", 8) == 0)
		refuse_include(sc);
	else
		scan_mark(sc);
}

/* A line feed at the end: libconfig takes no comment without one. A byte order mark is dropped. */
void source_scan(struct source *src, struct arena *a, const char *path, const char *text)
{
	struct scanner sc = { .src = src, .path = path, .line = 1 };

	*src = (struct source){ .arena = a, .text = STRBUF_INIT };
	if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	sc.p = sc.copied = text;
	scope_open(&sc, '{');
	while (*sc.p)
		scan_one(&sc);
	copy_to(&sc, sc.p);
	strbuf_addc(&src->text, '\n');
}

void source_done(struct source *src)
{
	strbuf_done(&src->text);
}

static bool kind_fits(enum source_kind kind, int type)
{
	switch (kind) {
	case SOURCE_STRING:
		return type == CONFIG_TYPE_STRING;
	case SOURCE_NUMBER:
		return type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64 ||
			type == CONFIG_TYPE_FLOAT;
	case SOURCE_BOOL:
		return type == CONFIG_TYPE_BOOL;
	case SOURCE_GROUP:
		return type == CONFIG_TYPE_GROUP;
	case SOURCE_ARRAY:
		return type == CONFIG_TYPE_ARRAY;
	case SOURCE_LIST:
		return type == CONFIG_TYPE_LIST;
	}
	return false;
}

static bool attach_children(const struct source *src, config_setting_t *s, size_t *next)
{
	int n = config_setting_is_aggregate(s) ? config_setting_length(s) : 0;

	for (int i = 0; i < n; i++) {
		config_setting_t *child = config_setting_get_elem(s, (unsigned)i);
		struct source_value *v = *next < src->values.n ? &src->values.v[*next] : NULL;

		if (!v || !kind_fits(v->kind, config_setting_type(child)))
			return false;
		++*next;
		config_setting_set_hook(child, v);
		if (!attach_children(src, child, next))
			return false;
	}
	return true;
}

bool source_attach(const struct source *src, config_setting_t *root)
{
	size_t next = 0;

	return attach_children(src, root, &next) && next == src->values.n;
}

const struct source_value *source_of(const config_setting_t *s)
{
	static const struct source_value whole = { .kind = SOURCE_GROUP, .line = 1 };

	return config_setting_get_hook(s) ? config_setting_get_hook(s) : &whole;
}
