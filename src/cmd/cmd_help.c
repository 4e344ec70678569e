#include "cmd/cmd.h"

#include "conf/reference.h"

#define MARGIN 22

static void add_row(struct strbuf *sb, const char *left, const char *right)
{
	int pad = MARGIN - (int)strlen(left);

	if (pad >= 2)
		strbuf_addf(sb, "  %s%*s%s\n", left, pad, "", right);
	else
		strbuf_addf(sb, "  %s\n  %*s%s\n", left, MARGIN, "", right);
}

static void add_option(struct strbuf *sb, const struct opt *row)
{
	AUTO_STRBUF left = STRBUF_INIT;

	if (row->letter)
		strbuf_addf(&left, "-%c, ", row->letter);
	strbuf_addf(&left, "--%s%s%s", row->name, row->arg ? " " : "", row->arg ? row->arg : "");
	add_row(sb, strbuf_str(&left), row->help);
}

static void add_options(struct strbuf *sb, const struct opt *rows)
{
	for (const struct opt *row = rows; row && row->name; row++)
		add_option(sb, row);
}

/* Does an earlier verb take the same option, in the same words? */
static bool is_shown(const struct command *c, const struct verb *until, const struct opt *row)
{
	for (const struct verb *v = c->verbs; v != until; v++)
		for (const struct opt *o = v->options; o && o->name; o++)
			if (streq(o->name, row->name) && streq(o->help, row->help))
				return true;
	return false;
}

static void add_verb_options(struct strbuf *sb, const struct command *c)
{
	for (const struct verb *v = c->verbs; v && v->name; v++)
		for (const struct opt *row = v->options; row && row->name; row++)
			if (!is_shown(c, v, row))
				add_option(sb, row);
}

/* A heading is printed with the first command below it. */
static void add_command(struct strbuf *sb, const char **heading, const struct command *c)
{
	if (*heading)
		strbuf_addf(sb, "\n%s\n", *heading);
	*heading = NULL;
	add_row(sb, c->name, c->summary);
}

void help_overview(struct strbuf *sb)
{
	const char *heading = NULL;

	strbuf_adds(sb, "pgretain acts on rows of PostgreSQL whose retention period is over: it deletes,\n"
			"anonymizes or quarantines them, and proves afterwards what it did.\n\n"
			"Usage: pgretain [options] COMMAND [words and options of the command]\n");
#define COMMAND(name) add_command(sb, &heading, &cmd_##name);
#define GROUP(title) heading = title;
#include "cmd/commands.def"
#undef COMMAND
#undef GROUP
	strbuf_adds(sb, "\nOptions of every command, before or behind its name\n");
	add_options(sb, global_options);
	strbuf_adds(sb, "\nExit codes\n");
	add_row(sb, "0", "done, nothing left that needs a human");
	add_row(sb, "1", "could not run: usage, configuration, connection, a guard");
	add_row(sb, "2", "ran, and something needs a human");
	add_row(sb, "3", "the plan differs from the expected fingerprint");
	add_row(sb, "4", "interrupted, resumable");
	add_row(sb, "70", "internal error");
	strbuf_adds(sb, "\nMore about one of them, with an example: pgretain help COMMAND\n"
			"Every key of the configuration: pgretain help config\n");
}

static void add_usage(struct strbuf *sb, const struct command *c)
{
	const char *lead = "Usage: ";

	if (!c->verbs)
		strbuf_addf(sb, "Usage: pgretain %s%s%s\n", c->name, *c->usage ? " " : "", c->usage);
	for (const struct verb *v = c->verbs; v && v->name; v++, lead = "       ")
		strbuf_addf(sb, "%spgretain %s %s%s%s\n", lead, c->name, v->name, *v->usage ? " " : "", v->usage);
}

static void add_verbs(struct strbuf *sb, const struct command *c)
{
	if (!c->verbs)
		return;
	strbuf_addc(sb, '\n');
	for (const struct verb *v = c->verbs; v->name; v++)
		add_row(sb, v->name, v->summary);
}

static bool has_options(const struct command *c)
{
	bool any = c->options && c->options->name;

	for (const struct verb *v = c->verbs; v && v->name && !any; v++)
		any = v->options && v->options->name;
	return any;
}

void help_command(struct strbuf *sb, const struct command *c)
{
	strbuf_addf(sb, "pgretain %s: %s\n\n", c->name, c->summary);
	add_usage(sb, c);
	add_verbs(sb, c);
	if (has_options(c))
		strbuf_adds(sb, "\nOptions\n");
	add_options(sb, c->options);
	add_verb_options(sb, c);
	strbuf_addf(sb, "\n%s", c->help);
	if (!sb->len || sb->buf[sb->len - 1] != '\n')
		strbuf_addc(sb, '\n');
	strbuf_adds(sb, "\nOptions of every command: pgretain help\n");
}

/* Every key of the configuration, section by section, as conf/reference knows them. */
static void help_config(struct ctx *ctx, struct strbuf *sb)
{
	const struct conf_key_doc *keys;
	size_t n = conf_keys(ctx->arena, &keys);
	const char *section = NULL;

	strbuf_adds(sb, "Keys of the configuration: what each takes (* must be there), and what it means.\n");
	for (size_t i = 0; i < n; i++) {
		const struct conf_key_doc *k = &keys[i];

		if (!section || !streq(section, k->section))
			strbuf_addf(sb, "\n%s\n", k->section);
		section = k->section;
		add_row(sb, arena_printf(ctx->arena, "%s%s", k->key, k->required ? " *" : ""),
			arena_printf(ctx->arena, "%s: %s", k->type, k->meaning));
		if (k->allowed && !streq(k->allowed, k->type))
			strbuf_addf(sb, "  %*s  %s\n", MARGIN, "", k->allowed);
	}
}

static int run(struct ctx *ctx, int argc, char **argv)
{
	bool config = argc && streq(argv[0], "config");
	const struct command *c = argc ? command_find(argv[0]) : NULL;
	struct diag d = DIAG_INIT;
	AUTO_STRBUF sb = STRBUF_INIT;

	if (argc && !config && !command_known(argv[0], &d))
		return ctx_fail(ctx, &d);
	if (config)
		help_config(ctx, &sb);
	else if (c)
		help_command(&sb, c);
	else
		help_overview(&sb);
	ctx_print(ctx, &sb);
	return EXIT_DONE;
}

const struct command cmd_help = {
	.name = "help",
	.summary = "all commands, or one of them with an example",
	.usage = "[COMMAND | config]",
	.help = "Without a word: all commands, the options that each of them takes, and the exit codes.\n"
		"\n"
		"Example:\n"
		"  pgretain help sql         the same as: pgretain sql --help\n"
		"  pgretain help config      every key of the configuration\n",
	.max_words = 1,
	.run = run,
};
