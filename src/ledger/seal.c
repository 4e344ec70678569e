#include "ledger/seal.h"

#include <openssl/evp.h>

#define SEAL_DOMAIN "pgretain.ledger/1"

AUTO_DEFINE(EVP_MD_CTX, EVP_MD_CTX_free)

static EVP_MD_CTX *hash_begin(void)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	BUG_ON(!ctx || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1);
	return ctx;
}

static void hash_add(EVP_MD_CTX *ctx, const void *bytes, size_t n)
{
	BUG_ON(EVP_DigestUpdate(ctx, bytes, n) != 1);
}

static void hash_end(EVP_MD_CTX *ctx, char hex[SEAL_HEX])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	BUG_ON(EVP_DigestFinal_ex(ctx, md, &n) != 1 || n * 2 + 1 != SEAL_HEX);
	for (unsigned int i = 0; i < n; i++) {
		hex[2 * i] = digits[md[i] >> 4];
		hex[2 * i + 1] = digits[md[i] & 15];
	}
	hex[2 * n] = '\0';
}

static void hash_field(EVP_MD_CTX *ctx, const char *value)
{
	char length[24];
	size_t n;

	if (!value) {
		hash_add(ctx, "-,", 2);
		return;
	}
	n = strlen(value);
	hash_add(ctx, length, (size_t)snprintf(length, sizeof(length), "%zu:", n));
	hash_add(ctx, value, n);
	hash_add(ctx, ",", 1);
}

void seal_hash(const char *const fields[SEAL_FIELDS], char hex[SEAL_HEX])
{
	AUTO(EVP_MD_CTX_free_auto) EVP_MD_CTX *ctx = hash_begin();

	hash_field(ctx, SEAL_DOMAIN);
	for (int i = 0; i < SEAL_FIELDS; i++)
		hash_field(ctx, fields[i]);
	hash_end(ctx, hex);
}

void seal_text(const char *text, char hex[SEAL_HEX])
{
	AUTO(EVP_MD_CTX_free_auto) EVP_MD_CTX *ctx = hash_begin();

	hash_add(ctx, text, strlen(text));
	hash_end(ctx, hex);
}

void seal_genesis(char hex[SEAL_HEX])
{
	seal_text(SEAL_DOMAIN, hex);
}
