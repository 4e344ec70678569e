/* How commands speak: reports, errors, files. */
#include "cmd/cmd.h"

#include "base/fs.h"
#include "base/log.h"
#include "report/json.h"

#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

/* Names in an error come from files and command lines: a terminal must not obey them. */
static void add_plain(struct strbuf *sb, const char *prefix, const char *text)
{
	strbuf_adds(sb, prefix);
	for (; *text; text++)
		strbuf_addc(sb, (unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
	strbuf_addc(sb, '\n');
}

static void print_line(const char *prefix, const char *text)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	add_plain(&sb, prefix, text);
	fputs(strbuf_str(&sb), stderr);
}

static void print_diag(const struct diag *d)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	add_plain(&sb, "pgretain: ", d->message);
	if (*d->where)
		add_plain(&sb, "  at ", d->where);
	if (*d->hint)
		add_plain(&sb, "  do: ", d->hint);
	fputs(strbuf_str(&sb), stderr);
}

/* One step may fail for want of a right, and others go on; what ends here is the whole command. */
static struct diag as_told(const struct diag *d)
{
	struct diag told = *d;

	if (!streq(d->sqlstate, "42501") || d->cls != DIAG_STEP)
		return told;
	told.cls = DIAG_GUARD;
	if (!*d->hint)
		diag_hint(&told, "pgretain check names the right that this role lacks, and the GRANT that gives it");
	return told;
}

int ctx_fail(struct ctx *ctx, const struct diag *why)
{
	struct diag told = as_told(why), *d = &told;

	/* What was printed before stays in front of the error, where both go to one place. */
	fflush(stdout);
	if (ctx->log_json)
		log_event(LOG_LEVEL_ERROR, "error", LOG_S("class", diag_word(d->cls)), LOG_S("message", d->message),
			  LOG_S("where", d->where), LOG_S("do", d->hint), LOG_S("sqlstate", d->sqlstate));
	else
		print_diag(d);
	return diag_exit_code(d->cls);
}

int ctx_refuse(struct ctx *ctx, const struct diag *d)
{
	int code = ctx_fail(ctx, d);

	return code == EXIT_HUMAN ? EXIT_REFUSED : code;
}

void ctx_complain(struct ctx *ctx, const char *prefix, const char *text)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	(void)ctx;
	strbuf_addf(&sb, "%s%s", prefix, text);
	fflush(stdout);
	print_line("pgretain: ", strbuf_str(&sb));
}

int ctx_usage(struct ctx *ctx, const char *fmt, ...)
{
	struct diag d = { .cls = DIAG_USAGE };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d.message, sizeof(d.message), fmt, ap);
	va_end(ap);
	if (ctx->command)
		diag_hint(&d, "see pgretain %s --help", ctx->command->name);
	return ctx_fail(ctx, &d);
}

void ctx_print(struct ctx *ctx, const struct strbuf *text)
{
	(void)ctx;
	fwrite(strbuf_str(text), 1, text->len, stdout);
}

void ctx_print_json(struct ctx *ctx, json_t *object)
{
	(void)ctx;
	json_print(stdout, object, true);
	json_decref(object);
}

bool ctx_write(struct ctx *ctx, const char *path, const struct strbuf *text)
{
	struct diag d = DIAG_INIT;

	if (!path) {
		ctx_print(ctx, text);
		return true;
	}
	if (fs_replace(path, strbuf_str(text), text->len, 0666, &d))
		return true;
	ctx_fail(ctx, &d);
	return false;
}

struct text_style ctx_style(const struct ctx *ctx)
{
	return (struct text_style){ ctx->color, ctx->width };
}

static void add_shell_word(struct strbuf *sb, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%";

	if (*word && !word[strspn(word, plain)]) {
		strbuf_adds(sb, word);
		return;
	}
	strbuf_addc(sb, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			strbuf_adds(sb, "'\\''");
		else
			strbuf_addc(sb, *word);
	}
	strbuf_addc(sb, '\'');
}

const char *ctx_invocation(struct ctx *ctx)
{
	static const char *const kept[] = { "config", "database" };
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_adds(&sb, "pgretain");
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		const char *value = opts_text(&ctx->opts, kept[i]);

		if (!value)
			continue;
		strbuf_addf(&sb, " --%s ", kept[i]);
		add_shell_word(&sb, value);
	}
	return arena_strdup(ctx->arena, strbuf_str(&sb));
}

bool ctx_split_pair(struct ctx *ctx, const char *word, const char **column, const char **value)
{
	const char *equals = strchr(word, '=');

	if (!equals || equals == word) {
		ctx_usage(ctx, "%s is no COLUMN=VALUE", equals ? "a pair that begins with =" : word);
		return false;
	}
	*column = arena_strndup(ctx->arena, word, (size_t)(equals - word));
	*value = arena_strdup(ctx->arena, equals + 1);
	return true;
}
