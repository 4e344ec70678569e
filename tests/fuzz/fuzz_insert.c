/* Rows as INSERT statements, in the middle of a script; the first byte says how its strings are meant. */
#include "archive.h"

#include "dump/sql.h"

/* Where statements end does not depend on the pieces in which they come. */
static void scan_pieces(const char *text, size_t size, bool std_strings)
{
	struct sql_scan whole = { .at = 0 }, pieces = { .at = 0 };
	enum sql_scanned all = sql_scan(&whole, text, size, std_strings, true), part = SCAN_MORE;
	size_t step = size / 7 + 1;

	for (size_t n = 0; part == SCAN_MORE && n < size + step; n += step)
		part = sql_scan(&pieces, text, n < size ? n : size, std_strings, n >= size);
	if (part == SCAN_MORE)
		part = sql_scan(&pieces, text, size, std_strings, true);
	CLAIM(all == part && (all != SCAN_STATEMENT || whole.at == pieces.at));
	CLAIM(all != SCAN_META || whole.begin == pieces.begin);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char head[] = "--\n-- PostgreSQL database dump\n--\n\nSET standard_conforming_strings = %s;\n\n"
		"CREATE TABLE public.t (\n    a integer,\n    b text,\n    c bit(3)\n);\n\n%.*s\n\n"
		"--\n-- PostgreSQL database dump complete\n--\n\n";
	char path[32], out[PATH_MAX + 8], *text, *copy;
	int fd, n;

	if (size < 1 || memchr(data, '\0', size))
		return 0;
	copy = fuzz_text(data + 1, size - 1);
	scan_pieces(copy, size - 1, *data & 1);
	n = asprintf(&text, head, *data & 1 ? "on" : "off", (int)size - 1, copy);
	CLAIM(n > 0);
	fd = fuzz_file(text, (size_t)n, path);
	snprintf(out, sizeof(out), "%s/out", fuzz_folder());
	exercise(path, out);
	close(fd);
	free(text);
	free(copy);
	return 0;
}
