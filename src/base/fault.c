#include "base/fault.h"

#include "base/nearest.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum fault fault_armed = FAULT_NONE;

static int left, with;

static const char *const names[] = {
#define FAULT(name, where) #name,
#include "base/fault.def"
#undef FAULT
};

void fault_reached(void)
{
	if (left > 0 && --left == 0)
		raise(with);
}

static enum fault find(const char *name, size_t n)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(names) && (strlen(names[i]) != n || strncmp(names[i], name, n) != 0))
		i++;
	return (enum fault)i;
}

static bool fail_name(const char *spec, int n, struct diag *d)
{
	char word[64];
	struct nearest near;

	snprintf(word, sizeof(word), "%.*s", n, spec);
	near = nearest_init(word);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		nearest_offer(&near, names[i]);
	diag_fail(d, DIAG_USAGE, "PGRETAIN_FAULT names no failpoint: %s", word);
	if (near.best)
		diag_hint(d, "did you mean %s?", near.best);
	else
		diag_hint(d, "unset PGRETAIN_FAULT: it is for tests; src/base/fault.def lists the names");
	return false;
}

/* ":3:stop", ":3", ":stop" or nothing */
static bool parse_rest(const char *s, long *n, int *signo)
{
	char *end;

	*n = 1;
	*signo = SIGKILL;
	if (*s == ':' && s[1] >= '0' && s[1] <= '9') {
		*n = strtol(s + 1, &end, 10);
		s = end;
	}
	if (streq(s, ":stop"))
		*signo = SIGSTOP;
	return (!*s || streq(s, ":stop")) && *n >= 1 && *n <= 1000000;
}

bool fault_arm(const char *spec, struct diag *d)
{
	size_t n = spec ? strcspn(spec, ":") : 0;
	enum fault f;
	long count;

	if (!spec || !*spec)
		return true;
	f = find(spec, n);
	if (f == FAULT_NONE)
		return fail_name(spec, (int)n, d);
	if (!parse_rest(spec + n, &count, &with)) {
		diag_fail(d, DIAG_USAGE, "PGRETAIN_FAULT is %s[:N][:stop] with N from 1 to 1000000", names[f]);
		diag_hint(d, "unset PGRETAIN_FAULT: it is for tests");
		return false;
	}
	fault_armed = f;
	left = (int)count;
	return true;
}
