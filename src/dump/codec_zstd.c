#include "dump/codec.h"

#include <zstd.h>

/* state is the library's own context: ZSTD_CCtx or ZSTD_DCtx */

static void *zs_open(enum framing framing, bool encode, int level)
{
	void *ctx = encode ? (void *)ZSTD_createCCtx() : (void *)ZSTD_createDCtx();

	(void)framing;
	BUG_ON(!ctx);
	if (encode)
		ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, level ? level : 1);
	return ctx;
}

static void zs_close(void *state, bool encode)
{
	if (encode)
		ZSTD_freeCCtx(state);
	else
		ZSTD_freeDCtx(state);
}

static void zs_reset(void *state, bool encode)
{
	if (encode)
		ZSTD_CCtx_reset(state, ZSTD_reset_session_only);
	else
		ZSTD_DCtx_reset(state, ZSTD_reset_session_only);
}

static void advance(struct codec_io *io, const ZSTD_inBuffer *in, const ZSTD_outBuffer *out)
{
	io->in += in->pos;
	io->in_n -= in->pos;
	io->out += out->pos;
	io->out_n -= out->pos;
}

static const char *zs_decode(void *state, struct codec_io *io)
{
	ZSTD_inBuffer in = { io->in, io->in_n, 0 };
	ZSTD_outBuffer out = { io->out, io->out_n, 0 };
	size_t rc = ZSTD_decompressStream(state, &out, &in);

	advance(io, &in, &out);
	if (ZSTD_isError(rc))
		return ZSTD_getErrorName(rc);
	io->end = rc == 0;
	return NULL;
}

static const char *zs_encode(void *state, struct codec_io *io)
{
	ZSTD_inBuffer in = { io->in, io->in_n, 0 };
	ZSTD_outBuffer out = { io->out, io->out_n, 0 };
	size_t rc = ZSTD_compressStream2(state, &out, &in, io->end ? ZSTD_e_end : ZSTD_e_continue);

	advance(io, &in, &out);
	if (ZSTD_isError(rc))
		return ZSTD_getErrorName(rc);
	io->done = io->end && rc == 0;
	return NULL;
}

const struct codec_ops codec_zstd = { zs_open, zs_close, zs_reset, zs_decode, zs_encode };
