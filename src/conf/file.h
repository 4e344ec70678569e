/* Files of the set: read once, kept until the load is over. */
#ifndef PGRETAIN_CONF_FILE_H
#define PGRETAIN_CONF_FILE_H

#include "conf/reader.h"

/* The file of that path, read now or before. by: the setting that names it (r->file is its
 * file), NULL for the main file. Never NULL; `loaded` says whether there is a tree. Everything
 * wrong is reported. */
struct conf_file *conf_file_open(struct conf_reader *r, const char *path,
				 const config_setting_t *by);
void conf_files_done(struct conf_reader *r);

struct conf_paths {
	const char **v;
	size_t n, cap;
};

/* A folder stands for its *.cfg, a pattern for what it matches, both in the order of their
 * names; all else for itself. False: reported. */
bool conf_paths_expand(struct conf_reader *r, const struct conf_wanted *want,
		       struct conf_paths *ret) must_use;

#endif
