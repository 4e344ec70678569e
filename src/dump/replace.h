/* A new archive in the place of an old one: whole or not at all, whenever the process dies.
 *
 *	AUTO_DUMP_REPLACE r = DUMP_REPLACE_INIT;
 *	dump_replace_begin(&r, path, d) && dump_open(path, …) && dump_rewrite(dump, r.temp, …) &&
 *		(open r.temp, dump_verify, compare the counts) && dump_replace_commit(&r, d)
 *
 * The new one is written as `.NAME.pgretain-new` in the same folder, the only name used for it, so that a
 * later run knows what a death has left behind: begin clears that of its own archive, sweep those of a
 * whole folder. */
#ifndef PGRETAIN_DUMP_REPLACE_H
#define PGRETAIN_DUMP_REPLACE_H

#include "base/diag.h"

struct dump_replace {
	char *path;			/* where it will stand: symbolic links are followed and stay */
	char *temp;			/* what to write; does not exist after begin */
	int lock;			/* descriptor of the old one, locked */
	struct dump_replace_impl *impl;
};
#define DUMP_REPLACE_INIT { NULL, NULL, -1, NULL }

/* Refuses, and then nothing has changed, when a signature lies beside the archive (.asc, .sig, .gpg,
 * .minisig) or in an archive's directory, since it would no longer fit; when somebody holds a lock on it
 * or a NAME.lock lies there; when a checksum file beside it (.sha256, .sha512, .sha1, .md5, or SHA256SUMS,
 * SHA512SUMS, SHA1SUMS, MD5SUMS naming it) does not fit the archive as it is now; when it has more than
 * one hard link, for the other name would keep the rows. Takes the lock (flock), kept until done. */
bool dump_replace_begin(struct dump_replace *r, const char *path, struct diag *d) must_use;

/* r->temp takes the place, with owner, group, mode, extended attributes and mtime of the old one: fsync,
 * rename (directories: exchanged, then the old one removed), fsync of the folder. Checksum files are
 * renewed: their new text is on disk before the rename, so that sweep can finish what a death broke off.
 * Refuses when the old archive has changed since begin. On failure the old one stands, unless the message
 * says that it is replaced. */
bool dump_replace_commit(struct dump_replace *r, struct diag *d) must_use;

/* Removes what was not committed, unlocks. */
void dump_replace_done(struct dump_replace *r);
#define AUTO_DUMP_REPLACE __attribute__((cleanup(dump_replace_done))) struct dump_replace

/* Clears what runs that died have left in a folder: unfinished archives go, checksum files that were
 * about to follow their archive take their place if they fit it and go if not. What another process is
 * at work on (locked) stays. ret_cleared: how many; may be NULL. */
bool dump_replace_sweep(const char *folder, size_t *ret_cleared, struct diag *d) must_use;

#endif
