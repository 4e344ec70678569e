/* Inside dump/: files and folders of archives. */
#ifndef PGRETAIN_DUMP_FILES_H
#define PGRETAIN_DUMP_FILES_H

#include "base/diag.h"

/* Owner, group, mode, extended attributes, times of modification and access, from one descriptor to
 * another. The owner is set before the mode: chown clears set-id bits. */
bool files_copy_attributes(int from, int to, const char *path, struct diag *d) must_use;
/* Removes a file, or a folder and all that is in it. Nothing there is fine. */
bool files_remove(const char *path, struct diag *d) must_use;
/* A hard link; where links cannot be made, a copy with the same attributes, synced. */
bool files_link(int from_dir, const char *name, int to_dir, const char *path, struct diag *d) must_use;
bool files_sync_folder_of(const char *path, struct diag *d) must_use;

#endif
