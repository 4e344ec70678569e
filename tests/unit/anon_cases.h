/* Shared by the tests of the operators: the vectors, parameters from text, COPY text of one field. */
#ifndef PGRETAIN_TESTS_ANON_CASES_H
#define PGRETAIN_TESTS_ANON_CASES_H

#include "ops/anon.h"

struct vector {
	const char *op, *params, *type, *in, *out;
};

static const struct vector vectors[] = {
#define V(op, params, type, in, out) { op, params, type, in, out },
#include "anon_vectors.def"
#undef V
};

static void add_values(struct arena *a, struct op_param *p, char *text)
{
	p->values = arena_alloc(a, (strlen(text) + 1) * sizeof(char *));
	for (char *v; (v = strsep(&text, "|"));)
		p->values[p->n++] = v;
}

static struct column_op *op_of(struct arena *a, const char *op, const char *params)
{
	struct column_op *c = arena_alloc(a, sizeof(*c));
	char *rest = arena_strdup(a, params);

	*c = (struct column_op){ .column = "c", .op = op, .loc = { "tables/shop.cfg", 7 } };
	c->params = arena_alloc(a, 8 * sizeof(*c->params));
	for (char *p; *params && (p = strsep(&rest, ";"));) {
		struct op_param *param = &c->params[c->nparams++];

		param->name = strsep(&p, "=");
		add_values(a, param, p);
	}
	return c;
}

/* Text of a field from COPY text; .text NULL for \N. */
static struct anon_field copy_unescape(struct arena *a, const char *s, size_t n)
{
	char *out = arena_alloc(a, n + 1), *w = out;
	static const char codes[] = "bfnrtv", meant[] = "\b\f\n\r\t\v";

	if (n == 2 && memcmp(s, "\\N", 2) == 0)
		return (struct anon_field){ NULL, 0 };
	for (size_t i = 0; i < n; i++) {
		const char *code;

		if (s[i] != '\\' || i + 1 == n) {
			*w++ = s[i];
			continue;
		}
		code = memchr(codes, s[++i], sizeof(codes) - 1);
		*w++ = code ? meant[code - codes] : s[i];
	}
	*w = '\0';
	return (struct anon_field){ out, (size_t)(w - out) };
}

#endif
