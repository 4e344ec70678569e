#include "dump/codec.h"

#include "dump/relay.h"

#define PIECE ((size_t)128 * 1024)

static const struct codec_ops *const ops[] = {
	[DUMP_GZIP] = &codec_gzip,
	[DUMP_LZ4] = &codec_lz4,
	[DUMP_ZSTD] = &codec_zstd,
};

struct decoder {
	const char *path;
	const struct codec_ops *ops;	/* NULL: none */
	void *state;
	enum framing framing;
	const uint8_t *in;
	size_t in_n;
	bool source_end, ended, begun;
};

struct encoder {
	const struct codec_ops *ops;
	void *state;
	uint8_t *buf;
	size_t len;
	uint64_t begun;			/* bytes of the stream at hand that were compressed at once */
	struct relay *relay;		/* compresses what comes behind them; NULL: not so far */
	struct sink *to;		/* the relay's */
};

struct decoder *decoder_new(const char *path, enum dump_codec codec, enum framing framing)
{
	struct decoder *dec = xcalloc(1, sizeof(*dec));

	dec->path = path;
	dec->framing = framing;
	if (codec != DUMP_NONE) {
		dec->ops = ops[codec];
		dec->state = dec->ops->open(framing, false, 0);
	}
	return dec;
}

void decoder_free(struct decoder *dec)
{
	if (dec->ops)
		dec->ops->close(dec->state, false);
	free(dec);
}

void decoder_reset(struct decoder *dec)
{
	dec->in_n = 0;
	dec->source_end = dec->ended = dec->begun = false;
	if (dec->ops)
		dec->ops->reset(dec->state, false);
}

static bool next_input(struct decoder *dec, struct source *from, struct diag *d)
{
	if (dec->in_n || dec->source_end)
		return true;
	if (!from->next(from, &dec->in, &dec->in_n, d))
		return false;
	dec->source_end = dec->in_n == 0;
	return true;
}

static bool read_none(struct decoder *dec, struct source *from, void *buf, size_t cap, size_t *ret,
		      struct diag *d)
{
	if (!next_input(dec, from, d))
		return false;
	*ret = dec->in_n < cap ? dec->in_n : cap;
	if (*ret)
		memcpy(buf, dec->in, *ret);
	dec->in += *ret;
	dec->in_n -= *ret;
	return true;
}

static bool step(struct decoder *dec, struct codec_io *io, struct diag *d)
{
	const char *why;

	io->in = dec->in;
	io->in_n = dec->in_n;
	io->end = false;
	why = dec->ops->decode(dec->state, io);
	if (why)
		return dump_fail(d, dec->path, "the compressed stream is damaged: %s", why);
	dec->in = io->in;
	dec->in_n = io->in_n;
	dec->ended = io->end;
	dec->begun = true;
	return true;
}

bool decoder_read(struct decoder *dec, struct source *from, void *buf, size_t cap, size_t *ret,
		  struct diag *d)
{
	struct codec_io io = { .out = buf, .out_n = cap };

	if (!dec->ops)
		return read_none(dec, from, buf, cap, ret, d);
	while (io.out_n) {
		size_t before = io.out_n, in_before;

		if (!next_input(dec, from, d))
			return false;
		if (dec->ended && !dec->in_n)
			break;
		if (dec->ended && dec->framing != FRAME_WRAPPER)
			return dump_fail(d, dec->path, "bytes stand behind the end of the compressed stream");
		if (dec->ended) {
			dec->ops->reset(dec->state, false);
			dec->ended = false;
		}
		in_before = dec->in_n;
		if (!step(dec, &io, d))
			return false;
		if (!dec->ended && io.out_n == before && dec->in_n == in_before)
			return dump_fail(d, dec->path, dec->source_end ? "the compressed stream ends before its end mark" :
					 "the compressed stream is damaged: it does not go on");
	}
	*ret = cap - io.out_n;
	return true;
}

/* ---- encoding ---- */

struct encoder *encoder_new(enum dump_codec codec, enum framing framing, int level)
{
	struct encoder *enc = xcalloc(1, sizeof(*enc));

	enc->buf = xmalloc(PIECE);
	if (codec != DUMP_NONE) {
		enc->ops = ops[codec];
		enc->state = enc->ops->open(framing, true, level);
	}
	return enc;
}

void encoder_free(struct encoder *enc)
{
	if (enc->relay)
		relay_free(enc->relay);
	if (enc->ops)
		enc->ops->close(enc->state, true);
	free(enc->buf);
	free(enc);
}

static bool flush(struct encoder *enc, struct sink *to, struct diag *d)
{
	size_t n = enc->len;

	enc->len = 0;
	return n == 0 || to->put(to, enc->buf, n, d);
}

static bool put_none(struct encoder *enc, const uint8_t *p, size_t n, struct sink *to, struct diag *d)
{
	while (n) {
		size_t part = n < PIECE - enc->len ? n : PIECE - enc->len;

		memcpy(enc->buf + enc->len, p, part);
		enc->len += part;
		p += part;
		n -= part;
		if (enc->len == PIECE && !flush(enc, to, d))
			return false;
	}
	return true;
}

static bool run(struct encoder *enc, struct codec_io *io, struct sink *to, struct diag *d)
{
	while (io->in_n || (io->end && !io->done)) {
		const char *why;

		io->out = enc->buf + enc->len;
		io->out_n = PIECE - enc->len;
		why = enc->ops->encode(enc->state, io);
		if (why)
			return diag_fail(d, DIAG_STEP, "compressing failed: %s", why);
		enc->len = PIECE - io->out_n;
		/* lz4 wants room for a whole block: what is there goes first */
		if ((io->out_n < PIECE / 2 || io->done) && !flush(enc, to, d))
			return false;
	}
	return true;
}

static bool put_now(void *ctx, const void *bytes, size_t n, struct diag *d)
{
	struct encoder *enc = ctx;

	return run(enc, &(struct codec_io){ .in = bytes, .in_n = n }, enc->to, d);
}

bool encoder_put(struct encoder *enc, const void *bytes, size_t n, struct sink *to, struct diag *d)
{
	if (!enc->ops)
		return put_none(enc, bytes, n, to, d);
	if (enc->begun == 0)
		enc->to = to;
	BUG_ON(enc->to != to);
	if (enc->begun >= DUMP_BUFFER && (enc->relay || (enc->relay = relay_new(put_now, enc))))
		return relay_put(enc->relay, bytes, n, d);
	enc->begun += n;
	return put_now(enc, bytes, n, d);
}

bool encoder_end(struct encoder *enc, struct sink *to, struct diag *d)
{
	struct codec_io io = { .end = true };

	if (!enc->ops)
		return flush(enc, to, d);
	if ((enc->relay && !relay_wait(enc->relay, d)) || !run(enc, &io, to, d))
		return false;
	enc->begun = 0;
	enc->ops->reset(enc->state, true);
	return true;
}
