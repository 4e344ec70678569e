/* request certificate: what became of a request, as a file that can be checked against the ledger. */
#ifndef PGRETAIN_CMD_CERTIFICATE_H
#define PGRETAIN_CMD_CERTIFICATE_H

#include "cmd/cmd.h"

int request_certificate(struct ctx *ctx, int argc, char **argv);

#endif
