/* From argv to the run function of a command. */
#include "cmd/cmd.h"

#include "base/fault.h"
#include "base/fs.h"
#include "base/instant.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/sig.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CONFIG_DEFAULT "/etc/pgretain/pgretain.cfg"

const struct opt global_options[] = {
	{ "config", "FILE", "main file (else $PGRETAIN_CONFIG, else " CONFIG_DEFAULT ")", 0, 0 },
	{ "database", "NAME", "which database of the configuration, where it names several", 0, 0 },
	{ "format", "FORMAT", "text (for people) or json (for programs)", 0, 0 },
	{ "as-of", "TIME", "answer for another instant, e.g. 2026-11-24T17:30:00Z (commands that look)", 0, 0 },
	{ "actor", "NAME", "who acts, for the ledger (else the operating system's user)", 0, 0 },
	{ "log-level", "LEVEL", "debug, info, warn or error", 0, 0 },
	{ "log-format", "FORMAT", "logfmt or json, for the log on standard error", 0, 0 },
	{ "no-progress", NULL, "no progress on standard error", 0, 0 },
	{ "help", NULL, "what a command does, with an example", 0, 'h' },
	{ "version", NULL, "the version of this program", 0, 'V' },
	{ NULL, NULL, NULL, 0, 0 },
};

static const struct command *const commands[] = {
#define COMMAND(name) &cmd_##name,
#define GROUP(title)
#include "cmd/commands.def"
#undef COMMAND
#undef GROUP
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (streq(commands[i]->name, name))
			return commands[i];
	return NULL;
}

bool command_known(const char *word, struct diag *d)
{
	struct nearest near = nearest_init(word);

	if (command_find(word))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		nearest_offer(&near, commands[i]->name);
	diag_fail(d, DIAG_USAGE, "there is no command %s", word);
	if (near.best)
		diag_hint(d, "did you mean pgretain %s? All commands: pgretain help", near.best);
	else
		diag_hint(d, "see all commands: pgretain help");
	return false;
}

/* ---- the global options ---- */

static bool one_of(const char *option, const char *value, const char *allowed, struct diag *d)
{
	diag_fail(d, DIAG_USAGE, "--%s is %s, but must be %s", option, value, allowed);
	return false;
}

static bool take_format(struct ctx *ctx, struct diag *d)
{
	const char *f = opts_text(&ctx->opts, "format");
	bool html = ctx->command && ctx->command->flags & CMD_HTML;

	if (!f || streq(f, "text"))
		ctx->format = FORMAT_TEXT;
	else if (streq(f, "json"))
		ctx->format = FORMAT_JSON;
	else if (html && streq(f, "html"))
		ctx->format = FORMAT_HTML;
	else
		return one_of("format", f, html ? "text, json or html" : "text or json", d);
	return true;
}

static bool take_log(struct ctx *ctx, struct diag *d)
{
	const char *level = opts_text(&ctx->opts, "log-level");
	const char *format = opts_text(&ctx->opts, "log-format");
	enum log_level parsed = LOG_LEVEL_INFO;

	if (level && !log_level_parse(level, &parsed))
		return one_of("log-level", level, "debug, info, warn or error", d);
	if (format && !streq(format, "logfmt") && !streq(format, "json"))
		return one_of("log-format", format, "logfmt or json", d);
	ctx->log_json = format && streq(format, "json");
	log_set_level(parsed);
	log_set_json(ctx->log_json);
	return true;
}

static bool take_as_of(struct ctx *ctx, struct diag *d)
{
	int64_t instant;

	ctx->as_of = opts_text(&ctx->opts, "as-of");
	if (!ctx->as_of)
		return true;
	if (ctx->command && !(ctx->command->flags & CMD_AS_OF)) {
		diag_fail(d, DIAG_USAGE, "pgretain %s does not take --as-of", ctx->command->name);
		diag_hint(d, "plan, explain, simulate and report answer for another instant; run for a past one");
		return false;
	}
	if (!instant_parse_rfc3339(ctx->as_of, &instant)) {
		diag_fail(d, DIAG_USAGE, "--as-of is %s, which is no instant", ctx->as_of);
		diag_hint(d, "write 2026-11-24T17:30:00Z, 2026-11-25T01:30:00+08:00, or a date: 2026-11-24");
		return false;
	}
	return true;
}

static const char *system_user(struct arena *a)
{
	struct passwd *pw = getpwuid(getuid());

	return pw && *pw->pw_name ? arena_strdup(a, pw->pw_name) : arena_printf(a, "uid %u", getuid());
}

