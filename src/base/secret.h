/* What is kept under the key file. Values: AES-256-GCM, a fresh nonce each, bound to what they belong to. */
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

/* Digests under a key (HMAC-SHA256): without the key nobody can try values. */
#define SECRET_MAC 32
#define SECRET_MAC_TEXT (2 * SECRET_MAC + 1)
/* A key for one purpose, so that what is made with it says nothing about what the file's key does elsewhere. */
void secret_derive(const struct secret_key *k, const char *purpose, struct secret_key *ret);
/* Over the strings, each with its length: ("ab", "c") is not ("a", "bc"). */
void secret_mac(const struct secret_key *k, const char *const *parts, size_t n, unsigned char into[SECRET_MAC]);
/* Over a context and bytes of any kind. */
void secret_mac_bytes(const struct secret_key *k, const char *context, const void *bytes, size_t n,
		      unsigned char into[SECRET_MAC]);
void secret_mac_text(const unsigned char mac[SECRET_MAC], char into[SECRET_MAC_TEXT]);
/* False: not 64 hex digits. */
bool secret_mac_parse(const char *hex, unsigned char into[SECRET_MAC]) must_use;

#endif
