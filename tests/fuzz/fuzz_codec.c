/* Compressed streams. The first byte: codec, framing, and whether the rest is a stream or is to become one; the
 * second one: in which pieces it comes. */
#include "fuzz.h"

#include "dump/codec.h"

#define MOST ((size_t)1 << 20)

struct pieces {
	struct source source;
	const uint8_t *p;
	size_t left, size;
};

struct memory {
	struct sink sink;
	struct bytes bytes;
};

static bool next_piece(struct source *s, const uint8_t **ret, size_t *ret_n, struct diag *d)
{
	struct pieces *p = (struct pieces *)s;

	(void)d;
	*ret = p->p;
	*ret_n = p->left < p->size ? p->left : p->size;
	p->p += *ret_n;
	p->left -= *ret_n;
	return true;
}

static bool put_memory(struct sink *s, const void *bytes, size_t n, struct diag *d)
{
	(void)d;
	bytes_add(&((struct memory *)s)->bytes, bytes, n);
	return true;
}

/* -1: damaged, 0: too much, 1: whole */
static int decode(enum dump_codec codec, enum framing framing, const void *data, size_t n, size_t piece, size_t room,
		  struct bytes *to)
{
	AUTO(decoder_free_auto) struct decoder *dec = decoder_new("input", codec, framing);
	struct pieces from = { { next_piece }, data, n, piece };
	struct diag d = DIAG_INIT;
	size_t got = 1;

	while (got) {
		bytes_reserve(to, to->len + room);
		if (!decoder_read(dec, &from.source, to->buf + to->len, room, &got, &d)) {
			CLAIM(d.cls == DIAG_STEP && *d.message);
			return -1;
		}
		to->len += got;
		if (to->len > MOST)
			return 0;
	}
	return 1;
}

static void encode(enum dump_codec codec, enum framing framing, const uint8_t *data, size_t n, size_t piece,
		   struct memory *to)
{
	AUTO(encoder_free_auto) struct encoder *enc = encoder_new(codec, framing, (int)(n % 4));
	struct diag d = DIAG_INIT;

	for (size_t at = 0; at < n; at += piece)
		CLAIM(encoder_put(enc, data + at, n - at < piece ? n - at : piece, &to->sink, &d));
	CLAIM(encoder_end(enc, &to->sink, &d));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes one = { NULL, 0, 0 }, other = { NULL, 0, 0 };
	struct memory packed = { { put_memory }, { NULL, 0, 0 } };
	enum dump_codec codec;
	enum framing framing;
	size_t piece;

	if (size < 2)
		return 0;
	codec = data[0] % 4;
	framing = data[0] / 4 % 3;
	piece = data[1] + 1u;
	data += 2;
	size -= 2;
	if (data[-2] & 0x80) {
		encode(codec, framing, data, size, piece * 37, &packed);
		CLAIM(decode(codec, framing, packed.bytes.buf, packed.bytes.len, SIZE_MAX, 65536, &one) == 1);
		CLAIM(one.len == size && (size == 0 || memcmp(one.buf, data, size) == 0));
	} else {
		int found = decode(codec, framing, data, size, SIZE_MAX, 65536, &one);

		CLAIM(found == 0 || decode(codec, framing, data, size, piece, piece, &other) == found);
		CLAIM(found <= 0 || (one.len == other.len && (one.len == 0 || memcmp(one.buf, other.buf, one.len) == 0)));
	}
	bytes_done(&one);
	bytes_done(&other);
	bytes_done(&packed.bytes);
	return 0;
}
