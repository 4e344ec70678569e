/* The hash of a ledger entry. The vectors were made with sha256sum over the bytes that stand beside
 * them, written by hand after sql/README.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ledger/seal.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static const char *const full[SEAL_FIELDS] = {
	"1", "batch", "11111111-2222-3333-4444-555555555555", "\xc3\xb3rders", "shop.\"T\"", "delete", "812",
	"1709179200250000", "1795574002831840", "anna", "night", "{\"epoch\": 3}",
	"67c266a36f0a34c5af895b68453b6d096075ea4bf2d3aaece24ae080df5e56d2",
};

/* printf 'pgretain.ledger/1' | sha256sum */
static void genesis(void **state)
{
	char hex[SEAL_HEX];

	(void)state;
	seal_genesis(hex);
	assert_string_equal(hex, "67c266a36f0a34c5af895b68453b6d096075ea4bf2d3aaece24ae080df5e56d2");
}

/* FIPS 180-2, appendix B.1 and B.2 */
static void text(void **state)
{
	char hex[SEAL_HEX];

	(void)state;
	seal_text("abc", hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	seal_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", hex);
	assert_string_equal(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* 17:pgretain.ledger/1,1:1,5:batch,36:11111111-2222-3333-4444-555555555555,7:órders,8:shop."T",6:delete,
 * 3:812,16:1709179200250000,16:1795574002831840,4:anna,5:night,12:{"epoch": 3},64:67c2…56d2, */
static void all_fields(void **state)
{
	char hex[SEAL_HEX];

	(void)state;
	seal_hash(full, hex);
	assert_string_equal(hex, "5d38ff91900c98f8463ec361398b6fb6ad7ff70219de97f9d7ba6a62ab2e72f9");
}

/* 17:pgretain.ledger/1,1:2,3:run,-,-,-,-,-,-,2:-1,-,8:postgres,2:{},64:00…00, */
static void nulls(void **state)
{
	const char *const fields[SEAL_FIELDS] = {
		"2", "run", NULL, NULL, NULL, NULL, NULL, NULL, "-1", NULL, "postgres", "{}", ZEROS,
	};
	char hex[SEAL_HEX];

	(void)state;
	seal_hash(fields, hex);
	assert_string_equal(hex, "1aa843b4e77c4d199d1555bd28f02b7c47f6e611becc2804bee7c020212226fe");
}

/* No two different entries have the same bytes: NULL is not empty, and a border between two fields
 * can't move. */
static void distinct(void **state)
{
	static const struct { int field; const char *value; } changes[] = {
		{ SEAL_RULE, NULL }, { SEAL_RULE, "" }, { SEAL_RULE, "-," }, { SEAL_RULE, "\xc3\xb3rders,8:shop" },
		{ SEAL_KIND, "batch " }, { SEAL_SEQ, "11" }, { SEAL_ROWS, NULL }, { SEAL_ROWS, "0" },
		{ SEAL_AS_OF, NULL }, { SEAL_AT, "1795574002831841" }, { SEAL_PREV, ZEROS }, { SEAL_DETAIL, "{}" },
		{ SEAL_ACTOR, "night" }, { SEAL_LOGIN, "anna" },
	};
	char hex[ARRAY_SIZE(changes) + 1][SEAL_HEX];

	(void)state;
	seal_hash(full, hex[ARRAY_SIZE(changes)]);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		const char *fields[SEAL_FIELDS];

		memcpy(fields, full, sizeof(fields));
		fields[changes[i].field] = changes[i].value;
		seal_hash(fields, hex[i]);
	}
	for (size_t i = 0; i <= ARRAY_SIZE(changes); i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(hex[i], hex[j]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(genesis),
		cmocka_unit_test(text),
		cmocka_unit_test(all_fields),
		cmocka_unit_test(nulls),
		cmocka_unit_test(distinct),
	};

	return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
