#include "plan/check_body.h"

#include "pg/sqltext.h"

/* ---- names ---- */

static const char *copied(struct arena *a, const PGresult *r, int row, int col)
{
	return arena_strdup(a, res_text(r, row, col));
}

bool body_catalog_load(struct conn *c, struct arena *a, struct body_catalog **ret, struct diag *d)
{
	struct body_catalog *cat = arena_alloc(a, sizeof(*cat));
	AUTO_RESULT *relations = NULL, *functions = NULL;

	if (!conn_query(c, sqltext_get("query/check_relations"), NO_PARAMS, &relations, d) ||
	    !conn_query(c, sqltext_get("query/check_functions"), NO_PARAMS, &functions, d))
		return false;
	for (int i = 0; i < PQntuples(relations); i++)
		*vec_add(a, &cat->relations) = (struct body_relation){
			.oid = (Oid)res_int(relations, i, 0), .root = (Oid)res_int(relations, i, 4),
			.schema = copied(a, relations, i, 1), .name = copied(a, relations, i, 2),
			.display = copied(a, relations, i, 3),
		};
	for (int i = 0; i < PQntuples(functions); i++)
		*vec_add(a, &cat->functions) = (struct body_function){
			.oid = (Oid)res_int(functions, i, 0), .schema = copied(a, functions, i, 1),
			.name = copied(a, functions, i, 2), .language = copied(a, functions, i, 3),
			.body = copied(a, functions, i, 4),
		};
	*ret = cat;
	return true;
}

/* ---- words ---- */

struct word {
	const char *text;		/* lower case unless quoted; NULL: a sign */
	char sign;
	bool quoted;
	bool literal;			/* inside '…' or $tag$…$tag$: what may become dynamic SQL */
};
typedef VEC(struct word) word_vec;

struct lexer {
	struct arena *a;
	const char *s;
	bool quote, escapes;		/* inside '…' */
	const char *tag;		/* inside $tag$…$tag$ */
	size_t taglen;
	word_vec words;
};

