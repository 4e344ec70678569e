#include "dump/codec.h"

#include <lz4frame.h>

/* LZ4F_compressUpdate wants room for its worst case: input goes in by pieces that surely fit. */
#define LZ_PIECE ((size_t)32 * 1024)

struct lz {
	LZ4F_cctx *c;
	LZ4F_dctx *d;
	LZ4F_preferences_t prefs;
	bool begun, ended;
	/* the frame's parts, waiting for room */
	uint8_t *pending;
	size_t cap, at, n;
};

static void *lz_open(enum framing framing, bool encode, int level)
{
	struct lz *z = xcalloc(1, sizeof(*z));

	(void)framing;
	z->prefs.compressionLevel = level;
	if (!encode) {
		BUG_ON(LZ4F_isError(LZ4F_createDecompressionContext(&z->d, LZ4F_VERSION)));
		return z;
	}
	BUG_ON(LZ4F_isError(LZ4F_createCompressionContext(&z->c, LZ4F_VERSION)));
	z->cap = LZ4F_compressBound(LZ_PIECE, &z->prefs) + LZ4F_HEADER_SIZE_MAX;
	z->pending = xmalloc(z->cap);
	return z;
}

static void lz_close(void *state, bool encode)
{
	struct lz *z = state;

	if (encode)
		LZ4F_freeCompressionContext(z->c);
	else
		LZ4F_freeDecompressionContext(z->d);
	free(z->pending);
	free(z);
}

static void lz_reset(void *state, bool encode)
{
	struct lz *z = state;

	z->begun = z->ended = false;
	z->at = z->n = 0;
	if (!encode)
		LZ4F_resetDecompressionContext(z->d);
}

static const char *lz_decode(void *state, struct codec_io *io)
{
	struct lz *z = state;
	size_t in_n = io->in_n, out_n = io->out_n;
	size_t rc = LZ4F_decompress(z->d, io->out, &out_n, io->in, &in_n, NULL);

	if (LZ4F_isError(rc))
		return LZ4F_getErrorName(rc);
	io->in += in_n;
	io->in_n -= in_n;
	io->out += out_n;
	io->out_n -= out_n;
	io->end = rc == 0;
	return NULL;
}

static void drain(struct lz *z, struct codec_io *io)
{
	size_t n = z->n - z->at < io->out_n ? z->n - z->at : io->out_n;

	memcpy(io->out, z->pending + z->at, n);
	z->at += n;
	io->out += n;
	io->out_n -= n;
}

/* Makes the next part of the frame: its size or an error. */
static size_t produce(struct lz *z, struct codec_io *io)
{
	size_t n = io->in_n < LZ_PIECE ? io->in_n : LZ_PIECE, rc;

	if (!z->begun) {
		z->begun = true;
		return LZ4F_compressBegin(z->c, z->pending, z->cap, &z->prefs);
	}
	if (n) {
		rc = LZ4F_compressUpdate(z->c, z->pending, z->cap, io->in, n, NULL);
		io->in += n;
		io->in_n -= n;
		return rc;
	}
	z->ended = true;
	return LZ4F_compressEnd(z->c, z->pending, z->cap, NULL);
}

static const char *lz_encode(void *state, struct codec_io *io)
{
	struct lz *z = state;

	drain(z, io);
	while (z->at == z->n && io->out_n && (io->in_n || (io->end && !z->ended))) {
		size_t rc = produce(z, io);

		if (LZ4F_isError(rc))
			return LZ4F_getErrorName(rc);
		z->at = 0;
		z->n = rc;
		drain(z, io);
	}
	io->done = z->ended && z->at == z->n;
	return NULL;
}

const struct codec_ops codec_lz4 = { lz_open, lz_close, lz_reset, lz_decode, lz_encode };
