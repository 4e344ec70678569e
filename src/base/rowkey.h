/* 128 bits of a keyed hash over the values of a key: equal for equal keys of one list, and otherwise never. */
#ifndef PGRETAIN_BASE_ROWKEY_H
#define PGRETAIN_BASE_ROWKEY_H

#include "base/util.h"

struct rowkey {
	uint64_t a, b;
};

void rowkey_seed(uint64_t seed[2]);
/* Begin with the list's number, then each value. */
void rowkey_begin(const uint64_t seed[2], struct rowkey *k, uint32_t list);
void rowkey_add(struct rowkey *k, const char *bytes, size_t n);
static inline uint64_t rowkey_mix(uint64_t x, uint64_t y)
{
	__uint128_t p = (__uint128_t)x * y;

	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

#endif
