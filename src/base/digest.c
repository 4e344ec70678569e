#include "base/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <unistd.h>

#define PIECE ((size_t)256 * 1024)

static void put(const unsigned char hash[32], char into[DIGEST_TEXT])
{
	memcpy(into, "sha256:", 8);
	for (size_t i = 0; i < 32; i++)
		snprintf(into + 7 + 2 * i, 3, "%02x", hash[i]);
}

void digest_text(const void *bytes, size_t n, char into[DIGEST_TEXT])
{
	unsigned char hash[32];
	unsigned int len = sizeof(hash);

	BUG_ON(!EVP_Digest(bytes, n, hash, &len, EVP_sha256(), NULL));
	put(hash, into);
}

bool digest_file(int fd, char into[DIGEST_TEXT])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	AUTO(auto_free) unsigned char *piece = xmalloc(PIECE);
	unsigned char hash[32];
	off_t at = 0;
	ssize_t n;
	int error;

	BUG_ON(!ctx || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1);
	while ((n = pread(fd, piece, PIECE, at)) > 0 || (n < 0 && errno == EINTR)) {
		BUG_ON(n > 0 && EVP_DigestUpdate(ctx, piece, (size_t)n) != 1);
		at += n > 0 ? n : 0;
	}
	BUG_ON(EVP_DigestFinal_ex(ctx, hash, NULL) != 1);
	error = errno;
	EVP_MD_CTX_free(ctx);
	put(hash, into);
	errno = error;
	return n == 0;
}
