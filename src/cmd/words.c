#include "cmd/words.h"

#include "base/instant.h"

#include <uuid/uuid.h>

#define LINE_MAX_BYTES 4096

bool ctx_instant(struct ctx *ctx, const char *option, const char **ret)
{
	const char *text = opts_text(&ctx->opts, option);
	char buf[INSTANT_TEXT];
	int64_t t;

	*ret = NULL;
	if (!text)
		return true;
	if (!instant_parse_rfc3339(text, &t)) {
		ctx_usage(ctx, "--%s is %s, which is no instant: write 2026-11-24T17:30:00Z or a date", option, text);
		return false;
	}
	*ret = arena_strdup(ctx->arena, instant_format(t, buf));
	return true;
}

bool ctx_reference(struct ctx *ctx, const char *option, const char *what, const char **ret)
{
	const char *text = opts_text(&ctx->opts, option);

	if (!text || !text[strspn(text, " \t")]) {
		ctx_usage(ctx, "--%s is missing: %s", option, what);
		return false;
	}
	for (const char *s = text; *s; s++) {
		if ((unsigned char)*s >= 0x20 && *s != 0x7f)
			continue;
		ctx_usage(ctx, "--%s holds a control character: write one line", option);
		return false;
	}
	*ret = text;
	return true;
}

const char *ctx_stdin_line(struct ctx *ctx)
{
	AUTO_STRBUF sb = STRBUF_INIT;
	int ch;

	while ((ch = getchar()) != EOF && ch != '\n' && sb.len < LINE_MAX_BYTES)
		strbuf_addc(&sb, (char)ch);
	if (sb.len && sb.buf[sb.len - 1] == '\r')
		sb.buf[--sb.len] = '\0';
	if (!sb.len || memchr(sb.buf, '\0', sb.len))
		return NULL;
	return arena_strdup(ctx->arena, strbuf_str(&sb));
}

void new_uuid(char into[UUID_TEXT])
{
	uuid_t id;

	uuid_generate(id);
	uuid_unparse_lower(id, into);
}

const char *rfc3339(struct arena *a, const char *timestamptz)
{
	char buf[INSTANT_TEXT];
	int64_t t;

	if (!timestamptz || !instant_parse_timestamptz(timestamptz, strlen(timestamptz), &t))
		return NULL;
	return arena_strdup(a, instant_format(t, buf));
}
