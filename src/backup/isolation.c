#include "backup/isolation.h"

#include <errno.h>
#include <libgen.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *owner_name(struct arena *a, uid_t uid)
{
	const struct passwd *p = getpwuid(uid);

	return p ? arena_strdup(a, p->pw_name) : arena_printf(a, "%u", (unsigned)uid);
}

/* Whoever can't enter the folder can't read what is in it. */
void isolation_path(struct arena *a, const char *path, struct backup_set *s)
{
	char *copy = arena_strdup(a, path);
	struct stat st, above;

	s->closed = KNOWN_NO;
	if (stat(path, &st) != 0 || stat(dirname(copy), &above) != 0) {
		vec_push(a, &s->findings, arena_printf(a, "owner and mode can't be looked at: %s", strerror(errno)));
		return;
	}
	if (!(st.st_mode & (S_ISDIR(st.st_mode) ? 0011 : 0044)) || !(above.st_mode & 0011))
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
