#include "ops/decimal.h"

#define EXPONENT_MAX 400

void decimal_done(struct decimal *x)
{
	strbuf_done(&x->digits);
}

static bool word_is(const char *s, size_t n, const char *word)
{
	return n == strlen(word) && memcmp(s, word, n) == 0;
}

static bool parse_special(const char *s, size_t n, struct decimal *ret)
{
	if (word_is(s, n, "NaN"))
		ret->kind = DECIMAL_NAN;
	else if (word_is(s, n, "Infinity"))
		ret->kind = DECIMAL_INFINITY;
	else if (word_is(s, n, "-Infinity"))
		ret->kind = DECIMAL_MINUS_INFINITY;
	else
		return false;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void strip_zeros(struct strbuf *sb)
{
	size_t zeros = 0;

	while (zeros < sb->len && sb->buf[zeros] == '0')
		zeros++;
	if (!zeros)
		return;
	memmove(sb->buf, sb->buf + zeros, sb->len - zeros + 1);
	sb->len -= zeros;
}

static void add_zeros(struct strbuf *sb, size_t n)
{
	while (n--)
		strbuf_addc(sb, '0');
}

/* `e-07` at s: the whole rest. */
static bool parse_exponent(const char *s, const char *end, int *ret)
{
	bool negative = s < end && *s == '-';
	int n = 0;

	if (s < end && (*s == '-' || *s == '+'))
		s++;
	if (s == end)
		return false;
	for (; s < end; s++) {
		if (!is_digit(*s) || n > EXPONENT_MAX)
			return false;
		n = n * 10 + (*s - '0');
	}
	*ret = negative ? -n : n;
	return n <= EXPONENT_MAX;
}

static void apply_exponent(struct decimal *x, int exponent)
{
	if (exponent <= 0) {
		x->scale += (size_t)-exponent;
		return;
	}
	if ((size_t)exponent > x->scale)
		add_zeros(&x->digits, (size_t)exponent - x->scale);
	x->scale -= x->scale < (size_t)exponent ? x->scale : (size_t)exponent;
}

static size_t add_digits(struct strbuf *sb, const char *s, const char *end)
{
	const char *p = s;

	while (p < end && is_digit(*p))
		p++;
	strbuf_add(sb, s, (size_t)(p - s));
	return (size_t)(p - s);
}

bool decimal_parse(const char *s, size_t n, struct decimal *ret)
{
	const char *end = s + n;
	int exponent = 0;
	size_t whole;

	strbuf_reset(&ret->digits);
	ret->kind = DECIMAL_FINITE;
	ret->negative = false;
	ret->scale = 0;
	if (parse_special(s, n, ret))
		return true;
	if (s < end && *s == '-') {
		ret->negative = true;
		s++;
	}
	whole = add_digits(&ret->digits, s, end);
	s += whole;
	if (whole && s < end && *s == '.') {
		ret->scale = add_digits(&ret->digits, s + 1, end);
		s += 1 + ret->scale;
		if (!ret->scale)
			return false;
	}
	if (!whole || (s < end && (*s != 'e' || !parse_exponent(s + 1, end, &exponent))))
		return false;
	apply_exponent(ret, exponent);
	strip_zeros(&ret->digits);
	ret->negative = ret->negative && ret->digits.len;
	return true;
}

void decimal_copy(struct decimal *to, const struct decimal *from)
{
	to->kind = from->kind;
	to->negative = from->negative;
	to->scale = from->scale;
	strbuf_reset(&to->digits);
	strbuf_add(&to->digits, from->digits.buf, from->digits.len);
}

/* Digit i behind (or, negative, before) the point, counted from the common leading position. */
static char digit_at(const struct decimal *x, size_t leading, size_t i)
{
	size_t whole = x->digits.len > x->scale ? x->digits.len - x->scale : 0;
	size_t lead_zeros = leading - whole + (x->digits.len < x->scale ? x->scale - x->digits.len : 0);

	if (i < lead_zeros || i - lead_zeros >= x->digits.len)
		return '0';
	return x->digits.buf[i - lead_zeros];
}

static int compare_magnitude(const struct decimal *x, const struct decimal *y)
{
	size_t wx = x->digits.len > x->scale ? x->digits.len - x->scale : 0;
	size_t wy = y->digits.len > y->scale ? y->digits.len - y->scale : 0;
	size_t leading = wx > wy ? wx : wy;
	size_t n = leading + (x->scale > y->scale ? x->scale : y->scale);

	for (size_t i = 0; i < n; i++) {
		int diff = digit_at(x, leading, i) - digit_at(y, leading, i);

		if (diff)
			return diff;
	}
	return 0;
}

int decimal_compare(const struct decimal *x, const struct decimal *y)
{
	int diff;

	if (x->kind != y->kind || x->kind != DECIMAL_FINITE)
		return (int)x->kind - (int)y->kind;
	if (x->negative != y->negative)
		return x->negative ? -1 : 1;
	diff = compare_magnitude(x, y);
	return x->negative ? -diff : diff;
}

void decimal_print(const struct decimal *x, struct strbuf *out)
{
	size_t whole = x->digits.len > x->scale ? x->digits.len - x->scale : 0;

	switch (x->kind) {
	case DECIMAL_NAN: strbuf_adds(out, "NaN"); return;
	case DECIMAL_INFINITY: strbuf_adds(out, "Infinity"); return;
	case DECIMAL_MINUS_INFINITY: strbuf_adds(out, "-Infinity"); return;
	case DECIMAL_FINITE: break;
	}
	if (x->negative)
		strbuf_addc(out, '-');
	if (whole)
		strbuf_add(out, x->digits.buf, whole);
	else
		strbuf_addc(out, '0');
	if (!x->scale)
		return;
	strbuf_addc(out, '.');
	add_zeros(out, x->scale - (x->digits.len - whole));
	strbuf_add(out, x->digits.buf + whole, x->digits.len - whole);
}

static uint64_t remainder_of(const struct strbuf *digits, uint64_t width)
{
	unsigned __int128 r = 0;

	for (size_t i = 0; i < digits->len; i++)
		r = (r * 10 + (unsigned)(digits->buf[i] - '0')) % width;
	return (uint64_t)r;
}

/* digits += n or digits -= n (then digits >= n). */
static void add_number(struct strbuf *digits, uint64_t n, bool subtract)
{
	AUTO_STRBUF sum = STRBUF_INIT;
	int carry = 0;

	add_zeros(&sum, 21);
	strbuf_add(&sum, digits->buf, digits->len);
	for (size_t i = sum.len; i-- && (n || carry);) {
		int d = sum.buf[i] - '0';
		int m = (int)(n % 10) + carry;

		d = subtract ? d - m : d + m;
		carry = d < 0 || d > 9;
		sum.buf[i] = (char)('0' + (d + 10) % 10);
		n /= 10;
	}
	BUG_ON(carry);
	strip_zeros(&sum);
	strbuf_reset(digits);
	strbuf_add(digits, sum.buf, sum.len);
}

/* Drops the last n digits towards minus infinity. */
static void drop_digits(struct decimal *x, size_t n)
{
	size_t left = x->digits.len > n ? x->digits.len - n : 0;
	bool rest = false;

	for (size_t i = left; i < x->digits.len; i++)
		rest = rest || x->digits.buf[i] != '0';
	if (x->digits.buf)
		x->digits.buf[left] = '\0';
	x->digits.len = left;
	x->scale -= n;
	if (rest && x->negative)
		add_number(&x->digits, 1, false);
}

void decimal_extend(struct decimal *x, size_t scale)
{
	if (scale <= x->scale)
		return;
	if (x->digits.len)
		add_zeros(&x->digits, scale - x->scale);
	x->scale = scale;
}

void decimal_floor(struct decimal *x, uint64_t step, size_t scale)
{
	uint64_t r;

	BUG_ON(x->kind != DECIMAL_FINITE || !step);
	decimal_extend(x, scale);
	/* floor(x / w) = floor(floor(x at the scale of w) / w) */
	drop_digits(x, x->scale - scale);
	r = remainder_of(&x->digits, step);
	if (r)
		add_number(&x->digits, x->negative ? step - r : r, !x->negative);
	x->negative = x->negative && x->digits.len;
}

size_t decimal_scale_needed(const struct decimal *x)
{
	size_t n = x->scale, last = x->digits.len;

	if (!last)
		return 0;
	while (n && last && x->digits.buf[last - 1] == '0') {
		n--;
		last--;
	}
	return n;
}
