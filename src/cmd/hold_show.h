/* `hold list`: every hold with its state; those in force with their width. */
#ifndef PGRETAIN_CMD_HOLD_SHOW_H
#define PGRETAIN_CMD_HOLD_SHOW_H

#include "cmd/cmd.h"

int hold_list(struct ctx *ctx, int argc, char **argv);

#endif
