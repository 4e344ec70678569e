/* Inside dump/: checksum files beside an archive. */
#ifndef PGRETAIN_DUMP_SIDEFILE_H
#define PGRETAIN_DUMP_SIDEFILE_H

#include "base/arena.h"
#include "base/diag.h"

struct sidefile {
	const char *path, *temp;	/* temp: the new one, beside it */
	const char *algorithm;		/* of libcrypto: "sha256" */
	char *text;			/* as it is now */
	size_t n, at, digits;		/* where the archive's checksum stands in it */
};
struct sidefiles {
	struct arena *arena;
	VEC(struct sidefile) files;
};
void sidefiles_done(struct sidefiles *s);
/* Finds those of `path` and checks them against `fd`, the archive as it is. */
bool sidefiles_find(struct sidefiles *s, const char *path, int fd, struct diag *d) must_use;
/* Writes the new ones, for the archive in fd, and syncs them; names them by rename. */
bool sidefiles_write(struct sidefiles *s, int fd, struct diag *d) must_use;
bool sidefiles_rename(struct sidefiles *s, struct diag *d) must_use;
void sidefiles_remove_temps(struct sidefiles *s);
/* For what a death left: does the new side file at `temp` fit the archive it names? Then it takes the
 * place of `path`; else it goes. */
bool sidefile_settle(const char *temp, const char *path, struct diag *d) must_use;

/* The temporary name of any file of ours: .NAME.pgretain-new */
#define DUMP_TEMP_SUFFIX ".pgretain-new"
char *dump_temp_name(const char *path) must_use;

#endif
