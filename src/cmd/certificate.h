/* request certificate: what became of a request, as a file that can be checked against the ledger. */
#ifndef PGRETAIN_CMD_CERTIFICATE_H
#define PGRETAIN_CMD_CERTIFICATE_H

#include "cmd/erasure.h"

int request_certificate(struct ctx *ctx, int argc, char **argv);

/* How a certificate in text begins: how it stands, which request, its items. */
void certificate_head(struct erasure *e, const struct erasure_request *r, const char *standing, struct strbuf *sb);

/* certificate_verify.c. id: of the request that it must be of, or NULL. */
int certificate_verify(struct ctx *ctx, const char *path, const char *id);

#endif
