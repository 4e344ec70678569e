/* `request export`: a person's copy of what is there about them. */
#ifndef PGRETAIN_CMD_REQUEST_EXPORT_H
#define PGRETAIN_CMD_REQUEST_EXPORT_H

#include "cmd/cmd.h"

int request_export(struct ctx *ctx, int argc, char **argv);

#endif
