#include "backup/isolation.h"

#include <errno.h>
#include <libgen.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *owner_name(struct arena *a, uid_t uid)
{
	const struct passwd *p = getpwuid(uid);

	return p ? arena_strdup(a, p->pw_name) : arena_printf(a, "%u", (unsigned)uid);
}

/* Whoever can't enter one of the folders above can't read what is in it. */
static bool is_shut_above(struct arena *a, const char *path)
{
	char *at = realpath(path, NULL);
	struct stat st;
	bool shut = false;

	for (char *up = at ? arena_strdup(a, at) : NULL; up && !shut && !streq(up, "/");) {
		up = dirname(up);
		shut = stat(up, &st) == 0 && !(st.st_mode & 0011);
	}
	free(at);
	return shut;
}

void isolation_path(struct arena *a, const char *path, struct backup_set *s)
{
	struct stat st;

	s->closed = KNOWN_NO;
	if (stat(path, &st) != 0)
		vec_push(a, &s->findings, arena_printf(a, "owner and mode can't be looked at: %s", strerror(errno)));
	else if (!(st.st_mode & (S_ISDIR(st.st_mode) ? 0011 : 0044)) || is_shut_above(a, path))
		s->closed = KNOWN_YES;
	else
		vec_push(a, &s->findings, arena_printf(a, "group or others can read it (owner %s, mode %04o)",
						       owner_name(a, st.st_uid), (unsigned)st.st_mode & 07777));
}

void isolation_check(const struct backup_store *store, int64_t now, struct arena *a, struct backup_set *s)
{
	if (s->kept)
		vec_push(a, &s->findings, "marked to be kept beyond the policy: it ends only when somebody lifts the mark");
	if (!s->kept && s->until != NO_INSTANT && s->until < now)
		vec_push(a, &s->findings, arena_printf(a, "still there beyond its date%s%s", store->keep ? ": it is said to be kept for " : "",
						       store->keep ? store->keep : ""));
}
