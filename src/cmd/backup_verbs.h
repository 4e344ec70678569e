/* The verbs of `backup`, and what they share. */
#ifndef PGRETAIN_CMD_BACKUP_VERBS_H
#define PGRETAIN_CMD_BACKUP_VERBS_H

#include "backup/catalogue.h"
#include "cmd/cmd.h"
#include "report/backup_view.h"

command_fn backup_scan, backup_list, backup_show;

/* Everything that is in the catalogue; words (NULL-terminated) name stores or sets, none: all. An unknown word is
 * a USAGE failure. */
bool backup_load(struct ctx *ctx, struct conn *c, const char *const *words, struct backup_view *v, struct diag *d) must_use;
void backup_print(struct ctx *ctx, const struct backup_view *v);

#endif
