#include "model/form.h"

#include "base/instant.h"

#include <stdio.h>
#include <string.h>

enum judge_form form_of_base(const char *base)
{
	if (streq(base, "numeric"))
		return JUDGE_NUMERIC;
	if (streq(base, "bpchar"))
		return JUDGE_BLANKS;
	return streq(base, "timestamptz") ? JUDGE_INSTANT : JUDGE_BYTES;
}

static size_t without_blanks(const char *s, size_t n)
{
	while (n && s[n - 1] == ' ')
		n--;
	return n;
}

static size_t without_zeros(const char *s, size_t n)
{
	if (!memchr(s, '.', n))
		return n;
	while (n && s[n - 1] == '0')
		n--;
	return n && s[n - 1] == '.' ? n - 1 : n;
}

const char *form_normal(enum judge_form form, const char *s, size_t n, char buf[FORM_TEXT], size_t *ret_n)
{
	int64_t t;

	*ret_n = n;
	switch (form) {
	case JUDGE_BYTES:
		return s;
	case JUDGE_BLANKS:
		*ret_n = without_blanks(s, n);
		return s;
	case JUDGE_NUMERIC:
		*ret_n = without_zeros(s, n);
		return s;
	case JUDGE_INSTANT:
		if (!instant_parse_timestamptz(s, n, &t))
			return s;		/* then it equals the same text alone */
		*ret_n = (size_t)snprintf(buf, FORM_TEXT, "%lld", (long long)t);
		return buf;
	}
	return s;
}