static bool is_word(unsigned char c)
{
	return c == '_' || c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static struct word *add(struct lexer *l)
{
	struct word *w = vec_add(l->a, &l->words);

	w->literal = l->quote || l->tag;
	return w;
}

static void lex_plain(struct lexer *l)
{
	const char *from = l->s;
	char *text;

	while (is_word((unsigned char)*l->s) || (*l->s == '$' && !l->tag))
		l->s++;
	if (*l->s == '\'' && l->s == from + 1 && (*from == 'e' || *from == 'E') && !l->quote) {
		l->escapes = true;
		return;
	}
	text = arena_strndup(l->a, from, (size_t)(l->s - from));
	for (char *c = text; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c += 'a' - 'A';
	add(l)->text = text;
}

/* "name"; inside a literal it must end there. */
static void lex_quoted(struct lexer *l)
{
	AUTO_STRBUF sb = STRBUF_INIT;
	const char *s = l->s + 1;
	struct word *w;

	for (; *s && (*s != '"' || s[1] == '"') && !(l->quote && *s == '\''); s++) {
		strbuf_addc(&sb, *s);
		s += *s == '"';
	}
	if (*s != '"') {
		l->s++;
		return;
	}
	l->s = s + 1;
	w = add(l);
	w->text = arena_strdup(l->a, strbuf_str(&sb));
	w->quoted = true;
}

static void lex_quote(struct lexer *l)
{
	if (l->quote && l->s[1] == '\'') {
		l->s += 2;
		return;
	}
	l->quote = !l->quote;
	if (!l->quote)
		l->escapes = false;
	l->s++;
}

/* $tag$ opens or closes; anything else with $ is a parameter. */
static void lex_dollar(struct lexer *l)
{
	const char *end = l->s + 1;
	size_t n;

	while (is_word((unsigned char)*end))
		end++;
	n = (size_t)(end - l->s) + 1;
	if (*end != '$' || l->quote || (l->tag && (n != l->taglen || memcmp(l->s, l->tag, n) != 0))) {
		l->s++;
		return;
	}
	l->tag = l->tag ? NULL : l->s;
	l->taglen = n;
	l->s = end + 1;
}

static bool lex_comment(struct lexer *l)
{
	int depth = 1;

	if (l->quote)
		return false;
	if (l->s[0] == '-' && l->s[1] == '-') {
		l->s += strcspn(l->s, "\n");
		return true;
	}
	if (l->s[0] != '/' || l->s[1] != '*')
		return false;
	for (l->s += 2; *l->s && depth; l->s++) {
		int step = l->s[0] == '/' && l->s[1] == '*' ? 1 : l->s[0] == '*' && l->s[1] == '/' ? -1 : 0;

		depth += step;
		l->s += step != 0;
	}
	return true;
}

static void lex(struct lexer *l)
{
	while (*l->s) {
		if (is_word((unsigned char)*l->s))
			lex_plain(l);
		else if (*l->s == '\'')
			lex_quote(l);
		else if (*l->s == '"')
			lex_quoted(l);
		else if (*l->s == '$')
			lex_dollar(l);
		else if (l->quote && l->escapes && *l->s == '\\' && l->s[1])
			l->s += 2;
		else if (!lex_comment(l)) {
			if (!strchr(" \t\r\n\f\v", *l->s))
				add(l)->sign = *l->s;
			l->s++;
		}
	}
}

void body_words_of(struct arena *a, const char *text, body_words *ret)
{
	struct lexer l = { .a = a, .s = text };

	lex(&l);
	for (size_t i = 0; i < l.words.n; i++)
		if (l.words.v[i].text && !l.words.v[i].quoted && !l.words.v[i].literal)
			vec_push(a, ret, l.words.v[i].text);
}

/* ---- what they say ---- */

struct reader {
	const struct body_catalog *cat;
	struct arena *a;
	const char *home, *language;
	const word_vec *w;
	bool dynamic;			/* literals may be executed */
	bool *seen;			/* functions that were read */
	int depth;
	struct body *body;
};

static bool word_is(const word_vec *w, size_t i, const char *text)
{
	return i < w->n && w->v[i].text && !w->v[i].quoted && streq(w->v[i].text, text);
}

static bool sign_is(const word_vec *w, size_t i, char sign)
{
	return i < w->n && !w->v[i].text && w->v[i].sign == sign;
}

static bool any_word(const word_vec *w, const char *text)
{
	for (size_t i = 0; i < w->n; i++)
		if (word_is(w, i, text) && !w->v[i].literal)
			return true;
	return false;
}

/* schema NULL: any, home's first. */
static const struct body_relation *relation_find(const struct body_catalog *cat, const char *home, const char *schema,
						 const char *name)
{
	const struct body_relation *found = NULL;

	for (size_t i = 0; i < cat->relations.n; i++) {
		const struct body_relation *r = &cat->relations.v[i];

		if (!streq(r->name, name) || (schema && !streq(r->schema, schema)))
			continue;
		if (!found || (!schema && streq(r->schema, home)))
			found = r;
	}
	return found;
}

const struct body_relation *body_relation_named(const struct body_catalog *cat, const char *home, const char *text)
{
	struct arena *a = arena_new();
	struct lexer l = { .a = a, .s = text };
	const struct body_relation *found = NULL;

	lex(&l);
	if (l.words.n == 1 && l.words.v[0].text)
		found = relation_find(cat, home, NULL, l.words.v[0].text);
	else if (l.words.n == 3 && l.words.v[0].text && sign_is(&l.words, 1, '.') && l.words.v[2].text)
		found = relation_find(cat, home, l.words.v[0].text, l.words.v[2].text);
	arena_free(a);
	return found;
}

static void add_write(struct reader *x, const struct body_relation *r)
{
	for (size_t i = 0; i < x->body->writes.n; i++)
		if (x->body->writes.v[i] == r)
			return;
	vec_push(x->a, &x->body->writes, r);
}

/* CREATE TEMP TABLE name in the same text */
static bool is_temporary(const word_vec *w, const char *name)
{
	for (size_t i = 0; i + 2 < w->n; i++) {
		size_t at = i + 2;

		if (!(word_is(w, i, "temp") || word_is(w, i, "temporary")) || !word_is(w, i + 1, "table"))
			continue;
		at += word_is(w, at, "if") ? 3 : 0;
		if (at < w->n && w->v[at].text && streq(w->v[at].text, name))
			return true;
	}
	return false;
}

/* The relation written at word i. sure: what stands there must be one (INSERT INTO, not UPDATE). */
static void read_target(struct reader *x, size_t keyword, size_t i, bool sure)
{
	const word_vec *w = x->w;
	const struct body_relation *r;
	const char *schema = NULL, *name;

	while (word_is(w, i, "only") || word_is(w, i, "table"))
		i++;
	if (i >= w->n || !w->v[i].text || w->v[i].literal != w->v[keyword].literal) {
		if (sure)
			x->body->unknown = "a table whose name its text puts together";
		return;
	}
	name = w->v[i].text;
	if (sign_is(w, i + 1, '.') && i + 2 < w->n && w->v[i + 2].text) {
		schema = name;
		name = w->v[i + 2].text;
	} else if (sign_is(w, i + 1, '.') && sure) {
		x->body->unknown = "a table whose name its text puts together";
		return;
	}
	r = relation_find(x->cat, x->home, schema, name);
	if (r)
		add_write(x, r);
	else if (sure && !is_temporary(w, name))
		x->body->unknown = arena_printf(x->a, "%s%s%s, which is no table now", schema ? schema : "",
						schema ? "." : "", name);
}

/* UPDATE is also a lock, an event, and what a conflict leads to. */
static void read_update(struct reader *x, size_t i)
{
	const word_vec *w = x->w;
	size_t next = i + 1;

	if (next >= w->n || (i && word_is(w, i - 1, "for")) || word_is(w, next, "set") || word_is(w, next, "of"))
		return;
	if (w->v[next].text && w->v[next].literal == w->v[i].literal)
		read_target(x, i, next, false);
	else if (w->v[i].literal && (sign_is(w, next, '%') || sign_is(w, next, '|')))
		x->body->unknown = "a table whose name its text puts together";
}

static void read_write(struct reader *x, size_t i)
{
	const word_vec *w = x->w;

	if (word_is(w, i, "insert") && word_is(w, i + 1, "into"))
		read_target(x, i, i + 2, true);
	else if (word_is(w, i, "merge") && word_is(w, i + 1, "into"))
		read_target(x, i, i + 2, true);
	else if (word_is(w, i, "delete") && word_is(w, i + 1, "from"))
		read_target(x, i, i + 2, true);
	else if (word_is(w, i, "update"))
		read_update(x, i);
	else if (word_is(w, i, "copy") || word_is(w, i, "truncate"))
		read_target(x, i, i + 1, false);
}

static void read_text(struct reader *above, const char *home, const char *language, const char *text, bool outer);

static void read_call(struct reader *x, size_t i)
{
	const word_vec *w = x->w;
	const char *schema = i >= 2 && sign_is(w, i - 1, '.') ? w->v[i - 2].text : NULL;

	if (!w->v[i].text || !sign_is(w, i + 1, '('))
		return;
	if (strncmp(w->v[i].text, "dblink", 6) == 0)
		x->body->unknown = "another server (dblink)";
	for (size_t f = 0; f < x->cat->functions.n && x->depth < 6; f++) {
		const struct body_function *fn = &x->cat->functions.v[f];

		if (x->seen[f] || !streq(fn->name, w->v[i].text) || (schema && !streq(fn->schema, schema)))
			continue;
		x->seen[f] = true;
		read_text(x, fn->schema, fn->language, fn->body, false);
	}
}

static bool is_level(const word_vec *w, size_t i)
{
	static const char *const levels[] = { "debug", "log", "info", "notice", "warning" };

	for (size_t k = 0; k < ARRAY_SIZE(levels); k++)
		if (word_is(w, i, levels[k]) && !w->v[i].literal)
			return true;
	return false;
}

/* RAISE without a level is an exception; alone it hands on one that was caught. Its text is no SQL. */
static size_t read_raise(struct reader *x, size_t i)
{
	size_t next = i + 1;

	if (!is_level(x->w, next) && !sign_is(x->w, next, ';'))
		x->body->raises = true;
	while (next < x->w->n && !(sign_is(x->w, next, ';') && !x->w->v[next].literal))
		next++;
	return next;
}

static void read_words(struct reader *x, bool outer)
{
	static const char *const conditions[] = { "if", "case", "loop", "while", "for", "when", "exists" };
	bool pl = streq(x->language, "plpgsql");

	for (size_t i = 0; outer && i < ARRAY_SIZE(conditions); i++)
		x->body->branches |= any_word(x->w, conditions[i]);
	if (!outer && pl)
		x->body->branches = true;	/* who knows when it is called */
	for (size_t i = 0; i < x->w->n; i++) {
		const struct word *w = &x->w->v[i];

		if (w->literal && !x->dynamic)
			continue;
		if (pl && word_is(x->w, i, "raise") && !w->literal) {
			i = read_raise(x, i);
			continue;
		}
		if (outer && pl && word_is(x->w, i, "return") && word_is(x->w, i + 1, "null"))
			x->body->returns_null = true;
		read_write(x, i);
		read_call(x, i);
	}
}

static void read_text(struct reader *above, const char *home, const char *language, const char *text, bool outer)
{
	struct lexer l = { .a = above->a, .s = text };
	struct reader x = *above;

	lex(&l);
	x.w = &l.words;
	x.home = home;
	x.language = language;
	x.depth++;
	x.dynamic = any_word(&l.words, "execute") || (!streq(language, "plpgsql") && !streq(language, "sql"));
	read_words(&x, outer);
}

void body_read(const struct body_catalog *cat, struct arena *a, const char *home, const char *language,
	       const char *text, struct body *ret)
{
	struct reader x = { .cat = cat, .a = a, .body = ret };

	x.seen = arena_alloc(a, cat->functions.n + 1);
	read_text(&x, home, language, text, true);
}
