#include "conf/conninfo.h"

#include <ctype.h>
#include <strings.h>

static const char *const secret_words[] = { "password", "passwd", "sslpassword", "client_secret",
	"scram_client_key",
					    "scram_server_key" };

#define WHY_SECRET "it holds a password"

/* libpq's keywords; compared in any case, as people write them. */
static bool is_secret(const char *word, size_t n)
{
	static const char *const words[] = { "password", "sslpassword", "oauth_client_secret",
					     "scram_client_key", "scram_server_key" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strlen(words[i]) == n && strncasecmp(words[i], word, n) == 0)
			return true;
	return false;
}

static const char *skip_space(const char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

/* Behind a value: quoted with '…', or up to a blank; a backslash takes the next byte as it is.
 * NULL: a quote is open. */
static const char *skip_value(const char *s)
{
	bool quoted = *s == '\'';

	for (s += quoted; *s; s++) {
		if (quoted ? *s == '\'' : isspace((unsigned char)*s))
			return s + quoted;
		if (*s == '\\' && s[1])
			s++;
	}
	return quoted ? NULL : s;
}

static const char *check_pairs(const char *s)
{
	for (s = skip_space(s); *s; s = skip_space(s)) {
		size_t n = strcspn(s, "= \t\r\n\f\v");
		const char *after = skip_space(s + n);

		if (!n || *after != '=')
			return "it is not a list of keyword=value";
		if (is_secret(s, n))
			return WHY_SECRET;
		s = skip_value(skip_space(after + 1));
		if (!s)
			return "a quote in it is not closed";
	}
	return NULL;
}

static int hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* %70assword is password too. */
static size_t decode(const char *s, size_t n, char *out, size_t room)
{
	size_t used = 0;

	for (size_t i = 0; i < n && used < room; i++) {
		if (s[i] == '%' && i + 2 < n && hex(s[i + 1]) >= 0 && hex(s[i + 2]) >= 0) {
			out[used++] = (char)(hex(s[i + 1]) * 16 + hex(s[i + 2]));
			i += 2;
		} else {
			out[used++] = s[i];
		}
	}
	return used;
}

static const char *check_uri(const char *s)
{
	size_t host = strcspn(s, "/?"), at = strcspn(s, "@");
	const char *query = strchr(s, '?');
	char word[64];

	/* A slash inside a password is not legal there, but people write it. */
	if (s[at] && (at < host || !query || s + at < query) && memchr(s, ':', at))
		return WHY_SECRET;
	for (const char *p = query; p && *p; p += strcspn(p, "&")) {
		size_t n = strcspn(++p, "=&");

		if (is_secret(word, decode(p, n, word, sizeof(word))))
			return WHY_SECRET;
	}
	return NULL;
}

static const char *uri_body(const char *s)
{
	static const char *const schemes[] = { "postgresql://", "postgres://" };

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (strncmp(s, schemes[i], strlen(schemes[i])) == 0)
			return s + strlen(schemes[i]);
	return NULL;
}

bool conninfo_check(const char *conninfo, const char **why)
{
	const char *body = uri_body(conninfo);

	*why = body ? check_uri(body) : check_pairs(conninfo);
	return !*why;
}

static bool url_login(const char *text)
{
	const char *s = strstr(text, "://");
	size_t n = s ? strcspn(s + 3, "@") : 0;

	return s && s[3 + n] == '@' && memchr(s + 3, ':', n);
}

bool conninfo_has_secret(const char *text)
{
	char plain[4096];
	size_t n = decode(text, strlen(text), plain, sizeof(plain) - 1);

	plain[n] = '\0';
	if (url_login(text))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(secret_words); i++) {
		const char *hit = strcasestr(plain, secret_words[i]);

		if (hit && strchr(hit, '='))
			return true;
	}
	return false;
}
