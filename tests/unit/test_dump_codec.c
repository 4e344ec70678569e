/* Compressed streams: what we write the usual programs read, what they write we read; what is cut off,
 * damaged or followed by something is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <stdio.h>
#include <zlib.h>

#include "dump/codec.h"
#include "dump_make.h"

#define BIG ((size_t)700000)

static char folder[] = "/tmp/pgretain-codec-XXXXXX";
static uint8_t big[BIG];

static int enter(void **state)
{
	uint32_t x = 1;

	(void)state;
	/* text, then noise, then one byte many times */
	for (size_t i = 0; i < BIG; i++) {
		x = x * 1103515245 + 12345;
		big[i] = i < BIG / 3 ? "0123456789abcdef\t\n"[x >> 16 & 15] : i < BIG / 2 ? (uint8_t)(x >> 16) : 'x';
	}
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	(void)state;
	unlink("in");
	unlink("out");
	return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

/* ---- streams in memory ---- */

struct mem_sink {
	struct sink sink;
	struct mk to;
	size_t biggest;
};

static bool mem_put(struct sink *s, const void *bytes, size_t n, struct diag *d)
{
	struct mem_sink *m = (struct mem_sink *)s;

	(void)d;
	mk_add(&m->to, bytes, n);
	m->biggest = n > m->biggest ? n : m->biggest;
	return true;
}

struct mem_source {
	struct source source;
	const uint8_t *p;
	size_t left, step;
};

static bool mem_next(struct source *s, const uint8_t **ret, size_t *ret_n, struct diag *d)
{
	struct mem_source *m = (struct mem_source *)s;

	(void)d;
	*ret = m->p;
	*ret_n = m->left < m->step ? m->left : m->step;
	m->p += *ret_n;
	m->left -= *ret_n;
	return true;
}

static struct mk encoded(enum dump_codec codec, enum framing framing, int level, const uint8_t *p, size_t n,
			 size_t step)
{
	AUTO(encoder_free_auto) struct encoder *enc = encoder_new(codec, framing, level);
	struct mem_sink to = { .sink = { mem_put } };
	struct diag d = DIAG_INIT;

	for (size_t at = 0; at < n; at += step)
		assert_true(encoder_put(enc, p + at, n - at < step ? n - at : step, &to.sink, &d));
	assert_true(encoder_end(enc, &to.sink, &d));
	assert_true(to.biggest <= 128 * 1024);
	return to.to;
}

/* *ret_n: of what came; false: refused. */
static bool decoded(enum dump_codec codec, enum framing framing, const uint8_t *p, size_t n, size_t step,
		    uint8_t *to, size_t *ret_n, struct diag *d)
{
	AUTO(decoder_free_auto) struct decoder *dec = decoder_new("x", codec, framing);
	struct mem_source from = { { mem_next }, p, n, step };
	size_t got = 1;

	*ret_n = 0;
	while (got) {
		if (!decoder_read(dec, &from.source, to + *ret_n, 2 * BIG - *ret_n < 70001 ? 2 * BIG - *ret_n : 70001,
				  &got, d))
			return false;
		*ret_n += got;
		if (*ret_n == 2 * BIG)
			return true;
	}
	return true;
}

static const enum dump_codec codecs[] = { DUMP_NONE, DUMP_GZIP, DUMP_LZ4, DUMP_ZSTD };
static const enum framing framings[] = { FRAME_ZLIB, FRAME_FILE, FRAME_WRAPPER };

static void what_is_encoded_comes_back(void **state)
{
	static const size_t sizes[] = { 0, 1, 17, 131071, 131072, 131073, BIG };
	static const size_t steps[] = { 7, 4096, 131072, BIG };
	uint8_t *to = malloc(2 * BIG);
	struct diag d = DIAG_INIT;
	size_t n;

	(void)state;
	for (size_t c = 0; c < ARRAY_SIZE(codecs); c++)
		for (size_t f = 0; f < ARRAY_SIZE(framings); f++)
			for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
				size_t step = steps[(c + f + s) % ARRAY_SIZE(steps)];
				struct mk m = encoded(codecs[c], framings[f], (int)(s % 4) * 3, big, sizes[s], step);

				if (!decoded(codecs[c], framings[f], m.p, m.n, steps[s % ARRAY_SIZE(steps)], to, &n, &d))
					fail_msg("codec %zu framing %zu size %zu: %s", c, f, sizes[s], d.message);
				assert_int_equal(n, sizes[s]);
				assert_memory_equal(to, big, n);
				free(m.p);
			}
	free(to);
}

