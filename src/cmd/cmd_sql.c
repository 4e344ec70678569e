#include "cmd/cmd.h"

#include "base/nearest.h"
#include "pg/sqltext.h"
#include "report/json.h"

/* The comment that opens the file, without its dashes: what the statement is for. */
static char *first_comment(struct ctx *ctx, const char *text)
{
	size_t skip = strspn(text, "- ");

	if (strncmp(text, "--", 2) != 0)
		return arena_strdup(ctx->arena, "");
	return arena_strndup(ctx->arena, text + skip, strcspn(text + skip, "\n"));
}

static int list_json(struct ctx *ctx)
{
	json_t *all = json_array(), *root = json_object();

	for (const struct sqltext *t = sqltext_all; t->name; t++) {
		json_t *one = json_object();

		json_put(one, "name", json_text(t->name));
		json_put(one, "about", json_text(first_comment(ctx, t->text)));
		json_add(all, one);
	}
	json_put(root, "schema", json_text("pgretain.sql/1"));
	json_put(root, "statements", all);
	ctx_print_json(ctx, root);
	return EXIT_DONE;
}

static int list(struct ctx *ctx, int argc, char **argv)
{
	AUTO_STRBUF sb = STRBUF_INIT;
	int width = 0;

	(void)argc;
	(void)argv;
	if (ctx->format == FORMAT_JSON)
		return list_json(ctx);
	for (const struct sqltext *t = sqltext_all; t->name; t++)
		width = (int)strlen(t->name) > width ? (int)strlen(t->name) : width;
	for (const struct sqltext *t = sqltext_all; t->name; t++) {
		const char *about = first_comment(ctx, t->text);

		strbuf_addf(&sb, "%-*s%s%s\n", *about ? width : 0, t->name, *about ? "  " : "", about);
	}
	ctx_print(ctx, &sb);
	return EXIT_DONE;
}

static const struct sqltext *find(const char *name)
{
	for (const struct sqltext *t = sqltext_all; t->name; t++) {
		const char *slash = strrchr(t->name, '/');

		if (streq(t->name, name) || (slash && streq(slash + 1, name)))
			return t;
	}
	return NULL;
}

static int unknown(struct ctx *ctx, const char *name)
{
	struct nearest near = nearest_init(name);
	struct diag d = DIAG_INIT;

	for (const struct sqltext *t = sqltext_all; t->name; t++) {
		nearest_offer(&near, t->name);
		if (strchr(t->name, '/') && !strchr(name, '/'))
			nearest_offer(&near, strrchr(t->name, '/') + 1);
	}
	diag_fail(&d, DIAG_USAGE, "this program has no statement %s", name);
	if (near.best)
		diag_hint(&d, "did you mean pgretain sql show %s?", near.best);
	else
		diag_hint(&d, "see all of them: pgretain sql list");
	return ctx_fail(ctx, &d);
}

static int show_json(struct ctx *ctx, const struct sqltext *t)
{
	json_t *root = json_object();

	json_put(root, "schema", json_text("pgretain.sql/1"));
	json_put(root, "name", json_text(t->name));
	json_put(root, "text", json_text(t->text));
	ctx_print_json(ctx, root);
	return EXIT_DONE;
}

static int show(struct ctx *ctx, int argc, char **argv)
{
	const struct sqltext *t = find(argv[0]);
	AUTO_STRBUF sb = STRBUF_INIT;

	(void)argc;
	if (!t)
		return unknown(ctx, argv[0]);
	if (ctx->format == FORMAT_JSON)
		return show_json(ctx, t);
	strbuf_adds(&sb, t->text);
	ctx_print(ctx, &sb);
	return EXIT_DONE;
}

static const struct verb verbs[] = {
	{ "list", "", "names of all statements, each with what it is for", NULL, 0, 0, list },
	{ "show", "NAME", "the text of one statement, byte for byte", NULL, 1, 1, show },
	{ NULL, NULL, NULL, NULL, 0, 0, NULL },
};

const struct command cmd_sql = {
	.name = "sql",
	.summary = "the SQL that this program sends",
	.usage = "list | show NAME",
	.help = "Every statement is a file of its own, built into the program unchanged. In a statement,\n"
		":\"name\" is an identifier and :name a condition made from the rules; values are $1, $2.\n"
		"Needs neither a configuration nor a server.\n"
		"\n"
		"Example:\n"
		"  pgretain sql list | grep delete       which statements delete\n"
		"  pgretain sql show query/count         the text of one of them\n",
	.verbs = verbs,
	.run = NULL,
};
