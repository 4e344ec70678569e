#include "base/log.h"

#include "base/instant.h"
#include "base/strbuf.h"

#include <unistd.h>

static enum log_level log_min = LOG_LEVEL_INFO;
static bool log_json;
static const char *const level_words[] = { "debug", "info", "warn", "error" };

void log_set_level(enum log_level level) { log_min = level; }
void log_set_json(bool json) { log_json = json; }

bool log_level_parse(const char *word, enum log_level *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(level_words); i++) {
		if (streq(word, level_words[i])) {
			*ret = (enum log_level)i;
			return true;
		}
	}
	return false;
}

static void add_quoted(struct strbuf *sb, const char *s)
{
	strbuf_addc(sb, '"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			strbuf_addf(sb, "\\%c", c);
		else if (c == '\n')
			strbuf_adds(sb, "\\n");
		else if (c < 0x20)
			strbuf_addf(sb, "\\u%04x", c);
		else
			strbuf_addc(sb, (char)c);
	}
	strbuf_addc(sb, '"');
}

static void add_pair(struct strbuf *sb, const char *key, const char *text, int64_t number)
{
	if (log_json) {
		strbuf_adds(sb, sb->len > 1 ? ", " : "");
		add_quoted(sb, key);
		strbuf_adds(sb, ": ");
	} else {
		strbuf_addf(sb, "%s%s=", sb->len ? " " : "", key);
	}
	if (!text)
		strbuf_addf(sb, "%lld", (long long)number);
	else if (log_json || !*text || strpbrk(text, " \"=\n\\\t"))
		add_quoted(sb, text);
	else
		strbuf_adds(sb, text);
}

void log_fields(enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
	AUTO_STRBUF sb = STRBUF_INIT;
	char now[INSTANT_TEXT];
	size_t done = 0;

	if (level < log_min)
		return;
	if (log_json)
		strbuf_addc(&sb, '{');
	add_pair(&sb, "at", instant_format(instant_host_now(), now), 0);
	add_pair(&sb, "level", level_words[level], 0);
	add_pair(&sb, "event", event, 0);
	for (size_t i = 0; i < n; i++)
		add_pair(&sb, fields[i].key, fields[i].text, fields[i].number);
	strbuf_adds(&sb, log_json ? "}\n" : "\n");
	while (done < sb.len) {
		ssize_t w = write(STDERR_FILENO, sb.buf + done, sb.len - done);

		if (w <= 0)
			return;
		done += (size_t)w;
	}
}