/* ---- the usual programs ---- */

static size_t run(const char *command, uint8_t *to)
{
	FILE *f = popen(command, "r");
	size_t n = fread(to, 1, 2 * BIG, f);

	assert_int_equal(pclose(f), 0);
	return n;
}

static const struct {
	enum dump_codec codec;
	const char *unpack, *pack;
} programs[] = {
	{ DUMP_GZIP, "gzip -dc <in", "gzip -c <in" },
	{ DUMP_LZ4, "lz4 -dcq <in", "lz4 -cq <in" },
	{ DUMP_ZSTD, "zstd -dcq <in", "zstd -cq <in" },
};

static void the_usual_programs_agree(void **state)
{
	uint8_t *to = malloc(2 * BIG), *back = malloc(2 * BIG);
	struct diag d = DIAG_INIT;
	size_t n;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		struct mk m = encoded(programs[i].codec, FRAME_FILE, 0, big, BIG, 1000);

		mk_file("in", m.p, m.n);
		free(m.p);
		assert_int_equal(run(programs[i].unpack, to), BIG);
		assert_memory_equal(to, big, BIG);
		mk_file("in", big, BIG);
		n = run(programs[i].pack, to);
		assert_true(decoded(programs[i].codec, FRAME_FILE, to, n, 999, back, &n, &d));
		assert_int_equal(n, BIG);
		assert_memory_equal(back, big, BIG);
	}
	free(to);
	free(back);
}

static void zlib_agrees(void **state)
{
	uint8_t *to = malloc(2 * BIG), *back = malloc(2 * BIG);
	struct mk m = encoded(DUMP_GZIP, FRAME_ZLIB, 6, big, BIG, BIG);
	uLongf n = 2 * BIG, packed = 2 * BIG;
	struct diag d = DIAG_INIT;
	size_t got;

	(void)state;
	assert_int_equal(uncompress(to, &n, m.p, m.n), Z_OK);
	assert_int_equal(n, BIG);
	assert_memory_equal(to, big, BIG);
	assert_int_equal(compress2(to, &packed, big, BIG, 9), Z_OK);
	assert_true(decoded(DUMP_GZIP, FRAME_ZLIB, to, packed, 4096, back, &got, &d));
	assert_int_equal(got, BIG);
	assert_memory_equal(back, big, BIG);
	free(m.p);
	free(to);
	free(back);
}

/* ---- what is wrong ---- */

#define SMALL 3000

static void refused(enum dump_codec codec, enum framing framing, const uint8_t *p, size_t n, size_t at)
{
	static uint8_t to[2 * BIG];
	struct diag d = DIAG_INIT;
	size_t got;

	if (decoded(codec, framing, p, n, 1 + at % 300, to, &got, &d))
		fail_msg("codec %d framing %d at %zu: not refused", (int)codec, (int)framing, at);
	assert_non_null(strstr(d.message, "compressed stream"));
}

static void what_is_cut_off_is_refused(void **state)
{
	(void)state;
	for (size_t c = 1; c < ARRAY_SIZE(codecs); c++)
		for (size_t f = 0; f < ARRAY_SIZE(framings); f++) {
			struct mk m = encoded(codecs[c], framings[f], 0, big + BIG / 3 - SMALL / 2, SMALL, SMALL);

			for (size_t at = 1; at < m.n; at++)
				refused(codecs[c], framings[f], m.p, at, at);
			if (framings[f] != FRAME_WRAPPER)
				refused(codecs[c], framings[f], m.p, 0, 0);
			free(m.p);
		}
}