static bool take_actor(struct ctx *ctx, struct diag *d)
{
	const char *actor = opts_text(&ctx->opts, "actor");

	for (const char *p = actor; p && *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return diag_fail(d, DIAG_USAGE, "--actor holds a control character");
	if (actor && strlen(actor) > 200)
		return diag_fail(d, DIAG_USAGE, "--actor is longer than 200 bytes");
	ctx->actor = actor ? actor : system_user(ctx->arena);
	return true;
}

static void take_terminal(struct ctx *ctx)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	struct winsize ws;
	bool tty = isatty(STDOUT_FILENO);

	ctx->progress = !opts_flag(&ctx->opts, "no-progress");
	ctx->progress_live = ctx->progress && !ctx->log_json && isatty(STDERR_FILENO);
	ctx->color = tty && !(no_color && *no_color) && !(term && streq(term, "dumb"));
	if (tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0)
		ctx->width = ws.ws_col;
}

static void take_config(struct ctx *ctx)
{
	const char *given = opts_text(&ctx->opts, "config"), *env = getenv("PGRETAIN_CONFIG");

	ctx->config_path = given ? given : env && *env ? env : CONFIG_DEFAULT;
	ctx->database_name = opts_text(&ctx->opts, "database");
}

static bool take_globals(struct ctx *ctx, struct diag *d)
{
	take_config(ctx);
	return take_log(ctx, d) && take_format(ctx, d) && take_as_of(ctx, d) && take_actor(ctx, d) &&
	       (take_terminal(ctx), true);
}

/* ---- the command's own words and options ---- */

static bool is_own_option(const struct command *c, const char *name)
{
	const struct opt *tables[] = { c->options, global_options };

	return opts_row(tables, ARRAY_SIZE(tables), name) != NULL;
}

/* An option of another verb of the same command was understood by the parser, but is wrong here. */
static bool check_verb_options(struct ctx *ctx, const struct verb *v, struct diag *d)
{
	const struct opt *tables[] = { v->options };

	for (size_t i = 0; i < ctx->opts.given.n; i++) {
		const char *name = ctx->opts.given.v[i].opt->name;

		if (is_own_option(ctx->command, name) || opts_row(tables, 1, name))
			continue;
		diag_fail(d, DIAG_USAGE, "pgretain %s %s does not take --%s", ctx->command->name, v->name, name);
		diag_hint(d, "see pgretain %s --help", ctx->command->name);
		return false;
	}
	return true;
}

static bool fail_verb(const struct command *c, const char *word, struct diag *d)
{
	struct nearest near = nearest_init(word ? word : "");
	AUTO_STRBUF all = STRBUF_INIT;

	for (const struct verb *v = c->verbs; v->name; v++) {
		nearest_offer(&near, v->name);
		strbuf_addf(&all, "%s%s", all.len ? v[1].name ? ", " : " or " : "", v->name);
	}
	if (!word)
		diag_fail(d, DIAG_USAGE, "pgretain %s needs a word behind it: %s", c->name, strbuf_str(&all));
	else
		diag_fail(d, DIAG_USAGE, "pgretain %s has no %s, only %s", c->name, word, strbuf_str(&all));
	if (near.best)
		diag_hint(d, "did you mean pgretain %s %s?", c->name, near.best);
	else
		diag_hint(d, "see pgretain %s --help", c->name);
	return false;
}

static bool find_verb(struct ctx *ctx, const struct verb **ret, struct diag *d)
{
	const char *word = ctx->opts.words.n ? ctx->opts.words.v[0] : NULL;

	for (const struct verb *v = ctx->command->verbs; word && v->name; v++) {
		if (streq(v->name, word)) {
			*ret = v;
			return check_verb_options(ctx, v, d);
		}
	}
	return fail_verb(ctx->command, word, d);
}

static bool check_words(const struct ctx *ctx, const struct verb *v, int n, struct diag *d)
{
	const struct command *c = ctx->command;
	int min = v ? v->min_words : c->min_words, max = v ? v->max_words : c->max_words;
	const char *space = v ? " " : "", *verb = v ? v->name : "";

	if (n >= min && (max < 0 || n <= max))
		return true;
	if (n < min)
		diag_fail(d, DIAG_USAGE, "pgretain %s%s%s needs %s", c->name, space, verb, v ? v->usage : c->usage);
	else
		diag_fail(d, DIAG_USAGE, "pgretain %s%s%s does not take the word %s", c->name, space, verb,
			  ctx->opts.words.v[ctx->opts.words.n - (size_t)(n - max)]);
	diag_hint(d, "see pgretain %s --help", c->name);
	return false;
}

