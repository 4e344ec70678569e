#include "base/secret.h"

#include "base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#define NONCE 12
#define TAG 16

static bool refuse(struct diag *d, const char *path, const char *what)
{
	diag_fail(d, DIAG_CONFIG, "key_file: %s", what);
	diag_where(d, "%s", path);
	diag_hint(d, "make one: head -c 32 /dev/urandom > KEY && chmod 0400 KEY, and keep it out of the database's backups");
	return false;
}

bool secret_load(const char *path, struct secret_key *ret, struct diag *d)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	unsigned char more;
	struct stat st;
	bool ok;

	if (fd < 0)
		return refuse(d, path, errno == ENOENT ? "it does not exist" : "it can't be read");
	ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) == 0;
	if (!ok) {
		close(fd);
		return refuse(d, path, "it must be a file that its owner alone can read (mode 0400)");
	}
	ok = read(fd, ret->bytes, sizeof(ret->bytes)) == (ssize_t)sizeof(ret->bytes) && read(fd, &more, 1) == 0;
	close(fd);
	return ok || refuse(d, path, "it must hold exactly 32 bytes");
}

static const char *to_hex(struct arena *a, const unsigned char *b, size_t n)
{
	char *hex = arena_alloc(a, 2 * n + 1);

	for (size_t i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", b[i]);
	return hex;
}

const char *secret_seal(struct arena *a, const struct secret_key *k, const char *context, const char *text)
{
	int n = (int)strlen(text), len = 0, last = 0;
	unsigned char *out = arena_alloc(a, (size_t)n + NONCE + TAG + 16);
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();

	BUG_ON(!c || RAND_bytes(out, NONCE) != 1);
	BUG_ON(EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, k->bytes, out) != 1);
	BUG_ON(EVP_EncryptUpdate(c, NULL, &len, (const unsigned char *)context, (int)strlen(context)) != 1);
	BUG_ON(EVP_EncryptUpdate(c, out + NONCE, &len, (const unsigned char *)text, n) != 1);
	BUG_ON(EVP_EncryptFinal_ex(c, out + NONCE + len, &last) != 1);
	BUG_ON(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, out + NONCE + n) != 1);
	EVP_CIPHER_CTX_free(c);
	return to_hex(a, out, (size_t)n + NONCE + TAG);
}

static unsigned char *from_hex(struct arena *a, const char *hex, size_t *n)
{
	unsigned char *b;
	unsigned int byte;

	*n = strlen(hex) / 2;
	b = arena_alloc(a, *n + 1);
	for (size_t i = 0; i < *n; i++) {
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return NULL;
		b[i] = (unsigned char)byte;
	}
	return b;
}

const char *secret_open(struct arena *a, const struct secret_key *k, const char *context, const char *hex)
{
	size_t n;
	unsigned char *in = from_hex(a, hex, &n), *out;
	EVP_CIPHER_CTX *c;
	int len = 0, last = 0;
	bool ok;

	if (!in || n < NONCE + TAG)
		return NULL;
	n -= NONCE + TAG;
	out = arena_alloc(a, n + 17);
	c = EVP_CIPHER_CTX_new();
	BUG_ON(!c);
	ok = EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, k->bytes, in) == 1 &&
		EVP_DecryptUpdate(c, NULL, &len, (const unsigned char *)context, (int)strlen(context)) == 1 &&
		EVP_DecryptUpdate(c, out, &len, in + NONCE, (int)n) == 1 &&
		EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, in + NONCE + n) == 1 &&
		EVP_DecryptFinal_ex(c, out + len, &last) == 1;
	EVP_CIPHER_CTX_free(c);
	return ok ? (const char *)out : NULL;
}

/* ---- digests ---- */

static void hmac(const struct secret_key *k, const void *bytes, size_t n, unsigned char into[SECRET_MAC])
{
	unsigned int len = SECRET_MAC;

	BUG_ON(!HMAC(EVP_sha256(), k->bytes, sizeof(k->bytes), bytes, n, into, &len) || len != SECRET_MAC);
}

void secret_derive(const struct secret_key *k, const char *purpose, struct secret_key *ret)
{
	hmac(k, purpose, strlen(purpose), ret->bytes);
}

void secret_mac(const struct secret_key *k, const char *const *parts, size_t n, unsigned char into[SECRET_MAC])
{
	AUTO_STRBUF sb = STRBUF_INIT;

	for (size_t i = 0; i < n; i++)
		strbuf_addf(&sb, "%zu:%s", strlen(parts[i]), parts[i]);
	hmac(k, strbuf_str(&sb), sb.len, into);
}

void secret_mac_bytes(const struct secret_key *k, const char *context, const void *bytes, size_t n,
		      unsigned char into[SECRET_MAC])
{
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_addf(&sb, "%zu:%s%zu:", strlen(context), context, n);
	strbuf_add(&sb, bytes, n);
	hmac(k, strbuf_str(&sb), sb.len, into);
}

void secret_mac_text(const unsigned char mac[SECRET_MAC], char into[SECRET_MAC_TEXT])
{
	for (size_t i = 0; i < SECRET_MAC; i++)
		snprintf(into + 2 * i, 3, "%02x", mac[i]);
}

bool secret_mac_parse(const char *hex, unsigned char into[SECRET_MAC])
{
	unsigned int byte;

	if (strlen(hex) != 2 * SECRET_MAC || strspn(hex, "0123456789abcdef") != 2 * SECRET_MAC)
		return false;
	for (size_t i = 0; i < SECRET_MAC; i++) {
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return false;
		into[i] = (unsigned char)byte;
	}
	return true;
}
