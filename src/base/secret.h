/* Values under the key file: AES-256-GCM, a fresh nonce each, bound to what they belong to. */
#ifndef PGRETAIN_BASE_SECRET_H
#define PGRETAIN_BASE_SECRET_H

#include "base/arena.h"
#include "base/diag.h"

struct secret_key {
	unsigned char bytes[32];
};

/* 32 bytes, readable by the owner alone. */
bool secret_load(const char *path, struct secret_key *ret, struct diag *d) must_use;
/* Hex of nonce, text and tag. `context` must be the same when it is opened (the request's id). */
const char *secret_seal(struct arena *a, const struct secret_key *k, const char *context, const char *text);
/* NULL: another key, another context, or altered. */
const char *secret_open(struct arena *a, const struct secret_key *k, const char *context, const char *hex);

#endif