static int show_help(struct ctx *ctx)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	if (ctx->command)
		help_command(&sb, ctx->command);
	else
		help_overview(&sb);
	ctx_print(ctx, &sb);
	return EXIT_DONE;
}

static int run_command(struct ctx *ctx)
{
	const struct command *c = ctx->command;
	const struct verb *verb = NULL;
	struct diag d = DIAG_INIT;
	int skip, n;

	if (c->verbs && !find_verb(ctx, &verb, &d))
		return ctx_fail(ctx, &d);
	ctx->verb = verb;
	skip = verb ? 1 : 0;
	n = (int)ctx->opts.words.n - skip;
	if (!check_words(ctx, verb, n, &d) || !take_globals(ctx, &d))
		return ctx_fail(ctx, &d);
	if (c->flags & CMD_STOPS)
		sig_catch_stop();
	return (verb ? verb->run : c->run)(ctx, n, (char **)ctx->opts.words.v + skip);
}

/* Options of the command and of all its verbs, then the global ones. */
static bool parse_rest(struct ctx *ctx, int argc, char **argv, struct diag *d)
{
	const struct command *c = ctx->command;
	VEC(const struct opt *) tables = { NULL, 0, 0 };

	vec_push(ctx->arena, &tables, c->options);
	for (const struct verb *v = c->verbs; v && v->name; v++)
		vec_push(ctx->arena, &tables, v->options);
	vec_push(ctx->arena, &tables, global_options);
	if (opts_parse(&ctx->opts, ctx->arena, tables.v, tables.n, argc, argv, NULL, d))
		return true;
	if (!*d->hint)
		diag_hint(d, "see pgretain %s --help", c->name);
	return false;
}

/* `pgretain --dry-run run`: the option exists, but only a command gives it a meaning. */
static void hint_misplaced(int argc, char **argv, struct diag *d)
{
	for (int i = 0; i < argc && !*d->hint; i++) {
		const struct command *c = command_find(argv[i]);

		if (c)
			diag_hint(d, "options of a command stand behind its name: pgretain %s --help lists them",
				  c->name);
	}
	if (!*d->hint)
		diag_hint(d, "see pgretain help");
}

static bool parse(struct ctx *ctx, int argc, char **argv, struct diag *d)
{
	const struct opt *tables[] = { global_options };
	int used = 0;

	if (!opts_parse(&ctx->opts, ctx->arena, tables, 1, argc, argv, &used, d)) {
		hint_misplaced(argc, argv, d);
		return false;
	}
	if (!ctx->opts.words.n)
		return true;
	ctx->command = command_find(ctx->opts.words.v[0]);
	if (!command_known(ctx->opts.words.v[0], d))
		return false;
	ctx->opts.words.n = 0;
	return parse_rest(ctx, argc - used, argv + used, d);
}

static int dispatch(struct ctx *ctx, int argc, char **argv)
{
	struct diag d = DIAG_INIT;

	if (!fault_arm(getenv("PGRETAIN_FAULT"), &d) || !parse(ctx, argc, argv, &d))
		return ctx_fail(ctx, &d);
	if (opts_flag(&ctx->opts, "help"))
		return show_help(ctx);
	if (opts_flag(&ctx->opts, "version")) {
		puts("pgretain " PGRETAIN_VERSION);
		return EXIT_DONE;
	}
	if (ctx->command)
		return run_command(ctx);
	diag_fail(&d, DIAG_USAGE, "say what to do: pgretain COMMAND");
	diag_hint(&d, "see all commands: pgretain help");
	return ctx_fail(ctx, &d);
}

/* A report that nobody could read is no report: what would have been 0 is 1. */
static int finish(struct ctx *ctx, int code)
{
	struct diag d = DIAG_INIT;
	bool failed = ferror(stdout);

	errno = 0;
	if (fflush(stdout) == 0 && !failed)
		return code;
	diag_fail(&d, DIAG_USAGE, "the report could not be written to standard output%s%s", errno ? ": " : "",
		  errno ? strerror(errno) : "");
	ctx_fail(ctx, &d);
	return code == EXIT_DONE ? EXIT_REFUSED : code;
}

int cmd_main(int argc, char **argv)
{
	struct ctx ctx = { .arena = arena_new() };
	int code;

	fs_guard_standard();
	sig_ignore_pipe();
	code = dispatch(&ctx, argc > 0 ? argc - 1 : 0, argv + 1);
	code = finish(&ctx, code);
	if (ctx.policy)
		policy_free(ctx.policy);
	arena_free(ctx.arena);
	return code;
}
