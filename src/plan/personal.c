#include "plan/personal.h"

#include <ctype.h>

static const char *const personal[] = {
#define PERSONAL(word) word,
#define IMPERSONAL(word)
#include "plan/personal.def"
#undef PERSONAL
#undef IMPERSONAL
};

static const char *const impersonal[] = {
#define PERSONAL(word)
#define IMPERSONAL(word) word,
#include "plan/personal.def"
#undef PERSONAL
#undef IMPERSONAL
};

static bool in_list(const char *const *list, size_t n, const char *part)
{
	for (size_t i = 0; i < n; i++)
		if (streq(list[i], part))
			return true;
	return false;
}

/* The next part in lower case; false at the end. */
static bool next_part(const char **s, char *part, size_t size)
{
	size_t n = 0;

	while (**s && !isalpha((unsigned char)**s))
		(*s)++;
	while (isalpha((unsigned char)**s)) {
		bool lower = islower((unsigned char)**s);

		if (n + 1 < size)
			part[n++] = (char)tolower((unsigned char)**s);
		(*s)++;
		if (lower && isupper((unsigned char)**s))
			break;
	}
	part[n] = '\0';
	return n > 0;
}

bool personal_name(const char *column)
{
	char part[64], before[64] = "";

	while (next_part(&column, part, sizeof(part))) {
		if (in_list(personal, ARRAY_SIZE(personal), part) &&
		    !in_list(impersonal, ARRAY_SIZE(impersonal), before))
			return true;
		memcpy(before, part, sizeof(before));
	}
	return false;
}
