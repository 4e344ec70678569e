#include "base/digest.h"

#include <openssl/evp.h>

void digest_text(const void *bytes, size_t n, char into[DIGEST_TEXT])
{
	unsigned char hash[32];
	unsigned int len = sizeof(hash);

	BUG_ON(!EVP_Digest(bytes, n, hash, &len, EVP_sha256(), NULL));
	memcpy(into, "sha256:", 8);
	for (size_t i = 0; i < sizeof(hash); i++)
		snprintf(into + 7 + 2 * i, 3, "%02x", hash[i]);
}
