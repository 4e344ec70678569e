#include "base/rowkey.h"

#include <sys/random.h>

void rowkey_seed(uint64_t seed[2])
{
	if (getrandom(seed, 2 * sizeof(*seed), 0) != 2 * sizeof(*seed))
		bug(__FILE__, __LINE__, "no random numbers");
}

void rowkey_begin(const uint64_t seed[2], struct rowkey *k, uint32_t list)
{
	k->a = rowkey_mix(seed[0] ^ list, 0x9e3779b97f4a7c15u);
	k->b = rowkey_mix(seed[1] + list, 0xd6e8feb86659fd93u);
}

static void add_word(struct rowkey *k, uint64_t w)
{
	k->a = rowkey_mix(k->a ^ w, 0xa0761d6478bd642fu) + k->b;
	k->b = rowkey_mix(k->b + w, 0xe7037ed1a0b428dbu) ^ k->a;
}

/* The length goes in, so that ("ab", "c") is not ("a", "bc"). */
void rowkey_add(struct rowkey *k, const char *bytes, size_t n)
{
	uint64_t w;
	size_t i = 0;

	add_word(k, n);
	for (; i + sizeof(w) <= n; i += sizeof(w)) {
		memcpy(&w, bytes + i, sizeof(w));
		add_word(k, w);
	}
	w = 0;
	if (i < n)
		memcpy(&w, bytes + i, n - i);
	add_word(k, w);
}
