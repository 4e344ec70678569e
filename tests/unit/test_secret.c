/* What is kept under the key file. Digests: RFC 4231, and openssl dgst -mac HMAC for the rest. */
#include "base/arena.h"
#include "base/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const char *hex_of(const unsigned char mac[SECRET_MAC])
{
	static char text[SECRET_MAC_TEXT];

	secret_mac_text(mac, text);
	return text;
}

/* RFC 4231, cases 1 and 2: shorter keys are padded with zeros, so they are keys of 32 bytes too. */
static void test_rfc4231(void **state)
{
	struct secret_key k = { { 0 } }, out;

	(void)state;
	memset(k.bytes, 0x0b, 20);
	secret_derive(&k, "Hi There", &out);
	assert_string_equal(hex_of(out.bytes), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	memset(k.bytes, 0, sizeof(k.bytes));
	memcpy(k.bytes, "Jefe", 4);
	secret_derive(&k, "what do ya want for nothing?", &out);
	assert_string_equal(hex_of(out.bytes), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

/* printf '2:ab1:c0:' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0b…0b (20 bytes) */
static void test_parts(void **state)
{
	struct secret_key k = { { 0 } };
	unsigned char a[SECRET_MAC], b[SECRET_MAC];

	(void)state;
	memset(k.bytes, 0x0b, 20);
	secret_mac(&k, (const char *const[]){ "ab", "c", "" }, 3, a);
	assert_string_equal(hex_of(a), "e2d9b23203886d771072b8138f00c1a6b99f7f02309e416fbd739bfef048fb13");
	secret_mac(&k, (const char *const[]){ "a", "bc", "" }, 3, b);
	assert_memory_not_equal(a, b, SECRET_MAC);
}

static void test_hex(void **state)
{
	static const char good[] = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
	unsigned char mac[SECRET_MAC];

	(void)state;
	assert_true(secret_mac_parse(good, mac));
	assert_string_equal(hex_of(mac), good);
	assert_false(secret_mac_parse("", mac));
	assert_false(secret_mac_parse(good + 1, mac));
	assert_false(secret_mac_parse("B0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7", mac));
	assert_false(secret_mac_parse("-1344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7", mac));
}

static void test_seal(void **state)
{
	struct secret_key k = { { 7 } }, other = { { 8 } };
	struct arena *a = arena_new();
	const char *sealed = secret_seal(a, &k, "request", "4711");
	char *altered = arena_strdup(a, sealed);

	(void)state;
	assert_string_equal(secret_open(a, &k, "request", sealed), "4711");
	assert_string_not_equal(secret_seal(a, &k, "request", "4711"), sealed);
	assert_null(secret_open(a, &other, "request", sealed));
	assert_null(secret_open(a, &k, "another", sealed));
	altered[0] = altered[0] == '0' ? '1' : '0';
	assert_null(secret_open(a, &k, "request", altered));
	assert_null(secret_open(a, &k, "request", "00"));
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc4231),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_seal),
	};

	return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
