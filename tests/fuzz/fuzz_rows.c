/* Rows of COPY; the first byte says how many columns. */
#include "fuzz.h"

#include "dump/row.h"

/* What is escaped in one way only comes back as it was. */
static void check_field(const char *raw, size_t n)
{
	struct bytes again = { NULL, 0, 0 };
	char *value = calloc(1, n + BYTES_SLACK);
	size_t len = 0;

	CLAIM(value);
	if (n != 2 || memcmp(raw, "\\N", 2) != 0) {
		CLAIM(row_unescape(raw, n, value, &len) && len <= n);
		row_escape(&again, value, len);
		CLAIM(again.len == n && (n == 0 || memcmp(again.buf, raw, n) == 0));
	}
	free(value);
	bytes_done(&again);
}

static void check_row(const struct row_split *s, const char *row)
{
	size_t begin = 0;

	CLAIM(s->nfields == s->max);
	for (size_t i = 0; i < s->nfields; i++) {
		CLAIM(s->ends[i] >= begin && s->ends[i] < s->at);
		check_field(row + begin, s->ends[i] - begin);
		begin = s->ends[i] + 1;
	}
}

/* In pieces: the same is found. */
static void check_pieces(const char *row, size_t avail, size_t max, enum row_found want, size_t at)
{
	enum row_found found = ROW_MORE;
	struct row_split s;

	row_split_init(&s, max);
	row_split_next(&s);
	for (size_t n = 0; found == ROW_MORE && n <= avail; n++)
		found = row_split(&s, row, n);
	CLAIM(found == want && (found == ROW_MORE || found == ROW_BAD || s.at == at));
	row_split_done(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum row_found found = ROW_DONE;
	struct row_split s;
	size_t at = 0, n = size - 1;
	char *text;

	if (size < 1)
		return 0;
	text = calloc(1, size + BYTES_SLACK);
	CLAIM(text);
	memcpy(text, data + 1, n);
	row_split_init(&s, *data % 16);
	while (found == ROW_DONE) {
		row_split_next(&s);
		found = row_split(&s, text + at, n - at);
		if (n < 2048)
			check_pieces(text + at, n - at, s.max, found, s.at);
		if (found == ROW_DONE)
			check_row(&s, text + at);
		at += s.at;
	}
	CLAIM(found != ROW_BAD || s.why);
	row_split_done(&s);
	free(text);
	return 0;
}
