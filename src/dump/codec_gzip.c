#include "dump/codec.h"

/* Both libraries count in 32 bits. */
#define MOST ((size_t)1 << 30)
#define AT_MOST(n) ((uint32_t)((n) < MOST ? (n) : MOST))

#ifdef HAVE_ISAL

#include <isa-l/igzip_lib.h>

struct gz {
	enum framing framing;
	int level;
	struct inflate_state in;
	struct isal_zstream out;
	uint8_t *work;
};

static void gz_reset(void *state, bool encode)
{
	struct gz *z = state;

	if (!encode) {
		isal_inflate_init(&z->in);
		z->in.crc_flag = z->framing == FRAME_ZLIB ? ISAL_ZLIB : ISAL_GZIP;
		return;
	}
	isal_deflate_init(&z->out);
	z->out.level = (uint32_t)z->level;
	z->out.level_buf = z->work;
	z->out.level_buf_size = ISAL_DEF_LVL3_DEFAULT;
	z->out.gzip_flag = z->framing == FRAME_ZLIB ? IGZIP_ZLIB : IGZIP_GZIP;
}

static void *gz_open(enum framing framing, bool encode, int level)
{
	struct gz *z = xcalloc(1, sizeof(*z));

	z->framing = framing;
	/* zlib's 1..3, 4..6, 7..9 */
	z->level = level <= 3 ? 1 : level <= 6 ? 2 : 3;
	if (encode)
		z->work = xmalloc(ISAL_DEF_LVL3_DEFAULT);
	gz_reset(z, encode);
	return z;
}

static void gz_close(void *state, bool encode)
{
	struct gz *z = state;

	(void)encode;
	free(z->work);
	free(z);
}

static const char *gz_decode(void *state, struct codec_io *io)
{
	struct gz *z = state;
	uint32_t in_n = AT_MOST(io->in_n), out_n = AT_MOST(io->out_n);
	int rc;

	z->in.next_in = (uint8_t *)(uintptr_t)io->in;
	z->in.avail_in = in_n;
	z->in.next_out = io->out;
	z->in.avail_out = out_n;
	rc = isal_inflate(&z->in);
	io->in += in_n - z->in.avail_in;
	io->in_n -= in_n - z->in.avail_in;
	io->out += out_n - z->in.avail_out;
	io->out_n -= out_n - z->in.avail_out;
	io->end = z->in.block_state == ISAL_BLOCK_FINISH;
	if (rc == ISAL_INCORRECT_CHECKSUM)
		return "its checksum is wrong";
	/* above: it wants a dictionary, or more room for names in its header */
	return rc < 0 || rc > ISAL_OUT_OVERFLOW ? "it is no valid deflate data" : NULL;
}

static const char *gz_encode(void *state, struct codec_io *io)
{
	struct gz *z = state;
	uint32_t in_n = AT_MOST(io->in_n), out_n = AT_MOST(io->out_n);
	int rc;

	z->out.next_in = (uint8_t *)(uintptr_t)io->in;
	z->out.avail_in = in_n;
	z->out.next_out = io->out;
	z->out.avail_out = out_n;
	z->out.end_of_stream = io->end && io->in_n <= MOST;
	rc = isal_deflate(&z->out);
	io->in += in_n - z->out.avail_in;
	io->in_n -= in_n - z->out.avail_in;
	io->out += out_n - z->out.avail_out;
	io->out_n -= out_n - z->out.avail_out;
	io->done = z->out.internal_state.state == ZSTATE_END;
	return rc != COMP_OK ? "isal_deflate refused" : NULL;
}

#else

#include <zlib.h>

struct gz {
	enum framing framing;
	z_stream z;
};

static void *gz_open(enum framing framing, bool encode, int level)
{
	struct gz *z = xcalloc(1, sizeof(*z));
	int bits = framing == FRAME_ZLIB ? 15 : 15 + 16;

	z->framing = framing;
	BUG_ON((encode ? deflateInit2(&z->z, level > 0 ? level : 1, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY)
		       : inflateInit2(&z->z, bits)) != Z_OK);
	return z;
}

static void gz_close(void *state, bool encode)
{
	struct gz *z = state;

	if (encode)
		deflateEnd(&z->z);
	else
		inflateEnd(&z->z);
	free(z);
}

static void gz_reset(void *state, bool encode)
{
	struct gz *z = state;

	if (encode)
		deflateReset(&z->z);
	else
		inflateReset(&z->z);
}

static int turn(struct gz *z, struct codec_io *io, bool encode)
{
	uint32_t in_n = AT_MOST(io->in_n), out_n = AT_MOST(io->out_n);
	int rc;

	z->z.next_in = (Bytef *)(uintptr_t)io->in;
	z->z.avail_in = in_n;
	z->z.next_out = io->out;
	z->z.avail_out = out_n;
	rc = encode ? deflate(&z->z, io->end && io->in_n <= MOST ? Z_FINISH : Z_NO_FLUSH)
		    : inflate(&z->z, Z_NO_FLUSH);
	io->in += in_n - z->z.avail_in;
	io->in_n -= in_n - z->z.avail_in;
	io->out += out_n - z->z.avail_out;
	io->out_n -= out_n - z->z.avail_out;
	return rc;
}

static const char *gz_decode(void *state, struct codec_io *io)
{
	int rc = turn(state, io, false);

	io->end = rc == Z_STREAM_END;
	return rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR ? NULL :
	       "it is no valid deflate data, or its checksum is wrong";
}

static const char *gz_encode(void *state, struct codec_io *io)
{
	int rc = turn(state, io, true);

	io->done = rc == Z_STREAM_END;
	return rc == Z_STREAM_ERROR ? "deflate refused" : NULL;
}

#endif

const struct codec_ops codec_gzip = { gz_open, gz_close, gz_reset, gz_decode, gz_encode };
