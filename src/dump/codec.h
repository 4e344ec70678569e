/* Inside dump/: one compressed stream, decoded and encoded. gzip by ISA-L where it was there at build
 * time (HAVE_ISAL), else by zlib. */
#ifndef PGRETAIN_DUMP_CODEC_H
#define PGRETAIN_DUMP_CODEC_H

#include "dump/io.h"

/* How the stream stands in its file. */
enum framing {
	FRAME_ZLIB,		/* custom: gzip is RFC 1950 */
	FRAME_FILE,		/* directory: a file of one stream; gzip is RFC 1952 */
	FRAME_WRAPPER,		/* somebody's file: several streams may follow each other */
};

struct decoder;
struct decoder *decoder_new(const char *path, enum dump_codec codec, enum framing framing) must_use;
void decoder_free(struct decoder *dec);
AUTO_DEFINE(struct decoder, decoder_free)
/* Begins a new stream. */
void decoder_reset(struct decoder *dec);
/* At least one byte into buf, or *ret 0: the stream has come to its end mark, and its source to its end.
 * Anything else (a stream cut off, bytes behind it, a wrong checksum) fails. */
bool decoder_read(struct decoder *dec, struct source *from, void *buf, size_t cap, size_t *ret,
		  struct diag *d) must_use;

struct encoder;
/* level 0: the codec's fast one. Pieces for the sink are of at most 128 KiB. */
struct encoder *encoder_new(enum dump_codec codec, enum framing framing, int level) must_use;
void encoder_free(struct encoder *enc);
AUTO_DEFINE(struct encoder, encoder_free)
/* Compresses what goes beyond a certain size in a thread of its own, which puts into `to` until encoder_end or
 * encoder_free. */
bool encoder_put(struct encoder *enc, const void *bytes, size_t n, struct sink *to, struct diag *d)
	must_use;
/* Ends the stream; the next put begins another one. */
bool encoder_end(struct encoder *enc, struct sink *to, struct diag *d) must_use;

/* One row of the table of codecs (codec.c). Buffers advance; step tells what happened. */
struct codec_io {
	const uint8_t *in;
	size_t in_n;
	uint8_t *out;
	size_t out_n;
	bool end;		/* encoding: no more input will come. decoding, set: the stream has ended */
	bool done;		/* encoding, set: all is in out */
};
struct codec_ops {
	void *(*open)(enum framing framing, bool encode, int level);
	void (*close)(void *state, bool encode);
	void (*reset)(void *state, bool encode);
	/* NULL: fine; else what is wrong with the stream. */
	const char *(*decode)(void *state, struct codec_io *io);
	const char *(*encode)(void *state, struct codec_io *io);
};
extern const struct codec_ops codec_gzip, codec_lz4, codec_zstd;

#endif