static void what_follows_is_refused_but_in_wrappers(void **state)
{
	static uint8_t to[2 * BIG];
	struct diag d = DIAG_INIT;
	size_t n;

	(void)state;
	for (size_t c = 1; c < ARRAY_SIZE(codecs); c++)
		for (size_t f = 0; f < ARRAY_SIZE(framings); f++) {
			struct mk m = encoded(codecs[c], framings[f], 0, big, SMALL, SMALL);
			size_t one = m.n;
			uint8_t *copy = malloc(one);

			memcpy(copy, m.p, one);
			mk_add(&m, copy, one);
			if (framings[f] == FRAME_WRAPPER) {
				assert_true(decoded(codecs[c], framings[f], m.p, m.n, 100, to, &n, &d));
				assert_int_equal(n, 2 * SMALL);
			} else {
				refused(codecs[c], framings[f], m.p, m.n, 0);
			}
			m.p[one] = 'x';
			refused(codecs[c], framings[f], m.p, one + 1, 0);
			free(copy);
			free(m.p);
		}
}

/* gzip has a checksum: a bit that differs is seen, but in its header's time, system and flags of speed, and
 * behind the last code, where the byte before the checksum is filled up. */
static void a_flipped_bit_is_seen(void **state)
{
	static const enum framing kinds[] = { FRAME_ZLIB, FRAME_FILE };

	(void)state;
	for (size_t f = 0; f < ARRAY_SIZE(kinds); f++) {
		struct mk m = encoded(DUMP_GZIP, kinds[f], 0, big, SMALL, SMALL);

		for (size_t at = f == 0 ? 2 : 10; at < m.n; at++) {
			if (at == m.n - (f == 0 ? 5 : 9))
				continue;
			m.p[at] ^= (uint8_t)(1 << at % 8);
			refused(DUMP_GZIP, kinds[f], m.p, m.n, at);
			m.p[at] ^= (uint8_t)(1 << at % 8);
		}
		free(m.p);
	}
}

/* ---- what is compressed in a thread of its own ---- */

static bool full_put(struct sink *s, const void *bytes, size_t n, struct diag *d)
{
	struct mem_sink *m = (struct mem_sink *)s;

	(void)bytes;
	m->biggest += n;
	return m->biggest < BIG || diag_fail(d, DIAG_STEP, "the disk is full");
}

static void a_sink_that_fails_is_told_of(void **state)
{
	(void)state;
	for (size_t c = 1; c < ARRAY_SIZE(codecs); c++) {
		AUTO(encoder_free_auto) struct encoder *enc = encoder_new(codecs[c], FRAME_FILE, 0);
		struct mem_sink to = { .sink = { full_put } };
		struct diag d = DIAG_INIT;
		int i = 0;

		while (i < 1000 && encoder_put(enc, big, BIG, &to.sink, &d))
			i++;
		assert_true(i > 0 && i < 100);
		assert_string_equal(d.message, "the disk is full");
		d = (struct diag)DIAG_INIT;
		assert_false(encoder_end(enc, &to.sink, &d));
		assert_string_equal(d.message, "the disk is full");
	}
}

static void a_stream_may_be_given_up(void **state)
{
	(void)state;
	for (size_t c = 1; c < ARRAY_SIZE(codecs); c++) {
		AUTO(encoder_free_auto) struct encoder *enc = encoder_new(codecs[c], FRAME_FILE, 0);
		struct mem_sink to = { .sink = { mem_put } };
		struct diag d = DIAG_INIT;

		for (int i = 0; i < 3; i++)
			assert_true(encoder_put(enc, big, BIG, &to.sink, &d));
		encoder_free(STEAL(enc));
		free(to.to.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_encoded_comes_back),
		cmocka_unit_test(the_usual_programs_agree),
		cmocka_unit_test(zlib_agrees),
		cmocka_unit_test(what_is_cut_off_is_refused),
		cmocka_unit_test(what_follows_is_refused_but_in_wrappers),
		cmocka_unit_test(a_flipped_bit_is_seen),
		cmocka_unit_test(a_sink_that_fails_is_told_of),
		cmocka_unit_test(a_stream_may_be_given_up),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
