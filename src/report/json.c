#include "report/json.h"

#include <math.h>

static json_t *checked(json_t *value)
{
	BUG_ON(!value);
	return value;
}

/* Length of the UTF-8 character at s, 0 if it is none. jansson decides what one is. */
static size_t char_length(const char *s, size_t left)
{
	for (size_t n = 1; n <= 4 && n <= left; n++) {
		json_t *one = json_stringn(s, n);

		if (one) {
			json_decref(one);
			return n;
		}
	}
	return 0;
}

static json_t *text_mended(const char *s)
{
	AUTO_STRBUF sb = STRBUF_INIT;
	size_t left = strlen(s);

	while (left) {
		size_t n = char_length(s, left);

		strbuf_add(&sb, n ? s : "\xef\xbf\xbd", n ? n : 3);
		n = n ? n : 1;
		s += n;
		left -= n;
	}
	return checked(json_string(strbuf_str(&sb)));
}

json_t *json_text(const char *s)
{
	json_t *value = s ? json_string(s) : json_null();

	return value ? value : text_mended(s);
}

json_t *json_count(int64_t n)
{
	return checked(json_integer((json_int_t)n));
}

json_t *json_decimal(double x, int digits)
{
	double scale = pow(10, digits);

	return checked(json_real(round(x * scale) / scale));
}

void json_put(json_t *object, const char *key, json_t *value)
{
	BUG_ON(json_object_set_new(object, key, value) != 0);
}

void json_add(json_t *array, json_t *value)
{
	BUG_ON(json_array_append_new(array, value) != 0);
}

static int append(const char *bytes, size_t n, void *sb)
{
	strbuf_add(sb, bytes, n);
	return 0;
}

static void dump(const json_t *value, bool pretty, json_dump_callback_t to, void *arg)
{
	size_t flags = JSON_PRESERVE_ORDER | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15);

	if (pretty)
		flags |= JSON_INDENT(2);
	BUG_ON(json_dump_callback(value, to, arg, flags) != 0);
}

void json_render(struct strbuf *sb, const json_t *value, bool pretty)
{
	dump(value, pretty, append, sb);
	strbuf_addc(sb, '\n');
}

static int write_out(const char *bytes, size_t n, void *file)
{
	(void)!fwrite(bytes, 1, n, file);
	return 0;
}

void json_print(FILE *file, const json_t *value, bool pretty)
{
	dump(value, pretty, write_out, file);
	fputc('\n', file);
}
